import type { Problem } from "./problem.ts";

/** A line, with the file and the line number where it stands. */
export interface Line {
  readonly file: string;
  readonly number: number;
  readonly text: string;
}

/** One request, as a line of an access log describes it. */
export interface Entry {
  /** The minute in which the request arrived, counted from 1970. */
  readonly minute: number;
  /** The path without its query and with `:n` for numbers, so that similar requests are counted together. */
  readonly path: string;
  readonly status: number;
  readonly ms: number;
}

// The combined format of Apache and nginx, with the response time in seconds at the end.
const FORMAT = /^\S+ \S+ \S+ \[([^\]]+)\] "\S+ ([^" ?]+)[^"]*" (\d{3}) (?:\d+|-) "[^"]*" "[^"]*" (\d+\.\d+)$/;

/** Parses one line. A line that cannot be parsed is returned as a problem, and throws nothing. */
export function parse(line: Line): Entry | Problem {
  const [, time, path, status, seconds] = FORMAT.exec(line.text) ?? [];
  const minute = minuteOf(time ?? "");
  if (path === undefined || Number.isNaN(minute)) {
    return {
      where: `${line.file}:${line.number}`,
      what: `not a line of an access log: ${JSON.stringify(line.text.slice(0, 60))}`,
    };
  }
  return { minute, path: path.replace(/\d+/g, ":n"), status: Number(status), ms: Number(seconds) * 1000 };
}

// Most lines have the same minute as the previous line, so the last result is kept.
let last = { text: "", minute: Number.NaN };

/** The minute of a time such as 12/May/2025:06:25:14 +0000. */
function minuteOf(time: string): number {
  const text = time.slice(0, 17);
  if (text !== last.text) {
    const readable = time.replace(/^(\d+)\/(\w+)\/(\d+):(\S+) (\S+)$/, "$1 $2 $3 $4 $5");
    last = { text, minute: Math.floor(Date.parse(readable) / 60_000) };
  }
  return last.minute;
}

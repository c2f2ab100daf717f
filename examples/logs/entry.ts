import type { Problem } from "./problem.ts";

/** A line of a file, by which it can be found again. */
export interface Line {
  readonly file: string;
  readonly number: number;
  readonly text: string;
}

/** What a line of an access log says of one request. */
export interface Entry {
  /** The minute in which it came, counted from 1970. */
  readonly minute: number;
  /** Without query, and with `:n` for numbers, so that like is counted with like. */
  readonly path: string;
  readonly status: number;
  readonly ms: number;
}

// The combined format of Apache and nginx, with the seconds it took at the end.
const FORMAT = /^\S+ \S+ \S+ \[([^\]]+)\] "\S+ ([^" ?]+)[^"]*" (\d{3}) (?:\d+|-) "[^"]*" "[^"]*" (\d+\.\d+)$/;

/** Reads one line; a broken one is a problem, not an exception. */
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

/** Of 12/May/2025:06:25:14 +0000. Looked up, because most lines have the minute of the one before. */
let known = { text: "", minute: Number.NaN };

function minuteOf(time: string): number {
  const text = time.slice(0, 17);
  if (text !== known.text) {
    const readable = time.replace(/^(\d+)\/(\w+)\/(\d+):(\S+) (\S+)$/, "$1 $2 $3 $4 $5");
    known = { text, minute: Math.floor(Date.parse(readable) / 60_000) };
  }
  return known.minute;
}

// The log analysis of examples/logs: its counts, the problems it reports, and how it ends.

import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { gzipSync } from "node:zlib";
import { collect, from, go } from "millrace";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Analysis, analyse } from "../../examples/logs/analyse.ts";
import { type LogFile, logFiles } from "../../examples/logs/files.ts";
import { isProblem } from "../../examples/logs/problem.ts";
import { sampleFolders } from "../../examples/logs/samples.ts";
import { PATIENCE } from "../support/patience.ts";
import { startProgram } from "../support/program.ts";

let home: string;

// The program writes its sample logs into the temporary folder. This test sets a folder of its own.
const { TMPDIR } = process.env;

beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), "millrace-logs-"));
  process.env.TMPDIR = home;
});

afterAll(() => {
  if (TMPDIR === undefined) delete process.env.TMPDIR;
  else process.env.TMPDIR = TMPDIR;
  rmSync(home, { recursive: true });
});

/** A line as nginx writes it: a path, a status, seconds, and the minute after six. */
function line(path: string, status: number, seconds: string, minute: number): string {
  const time = `12/May/2025:06:${String(minute).padStart(2, "0")}:14 +0000`;
  return `203.0.113.7 - - [${time}] "GET ${path} HTTP/1.1" ${status} 512 "-" "curl/8.5.0" ${seconds}\n`;
}

function folder(name: string, files: Record<string, string | Buffer>): string {
  const path = join(home, name);
  mkdirSync(path, { recursive: true });
  for (const [file, content] of Object.entries(files)) writeFileSync(join(path, file), content);
  return path;
}

interface Ending {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function run(...folders: string[]): Promise<Ending> {
  return new Promise((resolve) => {
    const args = ["--import", "tsx", "examples/logs/main.ts", ...folders];
    const child = execFile(process.execPath, args, { timeout: PATIENCE }, (_error, out, err) =>
      resolve({ code: child.exitCode, out, err }),
    );
  });
}

/** A terminal, or a file, that keeps what is written to it. */
function output(isTTY: boolean): NodeJS.WriteStream & { text(): string } {
  const chunks: string[] = [];
  const stream = new PassThrough().on("data", (chunk) => chunks.push(String(chunk)));
  return Object.assign(stream, { isTTY, columns: 80, text: () => chunks.join("") }) as unknown as NodeJS.WriteStream & {
    text(): string;
  };
}

async function analysed(
  folders: string[],
  to = output(false),
  signal = new AbortController().signal,
): Promise<Analysis> {
  const found = await collect(from(logFiles(folders)));
  return go(
    analyse,
    found.filter((file): file is LogFile => !isProblem(file)),
    to,
    signal,
  );
}

describe("npm run logs", () => {
  test("npm run logs counts requests by status, path and minute, in plain and in compressed files", async () => {
    const text = line("/a/1", 200, "0.100", 1) + line("/a/2?q=3", 200, "0.300", 1) + line("/b", 503, "2.000", 2);
    const { tally, complete } = await analysed([
      folder("plain", { "access.log": text, "notes.txt": "not a log" }),
      folder("packed", { "access.log.2.gz": gzipSync(text) }),
    ]);

    expect(complete).toBe(true);
    expect(tally.problems).toEqual([]);
    expect(tally.count).toBe(6);
    expect(Object.fromEntries(tally.classes)).toEqual({ 2: 4, 5: 2 });
    expect(tally.paths.get("/a/:n")).toEqual({ path: "/a/:n", count: 4, ms: 800, worst: 300 });
    expect([...tally.minutes.values()].sort()).toEqual([2, 4]);
  });

  test("npm run logs reports cut lines, cut files and missing files and folders, and goes on", async () => {
    const good = line("/a", 200, "0.100", 1);
    const path = folder("broken", {
      "access.log": `${good}${good.slice(0, 50)}\n${good}`,
      "access.log.1.gz": gzipSync(Buffer.from(good.repeat(50_000))).subarray(0, 900),
    });
    symlinkSync(join(path, "nowhere"), join(path, "gone.log"));
    const { code, out, err } = await run(path, join(home, "missing"));

    expect(code).toBe(0);
    expect(out).toMatch(/^2 files, /);
    expect(err).toMatch(/access\.log:2: not a line of an access log: "203\.0\.113\.7/);
    expect(err).toMatch(/access\.log\.1\.gz: unexpected end of file/);
    expect(err).toMatch(/gone\.log: ENOENT/);
    expect(err).toMatch(/missing: ENOENT/);
  });

  test("npm run logs without arguments generates a week of logs, and reads them", async () => {
    const { code, out, err } = await run();

    expect(code).toBe(0);
    expect(out).toMatch(/^14 files, [\d.]+ MB/);
    expect(out).toMatch(/2xx {2}success +[\d,]+ {2}[\d.]+ %/);
    expect(out).toMatch(/Slowest paths\n +requests +mean +worst\n {2}\/reports\/month\/:n /);
    expect(out).toMatch(/the busiest minute was 2025-05-1\d \d\d:\d\d, with \d+\n$/);
    expect(err).toMatch(/access\.log\.5\.gz: unexpected end of file/);
  });

  test("the generated logs are the same each time", async () => {
    const folders = sampleFolders(100);
    const first = await analysed(folders);
    rmSync(join(folders[0]!, ".."), { recursive: true });
    const second = await analysed(sampleFolders(100));

    expect(first.tally.count).toBeGreaterThan(1300);
    expect(second.tally.minutes).toEqual(first.tally.minutes);
    expect(second.tally.classes).toEqual(first.tally.classes);
  });

  test("npm run logs draws a progress bar on a terminal and removes it, and prints plain lines elsewhere", async () => {
    const path = folder("long", { "access.log": line("/a", 200, "0.100", 1).repeat(40_000) });
    const terminal = output(true);
    const file = output(false);
    await analysed([path], terminal);
    await analysed([path], file);

    expect(terminal.text()).toContain("█");
    expect(terminal.text()).toContain("100 % of 3.8 MB");
    expect(terminal.text().endsWith("\u001b[2K")).toBe(true);
    expect(file.text()).not.toContain("\u001b");
    expect(file.text()).toMatch(/^(read [\d.]+ MB of [\d.]+ MB\n)*$/);
  });

  test("an aborted signal ends the analysis with the counts so far", async () => {
    const path = folder("endless", { "access.log": line("/a", 200, "0.100", 1).repeat(40_000) });
    const interrupted = new AbortController();
    setTimeout(() => interrupted.abort(), 20);
    const { tally, complete } = await analysed([path], output(false), interrupted.signal);

    expect(complete).toBe(false);
    expect(tally.count).toBeLessThan(40_000);
  });

  test("Ctrl-C ends npm run logs cleanly, with a report of the counts so far", async () => {
    // So much that the signal comes before the end: one file by many names.
    const path = folder("much", { "access.log": line("/a", 200, "0.100", 1).repeat(40_000) });
    for (let n = 1; n <= 1000; n++) symlinkSync(join(path, "access.log"), join(path, `access.log.${n}`));
    const program = await startProgram("examples/logs/main.ts", path);
    let out = program.line;
    program.process.stdout!.on("data", (chunk) => (out += chunk));
    const code = await program.stop("SIGINT");

    expect(out).toContain("Interrupted. The counts so far:");
    expect(code).toBe(130);
  });
});

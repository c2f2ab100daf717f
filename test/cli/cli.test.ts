// The command, as a shell runs it.

import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));
let folder = "";

// Inside the project, so that `millrace` is found.
beforeAll(() => {
  folder = mkdtempSync(join(root, "build", "cli-"));
  const right = `import { channel, go } from "millrace";
export function* sum() {
  const numbers = channel();
  go(function* () { yield* numbers.send(20); yield* numbers.send(22); });
  return (yield* numbers.receive()) + (yield* numbers.receive());
}
export const notAProgram = 5;
`;
  const wrong = `import { channel } from "millrace";
export function* stuck() { yield* channel(0, { name: "silent" }).receive(); }
export async function* fine() { return "fine"; }
`;
  writeFileSync(join(folder, "right.mjs"), right);
  const typed = right
    .replace("function* sum()", "function* sum(): Generator<never, number, never>")
    .replace("channel()", "channel<number>(1)");
  writeFileSync(join(folder, "typed.ts"), typed);
  // A folder with a package.json of its own finds millrace as an installed package.
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(root, join(folder, "node_modules", "millrace"), "junction");
  for (const [name, manifest] of Object.entries({ untyped: "{}", common: '{ "type": "commonjs" }' })) {
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, name, "package.json"), manifest);
    for (const extension of ["ts", "cts"]) writeFileSync(join(folder, name, `typed.${extension}`), typed);
    for (const extension of ["js", "cjs"]) writeFileSync(join(folder, name, `plain.${extension}`), right);
  }
  writeFileSync(join(folder, "wrong.mjs"), wrong);
  writeFileSync(join(folder, "none.mjs"), "export const nothing = 1;\n");
  writeFileSync(
    join(folder, "large.mjs"),
    `import { channel, go } from "millrace";
export function* count() { const c = channel(); go(function* () { for (let n = 0; ; n++) yield* c.send(n); }); for (;;) yield* c.receive(); }
`,
  );
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function millrace(...args: string[]): Promise<{ code: number; out: string }> {
  return new Promise((done) => {
    execFile(process.execPath, [join(root, "dist", "cli.js"), ...args], { cwd: folder }, (error, out, err) => {
      done({ code: error === null ? 0 : Number(error.code), out: out + err });
    });
  });
}

test("millrace verify keeps its exit code if the reader of its output stops reading", async () => {
  const child = spawn(process.execPath, [join(root, "dist", "cli.js"), "verify", "wrong.mjs"], { cwd: folder });
  child.stdout.destroy();
  let errors = "";
  child.stderr.on("data", (text) => {
    errors += text;
  });
  const [code] = await once(child, "close");
  expect([code, errors]).toEqual([1, ""]);
});

test("millrace verify proves the programs that a file exports", async () => {
  expect(await millrace("verify", "right.mjs")).toEqual({
    code: 0,
    out: expect.stringMatching(/^✓ sum: proved, \d+ states, [\d.]+ ms\n$/),
  });
});

test("millrace verify proves a program in a TypeScript file, by the same copy of millrace", async () => {
  expect(await millrace("verify", "typed.ts")).toEqual({
    code: 0,
    out: expect.stringMatching(/^✓ sum: proved, \d+ states, [\d.]+ ms\n$/),
  });
});

// Whether Node can load such a file depends on its version.
test.each(
  ["untyped", "common"].flatMap((folder) =>
    ["typed.ts", "typed.cts", "plain.js", "plain.cjs"].map((file) => [folder, file] as const),
  ),
)("millrace verify takes a file of a CommonJS package (%s/%s), or says what to do", async (package_, file) => {
  const { code, out } = await millrace("verify", join(package_, file));
  if (code === 0) expect(out).toMatch(/^✓ sum: proved, \d+ states/);
  else
    expect([code, out]).toEqual([2, expect.stringContaining('set "type": "module" in the package.json of the file')]);
});

test("millrace verify names a package that a file cannot import", async () => {
  writeFileSync(join(folder, "needs.mjs"), 'import "not-installed"; export function* fine() {}');
  const { code, out } = await millrace("verify", "needs.mjs");
  expect([code, out]).toEqual([1, expect.stringContaining("Cannot find package 'not-installed'")]);
});

test("an error in the file is no matter of CommonJS: millrace verify prints it", async () => {
  writeFileSync(join(folder, "common", "throws.cjs"), 'throw new SyntaxError("of the user");');
  const { code, out } = await millrace("verify", join("common", "throws.cjs"));
  expect([code, out]).toEqual([1, expect.stringContaining("SyntaxError: of the user")]);
});

test("millrace verify reports a failure, ends with code 1, and verifies the other programs too", async () => {
  const { code, out } = await millrace("verify", "wrong.mjs");
  expect(code).toBe(1);
  expect(out).toContain("✗ stuck: deadlock, shortest schedule has 0 events");
  expect(out).toContain("receive from silent");
  expect(out).toContain("✓ fine: proved");
});

test("millrace verify takes the name of one program, and prints verdicts as JSON", async () => {
  const { code, out } = await millrace("verify", "wrong.mjs", "--name", "fine", "--json");
  expect([code, JSON.parse(out)]).toEqual([
    0,
    expect.objectContaining({ name: "fine", status: "proved", outcomes: ["fine"] }),
  ]);
});

test("millrace verify ends with code 2 if a limit is reached", async () => {
  const { code, out } = await millrace("verify", "large.mjs", "--max-states", "300", "--engine", "model");
  expect([code, out]).toEqual([2, expect.stringContaining("? count: bounded, it reached maxStates, 300 states")]);
});

test.each([
  [["prove", "right.mjs"], "the only command is verify"],
  [["verify"], "name the file that exports the programs"],
  [["verify", "missing.mjs"], "the file does not exist"],
  [["verify", "none.mjs"], "it exports no generator function"],
  [["verify", "right.mjs", "--name", "product"], "exports no generator function of that name"],
  [["verify", "right.mjs", "--max-ms", "soon"], "a limit must be a number above 0, got soon"],
  [["verify", "right.mjs", "--engine", "fast"], "engine must be one of model, runs"],
  [["verify", "right.mjs", "--fast"], "--fast"],
])("millrace %j ends with code 2, and prints what is wrong and how it is used", async (args, message) => {
  const { code, out } = await millrace(...args);
  expect(code).toBe(2);
  expect(out).toContain(message);
  expect(out).toContain("Usage: millrace verify <file>");
});

test("millrace without arguments, or with --help, prints how it is used", async () => {
  for (const args of [[], ["--help"]])
    expect(await millrace(...args)).toMatchObject({ code: 0, out: expect.stringContaining("Usage:") });
});

test("millrace verify --mermaid draws the schedule of a failure after its report", async () => {
  const { code, out } = await millrace("verify", "wrong.mjs", "--mermaid");
  expect(code).toBe(1);
  expect(out).toContain(`sequenceDiagram
    participant t0 as stuck
    Note over t0: blocked#58; receive from silent
`);
});

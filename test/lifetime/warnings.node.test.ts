// Warnings in development: each claim runs a small script of its own against the built package.

import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { PATIENCE } from "../support/patience.js";

const dist = new URL("../../dist/", import.meta.url).href;

let folder: string;
let scripts = 0;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "millrace-warnings-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a script with everything of millrace in `m`, whose code begins on line 2, and returns the warnings that it prints. */
async function warnings(source: string, environment: Readonly<Record<string, string>>): Promise<string[]> {
  const file = join(folder, `script-${scripts++}.mjs`);
  writeFileSync(file, `import * as m from "${dist}index-node.js";\n${source}`);
  const options = { timeout: PATIENCE, env: { ...process.env, NODE_ENV: "", ...environment } };
  const err = await new Promise<string>((resolve) => {
    execFile(process.execPath, [file], options, (_error, _out, err) => resolve(err));
  });
  const found = [...err.matchAll(/MillraceWarning: (.*)/g)].map((match) => match[1]!);
  return found.map((line) => line.replaceAll(`${folder}/`, "").replace(/script-\d+/, "script"));
}

const development = { NODE_ENV: "development" };

const silent = `m.sleep(5);
const ones = m.channel(1, { name: "ones" });
function* worker() {
  ones.send(1);
  yield* m.sleep(1);
  new m.Mutex().lock();
}
await m.go(worker);
await m.go(worker);
m.select({ ones });
`;

describe.concurrent("an operation that is never performed (EN-6)", () => {
  test("is a warning with its line, once, if NODE_ENV is development (EN-6)", async () => {
    const found = await warnings(silent, development);
    expect(
      found.map((line) => line.replace(/^Operation was never performed: (.*); write yield.*$/, "$1")).sort(),
    ).toEqual([
      "lock mutex, made at script.mjs:7:17",
      "receive from ones, made at script.mjs:11:3",
      "send to ones, made at script.mjs:5:8",
      "sleep of 5 ms, made at script.mjs:2:3",
    ]);
  });

  test("is no warning otherwise (EN-6)", async () => {
    expect(await warnings(silent, { NODE_ENV: "production" })).toEqual([]);
    expect(await warnings(silent, {})).toEqual([]);
  });

  test("is a warning anywhere while warnUnperformed() is in force (EN-6)", async () => {
    const source = `import { warnUnperformed } from "${dist}testing.js";
    m.sleep(1);
    const warning = warnUnperformed();
    m.sleep(2);
    await null;
    warning[Symbol.dispose]();
    m.sleep(3);
    (await import("node:v8")).setFlagsFromString("--expose-gc");
    (await import("node:vm")).runInNewContext("gc")();
    await new Promise((resolve) => setTimeout(resolve, 50));
    `;
    expect(await warnings(source, {})).toEqual([expect.stringContaining("sleep of 2 ms, made at script.mjs:5:7")]);
  });

  test("is no warning if it is kept, used later, excluded, or if its task was cancelled or has failed (EN-6)", async () => {
    const source = `export const kept = m.sleep(1);
    const late = m.sleep(2);
    await m.sleep(3);
    await late;
    await m.select({ a: m.when(false, m.sleep(4)), b: m.always(1) });
    const work = function* (fails) {
      const op = m.sleep(5);
      yield* m.sleep(10);
      if (fails) throw new Error("failed");
      yield* op;
    };
    const task = m.go(work, false);
    await m.sleep(1);
    task.cancel();
    await m.go(work, true).catch(() => {});
    const source = m.channel(2);
    await source.send(1);
    source.close();
    await m.collect(m.stream(source).map((n) => n).channel());
    m.merge([source]);
    `;
    expect(await warnings(source, development)).toEqual([]);
  });
});

test("a cancelled task whose code goes back is a warning, once (GO-4)", async () => {
  const source = `const work = function* () { try { yield* m.sleep(1); } finally { yield* m.sleep(1); } };
  const looping = m.go(function* looping() { for (;;) yield* work(); });
  const plain = m.go(function* plain() { yield* work(); });
  await m.sleep(0);
  await m.pause();
  looping.cancel();
  plain.cancel();
  await m.sleep(20);
  `;
  const found = await warnings(source, development);
  expect(found).toEqual([expect.stringMatching(/^Task looping#0 was cancelled, and its code went back/)]);
});

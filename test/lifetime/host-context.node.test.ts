// What an AsyncLocalStorage holds where a task is started is there in all of the task (GO-11). Each claim runs in a process: in this
// version of Node, in the others that are supported, which npx fetches, and in Bun. test/support/contexts.mjs has the places.

import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { beforeAll, describe, expect, test } from "vitest";
import { engines, pathOf } from "../support/engines.ts";
import { PATIENCE } from "../support/patience.js";

const root = fileURLToPath(new URL("../../", import.meta.url));
const dist = (file: string): string => new URL(`../../dist/${file}.js`, import.meta.url).href;

/** Runs a script, and returns the JSON that it prints. */
async function output(engine: string, script: string, ...args: string[]): Promise<unknown> {
  const file = fileURLToPath(new URL(`../support/${script}`, import.meta.url));
  const { stdout } = await promisify(execFile)(await pathOf(engine), [file, ...args], {
    cwd: root,
    timeout: PATIENCE,
  });
  return JSON.parse(stdout);
}

type Seen = Readonly<Record<string, readonly string[]>>;

const contexts = (engine: string, firstUse: string): Promise<Seen> =>
  output(engine, "contexts.mjs", dist("index-node"), dist("testing"), dist("transducers"), firstUse) as Promise<Seen>;

/** The places at which another store was seen than the one that was expected. */
const wrong = (seen: Seen): [string, readonly string[]][] =>
  Object.entries(seen).filter(([, lines]) => lines.some((line) => line.split(": ")[0] !== line.split(": ")[1]));

/** How a storage is first used: before the package is loaded, by `run`, or by `enterWith` in a block. Two engines of each kind. */
const uses: readonly (readonly [use: string, engines: readonly string[]])[] = [
  ["run", Object.keys(engines)],
  ["enterWith", ["this version of Node", "Node 26", "Bun"]],
  // Bun does not show what a storage holds that was used before.
  ["before", ["this version of Node", "Node 26"]],
];

describe.each(Object.keys(engines))("GO-11: in %s", (engine) => {
  let runs: Readonly<Record<string, Seen>>;

  beforeAll(async () => {
    const here = uses.filter(([, where]) => where.includes(engine));
    runs = Object.fromEntries(
      await Promise.all(here.map(async ([use]) => [use, await contexts(engine, use)] as const)),
    );
  });

  test("every place has the store of the request that it belongs to, however a storage is first used", () => {
    for (const [use, seen] of Object.entries(runs)) {
      expect([use, wrong(seen)]).toEqual([use, []]);
      expect(Object.keys(seen)).toHaveLength(123);
    }
  });

  test.each([
    "function*, after the first step",
    "async function*, after the first step",
    "function*, after sleep",
    "async function*, after sleep",
    "async function*, after an await of sleep",
    "function*, after settled(promise)",
    "function*, after a receive from a task of another request",
    "async function*, after a long wait",
    "the stage of a pipeline",
    "the body of a scope",
    "a child of a scope",
    "plain code, after an await of a join",
    "the map of a plain await",
    "the finally of a cancelled block",
  ])("three requests at once each have their store: %s", (place) => {
    expect(runs.run![place]!.toSorted()).toEqual(["A: A", "B: B", "C: C"]);
  });

  test("a worker that serves all requests has the store of the code that started it", () => {
    expect(runs.run!["a worker that serves all requests"]).toEqual(["server: server"]);
    expect(runs.run!["a block that was started outside any request"]).toEqual(["undefined: undefined"]);
  });
});

describe("GO-11: OpenTelemetry", () => {
  const expected = Object.fromEntries(
    ["A", "B", "C"].flatMap((id) => [
      [`request ${id}`, null],
      ...["first", "later", "child", "inner", "after inner", "async", "async later"].map((name) => [
        `${name} ${id}`,
        `request ${id}`,
      ]),
      [`in inner ${id}`, `inner ${id}`],
    ]),
  );

  test.each(["AsyncLocalStorageContextManager", "AsyncHooksContextManager"])(
    "the parents of spans are right with %s",
    async (manager) => {
      expect(await output("this version of Node", "spans.mjs", dist("index-node"), manager)).toEqual(expected);
    },
  );

  test("the parents of spans are right in a Node whose contexts are frames", async () => {
    expect(await output("Node 26", "spans.mjs", dist("index-node"), "AsyncLocalStorageContextManager")).toEqual(
      expected,
    );
  });
});

describe("GO-11: the methods of AsyncLocalStorage", () => {
  const script = async (source: string, ...flags: string[]): Promise<unknown> => {
    const setup = `import * as hooks from "node:async_hooks"; const { AsyncLocalStorage } = hooks;`;
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [...flags, "--input-type=module", "-e", `${setup}\n${source}`],
      { timeout: PATIENCE },
    );
    return JSON.parse(stdout);
  };
  const load = `const m = await import(${JSON.stringify(dist("index-node"))});`;

  test("are those of the host again after the first use", async () => {
    expect(
      await script(`
        const before = { ...Object.getOwnPropertyDescriptors(AsyncLocalStorage.prototype) };
        ${load}
        const storage = new AsyncLocalStorage();
        storage.run(1, () => {});
        storage.enterWith(2);
        const after = Object.getOwnPropertyDescriptors(AsyncLocalStorage.prototype);
        console.log(JSON.stringify(Object.keys(before).filter((name) => before[name].value !== after[name].value)));
      `),
    ).toEqual([]);
  });

  test("may be replaced by another tool meanwhile, which stays", async () => {
    expect(
      await script(`
        ${load}
        const { run } = AsyncLocalStorage.prototype;
        let calls = 0;
        AsyncLocalStorage.prototype.run = function (...args) { calls++; return run.apply(this, args); };
        const storage = new AsyncLocalStorage();
        for (const id of [1, 2]) storage.run(id, () => m.go(function* () { calls += storage.getStore() * 10; }));
        await m.sleep(1);
        console.log(calls);
      `),
    ).toBe(32);
  });

  test("may be frozen: contexts are followed from the start then", async () => {
    expect(
      await script(`
        Object.freeze(AsyncLocalStorage.prototype);
        ${load}
        const storage = new AsyncLocalStorage();
        const seen = [];
        for (const id of [1, 2]) storage.run(id, () => m.go(function* () { yield* m.sleep(1); seen.push(storage.getStore()); }));
        await m.sleep(5);
        console.log(JSON.stringify(seen));
      `),
    ).toEqual([1, 2]);
  });

  test("return what they return, and throw what they throw", async () => {
    expect(
      await script(`
        ${load}
        const storage = new AsyncLocalStorage();
        let thrown;
        try { storage.run(1, () => { throw 7; }); } catch (error) { thrown = error; }
        console.log(JSON.stringify([thrown, storage.run(1, (a, b) => a + b, 2, 3), storage.getStore() ?? null]));
      `),
    ).toEqual([7, 5, null]);
  });
});

test("GO-11: a task that has ended keeps no context", async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [
    "--expose-gc",
    "--input-type=module",
    "-e",
    `import { AsyncLocalStorage } from "node:async_hooks";
     const m = await import(${JSON.stringify(dist("index-node"))});
     const storage = new AsyncLocalStorage();
     const kept = [];
     const refs = [];
     const start = (form) => {
       const store = {};
       refs.push(new WeakRef(store));
       kept.push(storage.run(store, () => m.go(form)));
     };
     start(function* () { yield* m.sleep(1); });
     start(async function* () { yield* m.sleep(1); });
     // It sleeps for more than a turn of the host, so its task gets the operation.
     start(async function* () { yield* m.sleep(20); });
     await Promise.all(kept);
     const isKept = () => refs.some((ref) => ref.deref() !== undefined);
     for (let n = 0; n < 200 && isKept(); n++) { await new Promise((resolve) => setTimeout(resolve, 5)); gc(); }
     console.log(kept.length, refs.map((ref) => ref.deref() === undefined).join());`,
  ]);
  expect(stdout.trim()).toBe("3 true,true,true");
});

// Hosts that lack something, or whose functions throw: each in a process of its own.

import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { PATIENCE } from "../support/patience.js";

const dist = new URL("../../dist/index-whole.js", import.meta.url).href;

const hosts: readonly (readonly [lacks: string, setup: string, flags?: readonly string[]])[] = [
  ["nothing", ""],
  ["setImmediate", "delete globalThis.setImmediate;"],
  ["a setImmediate that does not throw", 'globalThis.setImmediate = () => { throw new Error("not supported"); };'],
  ["setImmediate and MessageChannel", "delete globalThis.setImmediate; delete globalThis.MessageChannel;"],
  ["performance", "delete globalThis.performance;"],
  ["WeakRef and FinalizationRegistry", "delete globalThis.WeakRef; delete globalThis.FinalizationRegistry;"],
  ["intrinsics that can be changed", "", ["--frozen-intrinsics", "--no-warnings"]],
  ["stacks", "", ["--stack-trace-limit=0"]],
  ["stacks that are strings", "Error.prepareStackTrace = (_, frames) => frames;"],
  ["stacks that can be read", 'Error.prepareStackTrace = () => { throw new Error("not here"); };'],
  ["process", "delete globalThis.process;"],
  ["AbortSignal.timeout and queueMicrotask", "delete AbortSignal.timeout; delete globalThis.queueMicrotask;"],
];

/** Hands over values, sleeps, selects, computes for longer than a slice of time, and awaits in plain code. */
const program = `
  const m = await import(${JSON.stringify(dist)});
  const numbers = m.channel();
  let ticks = 0;
  const timer = setInterval(() => ticks++, 1);
  m.go(function* () {
    for (let n = 0; n < 50_000; n++) yield* numbers.send(n);
    numbers.close();
  });
  const sum = await m.go(function* () {
    let sum = 0;
    for (let n; (n = yield* numbers.receive()) !== m.CLOSED; ) sum += n;
    return sum;
  });
  const { key } = await m.select({ silent: m.channel(), late: m.sleep(5) });
  clearInterval(timer);
  console.log(sum, key, ticks > 0, await m.run(function* () { yield* m.sleep(1); return "done"; }));
`;

function inNode(source: string, flags: readonly string[] = []): string {
  const all = [...flags, "--input-type=module", "-e", source];
  return execFileSync(process.execPath, all, { encoding: "utf8", timeout: PATIENCE }).trim();
}

const table = hosts.map(([lacks, setup, flags = []]) => [lacks, setup, flags] as const);

test.each(table)("go blocks, timers and run() work on a host that lacks %s", (_, setup, flags) => {
  expect(inNode(setup + program, flags)).toBe("1249975000 late true done");
});

test("a host that lacks FinalizationRegistry cannot track leaks, and says so", () => {
  const testing = JSON.stringify(new URL("../../dist/testing.js", import.meta.url).href);
  const source = `delete globalThis.FinalizationRegistry;
    const { trackLeaks } = await import(${testing});
    try { trackLeaks(); } catch (error) { console.log(error.message); }`;
  expect(inNode(source)).toBe("Cannot track leaks: the host must have FinalizationRegistry, got undefined");
});

test("a host that lacks Symbol.asyncIterator cannot load the package, and says so", () => {
  const source = `
    import { createContext, SourceTextModule, SyntheticModule } from "node:vm";
    import { readFileSync } from "node:fs";
    import * as tslib from ${JSON.stringify(new URL(import.meta.resolve("tslib")).href)};
    const context = createContext({});
    new (await import("node:vm")).Script(
      'const Old = function (name) { return Old.of(name); }; Old.of = Symbol;' +
      'for (const key of Object.getOwnPropertyNames(Symbol)) if (key !== "asyncIterator" && key !== "prototype" && key !== "length" && key !== "name") Object.defineProperty(Old, key, Object.getOwnPropertyDescriptor(Symbol, key));' +
      'globalThis.Symbol = Old;').runInContext(context);
    const modules = new Map();
    const load = (url) => {
      if (!modules.has(url)) modules.set(url, new SourceTextModule(readFileSync(new URL(url), "utf8"), { context, identifier: url }));
      return modules.get(url);
    };
    const helpers = new SyntheticModule(Object.keys(tslib), function () { for (const key in tslib) this.setExport(key, tslib[key]); }, { context });
    const main = load(${JSON.stringify(dist)});
    await main.link((name, from) => (name === "tslib" ? helpers : load(new URL(name, from.identifier).href)));
    try { await main.evaluate(); console.log("loaded"); } catch (error) { console.log(error.message); }`;
  expect(inNode(source, ["--experimental-vm-modules", "--no-warnings"])).toBe(
    "Cannot load millrace: the host must have Symbol.asyncIterator (ES2018), got undefined; define it before millrace is loaded",
  );
});

/** An audio worklet has neither timers nor message channels nor \`performance\`; its clock is \`currentTime\`, in seconds. */
const worklet = `
  const { setTimeout: keep, setImmediate: turn } = globalThis;
  for (const name of ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "setImmediate", "MessageChannel", "performance"])
    delete globalThis[name];
  const m = await import(${JSON.stringify(dist)});
  const { replaceHost } = await import(${JSON.stringify(new URL("../../dist/host.js", import.meta.url).href)});
`;

test("channels work in an audio worklet, and sleep() says that there are no timers", () => {
  const source = `${worklet}
    const numbers = m.channel();
    m.go(function* () { for (let n = 0; n < 10_000; n++) yield* numbers.send(n); numbers.close(); });
    let sum = 0;
    for await (const n of numbers) sum += n;
    const messages = [];
    await m.sleep(5).then(() => {}, (error) => messages.push(error.message));
    await m.go(function* () { yield* m.sleep(5); }).then(() => {}, (error) => messages.push(error.message));
    await m.select({ numbers: m.channel(), late: m.sleep(5) }).then(() => {}, (error) => messages.push(error.message));
    const after = await m.go(function* () { return yield* m.always("goes on"); });
    console.log(sum, new Set(messages).size, messages.length, after, messages[0]);`;
  expect(inNode(source)).toBe(
    "49995000 1 3 goes on Cannot set timer: the host must have setTimeout, got undefined; " +
      'give millrace a timer with replaceHost({ setTimer, clearTimer, now }) of "millrace/host"',
  );
});

test("the recipe of the docs gives an audio worklet timers", () => {
  const source = `${worklet}
    let currentTime = 0;
    const timers = new Set();
    replaceHost({
      now: () => currentTime * 1000,
      setTimer(job, ms) {
        const timer = { job, due: currentTime + ms / 1000 };
        timers.add(timer);
        return timer;
      },
      clearTimer: (timer) => void timers.delete(timer),
    });
    const process = () => {
      for (const timer of [...timers]) {
        if (timer.due <= currentTime && timers.delete(timer)) timer.job();
      }
    };
    const log = [];
    m.go(function* () { for (let n = 0; n < 3; n++) { yield* m.sleep(10); log.push(n); } });
    m.select({ silent: m.channel(), late: m.sleep(15) }).then(({ key }) => log.push(key));
    for (let frames = 0; frames < 20; frames++) {
      await new Promise((resolve) => turn(resolve));
      currentTime += 128 / 44_100;
      process();
    }
    console.log(log.join(), timers.size);`;
  expect(inNode(source)).toBe("0,late,1,2 0");
});

// Tools that fake timers: they drive `sleep`, and nothing hangs once the real timers are back. A tool is installed before or
// after the package is loaded, in a process of its own, which then goes through all scenarios.

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test, vi } from "vitest";
import { go, sleep } from "../../src/index.js";
import { PATIENCE } from "../support/patience.js";

const dist = new URL("../../dist/index-whole.js", import.meta.url).href;
const fakeTimers = new URL(import.meta.resolve("@sinonjs/fake-timers")).href;

/** Each tool: `install` fakes the timers, `tick` advances them, `clear` drops what is pending, `restore` puts them back. */
const tools: Readonly<Record<string, string>> = {
  "@sinonjs/fake-timers, as in Vitest and Jest": `
    import * as FakeTimers from ${JSON.stringify(fakeTimers)};
    let clock;
    const tool = {
      install: () => (clock = FakeTimers.install({ toNotFake: ["nextTick", "queueMicrotask"] })),
      tick: (ms) => clock.tickAsync(ms), tickNow: (ms) => clock.tick(ms), clear: () => clock.reset(), restore: () => clock.uninstall(),
    };`,
  "@sinonjs/fake-timers for setTimeout alone": `
    import * as FakeTimers from ${JSON.stringify(fakeTimers)};
    let clock;
    const tool = {
      install: () => (clock = FakeTimers.install({ toFake: ["setTimeout", "clearTimeout"] })),
      tick: (ms) => clock.tickAsync(ms), tickNow: (ms) => clock.tick(ms), clear: () => clock.reset(), restore: () => clock.uninstall(),
    };`,
  "node:test, setTimeout and setImmediate": `
    import { mock } from "node:test";
    const { setTimeout: realTimeout, setImmediate: realImmediate } = globalThis;
    const tool = {
      install: () => mock.timers.enable({ apis: ["setTimeout", "setImmediate"] }),
      tick: async (ms) => {
        // On a busy machine two timers may fire without a turn of immediates between them.
        for (let n = 0; n < 10; n++) {
          mock.timers.tick(ms / 10);
          await new Promise((resolve) => realTimeout(() => realImmediate(resolve)));
        }
      },
      tickNow: (ms) => mock.timers.tick(ms), restore: () => mock.timers.reset(),
    };`,
  "node:test, setTimeout and Date": `
    import { mock } from "node:test";
    const { setTimeout: realTimeout, setImmediate: realImmediate } = globalThis;
    const tool = {
      install: () => mock.timers.enable({ apis: ["setTimeout", "Date"] }),
      tick: async (ms) => {
        // On a busy machine two timers may fire without a turn of immediates between them.
        for (let n = 0; n < 10; n++) {
          mock.timers.tick(ms / 10);
          await new Promise((resolve) => realTimeout(() => realImmediate(resolve)));
        }
      },
      tickNow: (ms) => mock.timers.tick(ms), restore: () => mock.timers.reset(),
    };`,
};

/** What each scenario must print; each starts where the one before has left off. */
const scenarios = `
  const SLOW = 60_000;
  const realNow = performance.now.bind(performance);
  const within = (promise) => Promise.race([
    promise.then(() => "fires"),
    new Promise((resolve) => realSetTimeout(resolve, SLOW, "hangs")),
  ]);
  const scenarios = {
    async "fakes drive sleep, in steps and in order"() {
      // Some tools leave the clock real. On a busy machine so much time may pass that it is not the fakes that count: once more.
      for (let attempt = 1; ; attempt++) {
        const began = realNow();
        tool.install();
        const log = [];
        const tasks = [1000, 2000, 3000].map((ms) => m.go(function* () { yield* m.sleep(ms); log.push(ms); }));
        m.go(async function* () { yield* m.sleep(1500); log.push(1500); });
        m.sleep(2500).then(() => log.push(2500));
        await tool.tick(900);
        const early = log.length;
        await tool.tick(2200);
        const took = realNow() - began;
        const result = await within(Promise.all(tasks));
        tool.restore();
        if (took > 90 && attempt < 100) continue;
        return result === "fires" && early === 0 ? "fires " + log : result + " " + early + " " + log;
      }
    },
    async "fakes drive sleep without a pause before the tick"() {
      tool.install();
      const slept = m.sleep(1000).then(() => {});
      tool.tickNow(1000);
      const result = await within(slept);
      tool.restore();
      return result;
    },
    async "a sleep after fakes that left one pending"() {
      tool.install();
      m.sleep(100_000).then(() => {});
      tool.restore();
      return within(m.sleep(5));
    },
    async "a sleep after fakes that left a block pending"() {
      tool.install();
      m.go(function* () { yield* m.sleep(100_000); });
      m.go(async function* () { yield* m.sleep(100_000); });
      await null;
      tool.restore();
      return within(m.go(function* () { yield* m.sleep(5); }));
    },
    async "a sleep that began before the fakes"() {
      const before = m.sleep(30);
      const slept = before.then(() => {});
      tool.install();
      await null;
      tool.restore();
      return within(slept);
    },
    async "sleeps on both sides of the fakes"() {
      const before = m.go(function* () { yield* m.sleep(40); });
      await null;
      tool.install();
      const during = m.go(function* () { yield* m.sleep(1000); });
      await tool.tick(1200);
      const first = await within(during);
      m.sleep(100_000).then(() => {});
      tool.restore();
      return [first, await within(before), await within(m.sleep(5))].join();
    },
    async "a sleep that began with fakes, with no other after them"() {
      tool.install();
      const slept = m.sleep(20).then(() => {});
      await null;
      tool.restore();
      return within(slept);
    },
    async "a sleep after the fakes have dropped their timers"() {
      tool.install();
      m.sleep(1000).then(() => {});
      (tool.clear ?? (() => {}))();
      const slept = m.sleep(2000).then(() => {});
      await tool.tick(2100);
      const result = await within(slept);
      tool.restore();
      return [result, await within(m.sleep(5))].join();
    },
    async "fakes that are installed again"() {
      tool.install();
      m.sleep(1000).then(() => {});
      tool.restore();
      tool.install();
      const slept = m.sleep(2000).then(() => {});
      await tool.tick(2100);
      const result = await within(slept);
      tool.restore();
      return [result, await within(m.sleep(5))].join();
    },
    async "a busy program with fakes that do not move"() {
      tool.install();
      const sums = [];
      for (const form of ["sync", "async"]) {
        const numbers = m.channel();
        const send = form === "sync"
          ? function* () { for (let n = 0; n < 30_000; n++) yield* numbers.send(n); numbers.close(); }
          : async function* () { for (let n = 0; n < 30_000; n++) yield* numbers.send(n); numbers.close(); };
        m.go(send);
        let count = 0;
        while ((await numbers.receive()) !== m.CLOSED) count++;
        sums.push(count);
      }
      tool.restore();
      return sums.join();
    },
    async "a deadlock is reported with fakes that do not move"() {
      tool.install();
      const result = await m.run(function* () { yield* m.never(); }).then(() => "over", (error) => error.name);
      tool.restore();
      return result;
    },
  };
  const results = {};
  for (const [name, scenario] of Object.entries(scenarios)) results[name] = await scenario();
  console.log(JSON.stringify(results));
  process.exit();
`;

const expected = {
  "fakes drive sleep, in steps and in order": "fires 1000,1500,2000,2500,3000",
  "fakes drive sleep without a pause before the tick": "fires",
  "a sleep after fakes that left one pending": "fires",
  "a sleep after fakes that left a block pending": "fires",
  "a sleep that began before the fakes": "fires",
  "sleeps on both sides of the fakes": "fires,fires,fires",
  "a sleep that began with fakes, with no other after them": "fires",
  "a sleep after the fakes have dropped their timers": "fires,fires",
  "fakes that are installed again": "fires,fires",
  "a busy program with fakes that do not move": "30000,30000",
  "a deadlock is reported with fakes that do not move": "DeadlockError",
};

const table = Object.keys(tools).flatMap((tool) => [[tool, "after"] as const, [tool, "before"] as const]);

test.each(table)(
  "%s, installed first %s millrace is loaded: the fakes drive sleep, and nothing hangs (TM-6)",
  async (tool, when) => {
    const load = `const m = await import(${JSON.stringify(dist)});`;
    const program = `${tools[tool]}
    const { setTimeout: realSetTimeout } = globalThis;
    ${when === "before" ? `tool.install(); ${load} tool.restore();` : load}
    ${scenarios}`;
    const node = promisify(execFile)(process.execPath, ["--no-warnings", "--input-type=module", "-e", program], {
      timeout: PATIENCE,
    });
    const { stdout } = await node;
    expect(JSON.parse(stdout)).toEqual(expected);
  },
);

test("Vitest's fake timers drive sleep, and later sleeps fire in real time (TM-6)", async () => {
  vi.useFakeTimers();
  const log: number[] = [];
  const task = go(function* () {
    for (let n = 0; n < 3; n++) {
      yield* sleep(1000);
      log.push(n);
    }
  });
  await vi.advanceTimersByTimeAsync(2000);
  expect(log).toEqual([0, 1]);
  vi.clearAllTimers();
  sleep(500).then(() => log.push(3));
  await vi.advanceTimersByTimeAsync(500);
  expect(log).toEqual([0, 1, 3]);
  vi.useRealTimers();
  await sleep(5);
  task.cancel();
});

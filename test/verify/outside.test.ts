// What happens outside of a program cannot be explored: the verdict is `escaped`, whatever stands next to it in the program. The time
// and random numbers are those of the exploration.

import {
  type AsyncRoutine,
  type Channel,
  channel,
  go,
  type Routine,
  random,
  retry,
  select,
  settled,
  sleep,
  timeout,
} from "millrace";
import { now, simulate, type Verdict, verify } from "millrace/testing";
import { describe, expect, test } from "vitest";

type Main = () => Routine<unknown> | AsyncRoutine<unknown>;

const kindOf = (verdict: Verdict<unknown>): string => (verdict.status === "failed" ? verdict.kind : verdict.status);

/** What a program may ask of the host, once it has a channel to report to. */
const OUTSIDE: Readonly<Record<string, (out: Channel<unknown>) => unknown>> = {
  setTimeout: (out) => setTimeout(() => out.trySend(1), 5),
  "setTimeout of 0": (out) => setTimeout(() => out.trySend(1), 0),
  setInterval: (out) => setInterval(() => out.trySend(1), 5),
  setImmediate: (out) => setImmediate(() => out.trySend(1)),
  fetch: (out) => fetch("data:,1").then(() => out.trySend(1)),
  "AbortSignal.timeout": (out) => AbortSignal.timeout(5).addEventListener("abort", () => out.trySend(1)),
  WebSocket: () => new WebSocket("ws://localhost:1"),
  MessageChannel: (out) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => out.trySend(1);
    port2.postMessage(1);
  },
  "Math.random": (out) => out.trySend(Math.random()),
  "random()": (out) => out.trySend(random()),
};

const known = Object.entries(OUTSIDE).filter(([name]) => name !== "WebSocket" || typeof WebSocket === "function");

/** What stands next to it. */
const BESIDE: Readonly<Record<string, (ask: (out: Channel<unknown>) => unknown) => Main>> = {
  "which waits for it": (ask) =>
    function* () {
      const out = channel();
      ask(out);
      return yield* out.receive();
    },
  "which has a timeout for it": (ask) =>
    function* () {
      const out = channel();
      ask(out);
      return (yield* select({ out, late: timeout(10) })).key;
    },
  "which does not wait for it": (ask) =>
    function* () {
      ask(channel(1));
      return "done";
    },
  "in a task that is async": (ask) =>
    async function* () {
      const out = channel(1);
      ask(out);
      yield* sleep(1);
      return "done";
    },
  "which catches every error": (ask) =>
    function* () {
      const out = channel(1);
      try {
        ask(out);
      } catch {}
      yield* sleep(100);
      return out.tryReceive();
    },
};

describe.each(known)("%s", (_name, ask) => {
  describe.each(Object.entries(BESIDE))("in a program %s", (_beside, program) => {
    test.each(["model", "runs"] as const)("is escaped in the engine %s", async (engine) => {
      expect(kindOf(await verify(program(ask), { engine }))).toBe("escaped");
    });
  });
});

test("the verdict names the call, its line, and what to use instead", async () => {
  const verdict = await verify(function* () {
    setTimeout(() => {}, 5);
  });
  expect(verdict.status === "failed" && verdict.report).toMatch(
    /^✗ main: escaped, main calls setTimeout\(\) at .*outside\.test\.ts:\d+:\d+, which cannot be explored; use sleep\(\), timeout\(\) or a ticker$/,
  );
});

test.each([
  ["a promise of the host", () => new Promise((resolve) => setImmediateOutside(resolve))],
  ["a promise that never settles", () => new Promise(() => {})],
  ["a file", async () => await (await import("node:fs/promises")).readFile("package.json")],
])("an async task that awaits %s is escaped", async (_what, begin) => {
  const verdict = await verify(async function* () {
    yield* sleep(1);
    await begin();
  });
  expect(kindOf(verdict)).toBe("escaped");
});

describe("time does not pass beside a promise of the host", () => {
  const outside = (): Promise<void> => new Promise((resolve) => void setImmediateOutside(resolve));
  const programs: Readonly<Record<string, Main>> = {
    *"that a select waits for, with a timeout"() {
      return (yield* select({ done: settled(outside()), late: timeout(10) })).key;
    },
    *"that a task awaits while main sleeps"() {
      const task = go(async function* () {
        await outside();
        yield* sleep(0);
      });
      yield* sleep(10);
      yield* task;
    },
  };

  test.each(Object.entries(programs))("%s: it is escaped in the engine runs", async (_name, main) => {
    const verdict = await verify(main, { engine: "runs" });
    expect(verdict.status === "failed" && verdict.report).toMatch(
      /escaped, .* waits for something outside the program/,
    );
  });
});

/** Captured before a verification replaces it. */
const setImmediateOutside: typeof setImmediate = setImmediate;

test("promises of the program itself are explored", async () => {
  const verdict = await verify(
    async function* () {
      let sum = 0;
      for (let n = 0; n < 200; n++) sum += await Promise.resolve(1);
      yield* sleep(1);
      return sum;
    },
    { outcomes: [200] },
  );
  expect(verdict).toMatchObject({ status: "proved", engine: "model" });
});

test("a callback that comes after a verification does nothing", async () => {
  let late: Channel<number> | undefined;
  await verify(function* () {
    const out = channel<number>(1);
    late ??= out;
    yield* out.send(1);
    yield* out.receive();
  });
  expect(late!.trySend(1)).toBe(false);
  expect(late!.tryReceive()).toBe(late!.tryReceive());
  expect(late!.close()).toBeFalsy();
});

test("a promise that uses the program between its tasks is escaped", async () => {
  const verdict = await verify(function* () {
    const out = channel<number>(1);
    Promise.resolve().then(() => out.trySend(1));
    for (let n = 0; n < 2000; n++) yield* sleep(1);
    return out.tryReceive();
  });
  expect(verdict.status === "failed" ? verdict.kind : verdict.status).not.toBe("proved");
});

describe("the time of the host is virtual", () => {
  const later = function* (): Routine<boolean> {
    const [date, made, time] = [Date.now(), new Date(), performance.now()];
    yield* sleep(1000);
    const again = new Date();
    const passed = [Date.now() - date, again.getTime() - made.getTime(), performance.now() - time];
    return passed.every((ms) => ms === 1000) && made instanceof Date && new Date(5).getTime() === 5;
  };

  test("in a simulation", async () => {
    expect([...(await simulate(later)).outcomes]).toEqual([true]);
    const { outcomes } = await simulate(
      function* () {
        return Date.now() === now() && new Date().getFullYear() === 2030;
      },
      { date: new Date("2030-06-01") },
    );
    expect([...outcomes]).toEqual([true]);
  });

  test("in a verification", async () => {
    expect(await verify(later, { outcomes: [true] })).toMatchObject({ status: "proved", engine: "runs" });
    expect(Date.now()).toBeGreaterThan(1e12);
  });
});

/** Ways to listen for an event of a target that is its own, which all call a function in the step that dispatches the event. */
const LISTENING: Readonly<Record<string, (then: () => void) => () => unknown>> = {
  "a listener of an EventTarget": (then) => {
    const target = new EventTarget();
    target.addEventListener("change", then);
    return () => target.dispatchEvent(new Event("change"));
  },
  "an object that listens": (then) => {
    const target = new EventTarget();
    target.addEventListener("change", { handleEvent: then });
    return () => target.dispatchEvent(new Event("change"));
  },
  "a listener of a signal": (then) => {
    const controller = new AbortController();
    controller.signal.addEventListener("abort", then, { once: true });
    return () => controller.abort();
  },
  "onabort of a signal": (then) => {
    const controller = new AbortController();
    controller.signal.onabort = then;
    return () => controller.abort();
  },
};

describe.each(Object.entries(LISTENING))("%s", (_, listen) => {
  test.each(["model", "runs"] as const)("uses the program, in the engine %s", async (engine) => {
    const main = function* (): Routine<string> {
      const heard = channel<number>(2);
      const dispatch = listen(() => heard.trySend(1));
      yield* sleep(1);
      const before = heard.length;
      dispatch();
      return `${before} ${heard.length}`;
    };
    expect(await verify(main, { engine })).toMatchObject({ status: "proved", outcomes: new Set(["0 1"]) });
  });

  test("is run if what it does is not in the model", async () => {
    const main = function* (): Routine<number> {
      const heard = channel<unknown>(2);
      const dispatch = listen(() => heard.trySend(new WeakMap()));
      dispatch();
      return heard.length;
    };
    expect(await verify(main)).toMatchObject({ status: "proved", engine: "runs", outcomes: new Set([1]) });
  });
});

test("a listener that is removed is not called", async () => {
  const main = function* (): Routine<number> {
    const [heard, target] = [channel<number>(2), new EventTarget()];
    const listener = (): void => void heard.trySend(1);
    target.addEventListener("change", listener);
    target.dispatchEvent(new Event("change"));
    target.removeEventListener("change", listener);
    target.dispatchEvent(new Event("change"));
    return heard.length;
  };
  expect(await verify(main, { engine: "model" })).toMatchObject({ status: "proved", outcomes: new Set([1]) });
});

test("Math.random in a simulation follows the seed", async () => {
  const main = function* (): Routine<number> {
    return Math.random();
  };
  const first = await simulate(main, { schedules: 3, seed: 5 });
  const again = await simulate(main, { schedules: 3, seed: 5 });
  expect([...first.outcomes]).toEqual([...again.outcomes]);
});

test.each(["model", "runs"] as const)("a retry with jitter is late or in time, in the engine %s", async (engine) => {
  const main = function* (): Routine<string> {
    const answer = channel<string>();
    go(function* () {
      const found = yield* retry(
        function* (n) {
          if (n === 1) throw new Error("busy");
          return "answer";
        },
        { attempts: 2, delay: 100 },
      );
      yield* select({ sent: answer.send(found), late: timeout(1000) });
    });
    const { key } = yield* select({ answer, late: timeout(60) });
    return key;
  };
  const verdict = await verify(main, { engine: engine === "runs" ? engine : undefined } as object);
  expect(verdict.status === "proved" && [...verdict.outcomes].sort()).toEqual(["answer", "late"]);
});

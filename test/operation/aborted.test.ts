// An abort signal has one listener, however many wait for it, and none when nothing waits any more (OP-6).

import { aborted, channel, fromEvent, go, group, type Routine, scope, select, sleep, ticker } from "millrace";
import { describe, expect, test } from "vitest";
import { virtualTime } from "../support/virtual.js";

/** A signal that counts its listeners. */
function counted(): {
  readonly controller: AbortController;
  readonly listeners: () => number;
  readonly most: () => number;
} {
  const controller = new AbortController();
  const { signal } = controller;
  const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)];
  const listeners = new Set<unknown>();
  let most = 0;
  Object.assign(signal, {
    addEventListener(type: string, listener: EventListener, options?: AddEventListenerOptions) {
      listeners.add(listener);
      most = Math.max(most, listeners.size);
      add(type, listener, options);
    },
    removeEventListener(type: string, listener: EventListener) {
      listeners.delete(listener);
      remove(type, listener);
    },
  });
  return { controller, listeners: () => listeners.size, most: () => most };
}

function* forEver(): Routine<void> {
  yield* sleep(1_000_000);
}

/** Whatever takes a signal, and the way to end it by itself. */
const users: Readonly<Record<string, (signal: AbortSignal) => () => unknown>> = {
  "aborted() in a task": (signal) => {
    const task = go(function* () {
      yield* aborted(signal);
    });
    return () => task.cancel();
  },
  "aborted() in a select": (signal) => {
    const task = go(function* () {
      yield* select({ gone: aborted(signal), late: sleep(1_000_000) });
    });
    return () => task.cancel();
  },
  "scope()": (signal) => {
    const task = go(function* () {
      yield* scope(forEver, { signal });
    });
    return () => task.cancel();
  },
  "group()": (signal) => {
    const tasks = group({ signal });
    tasks.tryGo(forEver);
    return () => tasks.cancel();
  },
  "fromEvent()": (signal) => {
    const events = fromEvent(new EventTarget(), "x", { signal });
    return () => events.cancel();
  },
  "ticker()": (signal) => {
    const ticks = ticker(1000, { signal });
    return () => ticks.cancel();
  },
};

describe.each(Object.entries(users))("%s", (_, use) => {
  test("20 with one signal have one listener, and none is left when they have ended", async () => {
    using time = virtualTime();
    const { controller, listeners, most } = counted();
    const ends = Array.from({ length: 20 }, () => use(controller.signal));
    await time.settle();
    expect(listeners()).toBe(1);
    for (const end of ends) end();
    await time.settle();
    expect([listeners(), most(), time.timers]).toEqual([0, 1, 0]);
  });

  test("20 with one signal end when it is aborted, and no listener is left", async () => {
    using time = virtualTime();
    const { controller, listeners } = counted();
    for (let n = 0; n < 20; n++) use(controller.signal);
    await time.settle();
    controller.abort("enough");
    await time.settle();
    expect([listeners(), time.timers]).toEqual([0, 0]);
  });
});

test("aborted(signal) and whenClosed() can be shared by several tasks (OP-1)", async () => {
  const controller = new AbortController();
  const words = channel<string>();
  const [gone, closed] = [aborted(controller.signal), words.whenClosed()];
  const log: unknown[] = [];
  const tasks = Array.from({ length: 3 }, () =>
    go(function* () {
      log.push(yield* gone);
      log.push(yield* closed);
      log.push((yield* select({ gone, closed })).key.length > 0);
    }),
  );
  await new Promise<void>((resolve) => queueMicrotask(resolve));
  controller.abort("reason");
  words.close();
  for (const task of tasks) await task;
  expect(log.filter((entry) => entry === "reason").length).toBe(3);
  expect(log.length).toBe(9);
});

test("a select that waits for two ticks of a ticker goes on when the ticker is cancelled (OP-10)", async () => {
  using time = virtualTime();
  const ticks = ticker(10);
  const task = go(function* () {
    return yield* select({ a: ticks.receive(), b: ticks.receive() });
  });
  await time.settle();
  ticks.cancel();
  await time.settle();
  expect(["a", "b"]).toContain((await task).key);
  expect([time.timers, time.reported]).toEqual([0, []]);
});

import { aborted, alt, CancelledError, go, nextEvent, type Routine, run, select, sleep, withTimeout } from "millrace";
import { describe, expect, test } from "vitest";
import { Emitter } from "../../support/emitter.js";
import { virtualTime } from "../../support/virtual.js";

class Target extends EventTarget {
  listeners = 0;

  override addEventListener(...args: Parameters<EventTarget["addEventListener"]>): void {
    this.listeners++;
    super.addEventListener(...args);
  }

  override removeEventListener(...args: Parameters<EventTarget["removeEventListener"]>): void {
    this.listeners--;
    super.removeEventListener(...args);
  }
}

const kinds = [
  {
    kind: "an event target",
    make() {
      const target = new Target();
      const fire = (type: string, error?: unknown): void => {
        target.dispatchEvent(Object.assign(new Event(type), error !== undefined && { error }));
      };
      return { source: target as never as EventTarget, fire, listeners: () => target.listeners };
    },
    typeOf: (event: unknown) => (event as Event).type,
  },
  {
    kind: "an emitter",
    make() {
      const emitter = new Emitter();
      const fire = (type: string, error?: unknown): void => emitter.emit(type, error ?? type);
      return { source: emitter as never as EventTarget, fire, listeners: () => emitter.listeners };
    },
    typeOf: (event: unknown) => (event as [string])[0],
  },
] as const;

describe.each(kinds)("nextEvent() of $kind", ({ make, typeOf }) => {
  test("listens only while it is performed, and yields the next event", async () => {
    using time = virtualTime();
    const { source, fire, listeners } = make();
    const loaded = nextEvent(source, "load");
    expect(listeners()).toBe(0);
    fire("load");
    for (let round = 0; round < 2; round++) {
      const task = go(function* (): Routine<unknown> {
        return yield* loaded;
      });
      await time.settle();
      expect([task.status, listeners()]).toEqual(["parked", 1]);
      fire("load");
      fire("load");
      expect(listeners()).toBe(0);
      expect(typeOf(await task)).toBe("load");
    }
  });

  test("removes its listeners when another case wins, when its task is cancelled, and when time is out", async () => {
    using time = virtualTime();
    const { source, fire, listeners } = make();
    const stop = new AbortController();
    const choice = select({ load: nextEvent(source, "load"), stop: aborted(stop.signal) }).then(({ key }) => key);
    await time.settle();
    expect(listeners()).toBe(1);
    stop.abort();
    expect([listeners(), await choice]).toEqual([0, "stop"]);

    const task = go(function* (): Routine<unknown> {
      return yield* nextEvent(source, "load", { error: "error" });
    });
    await time.settle();
    expect(listeners()).toBe(2);
    task.cancel();
    expect(listeners()).toBe(0);
    await expect(task.then()).rejects.toBeInstanceOf(CancelledError);

    const late = withTimeout(5, nextEvent(source, "load")).then(
      undefined,
      (error: unknown) => (error as Error).message,
    );
    await time.advance(5);
    expect([await late, listeners()]).toEqual(["Timed out: event load took longer than 5 ms", 0]);
    fire("load");
  });

  test("throws the error of an event that error names, in the task that performs it", async () => {
    using time = virtualTime();
    const { source, fire, listeners } = make();
    const failed = go(function* (): Routine<unknown> {
      try {
        return yield* nextEvent(source, "load", { error: ["error", "abort"] });
      } catch (error) {
        return error;
      }
    });
    await time.settle();
    expect(listeners()).toBe(3);
    const cause = new Error("broken");
    fire("abort", cause);
    expect([await failed, listeners()]).toEqual([cause, 0]);
  });

  test("yields the first event of several types", async () => {
    using time = virtualTime();
    const { source, fire, listeners } = make();
    const first = nextEvent(source, ["load", "skip"]).then();
    await time.settle();
    fire("other");
    fire("skip");
    fire("load");
    expect([((await first) as { type: string }).type, listeners()]).toEqual(["skip", 0]);
  });

  test("is no deadlock in a closed program", async () => {
    using time = virtualTime();
    const { source, fire } = make();
    const done = run(function* main(): Routine<unknown> {
      return yield* alt(nextEvent(source, "load"), sleep(Infinity));
    });
    await time.settle();
    fire("load");
    expect(typeOf(await done)).toBe("load");
  });
});

test("nextEvent() yields an event that is dispatched while its listener is added", async () => {
  const emitter = new Emitter();
  const on = emitter.on.bind(emitter);
  emitter.on = (type, listener) => {
    on(type, listener);
    emitter.emit("added", type);
  };
  expect(await nextEvent(emitter, "added")).toEqual(["added"]);
  expect(emitter.listeners).toBe(0);
});

test.each([[null], [{}], [5]])("nextEvent() refuses %s as a target", (given) => {
  expect(() => nextEvent(given as never, "x")).toThrow(
    /^Cannot listen: the target must be an event target, or an emitter with on and off, got /,
  );
});

import { go, type Operation, type Routine, select, singleflight, sleep, type Task } from "millrace";
import { describe, expect, test } from "vitest";
import { type StageForm, stageForms, waiting } from "../support/stages.js";
import { virtualTime } from "../support/virtual.js";

const ask = <T>(operation: Operation<T>): Task<T> =>
  go(function* (): Routine<T> {
    return yield* operation;
  });

describe.each(stageForms)("singleflight() over a function that returns $form", ({ make, fail }: StageForm) => {
  test("calls with the same key at the same time share one load, whose value is not kept", async () => {
    using time = virtualTime();
    const loads: string[] = [];
    const load = singleflight((key: string) => make(10, `${key}${loads.push(key)}`));
    const tasks = ["a", "b", "a", "a"].map((key) => ask(load(key)));
    await time.advance(10);
    expect(await Promise.all(tasks)).toEqual(["a1", "b2", "a1", "a1"]);
    const later = ask(load("a"));
    await time.advance(10);
    expect([await later, loads]).toEqual(["a3", ["a", "b", "a"]]);
    expect([time.timers, time.reported]).toEqual([0, []]);
  });

  test("a failure is thrown to all callers that share the load, and the next call loads again", async () => {
    using time = virtualTime();
    const error = new Error("load");
    let loads = 0;
    const load = singleflight((key: number) => (loads++ === 0 ? fail(10, error) : make(1, key)));
    const failed = Promise.all([1, 1].map((key) => expect(ask(load(key)).then()).rejects.toBe(error)));
    await time.advance(10);
    await failed;
    const next = ask(load(1));
    await time.advance(1);
    expect([await next, time.reported]).toEqual([1, []]);
  });
});

describe.each(waiting)("singleflight() over a function that returns $form", ({ make }: StageForm) => {
  test("a load is cancelled when all its callers have left, and not while one is left", async () => {
    using time = virtualTime();
    let loads = 0;
    const load = singleflight((key: string) => make(10, `${key}${++loads}`));
    const [one, other] = [ask(load("a")), ask(load("a"))];
    await time.advance(5);
    one.cancel();
    await time.advance(5);
    expect(await other).toBe("a1");
    const leavers = [ask(load("a")), ask(load("a"))];
    await time.advance(5);
    for (const task of leavers) task.cancel();
    const next = ask(load("a"));
    await time.settle();
    const shares = ask(load("a"));
    await time.advance(10);
    expect([await next, await shares, loads, time.reported]).toEqual(["a3", "a3", 3, []]);
  });
});

describe("singleflight()", () => {
  test("keyOf decides which keys are the same", async () => {
    using _ = virtualTime();
    let loads = 0;
    const load = singleflight(({ id }: { id: number; trace: string }) => sleep(0).map(() => `${id} ${++loads}`), {
      keyOf: ({ id }) => id,
    });
    const both = [load({ id: 1, trace: "x" }), load({ id: 1, trace: "y" })].map(ask);
    expect(await Promise.all(both)).toEqual(["1 1", "1 1"]);
  });

  test("making the operation loads nothing, and it can be performed again (OP-1)", async () => {
    using _ = virtualTime();
    let loads = 0;
    const load = singleflight((key: string) => `${key}${++loads}`);
    const operation = load("a");
    expect(loads).toBe(0);
    expect([await operation, await operation]).toEqual(["a1", "a2"]);
  });

  test("a case that loses a select leaves the load, which is then cancelled (OP-6)", async () => {
    using time = virtualTime();
    const over: string[] = [];
    const load = singleflight(function* (key: string): Routine<string> {
      try {
        yield* sleep(100);
        return key;
      } finally {
        over.push(`${key} at ${time.now()}`);
      }
    });
    const choice = select({ a: load("a"), b: load("b"), late: sleep(5) }).then();
    await time.advance(5);
    expect((await choice).key).toBe("late");
    await time.settle();
    expect([over.sort(), time.timers]).toEqual([["a at 5", "b at 5"], 0]);
  });

  test("a cancelled load whose finally block parks does not end the next load (GO-4)", async () => {
    using time = virtualTime();
    let loads = 0;
    const load = singleflight(function* (key: string): Routine<string> {
      const number = ++loads;
      try {
        yield* sleep(20);
      } finally {
        yield* sleep(10);
      }
      return key + number;
    });
    const leaver = ask(load("a"));
    await time.advance(5);
    leaver.cancel();
    const next = ask(load("a"));
    await time.advance(15);
    const shares = ask(load("a"));
    await time.advance(50);
    expect([await next, await shares, loads]).toEqual(["a2", "a2", 2]);
  });

  test("refuses a load or a keyOf that is not a function", () => {
    expect(() => singleflight(7 as never)).toThrow(
      "Cannot create singleflight: load must be a function or an operation, got 7",
    );
    expect(() => singleflight(() => 1, { keyOf: 7 as never })).toThrow(
      "Cannot create singleflight: keyOf must be a function",
    );
  });
});

test("a disposable result of singleflight() is disposed of once if all callers are cancelled as the call ends", async () => {
  using time = virtualTime();
  let disposed = 0;
  const load = singleflight(function* (_key: string): Routine<Disposable> {
    yield* sleep(10);
    return { [Symbol.dispose]: () => void disposed++ };
  });
  const callers = [ask(load("a")), ask(load("a"))];
  const kept = [ask(load("b")), ask(load("b"))];
  await time.settle();
  go(function* () {
    yield* sleep(10);
    for (const caller of [...callers, kept[0]!]) caller.cancel();
  });
  await time.advance(10);
  expect(callers.map(({ status }) => status)).toEqual(["cancelled", "cancelled"]);
  expect([kept[0]!.status, kept[1]!.status, disposed]).toEqual(["cancelled", "done", 1]);
});

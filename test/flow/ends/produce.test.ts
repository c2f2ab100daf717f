import { type AsyncRoutine, type Closed, collect, produce, type Routine, type SendChannel, sleep } from "millrace";
import { describe, expect, test } from "vitest";
import { virtualTime } from "../../support/virtual.js";

const producers: { form: string; count: (log: string[]) => (out: Out) => Routine<void> | AsyncRoutine<void> }[] = [
  {
    form: "function*",
    count: (log) =>
      function* (out) {
        try {
          for (let n = 0; n < 3; n++) {
            yield* sleep(10);
            log.push(`${n} ${yield* out.send(n)}`);
          }
        } finally {
          log.push("over");
        }
      },
  },
  {
    form: "async function*",
    count: (log) =>
      async function* (out) {
        try {
          for (let n = 0; n < 3; n++) {
            yield* sleep(10);
            await null;
            log.push(`${n} ${yield* out.send(n)}`);
          }
        } finally {
          log.push("over");
        }
      },
  },
];

type Out = SendChannel<number>;

describe.each(producers)("produce() by $form", ({ count }) => {
  test("closes its channel when the body returns (CB-2)", async () => {
    using time = virtualTime();
    const log: string[] = [];
    const all = collect(produce(count(log))).then();
    await time.advance(30);
    expect(await all).toEqual([0, 1, 2]);
    await time.settle();
    expect(log).toEqual(["0 true", "1 true", "2 true", "over"]);
  });

  test("works ahead of its receiver by its capacity, and not at all without one", async () => {
    using time = virtualTime();
    for (const capacity of [0, 2]) {
      const log: string[] = [];
      const out = produce(count(log), { capacity });
      await time.advance(100);
      expect(log.length).toBe(capacity);
      out.cancel();
      await time.settle();
    }
  });

  test.each(["parked in a send", "parked elsewhere", "before its first turn"])(
    "cancels its body, %s, when the receiver cancels (CB-2)",
    async (where) => {
      using time = virtualTime();
      const [log, released]: [string[], unknown[]] = [[], []];
      const out = produce(count(log), { release: (reason) => void released.push(reason) });
      if (where !== "before its first turn") await time.advance(where === "parked in a send" ? 15 : 5);
      out.cancel("enough");
      await time.settle();
      // The send of an async body may still yield false.
      expect(log.filter((line) => line !== "0 false")).toEqual(where === "before its first turn" ? [] : ["over"]);
      expect([released, time.timers, time.reported]).toEqual([["enough"], 0, []]);
    },
  );
});

describe("produce()", () => {
  test("throws the error of its body after the values that the body sent (CB-3)", async () => {
    using _ = virtualTime();
    const error = new Error("body");
    const out = produce<number>(
      function* (to) {
        yield* to.send(1);
        yield* to.send(2);
        throw error;
      },
      { capacity: 5 },
    );
    const got: (number | Closed)[] = [await out.receive(), await out.receive()];
    expect(got).toEqual([1, 2]);
    await expect(out.receive().then()).rejects.toBe(error);
  });

  test("reports what the body throws after its channel was cancelled", async () => {
    using time = virtualTime();
    const error = new Error("in finally");
    const out = produce<number>(function* () {
      using _ = {
        [Symbol.dispose](): void {
          throw error;
        },
      };
      yield* sleep(100);
    });
    await time.settle();
    out.cancel();
    await time.settle();
    expect(time.reported).toEqual([error]);
  });

  test("calls release once, whether the body returns, throws or is cancelled", async () => {
    using time = virtualTime();
    const released: unknown[] = [];
    const release = (reason: unknown): void => void released.push(reason);
    const bodies = [
      function* (): Routine<void> {},
      function* (): Routine<void> {
        throw new Error("x");
      },
      function* (): Routine<void> {
        yield* sleep(1);
      },
    ];
    const outs = bodies.map((body) => produce(body, { release }));
    await time.settle();
    for (const out of outs) out.cancel("enough");
    await time.settle();
    expect(released).toEqual([undefined, undefined, "enough"]);
  });

  test("passes stored values that were not received to onUndelivered", async () => {
    using time = virtualTime();
    const lost: number[] = [];
    const out = produce<number>(
      function* (to) {
        for (let n = 0; ; n++) yield* to.send(n);
      },
      { capacity: 2, onUndelivered: (n) => void lost.push(n) },
    );
    await time.settle();
    out.cancel();
    expect(lost).toEqual([0, 1]);
    await time.settle();
  });
});

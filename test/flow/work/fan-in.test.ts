import { type AsyncRoutine, CLOSED, collect, fanIn, go, pause, type Routine, type SendChannel, sleep } from "millrace";
import { describe, expect, test } from "vitest";
import { read, upTo } from "../../support/flow.js";
import { virtualTime } from "../../support/virtual.js";

type Producer = (out: SendChannel<string>) => Routine<void> | AsyncRoutine<void>;

const forms: { form: string; count: (name: string, ms: number, log?: string[]) => Producer }[] = [
  {
    form: "function*",
    count: (name, ms, log = []) =>
      function* (out) {
        try {
          for (let n = 0; n < 3; n++) {
            yield* sleep(ms);
            yield* out.send(name + n);
          }
        } finally {
          log.push(`${name} over`);
        }
      },
  },
  {
    form: "async function*",
    count: (name, ms, log = []) =>
      async function* (out) {
        try {
          for (let n = 0; n < 3; n++) {
            yield* sleep(ms);
            yield* out.send(name + n);
          }
        } finally {
          log.push(`${name} over`);
        }
      },
  },
];

describe.each(forms)("fanIn() of a producer in the form $form", ({ count }) => {
  test("closes its channel when all producers have ended, not when the first one has", async () => {
    using time = virtualTime();
    const seen = read(fanIn([count("a", 1), count("b", 10)]));
    await time.advance(20);
    expect(seen).toEqual({ values: ["a0", "a1", "a2", "b0", "b1"], end: "open" });
    await time.advance(10);
    expect(seen).toEqual({ values: ["a0", "a1", "a2", "b0", "b1", "b2"], end: "closed" });
  });

  test("cancels the other producers at the first failure, and closes with it as the cause (CB-3)", async () => {
    using time = virtualTime();
    const error = new Error("producer");
    const log: string[] = [];
    const seen = read(
      fanIn<string>([
        count("a", 10, log),
        function* () {
          yield* sleep(15);
          throw error;
        },
      ]),
    );
    await time.advance(15);
    expect(seen).toEqual({ values: ["a0"], end: { cause: error } });
    expect([log, time.timers, time.reported]).toEqual([["a over"], 0, []]);
  });

  test("cancels all producers when its receiver cancels (CB-2)", async () => {
    using time = virtualTime();
    const log: string[] = [];
    const out = fanIn([count("a", 10, log), count("b", 1000, log)]);
    await time.advance(10);
    out.cancel();
    await time.settle();
    expect(log.sort()).toEqual(["a over", "b over"]);
    expect([time.timers, time.reported]).toEqual([0, []]);
  });
});

describe("fanIn()", () => {
  test("of no producers closes its channel", async () => {
    using _ = virtualTime();
    expect(await collect(fanIn([]))).toEqual([]);
  });

  test("closes its channel after the last of 100 producers (Go: needs a WaitGroup and one more goroutine)", async () => {
    using _ = virtualTime();
    const out = fanIn<number>(
      upTo(100).map(
        (n) =>
          function* (to) {
            yield* to.send(n);
          },
      ),
    );
    expect((await collect(out)).sort((a, b) => a - b)).toEqual(upTo(100));
  });

  test("closes with an AggregateError of several failures, whose cause is the first failure", async () => {
    using time = virtualTime();
    const [first, second] = [new Error("first"), new Error("second")];
    const seen = read(
      fanIn<never>([
        function* () {
          using _ = {
            [Symbol.dispose](): void {
              throw second;
            },
          };
          yield* sleep(1000);
        },
        function* () {
          yield* pause();
          throw first;
        },
      ]),
    );
    await time.settle();
    const { cause } = seen.end as { cause: AggregateError };
    expect(cause).toBeInstanceOf(AggregateError);
    expect([cause.errors, cause.cause]).toEqual([[first, second], first]);
  });

  test("takes the options of produce(): capacity and onUndelivered", async () => {
    using time = virtualTime();
    const lost: string[] = [];
    const out = fanIn([forms[0]!.count("a", 1)], { capacity: 2, onUndelivered: (value) => void lost.push(value) });
    await time.advance(5);
    out.cancel();
    expect([lost, out.tryReceive()]).toEqual([["a0", "a1"], CLOSED]);
    await time.settle();
    expect(time.reported).toEqual([]);
  });

  test("refuses a producer that is not a function", () => {
    expect(() => fanIn([5 as never])).toThrow("Cannot fan in: each producer must be a function or an operation, got 5");
  });

  test("loses no value for a receiver that is cancelled", async () => {
    using time = virtualTime();
    const out = fanIn([forms[0]!.count("a", 10)]);
    const leaver = go(function* (): Routine<void> {
      yield* out.receive();
    });
    await time.advance(5);
    leaver.cancel();
    await time.settle();
    const seen = read(out);
    await time.advance(50);
    expect(seen).toEqual({ values: ["a0", "a1", "a2"], end: "closed" });
  });
});

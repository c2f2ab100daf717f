// CB-10: zero or more results for each input. The results of one input stay together, in the order of the inputs.

import fc from "fast-check";
import {
  type AsyncRoutine,
  CLOSED,
  channel,
  flatPipeline,
  from,
  produce,
  type Routine,
  type SendChannel,
  sleep,
} from "millrace";
import { describe, expect, test } from "vitest";
import { feed, read, upTo } from "../../support/flow.js";
import { noneParked, queues } from "../../support/model.js";
import { virtualTime } from "../../support/virtual.js";

/** Sends `count` results, one each `ms`. */
function* several(count: number, out: SendChannel<string>, ms = 1): Routine<void> {
  for (let n = 0; n < count; n++) {
    yield* sleep(ms);
    if (!(yield* out.send(`${count}.${n}`))) return;
  }
}

const forms: {
  form: string;
  stage: (count: number, out: SendChannel<string>) => Routine<void> | AsyncRoutine<void>;
}[] = [
  { form: "function*", stage: several },
  {
    form: "async function*",
    async *stage(count, out) {
      await null;
      yield* several(count, out);
    },
  },
];

describe.each(forms)("flatPipeline() with a stage in the form $form", ({ stage }) => {
  test.each([1, 2, 5])(
    "and n = %i keeps the results of one input together, in the order of the inputs (CB-10)",
    async (n) => {
      using time = virtualTime();
      const seen = read(flatPipeline(n, from([3, 0, 1, 2, 0]), stage));
      await time.advance(50);
      expect(seen).toEqual({ values: ["3.0", "3.1", "3.2", "1.0", "2.0", "2.1"], end: "closed" });
      expect([time.timers, time.reported]).toEqual([0, []]);
    },
  );

  test.each([true, false])(
    "closes its output at once on an error, cancels the other stages, releases its source (ordered: %s) (CB-10)",
    async (ordered) => {
      using time = virtualTime();
      const error = new Error("stage");
      const released: unknown[] = [];
      const source = produce<number>(
        function* (out) {
          for (const count of [100, 2, 100, 100]) yield* out.send(count);
          yield* sleep(1e6);
        },
        { release: (reason) => void released.push(reason) },
      );
      const failing = function* (): Routine<void> {
        yield* sleep(5);
        throw error;
      };
      const output = flatPipeline<number, string>(
        3,
        source,
        (count, out) => (count === 2 ? failing() : stage(count, out)),
        { ordered },
      );
      const seen = read(output);
      await time.advance(10);
      expect(seen.end).toEqual({ cause: error });
      expect(seen.values[0]).toBe("100.0");
      expect([released, time.timers, time.reported]).toEqual([[error], 0, []]);
    },
  );

  test.each([true, false])(
    "cancels its stages and takes nothing more when its output is cancelled (ordered: %s) (CB-2)",
    async (ordered) => {
      using time = virtualTime();
      const source = channel<number>(4);
      for (const count of [9, 9, 9]) source.trySend(count);
      const output = flatPipeline(2, source, stage, { ordered });
      await time.advance(3);
      output.cancel();
      expect(queues(source)).toEqual(noneParked);
      await time.settle();
      expect([source.length, time.timers, time.reported, output.tryReceive()]).toEqual([1, 0, [], CLOSED]);
    },
  );
});

describe("flatPipeline()", () => {
  test("with ordered: false emits results as soon as they are there (CB-10)", async () => {
    using time = virtualTime();
    const seen = read(flatPipeline(2, from([3, 2]), (count, out) => several(count, out, count), { ordered: false }));
    await time.advance(20);
    expect(seen).toEqual({ values: ["2.0", "3.0", "2.1", "3.1", "3.2"], end: "closed" });
  });

  test("works ahead on later inputs, stores a few results for each, and has at most n in flight (CB-10)", async () => {
    using time = virtualTime();
    const sent: Record<string, number> = {};
    const source = channel<string>();
    const fed = feed(source, ["a", "b", "c", "d"]);
    const output = flatPipeline<string, string>(3, source, function* (name, out) {
      sent[name] = 0;
      for (let n = 0; n < 100; n++) {
        yield* out.send(`${name}${n}`);
        sent[name]!++;
      }
    });
    await time.settle();
    // The first input has one more result on offer.
    expect([sent, fed.taken]).toEqual([{ a: 17, b: 16, c: 16 }, 3]);
    const seen = read(output);
    await time.settle();
    expect(seen.end).toBe("closed");
    expect(seen.values).toEqual(["a", "b", "c", "d"].flatMap((name) => upTo(100).map((n) => name + n)));
  });

  test("lets a stage close its channel, which ends only the results of its own input", async () => {
    using time = virtualTime();
    const seen = read(
      flatPipeline<number, number>(2, from([1, 2]), function* (n, out) {
        yield* out.send(n);
        out.close();
        expect(yield* out.send(99)).toBe(false);
      }),
    );
    await time.settle();
    expect(seen).toEqual({ values: [1, 2], end: "closed" });
  });

  test("accepts a stage that sends at once and returns nothing", async () => {
    using time = virtualTime();
    const seen = read(
      flatPipeline<string, string>(2, from(["ab", "", "c"]), (word, out) => {
        for (const letter of word) out.trySend(letter);
      }),
    );
    await time.settle();
    expect(seen).toEqual({ values: ["a", "b", "c"], end: "closed" });
  });

  test("closes with the cause of its source after the results in flight (CB-3)", async () => {
    using time = virtualTime();
    const cause = new Error("source");
    const source = channel<number>();
    feed(source, [2, 1], { cause });
    const seen = read(flatPipeline(3, source, (count, out) => several(count, out)));
    await time.advance(10);
    expect(seen).toEqual({ values: ["2.0", "2.1", "1.0"], end: { cause } });
  });

  test("passes each result that was sent and not received to onUndelivered once", async () => {
    using time = virtualTime();
    const undelivered: string[] = [];
    const output = flatPipeline(2, from([3, 2]), (count, out) => several(count, out), {
      onUndelivered: (result: string) => void undelivered.push(result),
    });
    await time.advance(2);
    expect(await Promise.all([output.receive(), time.settle()])).toEqual(["3.0", undefined]);
    output.cancel();
    await time.settle();
    expect(undelivered.sort()).toEqual(["2.0", "2.1", "3.1"]);
  });

  test("reports a failure that no receiver can get any more", async () => {
    using time = virtualTime();
    const error = new Error("in finally");
    const output = flatPipeline<number, number>(1, from([1]), function* () {
      using _ = {
        [Symbol.dispose](): void {
          throw error;
        },
      };
      yield* sleep(50);
    });
    await time.settle();
    output.cancel();
    await time.settle();
    expect(time.reported).toEqual([error]);
  });

  test("refuses a stage that is not a function", () => {
    expect(() => flatPipeline(1, from([1]), 5 as never)).toThrow(
      "Cannot start pipeline: stage must be a function or an operation, got 5",
    );
  });
});

test("flatPipeline() loses and repeats no result and keeps the order, at every pace, n and count (CB-10)", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat({ max: 40 }), fc.nat({ max: 3 })), { maxLength: 12 }),
      fc.integer({ min: 1, max: 4 }),
      fc.boolean(),
      fc.nat({ max: 2 }),
      fc.nat(),
      async (inputs, n, ordered, pace, seed) => {
        using time = virtualTime(seed);
        const output = flatPipeline<number, string>(
          n,
          from(upTo(inputs.length)),
          function* (at, out) {
            const [count, ms] = inputs[at]!;
            for (let k = 0; k < count; k++) {
              yield* sleep(ms);
              yield* out.send(`${at}.${k}`);
            }
          },
          { ordered },
        );
        const seen = read(output, pace);
        await time.advance(3000);
        const all = inputs.flatMap(([count], at) => upTo(count).map((k) => `${at}.${k}`));
        expect(seen.end).toBe("closed");
        if (ordered) expect(seen.values).toEqual(all);
        else expect([...seen.values].sort()).toEqual([...all].sort());
        expect([time.timers, time.reported]).toEqual([0, []]);
      },
    ),
    { numRuns: 40 },
  );
});

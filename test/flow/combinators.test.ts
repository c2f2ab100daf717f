// What holds for every combinator between channels: closing, cancelling and errors in each direction; no value is lost or
// delivered twice; order is kept where it is promised; everything is released when the consumer leaves early.

import fc from "fast-check";
import { type Channel, CLOSED, channel, EMPTY, go, produce, type Routine, sleep } from "millrace";
import { describe, expect, test } from "vitest";
import { feed, read } from "../support/flow.js";
import { noneParked, queues } from "../support/model.js";
import { virtualTime } from "../support/virtual.js";
import { type Subject, subjects } from "./subjects.js";

/** Longer than any pace or deadline in these tests. */
const LONG = 10_000;

const made = (count: number, capacity = 0): Channel<number>[] => Array.from({ length: count }, () => channel(capacity));

describe.each(subjects)("$name", ({ make, inputs }: Subject) => {
  test("every output closes when all sources have closed, and no operation or timer is left (CB-2)", async () => {
    using time = virtualTime();
    const sources = made(inputs);
    const seen = make(...sources).map((output) => read(output));
    sources.forEach((source, at) => {
      feed(source, [at, at + inputs, at + 2 * inputs]);
    });
    await time.advance(LONG);
    expect(seen.map(({ end }) => end)).toEqual(seen.map(() => "closed"));
    expect(sources.map(queues)).toEqual(sources.map(() => noneParked));
    expect([time.timers, time.reported]).toEqual([0, []]);
  });

  test("every output closes if its sources were closed from the start (CB-2)", async () => {
    using time = virtualTime();
    const sources = made(inputs);
    for (const source of sources) source.close();
    const seen = make(...sources).map((output) => read(output));
    await time.advance(LONG);
    expect(seen.map(({ end }) => end)).toEqual(seen.map(() => "closed"));
  });

  test("an error of one source reaches every output as the cause, and the other sources are released (CB-3)", async () => {
    using time = virtualTime();
    const cause = new Error("the source broke");
    let released = 0;
    const sources = made(inputs);
    const owned = sources.map((source, at) =>
      at === 0
        ? source
        : produce<number>(
            function* (out) {
              for (let value: number | typeof CLOSED; (value = yield* source.receive()) !== CLOSED; )
                yield* out.send(value);
            },
            { release: () => void released++ },
          ),
    );
    const seen = make(...owned).map((output) => read(output));
    await time.settle();
    sources[0]!.close(cause);
    await time.advance(LONG);
    expect(seen.map(({ end }) => end)).toEqual(seen.map(() => ({ cause })));
    expect([released, time.timers, time.reported]).toEqual([inputs - 1, 0, []]);
  });

  test("every output is read to its end after a receiver was cancelled", async () => {
    using time = virtualTime();
    const sources = made(inputs);
    const outputs = make(...sources);
    const leaver = go(function* (): Routine<unknown> {
      return yield* outputs[0]!.receive();
    });
    await time.settle();
    leaver.cancel();
    await leaver.then(null, () => {});
    const seen = outputs.map((output) => read(output));
    sources.forEach((source, at) => {
      feed(source, [at, at + inputs]);
    });
    await time.advance(LONG);
    expect(seen.map(({ end }) => end)).toEqual(seen.map(() => "closed"));
  });
});

describe.each(subjects.filter(({ goesOn }) => goesOn !== true))("$name", ({ make, inputs }: Subject) => {
  const moments = [
    ["before its first turn", async () => {}, 0],
    ["while its sources are silent", (time: { settle(): Promise<void> }) => time.settle(), 0],
    ["while no output is read", (time: { settle(): Promise<void> }) => time.settle(), 5],
  ] as const;

  test.each(moments)("cancelling all outputs %s releases each owned source once (CB-2)", async (_, wait, many) => {
    using time = virtualTime();
    const released: unknown[] = [];
    const sources = Array.from({ length: inputs }, () =>
      produce<number>(
        function* (out) {
          for (let n = 0; n < many; n++) yield* out.send(n);
          yield* sleep(LONG * 10);
        },
        { release: (reason) => void released.push(reason) },
      ),
    );
    const outputs = make(...sources);
    await wait(time);
    for (const output of outputs) output.cancel("enough");
    await time.settle();
    expect(released.length).toBe(inputs);
    expect(outputs.map((output) => output.tryReceive())).toEqual(outputs.map(() => CLOSED));
    await time.advance(LONG);
    expect([time.timers, time.reported]).toEqual([0, []]);
  });

  test("cancelling all outputs leaves sources that it does not own open, and takes nothing more from them (CB-2)", async () => {
    using time = virtualTime();
    const sources = made(inputs, 4);
    const outputs = make(...sources);
    await time.settle();
    for (const output of outputs) output.cancel();
    await time.advance(LONG);
    expect(sources.map(queues)).toEqual(sources.map(() => noneParked));
    for (const source of sources) expect([source.closed, source.trySend(7)]).toEqual([false, true]);
    await time.advance(LONG);
    expect(sources.map((source) => source.tryReceive())).toEqual(sources.map(() => 7));
  });
});

describe.each(subjects.filter(({ numbersOf }) => numbersOf !== undefined))("$name", (subject: Subject) => {
  const { make, inputs, ordered } = subject;
  const numbersOf = subject.numbersOf!;

  test("no value is lost or delivered twice, and order is kept where it is promised, at every pace (CB-4)", async () => {
    const pace = fc.nat({ max: 3 });
    const amount = fc.integer({ min: 0, max: 12 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(amount, pace, fc.nat({ max: 2 })), { minLength: inputs, maxLength: inputs }),
        fc.array(pace, { minLength: 4, maxLength: 4 }),
        fc.nat(),
        async (feeds, paces, seed) => {
          using time = virtualTime(seed);
          const sources = feeds.map(([, , capacity]) => channel<number>(capacity));
          const seen = make(...sources).map((output, at) => read(output, paces[at % 4]!));
          // A number encodes its source and its position there.
          const sent = feeds.map(([count], at) => Array.from({ length: count }, (_, n) => n * inputs + at));
          sources.forEach((source, at) => {
            feed(source, sent[at]!, { pace: feeds[at]![1] });
          });
          await time.advance(LONG);
          expect(seen.map(({ end }) => end)).toEqual(seen.map(() => "closed"));
          const got = seen.map(({ values }) => values.flatMap(numbersOf));
          expect(got.flat().sort((a, b) => a - b)).toEqual(sent.flat().sort((a, b) => a - b));
          if (!ordered) return;
          for (const numbers of got) {
            for (let at = 0; at < inputs; at++) {
              const own = numbers.filter((n) => n % inputs === at);
              expect(own).toEqual([...own].sort((a, b) => a - b));
            }
          }
        },
      ),
      { numRuns: 15 },
    );
  });

  test("a task that is cancelled after its receive completed and before it resumed loses no value (CH-27)", async () => {
    using time = virtualTime();
    const sources = made(inputs, 1);
    const outputs = make(...sources);
    await time.settle();
    const takers = outputs.map((output) =>
      go(function* (): Routine<unknown> {
        return yield* output.receive();
      }),
    );
    await time.settle();
    for (const source of sources) source.trySend(0);
    for (const taker of takers) taker.cancel();
    await Promise.allSettled(takers);
    const taken = takers.filter((taker) => taker.status === "done").length;
    for (const source of sources) source.close();
    const seen = outputs.map((output) => read(output));
    await time.advance(LONG);
    expect(taken + seen.flatMap(({ values }) => values.flatMap(numbersOf)).length).toBe(inputs);
    expect(outputs.map((output) => output.tryReceive())).not.toContain(EMPTY);
  });
});

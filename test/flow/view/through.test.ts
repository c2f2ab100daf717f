import fc from "fast-check";
import {
  CLOSED,
  channel,
  collect,
  EMPTY,
  from,
  go,
  type ReceiveChannel,
  type Routine,
  select,
  sleep,
  stream,
  through,
} from "millrace";
import {
  batch,
  compose,
  dedupe,
  distinct,
  drop,
  dropWhile,
  filter,
  flatMap,
  interpose,
  map,
  partitionBy,
  scan,
  type Transducer,
  type Transformer,
  take,
  takeNth,
  takeWhile,
  window,
} from "millrace/transducers";
import { describe, expect, test } from "vitest";
import { noneParked, queues } from "../../support/model.js";
import { virtualTime } from "../../support/virtual.js";

const even = (n: number): boolean => n % 2 === 0;

/** Applies a transducer to an array, by the protocol. */
function over<In, Out>(values: readonly In[], transducer: Transducer<In, Out>): Out[] {
  type Reduced = { "@@transducer/reduced"?: boolean; "@@transducer/value": Out[] };
  const appending: Transformer<Out[], Out> = {
    "@@transducer/init": () => [],
    "@@transducer/step": (result, value) => [...result, value],
    "@@transducer/result": (result) => result,
  };
  const steps = transducer(appending);
  let result = steps["@@transducer/init"]() as Out[] | Reduced;
  for (const value of values) {
    if ((result as Reduced)["@@transducer/reduced"]) break;
    result = steps["@@transducer/step"](result as Out[], value) as Out[] | Reduced;
  }
  const bare = (result as Reduced)["@@transducer/reduced"] ? (result as Reduced)["@@transducer/value"] : result;
  return steps["@@transducer/result"](bare as Out[]);
}

const anyStep: fc.Arbitrary<Transducer<number, number>> = fc.oneof(
  fc.integer({ min: -3, max: 3 }).map((by) => map((n: number) => n + by)),
  fc.integer({ min: 2, max: 3 }).map((by) => filter((n: number) => n % by !== 0)),
  fc.nat({ max: 3 }).map((times) => flatMap((n: number) => Array<number>(times).fill(n))),
  fc.constant(scan((total: number, n: number) => (total + n) % 10, 0)),
  fc.nat({ max: 12 }).map((n) => take<number>(n)),
  fc.nat({ max: 4 }).map((n) => drop<number>(n)),
  fc.integer({ min: 1, max: 9 }).map((n) => takeWhile((value: number) => value !== n)),
  fc.integer({ min: 1, max: 9 }).map((n) => dropWhile((value: number) => value < n)),
  fc.constant(distinct<number>()),
  fc.constant(dedupe<number>()),
  fc.constant(interpose<number, number>(0)),
  fc.integer({ min: 1, max: 3 }).map((n) => takeNth<number>(n)),
  // Steps that gather values are followed by a step that makes numbers of them: so the completion step shows.
  fc.integer({ min: 1, max: 4 }).map((n) =>
    compose(
      batch<number>(n),
      map((group) => group.length * 7 + group[0]!),
    ),
  ),
  fc.integer({ min: 1, max: 3 }).map((n) =>
    compose(
      window<number>(n),
      flatMap((held: number[]) => held),
    ),
  ),
  fc.constant(
    compose(
      partitionBy(even),
      map((run: number[]) => run.length),
    ),
  ),
);

/** Chains of one to six steps. */
const anyChain = fc
  .array(anyStep, { minLength: 1, maxLength: 6 })
  .map((steps) => steps.reduce((chain, step) => compose(chain, step)));

describe("through()", () => {
  test("yields what the transducer makes of an array, for any chain of steps and any kind of source", async () => {
    const values = fc.array(fc.integer({ min: -20, max: 20 }), { maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(anyChain, values, async (chain, given) => {
        const expected = over(given, chain);
        expect(await collect(through(from(given), chain))).toEqual(expected);
        expect(await stream(given).buffer(3).through(chain).collect()).toEqual(expected);
        expect(
          await collect(
            through(
              through(
                from(given),
                map((n: number) => n),
              ),
              chain,
            ),
          ),
        ).toEqual(expected);
      }),
      { numRuns: 300 },
    );
  });

  test("never takes more from its source than the transducer takes from an array", async () => {
    const length = fc.nat({ max: 30 });
    await fc.assert(
      fc.asyncProperty(anyChain, length, async (chain, length) => {
        using _ = virtualTime();
        let needed = 0;
        over(
          Array.from({ length }, (_, n) => n),
          compose(
            map((n: number) => {
              needed++;
              return n;
            }),
            chain,
          ),
        );
        const source = channel<number>(32);
        for (let n = 0; n < length; n++) source.trySend(n);
        source.close();
        await collect(through(source, chain));
        expect(source.length).toBe(length - needed);
      }),
    );
  });

  test("with take(0) anywhere in the chain is closed at once and consumes nothing (CB-5)", () => {
    using _ = virtualTime();
    const source = channel<number>(1);
    source.trySend(1);
    for (const none of [
      take<number>(0),
      compose(
        map((n: number) => n),
        take(0),
      ),
      compose(take<number>(0), batch(2)),
    ]) {
      const seen: ReceiveChannel<unknown> = through(source, none as Transducer<number, unknown>);
      expect([seen.closed, seen.tryReceive(), source.length, source.closed]).toEqual([true, CLOSED, 1, false]);
    }
  });

  test("with take(n) closes with its last value, and does not wait for another (CB-4)", async () => {
    using time = virtualTime();
    const source = channel<number>();
    const two = through(source, take<number>(2));
    const got = collect(two).then();
    await time.settle();
    source.trySend(1);
    await time.settle();
    source.trySend(2);
    expect([two.closed, queues(source), source.trySend(3), source.closed]).toEqual([true, noneParked, false, false]);
    expect(await got).toEqual([1, 2]);
  });

  test("yields what its steps held before it throws the cause of its source (CB-3)", async () => {
    using _ = virtualTime();
    const cause = new Error("broken");
    const source = channel<number>(4);
    for (const n of [1, 2, 3]) source.trySend(n);
    source.close(cause);
    const groups = through(source, batch<number>(2));
    expect([groups.tryReceive(), groups.tryReceive()]).toEqual([[1, 2], [3]]);
    expect(() => groups.tryReceive()).toThrow(cause);
  });

  test("throws the cause of its source rather than the error of the completion step (CB-3)", () => {
    using _ = virtualTime();
    const [first, second] = [new Error("first"), new Error("second")];
    const failing: Transducer<number, number> = (next) => ({
      ...next,
      "@@transducer/result": () => {
        throw second;
      },
    });
    const broken = channel<number>();
    broken.close(first);
    const ended = channel<number>();
    ended.close();
    expect(() => through(broken, failing).tryReceive()).toThrow(first);
    expect(() => through(ended, failing).tryReceive()).toThrow(second);
  });

  test("runs the completion step once, and not at all when it is cancelled (CH-31)", () => {
    using _ = virtualTime();
    let completed = 0;
    const counting: Transducer<number, number> = (next) => ({
      ...next,
      "@@transducer/result": (result) => {
        completed++;
        return next["@@transducer/result"](result);
      },
    });
    const whole = through(from([1]), counting);
    expect([whole.tryReceive(), whole.tryReceive(), whole.tryReceive()]).toEqual([1, CLOSED, CLOSED]);
    expect(completed).toBe(1);
    const left = through(from([1, 2]), counting);
    left.tryReceive();
    left.cancel();
    expect([left.tryReceive(), completed]).toEqual([CLOSED, 1]);
  });

  test("takes nothing from its source after it has lost a select (OP-6)", async () => {
    using time = virtualTime();
    const source = channel<number>();
    const evens = through(source, filter(even));
    const choice = select({ evens, late: sleep(5) }).then();
    await time.settle();
    expect(source.trySend(1)).toBe(true);
    await time.advance(5);
    expect([(await choice).key, queues(source), evens.tryReceive()]).toEqual(["late", noneParked, EMPTY]);
  });

  test("cancels its source as the option own says (CB-2)", () => {
    using _ = virtualTime();
    const [mine, given] = [channel<number>(), channel<number>()];
    const [kept, made] = [from([1]), from([1])];
    through(mine, take<number>(1)).cancel();
    through(given, take<number>(1), { own: true }).cancel();
    through(made, take<number>(1)).cancel();
    through(kept, take<number>(1), { own: false }).cancel();
    expect([mine, given, made, kept].map(({ closed }) => closed)).toEqual([false, true, true, false]);
  });

  test.each([undefined, {}, "map"])("refuses %o as a transducer", (step) => {
    expect(() => through(channel(), step as unknown as Transducer<unknown, unknown>)).toThrow(TypeError);
    expect(() => stream([]).through(step as unknown as Transducer<unknown, unknown>)).toThrow(TypeError);
  });
});

/** 0, 1, 2 and so on for ever, with a count of how often the generator was left. */
function endless(): { numbers: Generator<number>; left: () => number } {
  let left = 0;
  function* numbers(): Generator<number> {
    try {
      for (let n = 0; ; n++) yield n;
    } finally {
      left++;
    }
  }
  return { numbers: numbers(), left: () => left };
}

describe("an endless source", () => {
  test("is released when take() has its last value (CB-5, CB-11)", async () => {
    const { numbers, left } = endless();
    expect(await collect(through(from(numbers), take(3)))).toEqual([0, 1, 2]);
    expect(left()).toBe(1);
  });

  test("is released when a task that collects it is cancelled, although no value passes the filter (GO-5, CB-2)", async () => {
    // In real time: a slice of virtual time never ends.
    const { numbers, left } = endless();
    const task = go(function* (): Routine<unknown> {
      return yield* collect(
        through(
          from(numbers),
          filter((n: number) => n < 0),
        ),
      );
    });
    await sleep(5);
    task.cancel();
    await task.then(null, () => {});
    expect([task.status, left()]).toEqual(["cancelled", 1]);
  });
});

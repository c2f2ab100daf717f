import {
  type AsyncRoutine,
  type Channel,
  fanIn,
  flatPipeline,
  from,
  type Group,
  go,
  group,
  type Operation,
  type OwnedChannel,
  once,
  pipeline,
  type Routine,
  random,
  retry,
  type SendChannel,
  settled,
  singleflight,
  sleep,
  type Task,
  workers,
} from "millrace";
import { expectTypeOf, test } from "vitest";

declare const numbers: Channel<number>;

function* work(n: number): Routine<string> {
  yield* sleep(n);
  return "";
}

test("pipeline infers its results from every form of stage, without casts", () => {
  expectTypeOf(pipeline(2, numbers, (n) => `${n}`)).toEqualTypeOf<OwnedChannel<string>>();
  expectTypeOf(pipeline(2, numbers, (n) => Promise.resolve(`${n}`))).toEqualTypeOf<OwnedChannel<string>>();
  expectTypeOf(pipeline(2, numbers, async (n) => `${n}`)).toEqualTypeOf<OwnedChannel<string>>();
  expectTypeOf(pipeline(2, numbers, (n) => sleep(n).map(() => "late"))).toEqualTypeOf<OwnedChannel<string>>();
  expectTypeOf(pipeline(2, numbers, (n) => go(work, n))).toEqualTypeOf<OwnedChannel<string>>();
  expectTypeOf(pipeline(2, numbers, work)).toEqualTypeOf<OwnedChannel<string>>();
  expectTypeOf(pipeline(2, numbers, asyncWork)).toEqualTypeOf<OwnedChannel<string>>();
  async function* asyncWork(n: number): AsyncRoutine<string> {
    yield* sleep(n);
    return "";
  }
});

test("pipeline infers its results from a stage that is written in place", () => {
  const sync = pipeline(2, numbers, function* (n) {
    expectTypeOf(n).toEqualTypeOf<number>();
    expectTypeOf(yield* sleep(n)).toEqualTypeOf<void>();
    expectTypeOf(yield* settled(Promise.resolve(1n))).toEqualTypeOf<bigint>();
    return { n };
  });
  expectTypeOf(sync).toEqualTypeOf<OwnedChannel<{ n: number }>>();
  const async = pipeline(2, numbers, async function* (n) {
    yield* sleep(n);
    return [await Promise.resolve(n)];
  });
  expectTypeOf(async).toEqualTypeOf<OwnedChannel<number[]>>();
  const mixed = pipeline(2, numbers, (n) => (n > 1 ? "now" : sleep(n).map(() => "late")));
  expectTypeOf(mixed).toEqualTypeOf<OwnedChannel<string>>();
  expectTypeOf(pipeline(2, from(["a"]), (word) => word.length, { ordered: false })).toEqualTypeOf<
    OwnedChannel<number>
  >();
});

test("flatPipeline takes the type of its results from the stage's channel, or as written", () => {
  const letters = flatPipeline(2, from(["ab"]), function* (word, out: SendChannel<string>) {
    expectTypeOf(word).toEqualTypeOf<string>();
    for (const letter of word) expectTypeOf(yield* out.send(letter)).toEqualTypeOf<boolean>();
  });
  expectTypeOf(letters).toEqualTypeOf<OwnedChannel<string>>();
  const written = flatPipeline<number, bigint>(2, numbers, async function* (n, out) {
    yield* out.send(BigInt(n));
    // @ts-expect-error: no bigint
    yield* out.send(n);
  });
  expectTypeOf(written).toEqualTypeOf<OwnedChannel<bigint>>();
});

test("workers, fanIn", () => {
  const all = workers(2, numbers, function* (n, worker) {
    expectTypeOf([n, worker]).toEqualTypeOf<number[]>();
    yield* sleep(n);
  });
  expectTypeOf(all).toEqualTypeOf<Operation<void>>();
  const fed = fanIn<string>([
    function* (out) {
      expectTypeOf(out).toEqualTypeOf<SendChannel<string>>();
      yield* out.send("a");
    },
    async function* (out) {
      yield* out.send("a");
      // @ts-expect-error: no string
      yield* out.send(1);
    },
  ]);
  expectTypeOf(fed).toEqualTypeOf<OwnedChannel<string>>();
  expectTypeOf(
    fanIn([
      function* (out: SendChannel<number>) {
        yield* out.send(1);
      },
    ]),
  ).toEqualTypeOf<OwnedChannel<number>>();
});

test("group: the task is typed by its body, which gets its arguments", () => {
  const tasks = group({ limit: 2 });
  expectTypeOf(tasks).toEqualTypeOf<Group>();
  go(function* () {
    const task = yield* tasks.go(
      function* (a: number, b: string) {
        yield* sleep(a);
        return b;
      },
      1,
      "x",
    );
    expectTypeOf(task).toEqualTypeOf<Task<string>>();
    expectTypeOf(
      tasks.tryGo(async function* () {
        yield* sleep(1);
        return 1;
      }),
    ).toEqualTypeOf<Task<number> | undefined>();
    expectTypeOf(yield* tasks.wait()).toEqualTypeOf<void>();
    // @ts-expect-error: the body takes a number
    tasks.go(work, "x");
  });
});

test("retry, once, singleflight infer what they yield", () => {
  expectTypeOf(retry((n) => n)).toEqualTypeOf<Operation<number>>();
  expectTypeOf(retry(async (n) => [n])).toEqualTypeOf<Operation<number[]>>();
  const tried = retry(
    function* (n) {
      yield* sleep(n);
      return "x";
    },
    { when: (error, n) => error instanceof Error && n < 2 },
  );
  expectTypeOf(tried).toEqualTypeOf<Operation<string>>();
  expectTypeOf(once(() => ({ a: 1 }))).toEqualTypeOf<Operation<{ a: number }>>();
  const load = singleflight(async (id: number) => `${id}`, { keyOf: (id) => id % 2 });
  expectTypeOf(load).toEqualTypeOf<(key: number) => Operation<string>>();
  expectTypeOf(random()).toEqualTypeOf<number>();
});

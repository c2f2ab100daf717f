import {
  type AsyncRoutine,
  all,
  any,
  type Channel,
  type Closed,
  call,
  collect,
  fanIn,
  first,
  flatPipeline,
  from,
  type Group,
  go,
  group,
  hedge,
  type Input,
  latest,
  type Operation,
  type OwnedChannel,
  once,
  pausable,
  pipeline,
  type Routine,
  random,
  retry,
  run,
  type SendChannel,
  type Started,
  type Stream,
  scope,
  settled,
  singleflight,
  sleep,
  stream,
  type Task,
  WaitGroup,
  type Work,
  watch,
  withTimeout,
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
    const { task } = yield* tasks.go(
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

declare const url: string;
const load = async (path: string, signal: AbortSignal): Promise<Response> => fetch(path, { signal });

test("every runner takes every kind of work, and infers its result", () => {
  const by = async (signal: AbortSignal): Promise<number> => (signal.aborted ? 0 : 1);
  const kinds = { by, plain: () => 1, operation: sleep(1).map(() => 1), sync: () => sleep(1).map(() => 1) };
  for (const kind of [kinds.by, kinds.plain, kinds.operation, kinds.sync] as Work<number>[]) {
    expectTypeOf(go(kind)).toEqualTypeOf<Task<number>>();
    expectTypeOf(run(kind)).toEqualTypeOf<Promise<number>>();
    expectTypeOf(call(kind)).toEqualTypeOf<Operation<number>>();
    expectTypeOf(withTimeout(5, kind)).toEqualTypeOf<Operation<number>>();
    expectTypeOf(once(kind)).toEqualTypeOf<Operation<number>>();
    expectTypeOf(group().go(kind)).toEqualTypeOf<Operation<Started<number>>>();
    expectTypeOf(group().tryGo(kind)).toEqualTypeOf<Task<number> | undefined>();
    expectTypeOf(new WaitGroup().go(kind)).toEqualTypeOf<Task<number>>();
    scope(function* (s) {
      expectTypeOf(s.go(kind)).toEqualTypeOf<Task<number>>();
      yield* sleep(1);
    });
  }
  expectTypeOf(go(load, url)).toEqualTypeOf<Task<Response>>();
  expectTypeOf(call(load, url)).toEqualTypeOf<Operation<Response>>();
  expectTypeOf(go(async (signal) => fetch(url, { signal }))).toEqualTypeOf<Task<Response>>();
  expectTypeOf(settled((signal) => fetch(url, { signal }))).toEqualTypeOf<Operation<Response>>();
  expectTypeOf(withTimeout(5, numbers)).toEqualTypeOf<Operation<number | Closed>>();
  expectTypeOf(scope(async (s) => s.signal)).toEqualTypeOf<Operation<AbortSignal>>();
  expectTypeOf(pipeline(["a"], 2, load)).toEqualTypeOf<OwnedChannel<Response>>();
  expectTypeOf(latest(numbers, async (n, signal) => `${n}${signal.aborted}`)).toEqualTypeOf<OwnedChannel<string>>();
  expectTypeOf(retry(async (n, signal) => [n, signal.aborted] as const)).toEqualTypeOf<
    Operation<readonly [number, boolean]>
  >();
  // @ts-expect-error a plain yield performs nothing
  call(function* () {
    yield sleep(1);
  });
  // @ts-expect-error a plain yield performs nothing
  pipeline(numbers, 2, function* (n) {
    yield n;
  });
  // @ts-expect-error a generator is no function: write go(work, 3)
  go(work(3));
});

test("all and any infer from each piece of work", () => {
  expectTypeOf(all([async () => 1, sleep(1), () => work(1)])).toEqualTypeOf<Operation<[number, void, string]>>();
  expectTypeOf(all({ a: async () => 1, b: sleep(1) })).toEqualTypeOf<Operation<{ a: number; b: void }>>();
  expectTypeOf(any([async () => 1, () => work(1)])).toEqualTypeOf<Operation<number | string>>();
  all([async (signal) => expectTypeOf(signal).toEqualTypeOf<AbortSignal>()]);
  expectTypeOf(hedge(async (n) => `${n}`, { after: 5 })).toEqualTypeOf<Operation<string>>();
  const many: Work<number>[] = [];
  expectTypeOf(any(many)).toEqualTypeOf<Operation<number>>();
});

test("every reader takes every kind of source, and a pipeline both orders of its arguments", () => {
  const sources = [numbers, [1], new Set([1]), stream([1]), from([1])] as const;
  for (const source of sources as readonly Input<number>[]) {
    expectTypeOf(collect(source)).toEqualTypeOf<Operation<number[]>>();
    expectTypeOf(first(source)).toEqualTypeOf<Operation<number | Closed>>();
    expectTypeOf(pipeline(source, 2, (n) => `${n}`)).toEqualTypeOf<OwnedChannel<string>>();
    expectTypeOf(pipeline(2, source, (n) => `${n}`)).toEqualTypeOf<OwnedChannel<string>>();
    expectTypeOf(workers(source, Number.POSITIVE_INFINITY, (n) => n)).toEqualTypeOf<Operation<void>>();
    expectTypeOf(pausable(source, watch(false))).toEqualTypeOf<OwnedChannel<number>>();
  }
  expectTypeOf(collect(numbers)).toEqualTypeOf<Operation<number[]>>();
  expectTypeOf(collect([1])).toEqualTypeOf<Operation<number[]>>();
  expectTypeOf(collect(stream([1]))).toEqualTypeOf<Operation<number[]>>();
  expectTypeOf(stream([1]).zip(["a"])).toEqualTypeOf<Stream<[number, string]>>();
  // @ts-expect-error a number cannot be read
  collect(5);
});

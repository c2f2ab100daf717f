// `undefined` as an error: it is thrown, or a promise rejects with it. It is never a clean end (CB-3).

import {
  all,
  always,
  any,
  type Channel,
  CLOSED,
  call,
  channel,
  collect,
  combineLatest,
  concat,
  derive,
  exhaust,
  fanIn,
  first,
  flatPipeline,
  forEach,
  from,
  go,
  hedge,
  latest,
  merge,
  mix,
  type Operation,
  partition,
  pipe,
  pipeline,
  produce,
  publish,
  type ReceiveChannel,
  reduce,
  retry,
  type SendChannel,
  scope,
  split,
  stream,
  through,
  watch,
  withTimeout,
  workers,
  zip,
} from "millrace";
import { map } from "millrace/transducers";
import { describe, expect, test } from "vitest";
import { virtualTime } from "../support/virtual.js";
import { subjects } from "./subjects.js";

const oops = (): never => {
  throw undefined;
};

/** A source that yields 1 and then fails with `undefined`. */
function failing(): ReceiveChannel<number> {
  let begun = false;
  return derive<void, number>({
    next() {
      if (begun) oops();
      begun = true;
      return always(undefined);
    },
    accept: (_, to) => to.emit(1),
  });
}

/** Code of the user that fails with `undefined`, in each combinator that takes a function. */
const inside: Readonly<Record<string, () => ReceiveChannel<unknown> | Operation<unknown>>> = {
  "produce(), function*": () =>
    produce<number>(function* (out) {
      yield* out.send(1);
      oops();
    }),
  "produce(), async function*": () =>
    produce<number>(async function* (out) {
      yield* out.send(1);
      await Promise.reject();
    }),
  "fanIn()": () =>
    fanIn<number>([
      function* (out) {
        yield* out.send(1);
        oops();
      },
    ]),
  "pipeline() of values": () => pipeline(1, from([1, 2, 3]), (n) => (n === 2 ? oops() : n)),
  "pipeline() of promises": () => pipeline(1, from([1, 2, 3]), async (n) => (n === 2 ? Promise.reject() : n)),
  "flatPipeline()": () =>
    flatPipeline(1, from([1, 2]), function* (n, out: SendChannel<number>) {
      yield* out.send(n);
      if (n === 2) oops();
    }),
  "latest()": () => latest(from([1]), oops),
  "exhaust() of promises": () => exhaust(from([1]), () => Promise.reject()),
  "split()": () => split(from([1, 2]), (n) => (n === 2 ? oops() : true))[0],
  "partition()": () => partition(from([2]), oops),
  "publish()": () => publish(from([2]), (): string => oops()).subscribe("topic"),
  "through()": () => through(from([1, 2]), map(oops)),
  "stream().map()": () =>
    stream(from([1]))
      .map(oops)
      .collect(),
  "an iterator": () =>
    from(
      (function* () {
        yield 1;
        oops();
      })(),
    ),
  "an async iterator": () =>
    from(
      (async function* () {
        yield 1;
        await Promise.reject();
      })(),
    ),
  "a web stream": () =>
    from(
      new ReadableStream<number>({
        pull(controller) {
          controller.error();
        },
      }),
    ),
  "an observable": () =>
    from({ subscribe: (observer) => void (observer as { error?(error?: unknown): void }).error?.() }),
  "reduce()": () => reduce(from([1]), oops, 0),
  "forEach()": () => forEach(from([1]), oops),
  "forEach() of promises": () => forEach(from([1]), () => Promise.reject()),
  "workers()": () => workers(1, from([1]), oops),
  "first()": () => first(pipeline(from([1]), 1, oops)),
  "call()": () => call(oops),
  "call() of a promise": () => call(() => Promise.reject()),
  "all()": () => all([oops]),
  "any()": () => any([oops, () => Promise.reject()]),
  "hedge()": () => hedge(() => Promise.reject(), { after: 5 }),
  "withTimeout()": () => withTimeout(5, oops),
  "scope()": () => scope(oops),
  "retry()": () => retry(() => Promise.reject(), { attempts: 1 }),
  "watch().until()": () => watch(1).until(oops),
};

/** Reads to the end; tells a clean end from a failure, whatever the failure is. */
async function endOf(made: ReceiveChannel<unknown> | Operation<unknown>): Promise<"clean" | "failed"> {
  try {
    if ("receive" in made) while ((await made.receive()) !== CLOSED);
    else await made;
    return "clean";
  } catch {
    return "failed";
  }
}

test.each(Object.entries(inside))("undefined that is thrown in %s is no clean end (CB-3)", async (_, make) => {
  using time = virtualTime();
  const end = endOf(make());
  await time.advance(1000);
  expect(await end).toBe("failed");
  expect(time.timers).toBe(0);
});

describe.each(subjects)("$name", ({ name, inputs, make }) => {
  test("a source that fails with undefined is no clean end (CB-3)", async () => {
    using time = virtualTime();
    const sources = Array.from({ length: inputs }, () => failing());
    const outputs = make(...sources) as (ReceiveChannel<unknown> & Partial<Channel<unknown>>)[];
    const ends = outputs.map(endOf);
    await time.advance(1000);
    expect([name, await Promise.all(ends)]).toEqual([name, outputs.map(() => "failed")]);
    expect(time.timers).toBe(0);
  });
});

const over: Readonly<Record<string, (source: ReceiveChannel<number>) => ReceiveChannel<unknown> | Operation<unknown>>> =
  {
    "merge()": (source) => merge([source, channel<number>()]),
    "zip()": (source) => zip([source, from([1, 2, 3])]),
    "combineLatest()": (source) => combineLatest([source, from([1, 2])]),
    "concat()": (source) => concat([from([0]), source]),
    "mix() of a muted input": (source) => {
      const mixed = mix<number>();
      mixed.add(source, { mute: true });
      return mixed.out;
    },
    "collect()": (source) => collect(source),
    "pipe() without close": (source) => pipe(source, channel<number>(8), { close: false }),
  };

test.each(Object.entries(over))(
  "%s over a source that fails with undefined has no clean end (CB-3)",
  async (_, make) => {
    using time = virtualTime();
    const end = endOf(make(failing()));
    await time.advance(1000);
    expect(await end).toBe("failed");
  },
);

test("receivers get an Error in place of undefined (CB-3)", async () => {
  const out = pipeline(1, from([1]), () => Promise.reject());
  await expect(out.receive().then()).rejects.toThrow(
    "Failed without an error: undefined was thrown, or a promise rejected with it",
  );
  const joined = await go(function* () {
    try {
      return yield* collect(produce<number>(oops));
    } catch (error) {
      return error;
    }
  });
  expect(joined).toBeInstanceOf(Error);
});

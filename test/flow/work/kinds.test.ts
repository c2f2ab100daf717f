// Everything that runs something, with every kind of work. One table of runners, one of kinds.

import {
  type AsyncRoutine,
  all,
  any,
  call,
  collect,
  exhaust,
  fanIn,
  flatPipeline,
  forEach,
  go,
  group,
  hedge,
  latest,
  type Operation,
  once,
  pipeline,
  produce,
  type ReceiveChannel,
  type Routine,
  retry,
  run,
  scope,
  select,
  singleflight,
  sleep,
  WaitGroup,
  type Work,
  withTimeout,
  workers,
} from "millrace";
import { describe, expect, test } from "vitest";
import { virtualTime } from "../../support/virtual.js";

/** What the work of a test noted, and the signals that it got. */
class Notes {
  readonly log: string[] = [];
  readonly signals: AbortSignal[] = [];

  signal(args: readonly unknown[]): AbortSignal {
    const signal = args.at(-1) as AbortSignal;
    expect(signal).toBeInstanceOf(AbortSignal);
    this.signals.push(signal);
    signal.addEventListener("abort", () => this.log.push("given up"));
    return signal;
  }
}

function* routine(notes: Notes, ms: number, error: unknown): Routine<string> {
  let done = false;
  notes.log.push("begun");
  try {
    yield* sleep(ms);
    done = true;
    if (error !== undefined) throw error;
    notes.log.push("done");
    return "result";
  } finally {
    if (!done) notes.log.push("given up");
  }
}

async function* asyncRoutine(notes: Notes, ms: number, error: unknown): AsyncRoutine<string> {
  return yield* routine(notes, ms, error);
}

async function promise(notes: Notes, ms: number, error: unknown): Promise<string> {
  notes.log.push("begun");
  await sleep(ms);
  if (error !== undefined) throw error;
  notes.log.push("done");
  return "result";
}

type Made = Work<string, unknown[]>;

/** Each kind of work: it takes `ms`, and then yields "result" or throws the error. */
const kinds: readonly { kind: string; make: (notes: Notes, ms: number, error?: unknown) => Made }[] = [
  {
    kind: "a function*",
    make: (notes, ms, error) =>
      function* work() {
        return yield* routine(notes, ms, error);
      },
  },
  {
    kind: "an async function*",
    make: (notes, ms, error) =>
      async function* work() {
        return yield* asyncRoutine(notes, ms, error);
      },
  },
  {
    kind: "an async function",
    make:
      (notes, ms, error) =>
      async (...args: unknown[]) => {
        notes.signal(args);
        return promise(notes, ms, error);
      },
  },
  {
    kind: "a function that returns a promise",
    make: (notes, ms, error) =>
      function work() {
        // biome-ignore lint/complexity/noArguments: the signal is found in any way
        notes.signal([...arguments]);
        return promise(notes, ms, error);
      },
  },
  { kind: "a function that returns a routine", make: (notes, ms, error) => () => routine(notes, ms, error) },
  {
    kind: "a function that returns an async routine",
    make: (notes, ms, error) => () => asyncRoutine(notes, ms, error),
  },
  { kind: "a function that returns an operation", make: (notes, ms, error) => () => operation(notes, ms, error) },
  {
    kind: "a function with a signal that returns an operation",
    make:
      (notes, ms, error) =>
      (...args: unknown[]) => {
        notes.signal(args);
        notes.log.push("begun");
        return sleep(ms).map(() => {
          if (error !== undefined) throw error;
          notes.log.push("done");
          return "result";
        });
      },
  },
  { kind: "an operation", make: operation },
  { kind: "a bound function*", make: (notes, ms, error) => routine.bind(null, notes, ms, error) },
];

/** An operation that notes that it was given up by leaving the timer. */
function operation(notes: Notes, ms: number, error?: unknown): Operation<string> {
  return call(routine, notes, ms, error);
}

interface Running {
  readonly done: Promise<unknown>;
  readonly cancel: () => void;
}

function performing(operation: Operation<unknown>): Running {
  const task = go(function* performer() {
    return yield* operation;
  });
  return { done: task.then(), cancel: () => task.cancel() };
}

function reading(output: ReceiveChannel<unknown>): Running {
  return { done: collect(output).then(), cancel: () => output.cancel() };
}

/** Everything that runs something; `result` is what it makes of "result". */
const runners: readonly { runner: string; begin: (work: Made) => Running; result: unknown; wraps?: boolean }[] = [
  { runner: "call()", begin: (work) => performing(call(work)), result: "result" },
  { runner: "scope()", begin: (work) => performing(scope(work)), result: "result" },
  {
    runner: "go() of a scope",
    begin: (work) =>
      performing(
        scope(function* (s) {
          return yield* s.go(work);
        }),
      ),
    result: "result",
  },
  { runner: "withTimeout()", begin: (work) => performing(withTimeout(1000, work)), result: "result" },
  {
    runner: "call() in select()",
    begin: (work) => performing(select({ work: call(work), late: sleep(1000) }).map(({ value }) => value)),
    result: "result",
  },
  { runner: "retry()", begin: (work) => performing(retry(work, { attempts: 1 })), result: "result" },
  { runner: "once()", begin: (work) => performing(once(work)), result: "result" },
  { runner: "singleflight()", begin: (work) => performing(singleflight<number, string>(work)(1)), result: "result" },
  { runner: "all()", begin: (work) => performing(all([work])), result: ["result"] },
  { runner: "any()", begin: (work) => performing(any([work])), result: "result", wraps: true },
  {
    runner: "hedge()",
    begin: (work) => performing(hedge(work, { after: 1000, attempts: 1 })),
    result: "result",
    wraps: true,
  },
  { runner: "forEach()", begin: (work) => performing(forEach([1], work)), result: undefined },
  { runner: "workers()", begin: (work) => performing(workers([1], 2, work)), result: undefined },
  { runner: "pipeline()", begin: (work) => reading(pipeline([1], 2, work)), result: ["result"] },
  { runner: "flatPipeline()", begin: (work) => reading(flatPipeline([1], 2, work)), result: [] },
  { runner: "latest()", begin: (work) => reading(latest([1], work)), result: ["result"] },
  { runner: "exhaust()", begin: (work) => reading(exhaust([1], work)), result: ["result"] },
  { runner: "produce()", begin: (work) => reading(produce(work)), result: [] },
  { runner: "fanIn()", begin: (work) => reading(fanIn([work])), result: [] },
  {
    runner: "go()",
    begin(work) {
      const task = go(work);
      return { done: task.then(), cancel: () => task.cancel() };
    },
    result: "result",
  },
  {
    runner: "go() of a WaitGroup",
    begin(work) {
      const task = new WaitGroup().go(work);
      return { done: task.then(), cancel: () => task.cancel() };
    },
    result: "result",
  },
  {
    runner: "go() of a group",
    begin(work) {
      const tasks = group();
      const started = tasks.go(work).then(({ task }) => task.then());
      return { done: started, cancel: () => tasks.cancel() };
    },
    result: "result",
  },
  {
    runner: "tryGo() of a group",
    begin(work) {
      const tasks = group();
      return { done: tasks.tryGo(work)!.then(), cancel: () => tasks.cancel() };
    },
    result: "result",
  },
];

describe.each(runners)("$runner", ({ begin, result, wraps = false }) => {
  test.each(kinds)("runs $kind to its end, and leaves its signal alone (WK-1, WK-2)", async ({ make }) => {
    using time = virtualTime();
    const notes = new Notes();
    const { done } = begin(make(notes, 10));
    expect(notes.log).toEqual([]);
    await time.advance(10);
    expect(await done).toEqual(result);
    await time.settle();
    expect(notes.log).toEqual(["begun", "done"]);
    expect(notes.signals.map(({ aborted }) => aborted)).toEqual(notes.signals.map(() => false));
    expect([time.timers, time.reported]).toEqual([0, []]);
  });

  test.each(kinds)("throws the error of $kind once", async ({ make }) => {
    using time = virtualTime();
    const error = new Error("work");
    const { done } = begin(make(new Notes(), 10, error));
    const failed = done.then(
      () => "none",
      (thrown) => (wraps ? (thrown as AggregateError).errors : thrown),
    );
    await time.advance(10);
    expect(await failed).toEqual(wraps ? [error] : error);
    await time.advance(2000);
    expect(time.reported).toEqual([]);
  });

  test.each(kinds)("gives up $kind when it is cancelled (WK-2, WK-3)", async ({ make }) => {
    using time = virtualTime();
    const notes = new Notes();
    const { done, cancel } = begin(make(notes, 10));
    const over = done.then(
      () => {},
      () => {},
    );
    await time.advance(5);
    cancel();
    await time.settle();
    expect(notes.log).toEqual(["begun", "given up"]);
    await over;
    if (notes.signals.length === 0) expect(time.timers).toBe(0);
    await time.advance(2000);
    expect(time.reported).toEqual([]);
  });
});

describe("run()", () => {
  test.each(kinds)("runs $kind to its end", async ({ make }) => {
    using time = virtualTime();
    const notes = new Notes();
    const done = run(make(notes, 10));
    await time.advance(10);
    expect([await done, notes.log]).toEqual(["result", ["begun", "done"]]);
  });
});

describe("withTimeout()", () => {
  test.each(kinds)("gives up $kind that is late, and throws a TimeoutError (WK-2)", async ({ make }) => {
    using time = virtualTime();
    const notes = new Notes();
    const late = expect(withTimeout(5, make(notes, 10)).then()).rejects.toThrow("took longer than 5 ms");
    await time.advance(5);
    await late;
    expect(notes.log).toEqual(["begun", "given up"]);
    await time.advance(10); // the promises go on
  });
});

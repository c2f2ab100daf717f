// A combinator that takes over an owned source releases it however it ends, also if it is cancelled before its first turn.

import {
  always,
  batch,
  buffer,
  channel,
  collect,
  delay,
  exhaust,
  first,
  flatPipeline,
  forEach,
  go,
  latest,
  type Operation,
  pausable,
  pipe,
  pipeline,
  type ReceiveChannel,
  type Routine,
  reduce,
  select,
  stream,
  watch,
  workers,
} from "millrace";
import { describe, expect, test } from "vitest";
import { watched } from "../../support/flow.js";
import { virtualTime } from "../../support/virtual.js";

type Source = ReceiveChannel<number>;

const operations: { name: string; make: (source: Source) => Operation<unknown> }[] = [
  { name: "collect()", make: (source) => collect(source) },
  { name: "reduce()", make: (source) => reduce(source, (sum, n) => sum + n, 0) },
  { name: "first()", make: (source) => first(source) },
  { name: "forEach()", make: (source) => forEach(source, () => {}) },
  { name: "workers()", make: (source) => workers(2, source, () => {}) },
  { name: "stream().collect()", make: (source) => stream(source).collect() },
];

describe.each(operations)("$name", ({ make }) => {
  test("releases its source when it loses a select that polled it, and not when it was not polled (CB-2)", async () => {
    using time = virtualTime();
    const { source, released } = watched(1, 2, 3);
    const choice = go(function* (): Routine<string> {
      return (yield* select({ ready: always(1), flow: make(source) }, { mode: "priority" })).key;
    });
    await time.settle();
    expect([await choice, released.length]).toEqual(["ready", 0]);
    const other = watched(1, 2, 3);
    const second = go(function* (): Routine<string> {
      return (yield* select({ flow: make(other.source), ready: always(1) }, { mode: "priority" })).key;
    });
    await time.settle();
    expect([await second, other.released.length]).toEqual(["ready", 1]);
  });

  test("releases its source when its task is cancelled before a value is read (CB-2)", async () => {
    using time = virtualTime();
    const { source, released } = watched(1, 2, 3);
    const task = go(function* (): Routine<void> {
      yield* make(source);
    });
    const canceller = go(function* (): Routine<void> {
      task.cancel();
    });
    await time.settle();
    await canceller;
    expect([task.status, released.length, time.reported]).toEqual(["cancelled", 1, []]);
  });
});

const channels: { name: string; make: (source: Source) => ReceiveChannel<unknown> }[] = [
  { name: "pipeline()", make: (source) => pipeline(2, source, (n) => n) },
  { name: "flatPipeline()", make: (source) => flatPipeline(2, source, (n, out) => void out.trySend(n)) },
  { name: "latest()", make: (source) => latest(source, (n) => n) },
  { name: "exhaust()", make: (source) => exhaust(source, (n) => n) },
  { name: "pausable()", make: (source) => pausable(source, watch(false)) },
  { name: "batch()", make: (source) => batch(source, 2, 10) },
  { name: "delay()", make: (source) => delay(source, 10) },
  { name: "buffer()", make: (source) => buffer(source, 2) },
];

test.each(channels)(
  "$name that is cancelled in the step in which it is made releases its source (CB-2)",
  async ({ make }) => {
    using time = virtualTime();
    const { source, released } = watched(1, 2, 3);
    make(source).cancel();
    await time.settle();
    expect(released.length).toBe(1);
  },
);

test("pipe() that is cancelled before its first turn releases its source, and leaves its sink open (CB-2)", async () => {
  using time = virtualTime();
  const { source, released } = watched(1, 2, 3);
  const to = channel<number>();
  const task = pipe(source, to);
  task.cancel();
  await time.settle();
  expect([task.status, released.length, to.closed]).toEqual(["cancelled", 1, false]);
});

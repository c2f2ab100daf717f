// Whoever takes over a source that it owns releases it in every ending, also when it is given up before its first turn.

import {
  always,
  batch,
  buffer,
  channel,
  collect,
  delay,
  flatPipeline,
  forEach,
  go,
  type Operation,
  pipe,
  pipeline,
  type ReceiveChannel,
  type Routine,
  reduce,
  select,
  stream,
  workers,
} from "millrace";
import { describe, expect, test } from "vitest";
import { watched } from "../support/flow.js";
import { virtualTime } from "../support/virtual.js";

type Source = ReceiveChannel<number>;

const operations: { name: string; make: (source: Source) => Operation<unknown> }[] = [
  { name: "collect", make: (source) => collect(source) },
  { name: "reduce", make: (source) => reduce(source, (sum, n) => sum + n, 0) },
  { name: "forEach", make: (source) => forEach(source, () => {}) },
  { name: "workers", make: (source) => workers(2, source, () => {}) },
  { name: "stream(…).collect", make: (source) => stream(source).collect() },
];

describe.each(operations)("CB-2: $name", ({ make }) => {
  test("that loses a choice as soon as it is made releases its source in that step", async () => {
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

  test("whose task is cancelled before anything happens releases its source", async () => {
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
  { name: "pipeline", make: (source) => pipeline(2, source, (n) => n) },
  { name: "flatPipeline", make: (source) => flatPipeline(2, source, (n, out) => void out.trySend(n)) },
  { name: "batch", make: (source) => batch(source, 2, 10) },
  { name: "delay", make: (source) => delay(source, 10) },
  { name: "buffer", make: (source) => buffer(source, 2) },
];

test.each(channels)("CB-2: $name cancelled in the step in which it is made releases its source", async ({ make }) => {
  using time = virtualTime();
  const { source, released } = watched(1, 2, 3);
  make(source).cancel();
  await time.settle();
  expect(released.length).toBe(1);
});

test("CB-2: pipe cancelled before its first turn releases its source, and leaves the other side open", async () => {
  using time = virtualTime();
  const { source, released } = watched(1, 2, 3);
  const to = channel<number>();
  const task = pipe(source, to);
  task.cancel();
  await time.settle();
  expect([task.status, released.length, to.closed]).toEqual(["cancelled", 1, false]);
});

// A channel that is owned is cancelled by its reader when that leaves early (rule CB-2).

import {
  broadcast,
  type Channel,
  channel,
  derive,
  from,
  fromEvent,
  merge,
  pipeline,
  produce,
  type ReceiveChannel,
  sample,
  sleep,
  split,
  through,
  ticker,
  timeout,
} from "millrace";
import { map } from "millrace/transducers";
import { describe, expect, test } from "vitest";

const source = (): Channel<number> => channel<number>(1);

const owned: readonly (readonly [name: string, make: () => ReceiveChannel<unknown>])[] = [
  ["channel(0, { owned: true })", () => channel(0, { owned: true })],
  ["derive()", () => derive({ next: () => sleep(1), accept: () => {} })],
  ["produce()", () => produce(function* () {})],
  ["from()", () => from([1, 2])],
  ["fromEvent()", () => fromEvent(new EventTarget(), "click")],
  ["merge()", () => merge([source()])],
  [
    "through()",
    () =>
      through(
        source(),
        map((n: number) => n),
      ),
  ],
  ["pipeline()", () => pipeline(1, source(), (n) => n)],
  ["a subscription of broadcast()", () => broadcast(source()).subscribe()],
  ["an output of split()", () => split(source(), (n) => n > 1)[0]],
  ["sample()", () => sample(source(), 5)],
];

const others: readonly (readonly [name: string, make: () => ReceiveChannel<unknown>])[] = [
  ["channel()", () => channel()],
  ["channel(0, { owned: false })", () => channel(0, { owned: false })],
  ["timeout()", () => timeout(5)],
  ["ticker()", () => ticker(5)],
];

describe("owned", () => {
  test.each(owned)("is true for %s", (_, make) => {
    const made = make();
    expect(made.owned).toBe(true);
    made.cancel();
  });

  test.each(others)("is not true for %s", (_, make) => {
    const made = make();
    expect(made.owned === true).toBe(false);
    made.cancel();
  });

  test.each([
    [true, true],
    [false, false],
  ])("channel() with owned: %s is closed by an early end of `for await`: %s (CB-2)", async (owned, closed) => {
    const numbers = channel<number>(2, { owned });
    for (const n of [1, 2]) numbers.trySend(n);
    for await (const _ of numbers) break;
    expect(numbers.closed).toBe(closed);
  });
});

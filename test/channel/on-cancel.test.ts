// `channel({ onCancel })`: the producer's end of `cancel` (CH-25).

import { CLOSED, channel, go, type Routine } from "millrace";
import { map } from "millrace/transducers";
import { describe, expect, test } from "vitest";
import { virtualTime } from "../support/virtual.js";

type Hooks = { onCancel?: (reason: unknown) => void; onUndelivered?: (value: number) => void };

const kinds = [
  { kind: "a rendezvous channel", make: (hooks: Hooks) => channel<number>(0, hooks) },
  { kind: "a buffered channel", make: (hooks: Hooks) => channel<number>(2, hooks) },
  {
    kind: "a channel with a transform",
    make: (hooks: Hooks) => channel<number, number>(2, { ...hooks, transform: map((n: number) => n) }),
  },
];

describe.each(kinds)("onCancel of $kind", ({ make }) => {
  test("onCancel is called in the step of Channel.cancel(), with the reason (CH-25)", () => {
    using _ = virtualTime();
    const reasons: unknown[] = [];
    const ch = make({ onCancel: (reason) => void reasons.push(reason) });
    const reason = new Error("enough");
    ch.cancel(reason);
    expect(reasons).toEqual([reason]);
  });

  test("onCancel is called once, and not if the channel was closed before (CH-25)", () => {
    using _ = virtualTime();
    const reasons: unknown[] = [];
    const [cancelled, closed] = [0, 1].map(() => make({ onCancel: (reason) => void reasons.push(reason) }));
    cancelled!.cancel(1);
    cancelled!.cancel(2);
    closed!.close();
    closed!.cancel(3);
    expect(reasons).toEqual([1]);
  });

  test("onCancel is not called when the channel is closed (CH-25)", () => {
    using _ = virtualTime();
    let called = 0;
    const ch = make({ onCancel: () => void called++ });
    ch.close(new Error("cause"));
    expect(called).toBe(0);
  });

  test("onCancel is called after parked tasks are released and stored values are reported (CH-25)", async () => {
    using time = virtualTime();
    const log: string[] = [];
    const ch = make({
      onUndelivered: (value) => void log.push(`undelivered ${value}`),
      onCancel() {
        log.push(`cancelled, closed: ${ch.closed}, ${ch.tryReceive() === CLOSED}, ${ch.trySend(9)}`);
      },
    });
    const stored = ch.capacity;
    for (let n = 0; n < stored; n++) ch.trySend(n);
    const sender = go(function* (): Routine<void> {
      log.push(`sent ${yield* ch.send(7)}`);
    });
    await time.settle();
    ch.cancel();
    log.push("cancel returned");
    await sender;
    expect(log).toEqual([
      ...Array.from({ length: stored }, (_, n) => `undelivered ${n}`),
      "cancelled, closed: true, true, false",
      "cancel returned",
      "sent false",
    ]);
  });

  test("parked receivers are released before onCancel is called (CH-25)", async () => {
    using time = virtualTime();
    const log: string[] = [];
    const ch = make({ onCancel: () => void log.push("cancelled") });
    const receiver = go(function* (): Routine<void> {
      log.push(`got ${String(yield* ch.receive())}`);
    });
    await time.settle();
    ch.cancel();
    expect(receiver.status).toBe("ready");
    await receiver;
    expect(log).toEqual(["cancelled", `got ${String(CLOSED)}`]);
  });

  test("an error of onCancel is reported, and does not reach the code that cancels the channel (CH-25)", async () => {
    using time = virtualTime();
    const error = new Error("hook");
    const ch = make({
      onCancel() {
        throw error;
      },
    });
    const sent = Array.from({ length: ch.capacity + 1 }, (_, n) => ch.send(n).then());
    await time.settle();
    ch.cancel();
    expect(time.reported).toEqual([error]);
    expect((await Promise.all(sent)).at(-1)).toBe(false);
    expect([ch.closed, ch.length, ch.tryReceive()]).toEqual([true, 0, CLOSED]);
    expect(() => ch.cancel()).not.toThrow();
  });

  test("onCancel is called although onUndelivered throws (CH-25)", () => {
    using time = virtualTime();
    let called = 0;
    const error = new Error("report");
    const ch = make({
      onUndelivered() {
        throw error;
      },
      onCancel: () => void called++,
    });
    const stored = ch.trySend(1);
    ch.cancel();
    expect(time.reported).toEqual(stored ? [error] : []);
    expect(called).toBe(1);
  });
});

test("channel() throws a TypeError if onCancel is not a function", () => {
  expect(() => channel(0, { onCancel: 5 as never })).toThrow(
    "Cannot create channel: onCancel must be a function, got 5",
  );
});

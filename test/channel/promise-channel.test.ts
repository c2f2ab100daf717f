import { CLOSED, channel, EMPTY, go, promiseChannel, select } from "millrace";
import { describe, expect, test } from "vitest";
import { ask, forms, noneParked, queues } from "../support/model.js";
import { virtualTime } from "../support/virtual.js";

describe.each(forms)("promiseChannel(), $form", ({ start }) => {
  test("CH-19: the first send wins, and later sends complete true and are ignored", async () => {
    using time = virtualTime();
    const ch = promiseChannel<number>();
    const sent: unknown[] = [];
    start(function* () {
      for (const n of [1, 2, 3]) sent.push(yield* ask(ch.send(n)));
      sent.push(ch.trySend(4));
    });
    await time.settle();
    expect(sent).toEqual([true, true, true, true]);
    expect(ch.tryReceive()).toBe(1);
    expect(ch.length).toBe(1);
  });

  test("CH-19: every receive, for ever, yields that value, and all that were parked are released at once, in order", async () => {
    using time = virtualTime();
    const ch = promiseChannel<string>();
    const got: unknown[] = [];
    for (let n = 0; n < 3; n++) {
      start(function* () {
        got.push([n, yield* ask(n === 1 ? select({ ch }).map(({ value }) => value) : ch.receive())]);
      });
    }
    await time.settle();
    ch.trySend("it");
    expect(got).toEqual([]);
    await time.settle();
    expect(got).toEqual([
      [0, "it"],
      [1, "it"],
      [2, "it"],
    ]);
    ch.close();
    ch.close(new Error("too late to matter"));
    start(function* () {
      for (let n = 0; n < 3; n++) got.push(yield* ask(ch.receive()));
    });
    await time.settle();
    expect(got.slice(3)).toEqual(["it", "it", "it"]);
  });

  test("CH-19: closed before any send, every receiver gets CLOSED, and sends complete false", async () => {
    using time = virtualTime();
    const ch = promiseChannel<string>();
    const got: unknown[] = [];
    for (let n = 0; n < 2; n++) {
      start(function* () {
        got.push(yield* ask(ch.receive()));
      });
    }
    await time.settle();
    expect(ch.close()).toBe(true);
    expect(ch.close()).toBe(false);
    start(function* () {
      got.push(yield* ask(ch.receive()));
      got.push(yield* ask(ch.send("late")));
    });
    await time.settle();
    expect(got).toEqual([CLOSED, CLOSED, CLOSED, false]);
    expect(ch.trySend("late")).toBe(false);
  });
});

describe("promiseChannel()", () => {
  test("CH-19: a try does not consume; before the first send it reports EMPTY", () => {
    const ch = promiseChannel<number>();
    expect([ch.tryReceive(), ch.length, ch.capacity, ch.closed]).toEqual([EMPTY, 0, 1, false]);
    ch.trySend(5);
    expect([ch.tryReceive(), ch.tryReceive(), ch.length]).toEqual([5, 5, 1]);
  });

  test("CH-19, CH-9: the value may be undefined", async () => {
    const ch = promiseChannel<undefined>();
    ch.trySend(undefined);
    expect(ch.tryReceive()).toBe(undefined);
    expect(ch.length).toBe(1);
    expect(await ch.receive()).toBe(undefined);
  });

  test("CH-19, CH-9: CLOSED is no value here either: Channel.send() and trySend() refuse it with a TypeError", () => {
    const ch = promiseChannel<unknown>();
    expect(() => ch.send(CLOSED)).toThrow(TypeError);
    expect(() => ch.trySend(CLOSED)).toThrow(TypeError);
    expect(ch.tryReceive()).toBe(EMPTY);
  });

  test("CH-19, CH-24: closed with a cause before any send, every receive throws it", async () => {
    using _ = virtualTime();
    const ch = promiseChannel<number>();
    const cause = new Error("noneParked answered");
    ch.close(cause);
    await expect(ch.receive().then()).rejects.toBe(cause);
    expect(() => ch.tryReceive()).toThrow(cause);
  });

  test("CH-19, CH-25: Channel.cancel() discards the value", async () => {
    using time = virtualTime();
    const ch = promiseChannel<number>();
    ch.trySend(1);
    ch.cancel();
    expect([ch.closed, ch.length, ch.tryReceive()]).toEqual([true, 0, CLOSED]);
    const open = promiseChannel<number>();
    let got: unknown;
    go(function* () {
      got = yield* open.receive();
    });
    await time.settle();
    open.cancel();
    await time.settle();
    expect(got).toBe(CLOSED);
  });

  test("CH-19, CH-26: Channel.whenClosed() completes when it closes, not when it has its value", async () => {
    using time = virtualTime();
    const ch = promiseChannel<number>();
    let closed = false;
    go(function* () {
      yield* ch.whenClosed();
      closed = true;
    });
    ch.trySend(1);
    await time.settle();
    expect(closed).toBe(false);
    ch.close();
    await time.settle();
    expect(closed).toBe(true);
  });

  test("CH-19: for await yields the value once", async () => {
    using _ = virtualTime();
    const ch = promiseChannel<number>();
    ch.trySend(3);
    const got: number[] = [];
    for await (const value of ch) got.push(value);
    expect(got).toEqual([3]);
  });

  test("CH-19, OP-6: a select that lost leaves the queue of a promise channel", async () => {
    using time = virtualTime();
    const [ch, other] = [promiseChannel<number>(), channel<number>()];
    let key = "";
    go(function* () {
      key = (yield* select({ ch, other })).key;
    });
    await time.settle();
    other.trySend(1);
    await time.settle();
    expect([key, queues(other)]).toEqual(["other", noneParked]);
    expect((ch as unknown as { waiting: { empty: boolean } }).waiting.empty).toBe(true);
  });
});

// The faults of core.async's mult, pub and mix that must not be found here (docs: what to beat).

import {
  broadcast,
  CLOSED,
  channel,
  collect,
  EMPTY,
  mix,
  type Operation,
  publish,
  type ReceiveChannel,
} from "millrace";
import { describe, expect, test } from "vitest";
import { virtualTime } from "../support/virtual.js";

const all = <T>(source: ReceiveChannel<T>): Promise<T[]> => collect(source).then((values) => values);
const outcome = (operation: Operation<unknown>): Promise<unknown> =>
  operation.then(
    (value) => value,
    (error: unknown) => error,
  );
const inputs = () => [channel<string>(4), channel<string>(4)] as const;

describe("core.async", () => {
  test("a mult that was parked on a slow tap was freed neither by untap nor by closing it", async () => {
    using time = virtualTime();
    const source = channel<number>();
    const cast = broadcast(source);
    const [slow, other] = [cast.subscribe(), cast.subscribe()];
    const got = all(other);
    await time.settle();
    source.trySend(1);
    await time.settle();
    expect(source.trySend(2)).toBe(false);
    slow.cancel();
    await time.settle();
    expect(source.trySend(2)).toBe(true);
    source.close();
    expect(await got).toEqual([1, 2]);
  });

  test("whoever subscribed late never saw the end", async () => {
    using time = virtualTime();
    const cause = new Error("over");
    const [ended, failed] = [channel<number>(), channel<number>()];
    const casts = [broadcast(ended), broadcast(failed)];
    casts[1]!.subscribe();
    ended.close();
    failed.close(cause);
    await time.settle();
    expect(await Promise.all(casts.map((cast) => outcome(cast.subscribe().receive())))).toEqual([CLOSED, cause]);
    expect(time.reported).toEqual([]);
  });

  test("a topic function that threw killed pub silently", async () => {
    using time = virtualTime();
    const error = new Error("topic");
    const source = channel<number>(1);
    const publisher = publish(source, (): string => {
      throw error;
    });
    const seen = ["a", "b"].map((topic) => outcome(publisher.subscribe(topic).receive()));
    source.trySend(1);
    expect(await Promise.all(seen)).toEqual([error, error]);
    expect(await outcome(publisher.subscribe("c").receive())).toBe(error);
    await time.settle();
    expect(time.reported).toEqual([]);
  });

  test("an input that was paused and soloed was not read", async () => {
    using time = virtualTime();
    const [a, b] = inputs();
    const hall = mix<string>();
    hall.add(a, { pause: true, mute: true, solo: true });
    hall.add(b);
    a.trySend("a");
    b.trySend("b");
    await time.settle();
    expect([hall.out.tryReceive(), hall.out.tryReceive(), b.length]).toEqual(["a", EMPTY, 0]);
  });

  test("out never closed; here it does when all inputs have ended, unless it is to stay open", async () => {
    using time = virtualTime();
    for (const close of [true, false]) {
      const [a, b] = inputs();
      const hall = mix<string>({ close });
      await time.settle();
      expect(hall.out.closed).toBe(false);
      hall.add(a);
      hall.add(b);
      a.close();
      await time.settle();
      expect(hall.out.tryReceive()).toBe(EMPTY);
      b.close();
      await time.settle();
      expect(hall.out.tryReceive()).toBe(close ? CLOSED : EMPTY);
    }
  });

  test("a mult that was parked on a slow tap was not freed by closing the tap from the reader's side, nor all taps at once", async () => {
    using time = virtualTime();
    const source = channel<number>(2);
    const cast = broadcast(source);
    const publisher = publish(cast.subscribe(), () => "all");
    publisher.subscribe("all");
    for (const n of [1, 2]) source.trySend(n);
    await time.settle();
    publisher.unsubscribeAll("all");
    const next = publisher.subscribe("all");
    await time.settle();
    expect([next.tryReceive(), source.length]).toEqual([2, 0]);
  });
});

import {
  CancelledError,
  CLOSED,
  channel,
  EMPTY,
  from,
  go,
  pipe,
  type Routine,
  type SendChannel,
  sleep,
} from "millrace";
import { describe, expect, test } from "vitest";
import { read, watched } from "../../support/flow.js";
import { noneParked, queues } from "../../support/model.js";
import { virtualTime } from "../../support/virtual.js";

describe("pipe()", () => {
  test("passes every value on in order, and takes at most one value that it cannot pass on yet", async () => {
    using time = virtualTime();
    const [source, to] = [channel<number>(), channel<number>()];
    const sends = [1, 2, 3].map((n) => source.send(n).then(() => n));
    const done: number[] = [];
    for (const sent of sends) sent.then((n) => done.push(n));
    pipe(source, to);
    await time.settle();
    // 1. The pipe holds one value. The other senders wait.
    expect([done, queues(source)]).toEqual([[1], { senders: 2, receivers: 0 }]);
    // 2. When that value is received, the pipe takes the next one.
    expect(to.tryReceive()).toBe(1);
    await time.settle();
    expect(done).toEqual([1, 2]);
    const seen = read(to);
    source.close();
    await time.settle();
    expect(seen).toEqual({ values: [2, 3], end: "closed" });
  });

  test("closes its sink after the last value when its source closes, and its task ends (CB-2)", async () => {
    using time = virtualTime();
    const to = channel<number>(4);
    const task = pipe(from([1, 2]), to);
    await task;
    expect([to.closed, task.status]).toEqual([true, "done"]);
    const seen = read(to);
    await time.settle();
    expect(seen).toEqual({ values: [1, 2], end: "closed" });
  });

  test("with close: false leaves its sink open, so that several pipes can feed one channel (CB-2)", async () => {
    using time = virtualTime();
    const to = channel<number>();
    const seen = read(to);
    const tasks = [from([1, 2]), from([3])].map((source) => pipe(source, to, { close: false }));
    for (const task of tasks) await task;
    await time.settle();
    expect([seen.values.sort(), seen.end, to.closed]).toEqual([[1, 2, 3], "open", false]);
  });

  test("closes its sink with the cause of its source, and its task does not fail (CB-3)", async () => {
    using time = virtualTime();
    const cause = new Error("broken");
    const [source, to] = [channel<number>(1), channel<number>(1)];
    source.trySend(1);
    source.close(cause);
    const task = pipe(source, to);
    const seen = read(to);
    await time.settle();
    expect([seen, task.status, time.reported]).toEqual([{ values: [1], end: { cause } }, "done", []]);
  });

  test("with close: false fails with the cause of its source (CB-3)", async () => {
    using time = virtualTime();
    const cause = new Error("broken");
    const [source, to] = [channel<number>(), channel<number>()];
    source.close(cause);
    const task = pipe(source, to, { close: false });
    await time.settle();
    expect([to.closed, task.status, time.reported]).toEqual([false, "failed", [cause]]);
    await expect(task.then()).rejects.toBe(cause);
  });

  test("fails with the cause of its source if the sink has closed before (CB-3)", async () => {
    using time = virtualTime();
    const cause = new Error("broken");
    const to = channel<number>();
    // A sink that claims to be open, so that the pipe does not stop before it gets the cause.
    const alwaysOpen: SendChannel<number> = {
      send: to.send.bind(to),
      trySend: to.trySend.bind(to),
      close: () => false,
      closed: false,
      whenClosed: () => channel<number>().whenClosed(),
    };
    const source = channel<number>();
    const task = pipe(source, alwaysOpen);
    source.close(cause);
    await time.settle();
    expect([task.status, time.reported]).toEqual(["failed", [cause]]);
  });

  test("stops at once and releases what it owns when its sink is cancelled (CB-2)", async () => {
    using time = virtualTime();
    const { source, released } = watched<number>();
    const to = channel<number>();
    const task = pipe(source, to);
    await time.settle();
    to.cancel("enough");
    await time.settle();
    expect([released.length, task.status]).toEqual([1, "done"]);
  });

  test("takes nothing more when its sink closes, and leaves a source that it does not own open (CB-2)", async () => {
    using time = virtualTime();
    const [source, to] = [channel<number>(3), channel<number>()];
    const task = pipe(source, to);
    await time.settle();
    to.close();
    source.trySend(1);
    await time.settle();
    expect([task.status, source.closed, queues(source), source.tryReceive()]).toEqual(["done", false, noneParked, 1]);
  });

  test.each([
    ["with own: true cancels your source when its sink is cancelled", true, true],
    ["with own: false leaves your source open when its sink is cancelled", false, false],
  ])("%s", async (_, own, closed) => {
    using time = virtualTime();
    const [source, to] = [channel<number>(), channel<number>()];
    pipe(source, to, { own });
    await time.settle();
    to.cancel();
    await time.settle();
    expect(source.closed).toBe(closed);
  });

  test("with own: false leaves the source of a combinator open", async () => {
    using time = virtualTime();
    const { source, released } = watched(1, 2);
    const to = channel<number>();
    to.close();
    await pipe(source, to, { own: false });
    await time.settle();
    expect([released, await source.receive()]).toEqual([[], 1]);
  });

  test("takes no value that it cannot deliver when a value and the close of its sink are both there (CB-4)", async () => {
    for (let seed = 1; seed <= 20; seed++) {
      using time = virtualTime(seed);
      const [source, to] = [channel<number>(1), channel<number>()];
      source.trySend(1);
      to.close();
      pipe(source, to);
      await time.settle();
      expect(source.tryReceive()).toBe(1);
    }
  });

  test("passes the value that it holds when its sink is cancelled to onUndelivered (CB-4)", async () => {
    using time = virtualTime();
    const [source, to] = [channel<number>(2), channel<number>()];
    const lost: number[] = [];
    source.trySend(1);
    source.trySend(2);
    pipe(source, to, { onUndelivered: (n) => void lost.push(n) });
    await time.settle();
    to.cancel();
    await time.settle();
    expect([lost, source.tryReceive()]).toEqual([[1], 2]);
  });

  test("delivers a value that it offered before its sink closed (CB-4)", async () => {
    using time = virtualTime();
    const [source, to] = [channel<number>(1), channel<number>()];
    source.trySend(1);
    pipe(source, to, { onUndelivered: () => expect.unreachable() });
    await time.settle();
    to.close();
    expect([to.tryReceive(), to.tryReceive()]).toEqual([1, CLOSED]);
    await time.settle();
  });

  test("that is cancelled leaves both channels open, and passes the value that it holds to onUndelivered", async () => {
    using time = virtualTime();
    const [source, to] = [channel<number>(2), channel<number>()];
    const lost: number[] = [];
    source.trySend(1);
    source.trySend(2);
    const task = pipe(source, to, { onUndelivered: (n) => void lost.push(n) });
    await time.settle();
    task.cancel();
    await expect(task.then()).rejects.toBeInstanceOf(CancelledError);
    expect([lost, source.tryReceive(), source.closed, to.closed, to.tryReceive()]).toEqual([
      [1],
      2,
      false,
      false,
      EMPTY,
    ]);
    expect([queues(source), queues(to)]).toEqual([noneParked, noneParked]);
  });

  test("that is cancelled after its value was received and before it resumed delivers that value once (CB-4)", async () => {
    using time = virtualTime();
    const [source, to] = [channel<number>(2), channel<number>(0)];
    const lost: number[] = [];
    source.trySend(1);
    const task = pipe(source, to, { onUndelivered: (n) => void lost.push(n) });
    await time.settle();
    const second = to.receive().then();
    const first = to.receive().then();
    task.cancel();
    await time.settle();
    to.close();
    expect([await second, await first, lost]).toEqual([1, CLOSED, []]);
  });

  test("that is cancelled releases a source that it owns", async () => {
    using time = virtualTime();
    const { source, released } = watched(1);
    const task = pipe(source, channel<number>());
    await time.settle();
    task.cancel();
    await task.then(null, () => {});
    await time.settle();
    expect(released.length).toBe(1);
  });

  test("in a chain passes a cancel on to the source of the first pipe", async () => {
    using time = virtualTime();
    const { source, released } = watched(1, 2, 3);
    const [a, b, c] = [channel<number>(), channel<number>(), channel<number>()];
    pipe(source, a);
    pipe(a, b, { own: true });
    pipe(b, c, { own: true });
    const reader = go(function* (): Routine<unknown> {
      const first = yield* c.receive();
      yield* sleep(5);
      c.cancel();
      return first;
    });
    await time.advance(5);
    expect([await reader, a.closed, b.closed, released.length]).toEqual([1, true, true, 1]);
  });

  test("refuses a source or a sink that is no channel", () => {
    expect(() => pipe({} as never, channel())).toThrow(
      new TypeError(
        "Cannot pipe: source must be a receive channel, a stream or an iterable, got an object (Object); make a channel of other sources with from()",
      ),
    );
    expect(() => pipe(channel(), null as never)).toThrow(
      new TypeError("Cannot pipe: sink must be a send channel, got null"),
    );
  });
});

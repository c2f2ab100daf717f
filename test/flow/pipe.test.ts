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
import { nobody, queues } from "../rules/model.js";
import { read, watched } from "../support/flow.js";
import { virtualTime } from "../support/virtual.js";

describe("pipe", () => {
  test("conveys everything in order, and reads no more than it can hand on", async () => {
    using time = virtualTime();
    const [source, to] = [channel<number>(), channel<number>()];
    const sends = [1, 2, 3].map((n) => source.send(n).then(() => n));
    const done: number[] = [];
    for (const sent of sends) sent.then((n) => done.push(n));
    pipe(source, to);
    await time.settle();
    // 1. One value is in its hand; the other senders wait.
    expect([done, queues(source)]).toEqual([[1], { senders: 2, receivers: 0 }]);
    // 2. When it is taken, the next one is.
    expect(to.tryReceive()).toBe(1);
    await time.settle();
    expect(done).toEqual([1, 2]);
    const seen = read(to);
    source.close();
    await time.settle();
    expect(seen).toEqual({ values: [2, 3], end: "closed" });
  });

  test("CB-2: the end of the source closes the other side, after the last value, and ends the task", async () => {
    using time = virtualTime();
    const to = channel<number>(4);
    const task = pipe(from([1, 2]), to);
    await task;
    expect([to.closed, task.status]).toEqual([true, "done"]);
    const seen = read(to);
    await time.settle();
    expect(seen).toEqual({ values: [1, 2], end: "closed" });
  });

  test("CB-2: with close: false the other side stays open, so that several pipes can feed one channel", async () => {
    using time = virtualTime();
    const to = channel<number>();
    const seen = read(to);
    const tasks = [from([1, 2]), from([3])].map((source) => pipe(source, to, { close: false }));
    for (const task of tasks) await task;
    await time.settle();
    expect([seen.values.sort(), seen.end, to.closed]).toEqual([[1, 2, 3], "open", false]);
  });

  test("CB-3: the source's cause closes the other side, and is no failure of the task", async () => {
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

  test("CB-3: with close: false the source's cause is the failure of the task", async () => {
    using time = virtualTime();
    const cause = new Error("broken");
    const [source, to] = [channel<number>(), channel<number>()];
    source.close(cause);
    const task = pipe(source, to, { close: false });
    await time.settle();
    expect([to.closed, task.status, time.reported]).toEqual([false, "failed", [cause]]);
    await expect(task.then()).rejects.toBe(cause);
  });

  test("CB-3: a cause that comes when the other side has closed already fails the task", async () => {
    using time = virtualTime();
    const cause = new Error("broken");
    const to = channel<number>();
    // A sink that says of itself that it is open, so that the pipe does not stop before it hears of the cause.
    const deaf: SendChannel<number> = {
      send: to.send.bind(to),
      trySend: to.trySend.bind(to),
      close: () => false,
      closed: false,
      whenClosed: () => channel<number>().whenClosed(),
    };
    const source = channel<number>();
    const task = pipe(source, deaf);
    source.close(cause);
    await time.settle();
    expect([task.status, time.reported]).toEqual(["failed", [cause]]);
  });

  test("CB-2: when the other side is cancelled it stops at once, and releases what it owns", async () => {
    using time = virtualTime();
    const { source, released } = watched<number>();
    const to = channel<number>();
    const task = pipe(source, to);
    await time.settle();
    to.cancel("enough");
    await time.settle();
    expect([released.length, task.status]).toEqual([1, "done"]);
  });

  test("CB-2: when the other side closes, a source that it does not own stays open, and nothing more is taken", async () => {
    using time = virtualTime();
    const [source, to] = [channel<number>(3), channel<number>()];
    const task = pipe(source, to);
    await time.settle();
    to.close();
    source.trySend(1);
    await time.settle();
    expect([task.status, source.closed, queues(source), source.tryReceive()]).toEqual(["done", false, nobody, 1]);
  });

  test.each([
    ["own: true cancels a source that the user made", true, true],
    ["own: false leaves it open", false, false],
  ])("%s", async (_, own, closed) => {
    using time = virtualTime();
    const [source, to] = [channel<number>(), channel<number>()];
    pipe(source, to, { own });
    await time.settle();
    to.cancel();
    await time.settle();
    expect(source.closed).toBe(closed);
  });

  test("own: false spares a source that a combinator made", async () => {
    using time = virtualTime();
    const { source, released } = watched(1, 2);
    const to = channel<number>();
    to.close();
    await pipe(source, to, { own: false });
    await time.settle();
    expect([released, await source.receive()]).toEqual([[], 1]);
  });

  test("CB-4: when both a value and the closing are there, nothing is taken that cannot be delivered", async () => {
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

  test("CB-4: the value in its hand when the other side is cancelled is reported", async () => {
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

  test("CB-4: a value offered before the other side closed is delivered", async () => {
    using time = virtualTime();
    const [source, to] = [channel<number>(1), channel<number>()];
    source.trySend(1);
    pipe(source, to, { onUndelivered: () => expect.unreachable() });
    await time.settle();
    to.close();
    expect([to.tryReceive(), to.tryReceive()]).toEqual([1, CLOSED]);
    await time.settle();
  });

  test("cancelling the task stops the pipe, leaves both sides open, and tells of the value in its hand", async () => {
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
    expect([queues(source), queues(to)]).toEqual([nobody, nobody]);
  });

  test("CB-4: a pipe that is cancelled after its value was taken, before it resumed, delivers it once", async () => {
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

  test("cancelling the task releases a source that it owns", async () => {
    using time = virtualTime();
    const { source, released } = watched(1);
    const task = pipe(source, channel<number>());
    await time.settle();
    task.cancel();
    await task.then(null, () => {});
    await time.settle();
    expect(released.length).toBe(1);
  });

  test("a chain of pipes passes closing on in both directions", async () => {
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

  test("what is no channel is refused", () => {
    expect(() => pipe([1] as never, channel())).toThrow(
      new TypeError("Cannot pipe: source must be a receive channel, got an object (Array); create one with from()"),
    );
    expect(() => pipe(channel(), null as never)).toThrow(
      new TypeError("Cannot pipe: sink must be a send channel, got null"),
    );
  });
});

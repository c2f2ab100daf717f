import { CLOSED, channel, collect, from, toReadableStream, toWritableStream } from "millrace";
import { describe, expect, test } from "vitest";
import { nobody, queues } from "../rules/model.js";
import { read, watched } from "../support/flow.js";
import { virtualTime } from "../support/virtual.js";

describe("toReadableStream", () => {
  test("gives out what comes from the channel, and closes when it has ended", async () => {
    const reader = toReadableStream(from([1, undefined, 3])).getReader();
    const got: unknown[] = [];
    for (let step = await reader.read(); !step.done; step = await reader.read()) got.push(step.value);
    expect(got).toEqual([1, undefined, 3]);
    await reader.closed;
  });

  test("takes nothing before it is read, and one value for each read", async () => {
    using time = virtualTime();
    const source = channel<number>(4);
    for (const n of [1, 2, 3]) source.trySend(n);
    const reader = toReadableStream(source).getReader();
    await time.settle();
    expect(source.length).toBe(3);
    expect([await reader.read(), source.length]).toEqual([{ done: false, value: 1 }, 2]);
    await time.settle();
    expect(source.length).toBe(2);
  });

  test("a sender on a rendezvous channel waits for the read", async () => {
    using time = virtualTime();
    const source = channel<number>();
    let taken = false;
    source.send(1).then(() => {
      taken = true;
    });
    const reader = toReadableStream(source).getReader();
    await time.settle();
    expect(taken).toBe(false);
    await reader.read();
    await time.settle();
    expect(taken).toBe(true);
  });

  test("highWaterMark: reads as far ahead as it is told", async () => {
    using time = virtualTime();
    const source = channel<number>(5);
    for (let n = 0; n < 5; n++) source.trySend(n);
    const reader = toReadableStream(source, { highWaterMark: 2 }).getReader();
    await time.settle();
    expect(source.length).toBe(3);
    await reader.read();
    await time.settle();
    expect(source.length).toBe(2);
  });

  test("CB-3: the cause of the channel is the error of the stream, after what came before", async () => {
    using _ = virtualTime();
    const cause = new Error("broken");
    const source = channel<number>(1);
    source.trySend(1);
    source.close(cause);
    const reader = toReadableStream(source).getReader();
    expect(await reader.read()).toEqual({ done: false, value: 1 });
    await expect(reader.read()).rejects.toBe(cause);
    await expect(reader.closed).rejects.toBe(cause);
  });

  test("CB-2: cancelling the stream releases the channel with the reason, while it waits or not", async () => {
    using time = virtualTime();
    for (const reads of [0, 1]) {
      const { source, released } = watched<number>();
      const reader = toReadableStream(source).getReader();
      const steps = Array.from({ length: reads }, () => reader.read());
      await time.settle();
      await reader.cancel("enough");
      await time.settle();
      expect([released, await Promise.all(steps)]).toEqual([["enough"], steps.map(() => ({ done: true }))]);
    }
  });

  test("CB-4: cancelling the stream while it waits takes nothing of a channel that it leaves open", async () => {
    using time = virtualTime();
    const source = channel<number>();
    const reader = toReadableStream(source).getReader();
    const step = reader.read();
    await time.settle();
    expect(queues(source).receivers).toBe(1);
    await reader.cancel();
    expect([await step, queues(source), source.closed, source.trySend(1)]).toEqual([
      { done: true, value: undefined },
      nobody,
      false,
      false,
    ]);
  });

  test.each([true, false])("own: %s is heeded", async (own) => {
    using time = virtualTime();
    const source = own ? channel<number>() : watched<number>().source;
    await time.settle();
    await toReadableStream(source, { own }).cancel();
    expect(source.closed).toBe(own);
  });

  test("what is no channel is refused", () => {
    expect(() => toReadableStream([1] as never)).toThrow("Cannot make stream: source must be a receive channel");
    expect(() => toReadableStream(channel(), { highWaterMark: -1 })).toThrow(RangeError);
  });
});

describe("toWritableStream", () => {
  test("a write is done when its value is taken", async () => {
    using time = virtualTime();
    const to = channel<number>();
    const writer = toWritableStream(to).getWriter();
    const log: string[] = [];
    for (const n of [1, 2]) writer.write(n).then(() => log.push(`wrote ${n}`));
    await time.settle();
    expect([log, writer.desiredSize]).toEqual([[], -1]);
    expect(to.tryReceive()).toBe(1);
    await time.settle();
    expect([log, writer.desiredSize]).toEqual([["wrote 1"], 0]);
    expect(to.tryReceive()).toBe(2);
    await writer.ready;
    expect([log, writer.desiredSize]).toEqual([["wrote 1", "wrote 2"], 1]);
  });

  test("CH-4: with room in the channel a write is done at once", async () => {
    using _ = virtualTime();
    const to = channel<number>(2);
    const writer = toWritableStream(to).getWriter();
    await writer.write(1);
    await writer.write(2);
    expect(to.length).toBe(2);
  });

  test("CB-2: closing the stream closes the channel, after what was written", async () => {
    using time = virtualTime();
    const to = channel<number>();
    const writer = toWritableStream(to).getWriter();
    writer.write(1);
    const closed = writer.close();
    const seen = read(to);
    await time.settle();
    await closed;
    expect(seen).toEqual({ values: [1], end: "closed" });
  });

  test("CB-3: aborting it withdraws what it offers, and closes the channel with the reason", async () => {
    using time = virtualTime();
    const reason = new Error("enough");
    const to = channel<number>();
    const writer = toWritableStream(to).getWriter();
    const writes = [1, 2].map((n) => writer.write(n).then(null, (error: unknown) => error));
    const closed = writer.closed.then(null, (error: unknown) => error);
    await time.settle();
    expect(queues(to).senders).toBe(1);
    const aborted = writer.abort(reason);
    const seen = read(to);
    await time.settle();
    await aborted;
    expect([queues(to), seen, await Promise.all(writes), await closed]).toEqual([
      nobody,
      { values: [], end: { cause: reason } },
      [reason, reason],
      reason,
    ]);
  });

  test("aborting it without a reason does not look like closing it", async () => {
    using _ = virtualTime();
    const to = channel<number>();
    await toWritableStream(to).abort();
    await expect(to.receive().then()).rejects.toMatchObject({
      name: expect.stringMatching(/^(Abort|Cancelled)Error$/),
    });
  });

  test("CB-2: when the receiver cancels the channel the writer fails, whether a write is under way or not", async () => {
    using time = virtualTime();
    for (const writes of [0, 1]) {
      const to = channel<number>();
      const writer = toWritableStream(to).getWriter();
      const failed = Array.from({ length: writes }, (_, n) => writer.write(n).then(null, String));
      const closed = writer.closed.then(null, String);
      await time.settle();
      to.cancel();
      await time.settle();
      const error = "Error: Cannot write: the channel is closed";
      expect([await Promise.all(failed), await closed]).toEqual([failed.map(() => error), error]);
      await expect(writer.write(1)).rejects.toThrow("the channel is closed");
    }
  });

  test("CH-20: what it offers when others close the channel is delivered, and then the writer fails", async () => {
    using time = virtualTime();
    const to = channel<number>();
    const writer = toWritableStream(to).getWriter();
    const wrote = writer.write(1).then(() => "wrote");
    const closed = writer.closed.then(null, String);
    await time.settle();
    to.close();
    const seen = read(to);
    await time.settle();
    expect([seen, await wrote, await closed]).toEqual([
      { values: [1], end: "closed" },
      "wrote",
      expect.stringContaining("the channel is closed"),
    ]);
  });

  test("into a channel that is closed already it fails at once", async () => {
    using _ = virtualTime();
    const to = channel<number>();
    to.close();
    const writer = toWritableStream(to).getWriter();
    await expect(writer.closed).rejects.toThrow("the channel is closed");
  });

  test("what cannot be sent fails the stream", async () => {
    using _ = virtualTime();
    const writer = toWritableStream(channel<unknown>()).getWriter();
    writer.closed.catch(() => {});
    await expect(writer.write(CLOSED)).rejects.toThrow("a value must not be CLOSED");
  });

  test("what is no channel is refused", () => {
    expect(() => toWritableStream({} as never)).toThrow(
      new TypeError("Cannot make stream: sink must be a send channel, got an object (Object)"),
    );
  });
});

describe("both", () => {
  test("pipeTo conveys at the pace of the receiver, with one value under way", async () => {
    using time = virtualTime();
    const [source, to] = [channel<number>(10), channel<number>()];
    for (let n = 0; n < 10; n++) source.trySend(n);
    source.close();
    const piped = toReadableStream(source).pipeTo(toWritableStream(to));
    await time.settle();
    expect(source.length).toBe(9);
    expect(to.tryReceive()).toBe(0);
    await time.settle();
    expect(source.length).toBe(8);
    const seen = read(to);
    await piped;
    await time.settle();
    expect(seen).toEqual({ values: [1, 2, 3, 4, 5, 6, 7, 8, 9], end: "closed" });
  });

  test("leaving at the end of a chain of streams releases its beginning", async () => {
    using time = virtualTime();
    const { source, released } = watched(1, 2, 3);
    const double = new TransformStream<number, number>({ transform: (n, to) => to.enqueue(2 * n) });
    const doubled = from(toReadableStream(source).pipeThrough(double));
    expect(await doubled.receive()).toBe(2);
    doubled.cancel("enough");
    await time.settle();
    expect(released).toEqual(["enough"]);
  });

  test("a channel goes through streams and comes out the same", async () => {
    const there = toReadableStream(from([1, 2, 3]));
    expect(await collect(from(there))).toEqual([1, 2, 3]);
  });

  test("CB-2: a pipe whose receiver cancels leaves a channel that it does not own open", async () => {
    using time = virtualTime();
    const [source, to] = [channel<number>(2), channel<number>()];
    const failed = toReadableStream(source).pipeTo(toWritableStream(to)).then(null, String);
    await time.settle();
    to.cancel();
    await time.settle();
    expect([await failed, queues(source), source.trySend(1)]).toEqual([
      expect.stringContaining("the channel is closed"),
      nobody,
      true,
    ]);
    await time.settle();
    expect(source.tryReceive()).toBe(1);
  });
});

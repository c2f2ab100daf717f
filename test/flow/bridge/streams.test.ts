import { CLOSED, channel, collect, from, toReadableStream, toWritableStream } from "millrace";
import { describe, expect, test } from "vitest";
import { read, watched } from "../../support/flow.js";
import { noneParked, queues } from "../../support/model.js";
import { virtualTime } from "../../support/virtual.js";

describe("toReadableStream()", () => {
  test("yields the values of its channel, and closes at their end", async () => {
    const reader = toReadableStream(from([1, undefined, 3])).getReader();
    const got: unknown[] = [];
    for (let step = await reader.read(); !step.done; step = await reader.read()) got.push(step.value);
    expect(got).toEqual([1, undefined, 3]);
    await reader.closed;
  });

  test("takes nothing before it is read, and then one value for each read", async () => {
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

  test("lets a sender on a rendezvous channel wait for the read", async () => {
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

  test("reads ahead by highWaterMark values", async () => {
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

  test("fails with the cause of its channel, after the values before it (CB-3)", async () => {
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

  test("releases an owned channel with the reason when it is cancelled, during a read or not (CB-2)", async () => {
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

  test("that is cancelled during a read takes nothing from a channel that it leaves open (CB-4)", async () => {
    using time = virtualTime();
    const source = channel<number>();
    const reader = toReadableStream(source).getReader();
    const step = reader.read();
    await time.settle();
    expect(queues(source).receivers).toBe(1);
    await reader.cancel();
    expect([await step, queues(source), source.closed, source.trySend(1)]).toEqual([
      { done: true, value: undefined },
      noneParked,
      false,
      false,
    ]);
  });

  test.each([true, false])("obeys own: %s", async (own) => {
    using time = virtualTime();
    const source = own ? channel<number>() : watched<number>().source;
    await time.settle();
    await toReadableStream(source, { own }).cancel();
    expect(source.closed).toBe(own);
  });

  test("refuses a source that is no channel, and an invalid highWaterMark", () => {
    expect(() => toReadableStream({} as never)).toThrow("Cannot make stream: source must be a receive channel");
    expect(() => toReadableStream(channel(), { highWaterMark: -1 })).toThrow(RangeError);
  });
});

describe("toWritableStream()", () => {
  test("completes a write when its value is received", async () => {
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

  test("completes a write at once if the channel has room (CH-4)", async () => {
    using _ = virtualTime();
    const to = channel<number>(2);
    const writer = toWritableStream(to).getWriter();
    await writer.write(1);
    await writer.write(2);
    expect(to.length).toBe(2);
  });

  test("closes its channel after what was written when it is closed (CB-2)", async () => {
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

  test("withdraws its sends and closes its channel with the reason when it is aborted (CB-3)", async () => {
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
      noneParked,
      { values: [], end: { cause: reason } },
      [reason, reason],
      reason,
    ]);
  });

  test("that is aborted without a reason closes its channel with an error", async () => {
    using _ = virtualTime();
    const to = channel<number>();
    await toWritableStream(to).abort();
    await expect(to.receive().then()).rejects.toMatchObject({
      name: expect.stringMatching(/^(Abort|Cancelled)Error$/),
    });
  });

  test("fails when the receiver cancels the channel, during a write or not (CB-2)", async () => {
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

  test("delivers the value that it offers when the channel is closed elsewhere, and then fails (CH-20)", async () => {
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

  test("over a closed channel fails at once", async () => {
    using _ = virtualTime();
    const to = channel<number>();
    to.close();
    const writer = toWritableStream(to).getWriter();
    await expect(writer.closed).rejects.toThrow("the channel is closed");
  });

  test("fails when CLOSED is written", async () => {
    using _ = virtualTime();
    const writer = toWritableStream(channel<unknown>()).getWriter();
    writer.closed.catch(() => {});
    await expect(writer.write(CLOSED)).rejects.toThrow("a value must not be CLOSED");
  });

  test("refuses a sink that is no channel", () => {
    expect(() => toWritableStream({} as never)).toThrow(
      new TypeError("Cannot make stream: sink must be a send channel, got an object (Object)"),
    );
  });
});

describe("toReadableStream() and toWritableStream()", () => {
  test("in pipeTo() pass values at the pace of the receiver, with one value under way", async () => {
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

  test("release the first channel when the end of a chain of streams is cancelled", async () => {
    using time = virtualTime();
    const { source, released } = watched(1, 2, 3);
    const double = new TransformStream<number, number>({ transform: (n, to) => to.enqueue(2 * n) });
    const doubled = from(toReadableStream(source).pipeThrough(double));
    expect(await doubled.receive()).toBe(2);
    doubled.cancel("enough");
    await time.settle();
    expect(released).toEqual(["enough"]);
  });

  test("keep the values of a channel", async () => {
    const there = toReadableStream(from([1, 2, 3]));
    expect(await collect(from(there))).toEqual([1, 2, 3]);
  });

  test("in pipeTo() leave a channel that they do not own open when the receiver cancels (CB-2)", async () => {
    using time = virtualTime();
    const [source, to] = [channel<number>(2), channel<number>()];
    const failed = toReadableStream(source).pipeTo(toWritableStream(to)).then(null, String);
    await time.settle();
    to.cancel();
    await time.settle();
    expect([await failed, queues(source), source.trySend(1)]).toEqual([
      expect.stringContaining("the channel is closed"),
      noneParked,
      true,
    ]);
    await time.settle();
    expect(source.tryReceive()).toBe(1);
  });
});

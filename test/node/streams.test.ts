// Node's streams and channels: backpressure, ends and errors in both directions.

import { EventEmitter, once } from "node:events";
import { createReadStream, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, Readable, Transform, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTimeout as quiet } from "node:timers/promises";
import fc from "fast-check";
import {
  CLOSED,
  channel,
  collect,
  DeadlockError,
  EMPTY,
  from,
  fromEvent,
  go,
  type Routine,
  run,
  through,
} from "millrace";
import { fromReadable, lines, toReadable, toWritable } from "millrace/node";
import { take } from "millrace/transducers";
import { describe, expect, test } from "vitest";
import { read, watched } from "../support/flow.js";
import { noneParked, queues } from "../support/model.js";
import { virtualTime } from "../support/virtual.js";

/** Counts up as it is read, and tells how often it was. */
function counter(end = Number.POSITIVE_INFINITY, highWaterMark = 1): Readable & { reads: number } {
  let n = 0;
  const readable = new Readable({
    objectMode: true,
    highWaterMark,
    read() {
      Object.assign(readable, { reads: ++n });
      this.push(n > end ? null : n);
    },
  });
  return Object.assign(readable, { reads: 0 });
}

const error = new Error("broken");

describe("fromReadable()", () => {
  test("fromReadable() yields the chunks of a stream, and then its end", async () => {
    expect(await collect(fromReadable<number>(counter(3)))).toEqual([1, 2, 3]);
    expect(await collect(fromReadable<string>(Readable.from(["a", "b"])))).toEqual(["a", "b"]);
    expect(await collect(fromReadable(Readable.from([])))).toEqual([]);
  });

  test("a stream under fromReadable() reads ahead up to its high-water mark, and no farther until a task receives", async () => {
    using time = virtualTime();
    const readable = counter(100, 3);
    const numbers = fromReadable<number>(readable);
    await time.settle();
    expect([readable.reads, numbers.tryReceive()]).toEqual([3, 1]);
    await time.settle();
    expect(readable.reads).toBeLessThanOrEqual(4);
    for (let n = 2; n <= 50; n++) expect(await numbers.receive()).toBe(n);
    await time.settle();
    expect(readable.reads).toBeLessThanOrEqual(53);
    numbers.cancel();
  });

  test("CB-3: fromReadable() throws the error of the stream to a later receiver", async () => {
    using time = virtualTime();
    const readable = counter();
    const numbers = fromReadable<number>(readable);
    readable.destroy(error);
    await time.settle();
    await expect(numbers.receive().then()).rejects.toBe(error);
    expect(numbers.closed).toBe(true);
  });

  test("CB-3: fromReadable() throws the error of the stream to a parked receiver", async () => {
    using time = virtualTime();
    const readable = new Readable({ read() {} });
    const seen = read(fromReadable(readable));
    await time.settle();
    readable.destroy(error);
    await time.settle();
    expect(seen.end).toEqual({ cause: error });
  });

  test("fromReadable() of a missing file throws the error to the receiver, and none is unhandled", async () => {
    const chunks = fromReadable(createReadStream("/no/such/file"));
    await quiet(5);
    await expect(chunks.receive().then()).rejects.toMatchObject({ code: "ENOENT" });
  });

  test("fromReadable() throws an error if the stream is destroyed before its end", async () => {
    using time = virtualTime();
    const readable = new Readable({ read() {} });
    const seen = read(fromReadable(readable));
    await time.settle();
    readable.destroy();
    await time.settle();
    expect(seen.end).toEqual({ cause: expect.objectContaining({ code: "ERR_STREAM_PREMATURE_CLOSE" }) });
  });

  test("CB-11: cancelling fromReadable() destroys the stream, also before the first receive", async () => {
    using time = virtualTime();
    for (const received of [false, true]) {
      const readable = counter();
      const numbers = fromReadable<number>(readable);
      if (received) await numbers.receive();
      numbers.cancel("enough");
      await time.settle();
      expect([readable.destroyed, readable.errored, numbers.tryReceive()]).toEqual([true, null, CLOSED]);
    }
  });

  test("an error that is the reason of cancelling fromReadable() is the error of the stream", async () => {
    using time = virtualTime();
    const readable = counter();
    fromReadable(readable).cancel(error);
    await time.settle();
    expect([readable.destroyed, readable.errored]).toEqual([true, error]);
  });

  test("CB-11: leaving fromReadable() early with take() or a loop destroys the stream", async () => {
    using time = virtualTime();
    const [taken, looped] = [counter(), counter()];
    expect(await collect(through(fromReadable<number>(taken), take(2)))).toEqual([1, 2]);
    for await (const n of fromReadable<number>(looped)) if (n === 2) break;
    await time.settle();
    expect([taken.destroyed, looped.destroyed]).toEqual([true, true]);
  });

  test("fromReadable() takes a stream that has ended already, or was destroyed", async () => {
    const ended = counter(0);
    ended.resume();
    await once(ended, "close");
    expect(await collect(fromReadable(ended))).toEqual([]);
    const destroyed = counter();
    destroyed.destroy();
    await once(destroyed, "close");
    await expect(collect(fromReadable(destroyed)).then()).rejects.toMatchObject({ code: "ERR_STREAM_PREMATURE_CLOSE" });
  });

  test("CB-4: a cancelled receiver takes no chunk from fromReadable()", async () => {
    using time = virtualTime();
    const through = new PassThrough({ objectMode: true });
    const values = fromReadable<number>(through);
    const taker = go(function* (): Routine<unknown> {
      return yield* values.receive();
    });
    await time.settle();
    taker.cancel();
    await time.settle();
    through.write(1);
    await time.settle();
    expect([values.tryReceive(), values.tryReceive()]).toEqual([1, EMPTY]);
    through.end(2);
    expect(await collect(values)).toEqual([2]);
  });

  test("fromReadable() of a duplex stream ends with the readable side", async () => {
    const duplex = new PassThrough();
    const chunks = fromReadable(duplex);
    duplex.end("text");
    expect(String(await chunks.receive())).toBe("text");
    expect(await chunks.receive()).toBe(CLOSED);
  });

  test("from() takes a Node readable", async () => {
    using time = virtualTime();
    const readable = counter();
    const numbers = from(readable as AsyncIterable<number>);
    expect(await numbers.receive()).toBe(1);
    numbers.cancel();
    await time.settle();
    expect(readable.destroyed).toBe(true);
  });

  test("fromReadable() throws a TypeError for a value that is no readable", () => {
    expect(() => fromReadable({} as never)).toThrow(
      new TypeError("Cannot create channel: fromReadable() takes a Node readable, got an object (Object)"),
    );
  });
});

describe("toReadable()", () => {
  test("toReadable() yields the values of the channel, and ends with it", async () => {
    const values = [1, { a: 1 }, "x", false, 0, ""];
    const got: unknown[] = [];
    for await (const value of toReadable(from(values))) got.push(value);
    expect(got).toEqual(values);
  });

  test("toReadable() takes nothing before it is read, and one value for each read", async () => {
    using time = virtualTime();
    const source = channel<number>(4);
    for (const n of [1, 2, 3]) source.trySend(n);
    const readable = toReadable(source);
    await time.settle();
    expect([source.length, readable.read(), source.length]).toEqual([3, 1, 2]);
    await time.settle();
    expect([source.length, readable.read(), source.length]).toEqual([2, 2, 1]);
    readable.destroy();
  });

  test("for await over toReadable() takes at most one value more than it yields", async () => {
    using time = virtualTime();
    const source = channel<number>(9);
    for (let n = 1; n <= 9; n++) source.trySend(n);
    const iterator = toReadable(source)[Symbol.asyncIterator]();
    for (let n = 1; n <= 4; n++) {
      expect((await iterator.next()).value).toBe(n);
      await time.settle();
      expect(source.length).toBeGreaterThanOrEqual(9 - n - 1);
    }
    await iterator.return?.();
  });

  test("toReadable() reads ahead up to its highWaterMark", async () => {
    using time = virtualTime();
    const source = channel<number>(5);
    for (let n = 0; n < 5; n++) source.trySend(n);
    const readable = toReadable(source, { highWaterMark: 2 });
    readable.on("readable", () => {});
    await time.settle();
    expect(source.length).toBe(3);
    readable.destroy();
  });

  test("toReadable() with objectMode: false takes text and bytes", async () => {
    const readable = toReadable(from(["mi", "ll", Buffer.from("race")]), { objectMode: false });
    readable.setEncoding("utf8");
    const got: unknown[] = [];
    for await (const text of readable) got.push(text);
    expect([readable.readableObjectMode, got.join("")]).toEqual([false, "millrace"]);
  });

  test("a slow writable behind toReadable() parks the senders", async () => {
    using time = virtualTime();
    const source = channel<number>(100);
    for (let n = 0; n < 100; n++) source.trySend(n);
    source.close();
    const dones: (() => void)[] = [];
    const slow = new Writable({ objectMode: true, highWaterMark: 1, write: (_, __, done) => void dones.push(done) });
    const piped = pipeline(toReadable(source), slow);
    await time.settle();
    expect([source.length, dones.length]).toEqual([99, 1]);
    while (dones.length > 0) {
      dones.shift()!();
      await time.settle();
    }
    await piped;
    expect(source.length).toBe(0);
  });

  test("CB-3: the cause of the channel is the error of toReadable(), after the values that came before", async () => {
    const source = channel<number>(1);
    source.trySend(1);
    source.close(error);
    const got: unknown[] = [];
    await expect(
      (async () => {
        for await (const n of toReadable(source)) got.push(n);
      })(),
    ).rejects.toBe(error);
    expect(got).toEqual([1]);
  });

  test("CB-2: destroying toReadable() releases the channel with the error, during a read or between reads", async () => {
    using time = virtualTime();
    for (const reason of [undefined, error]) {
      for (const waits of [false, true]) {
        const { source, released } = watched<number>();
        const readable = toReadable(source).on("error", () => {});
        if (waits) readable.read();
        await time.settle();
        readable.destroy(reason);
        await time.settle();
        expect(released).toEqual([reason]);
      }
    }
  });

  test("CB-4: destroying toReadable() during a read takes no value from a channel that it does not own", async () => {
    using time = virtualTime();
    const source = channel<number>();
    const readable = toReadable(source);
    readable.read();
    await time.settle();
    expect(queues(source).receivers).toBe(1);
    readable.destroy();
    await time.settle();
    expect([queues(source), source.closed, source.trySend(1)]).toEqual([noneParked, false, false]);
  });

  test("CB-2: leaving a for await over toReadable(), and a pipeline that fails, release the channel", async () => {
    using time = virtualTime();
    const [looped, piped] = [watched(1, 2), watched(1, 2)];
    for await (const _ of toReadable(looped.source)) break;
    const failing = new Transform({ objectMode: true, transform: (_, __, done) => done(error) });
    await expect(pipeline(toReadable(piped.source), failing, new PassThrough({ objectMode: true }))).rejects.toBe(
      error,
    );
    await time.settle();
    expect([looped.released.length, piped.released]).toEqual([1, [error]]);
  });

  test("toReadable({ own }) says whether the channel is cancelled with the stream", async () => {
    using time = virtualTime();
    const mine = channel<number>();
    const { source, released } = watched<number>();
    toReadable(mine, { own: true }).destroy();
    toReadable(source, { own: false }).destroy();
    await time.settle();
    expect([mine.closed, released]).toEqual([true, []]);
  });

  test("toReadable() fails at the value null, which would end the stream", async () => {
    const readable = toReadable(from([1, null, 2]));
    const got: unknown[] = [];
    readable.on("data", (value) => got.push(value));
    const [failure] = await once(readable, "error");
    expect([got, failure]).toEqual([
      [1],
      new TypeError("Cannot read: values must not be null, which ends a Node stream, got null"),
    ]);
  });

  test("what is no channel is refused", () => {
    expect(() => toReadable({} as never)).toThrow("Cannot make stream: source must be a receive channel");
  });
});

describe("toWritable()", () => {
  test("a write to toWritable() is done when its value is taken, and until then the stream is full", async () => {
    using time = virtualTime();
    const to = channel<number>();
    const writable = toWritable(to);
    const log: unknown[] = [];
    writable.on("drain", () => log.push("drain"));
    expect(writable.write(1, () => log.push("wrote 1"))).toBe(false);
    expect(writable.write(2, () => log.push("wrote 2"))).toBe(false);
    await time.settle();
    expect([[...log], to.tryReceive()]).toEqual([[], 1]);
    await time.settle();
    expect([[...log], to.tryReceive()]).toEqual([["wrote 1"], 2]);
    await time.settle();
    expect(log).toEqual(["wrote 1", "drain", "wrote 2"]);
    writable.destroy();
  });

  test("a fast readable piped into toWritable() waits for the receivers", async () => {
    using time = virtualTime();
    const to = channel<number>();
    const readable = counter(50);
    const piped = pipeline(readable, toWritable(to));
    await time.settle();
    expect(readable.reads).toBeLessThan(5);
    for (let n = 1; n <= 10; n++) {
      expect(to.tryReceive()).toBe(n);
      await time.settle();
    }
    expect(readable.reads).toBeLessThan(15);
    expect((await collect(to)).length).toBe(40);
    await piped;
  });

  test("CB-2: ending toWritable() closes the channel, after the written values", async () => {
    using time = virtualTime();
    const to = channel<string>();
    const writable = toWritable(to);
    writable.write("a");
    writable.end("b");
    const seen = read(to);
    await once(writable, "close");
    await time.settle();
    expect(seen).toEqual({ values: ["a", "b"], end: "closed" });
  });

  test("CB-3: destroying toWritable() withdraws its parked value, and closes the channel with the error", async () => {
    using time = virtualTime();
    const to = channel<number>();
    const writable = toWritable(to).on("error", () => {});
    writable.write(1);
    await time.settle();
    expect(queues(to).senders).toBe(1);
    writable.destroy(error);
    const seen = read(to);
    await time.settle();
    expect([queues(to), seen]).toEqual([noneParked, { values: [], end: { cause: error } }]);
  });

  test("CB-3: destroying toWritable() without an error closes the channel with an error", async () => {
    const to = channel<number>();
    toWritable(to).destroy();
    await expect(to.receive().then()).rejects.toThrow("Stream was destroyed before its end");
  });

  test("CB-3: a readable that fails in a pipeline into toWritable() closes the channel with its error", async () => {
    using time = virtualTime();
    const to = channel<number>();
    const seen = read(to);
    const readable = new Readable({ objectMode: true, read() {} });
    readable.push(1);
    const piped = pipeline(readable, toWritable(to)).then(null, (failure: unknown) => failure);
    await time.settle();
    readable.destroy(error);
    expect(await piped).toBe(error);
    await time.settle();
    expect(seen).toEqual({ values: [1], end: { cause: error } });
  });

  test("CB-2: toWritable() fails when the receiver cancels the channel, during a write or between writes", async () => {
    using time = virtualTime();
    for (const writes of [false, true]) {
      const to = channel<number>();
      const writable = toWritable(to);
      const failed = once(writable, "close").then(null, String);
      if (writes) writable.write(1);
      await time.settle();
      to.cancel();
      expect(await failed).toContain("Cannot write: the channel is closed");
      expect(writable.destroyed).toBe(true);
    }
  });

  test("CB-2: a pipeline into toWritable() destroys its readable when the receiver cancels the channel", async () => {
    using time = virtualTime();
    const to = channel<number>();
    const readable = counter();
    const piped = pipeline(readable, toWritable(to)).then(null, String);
    expect(await to.receive()).toBe(1);
    to.cancel();
    expect(await piped).toContain("Cannot write: the channel is closed");
    await time.settle();
    expect(readable.destroyed).toBe(true);
  });

  test("toWritable() of a closed channel fails at once", async () => {
    const to = channel<number>();
    to.close();
    const [failure] = await once(toWritable(to), "error");
    expect(String(failure)).toContain("Cannot write: the channel is closed");
  });

  test("text written to toWritable() with objectMode: false arrives as bytes", async () => {
    const to = channel<Uint8Array>(1);
    const writable = toWritable(to, { objectMode: false });
    writable.end("text");
    const [bytes] = await collect(to);
    expect([bytes instanceof Uint8Array, String(bytes)]).toEqual([true, "text"]);
  });

  test("what is no channel is refused", () => {
    expect(() => toWritable({} as never)).toThrow("Cannot make stream: sink must be a send channel, got an object");
  });
});

describe("lines()", () => {
  test.each<[string, (string | Uint8Array)[], string[]]>([
    ["of one chunk", ["a\nb\nc\n"], ["a", "b", "c"]],
    ["without an end of the last", ["a\nb"], ["a", "b"]],
    ["over several chunks", ["a", "b\nc", "d", "\n", "e"], ["ab", "cd", "e"]],
    ["with \\r\\n, cut in two", ["a\r", "\nb\r\n"], ["a", "b"]],
    ["with \\r inside", ["a\rb\n"], ["a\rb"]],
    ["that are empty", ["\n\na\n\n"], ["", "", "a", ""]],
    ["of nothing", [], []],
    ["of bytes", [Buffer.from("a\nb")], ["a", "b"]],
  ])("%s", async (_, chunks, expected) => {
    expect(await collect(lines(Readable.from(chunks)))).toEqual(expected);
  });

  test("lines() joins a character that two chunks share, and drops a byte order mark", async () => {
    const bytes = Buffer.from("\ufeffgrün\n𝄞\n");
    const single = Array.from(bytes, (_, at) => bytes.subarray(at, at + 1));
    expect(await collect(lines(Readable.from(single)))).toEqual(["grün", "𝄞"]);
  });

  test("lines({ encoding }) takes the encodings of TextDecoder, and throws for an unknown one", async () => {
    expect(await collect(lines(Readable.from([Buffer.from([0xe4, 0x0a])]), { encoding: "latin1" }))).toEqual(["ä"]);
    expect(() => lines(Readable.from([]), { encoding: "no such" })).toThrow(RangeError);
  });

  test("lines() yields the lines of the whole text, wherever chunks end", async () => {
    const texts = fc.array(fc.constantFrom("", "a", "ü𝄞", "\n", "\r\n", "\n\n"), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(texts, fc.integer({ min: 1, max: 5 }), async (parts, size) => {
        const text = parts.join("");
        const bytes = Buffer.from(text);
        const chunks: Buffer[] = [];
        for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size));
        const whole = text.split(/\r?\n/);
        if (whole.at(-1) === "") whole.pop();
        expect(await collect(lines(Readable.from(chunks)))).toEqual(whole);
      }),
      { numRuns: 60 },
    );
  });

  test("lines() of a file reads as lines are received, and destroys the stream when left early", async () => {
    const folder = mkdtempSync(join(tmpdir(), "millrace-lines-"));
    try {
      const file = join(folder, "log");
      writeFileSync(file, Array.from({ length: 20_000 }, (_, n) => `line ${n}\n`).join(""));
      expect((await collect(lines(createReadStream(file)))).at(-1)).toBe("line 19999");
      const early = createReadStream(file, { highWaterMark: 64 });
      const got: string[] = [];
      for await (const line of lines(early)) if (got.push(line) === 3) break;
      expect(got).toEqual(["line 0", "line 1", "line 2"]);
      await quiet(5);
      expect([early.destroyed, early.bytesRead < 1_000]).toEqual([true, true]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test("CB-3: lines() throws the error of the stream after the complete lines", async () => {
    using time = virtualTime();
    const readable = new PassThrough();
    const seen = read(lines(readable));
    readable.write("a\nb\nc");
    await time.settle();
    readable.destroy(error);
    await time.settle();
    expect(seen).toEqual({ values: ["a", "b"], end: { cause: error } });
  });

  test("lines() takes linear time for a long line in small chunks", async () => {
    const piece = "x".repeat(1_000);
    const [line] = await collect(lines(Readable.from(Array.from({ length: 20_000 }, () => piece))));
    expect(line!.length).toBe(20_000_000);
  });
});

describe("fromEvent() of an EventEmitter", () => {
  test("fromEvent() of an EventEmitter yields the arguments of each event, until it is cancelled", () => {
    const emitter = new EventEmitter();
    const events = fromEvent<[string, number]>(emitter, "line");
    emitter.emit("line", "a", 1);
    emitter.emit("other");
    expect([events.tryReceive(), events.tryReceive()]).toEqual([["a", 1], EMPTY]);
    events.cancel();
    expect(emitter.listenerCount("line")).toBe(0);
  });
});

describe("run() of a program whose streams are used outside (EN-1)", () => {
  test("reports no deadlock while a Node stream may still write or read", async () => {
    const late = new Readable({ read() {} });
    const written = run(function* main() {
      const chunks = channel<string>();
      late.setEncoding("utf8").pipe(toWritable(chunks));
      return yield* chunks.receive();
    });
    const sent = run(function* main() {
      const chunks = channel<string>();
      const readable = toReadable(chunks);
      setTimeout(() => readable.resume(), 20);
      return yield* chunks.send("x");
    });
    setTimeout(() => late.push("x"), 20);
    expect([await written, await sent]).toEqual(["x", true]);
    late.destroy();
  });

  test("reports the deadlock once its streams are destroyed", async () => {
    await expect(
      run(function* main() {
        toReadable(channel<string>()).destroy();
        toWritable(channel<string>()).destroy();
        yield* channel().receive();
      }),
    ).rejects.toThrow(DeadlockError);
  });
});

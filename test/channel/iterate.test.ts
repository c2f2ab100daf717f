// The iterators of channels can be left at any moment, and hand values over as they are.

import {
  always,
  broadcast,
  type Channel,
  channel,
  debounce,
  from,
  fromEvent,
  go,
  merge,
  pipeline,
  produce,
  promiseChannel,
  stream,
  ticker,
  timeout,
  watch,
} from "millrace";
import { describe, expect, test } from "vitest";
import { virtualTime } from "../support/virtual.js";

type Kind = () => { readonly source: AsyncIterable<unknown>; readonly send?: (value: unknown) => boolean };

/** A channel of your own behind another one: `send` returns whether a receive took or stored the value. */
function behind(make: (source: Channel<unknown>) => AsyncIterable<unknown>): ReturnType<Kind> {
  const source = channel<unknown>();
  return { source: make(source), send: (value) => source.trySend(value) };
}

const kinds: Readonly<Record<string, Kind>> = {
  "channel()": () => behind((source) => source),
  "channel() with maxPending": () => {
    const source = channel<unknown>(0, { maxPending: 1 });
    return { source, send: (value) => source.trySend(value) };
  },
  "promiseChannel()": () => ({ source: promiseChannel<unknown>() }),
  "merge()": () => behind((source) => merge([source])),
  "a stream": () => behind((source) => stream(source).map((value) => value)),
  "pipeline()": () => ({ source: pipeline(2, channel<unknown>(), (value) => value) }),
  "debounce()": () => ({ source: debounce(channel<unknown>(), 5) }),
  "produce()": () => ({
    source: produce<unknown>(function* (out) {
      yield* out.whenClosed();
    }),
  }),
  "fromEvent()": () => ({ source: fromEvent(new EventTarget(), "x") }),
  "a subscription": () => ({ source: broadcast(channel<unknown>()).subscribe() }),
  "ticker()": () => ({ source: ticker(1000) }),
  "timeout()": () => ({ source: timeout(1000) }),
  "watch().changes()": () => ({ source: watch<unknown>(0).changes() }),
};

describe.each(Object.entries(kinds))("the iterator of %s", (_, make) => {
  test("return() while a read waits ends both at once, and takes no value (CH-27)", async () => {
    using time = virtualTime();
    const { source, send } = make();
    const iterator = source[Symbol.asyncIterator]();
    const reads = [iterator.next()];
    await time.settle();
    expect(await iterator.return!()).toEqual({ done: true, value: undefined });
    expect(await Promise.all(reads)).toEqual([{ done: true, value: undefined }]);
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
    if (send !== undefined) expect(send("lost?")).toBe(false);
    await time.settle();
    expect([time.timers, time.reported]).toEqual([0, []]);
  });

  test("throw() ends it, too, and rejects with the error", async () => {
    using time = virtualTime();
    const { source } = make();
    const iterator = source[Symbol.asyncIterator]();
    const read = iterator.next();
    await time.settle();
    const error = new Error("left");
    await expect(iterator.throw!(error)).rejects.toBe(error);
    expect(await read).toEqual({ done: true, value: undefined });
    await time.settle();
    expect(time.timers).toBe(0);
  });

  test("return() before the first read ends it", async () => {
    using time = virtualTime();
    const iterator = make().source[Symbol.asyncIterator]();
    await iterator.return!();
    expect((await iterator.next()).done).toBe(true);
    expect(time.timers).toBe(0);
  });
});

test("leaving the iterator of an owned channel releases it, although a read waits (CB-2)", async () => {
  const log: string[] = [];
  const owned = produce<number>(
    function* (out) {
      yield* out.whenClosed();
    },
    { release: () => void log.push("released") },
  );
  const iterator = owned[Symbol.asyncIterator]();
  const read = iterator.next();
  await iterator.return!();
  expect([(await read).done, owned.closed, log]).toEqual([true, true, ["released"]]);
});

test("a value that was handed to a read is given back if the reader leaves in the same step (CH-27)", async () => {
  const lost: string[] = [];
  const words = channel<string>(0, { onUndelivered: (word) => void lost.push(word) });
  const iterator = words[Symbol.asyncIterator]();
  const read = iterator.next();
  words.trySend("hello");
  await iterator.return!();
  expect([(await read).done, lost]).toEqual([true, ["hello"]]);

  const source = channel<string>(1);
  const view = merge([source]);
  const second = view[Symbol.asyncIterator]();
  void second.next();
  source.trySend("again");
  await second.return!();
  expect(view.closed).toBe(true);
});

test("several reads that wait are served in their order, and all end with the iterator", async () => {
  const words = channel<string>();
  const iterator = words[Symbol.asyncIterator]();
  const reads = ["a", "b", "c", "d"].map(() => iterator.next());
  words.trySend("1");
  words.trySend("2");
  expect((await reads[0])!.value).toBe("1");
  expect((await reads[1])!.value).toBe("2");
  await iterator.return!();
  expect([(await reads[2])!.done, (await reads[3])!.done, words.trySend("3")]).toEqual([true, true, false]);
});

test("values that are promises, operations or tasks arrive as they are (CH-9)", async () => {
  const things: readonly unknown[] = [Promise.resolve(1), always(2), go(function* () {}), { then: (): void => {} }];
  const source = channel<unknown>(4);
  for (const thing of things) source.trySend(thing);
  source.close();
  const seen: unknown[] = [];
  for await (const thing of source) seen.push(thing);
  // Not toEqual, which would iterate the operations.
  expect(seen).toHaveLength(things.length);
  for (const [at, thing] of seen.entries()) expect(thing).toBe(things[at]);
  seen.length = 0;
  for await (const thing of from(things)) seen.push(thing);
  for (const [at, thing] of seen.entries()) expect(thing).toBe(things[at]);
});

test("ReadableStream.from() can be cancelled while it waits, and takes no value", async () => {
  const words = channel<string>();
  const streams = ReadableStream as unknown as { from?: (source: AsyncIterable<string>) => ReadableStream<string> };
  const web = streams.from?.(words);
  if (web === undefined) return; // not in this host
  const reader = web.getReader();
  const read = reader.read();
  await Promise.resolve();
  await reader.cancel();
  expect([(await read).done, words.trySend("lost?")]).toEqual([true, false]);
});

// What adapts an async iterable calls `return()` while a read waits.

import { PassThrough, Readable } from "node:stream";
import { channel, produce } from "millrace";
import { expect, test } from "vitest";

const soon = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

test("Readable.from() that is destroyed while it waits takes no value, and releases an owned channel", async () => {
  const words = channel<string>();
  const readable = Readable.from(words);
  readable.on("data", () => {});
  await soon();
  readable.destroy();
  await soon();
  expect([readable.closed, words.trySend("lost?")]).toEqual([true, false]);

  const log: string[] = [];
  const owned = produce<string>(
    function* (out) {
      yield* out.whenClosed();
    },
    { release: () => void log.push("released") },
  );
  const second = Readable.from(owned);
  second.on("data", () => {});
  await soon();
  second.destroy();
  await soon();
  expect([second.closed, owned.closed, log]).toEqual([true, true, ["released"]]);
});

test("Readable.from() piped to a stream that fails leaves the channel", async () => {
  const words = channel<string>();
  const readable = Readable.from(words);
  const sink = readable.pipe(new PassThrough());
  sink.on("error", () => {});
  words.trySend("one");
  await soon();
  readable.destroy();
  sink.destroy(new Error("sink"));
  await soon();
  expect(words.trySend("lost?")).toBe(false);
});

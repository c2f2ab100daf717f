// A pipeline over the text files of a real package: which type names occur most often in TypeScript's declarations of the
// standard library? Four readers, two splitters, one counter; the channels between them are short, so that a slow stage
// slows those before it: however many files there are, only a few are in memory at a time.

import { readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  type AsyncRoutine,
  CLOSED,
  type Closed,
  channel,
  go,
  type ReceiveChannel,
  type Routine,
  type SendChannel,
  scope,
  settled,
} from "millrace";

const READERS = 4;
const SPLITTERS = 2;
const QUEUE = 2;

/** Files that have been read and not been split yet. */
let inMemory = 0;
let mostInMemory = 0;

async function* read(paths: ReceiveChannel<string>, texts: SendChannel<string>): AsyncRoutine<void> {
  for (let path: string | Closed; (path = yield* paths.receive()) !== CLOSED; ) {
    const text = yield* settled(readFile(path, "utf8"));
    mostInMemory = Math.max(mostInMemory, ++inMemory);
    yield* texts.send(text);
  }
}

function* split(texts: ReceiveChannel<string>, words: SendChannel<string>): Routine<void> {
  for (let text: string | Closed; (text = yield* texts.receive()) !== CLOSED; ) {
    for (const [word] of text.matchAll(/(?<=: )[A-Z]\w+/g)) yield* words.send(word);
    inMemory--;
  }
}

function* count(words: ReceiveChannel<string>): Routine<Map<string, number>> {
  const counts = new Map<string, number>();
  for (let word: string | Closed; (word = yield* words.receive()) !== CLOSED; )
    counts.set(word, (counts.get(word) ?? 0) + 1);
  return counts;
}

/** Runs a stage several times over, and closes what it feeds when all are done. */
function* stage<T>(copies: number, to: SendChannel<T>, body: () => Routine<void> | AsyncRoutine<void>): Routine<void> {
  yield* scope(function* (workers) {
    for (let copy = 0; copy < copies; copy++) workers.go(body);
  });
  to.close();
}

function* main(files: readonly string[]): Routine<Map<string, number>> {
  const paths = channel<string>();
  const texts = channel<string>(QUEUE);
  const words = channel<string>(1024);
  return yield* scope(function* (pipeline) {
    pipeline.go(function* () {
      for (const file of files) yield* paths.send(file);
      paths.close();
    });
    pipeline.go(stage, READERS, texts, () => read(paths, texts));
    pipeline.go(stage, SPLITTERS, words, () => split(texts, words));
    return yield* count(words);
  });
}

const folder = dirname(fileURLToPath(import.meta.resolve("typescript")));
const names = (await readdir(folder)).filter((name) => /^lib\..*\.d\.ts$/.test(name));
const counts = await go(
  main,
  names.map((name) => join(folder, name)),
);

const top = [...counts].sort(([, a], [, b]) => b - a).slice(0, 5);
console.log(`${names.length > 50 ? "more than 50" : names.length} files`);
console.log(`most frequent: ${top.map(([word]) => word).join(", ")}`);
// One in each reader's hand, those in the queue, one in each splitter's hand.
console.log(
  `in memory at once, at most ${READERS + QUEUE + SPLITTERS}: ${mostInMemory <= READERS + QUEUE + SPLITTERS}`,
);

// Prints:
//   more than 50 files
//   most frequent: EventListenerOrEventListenerObject, GLenum, Promise, Event, GLint
//   in memory at once, at most 8: true

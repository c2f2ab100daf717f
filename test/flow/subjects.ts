// Every combinator between channels in one table: how it is made over sources, and what it promises about their values.

import {
  batch,
  broadcast,
  buffer,
  channel,
  combineLatest,
  concat,
  debounce,
  delay,
  exhaust,
  flatPipeline,
  from,
  latest,
  merge,
  mix,
  pausable,
  pause,
  pipe,
  pipeline,
  publish,
  type ReceiveChannel,
  race,
  type SendChannel,
  sample,
  split,
  stream,
  throttle,
  through,
  toReadableStream,
  watch,
  zip,
} from "millrace";
import { map } from "millrace/transducers";

/** A combinator between channels, as the table-driven suites see it. */
export interface Subject {
  readonly name: string;
  /** The number of its sources. */
  readonly inputs: number;
  /** Makes it over the sources, and returns all of its outputs. */
  readonly make: (...sources: ReceiveChannel<number>[]) => ReceiveChannel<unknown>[];
  /** The numbers in an emitted value, if each number that enters leaves by one output exactly once. */
  readonly numbersOf?: (value: unknown) => number[];
  /** Whether each output keeps the order of each source. */
  readonly ordered: boolean;
  /** Whether it continues to read when its last receiver has left, because another one may come. */
  readonly goesOn?: boolean;
}

const one = (value: unknown): number[] => [value as number];
const many = (value: unknown): number[] => value as number[];
const keyed = (value: unknown): number[] => [(value as { value: number }).value];

export const subjects: readonly Subject[] = [
  {
    name: "pipe()",
    inputs: 1,
    make(source) {
      const to = channel<number>();
      pipe(source!, to);
      return [to];
    },
    numbersOf: one,
    ordered: true,
  },
  {
    name: "through()",
    inputs: 1,
    make: (source) => [
      through(
        source!,
        map((n: number) => n),
      ),
    ],
    numbersOf: one,
    ordered: true,
  },
  { name: "merge() of a list", inputs: 2, make: (...sources) => [merge(sources)], numbersOf: one, ordered: true },
  {
    name: "merge() of a record",
    inputs: 2,
    make: (a, b) => [merge({ a: a!, b: b! })],
    numbersOf: keyed,
    ordered: true,
  },
  { name: "zip()", inputs: 2, make: (...sources) => [zip(sources)], ordered: true },
  { name: "combineLatest()", inputs: 2, make: (...sources) => [combineLatest(sources)], ordered: true },
  { name: "split()", inputs: 1, make: (source) => split(source!, (n) => n % 2 === 0), numbersOf: one, ordered: true },
  {
    name: "pipeline() of values",
    inputs: 1,
    make: (source) => [pipeline(3, source!, (n) => n)],
    numbersOf: one,
    ordered: true,
  },
  {
    name: "pipeline() of operations",
    inputs: 1,
    make: (source) => [pipeline(3, source!, (n) => pause().map(() => n))],
    numbersOf: one,
    ordered: true,
  },
  {
    name: "pipeline() with ordered: false",
    inputs: 1,
    make: (source) => [pipeline(3, source!, (n) => (n % 2 === 0 ? n : pause().map(() => n)), { ordered: false })],
    numbersOf: one,
    ordered: false,
  },
  {
    name: "flatPipeline()",
    inputs: 1,
    make: (source) => [
      flatPipeline(3, source!, function* (n, out: SendChannel<number>) {
        yield* out.send(n);
      }),
    ],
    numbersOf: one,
    ordered: true,
  },
  { name: "latest()", inputs: 1, make: (source) => [latest(source!, (n) => pause().map(() => n))], ordered: true },
  { name: "exhaust()", inputs: 1, make: (source) => [exhaust(source!, (n) => pause().map(() => n))], ordered: true },
  {
    name: "pausable()",
    inputs: 1,
    make: (source) => [pausable(source!, watch(false))],
    numbersOf: one,
    ordered: true,
  },
  { name: "concat()", inputs: 2, make: (...sources) => [concat(sources)], numbersOf: one, ordered: true },
  { name: "race()", inputs: 1, make: (...sources) => [race(sources)], numbersOf: one, ordered: true },
  {
    name: "from(toReadableStream())",
    inputs: 1,
    make: (source) => [from(toReadableStream(source!))],
    numbersOf: one,
    ordered: true,
  },
  { name: "batch()", inputs: 1, make: (source) => [batch(source!, 3, 2)], numbersOf: many, ordered: true },
  { name: "debounce()", inputs: 1, make: (source) => [debounce(source!, 1)], ordered: true },
  { name: "throttle()", inputs: 1, make: (source) => [throttle(source!, 1)], ordered: true },
  { name: "sample()", inputs: 1, make: (source) => [sample(source!, 1)], ordered: true },
  { name: "delay()", inputs: 1, make: (source) => [delay(source!, 2)], numbersOf: one, ordered: true },
  { name: "buffer()", inputs: 1, make: (source) => [buffer(source!, 2)], numbersOf: one, ordered: true },
  {
    name: "stream()",
    inputs: 1,
    make: (source) => [
      stream(source!)
        .map((n) => n + 1)
        .tap(() => {})
        .batch(2)
        .flatMap((pair) => [...pair])
        .buffer(2)
        .map((n) => n - 1)
        .channel(),
    ],
    numbersOf: one,
    ordered: true,
  },
  {
    name: "mix()",
    inputs: 2,
    make(...sources) {
      const mixed = mix<number>();
      for (const source of sources) mixed.add(source);
      return [mixed.out];
    },
    numbersOf: one,
    ordered: true,
  },
  {
    name: "broadcast()",
    inputs: 1,
    make: (source) => [broadcast(source!).subscribe()],
    numbersOf: one,
    ordered: true,
    goesOn: true,
  },
  {
    name: "publish()",
    inputs: 1,
    make(source) {
      const publisher = publish(source!, (n) => n % 2);
      return [publisher.subscribe(0), publisher.subscribe(1)];
    },
    numbersOf: one,
    ordered: true,
    goesOn: true,
  },
];

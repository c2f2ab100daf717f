// Steps in which time plays no part: transducers, seen through a channel.

import { through } from "millrace";
import {
  batch,
  dedupe,
  distinct,
  drop,
  dropWhile,
  filter,
  flatMap,
  interpose,
  keep,
  map,
  partitionBy,
  scan,
  take,
  takeNth,
  takeWhile,
  tap,
  window,
} from "millrace/transducers";
import { letters, numbers, type Scene, scene } from "../scene.ts";

export const scenes: readonly Scene[] = [
  scene({
    name: "through",
    says: "What is received went through the step. What fails fails the receiver.",
    inputs: { source: numbers("-1---2--3-----#") },
    run: ({ source }) =>
      through(
        source,
        map((n) => n * 10),
      ),
  }),
  scene({
    name: "map",
    says: "Each value becomes what the function makes of it.",
    inputs: { source: numbers("-1---2--3-----4--|") },
    run: ({ source }) =>
      through(
        source,
        map((n) => n * 10),
      ),
  }),
  scene({
    name: "filter",
    says: "Only values that pass the test come out.",
    inputs: { source: numbers("-1---2--3-----4--|") },
    run: ({ source }) =>
      through(
        source,
        filter((n) => n % 2 === 0),
      ),
  }),
  scene({
    name: "flat-map",
    says: "Each value becomes any number of values.",
    inputs: { source: numbers("-1------0---3-----|") },
    run: ({ source }) =>
      through(
        source,
        flatMap((n) => "abc".slice(0, n)),
      ),
  }),
  scene({
    name: "scan",
    says: "Every state on the way.",
    inputs: { source: numbers("-1---2--3-----4--|") },
    run: ({ source }) =>
      through(
        source,
        scan((sum, n: number) => sum + n, 0),
      ),
  }),
  scene({
    name: "take",
    says: "After two values it closes, and releases the source.",
    inputs: { source: letters("-a---b--c-----d--|") },
    run: ({ source }) => through(source, take(2)),
  }),
  scene({
    name: "take-while",
    says: "Up to the first value that fails the test.",
    inputs: { source: numbers("-1---2--3-----1--|") },
    run: ({ source }) =>
      through(
        source,
        takeWhile((n) => n < 3),
      ),
  }),
  scene({
    name: "drop",
    says: "All but the first two.",
    inputs: { source: letters("-a---b--c-----d--|") },
    run: ({ source }) => through(source, drop(2)),
  }),
  scene({
    name: "drop-while",
    says: "From the first value that fails the test.",
    inputs: { source: numbers("-1---2--3-----1--|") },
    run: ({ source }) =>
      through(
        source,
        dropWhile((n) => n < 3),
      ),
  }),
  scene({
    name: "dedupe",
    says: "A value equal to the one before is left out.",
    inputs: { source: letters("-a--a--b--b---a--|") },
    run: ({ source }) => through(source, dedupe()),
  }),
  scene({
    name: "distinct",
    says: "Each value once.",
    inputs: { source: letters("-a--a--b--b---a-c-|") },
    run: ({ source }) => through(source, distinct()),
  }),
  scene({
    name: "keep",
    says: "What the function makes of each value, unless it is undefined or null.",
    inputs: { source: numbers("-1---2--3-----4--|") },
    run: ({ source }) =>
      through(
        source,
        keep((n) => (n % 2 === 0 ? n * 10 : undefined)),
      ),
  }),
  scene({
    name: "take-nth",
    says: "The first of every two.",
    inputs: { source: letters("-a---b--c-----d--|") },
    run: ({ source }) => through(source, takeNth(2)),
  }),
  scene({
    name: "interpose",
    says: "A separator between the values.",
    inputs: { source: letters("-a----b---c-----d--|") },
    run: ({ source }) => through(source, interpose("/")),
  }),
  scene({
    name: "batch",
    says: "Groups of two; the last may be smaller.",
    inputs: { source: letters("-a---b--c--d----e--|") },
    run: ({ source }) => through(source, batch(2)),
  }),
  scene({
    name: "window",
    says: "The last two values, each time one comes.",
    inputs: { source: letters("-a---b----c----d---|") },
    run: ({ source }) => through(source, window(2)),
  }),
  scene({
    name: "partition-by",
    says: "A new group whenever the key changes.",
    inputs: { source: numbers("-1---3--2--4----5--|") },
    run: ({ source }) =>
      through(
        source,
        partitionBy((n) => n % 2),
      ),
  }),
  scene({
    name: "tap",
    says: "Looks at each value and lets it pass.",
    inputs: { source: letters("-a---b--c-----d--|") },
    run({ source }, stage) {
      const log = stage.pen("log").value;

      // shown
      return through(source, tap(log));
    },
  }),
];

// Steps that do not depend on time: transducers, applied to a channel.

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
    says: "Each received value has passed through the step. If the source fails, the receive throws its error.",
    inputs: { source: numbers("-1---2--3-----#") },
    run: ({ source }) =>
      through(
        source,
        map((n) => n * 10),
      ),
  }),
  scene({
    name: "map",
    says: "Each value is replaced by the result of the function.",
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
    says: "Each value is replaced by any number of values.",
    inputs: { source: numbers("-1------0---3-----|") },
    run: ({ source }) =>
      through(
        source,
        flatMap((n) => "abc".slice(0, n)),
      ),
  }),
  scene({
    name: "scan",
    says: "Each value updates the state, and each new state comes out.",
    inputs: { source: numbers("-1---2--3-----4--|") },
    run: ({ source }) =>
      through(
        source,
        scan((sum, n: number) => sum + n, 0),
      ),
  }),
  scene({
    name: "take",
    says: "After two values the output closes and releases the source.",
    inputs: { source: letters("-a---b--c-----d--|") },
    run: ({ source }) => through(source, take(2)),
  }),
  scene({
    name: "take-while",
    says: "Values come out up to the first value that fails the test.",
    inputs: { source: numbers("-1---2--3-----1--|") },
    run: ({ source }) =>
      through(
        source,
        takeWhile((n) => n < 3),
      ),
  }),
  scene({
    name: "drop",
    says: "All values but the first two come out.",
    inputs: { source: letters("-a---b--c-----d--|") },
    run: ({ source }) => through(source, drop(2)),
  }),
  scene({
    name: "drop-while",
    says: "Values come out from the first value on that fails the test.",
    inputs: { source: numbers("-1---2--3-----1--|") },
    run: ({ source }) =>
      through(
        source,
        dropWhile((n) => n < 3),
      ),
  }),
  scene({
    name: "dedupe",
    says: "A value that equals the previous value is left out.",
    inputs: { source: letters("-a--a--b--b---a--|") },
    run: ({ source }) => through(source, dedupe()),
  }),
  scene({
    name: "distinct",
    says: "Each distinct value comes out once.",
    inputs: { source: letters("-a--a--b--b---a-c-|") },
    run: ({ source }) => through(source, distinct()),
  }),
  scene({
    name: "keep",
    says: "The results of the function come out, except undefined and null.",
    inputs: { source: numbers("-1---2--3-----4--|") },
    run: ({ source }) =>
      through(
        source,
        keep((n) => (n % 2 === 0 ? n * 10 : undefined)),
      ),
  }),
  scene({
    name: "take-nth",
    says: "The first of every two values comes out.",
    inputs: { source: letters("-a---b--c-----d--|") },
    run: ({ source }) => through(source, takeNth(2)),
  }),
  scene({
    name: "interpose",
    says: "A separator comes out between the values.",
    inputs: { source: letters("-a----b---c-----d--|") },
    run: ({ source }) => through(source, interpose("/")),
  }),
  scene({
    name: "batch",
    says: "Values come out in groups of two. The last group may be smaller.",
    inputs: { source: letters("-a---b--c--d----e--|") },
    run: ({ source }) => through(source, batch(2)),
  }),
  scene({
    name: "window",
    says: "Each new value yields a group of the last two values.",
    inputs: { source: letters("-a---b----c----d---|") },
    run: ({ source }) => through(source, window(2)),
  }),
  scene({
    name: "partition-by",
    says: "A new group starts when the key changes.",
    inputs: { source: numbers("-1---3--2--4----5--|") },
    run: ({ source }) =>
      through(
        source,
        partitionBy((n) => n % 2),
      ),
  }),
  scene({
    name: "tap",
    says: "The function is called with each value, and the value passes unchanged.",
    inputs: { source: letters("-a---b--c-----d--|") },
    run({ source }, stage) {
      const log = stage.pen("log").value;

      // shown
      return through(source, tap(log));
    },
  }),
];

// Conveying: from one channel to another, several into one, one into several.

import {
  CLOSED,
  channel,
  collect,
  combineLatest,
  concat,
  fanIn,
  from,
  merge,
  partition,
  pipe,
  produce,
  race,
  reduce,
  sleep,
  split,
  zip,
} from "millrace";
import { letters, numbers, type Scene, scene, values } from "../scene.ts";

export const scenes: readonly Scene[] = [
  scene({
    name: "from",
    says: "The iterable is asked for the next value only when somebody receives; leaving early ends it.",
    run(_, stage) {
      const pages = stage.iterable("pages", "abcdef");

      // shown
      return from(pages);
    },
    reading: { out: { busy: 40, takes: 4 } },
  }),
  scene({
    name: "produce",
    says: "A task feeds the channel; when the receiver cancels, the task ends.",
    run: () =>
      produce<string>(function* (out) {
        for (const letter of "abcdef") {
          yield* sleep(30);
          yield* out.send(letter);
        }
      }),
    reading: { out: { leaves: 140 } },
  }),
  scene({
    name: "pipe",
    says: "Everything goes into a channel of yours. When that is full the source waits.",
    inputs: { source: letters("-abcde|") },
    run({ source }) {
      const queue = channel<string>(1);
      pipe(source, queue);

      return { queue };
    },
    reading: { queue: { busy: 40 } },
  }),
  scene({
    name: "merge",
    says: "The values of all sources come out as they come in. It closes when all have.",
    inputs: { left: letters("-a---b-----c--|"), right: letters("---x----y--------z--|") },
    run: ({ left, right }) => merge([left, right]),
  }),
  scene({
    name: "merge-keyed",
    says: "With names, each value says where it came from.",
    inputs: { left: letters("--a------b-----|"), right: letters("-----x------y-----z--|") },
    run: ({ left, right }) => merge({ left, right }),
  }),
  scene({
    name: "zip",
    says: "First with first, second with second. It closes when one source has ended, and releases the other.",
    inputs: { left: letters("-a--b--c----d------"), right: numbers("---1------2---3--|") },
    run: ({ left, right }) => zip([left, right]),
  }),
  scene({
    name: "combine-latest",
    says: "Once all have a value, a row of the latest values for each value that comes.",
    inputs: { left: letters("-a------b-------c---|"), right: numbers("----1------2--|") },
    run: ({ left, right }) => combineLatest([left, right]),
  }),
  scene({
    name: "concat",
    says: "One after the other. The second is not read before the first has ended, so its value waits.",
    inputs: { first: letters("-a--b-----|"), second: letters("----x-------y--z--|") },
    run: ({ first, second }) => concat([first, second]),
  }),
  scene({
    name: "race",
    says: "Whichever has a value first is read to its end. The other is released.",
    inputs: { slow: letters("------a--b--|"), quick: letters("---x--y-----z---|") },
    run: ({ slow, quick }) => race([slow, quick]),
  }),
  scene({
    name: "split",
    says: "Two channels: the values that pass the test, and the others.",
    inputs: { source: numbers("-1--2--3--4---5--|") },
    run: ({ source }) => split(source, (n) => n % 2 === 0),
    outputs: ["even", "odd"],
  }),
  scene({
    name: "partition",
    says: "A channel for each key, when the key first occurs.",
    inputs: { words: values("-a--b--c--d---e--|", { a: "a", b: "bb", c: "c", d: "ddd", e: "ee" }) },
    run({ words }, stage) {
      const groups = partition(words, (word) => word.length);

      stage.go(function* () {
        for (let group; (group = yield* groups.receive()) !== CLOSED; ) stage.output(`key ${group.key}`, group.values);
      });
    },
  }),
  scene({
    name: "fan-in",
    says: "Several tasks send into one channel, which closes when all are done.",
    run(_, stage) {
      const north = stage.producer<string>("north", "-a---b-----c--|");
      const south = stage.producer<string>("south", "---x----y--------z--|");

      // shown
      return fanIn([north, south]);
    },
  }),
  scene({
    name: "collect",
    says: "All values as one, when the source has ended.",
    inputs: { source: letters("-a---b--c-----d--|") },
    run({ source }, stage) {
      const all = collect(source);

      stage.task("all", 0, function* (pen) {
        pen.value(yield* pen.wait(all));
      });
    },
  }),
  scene({
    name: "reduce",
    says: "One value made of all, when the source has ended.",
    inputs: { source: numbers("-1---2--3-----4--|") },
    run({ source }, stage) {
      const sum = reduce(source, (sum, n) => sum + n, 0);

      stage.task("sum", 0, function* (pen) {
        pen.value(yield* pen.wait(sum));
      });
    },
  }),
];

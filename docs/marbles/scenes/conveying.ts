// Conveying values: from one channel to another, from several channels to one, from one channel to several.

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
    says:
      "The iterable is asked for its next value only when a task receives. When the reader cancels the channel, the " +
      "iterable ends.",
    run(_, stage) {
      const pages = stage.iterable("pages", "abcdef");

      // shown
      return from(pages);
    },
    reading: { out: { busy: 40, takes: 4 } },
  }),
  scene({
    name: "produce",
    says: "A task sends to the channel. When the receiver cancels the channel, the task ends.",
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
    says: "All values go into a channel of yours. When that channel is full, the source waits.",
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
    says:
      "The values of all sources come out in the order of their arrival. The output closes when all sources have " +
      "closed.",
    inputs: { left: letters("-a---b-----c--|"), right: letters("---x----y--------z--|") },
    run: ({ left, right }) => merge([left, right]),
  }),
  scene({
    name: "merge-keyed",
    says: "With named sources, each value comes with the name of its source.",
    inputs: { left: letters("--a------b-----|"), right: letters("-----x------y-----z--|") },
    run: ({ left, right }) => merge({ left, right }),
  }),
  scene({
    name: "zip",
    says:
      "The first values are paired, then the second values, and so on. When one source ends, the output closes and " +
      "releases the other source.",
    inputs: { left: letters("-a--b--c----d------"), right: numbers("---1------2---3--|") },
    run: ({ left, right }) => zip([left, right]),
  }),
  scene({
    name: "combine-latest",
    says: "Once each source has delivered a value, each new value yields a row of the latest values.",
    inputs: { left: letters("-a------b-------c---|"), right: numbers("----1------2--|") },
    run: ({ left, right }) => combineLatest([left, right]),
  }),
  scene({
    name: "concat",
    says:
      "The sources are read one after the other. The second is not read before the first has ended, so its value " +
      "waits.",
    inputs: { first: letters("-a--b-----|"), second: letters("----x-------y--z--|") },
    run: ({ first, second }) => concat([first, second]),
  }),
  scene({
    name: "race",
    says: "The source that delivers the first value is read to its end. The other source is released.",
    inputs: { slow: letters("------a--b--|"), quick: letters("---x--y-----z---|") },
    run: ({ slow, quick }) => race([slow, quick]),
  }),
  scene({
    name: "split",
    says: "One output gets the values that pass the test, and the other output gets the rest.",
    inputs: { source: numbers("-1--2--3--4---5--|") },
    run: ({ source }) => split(source, (n) => n % 2 === 0),
    outputs: ["even", "odd"],
  }),
  scene({
    name: "partition",
    says: "Each key gets a channel when a value with that key occurs for the first time.",
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
    says: "Several tasks send to one channel, which closes when all tasks are done.",
    run(_, stage) {
      const north = stage.producer<string>("north", "-a---b-----c--|");
      const south = stage.producer<string>("south", "---x----y--------z--|");

      // shown
      return fanIn([north, south]);
    },
  }),
  scene({
    name: "collect",
    says: "When the source ends, all its values are delivered as one array.",
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
    says: "When the source ends, all its values are delivered as one combined value.",
    inputs: { source: numbers("-1---2--3-----4--|") },
    run({ source }, stage) {
      const sum = reduce(source, (sum, n) => sum + n, 0);

      stage.task("sum", 0, function* (pen) {
        pen.value(yield* pen.wait(sum));
      });
    },
  }),
];

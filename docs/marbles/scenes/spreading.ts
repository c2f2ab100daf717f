// Spreading values: from one channel to many.

import { broadcast, mix, publish, sleep, watch } from "millrace";
import { letters, numbers, type Scene, scene } from "../scene.ts";

export const scenes: readonly Scene[] = [
  scene({
    name: "broadcast",
    says:
      "The policy of each subscriber determines what happens to a value that does not fit. The slow subscribers do " +
      "not hold up the fast one.",
    inputs: { prices: letters("-a-b-c-d-e-f-|") },
    run({ prices }) {
      const market = broadcast(prices);
      const quick = market.subscribe();
      const drop = market.subscribe({ policy: "drop" });
      const slide = market.subscribe({ policy: "slide" });
      const disconnect = market.subscribe({ policy: "disconnect", capacity: 1 });

      return { quick, drop, slide, disconnect };
    },
    reading: { drop: { busy: 50 }, slide: { busy: 50 }, disconnect: { busy: 50 } },
  }),
  scene({
    name: "broadcast-wait",
    says: "With the policy wait, the source and all subscribers wait for the slow subscriber until it leaves.",
    inputs: { prices: letters("-a-b-c-d-e-f-|") },
    run({ prices }) {
      const market = broadcast(prices);
      const quick = market.subscribe({ policy: "wait" });
      const slow = market.subscribe({ policy: "wait" });

      return { quick, slow };
    },
    reading: { slow: { busy: 50, leaves: 140 } },
  }),
  scene({
    name: "publish",
    says: "Each value goes to the subscribers of its topic.",
    inputs: { source: numbers("-1--2--3-4---5---6-|") },
    run({ source }) {
      const publisher = publish(source, (n) => (n % 2 === 0 ? "even" : "odd"));
      const even = publisher.subscribe("even");
      const odd = publisher.subscribe("odd");

      return { even, odd };
    },
  }),
  scene({
    name: "watch",
    says: "A cell that keeps only its latest value. A slow reader skips to the latest value.",
    run(_, stage) {
      const state = watch("a");

      const set = stage.pen("state.set()", "input");
      for (const [index, value] of [..."bcdefg"].entries()) {
        stage.at(20 + index * 30, () => {
          set.value(value);
          state.set(value);
        });
      }
      for (const [name, busy] of [["changed()", 0] as const, ["changed()", 70] as const]) {
        const changed = state.changed();
        stage.task(name, 0, function* (pen) {
          for (;;) {
            pen.value(yield* pen.wait(changed));
            yield* sleep(busy);
          }
        });
      }
    },
  }),
  scene({
    name: "mix",
    says: "A muted input is read and its values are discarded. A paused input is not read, so its value waits.",
    inputs: { voice: letters("-a--b---c-----d---|"), music: letters("--x--y--z---u-----|") },
    run({ voice, music }, stage) {
      const hall = mix<string>();
      hall.add(voice);
      hall.add(music);
      const muted = () => hall.set(music, { mute: true });
      const paused = () => hall.set(music, { mute: false, pause: true });
      const heard = () => hall.set(music, { pause: false });

      const calls = stage.pen("music is", "input");
      for (const [at, call] of [
        [50, muted],
        [110, paused],
        [180, heard],
      ] as const) {
        stage.at(at, () => {
          calls.value({ toString: () => call.name });
          call();
        });
      }
      return { out: hall.out };
    },
  }),
];

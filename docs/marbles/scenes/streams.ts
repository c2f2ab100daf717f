// Events and streams.

import { channel, fromEvent, sleep, sliding, toReadableStream, toWritableStream } from "millrace";
import { letters, type Scene, scene } from "../scene.ts";
import type { Pen, Stage } from "../stage.ts";

class Typed extends Event {
  constructor(readonly letter: string) {
    super("key");
  }
}

/** Dispatches events, 20 ms apart. */
function keyboard(stage: Stage, pen: Pen): EventTarget {
  const target = new EventTarget();
  for (const [index, letter] of [..."abcdefg"].entries()) {
    stage.at(10 + index * 20, () => {
      pen.value(letter);
      target.dispatchEvent(new Typed(letter));
    });
  }
  return target;
}

export const scenes: readonly Scene[] = [
  scene({
    name: "from-event",
    says:
      "Events cannot be held up. With a sliding buffer, a slow reader gets the latest event. Cancelling the channel " +
      "removes the listener.",
    run(_, stage) {
      const target = keyboard(stage, stage.pen("events", "input"));

      // shown
      const events = fromEvent(target, "key", { buffer: sliding(1) });

      const letters = stage.pen("receive()");
      const reader = stage.go(function* () {
        for (;;) {
          const event = yield* letters.wait(events.receive());
          if (!(event instanceof Typed)) return;
          letters.value(event.letter);
          yield* sleep(50);
        }
      });
      stage.at(150, () => {
        reader.cancel();
        events.cancel();
        letters.end("cancelled");
      });
    },
  }),
  scene({
    name: "web-streams",
    says: "Backpressure passes through web streams: a slow reader holds up the source.",
    inputs: { source: letters("-a-b-c-d--e---|") },
    run({ source }) {
      const words = channel<string>();
      toReadableStream(source).pipeTo(toWritableStream(words));

      return { words };
    },
    reading: { words: { busy: 40 } },
  }),
];

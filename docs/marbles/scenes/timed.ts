// Combinators that depend on time.

import { batch, buffer, debounce, delay, sample, sliding, throttle } from "millrace";
import { letters, type Scene, scene } from "../scene.ts";

export const scenes: readonly Scene[] = [
  scene({
    name: "batch-timed",
    says: "A group comes out when it is full, or 40 ms after its first value.",
    inputs: { source: letters("-a-b-c---d--------e-|") },
    run: ({ source }) => batch(source, 3, 40),
  }),
  scene({
    name: "debounce",
    says: "The last value of each burst comes out when 30 ms have passed without a new value.",
    inputs: { typed: letters("-a-b-c------d------e-|") },
    run: ({ typed }) => debounce(typed, 30),
  }),
  scene({
    name: "throttle",
    says: "At most one value comes out per 40 ms: the first at once, then the latest value at the end of each window.",
    inputs: { moves: letters("-a-b-c-d-------e-----|") },
    run: ({ moves }) => throttle(moves, 40),
  }),
  scene({
    name: "sample",
    says: "Every 50 ms the latest value comes out, if there is a new one.",
    inputs: { readings: letters("-a--b-c------d--------|") },
    run: ({ readings }) => sample(readings, 50),
  }),
  scene({
    name: "delay",
    says:
      "Each value comes out 40 ms later, so the intervals between values stay the same. The output closes after the " +
      "last value.",
    inputs: { source: letters("-a-b----c-----|") },
    run: ({ source }) => delay(source, 40),
  }),
  scene({
    name: "buffer",
    says: "Three values are stored, and the task holds a fourth, before the source has to wait.",
    inputs: { source: letters("-abcdefg|") },
    run: ({ source }) => buffer(source, 3),
    reading: { out: { busy: 30 } },
  }),
  scene({
    name: "buffer-sliding",
    says: "A slow reader gets the latest value. Older values are dropped, and the source never waits.",
    inputs: { source: letters("-a-b-c-d-e-f---|") },
    run: ({ source }) => buffer(source, sliding(1)),
    reading: { out: { busy: 50 } },
  }),
];

import { CLOSED, type Closed, type ReceiveChannel, type SendChannel } from "../../channel/ends.js";
import { own } from "../../channel/owned.js";
import { select } from "../../choice/select.js";
import type { Operation, Routine } from "../../operation/operation.js";
import { finiteMilliseconds } from "../../structures/arguments.js";
import { ticker } from "../../time/ticker.js";
import { assertSource, type FlowOptions } from "../ends/release.js";
import { ahead, type Held } from "./ahead.js";

type Event<T> =
  | { readonly key: "next"; readonly value: T | Closed }
  | { readonly key: "tick"; readonly value: unknown }
  | { readonly key: "sent"; readonly value: boolean };

/**
 * Yields the latest value at each tick, if there was a new one since the last. Ticks come every so many milliseconds,
 * counted from this call, or from a channel. It reads on its own.
 *
 * A slow consumer: a value that is not taken by the next tick gives way to the one of that tick. Every value but the latest
 * at a tick is dropped; the last of all never is.
 *
 * Closes when: the source or the ticks have ended, after the latest value, at once, with the cause if there is one.
 * Cancelling it drops that value. In the end both are released.
 *
 * @throws RangeError when `every` is no number of milliseconds above 0. TypeError when it is no channel either.
 * @example
 * ```ts
 * import { channel, sample } from "millrace";
 *
 * const [readings, ticks] = [channel<number>(), channel<void>()];
 * const shown = sample(readings, ticks);
 * for (const n of [1, 2, 3]) await readings.send(n);
 * await ticks.send();
 * console.log(await shown.receive()); // 3
 * shown.cancel();
 * ```
 */
export function sample<T>(
  source: ReceiveChannel<T>,
  every: number | ReceiveChannel<unknown>,
  options: FlowOptions = {},
): ReceiveChannel<T> {
  const ticks = ticksOf(every);
  const body = function* sample(out: SendChannel<T>): Routine<void> {
    const [next, tick] = [source.receive(), ticks.receive()];
    // Fair: whichever never runs dry, the other has its turn.
    const reading = select({ tick, next }, { mode: "fair" });
    let at: Operation<Event<T>> = reading;
    let latest: Held<T> | null = null;
    let offered: Held<T> | null = null;
    try {
      for (;;) {
        const { key, value } = yield* at;
        if (key === "sent") {
          offered = null;
          at = reading;
        } else if (value === CLOSED) {
          return;
        } else if (key === "next") {
          latest = { value };
        } else if (latest !== null) {
          offered = latest;
          latest = null;
          at = select({ sent: out.send(offered.value), tick, next }, { mode: "fair" });
        }
      }
    } finally {
      const last = latest ?? offered;
      if (last !== null) yield* out.send(last.value);
    }
  };
  return ahead<T>("sample", source, options, body, { beside: ticks });
}

function ticksOf(every: number | ReceiveChannel<unknown>): ReceiveChannel<unknown> {
  if (typeof every !== "number") {
    assertSource("sample", every);
    return every;
  }
  finiteMilliseconds("sample", every);
  return own(ticker(every));
}

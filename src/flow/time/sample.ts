import { CLOSED, type Closed, type OwnedChannel, type ReceiveChannel, type SendChannel } from "../../channel/ends.js";
import { select } from "../../choice/select.js";
import type { Operation, Routine } from "../../operation/operation.js";
import { finiteMilliseconds } from "../../structures/arguments.js";
import { shown } from "../../structures/errors.js";
import { ticker } from "../../time/ticker.js";
import { assertSource, type Input, sourceOf } from "../ends/source.js";
import { type AheadOptions, type Held, readAhead } from "./read-ahead.js";

type Event<T> =
  | { readonly key: "next"; readonly value: T | Closed }
  | { readonly key: "tick"; readonly value: unknown }
  | { readonly key: "sent"; readonly value: boolean };

/**
 * Yields the latest value at each tick, if there is a new value since the last tick. Ticks come every so many milliseconds,
 * counted from this call, or from a channel. It reads ahead.
 *
 * A slow consumer: a value that has not been received by the next tick is replaced by the value of that tick. Only the
 * latest value at each tick is kept; all others are dropped. The last value of the source is never dropped.
 *
 * Closes when: the source or the channel of ticks has ended, after the latest value, which is sent at once, with the cause
 * if there is one. Cancelling it drops the latest value. When it ends, it releases the source and the ticks.
 *
 * @param source - The channel to read.
 * @param every - Milliseconds between ticks, or a channel of ticks.
 * @throws RangeError when `every` is a number but not a number of milliseconds above 0. TypeError when it is neither a
 * number nor a channel.
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
  source: Input<T>,
  every: number | Input<unknown>,
  options: AheadOptions<T> = {},
): OwnedChannel<T> {
  assertSource("sample", source);
  const ticks = ticksOf(every);
  const body = function* sample(out: SendChannel<T>, from: ReceiveChannel<T>): Routine<void> {
    const [next, tick] = [from.receive(), ticks.receive()];
    // Fair, so that a channel that always has a value does not starve the other.
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
  return readAhead<T, T>("sample", source, options, body, { otherSource: ticks });
}

function ticksOf(every: number | Input<unknown>): ReceiveChannel<unknown> {
  if (typeof every === "string")
    throw new TypeError(
      `Cannot sample: every must be a number of milliseconds or a source of ticks, got ${shown(every)}`,
    );
  if (typeof every !== "number") {
    return sourceOf("sample", every);
  }
  finiteMilliseconds("sample", every);
  return Object.assign(ticker(every), { owned: true });
}

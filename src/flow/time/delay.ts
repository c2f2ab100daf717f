import { CLOSED, type Closed, type OwnedChannel, type ReceiveChannel } from "../../channel/ends.js";
import { select } from "../../choice/select.js";
import type { Operation, Routine } from "../../operation/operation.js";
import { finiteMilliseconds } from "../../structures/arguments.js";
import { Ring } from "../../structures/ring.js";
import { timeout } from "../../time/timeout.js";
import type { Input } from "../ends/source.js";
import { type AheadOptions, type Held, readAhead } from "./read-ahead.js";

interface Delayed<T> extends Held<T> {
  readonly due: ReceiveChannel<never>;
}

type Event<T> = { readonly key: "next"; readonly value: T | Closed } | { readonly key: "due"; readonly value: unknown };

/**
 * Yields each value `ms` after it came, in the same order and at the same intervals. It reads ahead.
 *
 * A slow consumer: no value is dropped. While a value that is due has not been received it does not read, and the source
 * waits. So it never holds more than the values that came within `ms`.
 *
 * Closes when: the source has ended, after all values that it holds, each at its time, with the cause of the source if
 * there is one. Cancelling it drops the values that it holds, and releases the source.
 *
 * @param source - The channel to read.
 * @param ms - By how many milliseconds to delay each value.
 * @throws RangeError when `ms` is not a number of milliseconds, 0 or more.
 * @example
 * ```ts
 * import { channel, delay, EMPTY } from "millrace";
 *
 * const words = channel<string>(1);
 * const later = delay(words, 5);
 * words.trySend("hello");
 * console.log(later.tryReceive() === EMPTY); // true
 * console.log(await later.receive()); // hello
 * later.cancel();
 * ```
 */
export function delay<T>(source: Input<T>, ms: number, options: AheadOptions<T> = {}): OwnedChannel<T> {
  finiteMilliseconds("delay", ms);
  return readAhead<T, T>("delay", source, options, function* delay(out, from, lost): Routine<void> {
    const next = from.receive();
    const idle = select({ next });
    let at: Operation<Event<T>> = idle;
    let first: Delayed<T> | null = null;
    const others = new Ring<Delayed<T>>();
    const shift = (): Delayed<T> | null => (others.length > 0 ? others.shift() : null);
    const until = ({ due }: Delayed<T>): Operation<Event<T>> => select({ due, next }, { mode: "priority" });
    try {
      for (;;) {
        const { key, value } = yield* at;
        if (key === "due") {
          yield* out.send(first!.value);
          first = shift();
          at = first === null ? idle : until(first);
        } else if (value === CLOSED) {
          return;
        } else if (first === null) {
          first = { value, due: timeout(ms) };
          at = until(first);
        } else {
          others.push({ value, due: timeout(ms) });
        }
      }
    } finally {
      try {
        for (; first !== null && !out.closed; first = shift()) {
          yield* first.due.receive();
          yield* out.send(first.value);
        }
      } finally {
        for (; first !== null; first = shift()) lost(first.value);
      }
    }
  });
}

import { CLOSED, type Closed, type OwnedChannel } from "../../channel/ends.js";
import { select } from "../../choice/select.js";
import type { Operation, Routine } from "../../operation/operation.js";
import { finiteMilliseconds } from "../../structures/arguments.js";
import { timeout } from "../../time/timeout.js";
import type { Input } from "../ends/source.js";
import { type AheadOptions, type Held, readAhead } from "./read-ahead.js";

/** The options of {@link throttle}. */
export interface ThrottleOptions<T = unknown> extends AheadOptions<T> {
  /** Whether the first value is sent at once instead of at the end of the window that it opens; true by default. */
  readonly leading?: boolean;
  /** Whether the last value of a window is sent at its end; true by default. */
  readonly trailing?: boolean;
}

type Event<T> =
  | { readonly key: "next"; readonly value: T | Closed }
  | { readonly key: "late"; readonly value: unknown }
  | { readonly key: "sent"; readonly value: boolean };

/**
 * Yields at most one value in `ms`: the first value at once, then the latest value at the end of each window. A window
 * opens when a value is received, so two values are never closer to each other than `ms`. It reads ahead.
 *
 * A slow consumer: the first value waits until it is received; with `trailing`, the latest value waits behind it. The value
 * of the end of a window is replaced by newer values until it is received. All other values are dropped; with `trailing`,
 * the last value of the source never is.
 *
 * Closes when: the source has ended, after the values that it holds, the latest value at the end of its window, with the
 * cause of the source if there is one. Cancelling it drops the values that it holds, and releases the source.
 *
 * @param source - The channel to read.
 * @param ms - The length of a window in milliseconds.
 * @throws RangeError when `ms` is not a number of milliseconds, 0 or more. TypeError when `leading` and `trailing` are both
 * false.
 * @example
 * ```ts
 * import { collect, from, throttle } from "millrace";
 *
 * const positions = from([1, 2, 3, 4]);
 * console.log(await collect(throttle(positions, 5))); // [ 1, 4 ]
 * ```
 */
export function throttle<T>(source: Input<T>, ms: number, options: ThrottleOptions<T> = {}): OwnedChannel<T> {
  finiteMilliseconds("throttle", ms);
  const { leading = true, trailing = true } = options;
  if (!leading && !trailing)
    throw new TypeError("Cannot throttle: leading or trailing must be true, got false for both");
  return readAhead<T, T>("throttle", source, options, function* throttle(out, from, lost): Routine<void> {
    const next = from.receive();
    const idle = select({ next });
    let at: Operation<Event<T>> = idle;
    let first: Held<T> | null = null;
    let latest: Held<T> | null = null;
    let late = timeout(0);
    const offer = (value: T): Operation<Event<T>> => select({ sent: out.send(value), next }, { mode: "priority" });
    const open = (): Operation<Event<T>> => {
      late = timeout(ms);
      return select({ late, next }, { mode: "priority" });
    };
    try {
      for (let offered = false; ; ) {
        const { key, value } = yield* at;
        if (key === "next") {
          if (value === CLOSED) return;
          if (at === idle && leading) {
            first = { value };
            at = offer(value);
          } else if (trailing) {
            latest = { value };
            if (at === idle) at = open();
            else if (offered) at = offer(value);
          }
        } else if (key === "late") {
          offered = latest !== null;
          at = latest === null ? idle : offer(latest.value);
        } else {
          if (offered) latest = null;
          offered = false;
          first = null;
          at = open();
        }
      }
    } finally {
      if (first !== null && (yield* out.send(first.value))) late = timeout(ms);
      try {
        if (latest !== null && !out.closed) {
          yield* late.receive();
          const { value } = latest;
          latest = null;
          yield* out.send(value);
        }
      } finally {
        if (latest !== null) lost(latest.value);
      }
    }
  });
}

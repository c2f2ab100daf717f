import { CLOSED, type Closed, type OwnedChannel } from "../../channel/ends.js";
import { select, when } from "../../choice/select.js";
import { never } from "../../operation/basic.js";
import type { Operation, Routine } from "../../operation/operation.js";
import { finiteMilliseconds, milliseconds } from "../../structures/arguments.js";
import { timeout } from "../../time/timeout.js";
import type { Input } from "../ends/source.js";
import { type AheadOptions, type Held, readAhead } from "./read-ahead.js";

/** The options of {@link debounce}. */
export interface DebounceOptions<T> extends AheadOptions<T> {
  /** Whether the first value of a burst is sent at once; false by default. */
  readonly leading?: boolean;
  /** Whether the last value of a burst is sent at its end; true by default. It is not sent again if it is also the first. */
  readonly trailing?: boolean;
  /**
   * The most milliseconds for which a value is held back while the burst goes on, at least `ms`. It counts from the start
   * of the burst, and then from when a value was due. Without `trailing`, a burst ends after so long. No limit by default.
   */
  readonly maxWait?: number;
}

type Event<T> =
  | { readonly key: "sent"; readonly value: boolean }
  | { readonly key: "next"; readonly value: T | Closed }
  | { readonly key: "limit" | "quiet"; readonly value: Closed };

/**
 * Yields the last value of each burst: a value after `ms` without another value. With `leading`, the first value of each
 * burst comes at once, and with `maxWait` a burst without an end yields its latest value every so often. It reads ahead.
 * The options mean what they mean in lodash.
 *
 * A slow consumer: a value that is due and has not been received is replaced by a newer value, which must again be followed
 * by `ms` without another, unless the value was due by `maxWait`. The first value of a burst waits until it is received,
 * and the latest value waits behind it. All other values are dropped. With `trailing`, the last value of the source never
 * is.
 *
 * Closes when: the source has ended, after the values that it holds, which are sent at once, with the cause of the source
 * if there is one. Cancelling it drops the values that it holds, and releases the source.
 *
 * @param source - The channel to read.
 * @param ms - How many milliseconds must pass without another value.
 * @throws RangeError when `ms` or `maxWait` is not a number of milliseconds, 0 or more. TypeError when `leading` and
 * `trailing` are both false.
 * @example
 * ```ts
 * import { collect, debounce, produce, sleep } from "millrace";
 *
 * const typed = produce<string>(function* (out) {
 *   for (const text of ["c", "cs", "csp"]) yield* out.send(text);
 *   yield* sleep(20);
 *   yield* out.send("csp in js");
 * });
 * console.log(await collect(debounce(typed, 5))); // [ "csp", "csp in js" ]
 * ```
 */
export function debounce<T>(source: Input<T>, ms: number, options: DebounceOptions<T> = {}): OwnedChannel<T> {
  finiteMilliseconds("debounce", ms);
  const { leading = false, trailing = true, maxWait = Infinity } = options;
  const longest = Math.max(ms, milliseconds("debounce", maxWait, "maxWait", 0));
  if (!leading && !trailing)
    throw new TypeError("Cannot debounce: leading or trailing must be true, got false for both");
  return readAhead<T, T>("debounce", source, options, function* debounce(out, from): Routine<void> {
    const next = from.receive();
    const idle: Operation<Event<T>> = select({ next });
    /** The first value of a burst, and the latest one, which are offered in this order. */
    let first: Held<T> | null = null;
    let latest: Held<T> | null = null;
    let due = false;
    let burst = false;
    let quiet = timeout(0);
    let limit = timeout(0);
    const waiting = (): Operation<Event<T>> => {
      const offered = first ?? (due ? latest : null);
      if (offered === null && !burst) return idle;
      const sent = offered === null ? never() : out.send(offered.value);
      return select({ sent, next, limit: when(burst, limit), quiet: when(burst, quiet) }, { mode: "priority" });
    };
    try {
      for (;;) {
        const { key, value } = yield* waiting();
        if (key === "sent") {
          if (first === null) [latest, due] = [null, false];
          else first = null;
        } else if (key === "quiet") {
          burst = false;
          due = latest !== null;
        } else if (key === "limit") {
          burst = trailing;
          due = latest !== null;
          limit = timeout(longest);
        } else if (value === CLOSED) {
          return;
        } else {
          quiet = timeout(ms);
          if (burst) {
            if (trailing) latest = { value };
            continue;
          }
          burst = true;
          due = false;
          limit = timeout(longest);
          if (leading && first === null && latest === null) first = { value };
          else if (trailing) latest = { value };
        }
      }
    } finally {
      if (first !== null) yield* out.send(first.value);
      if (latest !== null) yield* out.send(latest.value);
    }
  });
}

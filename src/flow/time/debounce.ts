import { CLOSED, type Closed, type ReceiveChannel } from "../../channel/ends.js";
import { select } from "../../choice/select.js";
import type { Operation, Routine } from "../../operation/operation.js";
import { finiteMilliseconds } from "../../structures/arguments.js";
import { sleep } from "../../time/sleep.js";
import type { FlowOptions } from "../ends/release.js";
import { type Held, readAhead } from "./read-ahead.js";

type Event<T> =
  | { readonly key: "next"; readonly value: T | Closed }
  | { readonly key: "quiet"; readonly value: void }
  | { readonly key: "sent"; readonly value: boolean };

/**
 * Yields a value after `ms` without another value: the last value of each burst. It reads ahead.
 *
 * A slow consumer: a value that is due and has not been received is replaced by a newer value, which must again be followed
 * by `ms` without another. A value is dropped if another follows too soon, or before it is received. The last value is
 * never dropped.
 *
 * Closes when: the source has ended, after the value that it holds, which is sent at once, with the cause of the source if
 * there is one. Cancelling it drops the value that it holds, and releases the source.
 *
 * @param source - The channel to read.
 * @param ms - How many milliseconds must pass without another value.
 * @throws RangeError when `ms` is not a number of milliseconds, 0 or more.
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
export function debounce<T>(source: ReceiveChannel<T>, ms: number, options: FlowOptions = {}): ReceiveChannel<T> {
  finiteMilliseconds("debounce", ms);
  return readAhead<T>("debounce", source, options, function* debounce(out): Routine<void> {
    const next = source.receive();
    const idle = select({ next });
    const calming = select({ next, quiet: sleep(ms) }, { mode: "priority" });
    let at: Operation<Event<T>> = idle;
    let held: Held<T> | null = null;
    try {
      for (;;) {
        const { key, value } = yield* at;
        if (key === "quiet") {
          at = select({ sent: out.send(held!.value), next }, { mode: "priority" });
        } else if (key === "sent") {
          held = null;
          at = idle;
        } else if (value === CLOSED) {
          return;
        } else {
          held = { value };
          at = calming;
        }
      }
    } finally {
      if (held !== null) yield* out.send(held.value);
    }
  });
}

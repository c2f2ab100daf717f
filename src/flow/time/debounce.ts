import { CLOSED, type Closed, type ReceiveChannel } from "../../channel/ends.js";
import { select } from "../../choice/select.js";
import type { Operation, Routine } from "../../operation/operation.js";
import { finiteMilliseconds } from "../../structures/arguments.js";
import { sleep } from "../../time/sleep.js";
import type { FlowOptions } from "../ends/release.js";
import { ahead, type Held } from "./ahead.js";

type Event<T> =
  | { readonly key: "next"; readonly value: T | Closed }
  | { readonly key: "quiet"; readonly value: void }
  | { readonly key: "sent"; readonly value: boolean };

/**
 * Yields a value once `ms` have passed without another: the last of each burst. It reads on its own.
 *
 * A slow consumer: a value that is due and not taken yet gives way to a newer one, which then has to be quiet for `ms`
 * itself. Every value that was followed by another too soon, or before it was taken, is dropped; the last never is.
 *
 * Closes when: the source has ended, after the value that was held, at once, with its cause if it has one. Cancelling it
 * drops that value, and releases the source.
 *
 * @throws RangeError when `ms` is no number of milliseconds.
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
  return ahead<T>("debounce", source, options, function* debounce(out): Routine<void> {
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

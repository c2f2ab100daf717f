import { CLOSED, type Closed, EMPTY, type OwnedChannel, type ReceiveChannel } from "../../channel/ends.js";
import { select } from "../../choice/select.js";
import { never } from "../../operation/basic.js";
import type { Operation, Routine } from "../../operation/operation.js";
import { finiteMilliseconds, wholeNumber } from "../../structures/arguments.js";
import { timeout } from "../../time/timeout.js";
import type { Input } from "../ends/source.js";
import { type AheadOptions, readAhead } from "./read-ahead.js";

type Event<T> =
  | { readonly key: "next"; readonly value: T | Closed }
  | { readonly key: "late"; readonly value: unknown }
  | { readonly key: "sent"; readonly value: boolean };

/** How many values are taken between two looks at the time limit. */
const AT_ONCE = 32;

/**
 * Gathers values into arrays. A group is due when it has `size` values, or `ms` after its first value; without `ms`, only
 * when it has `size` values. It reads ahead. The step `batch(n)` of `millrace/transducers` has no time limit and needs no
 * task.
 *
 * A slow consumer: no value is dropped. A group that is due and has not been received keeps growing up to `size`; then it
 * stops reading, and the source waits.
 *
 * Closes when: the source has ended, after the last group, with the cause of the source if there is one. Cancelling it
 * drops the values that were gathered, and releases the source.
 *
 * @param source - The channel to read.
 * @param size - How many values a group has at most.
 * @param ms - How many milliseconds a group may wait for more values.
 * @throws RangeError when `size` is not a whole number, 1 or more, or `ms` is not a number of milliseconds, 0 or more.
 * @example
 * ```ts
 * import { batch, channel } from "millrace";
 *
 * const rows = channel<number>(3);
 * const groups = batch(rows, 2, 5);
 * for (const row of [1, 2, 3]) rows.trySend(row);
 * console.log(await groups.receive()); // [ 1, 2 ]
 * console.log(await groups.receive()); // [ 3 ]
 * groups.cancel();
 * ```
 */
export function batch<T>(
  source: Input<T>,
  size: number,
  ms?: number,
  options: AheadOptions<T[]> = {},
): OwnedChannel<T[]> {
  wholeNumber("batch", "size", size, 1);
  if (ms !== undefined) finiteMilliseconds("batch", ms);
  return readAhead<T, T[]>("batch", source, options, function* batch(out, from): Routine<void> {
    const next = from.receive();
    const idle = select({ next });
    let at: Operation<Event<T>> = idle;
    let group: T[] = [];
    try {
      for (;;) {
        const { key, value } = yield* at;
        if (key === "late") {
          // The send offers the array itself, so that the group can grow until it is received.
          at = select({ sent: out.send(group), next }, { mode: "priority" });
          continue;
        }
        if (key === "next") {
          if (value === CLOSED) return;
          group.push(value);
          if (group.length === 1) at = gathering(next, ms);
          if (gatherReady(from, group, Math.min(size, group.length + AT_ONCE))) return;
          if (group.length < size) continue;
          yield* out.send(group);
        }
        group = [];
        at = idle;
      }
    } finally {
      if (group.length > 0) yield* out.send(group);
    }
  });
}

/** Takes values that are there already, which needs no choice, until the group has `most` values. Returns true at the end. */
function gatherReady<T>(from: ReceiveChannel<T>, group: T[], most: number): boolean {
  while (group.length < most) {
    const value = from.tryReceive();
    if (value === CLOSED) return true;
    if (value === EMPTY) return false;
    group.push(value);
  }
  return false;
}

/** Waits for the next value or for the time at which the group is due. */
function gathering<T>(next: Operation<T | Closed>, ms: number | undefined): Operation<Event<T>> {
  return select({ late: ms === undefined ? never() : timeout(ms).receive(), next }, { mode: "priority" });
}

import { derive } from "../derive.js";
import { CLOSED, type Closed, type ReceiveChannel } from "../ends.js";
import type { FlowOptions } from "./release.js";
import { sourcesOf } from "./sources.js";

/**
 * One channel after the other: each is read to its end before the next is touched. It reads only when it is read. A list of
 * channels can be given in place of the channels, with options behind it.
 *
 * Closes when: the last has ended; without any it is closed at once. When one fails it ends with that cause, and releases
 * the others. Cancelling it releases all.
 *
 * @example
 * ```ts
 * import { collect, concat, from } from "millrace";
 *
 * console.log(await collect(concat(from([1, 2]), from([3])))); // [ 1, 2, 3 ]
 * ```
 */
export function concat<T>(...sources: readonly ReceiveChannel<T>[]): ReceiveChannel<T>;
export function concat<T>(sources: Iterable<ReceiveChannel<T>>, options?: FlowOptions): ReceiveChannel<T>;
export function concat(...given: unknown[]): ReceiveChannel<unknown> {
  const sources = sourcesOf<FlowOptions>("concat", given);
  const [first, ...others] = sources.list;
  let receive = first?.receive();
  const joined = derive<unknown | Closed, unknown>({
    next: () => receive!,
    accept(value, to) {
      if (value !== CLOSED) {
        to.emit(value);
        return;
      }
      receive = others.shift()?.receive();
      if (receive === undefined) to.end();
    },
    release: sources.release,
  });
  if (first === undefined) joined.cancel();
  return joined;
}

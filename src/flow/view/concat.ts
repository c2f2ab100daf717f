import { CLOSED, type Closed, type ReceiveChannel } from "../../channel/ends.js";
import { derive } from "../../derived/derive.js";
import type { FlowOptions } from "../ends/release.js";
import { sourcesOf } from "./sources.js";

/**
 * One channel after the other: each is read to its end before the next is touched. It reads only when it is read.
 *
 * Closes when: the last has ended; without any it is closed at once. When one fails it ends with that cause, and releases
 * the others. Cancelling it releases all.
 *
 * @example
 * ```ts
 * import { collect, concat, from } from "millrace";
 *
 * console.log(await collect(concat([from([1, 2]), from([3])]))); // [ 1, 2, 3 ]
 * ```
 */
export function concat<T>(sources: Iterable<ReceiveChannel<T>>, options: FlowOptions = {}): ReceiveChannel<T> {
  const all = sourcesOf("concat", sources, options);
  const list = all.list as readonly ReceiveChannel<T>[];
  let at = 0;
  let receive = list[at]?.receive();
  const joined = derive<T | Closed, T>({
    next: () => receive!,
    accept(value, to) {
      if (value !== CLOSED) {
        to.emit(value);
        return;
      }
      receive = list[++at]?.receive();
      if (receive === undefined) to.end();
    },
    release: all.release,
  });
  if (list.length === 0) joined.cancel();
  return joined;
}

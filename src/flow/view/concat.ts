import { CLOSED, type Closed, type OwnedChannel, type ReceiveChannel } from "../../channel/ends.js";
import { derive } from "../../derived/derive.js";
import type { FlowOptions } from "../ends/release.js";
import type { Input } from "../ends/source.js";
import { sourcesOf } from "./sources.js";

/**
 * Joins channels one after the other: each is read to its end before it receives from the next. It receives only on demand.
 *
 * Closes when: the last channel has ended; without any channels it is closed at once. When a channel fails, it ends with
 * that cause and releases the others. Cancelling it releases all.
 *
 * @param sources - A list of receive channels.
 * @throws TypeError when a source is not a receive channel.
 * @example
 * ```ts
 * import { collect, concat, from } from "millrace";
 *
 * console.log(await collect(concat([from([1, 2]), from([3])]))); // [ 1, 2, 3 ]
 * ```
 */
export function concat<T>(sources: Iterable<Input<T>>, options: FlowOptions = {}): OwnedChannel<T> {
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

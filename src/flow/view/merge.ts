import { CLOSED, type Closed, type ReceiveChannel } from "../../channel/ends.js";
import { type Received, receiveAny } from "../../channel/receive-any.js";
import { derive } from "../../derived/derive.js";
import { shown } from "../../structures/errors.js";
import { type FlowOptions, release } from "../ends/release.js";

type Named = Readonly<Record<string, ReceiveChannel<unknown>>>;

/** What comes from one of several named channels: which it was, and the value. */
export type Keyed<S extends Named> = Received<S>;

/**
 * One channel of everything that comes from several: of a list, the values; of a record, `{ key, value }`, a union
 * discriminated by `key`. Chosen uniformly among those that have a value. It reads only when it is read.
 *
 * Closes when: all have ended; one that ends drops out, and without any it is closed at once. When one fails it ends with that
 * cause, and releases the others. Cancelling it releases all.
 *
 * @example
 * ```ts
 * import { from, merge } from "millrace";
 *
 * const words = { en: from(["hello", "world"]), de: from(["hallo"]) };
 * const seen: string[] = [];
 * for await (const { key, value } of merge(words)) seen.push(`${key} ${value}`);
 * console.log(seen.sort().join(", ")); // de hallo, en hello, en world
 * ```
 */
export function merge<T>(sources: Iterable<ReceiveChannel<T>>, options?: FlowOptions): ReceiveChannel<T>;
export function merge<S extends Named>(sources: S, options?: FlowOptions): ReceiveChannel<Keyed<S>>;
export function merge(
  sources: Iterable<ReceiveChannel<unknown>> | Named,
  options: FlowOptions = {},
): ReceiveChannel<unknown> {
  if (typeof sources !== "object" || sources === null) {
    throw new TypeError(`Cannot merge: it takes a list or a record of receive channels, got ${shown(sources)}`);
  }
  const listed = Symbol.iterator in sources;
  const named = listed ? Object.fromEntries([...sources].entries()) : sources;
  const any = receiveAny(named);
  const merged = derive<Received<Named> | Closed, unknown>({
    next: () => any,
    accept(received, to) {
      if (received === CLOSED) to.end();
      else to.emit(listed ? received.value : received);
    },
    release(reason) {
      for (const source of Object.values(named)) release(source, options, reason);
    },
  });
  if (Object.keys(named).length === 0) merged.tryReceive(); // there is no end to wait for
  return merged;
}

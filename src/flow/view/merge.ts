import { CLOSED, type Closed, type OwnedChannel } from "../../channel/ends.js";
import { type Received, receiveAny } from "../../channel/receive-any.js";
import { derive } from "../../derived/derive.js";
import { standIn } from "../../scheduler/stand-ins.js";
import { shown } from "../../structures/errors.js";
import type { FlowOptions } from "../ends/release.js";
import { assertSource, type Input, isReceiveChannel, sourceOf } from "../ends/source.js";
import { releaseOf } from "./sources.js";

type Named = Readonly<Record<string, Input<unknown>>>;

/** A value of one of several named channels, with the name of the channel. */
export type Keyed<S extends Named> = S extends unknown
  ? {
      [K in keyof S & string]: { readonly key: K; readonly value: S[K] extends Input<infer T> ? T : never };
    }[keyof S & string]
  : never;

/**
 * Merges several channels into one: a list yields the values, a record yields `{ key, value }`, a union discriminated by
 * `key`. It chooses uniformly among the channels that have a value. It receives only on demand.
 *
 * Closes when: all channels have ended; a channel that ends drops out. Without any channels it is closed at once. When a
 * channel fails, it ends with that cause and releases the others. Cancelling it releases all.
 *
 * @param sources - A list or a record of receive channels.
 * @throws TypeError when `sources` is something else.
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
export function merge<T>(sources: Iterable<Input<T>>, options?: FlowOptions): OwnedChannel<T>;
export function merge<S extends Named>(sources: S, options?: FlowOptions): OwnedChannel<Keyed<S>>;
export function merge(sources: Iterable<Input<unknown>> | Named, options: FlowOptions = {}): OwnedChannel<unknown> {
  if (typeof sources !== "object" || sources === null || isReceiveChannel(sources)) {
    throw new TypeError(`Cannot merge: sources must be a list or a record of receive channels, got ${shown(sources)}`);
  }
  const listed = Symbol.iterator in sources;
  const given = listed ? Object.fromEntries([...sources].entries()) : sources;
  for (const source of Object.values(given)) assertSource("merge", source);
  const named = Object.fromEntries(Object.entries(given).map(([key, source]) => [key, sourceOf("merge", source)]));
  const release = releaseOf(Object.values(named), options);
  const made = standIn("merge", { named, listed });
  if (made !== undefined) return made as OwnedChannel<unknown>;
  const any = receiveAny(named);
  const merged = derive<Received<typeof named> | Closed, unknown>({
    next: () => any,
    accept(received, to) {
      if (received === CLOSED) to.end();
      else to.emit(listed ? received.value : received);
    },
    release,
  });
  if (Object.keys(named).length === 0) merged.tryReceive(); // closes it: there is no end to wait for
  return merged;
}

import { CLOSED, type Closed, type OwnedChannel, type ReceiveChannel } from "../../channel/ends.js";
import { type Received, receiveAny } from "../../channel/receive-any.js";
import { derive } from "../../derived/derive.js";
import { Operation } from "../../operation/operation.js";
import { type FlowOptions, release } from "../ends/release.js";
import type { Input } from "../ends/source.js";
import { sourcesOf } from "./sources.js";

type First = Received<Record<string, ReceiveChannel<unknown>>> | Closed;

/**
 * Yields the values of the channel that has a value first, to its end. It releases the other channels without taking a
 * value from them. If several have a value at the start, it chooses one at random. It receives only on demand, so the race
 * begins with the first receive.
 *
 * Closes when: the winner has ended, or all channels have ended without a value; a channel that ends without a value drops
 * out. When the winner fails, or a channel fails before there is a winner, it ends with that cause and releases the others.
 * Cancelling it releases all.
 *
 * @param sources - A list of receive channels.
 * @throws TypeError when a source is not a receive channel.
 * @example
 * ```ts
 * import { collect, produce, race, sleep } from "millrace";
 *
 * const mirror = (name: string, ms: number) =>
 *   produce<string>(function* (out) {
 *     yield* sleep(ms);
 *     for (const part of [1, 2]) yield* out.send(`${name} ${part}`);
 *   });
 * console.log(await collect(race([mirror("north", 50), mirror("south", 1)]))); // [ "south 1", "south 2" ]
 * ```
 */
export function race<T>(sources: Iterable<Input<T>>, options: FlowOptions = {}): OwnedChannel<T> {
  if (Symbol.iterator in Object(sources) && [...sources].some((source) => source instanceof Operation)) {
    throw new TypeError(
      "Cannot race: sources must be receive channels, got an operation; write alt(a, b) for operations",
    );
  }
  const { list, release: releaseAll } = sourcesOf("race", sources, options);
  const start = receiveAny(Object.fromEntries(list.entries()));
  let winner: Operation<unknown> | null = null;
  const first = derive<unknown, T>({
    next: () => winner ?? start,
    accept(received, to) {
      if (received === CLOSED) {
        to.end();
      } else if (winner !== null) {
        to.emit(received as T);
      } else {
        const { key, value } = received as Exclude<First, Closed>;
        winner = list[Number(key)]!.receive();
        to.emit(value as T);
        for (const other of list) if (other !== list[Number(key)]) release(other, options);
      }
    },
    release: releaseAll,
  });
  if (list.length === 0) first.cancel();
  return first;
}

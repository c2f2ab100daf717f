// Isolation: what is sent cannot be changed by its sender afterwards.

import type { Channel, SendChannel } from "../../channel/ends.js";
import { Operation } from "../../operation/operation.js";
import { shown, textOf } from "../../structures/errors.js";
import { oneOf } from "../spec.js";

/** How sent values are isolated: `"freeze"` makes them and all that they hold read-only, `"clone"` sends a copy. */
export type Isolation = "freeze" | "clone";

/** Returns a function that isolates a value, or null if none is asked for. */
export function isolation(act: string, how: Isolation | undefined): (<T>(value: T) => T) | null {
  if (how === undefined) return null;
  return oneOf(act, "isolate", how, ["freeze", "clone"]) === "freeze" ? frozen : cloned;
}

function cloned<T>(value: T): T {
  try {
    return structuredClone(value);
  } catch (cause) {
    throw new TypeError(
      `Cannot send: a value that is cloned must not hold a function or the like, got ${shown(value)} (${textOf(cause)})`,
      {
        cause,
      },
    );
  }
}

/** Things with an identity of their own, which are shared and not data. */
function isData(value: unknown): value is object {
  if (typeof value !== "object" || value === null || Object.isFrozen(value) || value instanceof Operation) return false;
  if (Array.isArray(value)) return true;
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype || Object.getPrototypeOf(prototype) === null;
}

function frozen<T>(value: T): T {
  if (!isData(value)) return value;
  const left: object[] = [value];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    if (ArrayBuffer.isView(next)) continue;
    Object.freeze(next);
    for (const inner of Object.values(next)) if (isData(inner)) left.push(inner);
  }
  return value;
}

/**
 * Returns the sending end of a channel that freezes or clones what is sent, so that a sender cannot change a value that the receiver
 * has. Channels pass references, which is fast and fine as long as senders let go of what they send; use this in development, or
 * where senders are not trusted.
 *
 * `"freeze"` freezes arrays and plain objects, with all that they hold; instances of classes, maps and sets are left as they are.
 * `"clone"` sends a `structuredClone`.
 *
 * @param to - The channel.
 * @param how - `"freeze"` or `"clone"`; undefined, as in production, for the channel as it is.
 * @throws TypeError if `how` is neither; and from `send`, if a value cannot be cloned.
 * @example
 * ```ts
 * import { channel } from "millrace";
 * import { isolate } from "millrace/supervise";
 *
 * const orders = channel<{ items: string[] }>(1);
 * const order = { items: ["tea"] };
 * isolate(orders, "clone").trySend(order);
 * order.items.push("milk");
 * console.log(await orders.receive()); // { items: [ 'tea' ] }
 * ```
 */
export function isolate<T>(to: SendChannel<T> | Channel<T>, how: Isolation | undefined): SendChannel<T> {
  const apart = isolation("isolate channel", how);
  if (apart === null) return to;
  return {
    send: (value) => to.send(apart(value)),
    trySend: (value) => to.trySend(apart(value)),
    close: (cause) => to.close(cause),
    whenClosed: () => to.whenClosed(),
    get closed() {
      return to.closed;
    },
  };
}

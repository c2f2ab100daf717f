// Channels and replies inside of values. A value that holds one crosses with a list of references beside it, and a placeholder in the
// place of each: an object with one key and the number of the reference. Nothing else of a value is looked at.

import { shown } from "../structures/errors.js";
import { list, whole } from "./frames.js";
import { Violation } from "./violation.js";

/** What moves channels and replies. */
export interface Mover {
  /** Gives an end away. Returns the reference, and the port in it if there is one. */
  give(thing: object): Given;
  /** Makes what a reference stands for. */
  take(ref: unknown): unknown;
}

export interface Given {
  readonly ref: unknown;
  readonly transfer: Transferable | null;
  /** Called if the value cannot cross after all. */
  undo(): void;
}

/** A value without the channels that it held. */
export interface Lifted {
  readonly value: unknown;
  readonly given: readonly Given[];
}

const KEY = "millrace:end";
const DEEPEST = 64;

/** Whether it is an end of a channel, or an address with the methods of one. */
export function isChannel(value: object): boolean {
  const { trySend, tryReceive, send, receive } = value as Readonly<Record<string, unknown>>;
  return (
    (typeof tryReceive === "function" && typeof receive === "function") ||
    (typeof trySend === "function" && typeof send === "function")
  );
}

/** Whether it is a `Reply` of `millrace/supervise`, as a message of `ask` has it. */
export function isReply(value: unknown): value is { (value: unknown): void; fail(error: unknown): void } {
  return typeof value === "function" && typeof (value as { fail?: unknown }).fail === "function";
}

/** Whether a value holds a channel or a reply. */
export function holdsEnds(value: unknown, depth: number = DEEPEST): boolean {
  if (typeof value === "function") return isReply(value);
  if (typeof value !== "object" || value === null || depth === 0) return false;
  if (Array.isArray(value)) return value.some((item) => holdsEnds(item, depth - 1));
  if (isPlainObject(value)) {
    for (const key in value) if (holdsEnds((value as Record<string, unknown>)[key], depth - 1)) return true;
    return false;
  }
  return isChannel(value);
}

function isPlainObject(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  // An object of methods is a channel, too, such as what a library returns.
  return (prototype === Object.prototype || prototype === null) && !isChannel(value);
}

/** Takes the channels and the replies out of a value. */
export function lift(value: unknown, mover: Mover): Lifted {
  const given: Given[] = [];
  const put = (thing: object): unknown => {
    given.push(mover.give(thing));
    return { [KEY]: given.length - 1 };
  };
  const copy = (item: unknown, depth: number): unknown => {
    if (isReply(item)) return put(item);
    if (typeof item !== "object" || item === null || depth === 0) return item;
    if (Array.isArray(item)) return item.map((one) => copy(one, depth - 1));
    if (!isPlainObject(item)) return isChannel(item) ? put(item) : item;
    if (Object.hasOwn(item, KEY)) {
      throw new TypeError(
        `Cannot send value: a value with channels must have no key ${shown(KEY)}, got one that has it`,
      );
    }
    const made: Record<string, unknown> = {};
    for (const key of Object.keys(item)) {
      define(made, key, copy((item as Record<string, unknown>)[key], depth - 1));
    }
    return made;
  };
  try {
    return { value: copy(value, DEEPEST), given };
  } catch (error) {
    for (const one of given) one.undo();
    throw error;
  }
}

/** Puts channels and replies in the places of their placeholders. */
export function lower(value: unknown, refs: unknown, mover: Mover): unknown {
  const taken = list(refs, DEEPEST, "references").map((ref) => mover.take(ref));
  const used = new Set<number>();
  const fill = (item: unknown, depth: number): unknown => {
    if (typeof item !== "object" || item === null) return item;
    if (depth === 0) throw new Violation("a value with channels that is too deep");
    if (Array.isArray(item)) {
      for (let at = 0; at < item.length; at++) item[at] = fill(item[at], depth - 1);
      return item;
    }
    const prototype: unknown = Object.getPrototypeOf(item);
    if (prototype !== Object.prototype && prototype !== null) return item;
    if (Object.hasOwn(item, KEY)) {
      const at = whole((item as Record<string, unknown>)[KEY], 0, "a reference");
      if (at >= taken.length || used.has(at)) throw new Violation("a reference to nothing");
      used.add(at);
      return taken[at];
    }
    for (const key of Object.keys(item)) {
      define(item, key, fill((item as Record<string, unknown>)[key], depth - 1));
    }
    return item;
  };
  return fill(value, DEEPEST);
}

/** Sets an own property, whatever the key is. */
function define(object: object, key: string, value: unknown): void {
  Object.defineProperty(object, key, { value, configurable: true, enumerable: true, writable: true });
}

// Adding listeners to what dispatches events: event targets, and emitters with `on` and `off`.

import { shown } from "../../structures/errors.js";

/** The part of Node's `EventEmitter` that is needed here. */
export interface EmitterLike {
  on(type: string | symbol, listener: (...args: unknown[]) => void): unknown;
  off(type: string | symbol, listener: (...args: unknown[]) => void): unknown;
}

/** How to listen to an event target. Emitters ignore these options. */
export interface TargetOptions {
  /** Whether to listen in the capture phase, while the event is on its way down to its target. */
  readonly capture?: boolean;
  /** Promises not to prevent the default action, so that scrolling need not wait for the listener. */
  readonly passive?: boolean;
}

/** The types of events for which a target has a handler (`onclick`), as far as TypeScript can tell. */
export type EventName<T> = { [K in keyof T]: K extends `on${infer Name}` ? Name : never }[keyof T];

/** The type of the event that a target's handler (`onclick`) gets; `Event` if there is no handler. */
export type EventOf<T, Name extends string> = `on${Name}` extends keyof T
  ? NonNullable<T[`on${Name}` & keyof T]> extends (event: infer E) => unknown
    ? Extract<E, Event>
    : Event
  : Event;

/** The events of several types, a union discriminated by `type`. */
export type EventsOf<T, Name extends string> = Name extends string ? EventOf<T, Name> & { readonly type: Name } : never;

/** An event of an emitter to which several types were given, a union discriminated by `type`. */
export type Emitted<M> = { [K in keyof M]: { readonly type: K; readonly args: M[K] } }[keyof M];

/** The types of events of an emitter. The index keeps the map from being inferred from the types that are given. */
export type TypeOf<M> = keyof [M][M extends unknown ? 0 : never] & (string | symbol);

/** One type of event, or several. */
export type Types = string | symbol | readonly (string | symbol)[];

/** An event, as a listener gets it: the event itself or the arguments of an emitter, and the cause if it is a failure. */
export interface Heard {
  readonly type: string | symbol;
  /** What a channel of one type yields. */
  readonly one: unknown;
  /** What a channel of several types yields. */
  readonly several: unknown;
  /** The error that it stands for, if it is an event for failures. */
  readonly cause: unknown;
}

/** The types as a list without repetitions. Throws unless they are strings or symbols. */
export function listOf(types: Types): (string | symbol)[] {
  const list = Array.isArray(types) ? (types as (string | symbol)[]) : [types as string | symbol];
  for (const type of list) {
    if (typeof type !== "string" && typeof type !== "symbol")
      throw new TypeError(`Cannot listen: the type must be a string, got ${shown(type)}`);
  }
  return [...new Set(list)];
}

/** Throws unless the target dispatches events of these types. */
export function assertTarget(target: unknown, types: readonly (string | symbol)[]): void {
  const { addEventListener, on, off } = Object(target) as Partial<EventTarget & EmitterLike>;
  if (typeof addEventListener === "function") {
    const wrong = types.find((type) => typeof type === "symbol");
    if (wrong === undefined) return;
    throw new TypeError(`Cannot listen: the type of an event must be a string, got ${shown(wrong)}`);
  }
  if (typeof on === "function" && typeof off === "function") return;
  throw new TypeError(
    `Cannot listen: the target must be an event target, or an emitter with on and off, got ${shown(target)}`,
  );
}

/** Adds one listener for each type, and returns the function that removes them. Adds all of them or none. */
export function listen(
  target: unknown,
  types: readonly (string | symbol)[],
  options: TargetOptions,
  heard: (event: Heard) => void,
): () => void {
  assertTarget(target, types);
  const add = adder(target as EventTarget & EmitterLike, options, heard);
  const removals: (() => void)[] = [];
  const stop = (): void => {
    for (const remove of removals.splice(0)) remove();
  };
  try {
    for (const type of types) removals.push(add(type));
  } catch (error) {
    stop();
    throw error;
  }
  return stop;
}

function adder(
  target: EventTarget & EmitterLike,
  { capture = false, passive }: TargetOptions,
  heard: (event: Heard) => void,
): (type: string | symbol) => () => void {
  if (typeof target.addEventListener === "function") {
    return (type) => {
      const listener = (event: Event): void =>
        heard({ type, one: event, several: event, cause: (event as Partial<ErrorEvent>).error ?? event });
      target.addEventListener(type as string, listener, passive === undefined ? capture : { capture, passive });
      return () => target.removeEventListener(type as string, listener, capture);
    };
  }
  return (type) => {
    const listener = (...args: unknown[]): void =>
      heard({ type, one: args, several: { type, args }, cause: args[0] ?? withoutError(type) });
    target.on(type, listener);
    return () => target.off(type, listener);
  };
}

/** A close without a cause would mean a normal end. */
function withoutError(type: string | symbol): Error {
  return new Error(`The event ${shown(type)} came without an error`);
}

import { type Events, Listening, type ListenOptions } from "./listening.js";
import {
  type Emitted,
  type EmitterLike,
  type EventName,
  type EventOf,
  type EventsOf,
  listen,
  listOf,
  type TargetOptions,
  type TypeOf,
  type Types,
} from "./targets.js";

/** Which events end a channel of events. */
export interface EndOptions {
  /** The type of the event that closes the channel, or several types. */
  readonly until?: string | symbol | readonly (string | symbol)[];
  /**
   * The type of the event that closes the channel with an error, or several types. The error is the `error` of an event,
   * or else the event itself; of an emitter it is the first argument.
   */
  readonly error?: string | symbol | readonly (string | symbol)[];
}

/** The options of {@link fromEvent} for an emitter. */
export interface EmitterOptions<A> extends ListenOptions<A>, EndOptions {}

/** The options of {@link fromEvent} for an event target. */
export interface EventOptions<E> extends EmitterOptions<E>, TargetOptions {}

/**
 * Creates a channel of the events of one type, or of several types in the order in which they were dispatched. It listens
 * from this call on, and stores the events that no receiver has taken yet; `buffer` limits the store. Receivers get an
 * event after it was dispatched, which is too late to prevent its default action.
 *
 * An event target yields its events, typed by the target's handlers (`onclick`). With several types they are a union
 * discriminated by `type`. For an event type of your own, name the type:
 * `fromEvent<CustomEvent<number>>(target, "count")`.
 *
 * An emitter, which has `on` and `off`, yields arrays of the arguments of its listeners:
 * `fromEvent<[line: string]>(reader, "line")`. With several types it yields `{ type, args }`:
 * `fromEvent<{ line: [string]; pause: [] }>(reader, ["line", "pause"])`.
 *
 * Closes when: an event comes that `until` names, or the signal is aborted. With the error, when an event comes that
 * `error` names. Events that were stored before can still be received. An event that is also one of the types is stored
 * first. Cancelling the channel, leaving a `for await` over it, or disposing of it stops listening.
 *
 * @param target - An event target or an emitter.
 * @param type - The type of the events, or several types.
 * @throws TypeError when the target is neither an event target nor an emitter.
 * @example
 * ```ts
 * import { fromEvent, sliding } from "millrace";
 *
 * const target = new EventTarget();
 * using clicks = fromEvent(target, "click", { buffer: sliding(1) });
 * target.dispatchEvent(new Event("click"));
 * const event = await clicks.receive();
 * console.log(typeof event === "object" && event.type); // click
 * ```
 * @example
 * ```ts
 * import { collect, fromEvent } from "millrace";
 *
 * const canvas = new EventTarget();
 * const strokes = fromEvent(canvas, ["down", "move"], { until: "up" });
 * for (const type of ["down", "move", "move", "up", "move"]) canvas.dispatchEvent(new Event(type));
 * console.log((await collect(strokes)).map(({ type }) => type)); // [ "down", "move", "move" ]
 * ```
 */
export function fromEvent<T extends EventTarget, Name extends EventName<T> | (string & {})>(
  target: T,
  type: Name,
  options?: EventOptions<EventOf<T, Name>>,
): Events<EventOf<T, Name>>;
export function fromEvent<T extends EventTarget, Name extends EventName<T> | (string & {})>(
  target: T,
  types: readonly Name[],
  options?: EventOptions<EventsOf<T, Name>>,
): Events<EventsOf<T, Name>>;
export function fromEvent<E extends Event>(
  target: EventTarget,
  type: string | readonly string[],
  options?: EventOptions<E>,
): Events<E>;
export function fromEvent<A extends unknown[] = unknown[]>(
  emitter: EmitterLike,
  type: string | symbol,
  options?: EmitterOptions<A>,
): Events<A>;
export function fromEvent<M = Record<string | symbol, unknown[]>>(
  emitter: EmitterLike,
  types: readonly TypeOf<M>[],
  options?: EmitterOptions<Emitted<M>>,
): Events<Emitted<M>>;
export function fromEvent(target: unknown, type: Types, given: object = {}): Events<unknown> {
  const options = given as EventOptions<never>;
  return new Listening<never>(options, (to) => {
    const several = Array.isArray(type);
    const [types, until, failures] = [listOf(type), listOf(options.until ?? []), listOf(options.error ?? [])];
    const all = [...new Set([...types, ...until, ...failures])];
    return listen(target, all, options, (event) => {
      if (types.includes(event.type)) to.push((several ? event.several : event.one) as never);
      if (failures.includes(event.type)) to.close(event.cause);
      else if (until.includes(event.type)) to.close();
    });
  });
}

import { shown } from "../../structures/errors.js";
import { type Events, Listening, type ListenOptions } from "./listening.js";

/** The options of {@link fromEvent} for an event target. */
export interface EventOptions<E> extends ListenOptions<E> {
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

/** The part of Node's `EventEmitter` that is needed here. */
export interface EmitterLike {
  on(type: string | symbol, listener: (...args: unknown[]) => void): unknown;
  off(type: string | symbol, listener: (...args: unknown[]) => void): unknown;
}

/**
 * Creates a channel of the events of one type. It listens from this call on, and stores the events that no receiver has
 * taken yet; `buffer` limits the store. Receivers get an event after it was dispatched, which is too late to prevent its
 * default action.
 *
 * An event target yields its events, typed by the target's handlers (`onclick`). For an event type of your own, name the
 * type: `fromEvent<CustomEvent<number>>(target, "count")`. An emitter, which has `on` and `off`, yields arrays of the
 * arguments of its listeners: `fromEvent<[line: string]>(reader, "line")`.
 *
 * Closes when: the signal is aborted. Cancelling the channel, leaving a `for await` over it, or disposing of it stops
 * listening.
 *
 * @param target - An event target or an emitter.
 * @param type - The type of the events.
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
 */
export function fromEvent<T extends EventTarget, Name extends EventName<T> | (string & {})>(
  target: T,
  type: Name,
  options?: EventOptions<EventOf<T, Name>>,
): Events<EventOf<T, Name>>;
export function fromEvent<E extends Event>(target: EventTarget, type: string, options?: EventOptions<E>): Events<E>;
export function fromEvent<A extends unknown[] = unknown[]>(
  emitter: EmitterLike,
  type: string | symbol,
  options?: ListenOptions<A>,
): Events<A>;
export function fromEvent(
  target: Partial<EventTarget & EmitterLike>,
  type: string | symbol,
  options: object = {},
): Events<unknown> {
  return new Listening<unknown>(options, (to) => {
    if (typeof target?.addEventListener === "function") {
      const { capture = false, passive } = options as EventOptions<unknown>;
      const listener = (event: Event): void => to.push(event);
      target.addEventListener(type as string, listener, passive === undefined ? capture : { capture, passive });
      return () => target.removeEventListener!(type as string, listener, capture);
    }
    if (typeof target?.on === "function" && typeof target.off === "function") {
      const listener = (...args: unknown[]): void => to.push(args);
      target.on(type, listener);
      return () => target.off!(type, listener);
    }
    throw new TypeError(
      `Cannot listen: the target must be an event target, or an emitter with on and off, got ${shown(target)}`,
    );
  });
}

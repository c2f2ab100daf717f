import { shown } from "../../structures/errors.js";
import { type Events, Listening, type ListenOptions } from "./listening.js";

/** How to listen to an event target. */
export interface EventOptions<E> extends ListenOptions<E> {
  /** Listens while the event is on its way down to its target. */
  readonly capture?: boolean;
  /** Promises not to prevent the default, so that scrolling need not wait. */
  readonly passive?: boolean;
}

/** The types of events that a target has a handler for (`onclick`), as far as TypeScript knows. */
export type EventName<T> = { [K in keyof T]: K extends `on${infer Name}` ? Name : never }[keyof T];

/** The event that a target's handler for a type (`onclick`) is given; `Event` if it has none. */
export type EventOf<T, Name extends string> = `on${Name}` extends keyof T
  ? NonNullable<T[`on${Name}` & keyof T]> extends (event: infer E) => unknown
    ? Extract<E, Event>
    : Event
  : Event;

/** Node's way to tell of events, as far as it is needed here. */
export interface EmitterLike {
  on(type: string | symbol, listener: (...args: unknown[]) => void): unknown;
  off(type: string | symbol, listener: (...args: unknown[]) => void): unknown;
}

/**
 * A channel of the events of one type. It listens from now on, and keeps what nobody has received yet; `buffer` says how much
 * of it. Receivers see an event after it was dispatched: it is too late then to prevent its default.
 *
 * Of an event target come its events, typed by the target's handlers (`onclick`); for a type of your own, name it:
 * `fromEvent<CustomEvent<number>>(target, "count")`. Of an emitter, which has `on` and `off`, come arrays of what its
 * listeners are given: `fromEvent<[line: string]>(reader, "line")`.
 *
 * Closes when: the signal is aborted. Cancelling it, leaving a `for await` over it, or disposing of it stops listening.
 *
 * @throws TypeError when the target is neither.
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
      `Cannot listen: fromEvent() takes an event target, or an emitter with on and off, got ${shown(target)}`,
    );
  });
}

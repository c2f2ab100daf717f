import { Operation, type WaitsFor } from "../../operation/operation.js";
import { assertOptions } from "../../structures/arguments.js";
import {
  assertTarget,
  type Emitted,
  type EmitterLike,
  type EventName,
  type EventOf,
  type EventsOf,
  type Heard,
  listen,
  listOf,
  type TargetOptions,
  type TypeOf,
  type Types,
} from "./targets.js";

/** The options of {@link nextEvent} for an emitter. */
export interface NextEmittedOptions {
  /**
   * The type of the event that is thrown, or several types. What is thrown is the `error` of an event, or else the event
   * itself; of an emitter it is the first argument.
   */
  readonly error?: string | symbol | readonly (string | symbol)[];
}

/** The options of {@link nextEvent} for an event target. */
export interface NextEventOptions extends NextEmittedOptions, TargetOptions {}

class NextEvent extends Operation<unknown> {
  private readonly _target: unknown;
  private readonly _types: readonly (string | symbol)[];
  private readonly _several: boolean;
  private readonly _failures: readonly (string | symbol)[];
  private readonly _options: TargetOptions;
  private _listens: boolean;
  private _stop: (() => void) | null;

  constructor(target: unknown, types: Types, options: NextEventOptions) {
    super();
    assertOptions("wait for event", options);
    this._target = target;
    this._types = listOf(types);
    this._several = Array.isArray(types);
    this._failures = listOf(options.error ?? []);
    assertTarget(target, [...this._types, ...this._failures]);
    this._options = options;
    this._listens = false;
    this._stop = null;
  }

  poll(): boolean {
    return false;
  }

  block(): void {
    const all = [...new Set([...this._types, ...this._failures])];
    this._listens = true;
    const stop = listen(this._target, all, this._options, (event) => {
      if (!this._listens) return;
      this.unblock();
      this.complete(event);
    });
    // A target may dispatch an event as the listener is added.
    if (this._listens) this._stop = stop;
    else stop();
  }

  override unblock(): void {
    const { _stop } = this;
    this._listens = false;
    this._stop = null;
    _stop?.();
  }

  override result(): unknown {
    const { type, one, several, cause } = this.value as Heard;
    if (this._failures.includes(type)) throw cause;
    return this._several ? several : one;
  }

  override waitsFor(): WaitsFor {
    return { what: `event ${this._types.map(String).join(" or ")}`, external: true, host: true };
  }
}

/**
 * Waits for the next event of a type, or of one of several types. It listens while it is performed.
 *
 * Parks: always, until the event is dispatched. Yields: the event, typed as {@link fromEvent} types it; of an emitter the
 * arguments of its listener, or `{ type, args }` if several types were given. If an event comes that `error` names: it
 * throws the error. If cancelled, or if another case wins: its listeners are removed at once.
 *
 * The task resumes after the event was dispatched, which is too late to prevent its default action. Events that come while
 * the operation is not performed are missed; {@link fromEvent} stores them.
 *
 * @param target - An event target or an emitter.
 * @param type - The type of the event, or several types.
 * @throws TypeError if the target is neither an event target nor an emitter.
 * @example
 * ```ts
 * import { nextEvent, select, sleep } from "millrace";
 *
 * const image = new EventTarget();
 * setTimeout(() => image.dispatchEvent(new Event("load")), 1);
 * const { key } = await select({ loaded: nextEvent(image, "load", { error: "error" }), late: sleep(1000) });
 * console.log(key); // loaded
 * ```
 */
export function nextEvent<T extends EventTarget, Name extends EventName<T> | (string & {})>(
  target: T,
  type: Name,
  options?: NextEventOptions,
): Operation<EventOf<T, Name>>;
export function nextEvent<T extends EventTarget, Name extends EventName<T> | (string & {})>(
  target: T,
  types: readonly Name[],
  options?: NextEventOptions,
): Operation<EventsOf<T, Name>>;
export function nextEvent<E extends Event>(
  target: EventTarget,
  type: string | readonly string[],
  options?: NextEventOptions,
): Operation<E>;
export function nextEvent<A extends unknown[] = unknown[]>(
  emitter: EmitterLike,
  type: string | symbol,
  options?: NextEmittedOptions,
): Operation<A>;
export function nextEvent<M = Record<string | symbol, unknown[]>>(
  emitter: EmitterLike,
  types: readonly TypeOf<M>[],
  options?: NextEmittedOptions,
): Operation<Emitted<M>>;
export function nextEvent(target: unknown, type: Types, options: NextEventOptions = {}): Operation<unknown> {
  return new NextEvent(target, type, options);
}

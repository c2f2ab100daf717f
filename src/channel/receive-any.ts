// For loops over several channels (rule OP-14). A source that has ended is removed, and the loop ends when all have ended.

import { assertIdle, type Waiter } from "../operation/async-performance.js";
import { anyOf, isOperation, Operation, unblock, type WaitsFor } from "../operation/operation.js";
import { scheduler } from "../scheduler/scheduler.js";
import { shown } from "../structures/errors.js";
import { CLOSED, type Closed, type ReceiveChannel } from "./ends.js";

/** What {@link receiveAny} yields: a value, and the name of the channel that it comes from. */
export type Received<S extends Readonly<Record<string, ReceiveChannel<unknown>>>> = S extends unknown
  ? {
      [K in keyof S & string]: { readonly key: K; readonly value: S[K] extends ReceiveChannel<infer T> ? T : never };
    }[keyof S & string]
  : never;

interface Source {
  readonly key: string;
  readonly receive: Operation<unknown>;
}

type Outcome = { readonly key: string; readonly value: unknown } | Closed;

/** The operation of `receiveAny`, performed once in each round of a loop. It removes sources that have ended. */
export class ReceiveAny extends Operation<Outcome> implements Waiter {
  /** Sources that have not ended. */
  readonly open: Source[];
  /** The source that yielded last. */
  private _last: Source | null;
  /** What the source threw that yielded last. */
  private _failure: { readonly cause: unknown } | null;
  /** Whether it has completed since it was polled. */
  private _over: boolean;

  constructor(sources: Source[]) {
    super();
    this.open = sources;
    this._last = null;
    this._failure = null;
    this._over = false;
  }

  poll(): boolean {
    const open = this.open;
    for (let at = 0; at < open.length; ) {
      const other = at + scheduler.chance(open.length - at);
      const source = open[other]!;
      open[other] = open[at]!;
      open[at] = source;
      const { receive } = source;
      if (receive.waiter !== null) assertIdle(receive);
      if (!receive.poll()) {
        if (open.length - at > 1) scheduler.policy?.missed?.(open.map(({ receive }) => receive));
        at++;
      } else if (this.take(at)) return true;
    }
    this.value = CLOSED;
    this._failure = null;
    this._over = false;
    return open.length === 0;
  }

  block(): void {
    const { open } = this;
    for (let at = 0; at < open.length; ) {
      const { length } = open;
      const { receive } = open[at]!;
      if (receive.waiter === (this as Waiter)) {
        at++;
        continue;
      }
      if (receive.waiter !== null) assertIdle(receive);
      receive.waiter = this as Waiter;
      try {
        receive.block();
      } catch (error) {
        receive.waiter = null;
        this.unblock();
        throw error;
      }
      // A source that completed in `block` has won, and the others have left.
      if (this._over) return;
      // Sources that end in `block` leave the list.
      at = open.length === length ? at + 1 : 0;
    }
  }

  override unblock(): void {
    const { open } = this;
    for (let at = 0; at < open.length; at++) {
      const { receive } = open[at]!;
      if (receive.waiter !== (this as Waiter)) continue;
      receive.waiter = null;
      unblock(receive);
    }
  }

  wake(winner: Operation<unknown>): void {
    const { open } = this;
    winner.waiter = null;
    let at = 0;
    while (open[at]!.receive !== winner) at++;
    if (this.take(at)) {
      this._over = true;
      this.unblock();
      this.complete(this.value);
    } else if (open.length === 0) {
      this._over = true;
      this.complete(CLOSED);
    }
  }

  override result(): Outcome {
    const { value } = this;
    if (this._failure !== null) throw this._failure.cause;
    return value === CLOSED ? CLOSED : { key: this._last!.key, value };
  }

  override waitsFor(): WaitsFor {
    return anyOf(this.open.map(({ receive }) => receive.waitsFor()));
  }

  override discard(): void {
    this._last?.receive.discard();
  }

  /** Stores what a source yielded. Removes the source and returns false if it has ended. */
  take(at: number): boolean {
    const source = this.open[at]!;
    this._last = source;
    this._failure = null;
    try {
      this.value = source.receive.result();
    } catch (cause) {
      this.open.splice(at, 1);
      this.value = undefined;
      this._failure = { cause };
      return true;
    }
    if (this.value !== CLOSED) return true;
    this.open.splice(at, 1);
    return false;
  }
}

/**
 * Receives from several channels, one value each time it is performed. Create the operation before a loop, and perform that
 * same operation in each round.
 *
 * Parks when: no source has a value and some source is open. Yields: `{ key, value }`, from a source that is chosen uniformly
 * among those that have a value. If closed: a source that has ended is removed; yields `CLOSED` once all have ended. A source
 * that was closed with a cause throws the cause, once. If cancelled: it leaves every queue.
 *
 * @param sources - The channels, by name.
 * @throws TypeError if a source is not a receive channel.
 * @example
 * ```ts
 * import { channel, CLOSED, go, receiveAny } from "millrace";
 *
 * const words = channel<string>(1);
 * const numbers = channel<number>(1);
 * words.trySend("a");
 * numbers.trySend(1);
 * words.close();
 * numbers.close();
 * const seen = await go(function* () {
 *   const inbox = receiveAny({ words, numbers });
 *   const keys: string[] = [];
 *   for (let message; (message = yield* inbox) !== CLOSED; ) keys.push(message.key);
 *   return keys.sort();
 * });
 * console.log(seen); // [ "numbers", "words" ]
 * ```
 */
export function receiveAny<S extends Readonly<Record<string, ReceiveChannel<unknown>>>>(
  sources: S,
): Operation<Received<S> | Closed> {
  if (
    typeof sources !== "object" ||
    sources === null ||
    typeof (sources as { receive?: unknown }).receive === "function"
  ) {
    throw new TypeError(`Cannot receive: sources must be an object of named channels, got ${shown(sources)}`);
  }
  const open = Object.keys(sources).map((key) => {
    const receive: unknown = sources[key]?.receive?.();
    if (isOperation(receive)) return { key, receive: receive.fresh() };
    throw new TypeError(`Cannot receive: ${JSON.stringify(key)} must be a receive channel, got ${shown(sources[key])}`);
  });
  return new ReceiveAny(open) as unknown as Operation<Received<S> | Closed>;
}

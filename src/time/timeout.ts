// Deadlines: a channel that closes at a time, and an operation that must complete before one. A timeout channel is only a
// time: it costs nothing until a receive waits for it.

import { CLOSED, type Closed, EMPTY, iterate, type ReceiveChannel } from "../channel/ends.js";
import { select } from "../choice/select.js";
import type { Operation } from "../operation/operation.js";
import { scheduler } from "../scheduler/scheduler.js";
import { milliseconds } from "../structures/arguments.js";
import { TimeoutError } from "../structures/errors.js";
import { sleep, Until } from "./sleep.js";

class Due<T> extends Until<T> {
  private readonly _outcome: T;

  constructor(due: number, outcome: T) {
    super(due);
    this._outcome = outcome;
  }

  override result(): T {
    return this._outcome;
  }

  protected get what(): string {
    return "timeout";
  }
}

class Timeout implements ReceiveChannel<never> {
  private _due: number;

  constructor(due: number) {
    this._due = due;
  }

  get closed(): boolean {
    return this._due <= scheduler.host.now();
  }

  receive(): Operation<Closed> {
    return new Due<Closed>(this._due, CLOSED);
  }

  tryReceive(): Closed | typeof EMPTY {
    return this.closed ? CLOSED : EMPTY;
  }

  /** Does nothing: a timeout belongs to everybody who waits for it, and holds nothing that could be freed. */
  cancel(): void {}

  [Symbol.asyncIterator](): AsyncIterator<never> {
    return iterate(this);
  }
}

function create(ms: number): ReceiveChannel<never> {
  return new Timeout(scheduler.host.now() + ms);
}

/**
 * A receive-only channel that closes so many milliseconds after its creation, for everybody, for ever. It is yours alone,
 * costs nothing while nobody waits for it, and nobody can close it early.
 *
 * @throws RangeError when `ms` is NaN.
 * @example
 * ```ts
 * import { alt, channel, timeout } from "millrace";
 *
 * const silent = channel<string>();
 * const late = timeout(5);
 * console.log(await alt(silent.receive(), late.receive().map(() => "too late"))); // too late
 * ```
 */
export function timeout(ms: number): ReceiveChannel<never> {
  const { maker } = scheduler;
  milliseconds("set timeout", ms);
  return maker === null ? create(ms) : (maker.timeout(ms, create) as ReceiveChannel<never>);
}

/**
 * An operation with a deadline, counted from when it is performed.
 *
 * Parks when, yields: as `operation`. If it is not ready in time: throws a {@link TimeoutError}, and it has left every
 * queue. If cancelled: as `operation`.
 */
export function withTimeout<T>(ms: number, operation: Operation<T>): Operation<T> {
  const late = sleep(ms).map((): T => {
    throw new TimeoutError(`Timed out: ${operation.waitsFor().what} took longer than ${ms} ms`);
  });
  // With both ready the operation goes first: it was in time.
  return select({ operation, late }, { mode: "priority" }).map(({ value }) => value);
}

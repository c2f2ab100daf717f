// Deadlines: a channel that closes at a time, and an operation that must complete before a time. A timeout channel is only a
// time, so it costs nothing until a receive waits for it.

import { CLOSED, type Closed, EMPTY, type Empty, type ReceiveChannel } from "../channel/ends.js";
import { iterate } from "../channel/iterate.js";
import { select } from "../choice/select.js";
import type { Operation, Routine } from "../operation/operation.js";
import { isOperation } from "../operation/operation.js";
import { scheduler } from "../scheduler/scheduler.js";
import { milliseconds } from "../structures/arguments.js";
import { shown, TimeoutError } from "../structures/errors.js";
import { named, nameOf } from "../structures/named.js";
import { inspectable } from "../structures/readable.js";
import { call } from "../task/call.js";
import { launch } from "../task/start.js";
import type { Body } from "../task/task.js";
import { bodyOf, type Work } from "../task/work.js";
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

  tryReceive(): Closed | Empty {
    return this.closed ? CLOSED : EMPTY;
  }

  toString(): string {
    return this.closed ? "Timeout, closed" : `Timeout in ${this._due - scheduler.host.now()} ms`;
  }

  toJSON(): string {
    return text(this);
  }

  /** Does nothing: a timeout may have several receivers, and holds nothing that could be freed. */
  cancel(): void {}

  [Symbol.asyncIterator](): AsyncIterator<never> {
    return iterate(this);
  }
}

const text = /* @__PURE__ */ inspectable(Timeout);

function create(ms: number): ReceiveChannel<never> {
  return new Timeout(scheduler.host.now() + ms);
}

/**
 * Creates a channel that closes after some milliseconds.
 *
 * A receive parks when: the time has not passed. Yields: `CLOSED`, to all receivers and for ever. If cancelled: its timer is
 * removed at once.
 *
 * The time counts from the creation. Each call creates a channel of its own. A channel that no receive waits for has no timer.
 * No code can close the channel early.
 *
 * @param ms - Milliseconds; 0 or less is closed at once.
 * @returns A channel for receiving only.
 * @throws RangeError if `ms` is not a number, or is NaN.
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

/** Runs a body with a deadline, and leaves nothing of it behind. */
function* inTime<T>(ms: number, body: Body<[], T>): Routine<T> {
  const task = launch(body, [], null, undefined);
  try {
    const first = yield* select({ task, late: sleep(ms) }, { mode: "priority" });
    if (first.key === "task") return first.value;
  } finally {
    task.cancel();
    if (task.status !== "done" && task.status !== "failed") yield* task.whenOver();
  }
  throw new TimeoutError(`Timed out: ${nameOf(body, "the work")} took longer than ${ms} ms`);
}

/**
 * Gives an operation, a receive or any other {@link Work} a deadline.
 *
 * Parks when, yields, if closed, if cancelled: as `work`. If it has not completed in time: it throws a {@link TimeoutError}. By
 * then an operation has left every queue, and the work of a function is cancelled and has ended, with its `finally` blocks.
 *
 * The time counts from when the result is performed. If the work is done at the deadline, the work wins.
 *
 * @param ms - Milliseconds.
 * @param work - The operation to perform, the channel to receive from, or the function to call, as `call` does.
 * @throws RangeError if `ms` is not a number, or is NaN. TypeError if `work` is none of these.
 * @example
 * ```ts
 * import { channel, TimeoutError, withTimeout } from "millrace";
 *
 * const silent = channel<string>();
 * try {
 *   await withTimeout(5, silent.receive());
 * } catch (error) {
 *   console.log(error instanceof TimeoutError); // true
 * }
 * ```
 */
export function withTimeout<T>(ms: number, work: Work<T>): Operation<T>;
export function withTimeout<T>(ms: number, channel: { receive: () => Operation<T> }): Operation<T>;
export function withTimeout<T>(ms: number, work: Work<T> | { receive: () => Operation<T> }): Operation<T> {
  if (isOperation(ms)) {
    throw new TypeError("Cannot set timeout: ms comes first, got an operation; write withTimeout(100, operation)");
  }
  milliseconds("set timeout", ms);
  if (typeof work === "function") return call(named(nameOf(work, ""), () => inTime(ms, bodyOf(work))));
  const performed = operationOf<T>(work);
  const late = sleep(ms).map((): T => {
    throw new TimeoutError(`Timed out: ${performed.waitsFor().what} took longer than ${ms} ms`);
  });
  // If both are ready, the operation wins, as it was in time.
  return select({ operation: performed, late }, { mode: "priority" }).map(({ value }) => value);
}

/** Returns an operation as it is, and a channel's `receive()`. */
function operationOf<T>(given: unknown): Operation<T> {
  if (isOperation(given)) return given as Operation<T>;
  const receive = (given as Partial<ReceiveChannel<unknown>> | null | undefined)?.receive;
  if (typeof receive === "function") return receive.call(given) as Operation<T>;
  throw new TypeError(
    `Cannot set timeout: work must be an operation, a receive channel or a function, got ${shown(given)}`,
  );
}

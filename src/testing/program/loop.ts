// Loops that never end, as a verification can follow them: a round that begins with a state that an earlier round began with
// leads nowhere new. Anywhere else they simply loop.

import { Operation, type Routine, type WaitsFor } from "../../operation/operation.js";
import { shown } from "../../structures/errors.js";
import { shared } from "../../structures/shared.js";
import type { Task } from "../../task/task.js";

/** What the body of a {@link loop} returns to end it. */
export const DONE: unique symbol = Symbol.for("millrace.DONE");
/** The type of {@link DONE}. */
export type Done = typeof DONE;

/** A round of a loop begins. */
export class Round extends Operation<void> {
  state: unknown;

  constructor(state: unknown) {
    super();
    this.state = state;
  }

  poll(): boolean {
    return true;
  }

  block(): void {}

  override waitsFor(): WaitsFor {
    return { what: "the next round of a loop", external: true };
  }
}

/**
 * Loops until `body` returns `DONE`: each round is given what the round before returned. In a verification rounds with equal
 * states are one, so that a loop without an end can be explored to the end. What a round does may depend on nothing else that
 * rounds change.
 *
 * Parks when: `body` does. Yields: nothing.
 *
 * @example
 * ```ts
 * import { channel, go } from "millrace";
 * import { DONE, loop } from "millrace/testing";
 *
 * const numbers = channel<number>();
 * go(loop, 3, function* (n: number) {
 *   yield* numbers.send(n);
 *   return n > 1 ? n - 1 : DONE;
 * });
 * console.log(await numbers.receive(), await numbers.receive(), await numbers.receive()); // 3 2 1
 * ```
 */
export function* loop<S>(initial: S, body: (state: S) => Routine<S | Done>): Routine<void> {
  if (typeof body !== "function") throw new TypeError(`Cannot loop: its body must be a function*, got ${shown(body)}`);
  const round = new Round(initial);
  for (let state: S | Done = initial; state !== DONE; state = yield* body(state)) {
    round.state = state;
    yield* round;
  }
}

/**
 * Performs a body again and again. In a verification all its rounds are one, so what a round does must not depend on the
 * rounds before; where it does, use {@link loop}.
 *
 * Parks when: `body` does. Yields: never. What `body` throws ends it.
 */
export function* forever(body: () => Routine<void>): Routine<never> {
  if (typeof body !== "function") throw new TypeError(`Cannot loop: its body must be a function*, got ${shown(body)}`);
  const round = new Round(undefined);
  for (;;) {
    yield* round;
    yield* body();
  }
}

const daemons = shared("daemons", () => new WeakSet<Task<unknown>>());

/** Marks a task that serves others: that it is still parked when all is over is no leak. Returns the task. */
export function daemon<T>(task: Task<T>): Task<T> {
  daemons.add(task);
  return task;
}

/** Whether a task was marked with {@link daemon}. */
export function isDaemon(task: Task<unknown>): boolean {
  return daemons.has(task);
}

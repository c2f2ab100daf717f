// Endless loops that `verify` can explore completely: a round that begins in the state of an earlier round leads to no new
// states. Elsewhere they are plain loops.

import { Operation, type Routine, type WaitsFor } from "../../operation/operation.js";
import { shown } from "../../structures/errors.js";
import { shared } from "../../structures/shared.js";
import type { Task } from "../../task/task.js";

/** The symbol that the body of a {@link loop} returns to end the loop. */
export const DONE: unique symbol = Symbol.for("millrace.DONE");
/** The type of {@link DONE}. */
export type Done = typeof DONE;

/** The operation that begins a round of a loop. */
export class Round extends Operation<void> {
  state: unknown;
  /** Whether the rounds may go on for ever whatever other tasks do. */
  readonly isEndless: boolean;

  constructor(state: unknown, isEndless: boolean = true) {
    super();
    this.state = state;
    this.isEndless = isEndless;
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
 * Runs `body` again and again until it returns `DONE`. Each round gets the state that the round before returned.
 *
 * Parks when: `body` parks. Yields: nothing. If cancelled: the round in progress ends as `return` would end it.
 *
 * `verify` treats rounds with equal states as one, so that an endless loop can be explored completely. So a round may depend only
 * on its state, and not on other variables that rounds change.
 *
 * @param initial - The state of the first round.
 * @param body - A `function*` that gets a state, and returns the next state or `DONE`.
 * @throws TypeError if the body is not a function.
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
 * Runs `body` again and again, for ever.
 *
 * Parks when: `body` parks. Yields: never. An exception of `body` ends the loop. If cancelled: the round in progress ends as
 * `return` would end it.
 *
 * `verify` treats all rounds as one, so a round must not depend on earlier rounds. If it does, use {@link loop}.
 *
 * @param body - A `function*` for one round.
 * @throws TypeError if the body is not a function.
 * @example
 * ```ts
 * import { channel, go } from "millrace";
 * import { daemon, forever, verify } from "millrace/testing";
 *
 * const verdict = await verify(function* () {
 *   const [questions, answers] = [channel<number>(), channel<number>()];
 *   daemon(go(forever, function* () {
 *     const question = yield* questions.receive();
 *     if (typeof question === "number") yield* answers.send(question * 2);
 *   }));
 *   yield* questions.send(21);
 *   return yield* answers.receive();
 * });
 * if (verdict.status === "proved") console.log([...verdict.outcomes]); // [ 42 ]
 * ```
 */
export function* forever(body: () => Routine<void>): Routine<never> {
  if (typeof body !== "function") throw new TypeError(`Cannot loop: its body must be a function*, got ${shown(body)}`);
  const round = new Round(undefined);
  for (;;) {
    yield* round;
    yield* body();
  }
}

/** The name of the body that a task runs again and again; undefined if its own body is no loop. */
export function loopedName(body: unknown, args: unknown): string | undefined {
  const [first, second] = Array.isArray(args) ? (args as readonly unknown[]) : [];
  const given = body === forever ? first : body === loop ? second : undefined;
  return typeof given === "function" && given.name !== "" ? given.name : undefined;
}

const daemons = shared("daemons", () => new WeakSet<Task<unknown>>());

/**
 * Marks a task as a daemon, which serves other tasks for ever. A daemon that is parked when the program has ended is no leak.
 *
 * Never parks.
 *
 * @param task - The task to mark.
 * @returns The same task.
 * @example
 * ```ts
 * import { channel, go } from "millrace";
 * import { assertNoLeaks, daemon, forever } from "millrace/testing";
 *
 * const ticks = channel<number>();
 * await assertNoLeaks(async () => {
 *   daemon(go(forever, function* () { yield* ticks.receive(); }));
 *   console.log(await ticks.send(1)); // true
 * });
 * ```
 */
export function daemon<T>(task: Task<T>): Task<T> {
  daemons.add(task);
  return task;
}

/** Whether a task was marked with {@link daemon}. */
export function isDaemon(task: Task<unknown>): boolean {
  return daemons.has(task);
}

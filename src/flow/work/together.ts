// Several pieces of work at the same time, of which all results are wanted, or the first one. Whatever the outcome, all of them
// have ended when the operation completes.

import { unbounded } from "../../channel/buffer.js";
import { channel } from "../../channel/channel.js";
import type { Channel } from "../../channel/ends.js";
import { select } from "../../choice/select.js";
import { type Scope, scope } from "../../lifetime/scope.js";
import { never } from "../../operation/basic.js";
import { disposeOfLost } from "../../operation/lost.js";
import type { Operation, Routine } from "../../operation/operation.js";
import { assertOptions, countOrInfinity, milliseconds } from "../../structures/arguments.js";
import { shown, textOf } from "../../structures/errors.js";
import { named, nameOf } from "../../structures/named.js";
import type { Task } from "../../task/task.js";
import { assertWork, bodyOf, functionOf, settle, type Work } from "../../task/work.js";
import { sleep } from "../../time/sleep.js";

/** The type of the result of a piece of {@link Work}. */
export type ResultOf<W> =
  W extends Operation<infer T>
    ? T
    : W extends (...args: never[]) => infer R
      ? R extends Operation<infer T>
        ? T
        : R extends Generator<infer _, infer T, infer _> | AsyncGenerator<infer _, infer T, infer _>
          ? T
          : Awaited<R>
      : never;

/** The types of the results of several pieces of {@link Work}, in a tuple, a list or a record. */
export type ResultsOf<W> = { -readonly [K in keyof W]: ResultOf<W[K]> };

type List = readonly Work<unknown>[];
type Named = Readonly<Record<string, Work<unknown>>>;

/**
 * Does several pieces of work at the same time, and waits for all results.
 *
 * Parks when: always, until all are done. Yields: the results in a list, in the order of the work, or in a record with its names. If
 * one fails: the others are cancelled, and its error is thrown when all have ended, with their `finally` blocks; several failures
 * are thrown in an `AggregateError`. If cancelled, or if another case of a select wins: all are cancelled. To have each outcome in
 * place of the first error, catch the error in the work.
 *
 * @param works - A list or a record of {@link Work}.
 * @throws TypeError if `works` is neither a list nor a record of work.
 * @example
 * ```ts
 * import { all, sleep } from "millrace";
 *
 * const { user, orders } = await all({
 *   user: async (signal) => (signal.aborted ? "" : "ann"),
 *   *orders() {
 *     yield* sleep(5);
 *     return [1, 2];
 *   },
 * });
 * console.log(user, orders); // ann [ 1, 2 ]
 * ```
 */
export function all<W extends List | []>(works: W): Operation<ResultsOf<W>>;
export function all<T>(works: Iterable<Work<T>>): Operation<T[]>;
export function all<W extends Named>(works: W): Operation<ResultsOf<W>>;
export function all(works: Iterable<Work<unknown>> | Named): Operation<unknown> {
  if (typeof works !== "object" || works === null) {
    throw new TypeError(`Cannot do all: works must be a list or a record of work, got ${shown(works)}`);
  }
  const names = Symbol.iterator in works ? null : Object.keys(works);
  const bodies = bodiesOf("do all", Object.values(names === null ? [...(works as Iterable<Work<unknown>>)] : works));
  const body = function* ({ go }: Scope): Routine<unknown> {
    const tasks = bodies.map((body) => go(body));
    const results: unknown[] = [];
    for (const task of tasks) results.push(yield* task);
    return names === null ? results : Object.fromEntries(names.map((name, at) => [name, results[at]]));
  };
  return scope(named("all", body));
}

/**
 * Does several pieces of work at the same time, and takes the first success.
 *
 * Parks when: always, until one has succeeded or all have failed. Yields: the result of the first that succeeds; the others are
 * cancelled, and have ended by then, with their `finally` blocks. If all fail: throws an `AggregateError` with their errors, in the
 * order of the work. If cancelled, or if another case of a select wins: all are cancelled.
 *
 * To take the first outcome, success or failure, use `alt` with `call`.
 *
 * @param works - A list of {@link Work}.
 * @throws TypeError if `works` is no list of work.
 * @example
 * ```ts
 * import { any, sleep } from "millrace";
 *
 * const answer = await any([
 *   async () => {
 *     throw new Error("north is down");
 *   },
 *   function* () {
 *     yield* sleep(5);
 *     return "south";
 *   },
 * ]);
 * console.log(answer); // south
 * ```
 */
export function any<W extends List | []>(works: W): Operation<ResultOf<W[number]>>;
export function any<T>(works: Iterable<Work<T>>): Operation<T>;
export function any(works: Iterable<Work<unknown>>): Operation<unknown> {
  if (!(Symbol.iterator in Object(works))) {
    throw new TypeError(`Cannot do any: works must be a list of work, got ${shown(works)}`);
  }
  const bodies = bodiesOf("do any", [...works]);
  const body = function* (s: Scope): Routine<unknown> {
    const attempts = new Attempts<unknown>(s);
    for (const body of bodies) attempts.start(body);
    return yield* attempts.first(never, null);
  };
  return scope(named("any", body));
}

/** The options of {@link hedge}. */
export interface HedgeOptions {
  /** Milliseconds after which the next attempt starts while none has answered. */
  readonly after: number;
  /** How many attempts there are at most; 2 by default, `Infinity` for no limit. */
  readonly attempts?: number;
}

/**
 * Starts a second attempt when the first has not answered in time, or at once when it fails, and takes the first success. It cuts
 * the slowest answers of a service whose answers are mostly fast.
 *
 * Parks when: always, until an attempt has succeeded or all have failed. Yields: the result of the first attempt that succeeds; the
 * others are cancelled, and have ended by then. If all attempts fail: throws an `AggregateError` with their errors, in the order of
 * the attempts. If cancelled, or if another case of a select wins: all attempts are cancelled.
 *
 * @param attempt - Called with the number of the attempt, from 1. Any {@link Work}: the signal of a function is aborted when another
 * attempt wins.
 * @param options - `after`, `attempts`.
 * @throws RangeError if a number is out of range. TypeError if `attempt` is neither a function nor an operation.
 * @example
 * ```ts
 * import { hedge, sleep } from "millrace";
 *
 * const answer = await hedge(
 *   function* (n) {
 *     yield* sleep(n === 1 ? 1000 : 5); // the first attempt is slow
 *     return `answered at attempt ${n}`;
 *   },
 *   { after: 20 },
 * );
 * console.log(answer); // answered at attempt 2
 * ```
 */
export function hedge<T>(attempt: Work<T, [n: number]>, options: HedgeOptions): Operation<T> {
  assertWork("hedge", "attempt", attempt);
  assertOptions("hedge", options);
  const { after, attempts = 2 } = options;
  milliseconds("hedge", after, "after", 0);
  countOrInfinity("hedge", "attempts", attempts, 1);
  const work = functionOf<T, [number]>(attempt, 1);
  const body = function* (s: Scope): Routine<T> {
    const all = new Attempts<T>(s);
    const begin = (): void => {
      const n = all.started + 1;
      const body = function* (): Routine<T> {
        return yield* settle(work(n));
      };
      all.start(named("attempt", body));
    };
    begin();
    return yield* all.first(
      () => (all.started < attempts ? sleep(after) : never()),
      () => all.started < attempts && begin(),
    );
  };
  return scope(named("hedge", body));
}

/** The body of a go block that does a piece of work. */
type Begun<T> = ReturnType<typeof bodyOf<[], T>>;

type Outcome<T> =
  | { readonly at: number; readonly ok: true; readonly value: T }
  | { readonly at: number; readonly ok: false; readonly error: unknown };

/** Attempts in a scope, of which the first success counts. */
class Attempts<T> {
  /** How many have been started. */
  started: number;
  private readonly _scope: Scope;
  private readonly _outcomes: Channel<Outcome<T>>;

  constructor(scope: Scope) {
    this.started = 0;
    this._scope = scope;
    this._outcomes = channel(unbounded());
  }

  start(body: Begun<T>): Task<void> {
    const at = this.started++;
    const attempts = this;
    return this._scope.go(
      named(nameOf(body, "attempt"), function* (): Routine<void> {
        try {
          // The work is a task of its own, so that both kinds of routine are driven.
          const value = yield* settle(body() as Routine<T>);
          if (!attempts._outcomes.trySend({ at, ok: true, value })) disposeOfLost(value);
        } catch (error) {
          // What a cancelled attempt throws in a `finally` is a failure of the scope.
          if (!attempts._outcomes.trySend({ at, ok: false, error })) throw error;
        }
      }),
    );
  }

  /** Disposes of the results of attempts that succeeded in the same turn as the first. */
  private _dropOthers(): void {
    for (let made = this._outcomes.tryReceive(); typeof made !== "symbol"; made = this._outcomes.tryReceive()) {
      if (made.ok) disposeOfLost(made.value);
    }
  }

  /** Waits for the first success. `late` makes what to wait for beside it; `next` is called then, and when an attempt fails. */
  *first(late: () => Operation<void>, next: (() => unknown) | null): Routine<T> {
    const errors: unknown[] = [];
    let failed = 0;
    const outcome = this._outcomes.receive();
    while (failed < this.started) {
      const { key, value } = yield* select({ outcome, late: late() }, { mode: "priority" });
      if (key === "late") {
        next?.();
        continue;
      }
      const made = value as Outcome<T>;
      if (made.ok) {
        // From now on no outcome counts.
        this._outcomes.close();
        this._scope.cancel();
        this._dropOthers();
        return made.value;
      }
      errors[made.at] = made.error;
      failed++;
      next?.();
    }
    throw new AggregateError(errors, `All ${errors.length} attempts failed: ${textOf(errors[0])}`, {
      cause: errors[0],
    });
  }
}

function bodiesOf(act: string, works: readonly Work<unknown>[]): Begun<unknown>[] {
  return works.map((work, at) => {
    assertWork(act, `work ${at + 1}`, work);
    return bodyOf<[], unknown>(work);
  });
}

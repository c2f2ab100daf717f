// Work on one value at a time while values keep coming: the newest cancels the work before it, or is dropped.

import { CLOSED, type Closed, type OwnedChannel, type SendChannel } from "../../channel/ends.js";
import { select } from "../../choice/select.js";
import { type Scope, scope } from "../../lifetime/scope.js";
import type { Operation, Routine } from "../../operation/operation.js";
import { assertOptions } from "../../structures/arguments.js";
import { named } from "../../structures/named.js";
import type { Task } from "../../task/task.js";
import { assertWork, bodyOf, type Work } from "../../task/work.js";
import { produce } from "../ends/produce.js";
import { type FlowOptions, release } from "../ends/release.js";
import { type Input, sourceOf } from "../ends/source.js";

const priority = { mode: "priority" } as const;

/** What one of these combinators does, in a scope: `begin` starts the work on a value. */
type Manner<T, U> = (next: Operation<T | Closed>, begin: (value: T) => Task<U>, out: SendChannel<U>) => Routine<void>;

function inManner<T, U>(
  name: string,
  source: Input<T>,
  work: Work<U, [value: T]>,
  options: FlowOptions,
  manner: Manner<T, U>,
): OwnedChannel<U> {
  const act = `start ${name}`;
  assertWork(act, "work", work);
  assertOptions(act, options);
  const body = bodyOf<[value: T], U>(work);
  const from = sourceOf(act, source);
  let out: SendChannel<U>;
  // Made here, so that a report names the line of the program.
  const all = scope(named(name, ({ go }: Scope) => manner(from.receive(), (value) => go(body, value), out)));
  const run = (to: SendChannel<U>): Operation<void> => {
    out = to;
    return all;
  };
  return produce<U>(run, {
    release: (reason) => release(from, options, reason),
  });
}

/**
 * Works on the newest value: when a value comes, the work on the one before is cancelled. Work begins when that has ended, with its
 * `finally` blocks, so two never run at the same time. A result that no receiver has taken when the next value comes is dropped. It
 * is RxJS's `switchMap`.
 *
 * Closes when: the source has ended and the work on its last value is done. When the work fails, receivers get the error thrown, and
 * the source is released. A cause of the source cancels the work. Cancelling the output cancels the work and releases the source.
 *
 * @param source - A channel, a `Stream`, or anything iterable.
 * @param work - What to do with a value. Any {@link Work}: the signal of a function is aborted when the next value comes.
 * @throws TypeError when `source` cannot be read, or `work` is neither a function nor an operation.
 * @example
 * ```ts
 * import { channel, go, latest, sleep } from "millrace";
 *
 * const typed = channel<string>();
 * const hits = latest(typed, function* (word) {
 *   yield* sleep(10);
 *   return `found ${word}`;
 * });
 * go(function* () {
 *   for (const word of ["c", "cs", "csp"]) yield* typed.send(word); // each cancels the search for the one before
 *   typed.close();
 * });
 * for await (const hit of hits) console.log(hit); // found csp
 * ```
 */
export function latest<T, U>(source: Input<T>, work: Work<U, [value: T]>, options: FlowOptions = {}): OwnedChannel<U> {
  return inManner("latest", source, work, options, function* (next, begin, out) {
    let value = yield* next;
    while (value !== CLOSED) {
      const task = begin(value);
      const first = yield* select({ newer: next, made: task }, priority);
      if (first.key === "made") {
        const then = yield* select({ newer: next, sent: out.send(first.value) }, priority);
        if (then.key === "sent") {
          if (!then.value) return;
          value = yield* next;
          continue;
        }
        value = then.value;
        if (value === CLOSED) yield* out.send(first.value);
      } else if (first.value === CLOSED) {
        yield* out.send(yield* task);
        return;
      } else {
        task.cancel();
        value = yield* newest(first.value, next, task);
      }
    }
  });
}

/** Waits until a cancelled task is over. Yields the newest value that has come by then. */
function* newest<T>(value: T, next: Operation<T | Closed>, task: Task<unknown>): Routine<T> {
  const over = task.whenOver();
  for (;;) {
    const first = yield* select({ over, newer: next }, priority);
    if (first.key === "over") return value;
    if (first.value !== CLOSED) value = first.value;
    else {
      yield* over;
      return value;
    }
  }
}

/**
 * Works on one value at a time, and drops the values that come while it is busy: while the work runs, and while its result waits to
 * be received. It is RxJS's `exhaustMap`.
 *
 * Closes when: the source has ended and the work is done. When the work fails, receivers get the error thrown, and the source is
 * released. A cause of the source cancels the work. Cancelling the output cancels the work and releases the source.
 *
 * @param source - A channel, a `Stream`, or anything iterable.
 * @param work - What to do with a value. Any {@link Work}.
 * @throws TypeError when `source` cannot be read, or `work` is neither a function nor an operation.
 * @example
 * ```ts
 * import { channel, exhaust, go, sleep } from "millrace";
 *
 * const clicks = channel<number>();
 * const saved = exhaust(clicks, async (n) => `saved ${n}`);
 * go(function* () {
 *   for (const n of [1, 2, 3]) yield* clicks.send(n); // 2 and 3 come while 1 is saved
 *   clicks.close();
 * });
 * for await (const text of saved) console.log(text); // saved 1
 * ```
 */
export function exhaust<T, U>(source: Input<T>, work: Work<U, [value: T]>, options: FlowOptions = {}): OwnedChannel<U> {
  return inManner("exhaust", source, work, options, function* (next, begin, out) {
    for (let value = yield* next; value !== CLOSED; value = yield* next) {
      const made = yield* dropping(begin(value), next);
      if (!made.open) {
        yield* out.send(made.value);
        return;
      }
      const sent = yield* dropping(out.send(made.value), next);
      if (!sent.value || !sent.open) return;
    }
  });
}

/** Performs an operation, and drops what comes meanwhile. Yields its value, and whether the source is still open. */
function* dropping<T, U>(operation: Operation<U>, next: Operation<T | Closed>): Routine<{ value: U; open: boolean }> {
  for (;;) {
    const first = yield* select({ done: operation, dropped: next }, priority);
    if (first.key === "done") return { value: first.value, open: true };
    if (first.value === CLOSED) return { value: yield* operation, open: false };
  }
}

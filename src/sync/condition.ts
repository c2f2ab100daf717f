// An operation that waits here with a lease goes through two queues: the queue of the condition, and, after a signal, the
// queue of the lock. It completes once it holds the lock again. So a signal never resumes a task only for the task to find
// the lock held, or its test false again: in these cases the operation returns to the queue of the condition by itself.

import { Operation, type WaitsFor } from "../operation/operation.js";
import { upon } from "../operation/upon.js";
import { Waiters } from "../operation/waiters.js";
import { bound } from "../scheduler/contexts.js";
import { standIn } from "../scheduler/stand-ins.js";
import { assertFunction } from "../structures/arguments.js";
import { shown } from "../structures/errors.js";
import type { Lease } from "./lease.js";

/** Throws unless a lease, of whichever copy of the package, is given or left out. */
function assertLease(lease: unknown): void {
  if (lease === undefined || typeof (lease as Lease | null)?.reacquire === "function") return;
  throw new TypeError(`Cannot wait for condition: lease must be the lease of a lock, got ${shown(lease)}`);
}

function assertHeld(lease: Lease | null): void {
  if (lease?.held === false)
    throw new TypeError("Cannot wait for condition: the lease must be held, got a released lease");
}

/** What a verification makes in place of a condition. */
interface ConditionModel {
  wait(lease: Lease | null): Operation<void>;
  until(): never;
  signal(): void;
  broadcast(): void;
}

class ConditionWait extends Operation<void> {
  private readonly _condition: Condition;
  private readonly _test: (() => boolean) | null;
  private readonly _lease: Lease | null;
  /** While it reacquires the lock: the operation that does so, and how to withdraw that operation. */
  private _reacquiring: Operation<Lease> | null;
  private _withdrawal: Disposable | null;
  /** Whether it has used up a signal, which passes to the next waiting operation if its task ends before it resumes. */
  private _signalled: boolean;
  private _notified: boolean;
  private _failure: { readonly cause: unknown } | null;

  constructor(condition: Condition, test: (() => boolean) | null, lease: Lease | null) {
    super();
    this._condition = condition;
    this._test = bound(test ?? undefined) ?? null;
    this._lease = lease;
    this._reacquiring = this._withdrawal = this._failure = null;
    this._signalled = this._notified = false;
  }

  poll(): boolean {
    this._failure = null;
    this._signalled = this._notified = false;
    assertHeld(this._lease);
    return this._test?.() === true;
  }

  block(): void {
    this._condition.waiting.join(this);
    this._lease?.release();
  }

  override unblock(): void {
    this._condition.waiting.leave(this);
    this._withdrawal?.[Symbol.dispose]();
    this._passOn();
  }

  /** Gives back the lock if it was notified. If it completed without parking, the lock was never released. */
  override discard(): void {
    if (this._notified) this._lease?.release();
    this._passOn();
  }

  override result(): void {
    if (this._failure !== null) throw this._failure.cause;
  }

  /** Whether its test passes. A test that throws counts as passed, so that its task gets the exception. */
  passes(): boolean {
    try {
      return this._test === null || this._test();
    } catch (error) {
      this._failure = { cause: error };
      return true;
    }
  }

  /** Called after it was removed from the queue of the condition: completes it as soon as it holds the lock again. */
  notify(signalled: boolean): void {
    this._signalled = signalled;
    this._notified = true;
    if (this._lease === null) {
      this.complete(undefined);
      return;
    }
    this._reacquiring = this._lease.reacquire();
    this._withdrawal = upon(this._reacquiring, (lease) => this._locked(lease));
  }

  private _locked(lease: Lease): void {
    this._reacquiring = null;
    if (this._failure !== null || this.passes()) {
      this._lease!.takeOver(lease);
      this.complete(undefined);
      return;
    }
    this._notified = false;
    this._condition.putFirst(this);
    lease.release();
    this._passOn();
  }

  private _passOn(): void {
    if (!this._signalled) return;
    this._signalled = false;
    this._condition.signal();
  }

  override waitsFor(): WaitsFor {
    return this._reacquiring?.waitsFor() ?? { what: "wait for condition", external: false };
  }
}

/**
 * Lets tasks wait for a state that no channel represents. Code that changes the state calls `signal` to resume one task, or
 * `broadcast` to resume all of them. A signal has no effect when no task waits.
 *
 * @example
 * ```ts
 * import { Condition, go, Mutex } from "millrace";
 *
 * const mutex = new Mutex();
 * const filled = new Condition();
 * const jobs: string[] = [];
 *
 * const worker = go(function* () {
 *   using lease = yield* mutex.lock();
 *   yield* filled.until(() => jobs.length > 0, lease);
 *   return jobs.shift();
 * });
 * await go(function* () {
 *   using _ = yield* mutex.lock();
 *   jobs.push("dig");
 *   filled.signal();
 * });
 * console.log(await worker); // dig
 * ```
 */
export class Condition {
  /** @internal */ readonly waiting: Waiters<ConditionWait>;
  private readonly _model: ConditionModel | undefined;

  constructor() {
    this.waiting = new Waiters();
    this._model = standIn("condition", { assertHeld }) as ConditionModel | undefined;
  }

  /**
   * Waits for a signal. With a lease, of a mutex or of any other lock, it releases the lease while it is parked, and holds
   * it again when the task resumes.
   *
   * Parks: always. `signal` or `broadcast` resumes the task. Yields: nothing. If cancelled, or if another case wins: the request leaves
   * the queue, a signal that it has used up passes to the next waiting operation, and the lease stays released
   * (`lease.held` is false, and disposing of the lease does nothing).
   *
   * @throws TypeError when the lease is not held.
   */
  wait(lease?: Lease): Operation<void> {
    assertLease(lease);
    return this._model?.wait(lease ?? null) ?? new ConditionWait(this, null, lease ?? null);
  }

  /**
   * Waits until `test` returns true. The test runs at once, and then at each signal. With a lease it runs once more when
   * the lease is held again, so it is true when the task resumes; without a lease, other tasks may run between the test and
   * the resumption. The test must not change anything. The task that waits gets what the test throws.
   *
   * Parks when: the test returns false. `signal` or `broadcast` resumes the task. Yields: nothing. If cancelled, or if another
   * case wins: as `wait`.
   *
   * @throws TypeError when the lease is not held.
   */
  until(test: () => boolean, lease?: Lease): Operation<void> {
    assertFunction("wait for condition", "test", test);
    assertLease(lease);
    return this._model?.until() ?? new ConditionWait(this, test, lease ?? null);
  }

  /** Resumes the task that has waited longest. Passes over tasks whose test returns false. */
  signal(): void {
    this._model?.signal();
    for (const waiting of this.waiting) {
      if (!waiting.passes()) continue;
      this.waiting.leave(waiting);
      waiting.notify(true);
      return;
    }
  }

  /** Resumes all tasks that wait now, except those whose test returns false. */
  broadcast(): void {
    this._model?.broadcast();
    const all = this.waiting.takeAll();
    for (let waiting = all.next(); waiting !== null; waiting = all.next()) {
      if (waiting.passes()) waiting.notify(false);
      else this.waiting.join(waiting);
    }
  }

  /** @internal Returns an operation whose test is false again to the head of the queue. */
  putFirst(waiting: ConditionWait): void {
    this.waiting.joinFirst(waiting);
  }
}

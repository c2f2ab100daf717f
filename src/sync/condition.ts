// Whoever waits here with a lease goes through two lines: that of the condition, and, once he is called, that of the lock;
// he completes when he has the lock again. So no task is woken only to find the lock taken, or its test no longer true:
// then the operation goes back to its place here by itself.

import { Operation } from "../operation/operation.js";
import { upon } from "../operation/upon.js";
import { append, type Link, List, move, shift, unlink } from "../structures/list.js";
import type { Lease } from "./lease.js";

class Waiting extends Operation<void> {
  private readonly _condition: Condition;
  private readonly _test: (() => boolean) | null;
  private readonly _lease: Lease | null;
  /** While it asks for the lock again: what it does, and how to leave. */
  private _again: Operation<Lease> | null;
  private _asking: Disposable | null;
  /** Whether a signal was spent on it, which goes to the next if it ends before it goes on. */
  private _signalled: boolean;
  private _called: boolean;
  private _failure: { readonly cause: unknown } | null;

  constructor(condition: Condition, test: (() => boolean) | null, lease: Lease | null) {
    super();
    this._condition = condition;
    this._test = test;
    this._lease = lease;
    this._again = this._asking = this._failure = null;
    this._signalled = this._called = false;
  }

  poll(): boolean {
    this._failure = null;
    this._signalled = this._called = false;
    if (this._lease?.held === false) {
      throw new TypeError(
        "Cannot wait for condition: the lease that it is given must be held, got one that was released",
      );
    }
    return this._test?.() === true;
  }

  block(): void {
    append(this._condition.waiting, this);
    this._lease?.release();
  }

  override unblock(): void {
    unlink(this);
    this._asking?.[Symbol.dispose]();
    this._passOn();
  }

  /** It completed where it was called; where it did not even park the lock has never been released. */
  override discard(): void {
    if (this._called) this._lease?.release();
    this._passOn();
  }

  override result(): void {
    if (this._failure !== null) throw this._failure.cause;
  }

  /** Whether it is to be called. A test that throws is, so that its task hears of it. */
  wants(): boolean {
    try {
      return this._test === null || this._test();
    } catch (error) {
      this._failure = { cause: error };
      return true;
    }
  }

  /** Somebody has taken it out of the line of the condition: it completes, as soon as it has the lock again. */
  call(signalled: boolean): void {
    this._signalled = signalled;
    this._called = true;
    if (this._lease === null) {
      this.complete(undefined);
      return;
    }
    this._again = this._lease.again();
    this._asking = upon(this._again, (lease) => this._locked(lease));
  }

  private _locked(lease: Lease): void {
    this._again = null;
    if (this._failure !== null || this.wants()) {
      this._lease!.renew(lease);
      this.complete(undefined);
      return;
    }
    this._called = false;
    this._condition.takeBack(this);
    lease.release();
    this._passOn();
  }

  private _passOn(): void {
    if (!this._signalled) return;
    this._signalled = false;
    this._condition.signal();
  }

  override get external(): boolean {
    return false;
  }

  override describe(): string {
    return this._again?.describe() ?? "wait for condition";
  }

  override rivals(): readonly unknown[] {
    return this._again?.rivals() ?? [];
  }
}

/**
 * What tasks wait for that others bring about: a state that no channel stands for. Who changes it says so, with `signal` to
 * one or `broadcast` to all; a signal for which nobody waits is gone.
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
  /** @internal */ readonly waiting: List;

  constructor() {
    this.waiting = new List();
  }

  /**
   * Waits to be called. With a lease, of a mutex or of anything else, it releases that while it is parked, and holds it again
   * before it goes on.
   *
   * Parks: always. Yields: nothing. If cancelled, or if another case wins: it leaves, a signal that was spent on it goes to the
   * next, and the lease stays released (`lease.held` is false, disposing of it does nothing).
   *
   * @throws TypeError when the lease is not held.
   */
  wait(lease?: Lease): Operation<void> {
    return new Waiting(this, null, lease ?? null);
  }

  /**
   * Waits until `test` answers true, which is asked at once, and then whenever somebody signals. With a lease it is asked once
   * more when that is held again, and so is true when the task goes on; without one, others may have had their turn in
   * between. The test looks, and changes nothing; what it throws is thrown to the one who waits.
   *
   * Parks when: the test answers false. Yields: nothing. If cancelled, or if another case wins: as `wait`.
   *
   * @throws TypeError when the lease is not held.
   */
  until(test: () => boolean, lease?: Lease): Operation<void> {
    return new Waiting(this, test, lease ?? null);
  }

  /** Calls the one who has waited longest, of those whose test answers true. */
  signal(): void {
    for (let at: Link = this.waiting.after; at !== this.waiting; at = at.after!) {
      const waiting = at as Waiting;
      if (!waiting.wants()) continue;
      unlink(waiting);
      waiting.call(true);
      return;
    }
  }

  /** Calls all who wait now, but those whose test answers false. */
  broadcast(): void {
    const now = new List();
    move(this.waiting, now);
    for (let at = shift(now); at !== null; at = shift(now)) {
      const waiting = at as Waiting;
      if (waiting.wants()) waiting.call(false);
      else append(this.waiting, waiting);
    }
  }

  /** @internal It was called in vain, and has the first place again. */
  takeBack(waiting: Link): void {
    const others = new List();
    move(this.waiting, others);
    append(this.waiting, waiting);
    move(others, this.waiting);
  }
}

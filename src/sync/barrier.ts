// A barrier has nothing to take. No request waits for the one ahead of it, and the last task that arrives completes all the
// others. Two cases of one select count as one party. They join the queue in the same step, so they stand next to each
// other.

import type { Operation } from "../operation/operation.js";
import { standIn } from "../scheduler/stand-ins.js";
import { wholeNumber } from "../structures/arguments.js";
import { Request, WaitQueue } from "./wait-queue.js";

class Arrivals extends WaitQueue {
  readonly parties: number;

  constructor(parties: number) {
    super("barrier", {});
    this.parties = parties;
  }

  /** Whether one more arrival completes the round. */
  get full(): boolean {
    return this.length >= this.parties - 1 && this._distinct() === this.parties - 1;
  }

  release(): void {
    for (let index = 0; index < this.parties - 1; index++) {
      const first = this.head!;
      this.remove(first);
      first.complete(index);
    }
  }

  private _distinct(): number {
    let count = 0;
    let last: unknown = null;
    for (const arrival of this.waiting) {
      const waiter = outermostWaiter(arrival);
      if (waiter !== last) count++;
      last = waiter;
    }
    return count;
  }
}

/** The outermost waiter of an operation, which is the same for all cases of one select. */
function outermostWaiter(operation: Operation<unknown>): unknown {
  let at = operation as { readonly waiter?: unknown };
  while (at.waiter != null) at = at.waiter;
  return at;
}

class Arrival extends Request<number, Arrivals> {
  override poll(): boolean {
    const { queue } = this;
    if (!queue.full) return false;
    queue.release();
    this.value = queue.parties - 1;
    return true;
  }

  take(): boolean {
    return false;
  }

  protected get what(): string {
    const { length, parties } = this.queue;
    return `wait at barrier (${length} of ${parties} have arrived)`;
  }
}

/**
 * Holds tasks until a given number of them has arrived. Then all of them resume, and the next round begins.
 *
 * @param parties - How many tasks make a round.
 * @throws RangeError when `parties` is not a whole number, 1 or more.
 * @example
 * ```ts
 * import { Barrier, go, sleep } from "millrace";
 *
 * const barrier = new Barrier(2);
 * function* walker(ms: number) {
 *   yield* sleep(ms);
 *   return yield* barrier.wait();
 * }
 * console.log(await Promise.all([go(walker, 2), go(walker, 1)])); // [ 1, 0 ]
 * ```
 */
export class Barrier {
  private readonly _arrivals: Arrivals;
  /** What a verification makes in its place. */
  private readonly _model: Pick<Barrier, "wait" | "waiting"> | undefined;

  constructor(parties: number) {
    this._arrivals = new Arrivals(wholeNumber("create barrier", "parties", parties, 1));
    this._model = standIn("barrier", parties) as Pick<Barrier, "wait" | "waiting"> | undefined;
  }

  /**
   * Waits until all parties have arrived.
   *
   * Parks when: the task is not the last party to arrive. The last arrival resumes the task. Yields: the position of the task in
   * the order of arrival, counted from 0. If cancelled, or if another case wins: the arrival does not count, and the other
   * tasks continue to wait.
   */
  wait(): Operation<number> {
    return this._model?.wait() ?? new Arrival(this._arrivals);
  }

  /** How many tasks make a round. */
  get parties(): number {
    return this._arrivals.parties;
  }

  /** How many operations wait now. */
  get waiting(): number {
    return this._model?.waiting ?? this._arrivals.length;
  }
}

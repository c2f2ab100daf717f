// A barrier has nothing to take, and nobody waits for the one ahead: whoever comes last completes all the others. Two cases
// of one select are one party; they queue up in one step, so they stand side by side.

import type { Operation } from "../operation/operation.js";
import { wholeNumber } from "../structures/arguments.js";
import type { Link } from "../structures/list.js";
import { Line, Request } from "./line.js";

class Arrivals extends Line {
  readonly parties: number;

  constructor(parties: number) {
    super("barrier", {});
    this.parties = parties;
  }

  /** Whether one more is enough. */
  get full(): boolean {
    return this.length >= this.parties - 1 && this._distinct() === this.parties - 1;
  }

  trip(): void {
    for (let index = 0; index < this.parties - 1; index++) {
      const first = this.head!;
      this.remove(first);
      first.complete(index);
    }
  }

  private _distinct(): number {
    let count = 0;
    let last: unknown = null;
    for (let at: Link = this.waiting.after; at !== this.waiting; at = at.after!) {
      const performer = performerOf(at as Arrival);
      if (performer !== last) count++;
      last = performer;
    }
    return count;
  }
}

/** Who performs an operation, be it inside others. */
function performerOf(operation: Operation<unknown>): unknown {
  let at = operation as { readonly waiter?: unknown };
  while (at.waiter != null) at = at.waiter;
  return at;
}

class Arrival extends Request<number, Arrivals> {
  override poll(): boolean {
    const { line } = this;
    if (!line.full) return false;
    line.trip();
    this.value = line.parties - 1;
    return true;
  }

  take(): boolean {
    return false;
  }

  override describe(): string {
    const { length, parties } = this.line;
    return `wait at barrier (${length} of ${parties} are there)`;
  }
}

/**
 * A place where tasks wait for each other: when all parties are there all go on, and it is there for the next round.
 *
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

  constructor(parties: number) {
    this._arrivals = new Arrivals(wholeNumber("create barrier", "parties", parties, 1));
  }

  /**
   * Waits until all parties are there. Parks when: it is not the last. Yields: which it was of those who go on together,
   * counted from 0. If cancelled, or if another case wins: it was not there, and the others go on waiting.
   */
  wait(): Operation<number> {
    return new Arrival(this._arrivals);
  }

  /** How many there must be. */
  get parties(): number {
    return this._arrivals.parties;
  }

  /** How many wait now. */
  get waiting(): number {
    return this._arrivals.length;
  }
}

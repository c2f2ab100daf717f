// How a cancelled task ends. `return` of its routine runs the `finally` blocks, which may park. A limit of JavaScript stands in
// the way: if a routine parks in a `finally`, and another routine delegates to it with `yield*`, then the `return` is forgotten
// while it is parked. The outer routine continues behind its `yield*`, as if the inner one had returned.
//
// Nothing tells such code from the code of a `finally`, except its place: a `finally` stands behind the code that it belongs to.
// So a task that cleans up is watched. A routine that goes back to an earlier place of its code is in a loop that goes on. Then
// an exception is thrown in it, which JavaScript does not forget. If it goes on in spite of that, `return` is called at each of
// its operations. So a loop ends, whatever it delegates to. A routine that only goes forward ends by itself.

import { callChain, depth, goesBack, measureTailFrames } from "../scheduler/call-chain.js";
import type { Path } from "../scheduler/path.js";
import type { Holder, Performer, TaskRecord } from "../scheduler/roles.js";
import { STREAK, scheduler } from "../scheduler/scheduler.js";
import { CancelledError } from "../structures/errors.js";

/** The routines of a task that was cancelled, while they clean up. */
export class Cleanup implements Performer {
  private readonly _task: Performer;
  /** The place of the code at which the task was cancelled; null while it is unknown. */
  private _from: readonly string[] | null;
  /** The stack at that place, and at the operation at which the task has just parked. */
  private _stackAtReturn: readonly string[];
  private _stackAtPark: readonly string[];
  /** What is thrown in the routine if it goes back in spite of `return`. */
  readonly error: CancelledError;

  constructor(task: Performer) {
    this._task = task;
    this._from = null;
    this._stackAtReturn = this._stackAtPark = [];
    this.error = new CancelledError("The task was cancelled");
  }

  /** Called before the routine of the task continues. Each of its operations then parks, so that it is seen. */
  next(): this {
    scheduler.streak = STREAK;
    return this;
  }

  /** Called when `return` reaches the operation at which the task was parked, in the frames of its routines. */
  returns(): void {
    this._stackAtReturn = callChain();
  }

  /** Read by each operation at which the task parks, in the frames of its routines. */
  get async(): boolean {
    this._stackAtPark = callChain();
    return false;
  }

  /** Called by a function that `run` of the task calls when the routine has parked. Returns whether the code has gone back. */
  parked(): boolean {
    // The first frames are those of `callChain` and its callee, of `returns` and `return`, or of `async`, `park` and `next`. The
    // last ones are those of `run` and of the code that called it. Here they stand behind five other frames.
    const outside = depth() - 5;
    this._from ??= this._stackAtReturn.slice(4, this._stackAtReturn.length - outside);
    return this.isBack(this._stackAtPark.slice(4 + measureTailFrames(), this._stackAtPark.length - outside));
  }

  /** Notes the place at which an async task was cancelled. */
  returnsAt(place: readonly string[]): void {
    this._from ??= place;
  }

  /** Whether the code has gone back to the place at which the task was cancelled, or to an earlier one. */
  isBack(place: readonly string[], whole: boolean = true): boolean {
    return this._from !== null && this._from.length > 0 && place.length > 0 && goesBack(this._from, place, whole);
  }

  get holder(): Holder {
    return this._task.holder;
  }

  get member(): TaskRecord | null {
    return this._task.member;
  }

  path(): Path {
    return this._task.path();
  }

  wake(operation: unknown): void {
    this._task.wake(operation);
  }
}

/**
 * Returns what `return` is called with in a cancelled task. A routine that continues in spite of it gets this value from its
 * `yield*`: any use of the value throws.
 */
export function cancelledResult(name: () => string): never {
  const refuse = (): never => {
    throw new CancelledError(
      `Cannot use the result of a routine of ${name()}: the task was cancelled, and the routine has no result; ` +
        "a routine that parks in `finally` must be the body of a task or of a scope",
    );
  };
  const trap = (_: object, key: unknown): unknown =>
    typeof key === "symbol" || key === "then" || key === "constructor" ? undefined : refuse();
  return new Proxy(refuse, {
    get: trap,
    set: refuse,
    has: refuse,
    deleteProperty: refuse,
    apply: refuse,
    construct: refuse,
    ownKeys: refuse,
    defineProperty: refuse,
  }) as never;
}

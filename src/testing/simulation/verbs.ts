// What a program under test may call: a choice of values, a wait until all other tasks are parked, and the virtual time.

import { alt } from "../../choice/select.js";
import { always } from "../../operation/basic.js";
import { Operation, type WaitsFor } from "../../operation/operation.js";
import { findMaker } from "../../scheduler/makers.js";
import { type Settler, settling, World } from "./world.js";

/**
 * Chooses one of several values. `verify` explores all of them, and `simulate` chooses at random.
 *
 * Parks: never. Yields: the value.
 *
 * @param values - At least one value.
 * @throws TypeError if there are no values.
 * @example
 * ```ts
 * import { choose, verify } from "millrace/testing";
 *
 * const verdict = await verify(function* () {
 *   return yield* choose("heads", "tails");
 * });
 * if (verdict.status === "proved") console.log([...verdict.outcomes].sort()); // [ "heads", "tails" ]
 * ```
 */
export function choose<T>(...values: T[]): Operation<T> {
  if (values.length === 0) throw new TypeError("Cannot choose: choose() takes at least one value, got none");
  const choice = alt(...values.map((value) => always(value))) as Operation<T>;
  const world = findMaker((maker): maker is World => maker instanceof World);
  return world === null ? choice : world.chosen(choice);
}

/** Waits until all other tasks are parked. */
export class Settle extends Operation<void> implements Settler {
  private readonly _settlers: Set<Settler> | null;

  constructor(settlers: Set<Settler> | null) {
    super();
    this._settlers = settlers;
  }

  poll(): boolean {
    return false;
  }

  block(): void {
    this._settlers?.add(this);
  }

  override unblock(): void {
    this._settlers?.delete(this);
  }

  settle(): void {
    this.complete(undefined);
  }

  override waitsFor(): WaitsFor {
    return { what: "all others to be parked", external: true };
  }
}

/**
 * Waits until all other tasks are parked, without time passing: everything that can happen now has happened.
 *
 * Parks: always. Yields: nothing. If cancelled: it ends at once.
 *
 * @throws Error outside a program that `simulate`, `replay` or `verify` runs.
 * @example
 * ```ts
 * import { channel, go, sleep } from "millrace";
 * import { now, settle, simulate } from "millrace/testing";
 *
 * const { outcomes } = await simulate(function* () {
 *   const log = channel<string>(10);
 *   go(function* () {
 *     yield* log.send("at once");
 *     yield* sleep(3_600_000);
 *     yield* log.send("an hour later");
 *   });
 *   yield* settle();
 *   return [log.length, now()];
 * });
 * console.log([...outcomes]); // [ [ 1, 0 ] ]
 * ```
 */
export function settle(): Operation<void> {
  return new Settle(settling("settle").settlers);
}

/**
 * Returns the time of the virtual clock, which begins at the `date` of the simulation.
 *
 * Never parks.
 *
 * @returns Milliseconds.
 * @throws Error outside a program that `simulate`, `replay` or `verify` runs.
 * @example
 * ```ts
 * import { sleep } from "millrace";
 * import { now, simulate } from "millrace/testing";
 *
 * const { outcomes } = await simulate(function* () {
 *   yield* sleep(1000);
 *   return now();
 * });
 * console.log([...outcomes]); // [ 1000 ]
 * ```
 */
export function now(): number {
  return settling("ask for the time").time;
}

// What a program under test may ask for: a value of which every one is explored, a quiet moment, the virtual time.

import { alt } from "../../choice/select.js";
import { always } from "../../operation/basic.js";
import { Operation, type WaitsFor } from "../../operation/operation.js";
import { type Settler, settling } from "./world.js";

/** Yields one of several values, each under some schedule. Parks: never. */
export function choose<T>(...values: T[]): Operation<T> {
  if (values.length === 0) throw new TypeError("Cannot choose: it takes at least one value");
  return alt(...values.map((value) => always(value))) as Operation<T>;
}

/** Waits for a quiet moment. */
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
 * Waits until all others are parked, without time passing: whatever could happen by now has happened.
 *
 * @throws Error outside a simulation.
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

/** Milliseconds on the virtual clock, from the `date` of the simulation on. */
export function now(): number {
  return settling("ask for the time").time;
}

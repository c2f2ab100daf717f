// Whether a routine comes to what has been learned of another like it.

import type { Operation } from "../../../operation/operation.js";
import type { Values } from "../../report/values.js";
import { DEFAULT } from "./cases.js";
import type { Arrival } from "./driver.js";
import { type BackEdge, FAILED, type LocalLts } from "./local-lts.js";
import type { RoutineRun } from "./routine-run.js";

/** What has been learned. */
interface Learned {
  readonly lts: LocalLts;
  readonly values: Values;
  casesOf(operation: Operation<unknown>): { readonly cases: Int32Array };
}

/** Whether what a routine has come to is what stands at a node, and nothing has been made on the way that is only its own. */
export function isSame(learned: Learned, node: number, live: RoutineRun, arrival: Arrival | BackEdge): boolean {
  const { lts, values } = learned;
  if (live.made > 0 || !("kind" in arrival)) return false;
  const result = (value: unknown): boolean => values.idOf(lts.result(node)) === values.idOf(value);
  switch (arrival.kind) {
    case "parked":
      return !lts.isPlainCall(node) && areSame(lts.cases(node), learned.casesOf(arrival.operation).cases);
    case "stopped": {
      const { cases } = learned.casesOf(arrival.offer);
      return lts.isPlainCall(node) && areSame(lts.cases(node), live.isAttempt ? attempted(cases) : cases);
    }
    case "done":
      return lts.status(node) !== FAILED && lts.isEnd(node) && result(arrival.value);
    default:
      return lts.status(node) === FAILED && result(arrival.error);
  }
}

/** A plain call that may find that it cannot do what it is for. */
export function attempted(cases: Int32Array): Int32Array {
  return Int32Array.of(...cases, DEFAULT, 0, 0, 0);
}

/** Whether two operations have the same cases. */
export function areSame(one: Int32Array, other: Int32Array): boolean {
  if (one.length !== other.length) return false;
  for (let at = 0; at < one.length; at++) if (one[at] !== other[at]) return false;
  return true;
}

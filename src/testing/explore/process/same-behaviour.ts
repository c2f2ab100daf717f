// Whether a routine comes to what has been learned of another like it.

import type { Operation } from "../../../operation/operation.js";
import type { Values } from "../../report/values.js";
import { DEFAULT } from "./cases.js";
import type { Arrival } from "./driver.js";
import { DONE, FAILED, type Fold, type Trie } from "./local-lts.js";
import type { Live } from "./routine-run.js";

/** What has been learned. */
interface Learned {
  readonly trie: Trie;
  readonly values: Values;
  casesOf(operation: Operation<unknown>): { readonly cases: Int32Array };
}

/** Whether what a routine has come to is what stands at a node, and nothing has been made on the way that is only its own. */
export function isSame(learned: Learned, node: number, live: Live, arrival: Arrival | Fold): boolean {
  const { trie, values } = learned;
  if (live.made > 0 || !("kind" in arrival)) return false;
  const result = (value: unknown): boolean => values.idOf(trie.result[node]) === values.idOf(value);
  switch (arrival.kind) {
    case "parked":
      return !trie.call[node] && areSame(trie.cases[node]!, learned.casesOf(arrival.operation).cases);
    case "stopped": {
      const { cases } = learned.casesOf(arrival.offer);
      return trie.call[node]! && areSame(trie.cases[node]!, live.attempts ? attempted(cases) : cases);
    }
    case "done":
      return trie.kind[node] !== FAILED && trie.kind[node]! >= DONE && result(arrival.value);
    default:
      return trie.kind[node] === FAILED && result(arrival.error);
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

// Several searches of one program take turns, each turn longer than the one before, until one of them knows.

import { native } from "../../../scheduler/host.js";
import type { Paced } from "./search.js";

/** Milliseconds of the first turn. */
const FIRST_TURN = 5;
/** With a failure found, the search for the shortest schedule goes on for so many times as long as it took until then. */
const PATIENCE = 2;
/** Milliseconds for that at the least. */
const LEAST_PATIENCE = 200;

/** A search that takes part. */
export interface Entrant {
  readonly search: Paced;
  /** Whether a failure that it finds has the shortest schedule. */
  readonly shortest: boolean;
}

/** Goes on with a search until a time; true when it is through, null if it is not for this program. */
export type Explore = (search: Paced, until: number) => Promise<boolean | null>;

export interface Outcome {
  readonly search: Paced;
  /** Whether it is through; it was cut short otherwise. */
  readonly complete: boolean;
  /** Whether its failure has the shortest schedule. */
  readonly shortest: boolean;
}

/** Searches until something is known, or the time is up, or no search may store more states. */
export async function compete(
  entrants: readonly Entrant[],
  explore: Explore,
  most: number,
  end: number,
): Promise<Outcome> {
  const start = native.now();
  let left = entrants;
  let last: Outcome = { search: entrants[0]!.search, complete: false, shortest: false };
  let until = end;
  for (let turn = FIRST_TURN; left.length > 0 && native.now() <= until; turn *= 2) {
    for (const entrant of byPace(left)) {
      const { search, shortest } = entrant;
      const alone = left.length === 1;
      const complete = await explore(search, alone ? until : Math.min(until, native.now() + turn * search.pace));
      if (complete === true && (search.found === null || shortest)) return { search, complete, shortest };
      if (complete === true) {
        last = { search, complete, shortest };
        left = left.filter((other) => other.shortest);
        until = Math.min(end, native.now() + Math.max(LEAST_PATIENCE, (native.now() - start) * PATIENCE));
        break;
      }
      if (complete === null || search.states > most || search.pace === 0)
        left = left.filter((other) => other !== entrant);
      if (native.now() > until) break;
    }
  }
  return last;
}

/** Whoever has the longest turn goes first. */
function byPace(entrants: readonly Entrant[]): Entrant[] {
  return [...entrants].sort((one, other) => other.search.pace - one.search.pace);
}

// A portfolio of searches of one program: the searches take turns, counted in states, until one of them decides. No clock takes
// part, so the same program gets the same verdict on every machine; only the time limit of the caller, if any, may end it.

import type { Search } from "./search.js";

/** States that a search expands in one turn: enough that changing turns costs nothing, few enough that little is wasted. */
export const TURN = 256;
/**
 * Turns in a row of a search that reduces, for one of the full search. The full search is through first only where little
 * can be reduced; elsewhere its turns are wasted.
 */
const REDUCED_TURNS = 3;
/**
 * Once a failure is found, the search for the shortest schedule may expand so many times the states that all searches have
 * expanded until then: a short schedule is worth a longer wait, but not an endless one.
 */
const SHORTEST_FACTOR = 2;
/** States that this search may expand at the least; they take a fraction of a second. */
const SHORTEST_LEAST = 32_768;

/** A search that takes part. */
export interface Entrant {
  readonly search: Search;
  /** Whether a failure that it finds has the shortest schedule. */
  readonly shortest: boolean;
}

/** Continues a search until `pause` says so; true when the search is complete, null if it does not support the program. */
export type Explore = (search: Search, pause: () => boolean) => Promise<boolean | null>;

export interface Outcome {
  readonly search: Search;
  /** Whether the search has explored everything, or found a failure; it was cut short otherwise. */
  readonly complete: boolean;
  /** Whether its failure has the shortest schedule. */
  readonly shortest: boolean;
}

/** Searches until a verdict is known, until the time is up, or until no search may store more states. */
export async function compete(
  entrants: readonly Entrant[],
  explore: Explore,
  expired: () => boolean,
): Promise<Outcome> {
  const expanded = (): number => entrants.reduce((sum, { search }) => sum + search.expanded, 0);
  let left = entrants;
  let last: Outcome = { search: entrants[0]!.search, complete: false, shortest: false };
  let budget = Infinity;
  while (left.length > 0 && expanded() < budget && !expired()) {
    for (const entrant of left) {
      const { search, shortest } = entrant;
      const alone = left.length === 1;
      let complete: boolean | null = false;
      for (let turns = shortest || alone ? 1 : REDUCED_TURNS; turns > 0 && complete === false; turns--) {
        complete = await explore(search, () => !alone || expanded() >= budget || expired());
      }
      if (complete === true && (search.found === null || shortest)) return { search, complete, shortest };
      if (complete === true) {
        last = { search, complete, shortest };
        left = left.filter((other) => other.shortest);
        budget = expanded() + Math.max(SHORTEST_LEAST, expanded() * SHORTEST_FACTOR);
        break;
      }
      const drops = complete === null || search.isFull || !search.reduces;
      if (drops) left = left.filter((other) => other !== entrant);
    }
  }
  return last;
}

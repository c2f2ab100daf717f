// Cross-check of a proof against the program itself: run on the real scheduler under random schedules, it must neither fail nor
// return a value that it returns under no schedule of the model. This finds shared variables that the audit does not see.

import { shown } from "../../../structures/errors.js";
import { Outcomes } from "../../report/outcomes.js";
import { random } from "../../simulation/decisions.js";
import { type Main, play } from "../../simulation/play.js";

/** Runs that always take place, however many events they have. */
const LEAST = 3;

/** How many runs there are at the most, and after how many events none is begun. */
export interface Budget {
  readonly schedules: number;
  readonly events: number;
}

/** What a run did that no schedule of the model does, in words; null if all runs agree with the model. */
export async function crossCheck<T>(
  main: Main<T>,
  outcomes: Iterable<T>,
  leaks: boolean,
  budget: Budget,
): Promise<string | null> {
  const known = new Outcomes(outcomes);
  let events = 0;
  for (let nth = 0; nth < budget.schedules && !(nth >= LEAST && events >= budget.events); nth++) {
    const { ending, taken } = await play(main, random(nth + 1), nth + 1, { leaks, untold: true });
    events += taken.length;
    if (ending.failed !== null) return `fails (${ending.failed.kind})`;
    if (!known.has(ending.value)) return `returns ${shown(ending.value)}`;
  }
  return null;
}

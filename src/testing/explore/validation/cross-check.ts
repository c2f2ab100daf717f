// A proof by the model, held against the program itself: on random schedules of the real scheduler it must not fail, nor return
// what no schedule of the model does. Tasks that share variables go wrong there in ways that the model cannot see.

import { shown } from "../../../structures/errors.js";
import { Outcomes } from "../../report/outcomes.js";
import { random } from "../../simulation/decisions.js";
import { type Main, play } from "../../simulation/play.js";

/** Runs at the least, however long they take. */
const LEAST = 3;

/** What a run did that no schedule of the model does, in words; null if none did. */
export async function soundings<T>(
  main: Main<T>,
  outcomes: Iterable<T>,
  leaks: boolean,
  most: number,
  late: () => boolean,
): Promise<string | null> {
  const known = new Outcomes(outcomes);
  for (let nth = 0; nth < most && !(nth >= LEAST && late()); nth++) {
    const { ending } = await play(main, random(nth + 1), nth + 1, { leaks, untold: true });
    if (ending.failed !== null) return `fails (${ending.failed.kind})`;
    if (!known.has(ending.value)) return `returns ${shown(ending.value)}`;
  }
  return null;
}

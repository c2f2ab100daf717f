// Cross-check of a proof against the program itself: run on the real scheduler under random schedules, it must neither fail nor
// return a value that it returns under no schedule of the model. This finds shared variables that the audit does not see.
//
// A run of an endless program is cut after some steps, which is no failure by itself: what `main` returned by then, and what
// tasks threw, must be known to the model.

import { shown } from "../../../structures/errors.js";
import { Outcomes } from "../../report/outcomes.js";
import { random } from "../../simulation/decisions.js";
import { type Main, play, type Run } from "../../simulation/play.js";

/** Runs that always take place, however many events they have. */
const LEAST = 3;
/** Steps of a run of an endless program: of most of them, as most faults show soon; and of some, that see many rounds. */
const SHORT = 50;
const LONG = 2000;
/** Long runs, at the least and at the most. */
const LEAST_LONG = 1;
const MOST_LONG = 10;

/** How many runs there are at the most, and after how many events none is begun. */
export interface Budget {
  readonly schedules: number;
  readonly events: number;
}

/** What the model allows. */
export interface Allowed<T> {
  /** The values that `main` may return. */
  readonly outcomes: Iterable<T>;
  /** The errors with which a task may fail, joined or not. */
  readonly errors: Iterable<unknown>;
  /** Whether tasks that are parked for ever when `main` is done are a failure. */
  readonly leaks: boolean;
}

/** What a run did that no schedule of the model does, in words; null if all runs agree with the model. */
export async function crossCheck<T>(main: Main<T>, allowed: Allowed<T>, budget: Budget): Promise<string | null> {
  const known = new Outcomes(allowed.outcomes);
  let events = 0;
  for (let nth = 0; nth < budget.schedules && !(nth >= LEAST && events >= budget.events); nth++) {
    const { ending, taken } = await play(main, random(nth + 1), nth + 1, { leaks: allowed.leaks, untold: true });
    events += taken.length;
    const wrong = wrongWith(ending, known);
    if (wrong !== null) return wrong;
  }
  return null;
}

/** Likewise for an endless program: so many short runs, and some long ones. */
export async function sound<T>(main: Main<T>, allowed: Allowed<T>, budget: Budget): Promise<string | null> {
  const known = new Outcomes(allowed.outcomes);
  const errors = new Set([...allowed.errors].map(String));
  const long = Math.min(MOST_LONG, Math.max(LEAST_LONG, Math.floor(budget.events / LONG)));
  for (let nth = 0; nth < budget.schedules + long; nth++) {
    const steps = nth < budget.schedules ? SHORT : LONG;
    const run = await play(main, random(nth + 1), nth + 1, { leaks: allowed.leaks, untold: true, steps });
    const isCut = run.ending.failed?.kind === "endless";
    // A task that has failed may still be joined after the end of the steps.
    if (isCut && run.thrown.some((error) => !errors.has(String(error)))) return "fails (throw)";
    const wrong = wrongWith(isCut ? run.main : run.ending, known);
    if (wrong !== null) return wrong;
  }
  return null;
}

function wrongWith<T>(ending: Run<T>["main"], known: Outcomes<T>): string | null {
  if (ending === null) return null;
  if (ending.failed !== null) return `fails (${ending.failed.kind})`;
  return known.has(ending.value) ? null : `returns ${shown(ending.value)}`;
}

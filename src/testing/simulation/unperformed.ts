// Looks for the lines at which a program makes operations that it never performs, once a run has shown that there may be some. All
// runs are repeated for it, as an operation that is not performed in one run may be performed in another.

import type { ScheduleError } from "../report/failure.js";
import { neverPerformed, Survey, type Unperformed } from "../report/survey.js";
import type { FailureKind } from "../report/verdict.js";
import { fifo, random, repeat, type Strategy } from "./decisions.js";
import { failureOf, type Main, type PlayOptions, play, type Run } from "./play.js";
import type { Repeatable } from "./run-watch.js";

/** Runs that are repeated at the most. */
const MOST = 300;
/** Runs that are tried to show a line that another search has found. */
const SHOWING = 30;

/** Whether an operation that was never performed may be the cause of a failure of this kind; null for no failure. */
export function mayExplain(kind: FailureKind | null): boolean {
  return kind === null || kind === "deadlock" || kind === "leak" || kind === "unread";
}

/** A schedule of a program, as a strategy draws it. */
interface Drawn {
  readonly strategy: Strategy;
  readonly seed: number;
}

/** Repeats runs, and returns the failure if an operation is never performed in any of them. */
export async function findUnperformed<T>(
  main: Main<T>,
  schedules: Iterable<Drawn>,
  options: PlayOptions,
  found: string,
  after: (run: Run<T>) => void = () => {},
): Promise<ScheduleError | null> {
  const survey = new Survey<Repeatable>();
  let runs = 0;
  for (const { strategy, seed } of schedules) {
    after(await play(main, strategy, seed, { ...options, untold: true, watches: survey }));
    if (++runs >= MOST) break;
  }
  return survey.found.length === 0 ? null : await shown(main, survey.found[0]!.run, survey.found, options, found);
}

/** Looks for a run in which an operation is not performed; null if there is none among a few. */
export async function showUnperformed<T>(
  main: Main<T>,
  lines: readonly Unperformed<unknown>[],
  options: PlayOptions,
  found: string,
): Promise<ScheduleError | null> {
  // The functions of the package are not the same in another engine.
  const places = new Set(lines.map(({ line }) => line));
  for (let nth = 0; nth < SHOWING; nth++) {
    const survey = new Survey<Repeatable>();
    await play(main, nth === 0 ? fifo : random(nth), nth + 1, { ...options, untold: true, watches: survey });
    const same = survey.found.find(({ line }) => places.has(line));
    if (same !== undefined) return await shown(main, same.run, lines, options, found);
  }
  return null;
}

/** The failure, with the steps of a run that shows it. */
async function shown<T>(
  main: Main<T>,
  { seed, taken }: Repeatable,
  lines: readonly Unperformed<unknown>[],
  options: PlayOptions,
  found: string,
): Promise<ScheduleError> {
  const run = await play(main, repeat(taken), seed, options);
  const failed = { kind: "unperformed", cause: neverPerformed(lines) } as const;
  return failureOf(main, { ...run, ending: { failed } }, seed, taken, found);
}

// Replays the schedule of a token, which stands at the end of a report.

import { replayEvents } from "./explore/counterexample/replay-token.js";
import { decidedOf } from "./report/token.js";
import type { FailureKind } from "./report/verdict.js";
import { repeat } from "./simulation/decisions.js";
import { alone, failureOf, type Main, type PlayOptions, play, type RunOptions } from "./simulation/play.js";
import type { Simulation } from "./simulation/simulate.js";
import { findUnperformed } from "./simulation/unperformed.js";

/** The options under which a run shows a failure that is seen only if it is looked for. */
function lookedFor(kind: FailureKind | undefined): RunOptions {
  return { toEnd: kind === "throw", closed: kind === "closed", unread: kind === "unread" };
}

/**
 * Runs a program once under the schedule of a token.
 *
 * @param token - The token at the end of a report of `simulate` or `verify`.
 * @param main - The program of the report.
 * @param options - `date`, `leaks` and `faults`, as they were given to `simulate`.
 * @returns A promise of the outcome, if the program does not fail any more.
 * @throws ScheduleError, as a rejection, if the program fails again. TypeError if the token is invalid, or of another program.
 * @example
 * ```ts
 * import { channel } from "millrace";
 * import { replay, ScheduleError, verify } from "millrace/testing";
 *
 * const main = function* () {
 *   yield* channel<number>().receive();
 * };
 * const verdict = await verify(main);
 * if (verdict.status === "failed") {
 *   const error = await replay(verdict.token, main).catch((error: unknown) => error);
 *   console.log(error instanceof ScheduleError && error.kind); // deadlock
 * }
 * ```
 */
export function replay<T>(token: string, main: Main<T>, options: PlayOptions = {}): Promise<Simulation<T>> {
  const decided = decidedOf(token);
  const { kind, seed, numbers, shows } = decided;
  return alone(async () => {
    if (kind === "events") return await replayEvents(main, decided, token);
    if (shows === "unperformed") {
      const error = await findUnperformed(main, [{ strategy: repeat(numbers), seed }], options, "replayed");
      if (error !== null) throw error;
    }
    const run = await play(main, repeat(numbers), seed, { ...options, ...lookedFor(shows) });
    if (run.ending.failed === null && shows === "outcome") {
      const failed = { kind: shows, cause: run.ending.value };
      throw failureOf(main, { ...run, ending: { failed } }, seed, numbers, "replayed");
    }
    if (run.ending.failed !== null) throw failureOf(main, run, seed, numbers, "replayed");
    return { outcomes: new Set([run.ending.value]), schedules: 1, elapsed: run.elapsed };
  });
}

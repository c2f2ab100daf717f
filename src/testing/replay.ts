// Runs the schedule of a token again: the word at the end of a report.

import { replayEvents } from "./explore/counterexample/replay-token.js";
import { decidedOf } from "./report/token.js";
import { repeat } from "./simulation/decisions.js";
import { alone, failureOf, type Main, type PlayOptions, play } from "./simulation/play.js";
import type { Simulation } from "./simulation/simulate.js";

/**
 * Runs a program once more under the schedule of a token, as a report of `simulate` or `verify` shows it.
 *
 * @param options - `date`, `leaks` and `faults`, as they were given to `simulate`.
 * @throws ScheduleError if it fails again. TypeError when it is no token, or none of this program.
 */
export function replay<T>(token: string, main: Main<T>, options: PlayOptions = {}): Promise<Simulation<T>> {
  const decided = decidedOf(token);
  const { kind, seed, numbers, shows } = decided;
  return alone(async () => {
    if (kind === "events") return await replayEvents(main, decided, token);
    const run = await play(main, repeat(numbers), seed, options);
    if (run.ending.failed === null && shows !== undefined) {
      const failed = { kind: shows, cause: run.ending.value };
      throw failureOf(main, { ...run, ending: { failed } }, seed, numbers, "replayed");
    }
    if (run.ending.failed !== null) throw failureOf(main, run, seed, numbers, "replayed");
    return { outcomes: new Set([run.ending.value]), schedules: 1, elapsed: run.elapsed };
  });
}

// One verification by running the program under every schedule, and its verdict.

import { allowing } from "../../report/outcomes.js";
import { counted, reportOf } from "../../report/report.js";
import type { Schedule } from "../../report/schedule.js";
import type { Coverage, Failed, Verdict, VerifyOptions } from "../../report/verdict.js";
import { repeat } from "../../simulation/decisions.js";
import type { Limits } from "../../simulation/limits.js";
import { explain, failureOf, type Main, play, type Run } from "../../simulation/play.js";
import { findUnperformed, mayExplain } from "../../simulation/unperformed.js";
import { DecisionTree } from "./decision-tree.js";
import { Runs } from "./runs.js";

/** Decisions of the scheduler in all runs, unless the caller sets a limit: about a minute's work. */
const MOST_EVENTS = 20_000_000;

export async function proveByRunning<T>(
  main: Main<T>,
  options: VerifyOptions<T>,
  given: Limits,
  why: string,
): Promise<Verdict<T>> {
  const { leaks = true, unperformed = true } = options;
  const limits = given.withDefaults({ maxEvents: options.maxMs === undefined ? MOST_EVENTS : Infinity });
  const runs = new Runs(main, leaks, unperformed, allowing(options.outcomes));
  const complete = await runs.explore(limits);
  const { count, events, outcomes } = runs;
  const { ms } = limits;
  const coverage: Coverage = { engine: "runs", states: 0, runs: count, events, ms, searchMs: ms };
  if (runs.unused && (complete || runs.failed !== null)) {
    const failed = await silent(main, runs.failed, leaks, coverage);
    if (failed !== null) return failed;
  }
  if (runs.failed !== null) return await failure(main, runs, options, coverage);
  if (!complete) return { status: "bounded", reason: limits.reached, ...coverage };
  const assumptions = [
    `the program was run under every schedule, as the model does not support all that it does (${why})`,
    "a task yields to other tasks only where it parks",
  ];
  return { status: "proved", outcomes: outcomes.all(), assumptions, ...coverage };
}

/** The failure if an operation is never performed under any schedule; null if all are. */
async function silent<T>(
  main: Main<T>,
  failed: Run<T> | null,
  leaks: boolean,
  coverage: Coverage,
): Promise<Failed | null> {
  const isOutcome = failed !== null && failed.ending.failed === null;
  if (isOutcome || !mayExplain(failed?.ending.failed?.kind ?? null)) return null;
  const found = `found in ${counted(coverage.runs, "run")}`;
  const error = await findUnperformed(main, everySchedule(), { leaks }, found);
  if (error === null) return null;
  const { kind, cause, schedule, message, token } = error;
  return { status: "failed", kind, cause, schedule, report: message, token, ...coverage };
}

function* everySchedule(): Generator<{ readonly strategy: DecisionTree; readonly seed: number }, void, undefined> {
  const strategy = new DecisionTree();
  do yield { strategy, seed: 1 };
  while (strategy.advance());
}

async function failure<T>(
  main: Main<T>,
  runs: Runs<T>,
  options: VerifyOptions<T>,
  coverage: Coverage,
): Promise<Failed> {
  const { leaks = true } = options;
  const run = runs.failed!;
  const found = `found by run ${coverage.runs}`;
  if (run.ending.failed === null) return await outcome(main, run, found, coverage);
  if (run.ending.failed.kind === "escaped") return escaped(main, run.ending.failed.cause, options.name, coverage);
  const { kind, cause, schedule, message, token } = await explain(main, run, 1, { leaks }, found);
  return { status: "failed", kind, cause, schedule, report: message, token, ...coverage };
}

/** The verdict on a program that does something that cannot be explored; no schedule shows it. */
function escaped(main: Main<unknown>, cause: unknown, name: string | undefined, coverage: Coverage): Failed {
  const schedule: Schedule = { steps: [], waiting: [], cycle: [] };
  const title = name ?? (main.name || "main");
  const report = reportOf({ title, kind: "escaped", found: (cause as Error).message, cause, schedule, token: "" });
  return { status: "failed", kind: "escaped", cause, schedule, report, token: "", ...coverage };
}

/** The failure of a run that returned a value that is not allowed. */
async function outcome<T>(main: Main<T>, run: Run<T>, found: string, coverage: Coverage): Promise<Failed> {
  const failed = { kind: "outcome", cause: (run.ending as { readonly value: T }).value } as const;
  const { steps } = await play(main, repeat(run.taken), 1, {});
  const { schedule, message, token } = failureOf(main, { ...run, steps, ending: { failed } }, 1, run.taken, found);
  return { status: "failed", ...failed, schedule, report: message, token, ...coverage };
}

// One verification by running the program under every schedule, and its verdict.

import { allowing } from "../../report/outcomes.js";
import { counted, reportOf } from "../../report/report.js";
import type { Schedule } from "../../report/schedule.js";
import type { Coverage, Failed, Verdict, VerifyOptions } from "../../report/verdict.js";
import { repeat } from "../../simulation/decisions.js";
import type { Limits } from "../../simulation/limits.js";
import { explain, failureOf, type Main, play, type Run, type RunOptions } from "../../simulation/play.js";
import { shrink } from "../../simulation/shrink.js";
import { findUnperformed, mayExplain } from "../../simulation/unperformed.js";
import { DecisionTree } from "./decision-tree.js";
import { type Explored, playedOf, Runs } from "./runs.js";

/** Decisions of the scheduler in all runs, unless the caller sets a limit: about a minute's work. */
const MOST_EVENTS = 20_000_000;

export async function proveByRunning<T>(
  main: Main<T>,
  options: VerifyOptions<T>,
  given: Limits,
  why: string,
): Promise<Verdict<T>> {
  const { leaks = true, closed, unread, freeze, all, unperformed = true, maxMs, maxEvents, name } = options;
  const limits = given.withDefaults({ maxEvents: maxMs === undefined ? MOST_EVENTS : Infinity });
  const explored: Explored<T> = {
    ...({ leaks, closed, unread, freeze, all, title: name } as Pick<Explored<T>, "leaks">),
    allows: allowing(options.outcomes),
    watches: unperformed,
  };
  const runs = new Runs(main, explored);
  const complete = await runs.explore(limits, maxMs !== undefined || maxEvents !== undefined);
  const { count, events, outcomes } = runs;
  const { ms } = limits;
  const coverage: Coverage = { engine: "runs", states: 0, runs: count, events, ms, searchMs: ms };
  if (runs.unused && (complete || runs.failed !== null)) {
    const failed = await silent(main, runs.failed, playedOf(explored), coverage);
    if (failed !== null) return failed;
  }
  if (runs.failed !== null) return await failure(main, runs.failed, explored, coverage);
  if (!complete) return { status: "bounded", reason: reasonOf(runs, limits), ...coverage };
  const assumptions = [
    `the program was run under every schedule, as the model does not support all that it does (${why})`,
    "time passes only when nothing else can happen",
  ];
  return { status: "proved", outcomes: outcomes.all(), assumptions, ...coverage };
}

/** Why not all schedules were run, and which were. */
function reasonOf({ runsOn, preemptions }: Pick<Runs<unknown>, "runsOn" | "preemptions">, limits: Limits): string {
  if (runsOn) return "tasks run on for ever after main has returned";
  const reached = limits.reached || "there are very many schedules in which tasks give way where they need not";
  if (preemptions < 0) return reached;
  return `${reached}; all were run in which this happens at most ${counted(preemptions, "time")}`;
}

/** The failure if an operation is never performed under any schedule; null if all are. */
async function silent<T>(
  main: Main<T>,
  failed: Run<T> | null,
  played: RunOptions,
  coverage: Coverage,
): Promise<Failed | null> {
  const isOutcome = failed !== null && failed.ending.failed === null;
  if (isOutcome || !mayExplain(failed?.ending.failed?.kind ?? null)) return null;
  const found = `found in ${counted(coverage.runs, "run")}`;
  const error = await findUnperformed(main, everySchedule(), played, found);
  if (error === null) return null;
  const { kind, cause, schedule, message, token } = error;
  return { status: "failed", kind, cause, schedule, report: message, token, ...coverage };
}

function* everySchedule(): Generator<{ readonly strategy: DecisionTree; readonly seed: number }, void, undefined> {
  const strategy = new DecisionTree(0);
  do yield { strategy, seed: 1 };
  while (strategy.advance());
}

async function failure<T>(main: Main<T>, run: Run<T>, explored: Explored<T>, coverage: Coverage): Promise<Failed> {
  const found = `found by run ${coverage.runs}`;
  if (run.ending.failed === null) return await outcome(main, run, explored, found, coverage);
  if (run.ending.failed.kind === "escaped") return escaped(main, run.ending.failed.cause, explored.title, coverage);
  const { kind, cause, schedule, message, token } = await explain(main, run, 1, playedOf(explored), found);
  return { status: "failed", kind, cause, schedule, report: message, token, ...coverage };
}

/** The verdict on a program that does something that cannot be explored; no schedule shows it. */
function escaped(main: Main<unknown>, cause: unknown, name: string | undefined, coverage: Coverage): Failed {
  const schedule: Schedule = { steps: [], failed: [], waiting: [], cycle: [], notes: [] };
  const title = name ?? (main.name || "main");
  const report = reportOf({ title, kind: "escaped", found: (cause as Error).message, cause, schedule, token: "" });
  return { status: "failed", kind: "escaped", cause, schedule, report, token: "", ...coverage };
}

/** The failure of a run that returned a value that is not allowed, under a schedule that is as simple as can be found. */
async function outcome<T>(
  main: Main<T>,
  run: Run<T>,
  explored: Explored<T>,
  found: string,
  coverage: Coverage,
): Promise<Failed> {
  const options = playedOf(explored);
  const decisions = await shrink(run.taken, async (decisions) => {
    const { ending, taken } = await play(main, repeat(decisions), 1, { ...options, untold: true });
    return ending.failed === null && !explored.allows(ending.value) ? taken : null;
  });
  const last = await play(main, repeat(decisions), 1, options);
  const { value } = (last.ending.failed === null ? last : run).ending as { readonly value: T };
  const failed = { kind: "outcome", cause: value } as const;
  const { schedule, message, token } = failureOf(main, { ...last, ending: { failed } }, 1, decisions, found, options);
  return { status: "failed", ...failed, schedule, report: message, token, ...coverage };
}

// One verification by running the program under every schedule, and what comes of it.

import { native } from "../../host.js";
import type { AsyncRoutine, Routine } from "../../operation.js";
import type { Schedule } from "../schedule.js";
import { explain } from "../simulate.js";
import type { Coverage, Failed, FailureKind, Verdict, VerifyOptions } from "../verdict.js";
import { allowing } from "./judge.js";
import { Runs } from "./runs.js";

const MOST_MS = 60_000;

export async function proveByRunning<T>(
  main: () => Routine<T> | AsyncRoutine<T>,
  options: VerifyOptions<T>,
  start: number,
  why: string,
): Promise<Verdict<T>> {
  const { leaks = true, maxMs = MOST_MS } = options;
  const runs = new Runs(main, leaks, allowing(options.outcomes));
  const complete = await runs.explore(() => native.now() - start > maxMs);
  const { executions, events, outcomes } = runs;
  const coverage: Coverage = { states: 0, executions, events, ms: native.now() - start };
  if (runs.failed !== null) return await failure(main, runs, leaks, coverage);
  if (!complete) return { status: "bounded", reason: `it reached maxMs, ${maxMs} ms`, covered: coverage };
  const assumptions = [
    `the program was run under every schedule, as the model does not know all that it does (${why})`,
    "a task gives way to others only where it waits",
  ];
  return { status: "proved", outcomes, assumptions, ...coverage };
}

async function failure<T>(
  main: () => Routine<T> | AsyncRoutine<T>,
  runs: Runs<T>,
  leaks: boolean,
  coverage: Coverage,
): Promise<Failed> {
  const run = runs.failed!;
  const found = `found by run ${coverage.executions}`;
  if (run.ending.failed === null) {
    const schedule: Schedule = { steps: [], waiting: [], cycle: [] };
    return {
      status: "failed",
      kind: "outcome",
      cause: run.ending.value,
      schedule,
      report: found,
      token: "",
      ...coverage,
    };
  }
  const error = await explain(main, run, 1, { leaks }, found);
  const kind = (error.kind === "endless" ? "stuck" : error.kind) as FailureKind;
  const schedule: Schedule = {
    steps: error.steps.map(({ task, what }) => ({ task, what, cells: { [task]: what } })),
    waiting: [],
    cycle: [],
  };
  return {
    status: "failed",
    kind,
    cause: error.cause,
    schedule,
    report: error.message,
    token: error.token,
    ...coverage,
  };
}

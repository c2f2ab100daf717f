// Holds `verify` against the interpreter, for one program.

import { replay, ScheduleError, type Verdict, type VerifyOptions, verify } from "../../../src/testing.js";
import { type Explored, explore } from "./interpreter.js";
import { has, isLoop, type Program, type Statement } from "./language.js";
import { mainOf } from "./render.js";

/** What is compared besides the default verdict. */
export interface CompareOptions {
  readonly runs?: boolean;
  readonly all?: boolean;
  readonly async?: boolean;
  /** Whether tasks may be left behind. */
  readonly lenient?: boolean;
  /** States of the interpreter. */
  readonly maxStates: number;
}

/** A verdict that cannot be right. */
export interface Fault {
  /**
   * `unsound`: called proved, and it is not; `false`: called failed, and it cannot fail in that way; `token`: the token shows
   * something else; `differs`: two ways of verifying disagree; `crash`: an exception.
   */
  readonly what: "unsound" | "false" | "token" | "differs" | "crash";
  readonly given: string;
  readonly expected: string;
}

export interface Compared {
  readonly status: "proved" | "failed" | "bounded" | "too large" | "fault";
  readonly engine: string;
  readonly fault: Fault | null;
}

const MOST_STATES = 2000;
const MOST_EVENTS = 10_000;
/** Decisions of the scheduler in all runs. */
const MOST_RUN = 3000;

export async function compare(program: Program, options: CompareOptions): Promise<Compared> {
  const { maxStates, lenient = false } = options;
  const ways: Ways = lenient ? { leaks: false, stuck: false } : {};
  const low = explored(program, false, maxStates, lenient);
  if (!low.complete || low.kinds.has("endless")) return { status: "too large", engine: "", fault: null };
  const main = mainOf(program);
  try {
    const verdict = await verify(main, { ...ways, maxStates: MOST_STATES, maxEvents: MOST_EVENTS });
    const fault =
      (await judged(program, main, low, verdict, options)) ??
      (await others(program, main, low, verdict, options, ways));
    return { status: fault === null ? verdict.status : "fault", engine: verdict.engine, fault };
  } catch (error) {
    const given = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { status: "fault", engine: "", fault: { what: "crash", given, expected: shownOf(low) } };
  }
}

type Ways = Pick<VerifyOptions<string>, "leaks" | "stuck">;

function explored(program: Program, high: boolean, maxStates: number, lenient: boolean): Explored {
  const found = explore(program, { high, maxStates });
  const kinds = [...found.kinds].filter((kind) => !(lenient && (kind === "leak" || kind === "stuck")));
  return { ...found, kinds: new Set(kinds) };
}

/** What is wrong with a verdict. */
async function judged(
  program: Program,
  main: ReturnType<typeof mainOf>,
  low: Explored,
  verdict: Verdict<string>,
  { maxStates, lenient = false }: CompareOptions,
): Promise<Fault | null> {
  if (verdict.status === "bounded") return null;
  if (verdict.status === "proved") return unsound(low, verdict);
  const { kind, engine, token } = verdict;
  // Where the model does not support a program that does not end, a run of it is cut short.
  if (kind === "endless" && engine === "runs" && has(program, isLoop)) return null;
  const given = `${kind} (${engine})\n${verdict.report}`;
  if (!(low.kinds as ReadonlySet<string>).has(kind)) {
    const high = explored(program, true, maxStates * 4, lenient);
    if (high.complete && !(high.kinds as ReadonlySet<string>).has(kind)) {
      return { what: "false", given, expected: `low: ${shownOf(low)}; high: ${shownOf(high)}` };
    }
  }
  // Shared state is found by comparing runs, and has no schedule.
  if (token === "") return null;
  const shown = await replay(token, main, { leaks: !lenient }).catch((error: unknown) => error);
  if (shown instanceof ScheduleError && shown.kind === kind) return null;
  return { what: "token", given, expected: `the token shows ${shown instanceof Error ? shown.message : "no failure"}` };
}

function unsound(low: Explored, { outcomes, engine }: Extract<Verdict<string>, { status: "proved" }>): Fault | null {
  const missed = [...low.outcomes].filter((outcome) => !outcomes.has(outcome));
  if (low.kinds.size === 0 && missed.length === 0) return null;
  const given = `proved (${engine}), outcomes ${[...outcomes].sort().join(" ; ")}`;
  return {
    what: "unsound",
    given,
    expected: `${shownOf(low)}${missed.length > 0 ? `; missed: ${missed.join(" ; ")}` : ""}`,
  };
}

/** Other ways to verify the same program. */
async function others(
  program: Program,
  main: ReturnType<typeof mainOf>,
  low: Explored,
  verdict: Verdict<string>,
  { runs, all, async }: CompareOptions,
  ways: Ways,
): Promise<Fault | null> {
  if (verdict.status === "bounded") return null;
  // The runs of a program that does not end have no end either.
  if (runs === true && verdict.engine !== "runs" && !has(program, isLoop)) {
    const found = await verify(main, { ...ways, engine: "runs", maxEvents: MOST_RUN });
    if (found.status === "proved") {
      const fault = unsound(low, found);
      if (fault !== null) return fault;
    }
    if (found.status === "failed" && !(low.kinds as ReadonlySet<string>).has(found.kind)) {
      return { what: "false", given: `${found.kind} (runs)\n${found.report}`, expected: `low: ${shownOf(low)}` };
    }
  }
  if (verdict.engine === "runs") return null;
  if (all === true) {
    const found = await verify(main, { ...ways, all: true, maxStates: MOST_STATES, maxEvents: MOST_EVENTS });
    if (found.status !== "bounded" && summary(found) !== summary(verdict)) return differs("all", found, verdict);
  }
  if (async === true && !has(program, looksForEnds)) {
    const limits = { maxStates: MOST_STATES, maxEvents: MOST_EVENTS };
    const main = mainOf(program, { async: true });
    // The model does not support all that it supports of other bodies.
    const found = await verify(main, { ...ways, ...limits, engine: "model" }).catch(unsupported);
    if (found !== null && found.status !== "bounded" && summary(found) !== summary(verdict))
      return differs("async", found, verdict);
  }
  return null;
}

/**
 * Whether a choice by order looks whether a task is over. An async body is over a few microtasks after its last plain call, so
 * other tasks may run in between; a sync body is not.
 */
function looksForEnds(statement: Statement): boolean {
  if (statement.does !== "select" || (statement.mode === "random" && !statement.hasDefault)) return false;
  return statement.cases.some(({ op }) => op === "join" || op === "whenOver");
}

function unsupported(error: unknown): null {
  if (error instanceof TypeError) return null;
  throw error;
}

function differs(what: string, found: Verdict<string>, verdict: Verdict<string>): Fault {
  const report = found.status === "failed" ? `${found.kind}\n${found.report}` : "";
  return { what: "differs", given: `${what}: ${summary(found)} ${report}`, expected: summary(verdict) };
}

/** Different searches may report different kinds of failures of one program. */
function summary(verdict: Verdict<string>): string {
  return verdict.status === "proved" ? `proved ${[...verdict.outcomes].sort().join(" ; ")}` : verdict.status;
}

const shownOf = ({ kinds, outcomes }: Explored): string =>
  `${[...kinds].sort().join() || "no failure"}, outcomes ${[...outcomes].sort().join(" ; ")}`;

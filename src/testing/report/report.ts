// The report of a failure, as a terminal shows it: the kind and the cause, the parked tasks, and the steps that lead to the
// failure, with a column for each task.

import { blockedLines, widest } from "../../lifetime/report.js";
import { capturedFrames, isOfProgram, placeIn } from "../../scheduler/call-site.js";
import { DeadlockError } from "../../structures/errors.js";
import { inline } from "./inline.js";
import type { FailedTask, Schedule, Step } from "./schedule.js";
import type { Bounded, Coverage, FailureKind } from "./verdict.js";

/** The contents of a report. */
export interface Findings {
  readonly title: string;
  readonly kind: FailureKind;
  /** How the failure was found: `shortest schedule has 5 events (32 states, 1.3 ms)`. */
  readonly found: string;
  readonly cause?: unknown;
  readonly schedule: Schedule;
  /** The token of the schedule; empty if there is none. */
  readonly token: string;
}

/** The number of steps that are shown, the last ones of the schedule. */
const SHOWN = 40;
/** The most characters of a line; wider columns are left out. */
const WIDEST = 120;
/** The most characters of a step, as values may be long. */
const LONGEST = 60;

/** Formats a count and a noun. */
export function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

/** Why a search came to no end, and what to write instead. */
export function boundOf({ reason, advice }: Bounded): string {
  return advice === undefined ? reason : `${reason}; ${advice}`;
}

/** Formats the work of a search: the number of states or runs, and the time. */
export function effortOf({ engine, states, runs, ms }: Coverage): string {
  const what = engine === "model" ? counted(states, "state") : counted(runs, "run");
  return `${what}, ${ms.toFixed(1)} ms`;
}

/** Formats a failure. */
export function reportOf({ title, kind, found, cause, schedule, token }: Findings): string {
  const waiting = schedule.waiting.map((blocked) => ({
    ...blocked,
    waitsFor: short(blocked.waitsFor),
    ...(blocked.at !== undefined && { at: relative(blocked.at) }),
    ...(blocked.startedAt !== undefined && { startedAt: relative(blocked.startedAt) }),
  }));
  const names = schedule.failed.length > 0 ? widest([...waiting, ...schedule.failed].map(({ task }) => task)) : 0;
  return [
    `✗ ${title}: ${kind}, ${found}`,
    ...failedLines(schedule.failed, names),
    // Where there is no schedule, the message may stand in the first line already.
    ...(cause instanceof Error && cause.message === found ? [] : causeLines(kind, cause, schedule.failed)),
    ...blockedLines(waiting, schedule.cycle, names),
    ...schedule.notes.map((note) => `    ${note}`),
    ...stepLines(schedule.steps),
    ...(token === "" ? [] : [`    replay(${JSON.stringify(token)}, main)`]),
  ].join("\n");
}

/** The tasks that have failed come first, as other tasks often wait for them. */
function failedLines(failed: readonly FailedTask[], width: number): string[] {
  return failed.map(({ task, error, at }) => {
    const line = `    ${task.padEnd(width)}  failed   ${thrownText(error)}`;
    return at === undefined ? line : `${line}  at ${relative(at)}`;
  });
}

/** The first line of the exception, or the value returned. A deadlock has none, as the parked tasks have lines of their own. */
function causeLines(kind: FailureKind, cause: unknown, failed: readonly FailedTask[]): string[] {
  if (kind === "outcome") return [`    returned ${short(printed(cause))}`];
  if (cause === undefined || cause instanceof DeadlockError) return [];
  return failed.some(({ error }) => isSameError(error, cause)) ? [] : [`    ${thrownText(cause)}`];
}

function thrownText(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}`.split("\n")[0]! : `thrown: ${inline(error)}`;
}

/** Whether two errors are one, or one is a copy of the other. */
export function isSameError(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (!(one instanceof Error && other instanceof Error)) return false;
  return one.name === other.name && one.message === other.message && one.stack === other.stack;
}

/** The line of the program that threw an error, as `file:line:column`; undefined if its stack does not have it. */
export function throwSiteOf(error: unknown): string | undefined {
  const frame = error instanceof Error ? capturedFrames(error).find(isOfProgram) : undefined;
  return frame === undefined ? undefined : placeIn(frame);
}

function stepLines(steps: readonly Step[]): string[] {
  if (steps.length === 0) return [];
  const last = steps.slice(-SHOWN);
  const skipped = steps.length - last.length;
  const digits = String(steps.length).length + 1;
  const columns = columnsOf(last);
  const task = widest(["schedule", ...last.map((step) => step.task)]);
  const what = widest(last.map((step) => short(step.what)));
  const line = (head: string, actor: string, doing: string, cells: readonly string[]): string => {
    const row = cells.map((cell, at) => cell.padEnd(columns[at]!.width)).join("  ");
    return `    ${head.padStart(digits)} ${actor.padEnd(task)}  ${doing.padEnd(what)}    ${row}`.trimEnd();
  };
  const names = columns.map(({ name }) => name);
  const rows = last.map((step, at) => {
    const cells = names.map((name) => short(step.cells[name] ?? ""));
    return line(`${skipped + at + 1}.`, step.task, short(step.what), cells);
  });
  const left = skipped > 0 ? [`    ${"…".padStart(digits)} ${skipped} steps before these`] : [];
  return [line("", "schedule", "", names), ...left, ...rows];
}

/** The columns, one for each task that takes part in a step. There are none if they do not fit, as the list has all steps. */
function columnsOf(steps: readonly Step[]): { readonly name: string; readonly width: number }[] {
  const names = [...new Set(steps.flatMap(({ cells }) => Object.keys(cells)))];
  const columns = names.map((name) => ({
    name,
    width: widest([name, ...steps.map(({ cells }) => short(cells[name] ?? ""))]),
  }));
  const list = widest(steps.map(({ what }) => short(what))) + widest(steps.map(({ task }) => task)) + MARGINS;
  const width = columns.reduce((sum, column) => sum + column.width + 2, list);
  return names.length > 1 && width <= WIDEST ? columns : [];
}

/** The characters between the number of a step, the task and the text. */
const MARGINS = 12;

function short(text: string): string {
  return text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text;
}

/** Formats a value: as JSON if possible. */
export function printed(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return String(value);
  }
}

/** Makes a place relative to the working directory, if the host has one. */
export function relative(place: string): string {
  const host = globalThis as { process?: { cwd?(): string } };
  const folder = host.process?.cwd?.();
  return folder === undefined ? place : place.replace(`${folder}/`, "").replace("file://", "");
}

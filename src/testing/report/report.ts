// A failure in words, as a terminal shows it: what went wrong, who is parked where, then the steps that lead there, with a
// column for each task.

import { blockedLines, widest } from "../../lifetime/report.js";
import { DeadlockError } from "../../structures/errors.js";
import type { Schedule, Step } from "./schedule.js";
import type { Coverage, FailureKind } from "./verdict.js";

/** What a report is made of. */
export interface Findings {
  readonly title: string;
  readonly kind: FailureKind;
  /** How it was found: `shortest schedule has 5 events (32 states, 1.3 ms)`. */
  readonly found: string;
  readonly cause?: unknown;
  readonly schedule: Schedule;
  /** A word that runs the schedule again; empty if there is none. */
  readonly token: string;
}

/** The last steps are where it went wrong. */
const SHOWN = 40;
/** Columns that stand beyond this help nobody. */
const WIDEST = 120;
/** Characters of a step; values may be long. */
const LONGEST = 60;

/** So many of something. */
export function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

/** What was gone through, and how long it took. */
export function effortOf({ engine, states, executions, ms }: Coverage): string {
  const what = engine === "model" ? counted(states, "state") : counted(executions, "run");
  return `${what}, ${ms.toFixed(1)} ms`;
}

/** All that is known of a failure in words. */
export function reportOf({ title, kind, found, cause, schedule, token }: Findings): string {
  const waiting = schedule.waiting.map((blocked) => ({
    ...blocked,
    waitsFor: short(blocked.waitsFor),
    ...(blocked.at !== undefined && { at: relative(blocked.at) }),
    ...(blocked.startedAt !== undefined && { startedAt: relative(blocked.startedAt) }),
  }));
  return [
    `✗ ${title}: ${kind}, ${found}`,
    ...causeLines(kind, cause),
    ...blockedLines(waiting, schedule.cycle),
    ...stepLines(schedule.steps),
    ...(token === "" ? [] : [`    replay(${JSON.stringify(token)}, main)`]),
  ].join("\n");
}

/** The first line of what was thrown, or what was returned; who is parked is told anyway. */
function causeLines(kind: FailureKind, cause: unknown): string[] {
  if (kind === "outcome") return [`    returned ${short(printed(cause))}`];
  if (cause === undefined || cause instanceof DeadlockError) return [];
  const text = cause instanceof Error ? `${cause.name}: ${cause.message}` : `thrown: ${printed(cause)}`;
  return [`    ${text.split("\n")[0]!}`];
}

function stepLines(steps: readonly Step[]): string[] {
  if (steps.length === 0) return [];
  const last = steps.slice(-SHOWN);
  const skipped = steps.length - last.length;
  const digits = String(steps.length).length + 1;
  const columns = columnsOf(last);
  const task = widest(["schedule", ...last.map((step) => step.task)]);
  const what = widest(last.map((step) => short(step.what)));
  const line = (head: string, who: string, doing: string, cells: readonly string[]): string => {
    const row = cells.map((cell, at) => cell.padEnd(columns[at]!.width)).join("  ");
    return `    ${head.padStart(digits)} ${who.padEnd(task)}  ${doing.padEnd(what)}    ${row}`.trimEnd();
  };
  const names = columns.map(({ name }) => name);
  const rows = last.map((step, at) => {
    const cells = names.map((name) => short(step.cells[name] ?? ""));
    return line(`${skipped + at + 1}.`, step.task, short(step.what), cells);
  });
  const left = skipped > 0 ? [`    ${"…".padStart(digits)} ${skipped} steps before these`] : [];
  return [line("", "schedule", "", names), ...left, ...rows];
}

/** A column for each task that does something; none at all where they would not fit, as the list says it all. */
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

/** What stands around the number of a step, who acts and what is done. */
const MARGINS = 12;

function short(text: string): string {
  return text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text;
}

/** A value in words: as JSON where there is such a thing. */
export function printed(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return String(value);
  }
}

/** Seen from the folder in which the program runs, where there is one. */
function relative(place: string): string {
  const host = globalThis as { process?: { cwd?(): string } };
  const folder = host.process?.cwd?.();
  return folder === undefined ? place : place.replace(`${folder}/`, "").replace("file://", "");
}

// A failure in words, as a terminal shows it: what went wrong, who is parked where, then the steps that lead there, with a
// column for each task.

import type { Schedule, Step, Waiting } from "./schedule.js";

/** What a report is made of. */
export interface Findings {
  readonly title: string;
  readonly kind: string;
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
const WIDEST = 140;

export function reportOf({ title, kind, found, cause, schedule, token }: Findings): string {
  return [
    `✗ ${title}: ${kind}, ${found}`,
    ...(cause === undefined ? [] : [`    ${headline(cause)}`]),
    ...waitingLines(schedule.waiting),
    ...(schedule.cycle.length > 0 ? [`    cycle: ${[...schedule.cycle, schedule.cycle[0]].join(" → ")}`] : []),
    ...stepLines(schedule.steps),
    ...(token === "" ? [] : [`    replay(${JSON.stringify(token)}, main)`]),
  ].join("\n");
}

/** The first line of what was thrown, or what was returned. */
function headline(cause: unknown): string {
  const text = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
  return text.split("\n")[0]!;
}

function waitingLines(waiting: readonly Waiting[]): string[] {
  const width = widest(waiting.map(({ task }) => task));
  const what = widest(waiting.map(({ waitsFor }) => waitsFor));
  return waiting.map(({ task, waitsFor, at, startedAt }) => {
    const place = at ?? (startedAt === undefined ? "" : `started ${startedAt}`);
    return `    ${task.padEnd(width)}  blocked  ${waitsFor.padEnd(what)}  ${place}`.trimEnd();
  });
}

function stepLines(steps: readonly Step[]): string[] {
  if (steps.length === 0) return [];
  const last = steps.slice(-SHOWN);
  const skipped = steps.length - last.length;
  const digits = String(steps.length).length + 1;
  const columns = columnsOf(last);
  const task = widest(last.map((step) => step.task));
  const what = widest(last.map((step) => step.what));
  const line = (head: string, who: string, doing: string, cells: readonly string[]): string => {
    const row = cells.map((cell, at) => cell.padEnd(columns[at]!.width)).join("  ");
    return `    ${head.padStart(digits)} ${who.padEnd(task)}  ${doing.padEnd(what)}    ${row}`.trimEnd();
  };
  return [
    line(
      "",
      "schedule",
      "",
      columns.map(({ name }) => name),
    ),
    ...(skipped > 0 ? [`    ${"…".padStart(digits)} ${skipped} steps before`] : []),
    ...last.map((step, at) =>
      line(
        `${skipped + at + 1}.`,
        step.task,
        step.what,
        columns.map(({ name }) => step.cells[name] ?? ""),
      ),
    ),
  ];
}

/** A column for each task that does something; none at all where they would not fit, as the list says it all. */
function columnsOf(steps: readonly Step[]): { readonly name: string; readonly width: number }[] {
  const names = [...new Set(steps.flatMap(({ cells }) => Object.keys(cells)))];
  const columns = names.map((name) => ({
    name,
    width: widest([name, ...steps.map(({ cells }) => cells[name] ?? "")]),
  }));
  const list = widest(steps.map(({ what }) => what)) + widest(steps.map(({ task }) => task));
  const width = columns.reduce((sum, column) => sum + column.width + 2, list);
  return names.length > 1 && width <= WIDEST ? columns : [];
}

function widest(texts: readonly string[]): number {
  return texts.reduce((most, text) => Math.max(most, text.length), 0);
}

// What is known of tasks for a report: who is parked, where, and who waits for whom. Nothing here keeps a task alive, and
// nothing is recorded on the way of a value: a task is noted when it starts, and asked when something went wrong.

import { DeadlockError, type ParkedTask } from "../structures/errors.js";
import type { Doer } from "./roles.js";

/** A task, seen from a report. */
export interface Reportable extends Doer {
  readonly name: string;
  readonly status: string;
  readonly member: Member | null;
  /** What it is parked at, null when it is not. */
  readonly parkedAt: { describe(): string; rivals(): readonly unknown[] } | null;
}

/** What is recorded of a task: where it was started, and how to find it. */
export class Member {
  readonly task: WeakRef<Reportable>;
  readonly program: { ended(member: Member): void } | null;
  readonly startedAt: string | undefined;

  constructor(task: Reportable, program: { ended(member: Member): void } | null, startedAt: string | undefined) {
    this.task = new WeakRef(task);
    this.program = program;
    this.startedAt = startedAt;
  }
}

/** Where the caller of a function was called, as a line of its stack; undefined where the host cannot tell. */
export function callSite(skip: Function): string | undefined {
  const host = Error as typeof Error & { captureStackTrace?: (target: object, skip: Function) => void };
  if (host.captureStackTrace === undefined) return undefined;
  const limit = Error.stackTraceLimit;
  const holder: { stack?: string } = {};
  Error.stackTraceLimit = 1;
  host.captureStackTrace(holder, skip);
  const line = holder.stack?.split("\n")[1]?.trim();
  Error.stackTraceLimit = limit;
  return line;
}

/** What is printed of a task that is parked. */
export interface Blocked {
  readonly task: string;
  readonly waitsFor: string;
  /** Whom it waits for, as far as that is known. */
  readonly waitsOn?: readonly string[];
  /** Where it is parked. */
  readonly at?: string;
  readonly startedAt?: string;
}

/** A line for each task that is parked, and the circle: the part that all reports share. */
export function blockedLines(tasks: readonly Blocked[], cycle: readonly string[]): string[] {
  const width = widest(tasks.map(({ task }) => task));
  const what = widest(tasks.map(wanted));
  const lines = tasks.map((blocked) => {
    const place = blocked.at ?? (blocked.startedAt === undefined ? "" : `started ${blocked.startedAt}`);
    return `    ${blocked.task.padEnd(width)}  blocked  ${wanted(blocked).padEnd(what)}  ${place}`.trimEnd();
  });
  return cycle.length > 0 ? [...lines, `    cycle: ${[...cycle, cycle[0]].join(" → ")}`] : lines;
}

/** Who is joined is named already. */
function wanted({ waitsFor, waitsOn = [] }: Blocked): string {
  const others = waitsOn.filter((name) => !waitsFor.includes(name));
  return others.length > 0 ? `${waitsFor} (last used by ${others.join(", ")})` : waitsFor;
}

export function widest(texts: readonly string[]): number {
  return texts.reduce((most, text) => Math.max(most, text.length), 0);
}

/** The error for tasks that nothing can wake. */
export function deadlock(headline: string, tasks: readonly Reportable[]): DeadlockError {
  const parked = tasks.map((task) => describe(task, tasks));
  const cycle = cycleAmong(tasks);
  const lines = blockedLines(
    parked.map(({ name, ...blocked }) => ({ task: name, ...blocked })),
    cycle,
  );
  const advice = "    verify(main) of millrace/testing finds the shortest way here, or proves that there is none";
  return new DeadlockError([headline, ...lines, advice].join("\n"), parked, cycle);
}

function describe(task: Reportable, tasks: readonly Reportable[]): ParkedTask {
  const startedAt = task.member?.startedAt?.replace(/^at /, "");
  const waitsOn = [...new Set(rivalsOf(task, new Set(tasks)))].map(({ name }) => name);
  return {
    name: task.name,
    waitsFor: task.parkedAt?.describe() ?? "nothing",
    ...(waitsOn.length > 0 && { waitsOn }),
    ...(startedAt && { startedAt }),
  };
}

/** Those among the parked whom a task may wait for: whom it joins, or who used its channel last. */
function rivalsOf(task: Reportable, parked: ReadonlySet<Reportable>): Reportable[] {
  const rivals = (task.parkedAt?.rivals() ?? []).map((rival) => (rival instanceof Member ? rival.task.deref() : rival));
  return rivals.filter((rival) => rival !== task && parked.has(rival as Reportable)) as Reportable[];
}

/**
 * Each waits for the next: for a task it joins, or for one that used its channel last. Which end matters depends on what
 * the channel stands for (a lock is given back by who took it, a value comes from who sent), so the longest circle counts.
 */
function cycleAmong(tasks: readonly Reportable[]): string[] {
  const parked = new Set(tasks);
  let longest: Reportable[] = [];
  for (const end of [0, -1]) {
    for (const task of tasks) {
      const path: Reportable[] = [];
      let at: Reportable | undefined = task;
      while (at !== undefined && !path.includes(at)) {
        path.push(at);
        at = rivalsOf(at, parked).at(end);
      }
      if (at === task && path.length > Math.max(1, longest.length)) longest = path;
    }
  }
  return longest.map((task) => task.name);
}

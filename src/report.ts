// What is known of tasks for a report: who is parked, where, and who waits for whom. Nothing here keeps a task alive, and
// nothing is recorded on the way of a value: a task is noted when it starts, and asked when something went wrong.

import { DeadlockError, type ParkedTask } from "./errors.js";
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

/** The error for tasks that nothing can wake. */
export function deadlock(headline: string, tasks: readonly Reportable[]): DeadlockError {
  const parked = tasks.map(describe);
  const cycle = cycleAmong(tasks);
  const lines = parked.map(
    (task) => `  ${task.name}: ${task.waitsFor}${task.startedAt ? ` (started ${task.startedAt})` : ""}`,
  );
  if (cycle.length > 0) lines.push(`  cycle: ${[...cycle, cycle[0]].join(" → ")}`);
  return new DeadlockError([headline, ...lines].join("\n"), parked, cycle);
}

function describe(task: Reportable): ParkedTask {
  const startedAt = task.member?.startedAt;
  return { name: task.name, waitsFor: task.parkedAt?.describe() ?? "nothing", ...(startedAt && { startedAt }) };
}

/**
 * Each waits for the next: for a task it joins, or for one that used its channel last. Which end matters depends on what
 * the channel stands for (a lock is given back by who took it, a value comes from who sent), so the longest circle counts.
 */
function cycleAmong(tasks: readonly Reportable[]): string[] {
  const parked = new Set(tasks);
  const next = (task: Reportable, end: number): Reportable | undefined => {
    const rivals = (task.parkedAt?.rivals() ?? []).map((rival) =>
      rival instanceof Member ? rival.task.deref() : rival,
    );
    const others = rivals.filter((rival) => rival !== task && parked.has(rival as Reportable)) as Reportable[];
    return others.at(end);
  };
  let longest: Reportable[] = [];
  for (const end of [0, -1]) {
    for (const task of tasks) {
      const path: Reportable[] = [];
      let at: Reportable | undefined = task;
      while (at !== undefined && !path.includes(at)) {
        path.push(at);
        at = next(at, end);
      }
      if (at === task && path.length > Math.max(1, longest.length)) longest = path;
    }
  }
  return longest.map((task) => task.name);
}

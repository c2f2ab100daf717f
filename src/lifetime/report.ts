// The report of tasks that can never resume: what each task waits for, and a cycle among them. Its length is bounded, and so is
// the time that it takes: beyond a limit, tasks are counted and not listed.

import { DeadlockError, type ParkedTask } from "../structures/errors.js";
import type { Task } from "../task/task.js";
import { Member } from "./record.js";

/** The most tasks in `DeadlockError.tasks`. */
const DESCRIBED = 1000;
/** The most tasks that have a line in the message. */
const LISTED = 40;
/** The most kinds of waits that are counted below those lines, and the most tasks of a cycle that are named. */
const COUNTED = 20;
/** The most characters of a text in the message. */
const LONGEST = 160;

/** A parked task, as it is printed. */
export interface Blocked {
  readonly task: string;
  readonly waitsFor: string;
  /** The tasks that it waits for, if known. */
  readonly waitsOn?: readonly string[];
  /** The line at which it is parked. */
  readonly at?: string;
  readonly startedAt?: string;
}

/**
 * The part that all reports share: a line for each parked task, and the cycle.
 *
 * @param least - The least width of the names of tasks.
 */
export function blockedLines(tasks: readonly Blocked[], cycle: readonly string[], least: number = 0): string[] {
  const width = Math.max(least, widest(tasks.map(({ task }) => task)));
  const what = widest(tasks.map(wanted));
  const lines = tasks.map((blocked) => {
    const place = blocked.at ?? (blocked.startedAt === undefined ? "" : `started ${blocked.startedAt}`);
    return `    ${blocked.task.padEnd(width)}  blocked  ${wanted(blocked).padEnd(what)}  ${place}`.trimEnd();
  });
  return cycle.length > 0 ? [...lines, `    cycle: ${ring(cycle)}`] : lines;
}

/** What a task waits for, and the last users of its channel. A task that it joins is part of `waitsFor`. */
function wanted({ waitsFor, waitsOn = [] }: Blocked): string {
  const tasks = waitsOn.filter((name) => !waitsFor.includes(name));
  return tasks.length > 0 ? `${waitsFor} (last used by ${tasks.join(", ")})` : waitsFor;
}

function ring(cycle: readonly string[]): string {
  if (cycle.length <= COUNTED) return [...cycle, cycle[0]].join(" → ");
  return [...cycle.slice(0, COUNTED), `${cycle.length - COUNTED} more`, cycle[0]].join(" → ");
}

/** The length of the longest text. */
export function widest(texts: readonly string[]): number {
  return texts.reduce((most, text) => Math.max(most, text.length), 0);
}

/** Makes the error for tasks that can never resume. */
export function deadlock(headline: string, tasks: readonly Task<unknown>[]): DeadlockError {
  const parked = new Set(tasks);
  const described = tasks.slice(0, DESCRIBED).map((task) => describe(task, parked));
  const cycle = cycleAmong(tasks, parked).map((task) => task.name);
  const listed = described.slice(0, LISTED).map(shortened);
  const advice = "    verify(main) of millrace/testing finds the shortest way here, or proves that there is none";
  const lines = [...blockedLines(listed, cycle), ...countedLines(tasks.slice(LISTED)), advice];
  return new DeadlockError([headline, ...lines].join("\n"), described, cycle.slice(0, DESCRIBED), tasks.length);
}

function describe(task: Task<unknown>, parked: ReadonlySet<Task<unknown>>): ParkedTask {
  const startedAt = (task.member as Member | null)?.startedAt?.replace(/^at /, "");
  const waitsOn = [...new Set(waitedFor(task, parked))].map(({ name }) => name);
  return {
    name: task.name,
    waitsFor: task.parkedAt?.waitsFor().what ?? "nothing",
    ...(waitsOn.length > 0 && { waitsOn }),
    ...(startedAt && { startedAt }),
  };
}

function shortened({ name, waitsFor, waitsOn, startedAt }: ParkedTask): Blocked {
  return {
    task: short(name),
    waitsFor: short(waitsFor),
    ...(waitsOn && { waitsOn: waitsOn.slice(0, 3).map(short) }),
    ...(startedAt && { startedAt: short(startedAt) }),
  };
}

const short = (text: string): string => (text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text);

/** The lines that count the tasks without a line of their own, by what they wait for. */
function countedLines(rest: readonly Task<unknown>[]): string[] {
  if (rest.length === 0) return [];
  const counts = new Map<string, number>();
  for (const task of rest) {
    const what = short(task.parkedAt?.waitsFor().what ?? "nothing");
    counts.set(what, (counts.get(what) ?? 0) + 1);
  }
  const most = [...counts]
    .filter(([, count]) => count > 1)
    .sort(([, a], [, b]) => b - a)
    .slice(0, COUNTED);
  const lines = most.map(([what, count]) => `      ${count} × ${what}`);
  const left = rest.length - most.reduce((sum, [, count]) => sum + count, 0);
  if (left > 0) lines.push(`      ${left} × something else`);
  return [`    and ${rest.length} more tasks:`, ...lines];
}

/** The parked tasks that a task may wait for: the task that it joins, or the last users of its channel. */
function waitedFor(task: Task<unknown>, parked: ReadonlySet<Task<unknown>>): Task<unknown>[] {
  const found = (task.parkedAt?.waitsFor().tasks ?? []).map((by) =>
    by instanceof Member ? by.task : by,
  ) as Task<unknown>[];
  return found.filter((by) => by !== task && parked.has(by));
}

/**
 * Returns a cycle in which each task waits for the next: for the task that it joins, or for a last user of its channel. Which of
 * the last users matters depends on the purpose of the channel: a lock is released by its last receiver, a value comes from a
 * sender. So both are tried, and the longer cycle counts.
 */
function cycleAmong(tasks: readonly Task<unknown>[], parked: ReadonlySet<Task<unknown>>): Task<unknown>[] {
  const first = cycleOf(tasks, (task) => waitedFor(task, parked)[0]);
  const last = cycleOf(tasks, (task) => waitedFor(task, parked).at(-1));
  return last.length > first.length ? last : first;
}

/** The longest cycle of a graph in which each node has at most one successor; takes linear time. */
export function cycleOf<N>(nodes: readonly N[], next: (node: N) => N | undefined): N[] {
  /** The walk in which a node was first reached, and its place in that walk. */
  const reached = new Map<N, { readonly walk: number; readonly at: number }>();
  let longest: N[] = [];
  nodes.forEach((start, walk) => {
    const path: N[] = [];
    let node: N | undefined = start;
    for (; node !== undefined && !reached.has(node); node = next(node)) {
      reached.set(node, { walk, at: path.length });
      path.push(node);
    }
    if (node === undefined || reached.get(node)!.walk !== walk) return;
    const cycle = path.slice(reached.get(node)!.at);
    if (cycle.length > Math.max(1, longest.length)) longest = cycle;
  });
  return longest;
}

// Notes below a schedule. Why parked tasks cannot go on: no task is left that would serve the channel or the lock at which they
// wait. And what the cells hold where an invariant does not hold.

import type { Step } from "./schedule.js";

/** A task that is parked at an end of a channel. */
export interface Want {
  readonly task: string;
  readonly channel: string;
  /** What it waits to do. */
  readonly end: "send" | "receive";
}

/** A task at the end of a schedule. */
export interface TaskState {
  readonly task: string;
  /** How it has ended, in words that follow its name: `is done`; null if it has not. */
  readonly ended: string | null;
}

/** How a task has ended, in words that follow its name. */
export const ENDED = { done: "is done", failed: "has failed", cancelled: "was cancelled" } as const;

/** The most tasks that a note names. */
const NAMED = 3;

/**
 * Says for each channel at which tasks wait that no task is left to serve it. Nothing is said of a channel whose last users wait
 * themselves: a cycle, or their own channels, say more.
 *
 * @param goesOn - Whether other tasks go on for ever.
 */
export function unserved(
  wants: readonly Want[],
  steps: readonly Step[],
  tasks: readonly TaskState[],
  goesOn: boolean,
): string[] {
  const notes = wants.map(({ channel, end }) => {
    const waiting = wants.filter((want) => want.channel === channel && want.end === end).map(({ task }) => task);
    const needed = end === "send" ? "receive" : "send";
    const serves = `${needed === "send" ? "sends to" : "receives from"} ${channel}`;
    const users = usersOf(channel, needed, steps);
    const others = tasks.filter(({ task }) => !waiting.includes(task));
    const served = others.filter(({ task }) => users.has(task));
    const candidates = served.length > 0 ? served : others;
    if (candidates.every(({ ended }) => ended !== null)) return `no task is left that ${serves}${listed(candidates)}`;
    if (goesOn) return `no task ${serves}${served.length > 0 ? " any more" : ""}`;
    return served.length > 0 ? "" : `no task ${serves}: the others are over or wait elsewhere`;
  });
  return [...new Set(notes)].filter((note) => note !== "");
}

/** Says that no task is left to release a lock, if all its holders have ended. */
export function unreleased(lock: string, holders: readonly TaskState[]): string {
  const isLeft = holders.length === 0 || holders.some(({ ended }) => ended === null);
  return isLeft ? "" : `no task is left that releases ${lock}${listed(holders)}`;
}

function usersOf(channel: string, end: Want["end"], steps: readonly Step[]): Set<string> {
  const users = new Set<string>();
  for (const { task, peer, act, channel: used } of steps) {
    if (used !== channel) continue;
    if (act === end) users.add(task);
    else if (act === "send" && peer !== undefined) users.add(peer);
  }
  return users;
}

function listed(tasks: readonly TaskState[]): string {
  if (tasks.length === 0) return "";
  const named = tasks.slice(0, NAMED).map(({ task, ended }) => `${task} ${ended}`);
  return ` (${[...named, ...(tasks.length > NAMED ? [`${tasks.length - NAMED} more are over`] : [])].join(", ")})`;
}

/** The ends at which a task waits, given what it waits for in words. */
export function wantsOf(task: string, waitsFor: string): Want[] {
  return waitsFor.split(" or ").flatMap((text): Want[] => {
    const [, end, channel] = /^(send|receive) (?:to|from) (.+)$/.exec(text) ?? [];
    return channel === undefined ? [] : [{ task, channel, end: end as Want["end"] }];
  });
}

/** Says the value of each cell, and the step that has written it last. */
export function cellNotes(values: readonly string[], steps: readonly Step[]): string[] {
  return values.map((value, cell) => {
    const at = steps.findLastIndex(({ what }) => what.startsWith("write ") && what.endsWith(` to cell ${cell}`));
    return `cell ${cell} is ${value}${at === -1 ? "" : `, written by ${steps[at]!.task} in step ${at + 1}`}`;
  });
}

// A program verified by some of its states and by all of them: what is found must be the same.

import type { Routine } from "millrace";
import { type Failed, type Proved, replay, type ScheduleError, type Verdict, verify } from "millrace/testing";
import { expect } from "vitest";

export interface Found<T> {
  readonly outcomes: T[];
  /** How many states were enough, and how many there are. */
  readonly states: number;
  readonly all: number;
}

const shown = <T>(verdict: Verdict<T>): string => (verdict.status === "failed" ? verdict.report : verdict.status);

/** What a program returns, however it is searched. */
export async function found<T>(main: () => Routine<T>): Promise<Found<T>> {
  const some = (await verify(main, { engine: "states" })) as Proved<T>;
  const all = (await verify(main, { engine: "states", all: true })) as Proved<T>;
  expect([shown(some), shown(all)]).toEqual(["proved", "proved"]);
  expect(some.outcomes).toEqual(all.outcomes);
  return { outcomes: [...all.outcomes].sort(), states: some.states, all: all.states };
}

/** A failure, found in fewer states than there are; its token shows it again. */
export async function failure<T>(main: () => Routine<T>): Promise<Failed> {
  const some = (await verify(main, { engine: "states" })) as Failed;
  const all = (await verify(main, { engine: "states", all: true })) as Failed;
  expect([some.status, all.status]).toEqual(["failed", "failed"]);
  expect([some.kind, some.schedule.steps.length]).toEqual([all.kind, all.schedule.steps.length]);
  const again = (await replay(some.token, main).catch((error: unknown) => error)) as ScheduleError;
  expect([again.kind, again.schedule]).toEqual([some.kind, some.schedule]);
  return some;
}

// Verifies a program by the reduced search and by the full search, which must agree.

import { expect } from "vitest";
import type { Routine } from "../../src/index.js";
import { firstSeek } from "../../src/testing/explore/reduction/find-automorphisms.js";
import { BreadthFirst } from "../../src/testing/explore/search/breadth-first.js";
import { Properties } from "../../src/testing/explore/search/properties.js";
import { type Failed, type Proved, replay, type ScheduleError, type Verdict, verify } from "../../src/testing.js";
import { modelled } from "../fuzz/compare.js";

export interface Found<T> {
  readonly outcomes: T[];
  /** States of the search that is reduced by symmetry, and of the full search. */
  readonly states: number;
  readonly all: number;
}

const shown = <T>(verdict: Verdict<T>): string => (verdict.status === "failed" ? verdict.report : verdict.status);

/** The outcomes of a program, which both searches must find, and its numbers of states with symmetry and without reduction. */
export async function found<T>(main: () => Routine<T>): Promise<Found<T>> {
  const some = (await verify(main, { engine: "model" })) as Proved<T>;
  const all = (await verify(main, { engine: "model", all: true })) as Proved<T>;
  expect([shown(some), shown(all)]).toEqual(["proved", "proved"]);
  expect(some.outcomes).toEqual(all.outcomes);
  expect(some.states).toBeLessThanOrEqual(all.states);
  return { outcomes: [...all.outcomes].sort(), states: symmetric(main), all: all.states };
}

/** The states of a search that is reduced by symmetry and by nothing else. */
function symmetric(main: () => Routine<unknown>): number {
  const refinements = new Set<string>();
  return modelled(
    main,
    (model) => {
      const states = new BreadthFirst(model, new Properties({}), {
        findsStarvation: true,
        seek: firstSeek(refinements),
      });
      expect(states.explore(() => false)).toBe(true);
      return states.states;
    },
    refinements,
  )!;
}

/** A failure that both searches find with schedules of the same length; its token must replay it. */
export async function failure<T>(main: () => Routine<T>, testing = { verify, replay }): Promise<Failed> {
  const some = (await testing.verify(main, { engine: "model" })) as Failed;
  const all = (await testing.verify(main, { engine: "model", all: true })) as Failed;
  expect([some.status, all.status]).toEqual(["failed", "failed"]);
  expect([some.kind, some.schedule.steps.length]).toEqual([all.kind, all.schedule.steps.length]);
  const again = (await testing.replay(some.token, main).catch((error: unknown) => error)) as ScheduleError;
  expect([again.kind, again.schedule]).toEqual([some.kind, some.schedule]);
  return some;
}

// One random program, searched in every way: all orders of all events, sleep sets, source sets and states. All searches must find
// the same ends, and the scheduler of the package must reach no other end.

import { type Routine, sleep } from "../../src/index.js";
import type { Host } from "../../src/scheduler/host.js";
import { install } from "../../src/scheduler/makers.js";
import { DEFAULT, RECEIVE, STRIDE, Unmodelled } from "../../src/testing/explore/process/cases.js";
import { PARKED } from "../../src/testing/explore/process/local-lts.js";
import { ModelMaker } from "../../src/testing/explore/process/model-maker.js";
import { Thrown } from "../../src/testing/explore/process/operation-cases.js";
import { type Refinements, Refuted } from "../../src/testing/explore/process/refinements.js";
import { Unfolder } from "../../src/testing/explore/process/unfolder.js";
import { StubbornSets } from "../../src/testing/explore/reduction/stubborn-sets.js";
import { BreadthFirst, type SearchOptions } from "../../src/testing/explore/search/breadth-first.js";
import { Properties } from "../../src/testing/explore/search/properties.js";
import { Ineligible, type Search } from "../../src/testing/explore/search/search.js";
import { FIELDS } from "../../src/testing/explore/semantics/events.js";
import { Model } from "../../src/testing/explore/semantics/model.js";
import { enterInitial, fire } from "../../src/testing/explore/semantics/transition.js";
import { Isolation } from "../../src/testing/simulation/isolate.js";
import { Limits } from "../../src/testing/simulation/limits.js";
import { simulate } from "../../src/testing.js";
import { Traces } from "./dpor/dpor.js";
import { endlessProgramOf, endlessSpecOf, programOf, type Spec, shown } from "./programs.js";

/** A program with more schedules is left out. */
const MOST = 2000;
/** A program that does not end is left out if it has more states. */
const MOST_STATES = 1000;
const RUNS = 4;

/** Schedules that each search explored. */
export interface Compared {
  readonly all: number;
  readonly sleepSets: number;
  readonly sourceSets: number;
}

/** Throws if two searches disagree; null if the program has too many schedules. */
export async function compare(spec: Spec, seed: number): Promise<Compared | null> {
  const found = modelled(programOf(spec, null), (model) => search(model, spec, seed));
  if (found === null) return null;
  for (const end of await runs(spec, seed)) {
    if (!found.ends.has(end)) differ(seed, spec, "the scheduler", `reaches ${end}, which no search found`);
  }
  return found.compared;
}

/** States of the full search, and of a reduced search. */
export interface Enough {
  readonly all: number;
  readonly enough: number;
}

/** Compares the searches of one random program that does not end. */
export function compareEndless(seed: number): Enough | null {
  const spec = endlessSpecOf(seed);
  return compareEnough(seed, endlessProgramOf(spec), spec);
}

/**
 * Throws if the search with stubborn sets misses a kind of failure, or a local state of a task, that the full search finds. Null
 * if there are too many states.
 */
export function compareEnough(seed: number, main: () => Routine<unknown>, spec?: Spec): Enough | null {
  return modelled(main, (model) => {
    // First, while nothing has been unfolded yet.
    const enough = kindsOf(model, { stubborn: new StubbornSets(model) });
    const all = enough && kindsOf(model, {});
    if (enough === null || all === null) return null;
    if (all.kinds !== enough.kinds) differ(seed, spec, "stubborn", `finds ${enough.kinds} where there is ${all.kinds}`);
    const missed = [...all.places].filter((place) => !enough.places.has(place));
    if (missed.length > 0) differ(seed, spec, "stubborn", `never comes to ${missed.join(" and ")}`);
    return { all: all.states, enough: enough.states };
  });
}

/** The kinds of failures that a search finds, and the local states of tasks that it visits. Null if there are too many states. */
export function kindsOf(
  model: Model,
  ways: SearchOptions,
): { kinds: string; places: Set<string>; states: number } | null {
  const judge = new Properties({});
  const kinds = new Set<string>();
  const places = new Set<string>();
  const check = (): null => {
    for (let task = 0; task < model.ofTask.length; task++) {
      if (model.nodeOf(task) !== -1) places.add(`${task}@${model.nodeOf(task)}`);
    }
    const violation = judge.check(model);
    if (violation !== null) kinds.add(violation.kind);
    return null;
  };
  const states = new BreadthFirst(model, { check } as unknown as Properties, {
    ...ways,
    findsStarvation: true,
    limits: Limits.counted({ maxStates: MOST_STATES }),
  });
  if (!states.explore(() => false)) return null;
  // A search reports the first of several kinds of starvation.
  if (states.found !== null) kinds.add("never right");
  return { kinds: [...kinds].sort().join(), places, states: states.states };
}

/** Null if the model does not support the program, or a search does not. */
export function modelled<R>(
  main: () => Routine<unknown>,
  work: (model: Model) => R,
  refinements: Set<string> = new Set(),
): R | null {
  for (;;) {
    try {
      return staged(main, work, refinements);
    } catch (error) {
      if (error instanceof Unmodelled || error instanceof Ineligible) return null;
      if (!(error instanceof Refuted)) throw error;
      refinements.add(error.refinement);
    }
  }
}

/** Runs some work with the model of a program, with the model installed in place of the scheduler's objects. */
export function staged<R>(main: () => Routine<unknown>, work: (model: Model) => R, refinements: Refinements): R {
  const unfolder = new Unfolder({ body: main, args: [] }, true, false, refinements);
  using _ = new Isolation(still, { next: () => 0, choose: () => 0 }, () => false);
  install(new ModelMaker(unfolder.sandbox));
  return work(new Model(unfolder));
}

/** A host that starts nothing by itself. */
const still: Host = {
  ...{ now: () => 0, random: () => 0, microtask() {}, turn() {}, setTimer: () => 0, clearTimer() {} },
  ...{ report: () => () => {}, whenEmpty() {} },
};

function search(model: Model, spec: Spec, seed: number): { ends: Set<string>; compared: Compared } | null {
  const all = everything(model);
  if (all === null) return null;
  const ends = new Set<string>();
  const check = (): null => {
    if (model.count === 0) ends.add(endOf(model));
    return null;
  };
  const judge = { check } as unknown as Properties;
  const sleepSets = new Traces(model, judge, true, true);
  const sourceSets = new Traces(model, judge, true);
  const states = new BreadthFirst(model, judge, { exhaustive: true });
  const stubborn = new BreadthFirst(model, judge, { exhaustive: true, stubborn: new StubbornSets(model) });
  for (const [name, way] of Object.entries({ sleepSets, sourceSets, states, stubborn })) {
    ends.clear();
    if (!explored(way)) continue;
    const missing = [...all.ends].filter((end) => !ends.has(end));
    const wrong = [...ends].filter((end) => !all.ends.has(end));
    if (missing.length + wrong.length > 0)
      differ(seed, spec, name, `misses ${missing.join(" and ")}; invents ${wrong.join(" and ")}`);
  }
  const compared = { all: all.count, sleepSets: sleepSets.executions, sourceSets: sourceSets.executions };
  return { ends: all.ends, compared };
}

/** Runs a search to its end; false if it does not support the program. */
function explored(way: Pick<Search, "explore">): boolean {
  try {
    return way.explore(() => false);
  } catch (error) {
    if (error instanceof Ineligible) return false;
    throw error;
  }
}

/** Every order of all events. */
function everything(model: Model): { ends: Set<string>; count: number } | null {
  const ends = new Set<string>();
  let count = 0;
  const visit = (): void => {
    model.enumerate();
    if (model.count === 0) {
      count++;
      ends.add(endOf(model));
      return;
    }
    const events = model.events.slice(0, model.count * FIELDS);
    for (let place = 0; place < events.length && count <= MOST; place += FIELDS) {
      const mark = model.mark();
      fire(model, events, place);
      visit();
      model.takeBack(mark);
    }
  };
  enterInitial(model);
  model.forget();
  visit();
  return count > MOST ? null : { ends, count };
}

/** What each task received, and whether it has ended. */
function endOf(model: Model): string {
  const logs: string[] = [];
  for (let task = 1; task < model.ofTask.length; task++) logs.push(logOf(model, task));
  return logs.join(" | ");
}

function logOf(model: Model, task: number): string {
  const { lts } = model;
  const node = model.nodeOf(task);
  const log: string[] = lts.status(node) === PARKED ? [] : ["end"];
  for (let at = lts.base(node); lts.parent(at) !== -1; at = lts.parent(at)) log.unshift(entryOf(model, at));
  return log.join(" ");
}

function entryOf(model: Model, node: number): string {
  const { lts } = model;
  const parent = lts.parent(node);
  const input = lts.label(node)!;
  const value = lts.valueOf(parent, input, (id) => model.unfolder.values.at(id));
  const cases = lts.cases(parent);
  const attempts = lts.isPlainCall(parent) && cases.at(-STRIDE) === DEFAULT;
  if (!attempts) return `${input.at}:${shown(value instanceof Thrown ? value.cause : value)}`;
  const failed = cases[0] === RECEIVE ? "empty" : "false";
  return `t:${value === null ? failed : shown((value as { value: unknown }).value)}`;
}

/** The ends that the scheduler reaches under some random schedules. */
async function runs(spec: Spec, seed: number): Promise<Set<string>> {
  const ends = new Set<string>();
  let last: string[][] = [];
  const main = function* () {
    last = spec.tasks.map(() => []);
    yield* programOf(spec, last)();
    yield* sleep(1000);
    ends.add(last.map((log) => log.join(" ")).join(" | "));
  };
  await simulate(main, { schedules: RUNS, seed, strategy: "random" });
  return ends;
}

function differ(seed: number, spec: Spec | undefined, search: string, how: string): never {
  throw new Error(`Seed ${seed}: ${search} ${how}${spec === undefined ? "" : `, in ${JSON.stringify(spec)}`}`);
}

// Failures that only the graph of all states shows, where schedules are endless: starvation (a parked task that can never
// continue, whatever the other tasks do), and an error that no task will ever receive. Each endless schedule comes to a bottom
// strongly connected component, so both are looked for there; the states before are searched only after one is found.

import { isDaemon } from "../../program/loop.js";
import { SLEEP, STRIDE, TIMEOUT } from "../process/cases.js";
import { DONE, FAILED, PARKED } from "../process/local-lts.js";
import type { Model } from "../semantics/model.js";
import type { Violation } from "./properties.js";
import type { StateGraph } from "./state-graph.js";
import type { StateStore } from "./state-store.js";

/** A state in which a task is stuck, and what is wrong with it. */
interface Stuck {
  readonly id: number;
  readonly violation: Violation;
}

/**
 * The first state in which a task is stuck, or any such state where tasks were permuted; null if there is none.
 *
 * @param mayStick - Whether a parked task may be stuck; false once `main` is done if no task may be left behind then.
 */
export function findStarvation(
  model: Model,
  store: StateStore,
  graph: StateGraph,
  mayStick: (isDone: boolean) => boolean,
): Stuck | null {
  let first: Stuck | null = null;
  for (const bottom of graph.bottoms(store.size)) {
    store.load(bottom, model);
    const mayLeave = mayStick(model.lts.status(model.nodeOf(0)) === DONE);
    const suspects = [...model.ofTask.keys()].filter((task) => {
      const violation = judge(model, task);
      return violation !== null && !(mayLeave && violation.kind === "stuck");
    });
    for (const task of graph.inactive(bottom, suspects, false)) {
      if (graph.permuted) return { id: bottom, violation: judge(model, task)! };
      const stuck = firstStarved(model, store, graph, bottom, task);
      if (first === null || stuck.id < first.id) first = stuck;
    }
  }
  return first;
}

/** The first state on the way to a bottom component in which a task is as stuck as it is there. */
function firstStarved(model: Model, store: StateStore, graph: StateGraph, bottom: number, task: number): Stuck {
  const moves = graph.canReach(store.size, (state) => graph.moves(state, task));
  const leads = graph.canReach(store.size, (state) => state === bottom);
  for (let id = 0; ; id++) {
    if (moves[id] === 1 || leads[id] === 0) continue;
    store.load(id, model);
    const violation = judge(model, task);
    if (violation?.kind === "stuck") return { id, violation: { ...violation, stuck: allStuck(model, graph, id) } };
    if (violation !== null) return { id, violation };
  }
}

/** All tasks that are stuck in the current state of the model. */
function allStuck(model: Model, graph: StateGraph, id: number): number[] {
  const parked = [...model.ofTask.keys()].filter((task) => judge(model, task)?.kind === "stuck");
  return [...graph.inactive(id, parked, false)];
}

/** What is wrong with a task that can never move again; null if that is all right. */
function judge(model: Model, task: number): Violation | null {
  const { lts } = model;
  const node = model.nodeOf(task);
  if (node === -1) return null;
  if (lts.status(node) === FAILED) return { kind: "throw", cause: lts.result(node), event: -1 };
  // What waits for time wakes in the end.
  if (lts.status(node) !== PARKED || isDaemon(model.task(task)) || waitsForTime(lts.cases(node))) return null;
  return { kind: "stuck", event: -1 };
}

function waitsForTime(cases: Int32Array): boolean {
  for (let at = 0; at < cases.length; at += STRIDE) if (cases[at] === SLEEP || cases[at] === TIMEOUT) return true;
  return false;
}

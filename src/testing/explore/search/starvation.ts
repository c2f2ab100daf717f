// Failures that only the graph of all states shows, where schedules are endless: starvation (a parked task that can never
// continue, whatever the other tasks do), and an error that no task will ever receive. Each endless schedule comes to a bottom
// strongly connected component, so both are looked for there; the states before are searched only after one is found.

import { isDaemon } from "../../program/loop.js";
import { DONE, FAILED, PARKED } from "../process/local-lts.js";
import type { Model } from "../semantics/enabled.js";
import type { Finding } from "./properties.js";
import type { StateGraph } from "./state-graph.js";
import type { Store } from "./state-store.js";

/** A state in which a task is stuck, and what is wrong with it. */
interface Stuck {
  readonly id: number;
  readonly finding: Finding;
}

/**
 * The first state in which a task is stuck, or any such state where tasks were permuted; null if there is none. Without `leaks`
 * tasks may be left behind once `main` is done.
 */
export function findStuck(model: Model, store: Store, graph: StateGraph, leaks: boolean): Stuck | null {
  let first: Stuck | null = null;
  for (const bottom of graph.bottoms(store.size)) {
    store.load(bottom, model);
    const mayLeave = !leaks && model.trie.kind[model.nodeOf(0)] === DONE;
    const suspects = [...model.ofTask.keys()].filter((task) => {
      const finding = judge(model, task);
      return finding !== null && !(mayLeave && finding.kind === "stuck");
    });
    for (const task of graph.inactive(bottom, suspects, false)) {
      if (graph.permuted) return { id: bottom, finding: judge(model, task)! };
      const stuck = firstStuck(model, store, graph, bottom, task);
      if (first === null || stuck.id < first.id) first = stuck;
    }
  }
  return first;
}

/** The first state on the way to a bottom component in which a task is as stuck as it is there. */
function firstStuck(model: Model, store: Store, graph: StateGraph, bottom: number, task: number): Stuck {
  const moves = graph.canReach(store.size, (state) => graph.moves(state, task));
  const leads = graph.canReach(store.size, (state) => state === bottom);
  for (let id = 0; ; id++) {
    if (moves[id] === 1 || leads[id] === 0) continue;
    store.load(id, model);
    const finding = judge(model, task);
    if (finding?.kind === "stuck") return { id, finding: { ...finding, stuck: allStuck(model, graph, id) } };
    if (finding !== null) return { id, finding };
  }
}

/** All tasks that are stuck in the current state of the model. */
function allStuck(model: Model, graph: StateGraph, id: number): number[] {
  const parked = [...model.ofTask.keys()].filter((task) => judge(model, task)?.kind === "stuck");
  return [...graph.inactive(id, parked, false)];
}

/** What is wrong with a task that can never move again; null if that is all right. */
function judge(model: Model, task: number): Finding | null {
  const { kind, result } = model.trie;
  const node = model.nodeOf(task);
  if (node === -1) return null;
  if (kind[node] === FAILED) return { kind: "throw", cause: result[node], event: -1 };
  return kind[node] === PARKED && !isDaemon(model.learner.stage.tasks[task]!) ? { kind: "stuck", event: -1 } : null;
}

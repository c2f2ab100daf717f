// What only the whole graph of states shows, where schedules are endless: a task that is parked and can never go on, whatever
// the others do, and a failure that nobody will ever hear of. Both show in what goes on for ever; what leads there is looked for
// only then.

import { isDaemon } from "../../program/loop.js";
import { DONE, FAILED, PARKED } from "../process/local-lts.js";
import type { Model } from "../semantics/model.js";
import type { Finding } from "./properties.js";
import type { Graph } from "./state-graph.js";
import type { Store } from "./state-store.js";

/** A state in which something is wrong that never comes right, and what. */
interface Stuck {
  readonly id: number;
  readonly finding: Finding;
}

/** The first such state, or any where tasks have changed places; null if there is none. Without `leaks` it is right that tasks are left behind once `main` is done. */
export function findStuck(model: Model, store: Store, graph: Graph, leaks: boolean): Stuck | null {
  let first: Stuck | null = null;
  for (const bottom of graph.bottoms(store.size)) {
    store.load(bottom, model);
    const mayLeave = !leaks && model.lts.status(model.nodeOf(0)) === DONE;
    const suspects = [...model.ofTask.keys()].filter((task) => {
      const finding = judge(model, task);
      return finding !== null && !(mayLeave && finding.kind === "stuck");
    });
    for (const task of graph.unmoved(bottom, suspects, false)) {
      if (graph.turned) return { id: bottom, finding: judge(model, task)! };
      const stuck = firstStuck(model, store, graph, bottom, task);
      if (first === null || stuck.id < first.id) first = stuck;
    }
  }
  return first;
}

/** The first state on the way to another in which a task is stuck, as it is in that. */
function firstStuck(model: Model, store: Store, graph: Graph, bottom: number, task: number): Stuck {
  const move = graph.leadTo(store.size, (state) => graph.moves(state, task));
  const lead = graph.leadTo(store.size, (state) => state === bottom);
  for (let id = 0; ; id++) {
    if (move[id] === 1 || lead[id] === 0) continue;
    store.load(id, model);
    const finding = judge(model, task);
    if (finding?.kind === "stuck") return { id, finding: { ...finding, stuck: allStuck(model, graph, id) } };
    if (finding !== null) return { id, finding };
  }
}

/** All tasks that are stuck in a state that a model looks at. */
function allStuck(model: Model, graph: Graph, id: number): number[] {
  const parked = [...model.ofTask.keys()].filter((task) => judge(model, task)?.kind === "stuck");
  return [...graph.unmoved(id, parked, false)];
}

/** What is wrong with a task that can never move again. */
function judge(model: Model, task: number): Finding | null {
  const { lts } = model;
  const node = model.nodeOf(task);
  if (node === -1) return null;
  if (lts.status(node) === FAILED) return { kind: "throw", cause: lts.result(node), event: -1 };
  return lts.status(node) === PARKED && !isDaemon(model.task(task)) ? { kind: "stuck", event: -1 } : null;
}

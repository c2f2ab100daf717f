// What only the whole graph of states shows, where schedules are endless: a task that is parked and can never go on, whatever
// the others do, and a failure that nobody will ever hear of. Both show in what goes on for ever; what leads there is looked for
// only then.

import { isDaemon } from "../loop.js";
import type { Graph } from "./graph.js";
import type { Finding } from "./judge.js";
import type { Model } from "./model.js";
import type { Store } from "./store.js";
import { DONE, FAILED, PARKED } from "./trie.js";

/** A state in which something is wrong that never comes right, and what. */
interface Stuck {
  readonly id: number;
  readonly finding: Finding;
}

/** The first such state; null if there is none. */
export function findStuck(model: Model, store: Store, graph: Graph): Stuck | null {
  const tasks = new Set<number>();
  for (const id of graph.bottoms(store.size)) {
    store.load(id, model);
    const suspects = [...model.ofTask.keys()].filter((task) => judge(model, task) !== null);
    for (const task of graph.unmoved(id, suspects, false)) tasks.add(task);
  }
  let first: Stuck | null = null;
  for (const task of tasks) {
    const stuck = firstStuck(model, store, graph, task);
    if (first === null || stuck.id < first.id) first = stuck;
  }
  return first;
}

/** The first state in which a task is stuck, which it is in one. */
function firstStuck(model: Model, store: Store, graph: Graph, task: number): Stuck {
  const may = graph.mayMove(store.size, task);
  for (let id = 0; ; id++) {
    if (may[id] === 1) continue;
    store.load(id, model);
    const finding = judge(model, task);
    if (finding !== null) return { id, finding };
  }
}

/** What is wrong with a task that can never move again. */
function judge(model: Model, task: number): Finding | null {
  const { kind, result } = model.trie;
  const node = model.nodeOf(task);
  if (node === -1) return null;
  if (kind[node] === FAILED) return { kind: "throw", cause: result[node], event: -1 };
  const left = kind[node] === PARKED && !isDaemon(model.learner.stage.tasks[task]!);
  return left && !ended(model) ? { kind: "stuck", event: -1 } : null;
}

/** Whether nothing can happen any more, or `main` is done: then other checks have had their say. */
function ended(model: Model): boolean {
  model.enumerate();
  return model.count === 0 || model.trie.kind[model.nodeOf(0)] === DONE;
}

// What only the whole graph of states shows, where schedules are endless: a task that is parked and can never go on, whatever
// the others do, and a failure that nobody will ever hear of. From each state it is worked out, backwards, which tasks may
// still move.

import { isDaemon } from "../loop.js";
import type { Finding } from "./judge.js";
import { FIELDS, type Model } from "./model.js";
import { happen } from "./moves.js";
import type { Store } from "./store.js";
import { DONE, FAILED, PARKED } from "./trie.js";

/** Tasks that are looked at in one go, a bit for each. */
const WORD = 31;

/** The edges of the graph, as they lead back. */
class Edges {
  /** For each state its first edge; for each edge where it comes from, who moved on it, and the next of the same state. */
  readonly first: Int32Array;
  private readonly _numbers: number[];

  constructor(states: number) {
    this.first = new Int32Array(states).fill(-1);
    this._numbers = [];
  }

  add(from: number, to: number, moved: number): void {
    const edge = this._numbers.length;
    this._numbers.push(from, moved, this.first[to]!);
    this.first[to] = edge;
  }

  from(edge: number): number {
    return this._numbers[edge]!;
  }

  moved(edge: number): number {
    return this._numbers[edge + 1]!;
  }

  next(edge: number): number {
    return this._numbers[edge + 2]!;
  }
}

/** The first state in which something is wrong that never comes right, and what; null if there is none. */
export function findStuck(model: Model, store: Store): { readonly id: number; readonly finding: Finding } | null {
  for (let first = 0; first < model.ofTask.length; first += WORD) {
    const movable = movableFrom(edgesOf(model, store, first), store.size);
    for (let id = 0; id < store.size; id++) {
      load(model, store, id);
      const finding = judge(model, first, movable[id]!);
      if (finding !== null) return { id, finding };
    }
  }
  return null;
}

function load(model: Model, store: Store, id: number): void {
  store.load(id, model.state);
  model.hash = store.hash(id);
}

function edgesOf(model: Model, store: Store, first: number): Edges {
  const edges = new Edges(store.size);
  const before = new Int32Array(model.state.length);
  for (let id = 0; id < store.size; id++) {
    load(model, store, id);
    before.set(model.state);
    model.enumerate();
    model.forget();
    const { count, events, hash } = model;
    for (let event = 0; event < count; event++) {
      happen(model, events, event * FIELDS);
      const moved = changed(model, before, first) | movedBy(events, event, first);
      edges.add(id, store.add(model.state, model.width, model.hash, id), moved);
      model.takeBack(0, hash);
    }
  }
  return edges;
}

/** Tasks that stand elsewhere now. */
function changed({ state, ofTask }: Model, before: Int32Array, first: number): number {
  let bits = 0;
  for (let task = first; task < Math.min(first + WORD, ofTask.length); task++) {
    const component = ofTask[task]!;
    if (component !== -1 && state[component] !== before[component]) bits |= 1 << (task - first);
  }
  return bits;
}

/** Tasks that take part, even if a round of a loop leads them back to where they stood. */
function movedBy(events: Int32Array, event: number, first: number): number {
  let bits = 0;
  for (const task of [events[event * FIELDS + 1]!, events[event * FIELDS + 3]!]) {
    if (task >= first && task < first + WORD) bits |= 1 << (task - first);
  }
  return bits;
}

/** For each state the tasks that may still move, by some way from it. */
function movableFrom(edges: Edges, states: number): Int32Array {
  const movable = new Int32Array(states);
  const work: number[] = Array.from({ length: states }, (_, id) => id);
  const waits = new Uint8Array(states).fill(1);
  for (let id = work.pop(); id !== undefined; id = work.pop()) {
    waits[id] = 0;
    for (let edge = edges.first[id]!; edge !== -1; edge = edges.next(edge)) {
      const from = edges.from(edge);
      const all = movable[from]! | movable[id]! | edges.moved(edge);
      if (all === movable[from]) continue;
      movable[from] = all;
      if (!waits[from]) work.push(from);
      waits[from] = 1;
    }
  }
  return movable;
}

function judge(model: Model, first: number, movable: number): Finding | null {
  const { kind, result } = model.trie;
  for (let task = first; task < Math.min(first + WORD, model.ofTask.length); task++) {
    const node = model.nodeOf(task);
    if (node === -1 || movable & (1 << (task - first))) continue;
    if (kind[node] === FAILED) return { kind: "throw", cause: result[node], event: -1 };
    const left = kind[node] === PARKED && !isDaemon(model.learner.stage.tasks[task]!);
    if (left && !ended(model)) return { kind: "stuck", event: -1 };
  }
  return null;
}

/** Whether nothing can happen any more, or `main` is done: then other checks have had their say. */
function ended(model: Model): boolean {
  model.enumerate();
  return model.count === 0 || model.trie.kind[model.nodeOf(0)] === DONE;
}

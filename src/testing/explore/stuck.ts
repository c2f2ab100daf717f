// What only the whole graph of states shows, where schedules are endless: a task that is parked and can never go on, whatever
// the others do, and a failure that nobody will ever hear of. From each state it is worked out, backwards, which tasks may
// still move.

import { isDaemon } from "../loop.js";
import type { Finding } from "./judge.js";
import { FIELDS, type Model, PASS } from "./model.js";
import { happen } from "./moves.js";
import { grown } from "./numbers.js";
import type { Store } from "./store.js";
import { DONE, FAILED, PARKED } from "./trie.js";

/** Tasks that are looked at in one go, a bit for each. */
const WORD = 31;

/** The edges of the graph, as they were found. */
export class Edges {
  /** Of each edge where it comes from, where it leads, and which tasks take part: the first ones, a bit for each. */
  private _numbers: Int32Array;
  private _length: number;

  constructor() {
    this._numbers = new Int32Array(3 * 256);
    this._length = 0;
  }

  add(from: number, to: number, moved: number): void {
    if (this._length === this._numbers.length) this._numbers = grown(this._numbers);
    this._numbers[this._length++] = from;
    this._numbers[this._length++] = to;
    this._numbers[this._length++] = moved;
  }

  /** For each state the tasks that may still move, by some way from it. */
  movable(states: number): Int32Array {
    const numbers = this._numbers;
    const first = new Int32Array(states).fill(-1);
    const next = new Int32Array(this._length / 3);
    for (let edge = 0; edge < next.length; edge++) {
      const to = numbers[edge * 3 + 1]!;
      next[edge] = first[to]!;
      first[to] = edge;
    }
    const movable = new Int32Array(states);
    // Late states first: what is known of them is then known where they are led to from.
    const work = Int32Array.from({ length: states }, (_, id) => id);
    const waits = new Uint8Array(states).fill(1);
    const pending: number[] = [];
    for (let left = states; left > 0 || pending.length > 0; ) {
      const id = pending.pop() ?? work[--left]!;
      if (!waits[id]) continue;
      waits[id] = 0;
      for (let edge = first[id]!; edge !== -1; edge = next[edge]!) {
        const from = numbers[edge * 3]!;
        const all = movable[from]! | movable[id]! | numbers[edge * 3 + 2]!;
        if (all === movable[from]) continue;
        movable[from] = all;
        if (waits[from]) continue;
        waits[from] = 1;
        pending.push(from);
      }
    }
    return movable;
  }
}

/**
 * The first state in which something is wrong that never comes right, and what; null if there is none. `edges` are those of the
 * first tasks; if there are more, the graph is gone through again for them.
 */
export function findStuck(
  model: Model,
  store: Store,
  edges: Edges,
): { readonly id: number; readonly finding: Finding } | null {
  for (let first = 0; first < model.ofTask.length; first += WORD) {
    const movable = (first === 0 ? edges : edgesOf(model, store, first)).movable(store.size);
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
  const edges = new Edges();
  for (let id = 0; id < store.size; id++) {
    load(model, store, id);
    model.enumerate();
    model.forget();
    const { count, events, hash } = model;
    for (let event = 0; event < count; event++) {
      happen(model, events, event * FIELDS);
      edges.add(id, store.add(model.state, model.width, model.hash, id), movedBy(events, event, first));
      model.takeBack(0, hash);
    }
  }
  return edges;
}

/** Tasks that take part in an event, from a first one on, a bit for each. */
export function movedBy(events: Int32Array, event: number, first: number): number {
  if (events[event * FIELDS] === PASS) return 0;
  return bit(events[event * FIELDS + 1]! - first) | bit(events[event * FIELDS + 3]! - first);
}

function bit(at: number): number {
  return at >= 0 && at < WORD ? 1 << at : 0;
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

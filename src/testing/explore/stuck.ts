// What only the whole graph of states shows, where schedules are endless: a task that is parked and can never go on, whatever
// the others do, and a failure that nobody will ever hear of. From each state it is worked out, backwards, which tasks may
// still move.

import { isDaemon } from "../loop.js";
import { PASS } from "./events.js";
import type { Finding } from "./judge.js";
import type { Model } from "./model.js";
import { grown } from "./numbers.js";
import type { Store } from "./store.js";
import { DONE, FAILED, PARKED } from "./trie.js";

/** Tasks that are looked at in one go, a bit for each. */
const WORD = 31;
const FIELDS_OF_EDGE = 4;

/** The edges of the graph, as they were found. */
export class Edges {
  /** Of each edge where it comes from, where it leads, and which tasks take part: one, and another or -1. */
  private _numbers: Int32Array;
  private _length: number;

  constructor() {
    this._numbers = new Int32Array(FIELDS_OF_EDGE * 256);
    this._length = 0;
  }

  /** Adds the edge of an event, in fields of an array. */
  add(from: number, to: number, events: Int32Array, place: number): void {
    if (this._length === this._numbers.length) this._numbers = grown(this._numbers);
    const passes = events[place] === PASS;
    this._numbers[this._length++] = from;
    this._numbers[this._length++] = to;
    this._numbers[this._length++] = passes ? -1 : events[place + 1]!;
    this._numbers[this._length++] = passes ? -1 : events[place + 3]!;
  }

  /** For each state the tasks that may still move, by some way from it: a bit for each, from one on. */
  movable(states: number, task: number): Int32Array {
    const numbers = this._numbers;
    const first = new Int32Array(states).fill(-1);
    const next = new Int32Array(this._length / FIELDS_OF_EDGE);
    const movable = new Int32Array(states);
    for (let edge = 0; edge < next.length; edge++) {
      const place = edge * FIELDS_OF_EDGE;
      const to = numbers[place + 1]!;
      next[edge] = first[to]!;
      first[to] = edge;
      movable[numbers[place]!]! |= bit(numbers[place + 2]! - task) | bit(numbers[place + 3]! - task);
    }
    // Late states first: what is known of them is then known where they are led to from.
    const work = Int32Array.from({ length: states }, (_, id) => id);
    const waits = new Uint8Array(states).fill(1);
    const pending: number[] = [];
    for (let left = states; left > 0 || pending.length > 0; ) {
      const id = pending.pop() ?? work[--left]!;
      if (!waits[id]) continue;
      waits[id] = 0;
      for (let edge = first[id]!; edge !== -1; edge = next[edge]!) {
        const from = numbers[edge * FIELDS_OF_EDGE]!;
        const all = movable[from]! | movable[id]!;
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

/** The first state in which something is wrong that never comes right, and what; null if there is none. */
export function findStuck(
  model: Model,
  store: Store,
  edges: Edges,
): { readonly id: number; readonly finding: Finding } | null {
  for (let first = 0; first < model.ofTask.length; first += WORD) {
    const movable = edges.movable(store.size, first);
    for (let id = 0; id < store.size; id++) {
      store.load(id, model.state);
      const finding = judge(model, first, movable[id]!);
      if (finding !== null) return { id, finding };
    }
  }
  return null;
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

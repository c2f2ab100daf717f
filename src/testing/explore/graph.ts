// The graph of states, as a search has found it: which state leads where, and who moves on the way.

import { PASS } from "./events.js";
import { grown } from "./numbers.js";

/** Of each edge where it leads, and which tasks move: the one whose event it is and another, or -1. */
const FIELDS_OF_EDGE = 3;
/** In place of its order: a state has been put into its set. */
const SORTED = 0x7fffffff;

export class Graph {
  private _edges: Int32Array;
  private _length: number;
  /** The edges of each state stand side by side: from where to where. */
  private _starts: Int32Array;
  private _ends: Int32Array;

  constructor() {
    this._edges = new Int32Array(FIELDS_OF_EDGE * 256);
    this._length = 0;
    this._starts = new Int32Array(256);
    this._ends = new Int32Array(256);
  }

  /** The edges of a state follow, instead of those that it had. */
  begin(from: number): void {
    if (from >= this._starts.length) {
      this._starts = grown(this._starts);
      this._ends = grown(this._ends);
    }
    this._starts[from] = this._ends[from] = this._length;
  }

  /** Adds the edge of an event, in fields of an array. */
  add(from: number, to: number, events: Int32Array, place: number): void {
    if (this._length === this._edges.length) this._edges = grown(this._edges);
    const passes = events[place] === PASS;
    this._edges[this._length++] = to;
    this._edges[this._length++] = passes ? -1 : events[place + 1]!;
    this._edges[this._length++] = passes ? -1 : events[place + 3]!;
    this._ends[from] = this._length;
  }

  /** Which tasks move on the edges of some states; those alone whose events they are, if so asked. */
  movers(states: Int32Array, tasks: number, alone: boolean): Uint8Array {
    const moves = new Uint8Array(tasks);
    for (const state of states) {
      for (let edge = this._starts[state]!; edge < this._ends[state]!; edge += FIELDS_OF_EDGE) {
        moves[this._edges[edge + 1]!] = 1;
        if (!alone) moves[this._edges[edge + 2]!] = 1;
      }
    }
    return moves;
  }

  /** For each of so many states whether a task may still move, by some way from it. */
  mayMove(states: number, task: number): Uint8Array {
    const may = new Uint8Array(states);
    const edges = this._edges;
    for (let more = true; more; ) {
      more = false;
      for (let state = states - 1; state >= 0; state--) {
        const end = this._ends[state]!;
        for (let edge = this._starts[state]!; edge < end && may[state] === 0; edge += FIELDS_OF_EDGE) {
          if (edges[edge + 1] !== task && edges[edge + 2] !== task && may[edges[edge]!] === 0) continue;
          may[state] = 1;
          more = true;
        }
      }
    }
    return may;
  }

  /**
   * The sets of states, each reached from each, that nothing leads out of: whatever goes on for ever may come to one of them, and
   * stays in it. Strongly connected components, by depth-first search (Tarjan). States that have no edges are none.
   */
  bottoms(states: number): Int32Array[] {
    const bottoms: Int32Array[] = [];
    const order = new Int32Array(states);
    const low = new Int32Array(states);
    const leaves = new Uint8Array(states);
    const next = this._starts.slice(0, states);
    const [path, pending] = [new Int32Array(states), new Int32Array(states)];
    let [count, depth, length] = [0, -1, 0];
    const enter = (state: number): void => {
      order[state] = low[state] = ++count;
      path[++depth] = pending[length++] = state;
    };
    const close = (root: number): void => {
      const from = pending.lastIndexOf(root, length - 1);
      const set = pending.subarray(from, length);
      for (const state of set) order[state] = SORTED;
      if (next[root] !== this._starts[root] && set.every((state) => leaves[state] === 0)) bottoms.push(set.slice());
      length = from;
    };
    for (enter(0); depth >= 0; ) {
      const state = path[depth]!;
      const edge = next[state]!;
      if (edge < this._ends[state]!) {
        next[state] = edge + FIELDS_OF_EDGE;
        const to = this._edges[edge]!;
        if (order[to] === 0) enter(to);
        else if (order[to] === SORTED) leaves[state] = 1;
        else if (order[to]! < low[state]!) low[state] = order[to]!;
        continue;
      }
      if (low[state] === order[state]) close(state);
      if (--depth < 0) break;
      const before = path[depth]!;
      if (order[state] === SORTED) leaves[before] = 1;
      else if (low[state]! < low[before]!) low[before] = low[state]!;
    }
    return bottoms;
  }
}

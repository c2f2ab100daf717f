// The graph of states, as a search has found it: which state leads where, and who moves on the way.

import type { Permutations } from "../reduction/permutations.js";
import { DELAY } from "../semantics/events.js";
import { grown } from "../semantics/numbers.js";

export class Graph {
  /** Where each edge leads, and two tasks that move: the one whose event it is and another, or -1. */
  private _to: Int32Array;
  private _movers: Int32Array;
  /** Whose place each task takes on each edge; null where all keep theirs. */
  private _changes: Int32Array | null;
  private readonly _permutations: Permutations;
  private _count: number;
  /** The edges of each state stand side by side: from where to where. */
  private _starts: Int32Array;
  private _ends: Int32Array;

  constructor(permutations: Permutations) {
    this._to = new Int32Array(256);
    this._movers = new Int32Array(512);
    this._changes = null;
    this._permutations = permutations;
    this._count = 0;
    this._starts = new Int32Array(256);
    this._ends = new Int32Array(256);
  }

  /** Whether tasks have changed places. */
  get turned(): boolean {
    return this._changes !== null;
  }

  /** The edges of a state follow, instead of those that it had. */
  begin(from: number): void {
    if (from >= this._starts.length) {
      this._starts = grown(this._starts);
      this._ends = grown(this._ends);
    }
    this._starts[from] = this._ends[from] = this._count;
  }

  /** Adds the edge of an event, in fields of an array, after which tasks have changed places. */
  add(from: number, to: number, events: Int32Array, place: number, changes: number): void {
    if (this._count === this._to.length) this._lengthen();
    if (changes !== 0) (this._changes ??= new Int32Array(this._to.length))[this._count] = changes;
    const passes = events[place] === DELAY;
    this._to[this._count] = to;
    this._movers[this._count * 2] = passes ? -1 : events[place + 1]!;
    this._movers[this._count * 2 + 1] = passes ? -1 : events[place + 3]!;
    this._ends[from] = ++this._count;
  }

  private _lengthen(): void {
    this._to = grown(this._to);
    this._movers = grown(this._movers);
    if (this._changes !== null) this._changes = grown(this._changes);
  }

  /**
   * A state of each set that nothing leads out of and in which each is reached from each: whatever goes on for ever may come to
   * one of them, and stays there. States that have no edges are none.
   */
  bottoms(states: number): number[] {
    const first = this._firstReached(states);
    const leaves = new Uint8Array(states);
    for (let state = 0; state < states; state++) {
      const among = first[state]!;
      for (let edge = this._starts[state]!; edge < this._ends[state]!; edge++) {
        if (first[this._to[edge]!] !== among) leaves[among] = 1;
      }
    }
    const bottoms: number[] = [];
    for (let state = 0; state < states; state++) {
      if (first[state] !== state || this._starts[state] === this._ends[state]) continue;
      // Others from which it is reached may lead elsewhere too.
      if (leaves[state] === 0 || this._reaches(state, (other) => first[other] !== state) === -1) bottoms.push(state);
    }
    return bottoms;
  }

  /** For each state the first that is reached from it. */
  private _firstReached(states: number): Int32Array {
    const first = Int32Array.from({ length: states }, (_, state) => state);
    while (this._sweep(first, states - 1, -1, -1) && this._sweep(first, 0, states, 1));
    return first;
  }

  /** Takes over, state by state, what is known where its edges lead; whether that was news. */
  private _sweep(first: Int32Array, from: number, end: number, step: number): boolean {
    const { _starts: starts, _ends: ends, _to: to } = this;
    let news = false;
    for (let state = from; state !== end; state += step) {
      const before = first[state]!;
      let least = before;
      for (let edge = starts[state]!; edge < ends[state]!; edge++) least = Math.min(least, first[to[edge]!]!);
      if (least === before) continue;
      first[state] = least;
      news = true;
    }
    return news;
  }

  /** Of some tasks those that never move, whatever is reached from a state; that they move with another does not count, if so asked. */
  unmoved(from: number, tasks: Iterable<number>, alone: boolean): Set<number> {
    const left = new Set(tasks);
    this._reaches(from, (state, places) => {
      const moves = (mover: number): void => {
        for (const task of left) if (this._permutations.of(places, task) === mover) left.delete(task);
      };
      for (let edge = this._starts[state]!; edge < this._ends[state]! && left.size > 0; edge++) {
        moves(this._movers[edge * 2]!);
        if (!alone) moves(this._movers[edge * 2 + 1]!);
      }
      return left.size === 0;
    });
    return left;
  }

  /** The first state that is looked for, of those that are reached from one, with whose place each has taken; -1 if none is. */
  private _reaches(from: number, isIt: (state: number, places: number) => boolean): number {
    const seen = [new Set([from])];
    const reached = [from, 0];
    for (let at = 0; at < reached.length; at += 2) {
      const [state, places] = [reached[at]!, reached[at + 1]!];
      if (isIt(state, places)) return state;
      for (let edge = this._starts[state]!; edge < this._ends[state]!; edge++) {
        const to = this._to[edge]!;
        const after = this._changes === null ? 0 : this._permutations.compose(places, this._changes[edge]!);
        const before = (seen[after] ??= new Set());
        if (before.has(to)) continue;
        before.add(to);
        reached.push(to, after);
      }
    }
    return -1;
  }

  /** Whether a task moves on an edge of a state. */
  moves(state: number, task: number): boolean {
    for (let edge = this._starts[state]!; edge < this._ends[state]!; edge++) {
      if (this._movers[edge * 2] === task || this._movers[edge * 2 + 1] === task) return true;
    }
    return false;
  }

  /** For each of so many states whether it leads to one that is looked for, or is one. */
  leadTo(states: number, isIt: (state: number) => boolean): Uint8Array {
    const lead = Uint8Array.from({ length: states }, (_, state) => (isIt(state) ? 1 : 0));
    for (let more = true; more; ) {
      more = false;
      for (let state = states - 1; state >= 0; state--) {
        for (let edge = this._starts[state]!; edge < this._ends[state]! && lead[state] === 0; edge++) {
          if (lead[this._to[edge]!] === 0) continue;
          lead[state] = 1;
          more = true;
        }
      }
    }
    return lead;
  }
}

// The graph of the states that a search has visited: which transition leads from which state to which, which tasks take part in
// it, and which permutation of tasks the symmetry reduction applied to its end.
//
// The transitions of a state stand side by side in arrays, in the order in which the search took them. Bottom strongly connected
// components are found by Tarjan's algorithm (Depth-first search and linear graph algorithms, 1972).

import type { Permutations } from "../reduction/permutations.js";
import { DELAY } from "../semantics/events.js";
import { grown } from "../semantics/numbers.js";

/** The task of a participant that there is not. */
const NONE = -1;

export class StateGraph {
  /** For each transition the state that it leads to, and its participants: the task of the event and the other task, or -1. */
  private _to: Int32Array;
  private _participants: Int32Array;
  /** For each transition the permutation that was applied to its end; null while none was. */
  private _applied: Int32Array | null;
  private readonly _permutations: Permutations;
  private _count: number;
  /** For each state its first transition, and the end of its transitions. */
  private _starts: Int32Array;
  private _ends: Int32Array;

  constructor(permutations: Permutations) {
    this._to = new Int32Array(256);
    this._participants = new Int32Array(512);
    this._applied = null;
    this._permutations = permutations;
    this._count = 0;
    this._starts = new Int32Array(256);
    this._ends = new Int32Array(256);
  }

  /** Whether a permutation was applied on some transition. */
  get permuted(): boolean {
    return this._applied !== null;
  }

  /** The transitions of a state follow; they replace those that it had. */
  begin(from: number): void {
    if (from >= this._starts.length) {
      this._starts = grown(this._starts);
      this._ends = grown(this._ends);
    }
    this._starts[from] = this._ends[from] = this._count;
  }

  /** Adds the transition of the event at a place of an array, and the permutation that was applied to its end. */
  add(from: number, to: number, events: Int32Array, place: number, permutation: number): void {
    if (this._count === this._to.length) this._lengthen();
    if (permutation !== 0) (this._applied ??= new Int32Array(this._to.length))[this._count] = permutation;
    const passes = events[place] === DELAY;
    this._to[this._count] = to;
    this._participants[this._count * 2] = passes ? NONE : events[place + 1]!;
    this._participants[this._count * 2 + 1] = passes ? NONE : events[place + 3]!;
    this._ends[from] = ++this._count;
  }

  private _lengthen(): void {
    this._to = grown(this._to);
    this._participants = grown(this._participants);
    if (this._applied !== null) this._applied = grown(this._applied);
  }

  /** Adds a transition to a state that has its transitions already. */
  extend(from: number, to: number, events: Int32Array): void {
    const [first, end] = [this._starts[from]!, this._ends[from]!];
    this.begin(from);
    for (let edge = first; edge < end; edge++) {
      if (this._count === this._to.length) this._lengthen();
      this._to[this._count] = this._to[edge]!;
      this._participants.copyWithin(this._count * 2, edge * 2, edge * 2 + 2);
      if (this._applied !== null) this._applied[this._count] = this._applied[edge]!;
      this._count++;
    }
    this.add(from, to, events, 0, 0);
  }

  /**
   * The first state of each bottom strongly connected component of the first `states` states, in order. Every run that never ends
   * may come to such a component, and none leaves it. A state without transitions is an end, and none of these.
   */
  bottoms(states: number): number[] {
    const { _starts: starts, _ends: ends, _to: to } = this;
    const bottoms = stronglyConnected(states, (state) => to.subarray(starts[state]!, ends[state]!))
      .filter((component) => this._isBottom(component))
      .map((component) => component.reduce((one, other) => Math.min(one, other)));
    return bottoms.sort((one, other) => one - other);
  }

  /** The states from `first` on that lie on a cycle in which no time passes. */
  timelessCycles(first: number, states: number): number[] {
    const timeless = (state: number): number[] => this._timeless(first + state).map((to) => to - first);
    return stronglyConnected(states - first, timeless)
      .filter(([one, ...more]) => more.length > 0 || timeless(one!).includes(one!))
      .flat()
      .map((state) => first + state);
  }

  /** The states that can be reached from some states while no time passes, these included. */
  timelessFrom(states: readonly number[]): number[] {
    const reached = new Set(states);
    for (const state of reached) for (const to of this._timeless(state)) reached.add(to);
    return [...reached].sort((one, other) => one - other);
  }

  /** The states to which the transitions of a state lead that take no time. */
  private _timeless(state: number): number[] {
    const next: number[] = [];
    for (let edge = this._starts[state]!; edge < this._ends[state]!; edge++) {
      if (this._participants[edge * 2] !== NONE) next.push(this._to[edge]!);
    }
    return next;
  }

  /** Whether no transition leads out of a component, and there are some in it. */
  private _isBottom(component: readonly number[]): boolean {
    const members = new Set(component);
    let transitions = 0;
    for (const state of component) {
      for (let edge = this._starts[state]!; edge < this._ends[state]!; edge++) {
        if (!members.has(this._to[edge]!)) return false;
        transitions++;
      }
    }
    return transitions > 0;
  }

  /**
   * The given tasks that take part in no transition that is reachable from a state. `alone`: being the partner of a rendezvous
   * does not count.
   */
  inactive(from: number, tasks: Iterable<number>, alone: boolean): Set<number> {
    const left = new Set(tasks);
    this._visit(from, (state, permutation) => {
      const moves = (mover: number): void => {
        for (const task of left) if (this._permutations.of(permutation, task) === mover) left.delete(task);
      };
      for (let edge = this._starts[state]!; edge < this._ends[state]! && left.size > 0; edge++) {
        moves(this._participants[edge * 2]!);
        if (!alone) moves(this._participants[edge * 2 + 1]!);
      }
      return left.size === 0;
    });
    return left;
  }

  /** Visits all states that are reachable from one, with the permutations that lead there, until the visitor returns true. */
  private _visit(from: number, visitor: (state: number, permutation: number) => boolean): void {
    const seen = [new Set([from])];
    const reached = [from, 0];
    for (let at = 0; at < reached.length; at += 2) {
      const [state, permutation] = [reached[at]!, reached[at + 1]!];
      if (visitor(state, permutation)) return;
      for (let edge = this._starts[state]!; edge < this._ends[state]!; edge++) {
        const to = this._to[edge]!;
        const after = this._applied === null ? 0 : this._permutations.compose(permutation, this._applied[edge]!);
        const before = (seen[after] ??= new Set());
        if (before.has(to)) continue;
        before.add(to);
        reached.push(to, after);
      }
    }
  }

  /** Whether a task takes part in a transition of a state. */
  moves(state: number, task: number): boolean {
    for (let edge = this._starts[state]!; edge < this._ends[state]!; edge++) {
      if (this._participants[edge * 2] === task || this._participants[edge * 2 + 1] === task) return true;
    }
    return false;
  }

  /** For each of the first `states` states whether a state with a property is reachable from it: 1, or 0. */
  canReach(states: number, has: (state: number) => boolean): Uint8Array {
    const reach = Uint8Array.from({ length: states }, (_, state) => (has(state) ? 1 : 0));
    for (let more = true; more; ) {
      more = false;
      for (let state = states - 1; state >= 0; state--) {
        for (let edge = this._starts[state]!; edge < this._ends[state]! && reach[state] === 0; edge++) {
          if (reach[this._to[edge]!] === 0) continue;
          reach[state] = 1;
          more = true;
        }
      }
    }
    return reach;
  }
}

/** The strongly connected components of a graph of the nodes from 0 on, by Tarjan's algorithm; `next` gives where a node leads to. */
export function stronglyConnected(count: number, next: (node: number) => ArrayLike<number>): number[][] {
  /** When a node was entered, from 1; and the earliest node, by that, that is known to be reached from it. */
  const entered = new Int32Array(count);
  const low = new Int32Array(count);
  /** Nodes whose component is not complete, in the order in which they were entered; and whether a node is one of them. */
  const open: number[] = [];
  const isOpen = new Uint8Array(count);
  /** The path from the root of the depth-first search to the current node, with what is left to follow from each. */
  const path: { readonly node: number; readonly next: ArrayLike<number>; at: number }[] = [];
  const components: number[][] = [];
  let entries = 0;
  const enter = (node: number): void => {
    entered[node] = low[node] = ++entries;
    isOpen[node] = 1;
    open.push(node);
    path.push({ node, next: next(node), at: 0 });
  };
  for (let root = 0; root < count; root++) {
    if (entered[root] === 0) enter(root);
    while (path.length > 0) {
      const step = path[path.length - 1]!;
      const { node } = step;
      if (step.at < step.next.length) {
        const target = step.next[step.at++]!;
        if (entered[target] === 0) enter(target);
        else if (isOpen[target] === 1) low[node] = Math.min(low[node]!, entered[target]!);
        continue;
      }
      path.pop();
      const before = path[path.length - 1]?.node;
      if (before !== undefined) low[before] = Math.min(low[before]!, low[node]!);
      if (low[node] === entered[node]) {
        const component = open.splice(open.lastIndexOf(node));
        for (const member of component) isOpen[member] = 0;
        components.push(component);
      }
    }
  }
  return components;
}

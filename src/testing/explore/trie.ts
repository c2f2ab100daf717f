// What is known of each task, as a tree: a node is where a task stands, an edge what happened to it. What a task does next
// depends on nothing but what happened to it before, so the tree is learned once, however many schedules lead through it.
// A node is a number; what belongs to it stands in arrays.

import { CLOSED } from "../../ends.js";
import type { Values } from "../values.js";
import { CLOSE, DEFAULT, JOIN, LOOK, READ, RECEIVE, SEND, SLEEP, STRIDE, Thrown, TIMER } from "./forms.js";
import { LENGTH } from "./stand-ins.js";

/** Not a place after all: a round of a loop that had been before. */
export const NOWHERE = -1;
/** Waits, or performs a plain call. */
export const PARKED = 0;
export const DONE = 1;
export const FAILED = 2;
/** Failed, and somebody has been told. */
export const JOINED = 3;

/** What happens to the rest of the state when a task comes to a node. */
export interface Effects {
  /** The roots of tasks that it starts: variants, as the learner counts them. */
  readonly starts: number[];
  /** Timeouts that begin: the timer, and milliseconds. */
  readonly timers: (readonly [timer: number, ms: number])[];
  /** Cells that are made: the cell, and its value. */
  readonly cells: (readonly [cell: number, value: number])[];
}

/** What happened to a task at a node: which case, and what it yielded as a code. */
export interface Input {
  readonly at: number;
  readonly code: number;
}

/** Where a loop is again where it had been. */
export interface Fold {
  readonly node: number;
  readonly timers: number;
}

export class Trie {
  readonly kind: number[];
  readonly task: number[];
  readonly parent: number[];
  readonly input: (Input | null)[];
  readonly cases: Int32Array[];
  /** Whether it is a plain call, which never waits. */
  readonly call: boolean[];
  readonly effects: (Effects | null)[];
  /** What its task returned or threw. */
  readonly result: unknown[];
  /** Where in the source it stands, if that is known. */
  readonly place: (Error | undefined)[];
  /** The longest sleep it waits for; -1 for none. */
  readonly sleep: number[];
  /** The node that it is but for what it has been told; itself for most. */
  readonly base: number[];
  /** For a round that had been before: the node at which it began then, and how many timers had begun there by then. */
  readonly fold: (Fold | null)[];
  /** Where its task stands once it has come to it, if nothing else changes by that; -1 if something does. */
  readonly lands: number[];
  /** Channels that were closed while its sends were parked there. */
  readonly late: (readonly number[] | null)[];
  /** Whether it is a plain call right after another: nobody comes between the two. */
  readonly midst: boolean[];
  /** Whether a plain call comes right after this one, in some past. */
  readonly leadsOn: boolean[];
  /**
   * For one of those: the channel that the call before has sent to or taken from, where whoever is parked is served at once,
   * times two, and one more if it has sent; -1 for none.
   */
  readonly serves: number[];
  /** Whether there are plain calls right after others at all. */
  anyMidst: boolean;
  private readonly _values: Values;
  private readonly _twins: Map<string, number>;
  private _edges: Int32Array;
  private _mask: number;
  private _used: number;

  constructor(values: Values) {
    this.kind = [];
    this.task = [];
    this.parent = [];
    this.input = [];
    this.cases = [];
    this.call = [];
    this.effects = [];
    this.result = [];
    this.place = [];
    this.sleep = [];
    this.base = [];
    this.fold = [];
    this.lands = [];
    this.late = [];
    this.midst = [];
    this.leadsOn = [];
    this.serves = [];
    this.anyMidst = false;
    this._values = values;
    this._twins = new Map();
    this._edges = new Int32Array(4 * 1024).fill(-1);
    this._mask = 1023;
    this._used = 0;
  }

  get size(): number {
    return this.kind.length;
  }

  add(task: number, parent: number, input: Input | null): number {
    const node = this.kind.length;
    this.kind.push(NOWHERE);
    this.task.push(task);
    this.parent.push(parent);
    this.input.push(input);
    this.cases.push(NOTHING);
    this.call.push(false);
    this.effects.push(null);
    this.result.push(undefined);
    this.place.push(undefined);
    this.sleep.push(-1);
    this.base.push(node);
    this.fold.push(null);
    this.lands.push(-1);
    this.late.push(null);
    this.midst.push(false);
    this.leadsOn.push(false);
    this.serves.push(-1);
    return node;
  }

  /** Fills in where a task has come to. */
  park(node: number, cases: Int32Array, call: boolean, place: Error | undefined): void {
    this.kind[node] = PARKED;
    this.cases[node] = cases;
    this.call[node] = call;
    this.place[node] = place;
    const parent = this.parent[node]!;
    if (call && parent !== -1 && this.call[parent]) this._follow(node, parent);
    for (let at = 0; at < cases.length; at += STRIDE) {
      if (cases[at] === SLEEP) this.sleep[node] = Math.max(this.sleep[node]!, cases[at + 2]!);
    }
  }

  /** All is known of a node. */
  land(node: number): void {
    const fold = this.fold[node]!;
    if (this.effects[node] !== null) return;
    const begun = fold === null ? 0 : (this.effects[fold.node]?.timers.length ?? 0);
    if (fold === null || begun === fold.timers) this.lands[node] = fold === null ? node : fold.node;
  }

  /** A plain call comes right after another. */
  private _follow(node: number, parent: number): void {
    const before = this.cases[parent]!;
    this.midst[node] = this.leadsOn[parent] = this.anyMidst = true;
    const served = (before[0] === RECEIVE || before[0] === SEND) && this.input[node]!.at === 0;
    if (served) this.serves[node] = before[1]! * 2 + (before[0] === SEND ? 1 : 0);
  }

  end(node: number, kind: number, result: unknown): void {
    this.kind[node] = kind;
    this.result[node] = result;
  }

  /** The same place, with a channel closed while its send was parked there: it is delivered all the same. */
  lateTwin(node: number, channel: number): number {
    const late = this.late[node];
    if (late?.includes(channel)) return node;
    return this._twin(node, `late ${[...(late ?? []), channel].sort().join()}`, (twin) => {
      this.late[twin] = [...(late ?? []), channel];
    });
  }

  /** The same end of a task, with somebody told of its failure. */
  joinedTwin(node: number): number {
    return this._twin(node, "joined", (twin) => {
      this.kind[twin] = JOINED;
    });
  }

  private _twin(node: number, what: string, change: (twin: number) => void): number {
    const base = this.base[node]!;
    const key = `${base} ${what}`;
    const known = this._twins.get(key);
    if (known !== undefined) return known;
    const twin = this.add(this.task[base]!, this.parent[base]!, this.input[base]!);
    for (const column of [this.kind, this.cases, this.call, this.result, this.place, this.sleep] as unknown[][]) {
      column[twin] = column[base];
    }
    this.base[twin] = base;
    change(twin);
    this._twins.set(key, twin);
    return twin;
  }

  /** Where an input leads, -1 if that is not known yet. */
  edge(node: number, at: number, code: number): number {
    const edges = this._edges;
    for (let slot = hash(node, at, code) & this._mask; ; slot = (slot + 1) & this._mask) {
      const place = slot * 4;
      if (edges[place] === -1) return -1;
      if (edges[place] === node && edges[place + 1] === at && edges[place + 2] === code) return edges[place + 3]!;
    }
  }

  setEdge(node: number, at: number, code: number, child: number): void {
    if (++this._used * 2 > this._mask) this._grow();
    let slot = hash(node, at, code) & this._mask;
    while (this._edges[slot * 4] !== -1) slot = (slot + 1) & this._mask;
    this._edges.set([node, at, code, child], slot * 4);
  }

  private _grow(): void {
    const old = this._edges;
    this._edges = new Int32Array(old.length * 2).fill(-1);
    this._mask = this._mask * 2 + 1;
    this._used = 0;
    for (let place = 0; place < old.length; place += 4) {
      if (old[place] !== -1) this.setEdge(old[place]!, old[place + 1]!, old[place + 2]!, old[place + 3]!);
    }
  }

  /** What a task gets when a case has happened with a code. */
  valueOf(node: number, { at, code }: Input): unknown {
    const cases = this.cases[node]!;
    const value = this._value(cases[at * STRIDE]!, code, cases[at * STRIDE + 2]!);
    if (!this.call[node] || cases[at * STRIDE]! >= CLOSE) return value;
    return cases[at * STRIDE] === DEFAULT ? null : { value };
  }

  private _value(kind: number, code: number, operand: number): unknown {
    if (kind === SEND || kind === CLOSE) return code === 1;
    if (kind === RECEIVE || kind === JOIN) {
      if (code === 0) return CLOSED;
      return code & 1 ? new Thrown(this._values.at((code - 1) / 2)) : this._values.at((code - 2) / 2);
    }
    if (kind === TIMER) return CLOSED;
    if (kind === READ) return operand === LENGTH ? code : code === 1;
    if (kind === LOOK) return this._values.at(code);
    return undefined;
  }
}

/** The code of a value that is yielded, and of a cause that is thrown. */
export const valueCode = (id: number): number => id * 2 + 2;
export const causeCode = (id: number): number => id * 2 + 1;

const NOTHING = new Int32Array(0);

function hash(node: number, at: number, code: number): number {
  let mixed = Math.imul(node, 0x9e3779b1) ^ Math.imul(at, 0x85ebca6b) ^ Math.imul(code, 0xc2b2ae35);
  mixed ^= mixed >>> 15;
  mixed = Math.imul(mixed, 0x2c1b3c6d);
  return mixed ^ (mixed >>> 13);
}

// What is known of each task, as a tree: a node is where a task stands, an edge what happened to it. What a task does next
// depends on nothing but what happened to it before, so the tree is learned once, however many schedules lead through it.
// A node is a number; what belongs to it stands in arrays.

import { CLOSED } from "../../../channel/ends.js";
import type { Values } from "../../report/values.js";
import {
  CANCEL_SCOPE,
  CANCEL_TASK,
  DEFAULT,
  involvesCancelling,
  KINDS,
  RECEIVE,
  RESUME,
  RETURN_AFTER,
  SEND,
  SLEEP,
  STRIDE,
  UNORDERED,
  WHEN_OVER,
} from "./cases.js";
import { Thrown } from "./operation-cases.js";
import { Edges } from "./transition-table.js";

/** Not a place after all: a round of a loop that had been before. */
export const NOWHERE = -1;
/** Waits, or performs a plain call. */
export const PARKED = 0;
export const DONE = 1;
export const FAILED = 2;
/** Failed, and somebody has been told. */
export const JOINED = 3;
export const CANCELLED = 4;

/** What happens to the rest of the state when a task comes to a node. */
export interface Effects {
  /** The roots of tasks that it starts: variants, as the learner counts them. */
  readonly starts: number[];
  /** Timeouts that begin: the timer, and milliseconds. */
  readonly timers: (readonly [timer: number, ms: number])[];
  /** Cells that are made: the cell, and its value. */
  readonly cells: (readonly [cell: number, value: number])[];
}

/** What happened to a task at a node: which case, or that it is to return, and what it yielded as a code. */
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
  /** Whether it is a plain call before which its task has started others: they begin when the call happens, not before. */
  readonly defers: boolean[];
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
  /** Whether there are scopes, or tasks that are cancelled, at all. */
  anyCancels: boolean;
  /** Whether its task was cancelled, and has returned; or is to return as soon as it waits. */
  readonly cancelled: boolean[];
  readonly stopping: boolean[];
  /** Whether it performs a scope, among others. */
  readonly scoped: boolean[];
  /**
   * For one that stands for a turn that is coming, of a task that may be cancelled before it has it: the node at which that turn
   * begins; -1 for all others.
   */
  readonly turnTo: number[];
  /** Where inputs lead. */
  readonly edges: Edges;
  private readonly _values: Values;
  private readonly _twins: Map<string, number>;
  private readonly _turns: Map<string, number>;

  constructor(values: Values) {
    this.kind = [];
    this.task = [];
    this.parent = [];
    this.input = [];
    this.cases = [];
    this.call = [];
    this.effects = [];
    this.defers = [];
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
    this.anyMidst = this.anyCancels = false;
    this.cancelled = [];
    this.stopping = [];
    this.scoped = [];
    this.turnTo = [];
    this._values = values;
    this._twins = new Map();
    this._turns = new Map();
    this.edges = new Edges();
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
    this.defers.push(false);
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
    const after = parent !== -1 && this.call[parent]!;
    this.cancelled.push(parent !== -1 && (this.cancelled[parent]! || input!.at < 0));
    this.stopping.push(after && (this.stopping[parent]! || this.stops(parent, input!)));
    this.scoped.push(false);
    this.turnTo.push(-1);
    return node;
  }

  /** Whether a plain call has cancelled the very task that made it. */
  stops(node: number, { at, code }: Input): boolean {
    const kind = this.cases[node]![at * STRIDE]!;
    return (kind === CANCEL_TASK || kind === CANCEL_SCOPE) && code === 1;
  }

  /** The turn that begins at a node; it is coming, or is as soon as a task is over. */
  turn(node: number, after: number): number {
    const key = `${node} ${after}`;
    const known = this._turns.get(key);
    if (known !== undefined) return known;
    const turn = this.add(this.task[node]!, -1, null);
    this.kind[turn] = PARKED;
    this.cases[turn] =
      after === -1 ? Int32Array.of(RESUME, 0, 0, UNORDERED) : Int32Array.of(WHEN_OVER, after, 0, UNORDERED);
    this.cancelled[turn] = this.cancelled[node]!;
    this.turnTo[turn] = node;
    if (this.call[node]) this.midst[node] = this.leadsOn[turn] = this.anyMidst = true;
    this.edges.set(turn, 0, 0, node);
    this._turns.set(key, turn);
    return turn;
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
      const kind = cases[at]!;
      if (involvesCancelling(kind)) this.anyCancels = true;
      if (KINDS[kind]!.performsScope) this.scoped[node] = true;
    }
  }

  /** All is known of a node. */
  land(node: number): void {
    const fold = this.fold[node]!;
    if (this.effects[node] !== null) {
      this.defers[node] = this.call[node]! && this.effects[node]!.starts.length > 0;
      return;
    }
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
    const late = this.late[node] ?? [];
    return late.includes(channel) ? node : this._late(node, [...late, channel]);
  }

  /** The same place, as if a channel had not been closed while its send was parked there. */
  onTime(node: number, channel: number): number {
    const late = this.late[node]!.filter((other) => other !== channel);
    return late.length === 0 ? this.base[node]! : this._late(node, late);
  }

  private _late(node: number, channels: readonly number[]): number {
    return this._twin(node, `late ${[...channels].sort().join()}`, (twin) => {
      this.late[twin] = channels;
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
    for (const column of [
      ...[this.kind, this.cases, this.call, this.result, this.place, this.sleep],
      ...[this.cancelled, this.stopping, this.scoped],
    ] as unknown[][]) {
      column[twin] = column[base];
    }
    this.base[twin] = base;
    change(twin);
    this._twins.set(key, twin);
    return twin;
  }

  /** What `main` returns: nothing is learned that no schedule leads to, so every end of it is one. */
  outcomes(): Set<unknown> {
    const outcomes = new Map<number, unknown>();
    for (let node = 0; node < this.size; node++) {
      const result = this.result[node];
      if (this.task[node] === 0 && this.kind[node] === DONE) outcomes.set(this._values.idOf(result), result);
    }
    return new Set(outcomes.values());
  }

  /** What a task gets when a case has happened with a code. */
  valueOf(node: number, { at, code }: Input): unknown {
    if (at < 0) return at <= RETURN_AFTER ? this.valueOf(node, { at: RETURN_AFTER - at, code }) : undefined;
    const kind = this.cases[node]![at * STRIDE]!;
    const value = this._value(kind, code);
    if (!this.call[node] || KINDS[kind]!.isCall) return value;
    return kind === DEFAULT ? null : { value };
  }

  private _value(kind: number, code: number): unknown {
    switch (KINDS[kind]!.yields) {
      case "flag":
        return code === 1;
      case "number":
        return code;
      case "closed":
        return CLOSED;
      case "value":
        return this._values.at(code);
      case "outcome":
        if (code === 0) return CLOSED;
        return code & 1 ? new Thrown(this._values.at((code - 1) / 2)) : this._values.at((code - 2) / 2);
      default:
        return undefined;
    }
  }
}

/** The code of a value that is yielded, and of a cause that is thrown. */
export const valueCode = (id: number): number => id * 2 + 2;
export const causeCode = (id: number): number => id * 2 + 1;

const NOTHING = new Int32Array(0);

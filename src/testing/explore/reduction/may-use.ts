// May-use analysis: which channels, cells, tasks and scopes a task may still use, and how, from each of its local states. It is a
// backward dataflow analysis over the learned local transition systems, updated as they grow. A bit stands for a use, a row of
// bits for a local state.

import {
  ABORT,
  CANCEL,
  CLOSE,
  CLOSING,
  DEFAULT,
  DISCARD,
  FAIL,
  FREE,
  LOOK,
  QUIT,
  READ,
  RECEIVE,
  SEND,
  STRIDE,
  WRITE,
} from "../process/cases.js";
import { CANCELLED, FAILED, type Trie } from "../process/local-lts.js";
import { IS_DUE } from "../process/model-objects.js";
import type { Learner } from "../process/unfolder.js";
import { grown } from "../semantics/numbers.js";

/** The kinds of use. An ordered choice also reads its channels. */
const KINDS: readonly number[] = [SEND, RECEIVE, CLOSE, CLOSING, READ, LOOK, WRITE, CANCEL];
/** Kinds that cancel a scope; they, and the failure of one of its tasks, count as the first of these. */
const ENDINGS: readonly number[] = [ABORT, QUIT, FAIL];
/**
 * Added to the kind of a send or a receive: the first use of the buffer on some path from here, other uses of the same kind
 * aside. An empty buffer can only be sent to by such a use, and a full buffer only be received from.
 */
export const FIRST = 32;
const BITS = 32;

export class MayUse {
  /** Whether a row has changed; reset by the caller. */
  grew: boolean;
  private readonly _learner: Learner;
  private readonly _trie: Trie;
  /** Nodes that have been analysed. */
  private _seen: number;
  private _rows: Int32Array;
  private _words: number;
  /** For each kind, and what is used, the bit; and how many there are. */
  private readonly _bits: number[][];
  private _count: number;
  /** For each bit the tasks that have this use in some local state. */
  private readonly _users: number[][];
  /** For each node its predecessors other than its parent. */
  private readonly _before: (number[] | undefined)[];
  /** Nodes that start a task whose first local state is not known yet: the variant, and the node. */
  private _unknown: (readonly [variant: number, node: number])[];

  constructor(learner: Learner) {
    this.grew = false;
    this._learner = learner;
    this._trie = learner.trie;
    this._seen = 0;
    this._rows = new Int32Array(1024);
    this._words = 1;
    this._bits = [];
    this._count = 0;
    this._users = [];
    this._before = [];
    this._unknown = [];
  }

  /** The bit of a use. */
  use(kind: number, about: number): number {
    const bits = (this._bits[kind] ??= []);
    const known = bits[about];
    if (known !== undefined) return known;
    if (this._count === this._words * BITS) this._widen();
    this._users.push([]);
    return (bits[about] = this._count++);
  }

  /** Tasks with a use in some local state. */
  users(bit: number): readonly number[] {
    return this._users[bit]!;
  }

  /** Whether a use is possible from a node. */
  may(node: number, bit: number): boolean {
    return (this._rows[node * this._words + (bit >>> 5)]! & (1 << (bit & 31))) !== 0;
  }

  /** Analyses the nodes that were learned since the last update. */
  update(): void {
    const { _trie: trie } = this;
    for (; this._seen < trie.size; this._seen++) {
      const node = this._seen;
      while ((node + 1) * this._words > this._rows.length) this._rows = grown(this._rows);
      this._follow(node);
      this._uses(node);
      this._spreadFrom(node);
    }
    this._followStarts();
  }

  /** A task that starts another may, through it, use what the other uses. */
  private _followStarts(): void {
    const unknown = this._unknown;
    if (unknown.length === 0) return;
    this._unknown = [];
    for (const [variant, node] of unknown) {
      const { root } = this._learner.variants[variant]!;
      if (root === -1) this._unknown.push([variant, node]);
      else this._lead(root, node);
    }
  }

  /** Makes a node the predecessor of another, whose row it includes from now on. */
  private _lead(from: number, to: number): void {
    (this._before[from] ??= []).push(to);
    if (from < this._seen) this._spread(from, to);
  }

  /** Adds the edges of a node to the nodes where its task continues: back edges, annotated copies, pending resumptions, starts. */
  private _follow(node: number): void {
    const { fold, base, effects, turnTo } = this._trie;
    if (fold[node] != null) this._lead(fold[node]!.node, node);
    if (base[node] !== node) this._lead(base[node]!, node);
    if (turnTo[node] !== -1) this._lead(turnTo[node]!, node);
    for (const variant of effects[node]?.starts ?? []) this._unknown.push([variant, node]);
  }

  private _uses(node: number): void {
    const cases = this._trie.cases[node]!;
    const ordered = goesByOrder(cases);
    const region = this._learner.stage.regionOf[this._trie.task[node]!]!;
    if (region !== -1 && endsRegion(this._learner, node, region)) this._set(node, ABORT, region);
    for (let at = 0; at < cases.length; at += STRIDE) {
      const kind = cases[at]!;
      if (kind === DISCARD) this._set(node, CLOSE, cases[at + 1]!);
      if (ENDINGS.includes(kind)) this._set(node, ABORT, cases[at + 1]!);
      const ofTimer = kind === READ && cases[at + 2] === IS_DUE;
      if (ofTimer || !KINDS.includes(kind)) continue;
      this._set(node, kind, cases[at + 1]!);
      if (ordered && kind <= RECEIVE) this._set(node, READ, cases[at + 1]!);
      if (kind <= RECEIVE && this._isBuffered(cases[at + 1]!)) this._set(node, FIRST + kind, cases[at + 1]!);
    }
  }

  private _isBuffered(channel: number): boolean {
    return this._learner.stage.channels[channel]!.capacity > 0;
  }

  private _set(node: number, kind: number, about: number): void {
    const bit = this.use(kind, about);
    this._rows[node * this._words + (bit >>> 5)]! |= 1 << (bit & 31);
    this._addUser(bit, node);
  }

  private _addUser(bit: number, node: number): void {
    const task = this._trie.task[node]!;
    if (!this._users[bit]!.includes(task)) this._users[bit]!.push(task);
  }

  /** Propagates the row of a node to all its predecessors. */
  private _spreadFrom(node: number): void {
    this._spreadBack(node);
    for (const before of this._before[node] ?? []) this._spread(node, before);
  }

  /** Propagates the row of a node to its parent, but for uses of the buffer that are not the first from there. */
  private _spreadBack(node: number): void {
    const parent = this._trie.parent[node]!;
    if (parent === -1) return;
    const { at, code } = this._trie.input[node]!;
    const cases = this._trie.cases[parent]!;
    const kind = cases[at * STRIDE]!;
    const channel = cases[at * STRIDE + 1]!;
    const used = kind === SEND ? code === 1 : kind === RECEIVE && code > 0 && code % 2 === 0;
    const but = used && this._isBuffered(channel) ? this.use(FIRST + (kind === SEND ? RECEIVE : SEND), channel) : -1;
    this._spread(node, parent, but);
  }

  /** Adds the row of a node, but for one bit, to another row, and propagates what is new. */
  private _spread(from: number, to: number, but = -1): void {
    const words = this._words;
    let more = 0;
    for (let word = 0; word < words; word++) {
      const before = this._rows[to * words + word]!;
      const ahead = this._rows[from * words + word]! & (but >>> 5 === word ? ~(1 << (but & 31)) : -1);
      const added = ahead & ~before;
      if (added === 0) continue;
      more |= added;
      this._rows[to * words + word] = before | ahead;
      for (let bits = added; bits !== 0; bits &= bits - 1)
        this._addUser(word * BITS + 31 - Math.clz32(bits & -bits), to);
    }
    if (more === 0) return;
    this.grew = true;
    this._spreadFrom(to);
  }

  private _widen(): void {
    const before = this._words;
    const rows = new Int32Array(this._rows.length * 2);
    for (let node = 0; node < this._seen + 1; node++) {
      rows.set(this._rows.subarray(node * before, (node + 1) * before), node * before * 2);
    }
    this._rows = rows;
    this._words = before * 2;
  }
}

/** Whether a node is an end of a task of a scope that cancels the other tasks of the scope. */
export function endsRegion({ trie, stage }: Learner, node: number, region: number): boolean {
  if (trie.kind[node] === FAILED) return true;
  return trie.kind[node] === CANCELLED && stage.regions[region]!.members[0] === trie.task[node];
}

/** Whether a choice is ordered: which case it takes depends on which cases are ready. */
export function goesByOrder(cases: Int32Array): boolean {
  for (let at = 0; at < cases.length; at += STRIDE) if (cases[at] === DEFAULT || cases[at + 3] !== FREE) return true;
  return false;
}

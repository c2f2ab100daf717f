// What a task may still do, from where it stands: every use of a channel or a cell that lies ahead of it, as far as that has
// been learned. A bit for each use, a row of bits for each node.

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

/** Ways of using something; a choice that goes by order looks at its channels besides. */
const KINDS: readonly number[] = [SEND, RECEIVE, CLOSE, CLOSING, READ, LOOK, WRITE, CANCEL];
/** Ways of cancelling a scope; a task of it that fails is another, known as the first of these. */
const ENDINGS: readonly number[] = [ABORT, QUIT, FAIL];
/**
 * Added to the kind of a send or a receive: it is the first use of the buffer from there on, but for others like it. While a
 * buffer is empty only such a send can be the next, while it is full only such a receive.
 */
export const FIRST = 32;
const BITS = 32;

export class Futures {
  /** Whether more lies ahead of some node than was known of it before. */
  grew: boolean;
  private readonly _learner: Learner;
  private readonly _trie: Trie;
  /** Nodes that have been taken in. */
  private _seen: number;
  private _rows: Int32Array;
  private _words: number;
  /** For each kind, and what is used, the bit; and how many there are. */
  private readonly _bits: number[][];
  private _count: number;
  /** For each bit the tasks that use something so. */
  private readonly _users: number[][];
  /** Nodes, besides its parent, ahead of which a node lies. */
  private readonly _before: (number[] | undefined)[];
  /** Nodes at which a task is started of which it is not known what it does first: the variant, and the node. */
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

  /** Tasks that use something so, wherever they stand. */
  users(bit: number): readonly number[] {
    return this._users[bit]!;
  }

  /** Whether a use lies ahead of a node. */
  may(node: number, bit: number): boolean {
    return (this._rows[node * this._words + (bit >>> 5)]! & (1 << (bit & 31))) !== 0;
  }

  /** Takes in what has been learned since. */
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

  /** What a task does first lies ahead of whoever starts it. */
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

  /** What lies ahead of a node lies ahead of another, now and whenever more is learned. */
  private _lead(from: number, to: number): void {
    (this._before[from] ??= []).push(to);
    if (from < this._seen) this._spread(from, to);
  }

  /** Where a node goes on elsewhere, all that lies ahead there lies ahead of it, now and whenever more is learned. */
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

  /** What lies ahead of a node lies ahead of all from which it is reached. */
  private _spreadFrom(node: number): void {
    this._spreadBack(node);
    for (const before of this._before[node] ?? []) this._spread(node, before);
  }

  /** The same for the node before it, but for what is no first use from there. */
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

  /** What lies ahead of a node, but for a bit, lies ahead of another, and of all from which that is reached. */
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

/** Whether a task of a scope comes to an end at a node that cancels the others. */
export function endsRegion({ trie, stage }: Learner, node: number, region: number): boolean {
  if (trie.kind[node] === FAILED) return true;
  return trie.kind[node] === CANCELLED && stage.regions[region]!.members[0] === trie.task[node];
}

/** Whether what a choice may do depends on which of its cases are ready. */
export function goesByOrder(cases: Int32Array): boolean {
  for (let at = 0; at < cases.length; at += STRIDE) if (cases[at] === DEFAULT || cases[at + 3] !== FREE) return true;
  return false;
}

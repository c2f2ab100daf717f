// May-use analysis: which channels, cells, tasks, scopes and locks a task may still use, and how, from each of its local states. It is a
// backward dataflow analysis over the unfolded local transition systems, updated as they grow. A bit stands for a use, a row of
// bits for a local state.

import {
  ACQUIRE,
  AWAITS_END,
  CANCELS_SCOPE,
  FIRST_HEAD,
  FIRST_RELEASES,
  FIRST_TAIL,
  goesByOrder,
  HEAD,
  KINDS,
  READS_CHANNEL,
  READS_LOCK,
  RELEASES,
  STRIDE,
  TAIL,
} from "../process/cases.js";
import { CANCELLED, FAILED, type LocalLts } from "../process/local-lts.js";
import type { Unfolder } from "../process/unfolder.js";
import { grown } from "../semantics/numbers.js";

const BITS = 32;

export class MayUse {
  /** Whether a row has changed; reset by the caller. */
  grew: boolean;
  private readonly _unfolder: Unfolder;
  private readonly _lts: LocalLts;
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

  constructor(unfolder: Unfolder) {
    this.grew = false;
    this._unfolder = unfolder;
    this._lts = unfolder.lts;
    this._seen = 0;
    this._rows = new Int32Array(1024);
    this._words = 1;
    this._bits = [];
    this._count = 0;
    this._users = [];
    this._before = [];
    this._unknown = [];
  }

  /** The bit of a use of something. */
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

  /** Analyses the nodes that were unfolded since the last update. */
  update(): void {
    const { _lts: lts } = this;
    for (; this._seen < lts.size; this._seen++) {
      const node = this._seen;
      while ((node + 1) * this._words > this._rows.length) this._rows = grown(this._rows);
      this._follow(node);
      this._uses(node);
      this._releases(node);
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
      const { root } = this._unfolder.spawns[variant]!;
      if (root === -1) this._unknown.push([variant, node]);
      else this._lead(root, node);
    }
  }

  /** Makes a node the predecessor of another, whose row it includes from now on. */
  private _lead(from: number, to: number): void {
    (this._before[from] ??= []).push(to);
    if (from < this._seen) this._spread(from, to);
  }

  /** Adds the edges of a node to the nodes where its task continues: back edges, annotated copies, variants, pending resumptions, starts. */
  private _follow(node: number): void {
    const { _lts: lts } = this;
    const backEdge = lts.backEdge(node);
    if (backEdge !== null) this._lead(lts.variantOf(backEdge.node), node);
    if (lts.base(node) !== node) this._lead(lts.base(node), node);
    if (lts.resumesAt(node) !== -1) this._lead(lts.resumesAt(node), node);
    if (lts.variantOf(node) !== node) this._lead(node, lts.variantOf(node));
    for (const spawn of lts.starts(node)) this._unknown.push([spawn, node]);
  }

  private _uses(node: number): void {
    const cases = this._lts.cases(node);
    const ordered = goesByOrder(cases);
    const region = this._unfolder.sandbox.tasks[this._lts.task(node)]!.region;
    if (region !== -1 && endsRegion(this._unfolder, node, region)) this._set(node, CANCELS_SCOPE, region);
    for (let at = 0; at < cases.length; at += STRIDE) {
      const { uses, end, waitsForEnd, target: kindTarget } = KINDS[cases[at]!]!;
      const target = cases[at + 1]!;
      if (ordered && waitsForEnd && kindTarget === "task") this._set(node, AWAITS_END, target);
      for (const use of uses) this._set(node, use, target);
      if (cases[at] === ACQUIRE && ordered) this._set(node, READS_LOCK, target);
      if (end === null) continue;
      // A choice that goes by order looks at its channels besides.
      if (ordered) this._set(node, READS_CHANNEL, target);
      if (this._isBuffered(target)) this._set(node, firstUse(end), target);
    }
  }

  /** What is released on the way to a node lies ahead of the nodes before it; if it happens with a plain call, of the node. */
  private _releases(node: number): void {
    const { _lts: lts } = this;
    const turn = lts.resumesAt(node);
    // A pending request gives back what it was granted if its task is cancelled.
    if (turn !== -1) for (const lock of this._granted(turn)) this._releasesAt(node, lock, -1);
    const immediate = turn === -1 ? lts.immediateReleases(node) : 0;
    for (const [nth, [lock]] of (lts.effects(turn === -1 ? node : turn)?.releases ?? []).entries()) {
      const before = nth < immediate ? lts.parent(node) : -1;
      if (before === -1) this._releasesAt(node, lock, -1);
      else this._releasesAt(before, lock, this._granted(node)[0] ?? -1);
    }
  }

  /** The lock whose permits are granted with the transition that leads to a node. */
  private _granted(node: number): number[] {
    const [parent, label] = [this._lts.parent(node), this._lts.label(node)];
    if (parent === -1 || label!.at < 0 || this._lts.kindAt(parent, label!.at) !== ACQUIRE) return [];
    return [this._lts.targetAt(parent, label!.at)];
  }

  /** A lock is released from a node on, before the next request for it unless that was just `granted`. */
  private _releasesAt(node: number, lock: number, granted: number): void {
    this._setLate(node, RELEASES, lock);
    if (lock !== granted) this._setLate(node, FIRST_RELEASES, lock);
  }

  /** Adds a use to a node, also if that has been analysed before. */
  private _setLate(node: number, kind: number, about: number): void {
    if (this.may(node, this.use(kind, about))) return;
    this._set(node, kind, about);
    this.grew = true;
    this._spreadFrom(node);
  }

  private _isBuffered(channel: number): boolean {
    return this._unfolder.sandbox.channels[channel]!.capacity > 0;
  }

  private _set(node: number, kind: number, about: number): void {
    const bit = this.use(kind, about);
    this._rows[node * this._words + (bit >>> 5)]! |= 1 << (bit & 31);
    this._addUser(bit, node);
  }

  private _addUser(bit: number, node: number): void {
    const task = this._lts.task(node);
    if (!this._users[bit]!.includes(task)) this._users[bit]!.push(task);
  }

  /** Propagates the row of a node to all its predecessors. */
  private _spreadFrom(node: number): void {
    this._spreadBack(node);
    for (const before of this._before[node] ?? []) this._spread(node, before);
  }

  /** Propagates the row of a node to its parent, but for uses of the buffer that are not the first from there. */
  private _spreadBack(node: number): void {
    const parent = this._lts.parent(node);
    if (parent === -1) return;
    const granted = this._granted(node);
    if (granted.length > 0) {
      this._spread(node, parent, this.use(FIRST_RELEASES, granted[0]!));
      return;
    }
    const { at, code } = this._lts.label(node)!;
    const cases = this._lts.cases(parent);
    const channel = cases[at * STRIDE + 1]!;
    const end = at < 0 ? null : KINDS[cases[at * STRIDE]!]!.end;
    const used = end === TAIL ? code === 1 : end === HEAD && code > 0 && code % 2 === 0;
    const but = used && this._isBuffered(channel) ? this.use(firstUse(opposite(end!)), channel) : -1;
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

/** The use of an end of a buffer as its first use from somewhere on. */
export const firstUse = (end: number): number => (end === TAIL ? FIRST_TAIL : FIRST_HEAD);

/** The other end of a channel. */
export const opposite = (end: number): number => (end === TAIL ? HEAD : TAIL);

/** Whether a node is an end of a task of a scope that cancels the other tasks of the scope. */
export function endsRegion({ lts, sandbox }: Unfolder, node: number, region: number): boolean {
  if (lts.status(node) === FAILED) return true;
  return lts.status(node) === CANCELLED && sandbox.regions[region]!.members[0] === lts.task(node);
}

// One way in which tasks can change places: whoever takes the place of another does the same with the same past, but for the
// channels, which change places, too. It is tried on everything that is learned, by learning that of the others as well.

import { isDaemon } from "../../program/loop.js";
import { KINDS, STRIDE, UNORDERED } from "../process/cases.js";
import { PARKED } from "../process/local-lts.js";
import type { Unfolder } from "../process/unfolder.js";

/** Nobody takes the place of another while a task that starts them stands there: not all of them have been started. */
export const OUTSIDE = -1;
/** No node: it is no symmetry. */
const NONE = -2;
/** It has not been learned. */
const UNKNOWN = -3;

/** Who has started a task, at which node. */
export interface Began {
  readonly starter: number;
  readonly node: number;
}

/** Who stands for whom, both ways. */
class Pairs {
  readonly to: Map<number, number>;
  readonly from: Map<number, number>;

  constructor(pairs: Iterable<readonly [number, number]>) {
    this.to = new Map(pairs);
    this.from = new Map([...this.to].map(([one, other]) => [other, one]));
  }

  /** Lets one stand for another; false if it stands for somebody else, or somebody else for that. */
  pair(one: number, other: number): boolean {
    const known = this.to.get(one);
    if (known !== undefined || this.from.has(other)) return known === other;
    this.to.set(one, other);
    this.from.set(other, one);
    return true;
  }
}

export class Symmetry {
  readonly tasks: Pairs;
  readonly channels: Pairs;
  /** For each node where whoever takes the place of its task stands instead, as far as that is known. */
  readonly images: number[];
  /** Whether what is not known of others is learned. A guess may be wrong: it must lead to nothing that no schedule leads to. */
  learns: boolean;
  /** For each node which of the cases there each of its cases is, where they stand in another order. */
  private readonly _orders: (readonly number[] | undefined)[];
  private readonly _unfolder: Unfolder;
  /** For each task that is started in one place where that is. */
  private readonly _starts: ReadonlyMap<number, Began>;

  constructor(unfolder: Unfolder, starts: ReadonlyMap<number, Began>, like?: Symmetry) {
    this.tasks = new Pairs(like?.tasks.to ?? []);
    this.channels = new Pairs(like?.channels.to ?? []);
    this.images = [...(like?.images ?? [])];
    this._orders = [...(like?._orders ?? [])];
    this.learns = false;
    this._unfolder = unfolder;
    this._starts = starts;
  }

  copy(): Symmetry {
    return new Symmetry(this._unfolder, this._starts, this);
  }

  /** Lets a task take the place of another; false if they do not do the same. */
  place(task: number, other: number): boolean {
    const { lts, sandbox } = this._unfolder;
    if (sandbox.tasks[task]!.region !== sandbox.tasks[other]!.region || !this.tasks.pair(task, other)) return false;
    for (let node = 0; node < lts.size; node++) {
      if (lts.task(node) === task && !this.follow(node)) return false;
    }
    return true;
  }

  /** Whether a task might take the place of another, by what both do first. */
  mayPlace(task: number, other: number): boolean {
    if (this.tasks.from.has(other)) return false;
    const { lts } = this._unfolder;
    const [own, its] = [lts.cases(this._firstOf(task)), lts.cases(this._firstOf(other))];
    if (own.length !== its.length) return false;
    // Of several cases any may come first.
    if (own.length !== STRIDE) return true;
    const to = KINDS[own[0]!]!.target === "channel" ? this.channels.to.get(own[1]!) : undefined;
    return own[0] === its[0] && own[2] === its[2] && (to === undefined || to === its[1]);
  }

  /** Whether nobody has come to serve for ever without those whose places it takes. */
  servesAlike(): boolean {
    const { tasks } = this._unfolder.sandbox;
    return [...this.tasks.to].every(([task, other]) => isDaemon(tasks[task]!) === isDaemon(tasks[other]!));
  }

  /** Finds out where another stands in place of the task of a node; false if that is something else. */
  follow(node: number): boolean {
    const { lts } = this._unfolder;
    // What is still being learned has its turn later.
    if (this.images[node] !== undefined || !lts.isKnown(node)) return true;
    const image = this._imageOf(node);
    if (image === UNKNOWN) return !this.learns;
    if (image === NONE || (image !== OUTSIDE && !this._corresponds(node, image))) return false;
    this.images[node] = image;
    return true;
  }

  private _imageOf(node: number): number {
    const { lts } = this._unfolder;
    const task = lts.task(node);
    if (lts.base(node) !== node) return this._twinOf(node);
    if (this.tasks.to.get(task) === task && !this._isInside(task, node)) return OUTSIDE;
    const parent = lts.parent(node);
    if (lts.resumesAt(node) !== -1) return NONE;
    const before = parent === -1 ? undefined : this.images[parent];
    if (before === OUTSIDE) return node;
    const { at, code } = lts.label(node) ?? { at: -1, code: 0 };
    if (parent === -1) return this._rootOf(node, task);
    if (at < 0) return NONE;
    return before === undefined ? UNKNOWN : this._childOf(before, this._orders[parent]?.[at] ?? at, code);
  }

  /** Who is started only later has no place. */
  private _rootOf(node: number, task: number): number {
    const other = this.tasks.to.get(task);
    if (other === undefined || other === task) return other === undefined ? NONE : node;
    return this._firstOf(other);
  }

  /** Where a task stands at first. */
  private _firstOf(task: number): number {
    return this._unfolder.initial(this._unfolder.spawns.findIndex((variant) => variant.task === task));
  }

  /** Where it leads what a task stands at; a round that had been before begins where it did then. */
  private _childOf(node: number, at: number, code: number): number {
    const { lts } = this._unfolder;
    const known = this.learns ? this._unfolder.successor(node, at, code) : lts.successor(lts.base(node), at, code);
    return known === -1 ? UNKNOWN : (lts.backEdge(known)?.node ?? known);
  }

  private _twinOf(node: number): number {
    const { lts } = this._unfolder;
    const image = this.images[lts.base(node)];
    if (image === undefined || image === OUTSIDE) return image ?? UNKNOWN;
    const committed = lts.committed(node);
    if (committed === null) return lts.withHandledFailure(image);
    return committed.reduce((twin, channel) => lts.withCommittedSend(twin, this.channels.to.get(channel)!), image);
  }

  /** Those who start tasks that change places, and those who start them. */
  get starters(): Set<number> {
    const starters = new Set<number>();
    for (const [task, other] of this.tasks.to) {
      if (task !== other) for (const { starter } of this._origins(task)) starters.add(starter);
    }
    return starters;
  }

  /** Who has started a task, where, who has started that, and so on. */
  private *_origins(task: number): Generator<Began, void, undefined> {
    for (let began = this._starts.get(task); began !== undefined; began = this._starts.get(began.starter)) yield began;
  }

  /** Whether all who change places have been started, as far as it is up to a task, where it stands. */
  private _isInside(task: number, node: number): boolean {
    const { lts } = this._unfolder;
    const path = new Set<number>();
    for (let at = node; at !== -1; at = lts.parent(at)) path.add(at);
    for (const [mover, other] of this.tasks.to) {
      if (mover === other) continue;
      for (const began of this._origins(mover)) if (began.starter === task && !path.has(began.node)) return false;
    }
    return true;
  }

  /** Whether a task does at a node what another does that takes its place. */
  private _corresponds(node: number, image: number): boolean {
    const { lts, values } = this._unfolder;
    const fold = lts.backEdge(node);
    // A round in which nothing happens is one that had been before at once.
    if (fold?.node === node) return lts.backEdge(image)?.node === image;
    if (fold != null) return this.follow(fold.node) && this.images[fold.node] === image;
    const alone = node !== image && (lts.effects(node) !== null || lts.effects(image) !== null);
    if (alone || lts.status(node) !== lts.status(image) || lts.isPlainCall(node) !== lts.isPlainCall(image))
      return false;
    if (lts.status(node) === PARKED) return this._matches(node, image);
    return values.idOf(lts.result(node)) === values.idOf(lts.result(image));
  }

  private _matches(node: number, image: number): boolean {
    const [own, other] = [this._unfolder.lts.cases(node), this._unfolder.lts.cases(image)];
    if (own.length !== other.length) return false;
    const order: number[] = [];
    for (let at = 0; at < own.length; at += STRIDE) {
      const to = this._caseFor(own, at, other, order);
      if (to === -1) return false;
      order.push(to);
    }
    if (order.some((to, at) => to !== at)) this._orders[node] = order;
    return true;
  }

  /** The case of another that one case is: the same, or, where any may come first, one that is not taken. */
  private _caseFor(own: Int32Array, at: number, other: Int32Array, taken: readonly number[]): number {
    const same = at / STRIDE;
    if (!taken.includes(same) && this._isCase(own, at, other, at)) return same;
    for (let to = 0; to < other.length && own[at + 3] === UNORDERED; to += STRIDE) {
      if (!taken.includes(to / STRIDE) && this._isCase(own, at, other, to)) return to / STRIDE;
    }
    return -1;
  }

  private _isCase(own: Int32Array, at: number, other: Int32Array, to: number): boolean {
    const [kind, about, operand, group] = own.subarray(at, at + STRIDE) as unknown as [number, number, number, number];
    if (other[to] !== kind || other[to + 2] !== operand || other[to + 3] !== group) return false;
    const { target } = KINDS[kind]!;
    if (target === "channel") return this._pairChannels(about, other[to + 1]!);
    if (target === "task") return this.tasks.to.get(about) === other[to + 1];
    return about === other[to + 1];
  }

  private _pairChannels(one: number, other: number): boolean {
    const { channels } = this._unfolder.sandbox;
    const [from, to] = [channels[one]!, channels[other]!];
    return from.capacity === to.capacity && from.overflow === to.overflow && this.channels.pair(one, other);
  }
}

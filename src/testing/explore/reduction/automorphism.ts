// One way in which tasks can change places: whoever takes the place of another does the same with the same past, but for the
// channels, which change places, too. It is tried on everything that is learned, by learning that of the others as well.

import { isDaemon } from "../../program/loop.js";
import {
  AFTER,
  CANCEL,
  CLOSE,
  CLOSING,
  DISCARD,
  FREE,
  JOIN,
  OVER,
  READ,
  RECEIVE,
  SCOPED,
  SEND,
  STRIDE,
} from "../process/cases.js";
import { NOWHERE, PARKED } from "../process/local-lts.js";
import { IS_DUE } from "../process/model-objects.js";
import type { Learner } from "../process/unfolder.js";

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
  private readonly _learner: Learner;
  /** For each task that is started in one place where that is. */
  private readonly _starts: ReadonlyMap<number, Began>;

  constructor(learner: Learner, starts: ReadonlyMap<number, Began>, like?: Symmetry) {
    this.tasks = new Pairs(like?.tasks.to ?? []);
    this.channels = new Pairs(like?.channels.to ?? []);
    this.images = [...(like?.images ?? [])];
    this._orders = [...(like?._orders ?? [])];
    this.learns = false;
    this._learner = learner;
    this._starts = starts;
  }

  copy(): Symmetry {
    return new Symmetry(this._learner, this._starts, this);
  }

  /** Lets a task take the place of another; false if they do not do the same. */
  place(task: number, other: number): boolean {
    const { trie, stage } = this._learner;
    if (stage.regionOf[task] !== stage.regionOf[other] || stage.marked[task] !== stage.marked[other]) return false;
    if (!this.tasks.pair(task, other)) return false;
    for (let node = 0; node < trie.size; node++) {
      if (trie.task[node] === task && !this.follow(node)) return false;
    }
    return true;
  }

  /** Whether a task might take the place of another, by what both do first. */
  mayPlace(task: number, other: number): boolean {
    if (this.tasks.from.has(other)) return false;
    const { cases } = this._learner.trie;
    const [own, its] = [cases[this._firstOf(task)]!, cases[this._firstOf(other)]!];
    if (own.length !== its.length) return false;
    // Of several cases any may come first.
    if (own.length !== STRIDE) return true;
    const to = ofChannel(own[0]!, own[2]!) ? this.channels.to.get(own[1]!) : undefined;
    return own[0] === its[0] && own[2] === its[2] && (to === undefined || to === its[1]);
  }

  /** Whether nobody has come to serve for ever without those whose places it takes. */
  servesAlike(): boolean {
    const { tasks } = this._learner.stage;
    return [...this.tasks.to].every(([task, other]) => isDaemon(tasks[task]!) === isDaemon(tasks[other]!));
  }

  /** Finds out where another stands in place of the task of a node; false if that is something else. */
  follow(node: number): boolean {
    const { trie } = this._learner;
    // What is still being learned has its turn later.
    if (this.images[node] !== undefined || (trie.kind[node] === NOWHERE && trie.fold[node] === null)) return true;
    const image = this._imageOf(node);
    if (image === UNKNOWN) return !this.learns;
    if (image === NONE || (image !== OUTSIDE && !this._corresponds(node, image))) return false;
    this.images[node] = image;
    return true;
  }

  private _imageOf(node: number): number {
    const { trie } = this._learner;
    const task = trie.task[node]!;
    if (trie.base[node] !== node) return this._twinOf(node);
    if (this.tasks.to.get(task) === task && !this._isInside(task, node)) return OUTSIDE;
    if (trie.turnTo[node] !== -1) return this._turnOf(node);
    const parent = trie.parent[node]!;
    const before = parent === -1 ? undefined : this.images[parent];
    if (before === OUTSIDE) return node;
    const { at, code } = trie.input[node] ?? { at: -1, code: 0 };
    if (parent === -1) return this._rootOf(node, task);
    return before === undefined ? UNKNOWN : this._childOf(before, this._inputAt(parent, at), code);
  }

  /** The case of the image of a node that one of its cases is; also where that is to be taken back, or its task is to return. */
  private _inputAt(node: number, at: number): number {
    const order = this._orders[node];
    if (order === undefined || (at < 0 && at > AFTER)) return at;
    return at < 0 ? AFTER - order[AFTER - at]! : order[at]!;
  }

  /** A task that is to begin a turn, now or when another is over. */
  private _turnOf(node: number): number {
    const { trie } = this._learner;
    const image = this.images[trie.turnTo[node]!];
    if (image === undefined || image === OUTSIDE) return image ?? UNKNOWN;
    const [kind, about] = trie.cases[node]!;
    if (kind !== OVER) return trie.turn(image, -1);
    const after = this.tasks.to.get(about!);
    return after === undefined ? NONE : trie.turn(image, after);
  }

  /** Who is started only later has no place. */
  private _rootOf(node: number, task: number): number {
    const other = this.tasks.to.get(task);
    if (other === undefined || other === task) return other === undefined ? NONE : node;
    return this._learner.trie.cancelled[node] ? this._learner.unbegun(other) : this._firstOf(other);
  }

  /** Where a task stands at first. */
  private _firstOf(task: number): number {
    return this._learner.root(this._learner.variants.findIndex((variant) => variant.task === task));
  }

  /** Where it leads what a task stands at; a round that had been before begins where it did then. */
  private _childOf(node: number, at: number, code: number): number {
    const { trie } = this._learner;
    const known = this.learns ? this._learner.child(node, at, code) : trie.edges.get(trie.base[node]!, at, code);
    return known === -1 ? UNKNOWN : (trie.fold[known]?.node ?? known);
  }

  private _twinOf(node: number): number {
    const { trie } = this._learner;
    const image = this.images[trie.base[node]!];
    if (image === undefined || image === OUTSIDE) return image ?? UNKNOWN;
    if (trie.late[node] === null) return trie.joinedTwin(image);
    return trie.late[node]!.reduce((twin, channel) => trie.lateTwin(twin, this.channels.to.get(channel)!), image);
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
    const { trie } = this._learner;
    const path = new Set<number>();
    // A turn that is to come has not started anything yet.
    const turn = trie.turnTo[node]!;
    for (let at = turn === -1 ? node : trie.parent[turn]!; at !== -1; at = trie.parent[at]!) path.add(at);
    for (const [mover, other] of this.tasks.to) {
      if (mover === other) continue;
      for (const began of this._origins(mover)) if (began.starter === task && !path.has(began.node)) return false;
    }
    return true;
  }

  /** Whether a task does at a node what another does that takes its place. */
  private _corresponds(node: number, image: number): boolean {
    const { trie, values } = this._learner;
    const fold = trie.fold[node];
    // A round in which nothing happens is one that had been before at once.
    if (fold?.node === node) return trie.fold[image]?.node === image;
    if (fold != null) return this.follow(fold.node) && this.images[fold.node] === image;
    const alone = node !== image && (trie.effects[node] !== null || trie.effects[image] !== null);
    if (alone || trie.kind[node] !== trie.kind[image] || trie.call[node] !== trie.call[image]) return false;
    if (trie.kind[node] === PARKED) return this._matches(node, image);
    return values.idOf(trie.result[node]) === values.idOf(trie.result[image]);
  }

  private _matches(node: number, image: number): boolean {
    const [own, other] = [this._learner.trie.cases[node]!, this._learner.trie.cases[image]!];
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
    for (let to = 0; to < other.length && own[at + 3] === FREE; to += STRIDE) {
      if (!taken.includes(to / STRIDE) && this._isCase(own, at, other, to)) return to / STRIDE;
    }
    return -1;
  }

  private _isCase(own: Int32Array, at: number, other: Int32Array, to: number): boolean {
    const [kind, about, operand, group] = own.subarray(at, at + STRIDE) as unknown as [number, number, number, number];
    if (other[to] !== kind || other[to + 2] !== operand || other[to + 3] !== group) return false;
    if (ofChannel(kind, operand)) return this._pairChannels(about, other[to + 1]!);
    // The error of a cancelled task names that task, so its joiner gets another error in the image.
    const names = (kind === JOIN || kind === SCOPED) && this._learner.stage.marked[about];
    if (names && this.tasks.to.get(about) !== about) return false;
    if (kind === JOIN || kind === OVER || kind === SCOPED || kind === CANCEL)
      return this.tasks.to.get(about) === other[to + 1];
    return about === other[to + 1];
  }

  private _pairChannels(one: number, other: number): boolean {
    const { channels } = this._learner.stage;
    const [from, to] = [channels[one]!, channels[other]!];
    return from.capacity === to.capacity && from.overflow === to.overflow && this.channels.pair(one, other);
  }
}

/** Whether a case is about a channel. */
export function ofChannel(kind: number, operand: number): boolean {
  if (kind === READ) return operand !== IS_DUE;
  return kind === SEND || kind === RECEIVE || kind === CLOSE || kind === CLOSING || kind === DISCARD;
}

// One automorphism of the program: a permutation of its tasks and channels that maps the behaviour of each task to the behaviour of
// its image (Emerson and Sistla, Clarke et al., Symmetry and model checking, 1996; for identical processes Ip and Dill, 1996).
//
// Each local state of a task has an image, a local state of the image of the task: what happened on the way to it is the same, with
// channels and tasks replaced by their images. Both must offer the same cases. A candidate is compared with what has been learned;
// once it is adopted, the images of all that is learned later are learned too.

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

/** The image of a local state in which the task has not yet started all the tasks that are moved: nothing is permuted there. */
export const OUTSIDE = -1;
/** There is no image: this is no automorphism. */
const NONE = -2;
/** The image has not been learned. */
const UNKNOWN = -3;

/** The task that started another, and the node where it did. */
export interface Began {
  readonly starter: number;
  readonly node: number;
}

/** A partial injective map, with its inverse. */
class Pairs {
  readonly to: Map<number, number>;
  readonly from: Map<number, number>;

  constructor(pairs: Iterable<readonly [number, number]>) {
    this.to = new Map(pairs);
    this.from = new Map([...this.to].map(([one, other]) => [other, one]));
  }

  /** Maps one to another; false if that contradicts what is mapped already. */
  pair(one: number, other: number): boolean {
    const known = this.to.get(one);
    if (known !== undefined || this.from.has(other)) return known === other;
    this.to.set(one, other);
    this.from.set(other, one);
    return true;
  }
}

export class Automorphism {
  readonly tasks: Pairs;
  readonly channels: Pairs;
  /** The image of each node, as far as it is known. */
  readonly images: number[];
  /** Whether images are learned. A candidate may be wrong, and must not learn behaviour that no schedule shows. */
  learns: boolean;
  /** For each node the case of its image that each of its cases is mapped to; undefined for the same order. */
  private readonly _orders: (readonly number[] | undefined)[];
  private readonly _learner: Learner;
  /** The start of each task that is started at one node only. */
  private readonly _starts: ReadonlyMap<number, Began>;

  constructor(learner: Learner, starts: ReadonlyMap<number, Began>, like?: Automorphism) {
    this.tasks = new Pairs(like?.tasks.to ?? []);
    this.channels = new Pairs(like?.channels.to ?? []);
    this.images = [...(like?.images ?? [])];
    this._orders = [...(like?._orders ?? [])];
    this.learns = false;
    this._learner = learner;
    this._starts = starts;
  }

  copy(): Automorphism {
    return new Automorphism(this._learner, this._starts, this);
  }

  /** Maps a task to another; false if their behaviour differs. */
  place(task: number, other: number): boolean {
    const { trie, stage } = this._learner;
    if (stage.regionOf[task] !== stage.regionOf[other] || stage.marked[task] !== stage.marked[other]) return false;
    if (!this.tasks.pair(task, other)) return false;
    for (let node = 0; node < trie.size; node++) {
      if (trie.task[node] === task && !this.follow(node)) return false;
    }
    return true;
  }

  /** Whether a task may be mapped to another, by their first operations. */
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

  /** Whether the permutation maps daemons to daemons. */
  mapsDaemonsToDaemons(): boolean {
    const { tasks } = this._learner.stage;
    return [...this.tasks.to].every(([task, other]) => isDaemon(tasks[task]!) === isDaemon(tasks[other]!));
  }

  /** Determines the image of a node; false if the two behave differently. */
  follow(node: number): boolean {
    const { trie } = this._learner;
    // A node that is still being learned is checked later.
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

  /** The image of a pending resumption, of which some wait for the end of a task. */
  private _turnOf(node: number): number {
    const { trie } = this._learner;
    const image = this.images[trie.turnTo[node]!];
    if (image === undefined || image === OUTSIDE) return image ?? UNKNOWN;
    const [kind, about] = trie.cases[node]!;
    if (kind !== OVER) return trie.turn(image, -1);
    const after = this.tasks.to.get(about!);
    return after === undefined ? NONE : trie.turn(image, after);
  }

  /** The image of the first node of a task; a task that was started later has none. */
  private _rootOf(node: number, task: number): number {
    const other = this.tasks.to.get(task);
    if (other === undefined || other === task) return other === undefined ? NONE : node;
    return this._learner.trie.cancelled[node] ? this._learner.unbegun(other) : this._firstOf(other);
  }

  /** The first node of a task. */
  private _firstOf(task: number): number {
    return this._learner.root(this._learner.variants.findIndex((variant) => variant.task === task));
  }

  /** The node that a case leads to, with back edges followed. */
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

  /** The tasks that start tasks that are moved, directly or through others. */
  get starters(): Set<number> {
    const starters = new Set<number>();
    for (const [task, other] of this.tasks.to) {
      if (task !== other) for (const { starter } of this._origins(task)) starters.add(starter);
    }
    return starters;
  }

  /** The start of a task, the start of its starter, and so on. */
  private *_origins(task: number): Generator<Began, void, undefined> {
    for (let began = this._starts.get(task); began !== undefined; began = this._starts.get(began.starter)) yield began;
  }

  /** Whether a task, at a node, has started all the moved tasks that it starts. */
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

  /** Whether the behaviour at a node is that at its image. */
  private _corresponds(node: number, image: number): boolean {
    const { trie, values } = this._learner;
    const fold = trie.fold[node];
    // A round without events is a back edge to itself.
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

  /** The case of the image that a case is mapped to: at the same index or, in an unordered choice, at any free one; -1 for none. */
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

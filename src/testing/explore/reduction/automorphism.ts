// One automorphism of the program: a permutation of its tasks, channels and locks that maps the behaviour of each task to the behaviour of
// its image (Emerson and Sistla, Clarke et al., Symmetry and model checking, 1996; for identical processes Ip and Dill, 1996).
//
// Each local state of a task has an image, a local state of the image of the task: what happened on the way to it is the same, with
// channels and tasks replaced by their images. Both must offer the same cases. A candidate is compared with the local states so
// far; once it is adopted, the images of all local states that are unfolded later are unfolded too.

import { isDaemon } from "../../program/loop.js";
import { KINDS, RETURN_AFTER, STRIDE, UNORDERED, WHEN_OVER } from "../process/cases.js";
import { type Effects, PARKED } from "../process/local-lts.js";
import { SubscriptionModel } from "../process/model-broadcast.js";
import type { ChannelModel } from "../process/model-objects.js";
import type { Unfolder } from "../process/unfolder.js";

/** The image of a local state in which the task has not yet started all the tasks that are moved: nothing is permuted there. */
export const OUTSIDE = -1;
/** There is no image: this is no automorphism. */
const NONE = -2;
/** The image has not been unfolded. */
const UNKNOWN = -3;

const NO_EFFECTS: Effects = { made: [], releases: [], early: 0 };

/** The task that started another, and the node where it did. */
export interface Began {
  readonly starter: number;
  readonly node: number;
}

/** The broadcast that a channel is a subscription of; null for none. */
const audienceOf = (channel: ChannelModel<unknown>): object | null =>
  channel instanceof SubscriptionModel ? channel.broadcast : null;

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
  readonly locks: Pairs;
  /** The image of each node, as far as it is known. */
  readonly images: number[];
  /** Whether images are unfolded. A candidate may be wrong, and must not unfold behaviour that no schedule shows. */
  unfolds: boolean;
  /** For each node the case of its image that each of its cases is mapped to; undefined for the same order. */
  private readonly _orders: (readonly number[] | undefined)[];
  private readonly _unfolder: Unfolder;
  /** The start of each task that is started at one node only. */
  private readonly _starts: ReadonlyMap<number, Began>;

  constructor(unfolder: Unfolder, starts: ReadonlyMap<number, Began>, like?: Automorphism) {
    this.tasks = new Pairs(like?.tasks.to ?? []);
    this.channels = new Pairs(like?.channels.to ?? []);
    this.locks = new Pairs(like?.locks.to ?? []);
    this.images = [...(like?.images ?? [])];
    this._orders = [...(like?._orders ?? [])];
    this.unfolds = false;
    this._unfolder = unfolder;
    this._starts = starts;
  }

  copy(): Automorphism {
    return new Automorphism(this._unfolder, this._starts, this);
  }

  /** Maps a task to another; false if their behaviour differs. */
  place(task: number, other: number): boolean {
    const { lts, sandbox } = this._unfolder;
    if (
      sandbox.tasks[task]!.region !== sandbox.tasks[other]!.region ||
      sandbox.tasks[task]!.order !== sandbox.tasks[other]!.order ||
      sandbox.tasks[task]!.isCancellable !== sandbox.tasks[other]!.isCancellable ||
      sandbox.tasks[task]!.endsApart !== sandbox.tasks[other]!.endsApart
    )
      return false;
    if (!this.tasks.pair(task, other)) return false;
    for (let node = 0; node < lts.size; node++) {
      if (lts.task(node) === task && !this.follow(node)) return false;
    }
    return true;
  }

  /** Whether a task may be mapped to another, by their first operations. */
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

  /** Whether the permutation maps daemons to daemons. */
  mapsDaemonsToDaemons(): boolean {
    const { tasks } = this._unfolder.sandbox;
    return [...this.tasks.to].every(([task, other]) => isDaemon(tasks[task]!) === isDaemon(tasks[other]!));
  }

  /** Determines the image of a node; false if the two behave differently. */
  follow(node: number): boolean {
    const { lts } = this._unfolder;
    // A node that is still being unfolded is checked later.
    if (this.images[node] !== undefined || !lts.isKnown(node)) return true;
    const image = this._imageOf(node);
    if (image === UNKNOWN) return !this.unfolds;
    if (image === NONE || (image !== OUTSIDE && !this._corresponds(node, image))) return false;
    this.images[node] = image;
    return true;
  }

  private _imageOf(node: number): number {
    const { lts } = this._unfolder;
    const task = lts.task(node);
    if (lts.base(node) !== node) return this._twinOf(node);
    if (this.tasks.to.get(task) === task && !this._isInside(task, node)) return OUTSIDE;
    if (lts.resumesAt(node) !== -1) return this._turnOf(node);
    const parent = lts.parent(node);
    const before = parent === -1 ? undefined : this.images[parent];
    if (before === OUTSIDE) return node;
    const { at, code } = lts.label(node) ?? { at: -1, code: 0 };
    if (parent === -1) return this._rootOf(node, task);
    return before === undefined ? UNKNOWN : this._childOf(before, this._inputAt(parent, at), code);
  }

  /** The case of the image of a node that one of its cases is; also where that is to be taken back, or its task is to return. */
  private _inputAt(node: number, at: number): number {
    const order = this._orders[node];
    if (order === undefined || (at < 0 && at > RETURN_AFTER)) return at;
    return at < 0 ? RETURN_AFTER - order[RETURN_AFTER - at]! : order[at]!;
  }

  /** The image of a pending resumption, of which some wait for the end of a task. */
  private _turnOf(node: number): number {
    const { lts } = this._unfolder;
    const image = this.images[lts.resumesAt(node)];
    if (image === undefined || image === OUTSIDE) return image ?? UNKNOWN;
    const [kind, about] = lts.cases(node);
    if (kind !== WHEN_OVER) return lts.resumption(image, -1);
    const after = this.tasks.to.get(about!);
    return after === undefined ? NONE : lts.resumption(image, after);
  }

  /** The image of the first node of a task; a task that was started later has none. */
  private _rootOf(node: number, task: number): number {
    const other = this.tasks.to.get(task);
    if (other === undefined || other === task) return other === undefined ? NONE : node;
    return this._unfolder.lts.isCancelled(node) ? this._unfolder.unbegun(other) : this._firstOf(other);
  }

  /** The first node of a task. */
  private _firstOf(task: number): number {
    return this._unfolder.initial(this._unfolder.spawns.findIndex((variant) => variant.task === task));
  }

  /** The node that a case leads to, with back edges followed. */
  private _childOf(node: number, at: number, code: number): number {
    const { lts } = this._unfolder;
    const known = this.unfolds ? this._unfolder.successor(node, at, code) : lts.successor(lts.base(node), at, code);
    return known === -1 ? UNKNOWN : (lts.backEdge(known)?.node ?? known);
  }

  private _twinOf(node: number): number {
    const { lts } = this._unfolder;
    const image = this.images[lts.base(node)];
    if (image === undefined || image === OUTSIDE) return image ?? UNKNOWN;
    if (lts.isReleased(node)) return lts.withRelease(image);
    const committed = lts.committed(node);
    if (committed === null) return lts.withHandledFailure(image);
    return committed.reduce((twin, channel) => lts.withCommittedSend(twin, this.channels.to.get(channel)!), image);
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
    const { lts } = this._unfolder;
    const path = new Set<number>();
    // A turn that is to come has not started anything yet.
    const turn = lts.resumesAt(node);
    for (let at = turn === -1 ? node : lts.parent(turn); at !== -1; at = lts.parent(at)) path.add(at);
    for (const [mover, other] of this.tasks.to) {
      if (mover === other) continue;
      for (const began of this._origins(mover)) if (began.starter === task && !path.has(began.node)) return false;
    }
    return true;
  }

  /** Whether the behaviour at a node is that at its image. */
  private _corresponds(node: number, image: number): boolean {
    const { lts } = this._unfolder;
    if (!this._haveSameEffects(node, image)) return false;
    const fold = lts.backEdge(node);
    // A round without events is a back edge to itself.
    if (fold?.node === node) return lts.backEdge(image)?.node === image;
    if (fold != null) return this.follow(fold.node) && this.images[fold.node] === image;
    if (lts.status(node) !== lts.status(image) || lts.isPlainCall(node) !== lts.isPlainCall(image)) return false;
    if (lts.status(node) === PARKED) return this._matches(node, image);
    return lts.resultId(node) === lts.resultId(image);
  }

  /** Of effects, only releases are permuted. */
  private _haveSameEffects(node: number, image: number): boolean {
    const { lts } = this._unfolder;
    const isAlone = [...lts.made(node), ...lts.made(image)].some(({ kind }) => kind !== "channel" && kind !== "lock");
    if (isAlone && node !== image) return false;
    const [own, its] = [lts.effects(node) ?? NO_EFFECTS, lts.effects(image) ?? NO_EFFECTS];
    if (own.early !== its.early || own.releases.length !== its.releases.length) return false;
    return own.releases.every(([lock, n], nth) => {
      const [other, count] = its.releases[nth]!;
      return n === count && this._pairLocks(lock, other);
    });
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

  /** The case of the image that a case is mapped to: at the same index or, in an unordered choice, at any free one; -1 for none. */
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
    const { target, joins } = KINDS[kind]!;
    if (target === "channel") return this._pairChannels(about, other[to + 1]!);
    if (target === "lock") return this._pairLocks(about, other[to + 1]!);
    // The error of a cancelled task names that task, so its joiner gets another error in the image.
    const names = joins && this._unfolder.sandbox.tasks[about]!.isCancellable;
    if (names && this.tasks.to.get(about) !== about) return false;
    if (target === "task") return this.tasks.to.get(about) === other[to + 1];
    return about === other[to + 1];
  }

  private _pairChannels(one: number, other: number): boolean {
    const { channels } = this._unfolder.sandbox;
    const [from, to] = [channels[one]!, channels[other]!];
    if (audienceOf(from) !== audienceOf(to)) return false;
    return from.capacity === to.capacity && from.overflow === to.overflow && this.channels.pair(one, other);
  }

  private _pairLocks(one: number, other: number): boolean {
    const { locks } = this._unfolder.sandbox;
    const [from, to] = [locks[one]!, locks[other]!];
    const same = from.isWatched === to.isWatched && from.isQueued === to.isQueued;
    return same && from.total === to.total && this.locks.pair(one, other);
  }
}

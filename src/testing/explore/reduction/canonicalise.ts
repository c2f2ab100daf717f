// The canonical representative of a state under the symmetries that were found: of all states that differ only by a permutation
// of tasks and their channels, the least.

import type { Model } from "../semantics/model.js";
import { type Automorphism, OUTSIDE } from "./automorphism.js";
import type { Automorphisms } from "./find-automorphisms.js";
import type { Permutations } from "./permutations.js";

/** An automorphism as it acts on state vectors. */
interface Action {
  /** The permutation of tasks. */
  readonly permutation: number;
  /** For each position the position that its value comes from. */
  readonly from: Int32Array;
  /** The first position whose value may change. */
  readonly first: number;
  /** The image of each node: the array of the automorphism itself, which grows as more is learned. */
  readonly images: readonly number[];
}

/** Groups of components that are permuted in the same way. */
type Layout = readonly {
  readonly of: number[];
  readonly who: readonly number[];
  readonly pairs: "tasks" | "channels" | "locks";
}[];

export class Canonicaliser {
  private readonly _model: Model;
  private readonly _symmetries: Automorphisms;
  private readonly _permutations: Permutations;
  private _actions: Action[];
  /** What the layout and the actions were computed from, but for the images of nodes. */
  private _version: string;
  /** Whether the actions form a group: then the least image under one action is the least of all. */
  private _closed: boolean;
  /** The components that are compared, in order: of moved tasks, of fixed tasks, of channels, and of all that holds no node. */
  private _components: Int32Array;
  /** The positions of the first fixed task, and of the first component that holds no node. */
  private _others: number;
  private _rest: number;
  /** The tasks that start moved tasks. */
  private _starters: number[];
  /** The value at each position; and the same with the nodes of moved tasks replaced by their orbits. */
  private _values: Int32Array;
  private _keys: Int32Array;

  constructor(model: Model, symmetries: Automorphisms, permutations: Permutations) {
    this._model = model;
    this._symmetries = symmetries;
    this._permutations = permutations;
    this._actions = [];
    this._version = "";
    this._closed = false;
    this._components = this._values = this._keys = new Int32Array(0);
    this._others = this._rest = 0;
    this._starters = [];
  }

  /** Permutes tasks until none of the symmetries leads to a lesser state; the permutation. */
  canonicalise(): number {
    const { _symmetries: symmetries } = this;
    if (symmetries.found.length === 0) return 0;
    if (symmetries.extend()) this._update();
    return this._settle();
  }

  private _settle(): number {
    let permutation = 0;
    for (let action = this._least(); action !== null; action = this._closed ? null : this._least()) {
      this._take(action);
      permutation = this._permutations.compose(permutation, action.permutation);
    }
    return permutation;
  }

  /** Computes the actions again if anything but the images of nodes has changed: more is learned often, and this seldom. */
  private _update(): void {
    const { _model: model } = this;
    const { found } = this._symmetries;
    const sizes = found.map(({ tasks, channels, locks }) => `${tasks.to.size}/${channels.to.size}/${locks.to.size}`);
    const cancellable = model.unfolder.sandbox.tasks.filter((task) => task.isCancellable);
    const version = [...sizes, model.lts.hasSleeps(), model.lts.anyAtomic, cancellable.length].join();
    if (version !== this._version) this._prepare();
    this._version = version;
  }

  /** Computes the layout of the compared components, and the action of each automorphism on it. */
  private _prepare(): void {
    const { _model: model, _permutations: permutations } = this;
    const { found } = this._symmetries;
    const tasks = sorted(found[0]!.tasks.to.keys());
    const moves = (task: number): boolean => found.some((symmetry) => symmetry.tasks.to.get(task) !== task);
    const movable = tasks.filter(moves);
    const channels = sorted(new Set(found.flatMap((symmetry) => [...symmetry.channels.to.keys()])));
    const locks = sorted(new Set(found.flatMap((symmetry) => [...symmetry.locks.to.keys()])));
    const queued = model.unfolder.sandbox.locks.some(({ isQueued }) => isQueued);
    const sleepers = model.lts.hasSleeps() ? movable : [];
    const layout: Layout = [
      { of: model.ofTask, who: movable, pairs: "tasks" },
      { of: model.ofTask, who: tasks.filter((task) => !moves(task)), pairs: "tasks" },
      { of: model.ofChannel, who: channels, pairs: "channels" },
      { of: model.ofJoined, who: channels.filter((one) => model.isSubscription(one)), pairs: "channels" },
      { of: model.ofSleep, who: sleepers, pairs: "tasks" },
      { of: model.ofArrival, who: model.unfolder.sandbox.knowsArrivals ? movable : [], pairs: "tasks" },
      { of: model.ofRank, who: movable.filter((task) => model.task(task).order !== null), pairs: "tasks" },
      { of: model.ofReason, who: movable.filter((task) => model.task(task).isCancellable), pairs: "tasks" },
      { of: model.ofLock, who: locks, pairs: "locks" },
      { of: model.ofTicket, who: queued ? movable : [], pairs: "tasks" },
      { of: model.ofServed, who: model.lts.anyAtomic ? movable : [], pairs: "tasks" },
    ];
    this._starters = [...new Set(found.flatMap(({ starters }) => [...starters]))];
    this._others = movable.length;
    this._rest = tasks.length;
    this._components = Int32Array.from(layout.flatMap(({ of, who }) => who.map((one) => model.component(of, one))));
    this._values = new Int32Array(this._components.length);
    this._keys = new Int32Array(this._components.length);
    this._actions = found.map((symmetry) => actionOf(symmetry, layout, this._others, permutations));
    const known = new Set(this._actions.map((action) => action.permutation)).add(0);
    const pairs = this._actions.flatMap((one) =>
      this._actions.map((other) => permutations.compose(one.permutation, other.permutation)),
    );
    this._closed = pairs.every((composed) => known.has(composed));
  }

  /** The action with the least image; null if no image is less than the state, or if not all moved tasks have been started. */
  private _least(): Action | null {
    const { _components: components, _values: values, _keys: keys } = this;
    const { state } = this._model;
    const { ranks } = this._symmetries;
    for (let at = 0; at < components.length; at++) {
      const value = (values[at] = state[components[at]!]!);
      keys[at] = at < this._others && value > 0 ? ranks[value - 1]! + 1 : value;
    }
    let least: Action | null = null;
    for (const action of this._actions) {
      if (!this._isInside(action)) return null;
      if (this._comesFirst(action, least)) least = action;
    }
    return least;
  }

  /** Whether all moved tasks have been started. */
  private _isInside({ images }: Action): boolean {
    for (const starter of this._starters) {
      const node = this._model.nodeOf(starter);
      if (node === -1 || images[node] === OUTSIDE) return false;
    }
    return true;
  }

  /** Whether the image under one action is less than under another; null is the identity. */
  private _comesFirst(one: Action, other: Action | null): boolean {
    const { _keys: keys, _others: others, _rest: rest } = this;
    const first = other === null ? one.first : Math.min(one.first, other.first);
    for (let at = first; at < keys.length; at++) {
      let own = keys[one.from[at]!]!;
      let before = keys[other === null ? at : other.from[at]!]!;
      if (at >= others && at < rest) {
        own = imageOf(one, own);
        before = other === null ? before : imageOf(other, before);
      }
      if (own !== before) return own < before;
    }
    return false;
  }

  private _take(action: Action): void {
    const { _model: model, _components: components, _values: values } = this;
    for (let at = 0; at < components.length; at++) {
      const value = values[action.from[at]!]!;
      model.set(components[at]!, at < this._rest ? imageOf(action, value) : value);
    }
  }
}

/** The image of a component that holds a node. */
const imageOf = ({ images }: Action, value: number): number => (value === 0 ? 0 : images[value - 1]! + 1);

const sorted = (numbers: Iterable<number>): number[] => [...numbers].sort((a, b) => a - b);

function actionOf(symmetry: Automorphism, layout: Layout, others: number, permutations: Permutations): Action {
  const from: number[] = [];
  for (const { who, pairs } of layout) {
    const first = from.length;
    for (const one of who) from.push(first + who.indexOf(symmetry[pairs].from.get(one) ?? one));
  }
  const { to } = symmetry.tasks;
  const takes = Array.from({ length: Math.max(...to.keys()) + 1 }, (_, task) => to.get(task) ?? task);
  const first = from.findIndex((position, at) => position !== at || at >= others);
  return { permutation: permutations.idOf(takes), from: Int32Array.from(from), first, images: symmetry.images };
}

// The canonical representative of a state under the symmetries that were found: of all states that differ only by a permutation
// of tasks and their channels, the least.

import type { Model } from "../semantics/enabled.js";
import { OUTSIDE, type Symmetry } from "./automorphism.js";
import type { Symmetries } from "./find-automorphisms.js";
import type { Permutations } from "./permutations.js";

/** A symmetry, as numbers. */
interface Way {
  /** Whose place each task takes. */
  readonly places: number;
  /** For each position the one whose number comes there. */
  readonly from: Int32Array;
  /** The first position where that is another, or may be. */
  readonly first: number;
  /** Where another stands in place of the task of a node. */
  readonly images: Int32Array;
}

/** What is compared: the components of these, who change places as these do. */
type Layout = readonly {
  readonly of: number[];
  readonly who: readonly number[];
  readonly pairs: "tasks" | "channels";
}[];

export class Canonical {
  private readonly _model: Model;
  private readonly _symmetries: Symmetries;
  private readonly _permutations: Permutations;
  private _ways: Way[];
  /** Whether one after another is always one of them, too. */
  private _closed: boolean;
  /** The components that are compared, in order: of tasks that change places, of others, of channels, of sleeps and of reasons. */
  private _components: Int32Array;
  /** Where the second and the third of those begin. */
  private _others: number;
  private _rest: number;
  /** Those who start tasks that change places. */
  private _starters: number[];
  /** What stands at each position; and the same, for tasks that change places, as a number that their nodes share. */
  private _values: Int32Array;
  private _keys: Int32Array;

  constructor(model: Model, symmetries: Symmetries, permutations: Permutations) {
    this._model = model;
    this._symmetries = symmetries;
    this._permutations = permutations;
    this._ways = [];
    this._closed = false;
    this._components = this._values = this._keys = new Int32Array(0);
    this._others = this._rest = 0;
    this._starters = [];
  }

  /** Permutes tasks until none of the symmetries leads to a lesser state; the permutation. */
  canonize(): number {
    const { _symmetries: symmetries } = this;
    if (symmetries.found.length === 0) return 0;
    if (symmetries.extend()) this._prepare();
    return this._settle();
  }

  private _settle(): number {
    let places = 0;
    for (let way = this._least(); way !== null; way = this._closed ? null : this._least()) {
      this._take(way);
      places = this._permutations.compose(places, way.places);
    }
    return places;
  }

  /** Lays out what is compared, and how each symmetry leads from there to there. */
  private _prepare(): void {
    const { _model: model, _permutations: permutations } = this;
    const { found } = this._symmetries;
    const tasks = sorted(found[0]!.tasks.to.keys());
    const moves = (task: number): boolean => found.some((symmetry) => symmetry.tasks.to.get(task) !== task);
    const movable = tasks.filter(moves);
    const channels = sorted(new Set(found.flatMap((symmetry) => [...symmetry.channels.to.keys()])));
    const sleepers = model.trie.sleep.some((ms) => ms >= 0) ? movable : [];
    const layout: Layout = [
      { of: model.ofTask, who: movable, pairs: "tasks" },
      { of: model.ofTask, who: tasks.filter((task) => !moves(task)), pairs: "tasks" },
      { of: model.ofChannel, who: channels, pairs: "channels" },
      { of: model.ofSleep, who: sleepers, pairs: "tasks" },
      { of: model.ofReason, who: movable.filter((task) => model.learner.stage.marked[task]), pairs: "tasks" },
    ];
    this._starters = [...new Set(found.flatMap(({ starters }) => [...starters]))];
    this._others = movable.length;
    this._rest = tasks.length;
    this._components = Int32Array.from(layout.flatMap(({ of, who }) => who.map((one) => model.component(of, one))));
    this._values = new Int32Array(this._components.length);
    this._keys = new Int32Array(this._components.length);
    this._ways = found.map((symmetry) => wayOf(symmetry, layout, this._others, permutations));
    const known = new Set(this._ways.map((way) => way.places)).add(0);
    const pairs = this._ways.flatMap((one) =>
      this._ways.map((other) => permutations.compose(one.places, other.places)),
    );
    this._closed = pairs.every((composed) => known.has(composed));
  }

  /** The way in which they stand in order, or nearer to it; null if they do, or if not all who change places are there. */
  private _least(): Way | null {
    const { _components: components, _values: values, _keys: keys } = this;
    const { state } = this._model;
    const { ranks } = this._symmetries;
    for (let at = 0; at < components.length; at++) {
      const value = (values[at] = state[components[at]!]!);
      keys[at] = at < this._others && value > 0 ? ranks[value - 1]! + 1 : value;
    }
    let least: Way | null = null;
    for (const way of this._ways) {
      if (!this._isInside(way)) return null;
      if (this._comesFirst(way, least)) least = way;
    }
    return least;
  }

  /** Whether all who change places have been started. */
  private _isInside({ images }: Way): boolean {
    for (const starter of this._starters) {
      const node = this._model.nodeOf(starter);
      if (node === -1 || images[node] === OUTSIDE) return false;
    }
    return true;
  }

  /** Which of two ways comes first; null is to stay as they are. */
  private _comesFirst(one: Way, other: Way | null): boolean {
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

  private _take(way: Way): void {
    const { _model: model, _components: components, _values: values } = this;
    for (let at = 0; at < components.length; at++) {
      const value = values[way.from[at]!]!;
      model.set(components[at]!, at < this._rest ? imageOf(way, value) : value);
    }
  }
}

/** What stands for a task in a state, in a way. */
const imageOf = ({ images }: Way, value: number): number => (value === 0 ? 0 : images[value - 1]! + 1);

const sorted = (numbers: Iterable<number>): number[] => [...numbers].sort((a, b) => a - b);

function wayOf(symmetry: Symmetry, layout: Layout, others: number, permutations: Permutations): Way {
  const from: number[] = [];
  for (const { who, pairs } of layout) {
    const first = from.length;
    for (const one of who) from.push(first + who.indexOf(symmetry[pairs].from.get(one) ?? one));
  }
  const { to } = symmetry.tasks;
  const takes = Array.from({ length: Math.max(...to.keys()) + 1 }, (_, task) => to.get(task) ?? task);
  const first = from.findIndex((position, at) => position !== at || at >= others);
  const images = Int32Array.from(symmetry.images);
  return { places: permutations.idOf(takes), from: Int32Array.from(from), first, images };
}

// States, breadth first. Every state is stored, so endless programs come to an end once nothing new is found.
//
// In full: all of them, and the first failure has the shortest schedule. Or those that are enough to find every failure there
// is, by stubborn sets. Nobody is put off for ever: in each set of states that nothing leads out of, everybody moves who could,
// or one of them is expanded in full (Valmari).

import { Anew } from "../process/sandbox.js";
import { Canonical } from "../reduction/canonicalise.js";
import { LAST_SEEK, SEEK_AGAIN, Symmetries, UNEVEN } from "../reduction/find-automorphisms.js";
import { Permutations } from "../reduction/permutations.js";
import type { Stubborn } from "../reduction/stubborn-sets.js";
import type { Model } from "../semantics/enabled.js";
import { FIELDS, PASS } from "../semantics/events.js";
import { begin, happen } from "../semantics/transition.js";
import { TURN } from "./portfolio.js";
import type { Finding, Judge } from "./properties.js";
import { type Found, Ineligible, type Search } from "./search.js";
import { findStuck } from "./starvation.js";
import { StateGraph } from "./state-graph.js";
import { Store } from "./state-store.js";

/** After this many expanded states it is decided whether stubborn sets are worth their cost. */
const TRIAL = 500;
/** They are not if the search has taken more than this part of the enabled events: to compute a set costs about one event. */
const MOST_TAKEN = 0.95;
/** So many states are expanded before it is asked for the first time whether they were enough. */
const FIRST_CHECK = 64;

/** How states are searched; off by default, all but one. */
export interface Ways {
  /** Whether all states are counted though a failure has been found. */
  readonly goesOn?: boolean;
  /** Whether they are searched once more for tasks that never go on. */
  readonly looksForStuck?: boolean;
  /** Whether tasks may not be left behind; on by default. */
  readonly leaks?: boolean;
  /** How many states are expanded before it is asked whether tasks can change places; never by default. */
  readonly seek?: number;
  /** Says which events are enough; all are taken by default. */
  readonly stubborn?: Stubborn;
}

export class States implements Search {
  store: Store;
  events: number;
  found: Found | null;
  expanded: number;
  private readonly _model: Model;
  private readonly _judge: Judge;
  private readonly _goesOn: boolean;
  private readonly _looksForStuck: boolean;
  private readonly _leaks: boolean;
  private readonly _stubborn: Stubborn | null;
  private readonly _symmetries: Symmetries;
  private readonly _permutations: Permutations;
  private readonly _canonical: Canonical;
  /** When so many are expanded it is asked for symmetries. */
  private _seek: number;
  private _graph: StateGraph;
  private _next: number;
  /** When so many are expanded it is asked whether they were enough. */
  private _check: number;
  /** Events that could have been taken so far. */
  private _offered: number;
  /** For each event of a state whether it is to be taken. */
  private _marks: Uint8Array;

  constructor(
    model: Model,
    judge: Judge,
    { goesOn = false, looksForStuck = false, leaks = true, seek = Infinity, stubborn }: Ways = {},
  ) {
    this.store = new Store();
    this.events = 0;
    this.found = null;
    this.expanded = 0;
    this._model = model;
    this._judge = judge;
    this._goesOn = goesOn;
    this._looksForStuck = looksForStuck;
    this._leaks = leaks;
    this._stubborn = stubborn ?? null;
    this._symmetries = new Symmetries(model.learner);
    this._permutations = new Permutations();
    this._canonical = new Canonical(model, this._symmetries, this._permutations);
    this._seek = seek;
    this._graph = new StateGraph(this._permutations);
    this._next = this._offered = 0;
    this._check = FIRST_CHECK;
    this._marks = new Uint8Array(64);
  }

  get states(): number {
    return this.store.size;
  }

  get reduces(): boolean {
    return this._stubborn === null || this._next <= TRIAL || this.events <= this._offered * MOST_TAKEN;
  }

  explore(mostStates: number, pause: () => boolean): boolean {
    do {
      if (!this._expandAll(mostStates, pause)) return false;
    } while (this.found === null && (this._beginAnew() || this._expandIgnored()));
    if (this._looksForStuck && this.found === null && this._model.learner.folded) {
      const stuck = findStuck(this._model, this.store, this._graph, this._leaks);
      // In which of the states that are one it is stuck is found without symmetries.
      if (stuck !== null && this._graph.permuted) throw new Anew(UNEVEN);
      if (stuck !== null) this.found = this._foundAt(stuck.id, stuck.finding);
    }
    this._symmetries.assertServing();
    return true;
  }

  /** What was enough, for all that was known, may not have been: then it begins anew, and the sooner the better. */
  private _beginAnew(): boolean {
    this._check = Math.max(FIRST_CHECK, this._next * 2);
    if (this._stubborn?.outdated() !== true) return false;
    this._forget();
    return true;
  }

  private _forget(): void {
    this.store = new Store();
    this._graph = new StateGraph(this._permutations);
    this._next = this._offered = this.events = 0;
  }

  /** Where tasks turn out to be able to change places it begins anew, too. */
  private _seekSymmetries(): boolean {
    const found = this._symmetries.find(this._next);
    this._seek *= SEEK_AGAIN;
    if (found || this._seek > LAST_SEEK) this._seek = Infinity;
    if (found) this._forget();
    return found;
  }

  private _begin(): void {
    const { _model: model } = this;
    begin(model);
    this._canonical.canonize();
    this.store.add(model, -1);
  }

  private _expandAll(mostStates: number, pause: () => boolean): boolean {
    const { _model: model } = this;
    if (this.store.size === 0) this._begin();
    while (this._next < this.store.size) {
      if (this.store.size > mostStates) return false;
      this.store.load(this._next, model);
      model.enumerate();
      const finding = this._judge.look(model);
      if (finding !== null && this.found === null) {
        this.found = this._foundAt(this._next, finding);
        if (!this._goesOn) return true;
        this.store.load(this._next, model);
        model.enumerate();
      }
      this._expand();
      this._next++;
      if (this._next === this._check && this._beginAnew()) this._begin();
      if (this._next === this._seek && this._seekSymmetries()) this._begin();
      if (++this.expanded % TURN === 0 && pause()) return false;
    }
    return true;
  }

  /** Expands states in full so that everybody moves who could; false if everybody does. */
  private _expandIgnored(): boolean {
    const { _model: model, _graph: graph } = this;
    if (this._stubborn === null || !model.learner.folded) return false;
    let expanded = false;
    for (const id of graph.bottoms(this.store.size)) {
      // Who could move in one of them could in all, having been put off.
      this.store.load(id, model);
      model.enumerate();
      if (graph.inactive(id, actors(model), true).size === 0) continue;
      this._take(id, null);
      expanded = true;
    }
    return expanded;
  }

  /** The events that lead to a state, found anew: only states are stored, and of those that are one only one. */
  private _foundAt(id: number, finding: Finding): Found {
    const { _model: model, store } = this;
    const path: number[] = [];
    for (let at = id; store.parent(at) !== -1; at = store.parent(at)) path.unshift(at);
    store.leave();
    begin(model);
    const way = path.map((after) => this._eventTo(after));
    if (finding.event !== -1) {
      model.enumerate();
      way.push(eventAt(model.events, this._judge.look(model)!.event));
    }
    return { finding, way };
  }

  /** An event that leads to what is one with a stored state; it happens. */
  private _eventTo(after: number): Int32Array {
    const { _model: model, store } = this;
    model.enumerate();
    const { count, events } = model;
    const before = model.mark();
    for (let event = 0; event < count; event++) {
      happen(model, events, event * FIELDS);
      const came = model.mark();
      this._canonical.canonize();
      const found = store.find(model) === after;
      model.takeBack(found ? came : before);
      if (found) return eventAt(events, event);
    }
    // Which of the states that are one stands for them may depend on how it was come to.
    if (this._symmetries.found.length > 0) throw new Anew(UNEVEN);
    throw new Error("No event leads there: this is a fault of millrace");
  }

  private _expand(): void {
    const { count } = this._model;
    if (this._marks.length < count) this._marks = new Uint8Array(count * 2);
    this._take(this._next, this._chooses() ? this._marks : null);
    this._offered += count;
  }

  private _chooses(): boolean {
    if (this._stubborn === null) return false;
    if (!this._stubborn.eligible) throw new Ineligible("plain calls right after one another, or invariants");
    return this._stubborn.choose(this._marks);
  }

  /** Takes the events of a state that are marked; all without marks. */
  private _take(from: number, marks: Uint8Array | null): void {
    const { _model: model, store } = this;
    const { count, events } = model;
    const graph = this._looksForStuck || this._stubborn !== null ? this._graph : null;
    let taken = 0;
    graph?.begin(from);
    for (let event = 0; event < count; event++) {
      if (marks !== null && marks[event] === 0) continue;
      happen(model, events, event * FIELDS);
      const places = this._canonical.canonize();
      const id = store.add(model, from);
      graph?.add(from, id, events, event * FIELDS, places);
      model.takeBack(0);
      taken++;
    }
    this.events += taken;
  }
}

/** The tasks whose events can happen in the state that a model looks at. */
function actors(model: Model): number[] {
  const tasks: number[] = [];
  for (let event = 0; event < model.count; event++) {
    if (model.events[event * FIELDS] !== PASS) tasks.push(model.events[event * FIELDS + 1]!);
  }
  return tasks;
}

function eventAt(events: Int32Array, event: number): Int32Array {
  return events.slice(event * FIELDS, (event + 1) * FIELDS);
}

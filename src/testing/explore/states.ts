// States, breadth first. Every state is stored, so endless programs come to an end once nothing new is found.
//
// In full: all of them, and the first failure has the shortest schedule. Or those that are enough to find every failure there
// is, by stubborn sets. Nobody is put off for ever: what is enough leads to a state that has not been expanded yet, or
// everything is expanded (Bosnacki, Holzmann).

import { FIELDS } from "./events.js";
import type { Finding, Judge } from "./judge.js";
import type { Model } from "./model.js";
import { begin, happen } from "./moves.js";
import { type Found, Ineligible, type Search } from "./search.js";
import { Store } from "./store.js";
import type { Stubborn } from "./stubborn.js";
import { Edges, findStuck } from "./stuck.js";

/** Of the events of so many states some must be such that can wait: finding out which takes longer than taking them. */
const TRIAL = 500;
const MOST_TAKEN = 0.95;
/** The pace of states that are enough: either there are few, or all are found sooner. */
const PACE_OF_ENOUGH = 0.5;

/** How states are searched; both are off by default. */
export interface Ways {
  /** Whether all states are counted though a failure has been found. */
  readonly goesOn?: boolean;
  /** Whether they are searched once more for tasks that never go on. */
  readonly looksForStuck?: boolean;
  /** Says which events are enough; all are taken by default. */
  readonly stubborn?: Stubborn;
}

export class States implements Search {
  readonly engine = "states";
  store: Store;
  events: number;
  found: Found | null;
  private readonly _model: Model;
  private readonly _judge: Judge;
  private readonly _goesOn: boolean;
  private readonly _looksForStuck: boolean;
  private readonly _stubborn: Stubborn | null;
  private _edges: Edges;
  private _next: number;
  /** Events that could have been taken so far. */
  private _offered: number;
  /** For each event of a state whether it is to be taken. */
  private _marks: Uint8Array;

  constructor(model: Model, judge: Judge, { goesOn = false, looksForStuck = false, stubborn }: Ways = {}) {
    this.store = new Store();
    this.events = 0;
    this.found = null;
    this._model = model;
    this._judge = judge;
    this._goesOn = goesOn;
    this._looksForStuck = looksForStuck;
    this._stubborn = stubborn ?? null;
    this._edges = new Edges();
    this._next = this._offered = 0;
    this._marks = new Uint8Array(64);
  }

  get states(): number {
    return this.store.size;
  }

  get pace(): number {
    if (this._stubborn === null) return 1;
    return this._next > TRIAL && this.events > this._offered * MOST_TAKEN ? 0 : PACE_OF_ENOUGH;
  }

  get executions(): number {
    return 0;
  }

  explore(most: number, deadline: () => boolean): boolean {
    do {
      if (!this._expandAll(most, deadline)) return false;
    } while (this.found === null && this._beginAnew());
    if (this._looksForStuck && this.found === null && this._model.learner.folded) {
      const stuck = findStuck(this._model, this.store, this._edges);
      if (stuck !== null) this.found = this._foundAt(stuck.id, stuck.finding);
    }
    return true;
  }

  /** What was enough, for all that was known, may not have been: then it begins anew. */
  private _beginAnew(): boolean {
    if (this._stubborn?.outdated() !== true) return false;
    this.store = new Store();
    this._edges = new Edges();
    this._next = this._offered = this.events = 0;
    return true;
  }

  private _expandAll(most: number, deadline: () => boolean): boolean {
    const { _model: model, store } = this;
    if (store.size === 0) {
      begin(model);
      store.add(model.state, model.width, model.hash, -1);
    }
    while (this._next < store.size) {
      if (store.size > most || ((this._next & 255) === 255 && deadline())) return false;
      this._load(this._next);
      model.enumerate();
      const finding = this._judge.look(model);
      if (finding !== null && this.found === null) {
        this.found = this._foundAt(this._next, finding);
        if (!this._goesOn) return true;
        this._load(this._next);
        model.enumerate();
      }
      this._expand();
      this._next++;
    }
    return true;
  }

  private _load(id: number): void {
    this.store.load(id, this._model.state);
    this._model.hash = this.store.hash(id);
  }

  /** The events that lead to a state, found anew: only states are stored. */
  private _foundAt(id: number, finding: Finding): Found {
    const way: Int32Array[] = [];
    if (finding.event !== -1) way.push(eventAt(this._model.events, finding.event));
    for (let at = id; this.store.parent(at) !== -1; at = this.store.parent(at))
      way.unshift(this._between(this.store.parent(at), at));
    return { finding, way };
  }

  private _between(before: number, after: number): Int32Array {
    const { _model: model, store } = this;
    this._load(before);
    model.enumerate();
    const { count, events } = model;
    for (let event = 0; event < count; event++) {
      this._load(before);
      happen(model, events, event * FIELDS);
      if (store.find(model.state, model.width, model.hash) === after) return eventAt(events, event);
    }
    throw new Error("No event leads there: this is a fault of millrace");
  }

  private _expand(): void {
    const { count } = this._model;
    this._offered += count;
    if (this._marks.length < count) this._marks = new Uint8Array(count * 2);
    const marks = this._marks;
    if (this._chooses()) {
      if (this._take(marks, 1)) return;
      this._take(marks, 0);
    } else {
      marks.fill(1, 0, count);
      this._take(marks, 1);
    }
  }

  private _chooses(): boolean {
    if (this._stubborn === null) return false;
    if (!this._stubborn.eligible) throw new Ineligible("plain calls right after one another, or invariants");
    return this._stubborn.choose(this._marks);
  }

  /** Takes the events that are marked with a number; whether one of them leads to what has not been expanded yet. */
  private _take(marks: Uint8Array, mark: number): boolean {
    const { _model: model, store } = this;
    const { count, events, hash } = model;
    let leadsOn = false;
    let taken = 0;
    model.forget();
    for (let event = 0; event < count; event++) {
      if (marks[event] !== mark) continue;
      taken++;
      happen(model, events, event * FIELDS);
      const id = store.add(model.state, model.width, model.hash, this._next);
      if (id > this._next) leadsOn = true;
      if (this._looksForStuck) this._edges.add(this._next, id, events, event * FIELDS);
      model.takeBack(0, hash);
    }
    this.events += taken;
    return leadsOn;
  }
}

function eventAt(events: Int32Array, event: number): Int32Array {
  return events.slice(event * FIELDS, (event + 1) * FIELDS);
}

// Breadth-first search of the states of a model. Every state is stored, so the search of an endless program ends once it finds no
// new state.
//
// The full search visits all states, and the first failure that it finds has the shortest schedule. The reduced search takes only
// the events of a stubborn set in each state (Valmari, Stubborn sets for reduced state space generation, 1989), and finds every
// failure there is. So that no task is ignored for ever, every enabled task moves in each bottom strongly connected component,
// or one state of the component is expanded in full. Either search stores canonical representatives under the symmetries that
// have been found.
//
// Tasks are unfolded during the search. If that shows that a choice was wrong, the search restarts, and keeps the local states.

import { Limits } from "../../simulation/limits.js";
import { Refuted } from "../process/refinements.js";
import { Canonicaliser } from "../reduction/canonicalise.js";
import { Automorphisms, LAST_SEEK, NO_SYMMETRY, SEEK_AGAIN } from "../reduction/find-automorphisms.js";
import { Permutations } from "../reduction/permutations.js";
import type { StubbornSets } from "../reduction/stubborn-sets.js";
import { asynchronousUnit, type Clock, clocksOf, delayOf, unitOfTime } from "../semantics/clocks.js";
import { DELAY, FIELDS, RENDEZVOUS } from "../semantics/events.js";
import type { Model } from "../semantics/model.js";
import { enterInitial, fire } from "../semantics/transition.js";
import { type BusyLoop, busyLoops, type Step, type Stop } from "./busy-loops.js";
import { TURN } from "./portfolio.js";
import type { Properties, Violation } from "./properties.js";
import { type Found, Ineligible, type Search } from "./search.js";
import { findStarvation } from "./starvation.js";
import { StateGraph } from "./state-graph.js";
import { StateStore } from "./state-store.js";

/** After this many expanded states it is decided whether stubborn sets are worth their cost. */
const TRIAL = 500;
/** They are not if the search has taken more than this part of the enabled events: to compute a set costs about one event. */
const MOST_TAKEN = 0.95;
/** Expanded states before the choices of stubborn sets are checked for the first time; the number doubles with each check. */
const FIRST_CHECK = 64;

/** Options of the breadth-first search. */
export interface SearchOptions {
  /** Whether the search continues after a failure, to count all states. */
  readonly exhaustive?: boolean;
  /** Whether endless programs are searched for tasks that are parked for ever. */
  readonly findsStarvation?: boolean;
  /** Whether tasks that are parked for ever after the end of `main` are a failure; true by default. */
  readonly leaks?: boolean;
  /** Expanded states before symmetry is looked for; never by default. */
  readonly seek?: number;
  /** Chooses the events of each state; all are taken by default. */
  readonly stubborn?: StubbornSets;
  /** By default there are none. */
  readonly limits?: Limits;
}

export class BreadthFirst implements Search {
  store: StateStore;
  events: number;
  found: Found | null;
  expanded: number;
  interrupted: boolean;
  private readonly _limits: Limits;
  private readonly _model: Model;
  private readonly _properties: Properties;
  private readonly _exhaustive: boolean;
  private readonly _findsStarvation: boolean;
  private readonly _leaks: boolean;
  private readonly _stubborn: StubbornSets | null;
  private readonly _symmetries: Automorphisms;
  private readonly _permutations: Permutations;
  private readonly _canonical: Canonicaliser;
  /** Expanded states before symmetry is looked for. */
  private _seek: number;
  private _graph: StateGraph;
  private _next: number;
  /** Expanded states before the choices of stubborn sets are checked. */
  private _check: number;
  /** Events that were enabled in the expanded states. */
  private _enabled: number;
  /** For each enabled event whether it is in the stubborn set. */
  private _marks: Uint8Array;
  /** Whether the graph is recorded, and the first state of which it is not. */
  private _records: boolean;
  private _unrecorded: number;
  /** States that need not be looked at again for loops in which no time passes. */
  private _looked: number;
  /** States of which all events have been taken, where others are chosen. */
  private _whole: Set<number>;
  /** The delay that first led to a state, of those that are not among the enabled events. */
  private _delays: Map<number, Int32Array>;
  /** The unit of time by which clocks have run down beside a loop; 0 if that was not needed. */
  private _unit: number;

  constructor(
    model: Model,
    judge: Properties,
    {
      exhaustive = false,
      findsStarvation = false,
      leaks = true,
      seek = Infinity,
      stubborn,
      limits,
    }: SearchOptions = {},
  ) {
    this.store = new StateStore();
    this.events = 0;
    this.found = null;
    this.expanded = 0;
    this.interrupted = false;
    this._limits = limits ?? Limits.counted({});
    this._model = model;
    this._properties = judge;
    this._exhaustive = exhaustive;
    this._findsStarvation = findsStarvation;
    this._leaks = leaks;
    this._stubborn = stubborn ?? null;
    this._symmetries = new Automorphisms(model.unfolder);
    this._permutations = new Permutations();
    this._canonical = new Canonicaliser(model, this._symmetries, this._permutations);
    this._seek = seek;
    this._graph = new StateGraph(this._permutations);
    this._next = this._enabled = 0;
    this._check = FIRST_CHECK;
    this._marks = new Uint8Array(64);
    this._records = findsStarvation || this._stubborn !== null;
    this._unrecorded = this._records ? Infinity : 0;
    this._looked = this._unit = 0;
    this._whole = new Set();
    this._delays = new Map();
  }

  get states(): number {
    return this.store.size;
  }

  get reduces(): boolean {
    return this._stubborn === null || this._next <= TRIAL || this.events <= this._enabled * MOST_TAKEN;
  }

  get isFull(): boolean {
    return this._limits.exceeded(this.store.size, this.events, "states");
  }

  explore(pause: () => boolean): boolean {
    this.interrupted = false;
    do {
      if (!this._expandAll(pause)) return false;
    } while (this.found === null && (this._restart() || this._expandIgnored() || this._passes()));
    if (this._mayStarve()) {
      this._recordAll();
      const mayStick = (isDone: boolean): boolean => !this._findsStarvation || (isDone && !this._leaks);
      const stuck = findStarvation(this._model, this.store, this._graph, mayStick);
      // The schedule that leads to a representative may be that of another state: it is found without symmetry.
      if (stuck !== null && this._graph.permuted) throw new Refuted(NO_SYMMETRY);
      if (stuck !== null) this.found = this._foundAt(stuck.id, stuck.violation);
    }
    this._symmetries.assertDaemons();
    return true;
  }

  /** Whether an endless schedule may have to do without a task, or without handling the error of a task. */
  private _mayStarve(): boolean {
    const { isCyclic, lts } = this._model.unfolder;
    return this.found === null && isCyclic && (this._findsStarvation || lts.anyFails);
  }

  /** Restarts if a new local state may have changed the choice of a stubborn set. */
  private _restart(): boolean {
    this._check = Math.max(FIRST_CHECK, this._next * 2);
    if (this._stubborn?.outdated() !== true) return false;
    this._forget();
    return true;
  }

  private _forget(): void {
    this.store = new StateStore();
    this._graph = new StateGraph(this._permutations);
    this._next = this._enabled = this.events = this._looked = this._unit = 0;
    this._whole = new Set();
    this._delays = new Map();
  }

  /** Looks for symmetry; restarts if some is found, so that all stored states are canonical. */
  private _seekSymmetries(): boolean {
    const found = this._symmetries.find(this._next);
    this._seek *= SEEK_AGAIN;
    if (found || this._seek > LAST_SEEK) this._seek = Infinity;
    if (found) this._forget();
    return found;
  }

  private _begin(): void {
    const { _model: model } = this;
    model.unit = asynchronousUnit(model);
    enterInitial(model);
    this._canonical.canonicalise();
    this.store.add(model, -1);
  }

  private _expandAll(pause: () => boolean): boolean {
    const { _model: model } = this;
    if (this.store.size === 0) this._begin();
    while (this._next < this.store.size) {
      if (this.isFull) return false;
      this.store.load(this._next, model);
      model.enumerate();
      const violation = this._properties.check(model);
      if (violation !== null && this.found === null) {
        this.found = this._foundAt(this._next, violation);
        if (!this._exhaustive) return true;
        this.store.load(this._next, model);
        model.enumerate();
      }
      this._expand();
      this._next++;
      if (this._next === this._check && this._restart()) this._begin();
      if (this._next === this._seek && this._seekSymmetries()) this._begin();
      if (++this.expanded % TURN === 0 && pause()) return false;
      this.interrupted = this._limits.stops();
      if (this.interrupted) return false;
    }
    return true;
  }

  /** Expands a state of each bottom component in which an enabled task never moves; false if there is none. */
  private _expandIgnored(): boolean {
    const { _model: model, _graph: graph } = this;
    if (this._stubborn === null || !model.unfolder.isCyclic) return false;
    let expanded = false;
    for (const id of graph.bottoms(this.store.size)) {
      // A task that is enabled in one state of the component and never moves is enabled in all of them.
      this.store.load(id, model);
      model.enumerate();
      if (graph.inactive(id, actors(model), true).size === 0) continue;
      this._take(id, null);
      expanded = true;
    }
    if (expanded) this._looked = 0;
    return expanded;
  }

  /** Whether more states can be reached because time passes beside other events. */
  private _passes(): boolean {
    const { _model: model } = this;
    if (!model.isAsynchronous) return this._passBesideLoops();
    if (asynchronousUnit(model) === model.unit) return false;
    this._forget();
    return true;
  }

  /** Lets time pass beside loops in which none passes, where clocks run; false if nothing new comes of it. */
  private _passBesideLoops(): boolean {
    const { _model: model, store } = this;
    const { isCyclic, sandbox } = model.unfolder;
    if (!isCyclic || (sandbox.timers.length === 0 && !model.lts.hasSleeps())) return false;
    this._recordAll();
    const unit = unitOfTime(model);
    if (this._unit !== 0 && this._unit !== unit) {
      this._forget();
      return true;
    }
    const { size } = store;
    const cycles = this._graph.timelessCycles(this._looked, size);
    if (this._expandWholly(cycles)) return true;
    let passes = false;
    if (cycles.some((id) => this._clocksAt(id).length > 0)) {
      const uneven = (): never => {
        throw new Refuted(NO_SYMMETRY);
      };
      const stops = cycles.map((id) => this._stopAt(id));
      for (const loop of busyLoops(stops, this._symmetries.found.length > 0 ? uneven : null)) {
        for (const { id } of loop.stops) passes = this._passAt(id, loop, unit) || passes;
      }
    }
    this._looked = size;
    return passes;
  }

  /** Records the graph of states that were expanded when it did not seem to be needed. */
  private _recordAll(): void {
    this._records = true;
    const { events } = this;
    for (; this._unrecorded < this.store.size; this._unrecorded++) this._takeAll(this._unrecorded);
    this._unrecorded = Infinity;
    this.events = events;
  }

  /** With stubborn sets: takes all events of the states that can be reached from some; false if all have been taken already. */
  private _expandWholly(from: readonly number[]): boolean {
    if (this._stubborn === null) return false;
    let expanded = false;
    for (const id of this._graph.timelessFrom(from)) {
      if (this._whole.has(id)) continue;
      this._takeAll(id);
      this._whole.add(id);
      expanded = true;
    }
    if (expanded) this._looked = 0;
    return expanded;
  }

  private _takeAll(id: number): void {
    this.store.load(id, this._model);
    this._model.enumerate();
    this._take(id, null);
  }

  private _clocksAt(id: number): Clock[] {
    this.store.load(id, this._model);
    return clocksOf(this._model);
  }

  private _stopAt(id: number): Stop {
    const { _model: model, store } = this;
    const clocks = new Set(this._clocksAt(id).map(({ component }) => component));
    model.enumerate();
    const { count, events } = model;
    const before = model.ofTask.map((_, task) => model.nodeOf(task));
    const steps: Step[] = [];
    for (let event = 0; event < count; event++) {
      const [kind, task, , other] = events.subarray(event * FIELDS, event * FIELDS + FIELDS);
      if (kind === DELAY) continue;
      fire(model, events, event * FIELDS);
      const tasks = kind === RENDEZVOUS ? [task!, other!] : [task!];
      const moved = [...model.ofTask.keys()].filter((at) => model.nodeOf(at) !== (before[at] ?? -1));
      const sleeps = [...tasks, ...moved].map((at) => model.component(model.ofSleep, at));
      const begins = new Set([...sleeps, ...model.begun]);
      this._canonical.canonicalise();
      steps.push({ to: store.find(model), tasks, begins });
      model.takeBack(0);
    }
    return { id, steps, clocks };
  }

  /** Lets time pass in a state of a loop; whether that leads to a new state. */
  private _passAt(id: number, { begins, isClosed }: BusyLoop, unit: number): boolean {
    const { _model: model, store } = this;
    const clocks = this._clocksAt(id);
    const runs = clocks.filter(({ component }) => !begins.has(component));
    if (runs.length === 0 || isInSequence(model)) return false;
    // Beside a loop that nothing leads out of, all clocks that run began before it: what else could happen before they are due?
    const least = Math.min(...runs.map(({ left }) => left));
    const ms = isClosed ? least : Math.min(least, unit);
    if (!isClosed) this._unit = unit;
    const still = clocks.filter(({ component }) => begins.has(component)).map(({ component }) => component);
    const event = delayOf(model, ms, still);
    fire(model, event, 0);
    this._canonical.canonicalise();
    const { size } = store;
    const to = store.add(model, id);
    if (to === size) this._delays.set(to, event);
    this._graph.extend(id, to, event);
    this.events++;
    return to === size;
  }

  /** The events that lead to a state, found by repeating its path: only states are stored, and only representatives. */
  private _foundAt(id: number, violation: Violation): Found {
    const { _model: model, store } = this;
    const path: number[] = [];
    for (let at = id; store.parent(at) !== -1; at = store.parent(at)) path.unshift(at);
    store.leave();
    enterInitial(model);
    const schedule = path.map((after) => this._eventTo(after));
    if (violation.event !== -1) {
      model.enumerate();
      schedule.push(eventAt(model.events, this._properties.check(model)!.event));
    }
    return { violation, schedule };
  }

  /** Takes an event that leads to a state with a given representative, and returns it. */
  private _eventTo(after: number): Int32Array {
    const { _model: model, store } = this;
    model.enumerate();
    const { count, events } = model;
    const before = model.mark();
    const delay = this._delays.get(after);
    if (delay !== undefined) {
      fire(model, delay, 0);
      const came = model.mark();
      this._canonical.canonicalise();
      const found = store.find(model) === after;
      model.takeBack(found ? came : before);
      if (found) return delay;
    }
    for (let event = 0; event < count; event++) {
      fire(model, events, event * FIELDS);
      const came = model.mark();
      this._canonical.canonicalise();
      const found = store.find(model) === after;
      model.takeBack(found ? came : before);
      if (found) return eventAt(events, event);
    }
    // The representative may depend on the path, as the symmetries may not form a group.
    if (this._symmetries.found.length > 0) throw new Refuted(NO_SYMMETRY);
    throw new Error("Internal error in millrace: state not reproducible; please report it");
  }

  private _expand(): void {
    const { count } = this._model;
    if (this._marks.length < count) this._marks = new Uint8Array(count * 2);
    this._take(this._next, this._chooses() ? this._marks : null);
    this._enabled += count;
  }

  private _chooses(): boolean {
    if (this._stubborn === null) return false;
    if (!this._stubborn.eligible) throw new Ineligible("plain calls right after one another, or invariants");
    return this._stubborn.choose(this._marks);
  }

  /** Takes the marked events of a state, or all if `marks` is null. */
  private _take(from: number, marks: Uint8Array | null): void {
    const { _model: model, store } = this;
    const { count, events } = model;
    const graph = this._records ? this._graph : null;
    let taken = 0;
    graph?.begin(from);
    for (let event = 0; event < count; event++) {
      if (marks !== null && marks[event] === 0) continue;
      fire(model, events, event * FIELDS);
      const places = this._canonical.canonicalise();
      const id = store.add(model, from);
      graph?.add(from, id, events, event * FIELDS, places);
      model.takeBack(0);
      taken++;
    }
    this.events += taken;
  }
}

/** The tasks with enabled events in the current state of the model. */
function actors(model: Model): number[] {
  const tasks: number[] = [];
  for (let event = 0; event < model.count; event++) {
    if (model.events[event * FIELDS] !== DELAY) tasks.push(model.events[event * FIELDS + 1]!);
  }
  return tasks;
}

/** Whether a task is between two plain calls. */
function isInSequence(model: Model): boolean {
  return model.ofTask.some((_, task) => model.nodeOf(task) !== -1 && model.lts.isAtomic(model.nodeOf(task)));
}

function eventAt(events: Int32Array, event: number): Int32Array {
  return events.slice(event * FIELDS, (event + 1) * FIELDS);
}

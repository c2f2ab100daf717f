// Audit of the model: each task was learned alone, which is valid only if tasks share nothing but channels and cells. So random
// schedules of the model are replayed with new routines, all of them together, in the order of the events. Each routine must do
// what was learned of its task; shared state shows as a difference.

import { Round } from "../../program/loop.js";
import { seeded } from "../../simulation/decisions.js";
import { attempted, formOf, type Offer, settleCase } from "../process/cases.js";
import { type Arrival, Driver } from "../process/driver.js";
import { CANCELLED, DONE, FAILED, PARKED } from "../process/local-lts.js";
import { give } from "../process/replay-history.js";
import { begun, Live } from "../process/routine-run.js";
import { LATER, type Learner } from "../process/unfolder.js";
import type { Model } from "../semantics/enabled.js";
import { FIELDS } from "../semantics/events.js";
import { begin, type Gain, gains, happen } from "../semantics/transition.js";

/** Events of one schedule at the most, and for each local state of the tasks: a short program has short schedules. */
const LONGEST = 200;
const EVENTS_EACH = 4;
/** Schedules that are always run, however many events they have. */
const LEAST = 5;

/** A task that did something other than it had done with the same history. */
export interface Difference {
  readonly task: string;
  readonly learned: string;
  readonly found: string;
}

/** A routine that is to be started, or resumed with what happened to it, and the node that it must reach. */
interface Due {
  readonly live: Live;
  readonly node: number;
  readonly at: number;
  readonly value: unknown;
}

export class Audit {
  private readonly _model: Model;
  private readonly _learner: Learner;
  private readonly _driver: Driver;
  private readonly _below: (n: number) => number;
  /** Events of all schedules so far. */
  private _events: number;
  private _lives: Map<number, Live>;
  /** Routines to be resumed, in order. */
  private _due: Due[];
  /** The node that the running routine must reach. */
  private _node: number;
  private _difference: Difference | null;
  private _left: boolean;
  /** The error of a plain call; the routine that made the call may have caught it. */
  private _broken: unknown;

  constructor(model: Model) {
    this._model = model;
    this._learner = model.learner;
    this._driver = new Driver(model.learner.stage);
    this._below = seeded(1);
    this._events = 0;
    this._lives = new Map();
    this._due = [];
    this._node = -1;
    this._difference = null;
    this._left = false;
    this._broken = null;
  }

  /** Runs at most so many schedules, and begins none after so many events; the first difference, or null. */
  async run(schedules: number, events: number): Promise<Difference | null> {
    const { stage } = this._learner;
    stage.oracle = (offer, attempt) => this._answer(offer, attempt);
    this._learner.starts = new Map([[0, this._learner.variants[0]!]]);
    try {
      for (let nth = 0; nth < schedules && this._difference === null; nth++) {
        if (nth >= LEAST && this._events >= events) break;
        await this._walk();
      }
    } finally {
      stage.oracle = null;
      this._learner.starts = null;
    }
    return this._difference;
  }

  private async _walk(): Promise<void> {
    const model = this._model;
    this._lives = new Map();
    this._due = [];
    this._left = false;
    begin(model);
    this._beginStarted();
    for (let left = Math.min(LONGEST, model.trie.size * EVENTS_EACH); ; left--) {
      for (let live = this._goOnAll(); live !== null; live = this._goOnAll()) await this._goOnAsync(live);
      if (left === 0 || this._difference !== null || this._left) return;
      model.enumerate();
      if (model.count === 0) return;
      this._event(this._below(model.count));
    }
  }

  private _event(event: number): void {
    try {
      this._happen(event);
    } catch (error) {
      // A schedule that leads to what has not been learned is left.
      if (error !== LATER) throw error;
      this._left = true;
    }
  }

  /** Lets go on who is to; the first who is async, which takes longer, or null. */
  private _goOnAll(): Live | null {
    for (let due = this._due.shift(); due !== undefined && !this._left; due = this._due.shift()) {
      const { live } = due;
      if (!this._wake(due)) {
        this._arrived(live, { kind: "parked", operation: live.waiting! });
        continue;
      }
      if (Symbol.asyncIterator in live.routine) return live;
      let arrival = this._driver.goOn(live);
      while (this._passes(arrival)) arrival = this._driver.goOn(live);
      this._arrived(live, arrival);
    }
    return null;
  }

  private async _goOnAsync(live: Live): Promise<void> {
    let arrival = await this._driver.goOnAsync(live);
    while (this._passes(arrival)) arrival = await this._driver.goOnAsync(live);
    this._arrived(live, arrival);
  }

  /** Lets an event happen in the model, and notes who is to go on with what. */
  private _happen(event: number, but = -1): Gain | undefined {
    const model = this._model;
    const happens = model.events.slice(event * FIELDS, (event + 1) * FIELDS);
    const gained = gains(model, happens);
    const values = gained.map((gain) => model.trie.valueOf(model.nodeOf(gain.task), gain));
    const before = gained.map(({ task }) => model.nodeOf(task));
    this._events++;
    happen(model, happens, 0);
    for (const [nth, { task, at }] of gained.entries()) {
      if (task === but) continue;
      const turn = model.trie.turnTo[before[nth]!]!;
      if (turn !== -1) this._haveTurn(task, turn);
      // Where a turn is still to come it goes on only then.
      else if (!this._awaitsTurn(task, before[nth]!)) this._goOnLater(task, at, values[nth]);
    }
    for (const task of model.stopped) this._haveTurn(task, model.nodeOf(task));
    this._beginStarted();
    return gained.find(({ task }) => task === but);
  }

  private _goOnLater(task: number, at: number, value: unknown): void {
    this._due.push({ live: this._lives.get(task)!, node: this._model.nodeOf(task), at, value });
  }

  private _awaitsTurn(task: number, before: number): boolean {
    const { trie, learner } = this._model;
    const node = this._model.nodeOf(task);
    return trie.turnTo[node] !== -1 && learner.stage.marked[task]! && !trie.call[before];
  }

  /** A turn begins at a node: what was to happen by then does. */
  private _haveTurn(task: number, node: number): void {
    const { trie } = this._model;
    const input = trie.input[node]!;
    if (input !== null) this._goOnLater(task, input.at, trie.valueOf(trie.parent[node]!, input));
    else if (!trie.cancelled[node]) this._goOnLater(task, 0, undefined);
  }

  /** A routine performs a plain call: it happens now, as it would. */
  private _answer(offer: Offer<unknown>, attempt: boolean): unknown {
    const model = this._model;
    const { task } = this._learner.stage.live!;
    const node = this._node;
    // A program may catch what is thrown at it.
    if (this._left) throw new Error("This schedule is left");
    this._compareCases(task, node, formOf(offer, (value) => this._learner.values.idOf(value)).cases, attempt);
    const own = this._ownEvents(task, node);
    this._left ||= own.length === 0;
    if (this._difference !== null || this._left) throw new Error("This schedule is left");
    try {
      const gain = this._happen(own[this._below(own.length)]!, task)!;
      this._node = model.nodeOf(task);
      return model.trie.valueOf(node, gain);
    } catch (error) {
      this._broken = error;
      throw error;
    }
  }

  /** What a task can do now in the model, if it stands at a node there: others may have met it before it has come so far. */
  private _ownEvents(task: number, node: number): number[] {
    const model = this._model;
    if (model.nodeOf(task) !== node) return [];
    model.enumerate();
    const takesPart = (event: number): boolean =>
      model.events[event * FIELDS + 1] === task || model.events[event * FIELDS + 3] === task;
    return Array.from({ length: model.count }, (_, event) => event).filter(takesPart);
  }

  /** Tasks that the last event has started begin behind those that it lets go on. */
  private _beginStarted(): void {
    for (const task of this._model.started) {
      this._lives.set(task, new Live(task, -1));
      if (this._model.trie.turnTo[this._model.nodeOf(task)] === -1) this._goOnLater(task, 0, undefined);
    }
  }

  /** Lets a routine begin, or happen to it what was to happen; false if it waits on. */
  private _wake({ live, node, at, value }: Due): boolean {
    this._node = node;
    if (live.routine !== null) return give(live, live.waiting!, { at, value });
    this._learner.stage.live = live;
    live.routine = begun(this._learner.starts!.get(live.task)!);
    this._learner.stage.live = null;
    return true;
  }

  private _arrived(live: Live, arrival: Arrival): void {
    this._mend();
    live.waiting = arrival.kind === "parked" ? arrival.operation : null;
    if (this._difference === null && !this._left) this._compare(live.task, this._standsAt(arrival), arrival);
  }

  /** Where a routine has come to; a task that has cancelled itself is on its way from there already. */
  private _standsAt({ kind }: Arrival): number {
    const { trie } = this._model;
    const turn = trie.turnTo[this._node]!;
    const left = trie.parent[turn === -1 ? this._node : turn]!;
    return kind === "parked" && left !== -1 && trie.stopping[left] && !trie.call[left] ? left : this._node;
  }

  private _mend(): void {
    const broken = this._broken;
    this._broken = null;
    // A schedule that leads to what has not been learned is left.
    if (broken === LATER) this._left = true;
    else if (broken !== null) throw broken;
  }

  /** Whether a routine goes on at once from where it has come to. */
  private _passes(arrival: Arrival): boolean {
    if (arrival.kind !== "parked") return false;
    const { operation } = arrival;
    if (!(operation instanceof Round) && !this._learner.trivial(operation)) return false;
    settleCase(operation, 0, undefined);
    return true;
  }

  private _compare(task: number, node: number, arrival: Arrival): void {
    const { trie, values } = this._learner;
    if (arrival.kind === "parked") {
      const { cases } = formOf(arrival.operation, (value) => values.idOf(value));
      this._compareCases(task, node, cases, false);
    } else if (arrival.kind === "done") {
      const same =
        (trie.kind[node] === DONE && values.idOf(trie.result[node]) === values.idOf(arrival.value)) ||
        trie.kind[node] === CANCELLED;
      if (!same) this._differ(task, node, `returns ${values.keyOf(arrival.value).slice(1)}`);
    } else if (arrival.kind === "failed" && [PARKED, DONE, CANCELLED].includes(trie.kind[node]!)) {
      this._differ(task, node, `throws ${String(arrival.error)}`);
    }
  }

  private _compareCases(task: number, node: number, cases: Int32Array, attempt: boolean): void {
    const { trie } = this._learner;
    const same = trie.kind[node] === PARKED && areSame(attempt ? attempted(cases) : cases, trie.cases[node]!);
    if (!same) this._differ(task, node, "waits for something else");
  }

  private _differ(task: number, node: number, found: string): void {
    const { trie } = this._learner;
    const ends =
      trie.kind[node] === FAILED ? `throws ${String(trie.result[node])}` : `returns ${String(trie.result[node])}`;
    const learned = trie.kind[node] === PARKED ? "waits" : ends;
    this._difference ??= { task: this._learner.stage.tasks[task]!.name, learned, found };
  }
}

/** Whether two operations have the same cases. */
function areSame(one: Int32Array, other: Int32Array): boolean {
  return one.length === other.length && one.every((number, at) => number === other[at]);
}

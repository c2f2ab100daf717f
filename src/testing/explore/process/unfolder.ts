// Finds out what tasks do next, one at a time and only when somebody asks, and keeps it in the trie. A task that waits is
// kept with its routine; asked about another past than that routine has seen, it is started anew and fed that past.

import type { Operation } from "../../../operation/operation.js";
import { Round } from "../../program/loop.js";
import { freeze, Values } from "../../report/values.js";
import { attempted, formOf, Offer, READY, STRIDE, settleCase, Unmodelled } from "./cases.js";
import { type Arrival, Driver } from "./driver.js";
import { CANCELLED, DONE, FAILED, type Fold, type Input, Trie } from "./local-lts.js";
import { give, Pasts } from "./replay-history.js";
import type { Live, Start } from "./routine-run.js";
import { type Director, type Marks, nameOf, Stage } from "./sandbox.js";

/** What a task was started with, where; its root is -1 until somebody asks what it does first. */
export interface Variant extends Start {
  readonly task: number;
  root: number;
}

/** A routine is async: what it does next cannot be found out within a step. See `Learner.learn`. */
export const LATER: Error = new Error("This is learned later");

/** A round as it began: where, and how many tasks and channels had been made by then. */
interface Began extends Fold {
  readonly made: number;
}

export class Learner implements Director {
  readonly values: Values;
  readonly trie: Trie;
  readonly stage: Stage;
  readonly variants: Variant[];
  /** Whether a round of a loop was found to be one that had been before, so that schedules may be endless. */
  folded: boolean;
  /** Groups of tasks that events speak of. */
  readonly groups: (readonly number[])[];
  private readonly _groupIds: Map<string, number>;
  /** While a run takes its true course: what each task was started with in it. */
  starts: Map<number, Start> | null;
  private readonly _idOf: (value: unknown) => number;
  private readonly _pasts: Pasts;
  private readonly _folds: Map<string, Began>;
  private readonly _slots: Map<string, number>;
  /** For each task that may end before it begins, that end. */
  private readonly _unbegun: number[];
  private readonly _driver: Driver;
  /** The node that is being learned; all others are only passed. */
  private _fresh: number;
  private _later: (() => Promise<void>) | null;

  /**
   * @param freezes - Whether data that is sent is frozen.
   * @param places - Whether it is noted where in the source tasks stand, which takes longer than all else.
   * @param marks - Who may be cancelled.
   */
  constructor(start: Start, freezes: boolean, places: boolean, marks: Marks) {
    this.values = new Values(nameOf);
    this.trie = new Trie(this.values);
    this.stage = new Stage(this, places, marks);
    this.variants = [];
    this.folded = false;
    this.starts = null;
    this.groups = [];
    this._groupIds = new Map();
    this._idOf = (value) => this.values.idOf(freezes ? freeze(value) : value);
    this._pasts = new Pasts(this);
    this._folds = new Map();
    this._slots = new Map();
    this._unbegun = [];
    this._fresh = -1;
    this._later = null;
    this._driver = new Driver(this.stage);
    this.stage.addTask(start.body.name || "main", start.body, -1, -1);
    this.variants.push({ ...start, task: 0, root: -1 });
  }

  /** Where a task stands once it has begun. */
  root(variant: number): number {
    const started = this.variants[variant]!;
    if (started.root === -1) this._grow(started.task, -1, null, variant, (node) => (started.root = node));
    return started.root;
  }

  /** Where a task stands after a case has happened to it. */
  child(node: number, at: number, code: number): number {
    const base = this.trie.base[node]!;
    const known = this.trie.edges.get(base, at, code);
    if (known !== -1) return known;
    this._grow(this.trie.task[base]!, base, { at, code }, -1, (child) => this.trie.edges.set(base, at, code, child));
    return this.trie.edges.get(base, at, code);
  }

  /** The end of a task that was cancelled before it began. */
  unbegun(task: number): number {
    const known = this._unbegun[task];
    if (known !== undefined) return known;
    const node = this.trie.add(task, -1, null);
    this.trie.end(node, CANCELLED, undefined);
    this.trie.cancelled[node] = true;
    this.trie.lands[node] = node;
    return (this._unbegun[task] = node);
  }

  /** Some tasks as a number, which is the same in every state. */
  groupOf(tasks: readonly number[]): number {
    const key = tasks.join();
    let group = this._groupIds.get(key);
    if (group === undefined) this._groupIds.set(key, (group = this.groups.push(tasks) - 1));
    return group;
  }

  /** Learns what could not be learned within a step. */
  async learn(): Promise<void> {
    const later = this._later!;
    this._later = null;
    await later();
  }

  started(live: Live, task: number, start: Start): void {
    if (this.starts !== null) {
      this.starts.set(task, start);
      return;
    }
    const slot = `${live.node} ${task}`;
    let variant = this._slots.get(slot);
    if (variant === undefined) {
      variant = this.variants.length;
      this.variants.push({ ...start, task, root: -1 });
      this._slots.set(slot, variant);
    }
    if (live.node === this._fresh) this._effects(live.node).starts.push(variant);
  }

  ends({ node }: Live): boolean {
    return this.trie.cancelled[node]! || this.trie.stopping[node]!;
  }

  timed(live: Live, timer: number, ms: number): void {
    if (live.node === this._fresh) this._effects(live.node).timers.push([timer, ms]);
  }

  declared(live: Live, cell: number, initial: unknown): void {
    if (live.node === this._fresh) this._effects(live.node).cells.push([cell, this._idOf(initial)]);
  }

  private _effects(node: number): NonNullable<Trie["effects"][number]> {
    return (this.trie.effects[node] ??= { starts: [], timers: [], cells: [] });
  }

  /** Learns one node: the root of a variant, or what an input leads to. */
  private _grow(
    task: number,
    parent: number,
    input: Input | null,
    variant: number,
    then: (node: number) => void,
  ): void {
    const node = this.trie.add(task, parent, input);
    const live = this._pasts.revive(node, variant);
    const feeding = this._feed(live);
    if (Symbol.asyncIterator in live.routine) {
      this._later = () => this._learnLater(live, node, feeding, then);
      throw LATER;
    }
    this._fresh = node;
    const arrival = this._apart(() => this._fed(live, feeding));
    then(this._arrive(live, node, arrival));
  }

  private _fed(live: Live, feeding: Generator<void, Arrival | Fold, Arrival>): Arrival | Fold {
    let next = feeding.next();
    while (next.done !== true) next = feeding.next(this._driver.goOn(live));
    return next.value;
  }

  /** Learns while a run takes its true course, and has come to a plain call: that run has no part in it. */
  private _apart<R>(learn: () => R): R {
    const [{ starts }, { oracle }] = [this, this.stage];
    this.starts = this.stage.oracle = null;
    try {
      return learn();
    } finally {
      this.starts = starts;
      this.stage.oracle = oracle;
    }
  }

  private async _learnLater(
    live: Live,
    node: number,
    feeding: Generator<void, Arrival | Fold, Arrival>,
    then: (node: number) => void,
  ): Promise<void> {
    this._fresh = node;
    let next = feeding.next();
    while (next.done !== true) next = feeding.next(await this._driver.goOnAsync(live));
    then(this._arrive(live, node, next.value));
  }

  /** Feeds a routine its script, asking for it to go on; returns where it comes to, or the round that this one repeats. */
  private *_feed(live: Live): Generator<void, Arrival | Fold, Arrival> {
    let arrival: Arrival = live.waiting === null ? yield : { kind: "parked", operation: live.waiting };
    for (; ; arrival = yield) {
      if (arrival.kind !== "parked") return arrival;
      const { operation } = arrival;
      if (operation instanceof Round) {
        const before = this._round(live, operation);
        if (before !== null) return before;
        settleCase(operation, 0, undefined);
      } else if (this.trivial(operation)) {
        settleCase(operation, 0, undefined);
      } else if (!this._goesOn(live, operation)) {
        return arrival;
      }
    }
  }

  /** Lets happen to an operation what the script says, until its task goes on; false at the end of the script. */
  private _goesOn(live: Live, operation: Operation<unknown>): boolean {
    for (let cue = live.script.shift(); cue !== undefined; cue = live.script.shift()) {
      live.waiting = null;
      live.node = cue.node;
      if (give(live, operation, cue)) return true;
      live.queued = this.formOf(operation).offers;
    }
    live.waiting = operation;
    return false;
  }

  /** The cases of an operation. */
  formOf(operation: Operation<unknown>): ReturnType<typeof formOf> {
    return formOf(operation, this._idOf);
  }

  /** What is ready with nothing else to choose from is no event. */
  trivial(operation: Operation<unknown>): boolean {
    if (operation instanceof Offer) return false;
    const { cases } = this.formOf(operation);
    return cases.length === STRIDE && cases[0] === READY && cases[1] === 0;
  }

  /** A round of a loop begins: has there been one with the same state, since the same beginning? */
  private _round(live: Live, round: Round): Fold | null {
    if (!live.loops.has(round)) live.loops.set(round, live.node);
    if (live.node !== this._fresh) return null;
    const key = `${live.loops.get(round)} ${this.values.keyOf(round.state)}`;
    // Timers may begin in every round.
    const made = live.made - live.timers;
    const before = this._folds.get(key);
    const timers = this.trie.effects[live.node]?.timers.length ?? 0;
    if (before === undefined) this._folds.set(key, { node: live.node, timers, made });
    if (before?.made !== made) return null;
    this.folded = true;
    return before;
  }

  /** Writes down where a routine has come to. */
  private _arrive(live: Live, node: number, arrival: Arrival | Fold): number {
    this._fresh = -1;
    this.stage.assertModelled();
    if ("kind" in arrival) this._settle(live, node, arrival);
    else this.trie.fold[node] = arrival;
    this.trie.land(node);
    return node;
  }

  private _settle(live: Live, node: number, arrival: Arrival): void {
    const { trie } = this;
    if (arrival.kind === "parked") {
      const { cases, offers } = this.formOf(arrival.operation);
      if (live.queued !== 0 && live.queued !== offers)
        throw new Unmodelled("operations are performed outside of its tasks");
      trie.park(node, cases, false, live.place);
      this._pasts.keep(node, live);
      return;
    }
    if (live.queued !== 0) throw new Unmodelled("operations are performed outside of its tasks");
    if (arrival.kind === "stopped") this._stop(node, arrival.offer, live);
    else if (arrival.kind === "done") trie.end(node, trie.cancelled[node] ? CANCELLED : DONE, arrival.value);
    else trie.end(node, FAILED, arrival.error);
  }

  /** A plain call: it happens at once, or is an attempt that may fail. */
  private _stop(node: number, offer: Offer<unknown>, live: Live): void {
    const { cases } = this.formOf(offer);
    this.trie.park(node, live.attempts ? attempted(cases) : cases, true, live.place);
  }
}

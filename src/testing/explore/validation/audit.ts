// Audit of the model: each task was unfolded alone, which is valid only if tasks share nothing but channels and cells. So random
// schedules of the model are replayed with new routines, all of them together, in the order of the events. Each routine must
// follow the local states of its task; shared state shows as a difference.

import type { Operation } from "../../../operation/operation.js";
import { STREAK } from "../../../scheduler/scheduler.js";
import { shown } from "../../../structures/errors.js";
import { Round } from "../../program/loop.js";
import { seeded } from "../../simulation/decisions.js";
import type { Isolation } from "../../simulation/isolate.js";
import type { Limits } from "../../simulation/limits.js";
import { attempted } from "../process/cases.js";
import { type Arrival, Driver } from "../process/driver.js";
import { CANCELLED, DONE, FAILED, HANDLED, type Label, PARKED } from "../process/local-lts.js";
import { completeCase, GivesWay } from "../process/operation-cases.js";
import { deliver } from "../process/replay-history.js";
import { RoutineRun, startRoutine } from "../process/routine-run.js";
import { RunObjects } from "../process/run-objects.js";
import { PENDING, type Unfolder } from "../process/unfolder.js";
import { DELAY, FIELDS } from "../semantics/events.js";
import type { Model } from "../semantics/model.js";
import { type Delivery, deliveries, enterInitial, fire } from "../semantics/transition.js";

/** Events of one schedule at the most, and for each local state of the tasks: a short program has short schedules. */
const LONGEST = 200;
const EVENTS_EACH = 4;
/** Schedules that are always run, however many events they have. */
const LEAST = 5;
/** Plain calls in one turn of a task: a busy loop may have no end. */
const MOST_IN_A_TURN = 250;
/**
 * Events of the first schedule of an endless program, which so sees many rounds of each loop: half of all, and never fewer than
 * these. The cut runs of a proof see more rounds, in less time.
 */
const LONG = 400;

/** A task whose behaviour differs from its unfolding with the same history. */
export interface Difference {
  readonly task: string;
  readonly expected: string;
  readonly found: string;
}

/** A routine that is to be started, or resumed with what happened to it, and the node that it must reach. */
interface Due {
  readonly live: RoutineRun;
  readonly node: number;
  /** The node that it comes to, which may be folded to the former. */
  readonly via: number;
  /** The nodes from which back edges lead there. */
  readonly passed: readonly number[];
  readonly at: number;
  readonly value: unknown;
}

export class Audit {
  private readonly _model: Model;
  private readonly _unfolder: Unfolder;
  private readonly _driver: Driver;
  private readonly _below: (n: number) => number;
  /** Events of all schedules so far. */
  private _events: number;
  private _lives: Map<number, RoutineRun>;
  /** The object that was sent last of those with a number; null if tasks are given copies. */
  private readonly _sent: Map<number, unknown> | null;
  /** Routines to be resumed, in order. */
  private _due: Due[];
  /** The node that the running routine must reach. */
  private _node: number;
  /** The node that it comes to before that is folded: the releases on the way to that are compared. */
  private _via: number;
  private _difference: Difference | null;
  private _left: boolean;
  /** The error of a plain call; the routine that made the call may have caught it. */
  private _broken: unknown;
  private readonly _limits: Limits;
  private readonly _isolation: Isolation;
  /** Events that the schedule may still have. */
  private _turns: number;
  /** Plain calls that the running task may still make in its turn. */
  private _patience: number;
  /** Operations in a row that were ready at once, and the states of rounds that have begun meanwhile. */
  private _streak: number;
  private readonly _rounds: Map<Round, Set<string>>;

  /** @param copies - Whether what a task sends is given to another as a copy, as where the tasks were unfolded. */
  constructor(model: Model, limits: Limits, isolation: Isolation, copies = false) {
    this._limits = limits;
    this._isolation = isolation;
    this._turns = 0;
    this._patience = MOST_IN_A_TURN;
    this._streak = 0;
    this._rounds = new Map();
    this._model = model;
    this._sent = copies ? null : new Map();
    this._unfolder = model.unfolder;
    this._driver = new Driver(model.unfolder.sandbox);
    this._below = seeded(1);
    this._events = 0;
    this._lives = new Map();
    this._due = [];
    this._node = this._via = -1;
    this._difference = null;
    this._left = false;
    this._broken = null;
  }

  /** Runs at most so many schedules, and begins none after so many events; the first difference, or null. */
  async run(schedules: number, events: number): Promise<Difference | null> {
    const { sandbox } = this._unfolder;
    sandbox.oracle = (call, attempt) => this._answer(call, attempt);
    this._unfolder.actualStarts = new Map([[0, this._unfolder.spawns[0]!]]);
    try {
      if (this._unfolder.isCyclic) await this._walk(Math.max(LONG, events / 2));
      for (let nth = 0; nth < schedules && this._difference === null; nth++) {
        if ((nth >= LEAST && this._events >= events) || this._limits.late) break;
        await this._walk(Math.min(LONGEST, this._model.lts.size * EVENTS_EACH));
      }
    } finally {
      sandbox.oracle = null;
      this._unfolder.actualStarts = null;
    }
    return this._difference;
  }

  private async _walk(most: number): Promise<void> {
    const model = this._model;
    this._lives = new Map();
    this._sent?.clear();
    this._due = [];
    this._left = false;
    enterInitial(model);
    this._beginStarted();
    this._turns = most;
    const { host } = this._unfolder.sandbox;
    for (;;) {
      const live = host.within(() => this._walkOn());
      if (live === null) return;
      if (live !== "rest") await this._goOnAsync(live);
      else await this._limits.rest(this._isolation);
      if (this._limits.late) return;
    }
  }

  /** Goes on until the end of the schedule, null; or until an async routine is due, or a turn of the host. */
  private _walkOn(): RoutineRun | "rest" | null {
    const { _model: model } = this;
    for (;;) {
      const live = this._goOnAll();
      if (live !== null) return live;
      if (this._difference !== null || this._left) return null;
      model.enumerate();
      if (--this._turns < 0 || model.count === 0) return null;
      this._event(this._below(model.count));
      if (this._limits.stops()) return "rest";
    }
  }

  private _event(event: number): void {
    try {
      this._happen(event);
    } catch (error) {
      // A schedule that leads to behaviour that has not been unfolded is abandoned.
      if (error !== PENDING) throw error;
      this._left = true;
    }
  }

  /** Resumes the due routines in order. Returns the first async one instead, as it takes turns of the host; null at the end. */
  private _goOnAll(): RoutineRun | null {
    for (let due = this._due.shift(); due !== undefined && !this._left; due = this._due.shift()) {
      const { live } = due;
      this._patience = MOST_IN_A_TURN;
      this._beginStretch();
      if (!this._wake(due)) {
        this._arrived(live, { kind: "parked", operation: live.waiting! });
        continue;
      }
      if (Symbol.asyncIterator in live.routine) return live;
      let arrival = this._driver.goOn(live);
      while (this._passes(live, arrival)) arrival = this._driver.goOn(live);
      this._arrived(live, arrival);
    }
    return null;
  }

  private async _goOnAsync(live: RoutineRun): Promise<void> {
    let arrival = await this._driver.goOnAsync(live);
    while (this._passes(live, arrival)) arrival = await this._driver.goOnAsync(live);
    this._arrived(live, arrival);
  }

  /** Fires an event of the model, and queues the routines that it resumes. Returns the delivery to the task `but`, unqueued. */
  private _happen(event: number, but = -1): Delivery | undefined {
    const model = this._model;
    const happens = model.events.slice(event * FIELDS, (event + 1) * FIELDS);
    const gained = deliveries(model, happens);
    const values = gained.map((gain) => this._given(gain.task, model.nodeOf(gain.task), gain));
    const before = gained.map(({ task }) => model.nodeOf(task));
    this._events++;
    fire(model, happens, 0);
    for (const [nth, { task, at }] of gained.entries()) {
      if (task === but) continue;
      const turn = model.lts.resumesAt(before[nth]!);
      if (this._isSilent(task, before[nth]!)) continue;
      if (turn !== -1) this._haveTurn(task, turn);
      // If the turn of a task is pending, its routine resumes only in that turn.
      else if (!this._awaitsTurn(task, before[nth]!))
        this._goOnLater(task, at, values[nth], this._successor(before[nth]!, gained[nth]!));
    }
    for (const task of model.stopped) this._haveTurn(task, model.nodeOf(task));
    this._beginStarted();
    return gained.find(({ task }) => task === but);
  }

  /** What a task is given with a label. */
  private _given(task: number, node: number, label: Label): unknown {
    return this._model.lts.valueOf(node, label, (id) =>
      this._unfolder.objects.given(this._lives.get(task)!, id, false),
    );
  }

  private _goOnLater(task: number, at: number, value: unknown, via: number): void {
    const node = this._reachedBy(task);
    this._due.push({ live: this._lives.get(task)!, node, via, passed: this._passedBy(task), at, value });
  }

  /** The node that a task comes to with a delivery. */
  private _successor(before: number, { at, code }: Delivery): number {
    return this._unfolder.successor(before, at, code);
  }

  /** The node that the routine of a task reaches in its present turn. */
  private _reachedBy(task: number): number {
    const node = this._model.nodeOf(task);
    return this._isSilent(task, node) ? this._model.lts.resumesAt(node) : node;
  }

  /** Whether the routine of a task has gone on already while, in the model, its resumption is pending: before its end. */
  private _isSilent(task: number, node: number): boolean {
    const { lts } = this._model;
    return lts.resumesAt(node) !== -1 && (!this._model.task(task).isCancellable || lts.isAtomic(node));
  }

  /** The nodes from which the back edges lead that a task took in the last event. */
  private _passedBy(task: number): number[] {
    const { passed } = this._model;
    return passed.filter((_, at) => at % 2 === 1 && passed[at - 1] === task);
  }

  /** A routine goes on until it reaches a node, with the rounds that it repeats. */
  private _goFrom(live: RoutineRun, { node, via, passed }: Pick<Due, "node" | "via" | "passed">): void {
    const { lts } = this._model;
    this._node = node;
    this._via = via;
    live.ahead = [...passed, node].map((each) => lts.base(lts.resumesAt(each) === -1 ? each : lts.resumesAt(each)));
    const first = live.ahead.shift()!;
    // In the model, a task that has cancelled itself has left the node already.
    live.goOnTo(lts.variantOf(first) === lts.variantOf(lts.base(via)) ? first : via);
  }

  private _awaitsTurn(task: number, before: number): boolean {
    const { lts, unfolder } = this._model;
    const node = this._model.nodeOf(task);
    return lts.resumesAt(node) !== -1 && unfolder.sandbox.tasks[task]!.isCancellable && !lts.isPlainCall(before);
  }

  /** A pending turn leads to a node: the routine is resumed with the label of the node, or is started. */
  private _haveTurn(task: number, node: number): void {
    const { lts } = this._model;
    const input = lts.label(node);
    if (input !== null) this._goOnLater(task, input.at, this._given(task, lts.parent(node), input), node);
    else if (!lts.isCancelled(node)) this._goOnLater(task, 0, undefined, node);
  }

  /** Answers a plain call of a routine: fires a random enabled event of its task in the model. */
  private _answer(call: Operation<unknown>, attempt: boolean): unknown {
    const live = this._unfolder.sandbox.running!;
    const { task } = live;
    const node = this._node;
    this._left ||= --this._patience < 0 || (this._limits.stops() && this._limits.late);
    this._beginStretch();
    // The program may have caught the error of an earlier plain call.
    if (this._left) throw new Error("This schedule is left");
    this._compareCases(task, node, this._unfolder.casesOf(live, call).cases, attempt);
    const own = this._guarded(() => this._ownEvents(task, node));
    this._compareReleases(this._unfolder.sandbox.running!);
    this._left ||= own.length === 0;
    if (this._difference !== null || this._left) throw new Error("This schedule is left");
    return this._guarded(() => {
      const gain = this._happen(own[this._below(own.length)]!, task)!;
      const value = this._given(task, node, gain);
      const via = this._successor(node, gain);
      this._goFrom(live, { node: this._reachedBy(task), via, passed: this._passedBy(task) });
      return value;
    });
  }

  /** Does a part of a plain call. An exception is none of the program, which may catch it: it is thrown again later. */
  private _guarded<R>(work: () => R): R {
    try {
      return work();
    } catch (error) {
      this._broken = error;
      throw error;
    }
  }

  /** The enabled events of a task in the model; none if the model has left this node, as another task met it there already. */
  private _ownEvents(task: number, node: number): number[] {
    const model = this._model;
    if (model.nodeOf(task) !== node) return [];
    model.enumerate();
    const takesPart = (event: number): boolean =>
      model.events[event * FIELDS] !== DELAY &&
      (model.events[event * FIELDS + 1] === task || model.events[event * FIELDS + 3] === task);
    return Array.from({ length: model.count }, (_, event) => event).filter(takesPart);
  }

  /** Queues the tasks that the last event started: they begin after the tasks that it resumed. */
  private _beginStarted(): void {
    for (const task of this._model.started) {
      this._lives.set(task, new RoutineRun(task, -1, new RunObjects(false, this._sent)));
      const node = this._model.nodeOf(task);
      if (this._model.lts.resumesAt(node) === -1 || this._isSilent(task, node))
        this._goOnLater(task, 0, undefined, this._reachedBy(task));
    }
  }

  /** Starts a routine, or delivers its input; false if it stays parked. */
  private _wake(due: Due): boolean {
    const { live, at, value } = due;
    this._goFrom(live, due);
    if (live.routine !== null) return deliver(live, live.waiting!, at, value);
    this._unfolder.sandbox.running = live;
    live.routine = startRoutine(this._unfolder.actualStarts!.get(live.task)!);
    this._unfolder.sandbox.running = null;
    return true;
  }

  private _arrived(live: RoutineRun, arrival: Arrival): void {
    this._mend();
    const at = arrival.kind === "parked" ? this._atPark(live, arrival.operation) : arrival;
    live.waiting = at.kind === "parked" ? at.operation : null;
    this._unfolder.objects.assertUnchanged(live);
    if (this._difference !== null || this._left) return;
    this._compareReleases(live);
    this._compare(live, this._standsAt(at), at);
  }

  /** A task that does not continue from an operation that is ready gives way there. */
  private _atPark(live: RoutineRun, operation: Operation<unknown>): Arrival {
    const passes = operation instanceof Round || this._unfolder.isTrivial(live, operation);
    return { kind: "parked", operation: passes ? new GivesWay(operation) : operation };
  }

  /** The node that a routine has reached. In the model, a task that has cancelled itself has left this node already. */
  private _standsAt({ kind }: Arrival): number {
    const { lts } = this._model;
    const turn = lts.resumesAt(this._node);
    const left = lts.parent(turn === -1 ? this._node : turn);
    return kind === "parked" && left !== -1 && lts.isStopping(left) && !lts.isPlainCall(left) ? left : this._node;
  }

  private _mend(): void {
    const broken = this._broken;
    this._broken = null;
    // A schedule that leads to behaviour that has not been unfolded is abandoned.
    if (broken === PENDING) this._left = true;
    else if (broken !== null) throw broken;
  }

  /** Whether a routine continues at once from its operation. */
  private _passes(live: RoutineRun, arrival: Arrival): boolean {
    if (arrival.kind !== "parked") return false;
    const { operation } = arrival;
    if (operation instanceof Round) {
      this._unfolder.objects.assertUnchanged(live);
      live.enter(operation);
    } else if (!this._unfolder.isTrivial(live, operation)) return false;
    const repeats = operation instanceof Round && this._repeatsRound(live);
    if (!repeats && (++this._streak >= STREAK || this._isIdle(live, operation))) return false;
    completeCase(operation, 0, undefined);
    return true;
  }

  /** Whether an operation begins a round that began before in the same turn, with the same state. */
  private _isIdle(live: RoutineRun, operation: Operation<unknown>): boolean {
    if (!(operation instanceof Round)) return false;
    const states = this._rounds.get(operation) ?? new Set();
    const key = this._unfolder.objects.stateKey(live, operation.state);
    if (states.has(key)) return true;
    this._rounds.set(operation, states.add(key));
    return false;
  }

  /** A turn begins, or continues after a plain call. */
  private _beginStretch(): void {
    this._streak = 0;
    this._rounds.clear();
  }

  /** Whether a round that a routine begins repeats another; the routine goes on as from there. */
  private _repeatsRound(live: RoutineRun): boolean {
    const nth = live.rounds++;
    const edge = this._model.lts.backEdge(live.node);
    if (edge === null || edge.at !== nth || live.ahead.length === 0) return false;
    live.repeat({ ...edge, node: live.ahead.shift()! });
    return true;
  }

  private _compare(live: RoutineRun, node: number, arrival: Arrival): void {
    const { lts, objects } = this._unfolder;
    const { task } = live;
    if (arrival.kind === "parked") {
      this._compareCases(task, node, this._unfolder.casesOf(live, arrival.operation).cases, false);
    } else if (arrival.kind === "done") {
      const id = objects.handedId(live, arrival.value);
      const same = (lts.status(node) === DONE && lts.resultId(node) === id) || lts.status(node) === CANCELLED;
      if (!same) this._differ(task, node, `returns ${shown(arrival.value)}`);
    } else if (arrival.kind === "failed") {
      const id = objects.handedId(live, arrival.error);
      const same = [FAILED, HANDLED].includes(lts.status(node)) && lts.resultId(node) === id;
      if (!same) this._differ(task, node, `throws ${shown(arrival.error)}`);
    }
  }

  /** Compares the permits that a routine has released on its way to a node with those of the model. */
  private _compareReleases({ task, released }: RoutineRun): void {
    const { lts } = this._unfolder;
    const expected = [...(lts.effects(this._via)?.releases ?? [])];
    // What it was granted and did not get was not released by its code.
    if (this._unfolder.undelivered(this._via) !== null) expected.pop();
    for (let edge = lts.backEdge(this._via); edge !== null; edge = lts.backEdge(edge.node)) {
      expected.push(...(lts.effects(edge.node)?.releases.slice(edge.releases) ?? []));
      if (edge.node === this._via) break;
    }
    if (released.join() !== expected.join()) this._differ(task, this._node, "releases other permits");
    released.length = 0;
  }

  private _compareCases(task: number, node: number, cases: Int32Array, attempt: boolean): void {
    const { lts } = this._unfolder;
    const same = lts.status(node) === PARKED && areSame(attempt ? attempted(cases) : cases, lts.cases(node));
    if (!same) this._differ(task, node, "waits for something else");
  }

  private _differ(task: number, node: number, found: string): void {
    const { lts } = this._unfolder;
    const ends =
      lts.status(node) === FAILED ? `throws ${String(lts.result(node))}` : `returns ${String(lts.result(node))}`;
    const expected = lts.status(node) === PARKED ? "waits" : ends;
    this._difference ??= { task: this._unfolder.sandbox.tasks[task]!.name, expected, found };
  }
}

/** Whether two operations have the same cases. */
function areSame(one: Int32Array, other: Int32Array): boolean {
  return one.length === other.length && one.every((number, at) => number === other[at]);
}

// Unfolds the tasks of a program: determines what a task does next, one transition at a time, and only when the search needs it
// (`initial`, `successor`). The result is kept in the local LTS, so the code of a task runs once for each of its local
// transitions, however many schedules lead through them.
//
// To unfold a transition, a run with the history of the node before it is given the label as its next input, and goes on until it
// parks again. This assumes that tasks share nothing but channels, cells and timeouts; the audit compares that with runs
// of the whole program.

import type { Operation } from "../../../operation/operation.js";
import { STREAK } from "../../../scheduler/scheduler.js";
import { Round } from "../../program/loop.js";
import { freeze, Values } from "../../report/values.js";
import { ACQUIRE, attempted, goesByOrder, READ_PERMITS, READY, RETURN_AFTER, STRIDE, Unmodelled } from "./cases.js";
import { type Arrival, Driver } from "./driver.js";
import { type BackEdge, CANCELLED, DONE, FAILED, type Label, LocalLts } from "./local-lts.js";
import { type Cases, casesOf, completeCase, GivesWay, Offer } from "./operation-cases.js";
import { deliver, Histories } from "./replay-history.js";
import type { RoutineRun, Start } from "./routine-run.js";
import { nameOf, type Refinements, Sandbox, type SandboxObserver } from "./sandbox.js";

/** One way in which a task is started: by which code, at which node of its starter, with which arguments. */
export interface Spawn extends Start {
  readonly task: number;
  /** Its first node; -1 until it is unfolded. */
  root: number;
}

/** Thrown where an async routine has to be unfolded, which takes more than a step: see `Unfolder.unfoldPending`. */
export const PENDING: Error = new Error("Internal signal of verify(): to be unfolded first");

/** The first round of a loop that began in some state. */
interface KnownRound extends BackEdge {
  /** How many objects of each kind but timeouts the task had made by then. */
  readonly made: string;
}

export class Unfolder implements SandboxObserver {
  readonly values: Values;
  readonly lts: LocalLts;
  readonly sandbox: Sandbox;
  readonly spawns: Spawn[];
  /** Whether there is a back edge, so that schedules may be endless. */
  isCyclic: boolean;
  /** During an audit: how each task was really started. Nothing is unfolded then by what runs. */
  actualStarts: Map<number, Start> | null;
  private readonly _taskGroups: (readonly number[])[];
  private readonly _taskGroupIds: Map<string, number>;
  private readonly _idOf: (value: unknown) => number;
  private readonly _histories: Histories;
  private readonly _rounds: Map<string, KnownRound>;
  /** Spawns by the node of the starter and the task. */
  private readonly _spawnIds: Map<string, number>;
  /** For each task that was cancelled before it began, the node of that end. */
  private readonly _unbegun: number[];
  private readonly _driver: Driver;
  /** The node that is being unfolded; other nodes that a run passes are known. */
  private _fresh: number;
  private _pending: (() => Promise<void>) | null;

  /**
   * @param start - The main task.
   * @param freezes - Whether values are frozen once they are sent.
   * @param capturesCallSites - Whether the lines at which tasks stand are captured, which takes longer than all else.
   */
  constructor(start: Start, freezes: boolean, capturesCallSites: boolean, refinements: Refinements) {
    this.values = new Values(nameOf);
    this.lts = new LocalLts(this.values);
    this.sandbox = new Sandbox(this, capturesCallSites, refinements);
    this.spawns = [];
    this.isCyclic = false;
    this.actualStarts = null;
    this._taskGroups = [];
    this._taskGroupIds = new Map();
    this._idOf = (value) => this.values.idOf(freezes ? freeze(value) : value);
    this._histories = new Histories(this);
    this._rounds = new Map();
    this._spawnIds = new Map();
    this._unbegun = [];
    this._fresh = -1;
    this._pending = null;
    this._driver = new Driver(this.sandbox);
    this.sandbox.addTask(start.body.name || "main", start.body, -1, -1);
    this.spawns.push({ ...start, task: 0, root: -1 });
  }

  // Queries of the semantics.

  /** The first node of a task that was started in some way. */
  initial(spawn: number): number {
    const started = this.spawns[spawn]!;
    if (started.root === -1) this._unfold(started.task, -1, null, spawn, (node) => (started.root = node));
    return started.root;
  }

  /** The node that a label leads to. */
  successor(node: number, at: number, code: number): number {
    const { lts } = this;
    const base = lts.base(node);
    const known = lts.successor(base, at, code);
    if (known !== -1) return known;
    this._unfold(lts.task(base), base, { at, code }, -1, (next) => lts.connect(base, at, code, next));
    return lts.successor(base, at, code);
  }

  /**
   * The permits that a task was granted, and gives back on its way to a node, as it was cancelled before it resumed; null if there
   * are none.
   */
  undelivered(node: number): readonly [lock: number, n: number] | null {
    const { lts } = this;
    const { at } = lts.label(node) ?? { at: 0 };
    if (at > RETURN_AFTER) return null;
    const parent = lts.parent(node);
    if (lts.kindAt(parent, RETURN_AFTER - at) !== ACQUIRE) return null;
    return [
      lts.targetAt(parent, RETURN_AFTER - at),
      this.sandbox.requests[lts.argumentAt(parent, RETURN_AFTER - at)]!.n,
    ];
  }

  /** The end of a task that was cancelled before it began. */
  unbegun(task: number): number {
    return (this._unbegun[task] ??= this.lts.addUnbegun(task));
  }

  /** Unfolds what `PENDING` was thrown for. */
  async unfoldPending(): Promise<void> {
    const pending = this._pending!;
    this._pending = null;
    await pending();
  }

  /** A number for some tasks, the same in every state. */
  idOfTasks(tasks: readonly number[]): number {
    const key = tasks.join();
    let id = this._taskGroupIds.get(key);
    if (id === undefined) this._taskGroupIds.set(key, (id = this._taskGroups.push(tasks) - 1));
    return id;
  }

  taskGroup(id: number): readonly number[] {
    return this._taskGroups[id]!;
  }

  /** The cases of an operation. */
  casesOf(operation: Operation<unknown>): Cases {
    return casesOf(operation, this._idOf);
  }

  /** Whether an operation is ready with nothing else to choose from: no transition. */
  isTrivial(operation: Operation<unknown>): boolean {
    if (operation instanceof Offer) return false;
    const { cases } = this.casesOf(operation);
    return cases.length === STRIDE && cases[0] === READY;
  }

  // What the sandbox observes.

  taskStarted(run: RoutineRun, task: number, start: Start): void {
    if (this.actualStarts !== null) {
      this.actualStarts.set(task, start);
      return;
    }
    const key = `${run.node} ${task}`;
    let spawn = this._spawnIds.get(key);
    if (spawn === undefined) {
      spawn = this.spawns.length;
      this.spawns.push({ ...start, task, root: -1 });
      this._spawnIds.set(key, spawn);
    }
    if (run.node === this._fresh) this.lts.effectsFor(run.node).starts.push(spawn);
  }

  timeoutStarted(run: RoutineRun, timer: number, ms: number): void {
    if (run.node === this._fresh) this.lts.effectsFor(run.node).timers.push([timer, ms]);
  }

  cellMade(run: RoutineRun, cell: number, initial: unknown): void {
    if (run.node === this._fresh) this.lts.effectsFor(run.node).cells.push([cell, this._idOf(initial)]);
  }

  permitsReleased(run: RoutineRun, lock: number, n: number): void {
    if (this.actualStarts !== null) run.released.push(lock, n);
    else if (run.node === this._fresh) this.lts.effectsFor(run.node).releases.push([lock, n]);
  }

  isEnding({ node }: RoutineRun): boolean {
    return this.lts.isCancelled(node) || this.lts.isStopping(node);
  }

  // Unfolding.

  /** Unfolds one node: the first of a spawn, or the one that a label leads to. */
  private _unfold(
    task: number,
    parent: number,
    label: Label | null,
    spawn: number,
    connect: (node: number) => void,
  ): void {
    const node = this.lts.add(task, parent, label);
    const run = this._histories.runTo(node, spawn);
    const play = this._play(run);
    if (Symbol.asyncIterator in run.routine) {
      this._pending = () => this._unfoldAsync(run, node, play, connect);
      throw PENDING;
    }
    this._fresh = node;
    const arrival = this._apart(() => this._playOut(run, play));
    connect(this._arrive(run, node, arrival));
  }

  private async _unfoldAsync(
    run: RoutineRun,
    node: number,
    play: Generator<void, Arrival | BackEdge, Arrival>,
    connect: (node: number) => void,
  ): Promise<void> {
    this._fresh = node;
    let next = play.next();
    while (next.done !== true) next = play.next(await this._driver.goOnAsync(run));
    connect(this._arrive(run, node, next.value));
  }

  private _playOut(run: RoutineRun, play: Generator<void, Arrival | BackEdge, Arrival>): Arrival | BackEdge {
    let next = play.next();
    while (next.done !== true) next = play.next(this._driver.goOn(run));
    return next.value;
  }

  /** Unfolds during a plain call of an audit: the code that runs here is not part of the audited run. */
  private _apart<R>(unfold: () => R): R {
    const [{ actualStarts }, { oracle }] = [this, this.sandbox];
    this.actualStarts = this.sandbox.oracle = null;
    try {
      return unfold();
    } finally {
      this.actualStarts = actualStarts;
      this.sandbox.oracle = oracle;
    }
  }

  /**
   * Plays the tape of a run. It yields whenever the routine is to go on, and is given where the routine arrived. It returns where
   * the run is at the end of the tape, or the round that the run repeats.
   */
  private *_play(run: RoutineRun): Generator<void, Arrival | BackEdge, Arrival> {
    let arrival: Arrival = run.waiting === null ? yield : { kind: "parked", operation: run.waiting };
    // Operations in a row that were ready at once.
    let streak = 0;
    for (; ; arrival = yield) {
      if (arrival.kind !== "parked") return arrival;
      let { operation } = arrival;
      let idle = false;
      if (operation instanceof Round) {
        const backEdge = this._backEdge(run, operation);
        idle = backEdge !== null && backEdge.node === run.node;
        if (backEdge !== null && !idle) return backEdge;
      }
      if (operation instanceof Round || this.isTrivial(operation)) {
        if (!idle && ++streak < STREAK) {
          passBy(run, operation);
          continue;
        }
        operation = new GivesWay(operation);
      }
      streak = 0;
      if (!this._deliverNext(run, operation)) return { kind: "parked", operation };
    }
  }

  /** Delivers inputs to an operation until its task goes on; false at the end of the tape. */
  private _deliverNext(run: RoutineRun, operation: Operation<unknown>): boolean {
    for (let input = run.tape.shift(); input !== undefined; input = run.tape.shift()) {
      run.waiting = null;
      run.goTo(input.node);
      if (deliver(run, operation, input)) return true;
      run.queued = this.casesOf(operation).offers;
    }
    run.waiting = operation;
    return false;
  }

  /**
   * A round of a loop begins. If one began with an equal state since the loop was entered, the back edge to that. Several loops may
   * be entered on the way to one node, with no event in between, so a loop is named by its node and its number.
   */
  private _backEdge(run: RoutineRun, round: Round): BackEdge | null {
    const loop = run.loops.get(round) ?? `${run.node}.${run.loops.size}`;
    run.loops.set(round, loop);
    if (run.node !== this._fresh) return null;
    const key = `${loop} ${run.holding} ${this.values.keyOf(round.state)}`;
    // A timeout of the same name may begin in every round; other objects that a round makes are new ones.
    const made = [run.tasks, run.members, run.channels, run.cells, run.locks].join();
    const before = this._rounds.get(key);
    const { timers = [], starts = [], releases = [] } = this.lts.effects(run.node) ?? {};
    const begun = { node: run.node, timers: timers.length, releases: releases.length, made };
    if (before === undefined) this._rounds.set(key, begun);
    if (before?.made !== made) return null;
    // The tasks that were started on the way to this round are others than those of the earlier round.
    if (before.node !== run.node && starts.length > 0) return null;
    this.isCyclic = true;
    return before;
  }

  /** Records where a run has arrived. */
  private _arrive(run: RoutineRun, node: number, arrival: Arrival | BackEdge): number {
    this._fresh = -1;
    this.sandbox.assertModelled();
    if ("kind" in arrival) this._record(run, node, arrival);
    else this.lts.fold(node, arrival);
    const undelivered = this.undelivered(node);
    if (undelivered !== null) this.lts.effectsFor(node).releases.push(undelivered);
    this.lts.settle(node);
    return node;
  }

  private _record(run: RoutineRun, node: number, arrival: Arrival): void {
    const { lts } = this;
    const { cases, offers } = arrival.kind === "parked" ? this.casesOf(arrival.operation) : { cases: null, offers: 0 };
    if (run.queued !== 0 && run.queued !== offers)
      throw new Unmodelled("operations are performed outside of its tasks");
    if (cases !== null) {
      this._assertLocks(cases, false);
      lts.park(node, cases, false, run.callSite);
      this._histories.keep(node, run);
    } else if (arrival.kind === "stopped") this._recordCall(node, arrival.offer, run);
    else if (arrival.kind === "done") lts.end(node, lts.isCancelled(node) ? CANCELLED : DONE, arrival.value);
    else if (arrival.kind === "failed") lts.end(node, FAILED, arrival.error);
  }

  /** A plain call: it happens at once; an attempt may find that nothing is ready. */
  private _recordCall(node: number, offer: Offer<unknown>, run: RoutineRun): void {
    const { cases } = this.casesOf(offer);
    this._assertLocks(cases, true);
    const effects = this.lts.effects(node);
    if (effects !== null) effects.early = run.early;
    this.lts.park(node, run.isAttempt ? attempted(cases) : cases, true, run.callSite, run.gaveWay);
  }

  /** Whether the model is right about the locks that a task waits for or looks at. */
  private _assertLocks(cases: Int32Array, isCall: boolean): void {
    const looks = isCall || goesByOrder(cases);
    for (let at = 0; at < cases.length; at += STRIDE) {
      const kind = cases[at];
      if (kind !== ACQUIRE && kind !== READ_PERMITS) continue;
      if (looks) this.sandbox.assertWatched(cases[at + 1]!);
      if (kind !== ACQUIRE) continue;
      this.sandbox.assertUniform(cases[at + 1]!, cases[at + 2]!);
      if (asksAgain(cases, at)) throw new Unmodelled("a choice asks one lock for different numbers of permits");
    }
  }
}

/** A run goes on at once from an operation that is always ready. On the scheduler it may give way there to other tasks. */
function passBy(run: RoutineRun, operation: Operation<unknown>): void {
  run.passBy();
  completeCase(operation, 0, undefined);
}

/** Whether a choice asks one lock again, for something else: which of both requests stands ahead of the other depends on chance. */
function asksAgain(cases: Int32Array, first: number): boolean {
  for (let at = first + STRIDE; at < cases.length; at += STRIDE) {
    if (cases[at] === ACQUIRE && cases[at + 1] === cases[first + 1] && cases[at + 2] !== cases[first + 2]) return true;
  }
  return false;
}

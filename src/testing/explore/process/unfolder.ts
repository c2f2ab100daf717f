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
import { Values } from "../../report/values.js";
import {
  ACQUIRE,
  attempted,
  GROUP_ENDED,
  goesByOrder,
  KINDS,
  READ_PERMITS,
  READY,
  RECEIVE,
  RETURN_AFTER,
  SEND,
  STRIDE,
  Unmodelled,
} from "./cases.js";
import { type Arrival, Driver } from "./driver.js";
import {
  type BackEdge,
  CANCELLED,
  DONE,
  FAILED,
  type Label,
  LocalLts,
  type Made,
  type RoundStart,
} from "./local-lts.js";
import { type Cases, casesOf, completeCase, GivesWay, type Ids, Offer } from "./operation-cases.js";
import { APART, type Refinements, Refuted } from "./refinements.js";
import { deliver, Histories } from "./replay-history.js";
import type { Counts, Input, RoutineRun, Start } from "./routine-run.js";
import { HANDOVER, IDENTITY, type Move, ProgramObjects, RunObjects } from "./run-objects.js";
import { nameOf, Sandbox, type SandboxObserver } from "./sandbox.js";

/** One way in which a task is started: by which code, at which node of its starter, with which arguments. */
export interface Spawn extends Start {
  readonly task: number;
  /** The node on the way to which it is started; -1 for `main`. */
  readonly starter: number;
  /** Its first node; -1 until it is unfolded. */
  root: number;
}

/** Thrown where an async routine has to be unfolded, which takes more than a step: see `Unfolder.unfoldPending`. */
export const PENDING: Error = new Error("Internal signal of verify(): to be unfolded first");

export class Unfolder implements SandboxObserver {
  readonly values: Values;
  readonly objects: ProgramObjects;
  readonly lts: LocalLts;
  readonly sandbox: Sandbox;
  readonly spawns: Spawn[];
  /** Whether there is a back edge; and whether schedules may be endless because of that. */
  folds: boolean;
  isCyclic: boolean;
  /** During an audit: how each task was really started. Nothing is unfolded then by what runs. */
  actualStarts: Map<number, Start> | null;
  /** The ids of the values that channels have from the start, by number; 0 stands for an open channel without values. */
  readonly stored: (readonly number[])[];
  private readonly _storedIds: Map<string, number>;
  private readonly _taskGroups: (readonly number[])[];
  private readonly _taskGroupIds: Map<string, number>;
  private readonly _histories: Histories;
  /** Second runs of the same histories, which are given other objects of equal shape: see run-objects.ts. */
  private readonly _likenesses: Histories;
  /** The first round of each loop that began in some state. */
  private readonly _rounds: Map<string, RoundStart>;
  private readonly _spawnsByRoot: Map<number, number>;
  /** The nodes that back edges lead to; and for each node whether it, or one before it, is such a node. */
  private readonly _targets: Set<number>;
  private _repeated: (boolean | undefined)[];
  /** Whether no round repeats another in which anything but timeouts is made: see `APART`. */
  private readonly _apartRounds: boolean;
  /** Spawns by the node of the starter and the task. */
  private readonly _spawnIds: Map<string, number>;
  /** For each task that was cancelled before it began, the node of that end. */
  private readonly _unbegun: number[];
  private readonly _driver: Driver;
  /** The node that is being unfolded; other nodes that a run passes are known. */
  private _fresh: number;
  private _pending: (() => Promise<void>) | null;
  /** The nodes that are back edges; and names of objects that must be the same in all rounds, with the nodes that they are named by. */
  private readonly _folds: number[];
  private readonly _steady: Map<string, number>;
  /** What a likeness is compared with: the steps of a run, and whether it is back in an earlier round. */
  private _like: { readonly steps: readonly string[]; readonly folds: boolean };

  /**
   * @param start - The main task.
   * @param freezes - Whether values are frozen once they are sent.
   * @param capturesCallSites - Whether the lines at which tasks stand are captured, which takes longer than all else.
   */
  constructor(start: Start, freezes: boolean, capturesCallSites: boolean, refinements: Refinements) {
    this.values = new Values();
    const [byIdentity, handsOver] = [refinements.has(IDENTITY), refinements.has(HANDOVER)];
    this.objects = new ProgramObjects(this.values, nameOf, byIdentity, freezes, handsOver, (name, node) =>
      this._assertSameInRounds(name, node),
    );
    this.lts = new LocalLts();
    this.sandbox = new Sandbox(this, capturesCallSites, refinements);
    this.spawns = [];
    this.folds = this.isCyclic = false;
    this.actualStarts = null;
    this.stored = [[]];
    this._storedIds = new Map();
    this._taskGroups = [];
    this._taskGroupIds = new Map();
    this._histories = new Histories(this, false);
    this._likenesses = new Histories(this, true);
    this._rounds = new Map();
    this._spawnsByRoot = new Map();
    this._targets = new Set();
    this._repeated = [];
    this._apartRounds = refinements.has(APART);
    this._spawnIds = new Map();
    this._unbegun = [];
    this._fresh = -1;
    this._pending = null;
    this._folds = [];
    this._steady = new Map();
    this._like = { steps: [], folds: false };
    this._driver = new Driver(this.sandbox);
    this.sandbox.addTask(start.body.name || "main", start.body, -1, -1);
    this.spawns.push({ ...start, task: 0, starter: -1, root: -1 });
  }

  // Queries of the semantics.

  /** The first node of a task that was started in some way. */
  initial(spawn: number): number {
    const started = this.spawns[spawn]!;
    if (started.root === -1) {
      const root = this.lts.add(started.task, -1, null);
      this._spawnsByRoot.set(root, spawn);
      this._unfold(root, () => (started.root = root));
    }
    return started.root;
  }

  /** The node that a label leads to. */
  successor(node: number, at: number, code: number): number {
    const { lts } = this;
    const base = lts.base(node);
    const known = lts.successor(base, at, code);
    if (known !== -1) return known;
    const next = lts.add(lts.task(base), base, { at, code });
    this._unfold(next, () => lts.connect(base, at, code, next));
    return next;
  }

  /** The node with the same history as another, in which the objects that are made on the way to it have these generations. */
  variant(node: number, generations: readonly number[]): number {
    const { lts } = this;
    const known = lts.variant(node, generations);
    if (known !== -1) return known;
    const variant = lts.addVariant(node, generations);
    const spawn = this._spawnsByRoot.get(node);
    if (spawn !== undefined) this._spawnsByRoot.set(variant, spawn);
    this._unfold(variant, () => lts.connectVariant(variant));
    return variant;
  }

  /** Whether a task may come to a node more than once in a schedule, as far as rounds are known to repeat. */
  isRepeated(node: number): boolean {
    const { lts, _repeated: known } = this;
    const path: number[] = [];
    let at = node;
    for (; at !== -1 && known[at] === undefined; at = this._before(at)) path.push(at);
    let repeated = at !== -1 && known[at]!;
    for (let next = path.pop(); next !== undefined; next = path.pop()) {
      repeated ||= this._targets.has(lts.variantOf(next));
      known[next] = repeated;
    }
    return repeated;
  }

  /** The node before a node; for the first of a task, the node on the way to which the task is started. */
  private _before(node: number): number {
    const parent = this.lts.parent(node);
    const spawn = parent === -1 ? this.spawnOf(node) : -1;
    return spawn === -1 ? parent : this.spawns[spawn]!.starter;
  }

  /** The spawn that begins at a node; -1 for none. */
  spawnOf(root: number): number {
    return this._spawnsByRoot.get(root) ?? -1;
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

  /** The cases of an operation of a run. */
  casesOf(run: RoutineRun, operation: Operation<unknown>): Cases {
    const ids: Ids = {
      idOf: (value) => this.objects.idOf(run, value),
      sentId: (value) => this.objects.sentId(run, value),
    };
    return casesOf(operation, ids);
  }

  /** Whether an operation is ready with nothing else to choose from: no transition. */
  isTrivial(run: RoutineRun, operation: Operation<unknown>): boolean {
    // Also of a single use of a channel, which is never trivial: what it sends is numbered here, with the identity that it has.
    const { cases } = this.casesOf(run, operation);
    return !(operation instanceof Offer) && cases.length === STRIDE && cases[0] === READY;
  }

  // What the sandbox observes.

  taskStarted(run: RoutineRun, task: number, start: Start): number {
    run.steps.push(`task ${task} ${start.args.map((value) => this.objects.handedId(run, value)).join()}`);
    if (this.actualStarts !== null) {
      this.actualStarts.set(task, start);
      return -1;
    }
    const key = `${run.node} ${task}`;
    let spawn = this._spawnIds.get(key);
    if (spawn === undefined) {
      spawn = this.spawns.length;
      this.spawns.push({ ...start, task, starter: run.node, root: -1 });
      this._spawnIds.set(key, spawn);
    }
    return spawn;
  }

  valuesStored(run: RoutineRun, values: readonly unknown[]): number {
    const ids = values.map((value) => this.objects.sentId(run, value));
    const key = ids.join();
    let stored = this._storedIds.get(key);
    if (stored === undefined) this._storedIds.set(key, (stored = this.stored.push(ids) - 1));
    return stored;
  }

  offered(run: RoutineRun, call: Operation<unknown>): void {
    if (call instanceof Offer && KINDS[call.kind]!.takesValue) this.objects.sentId(run, call.argument);
  }

  valueOf(run: RoutineRun, { node }: Pick<Input, "node">): unknown {
    const { lts, objects } = this;
    const [parent, label] = [lts.parent(node), lts.label(node)!];
    if (run.objects.move !== null && this._sends(node, run.objects.move.id)) objects.move(run, run.objects.move.id);
    const isMove = this._isMove(parent, label);
    return lts.valueOf(parent, label, (id) => objects.given(run, id, isMove));
  }

  /** Whether no other task receives what a label yields: it is taken out of a channel. */
  private _isMove(node: number, { at }: Label): boolean {
    if (at < 0 || this.lts.kindAt(node, at) !== RECEIVE) return false;
    return this.sandbox.channels[this.lts.targetAt(node, at)]!.overflow !== "keep";
  }

  /** Whether the value with a number is sent on the way to a node, right after its parent. */
  private _sends(node: number, id: number): boolean {
    const [parent, label] = [this.lts.parent(node), this.lts.label(node)];
    if (label === null || label.at < 0) return false;
    return (
      this.lts.kindAt(parent, label.at) === SEND && this.lts.argumentAt(parent, label.at) === id && label.code === 1
    );
  }

  permitsReleased(run: RoutineRun, lock: number, n: number): void {
    if (this.actualStarts !== null) run.released.push(lock, n);
    else if (run.node === this._fresh) this.lts.effectsFor(run.node).releases.push([lock, n]);
  }

  made(run: RoutineRun, made: Made): void {
    const { kind, index, begins } = made;
    if (kind !== "task") run.steps.push(`${kind} ${index} ${begins}`);
    if (run.node === this._fresh) this.lts.effectsFor(run.node).made.push(made);
  }

  cellValue(run: RoutineRun, initial: unknown): number {
    return this.objects.sentId(run, initial);
  }

  generation({ node, made }: RoutineRun): number {
    return this.lts.generation(node, made);
  }

  isEnding({ node }: RoutineRun): boolean {
    return this.lts.isCancelled(node) || this.lts.isStopping(node);
  }

  // Unfolding.

  /** Unfolds one node, and calls `connect` when that is done. */
  private _unfold(node: number, connect: () => void): void {
    const run = this._histories.runTo(node);
    const play = this._play(run);
    if (Symbol.asyncIterator in run.routine) {
      this._pending = () => this._unfoldAsync(run, node, play, connect);
      throw PENDING;
    }
    this._fresh = node;
    const arrival = this._apart(() => this._playOut(run, play));
    this._arrive(run, node, arrival);
    if (this._mayCompare(run)) this._apart(() => this._compare(run, node, arrival));
    connect();
    this._checkNew(node);
  }

  private async _unfoldAsync(
    run: RoutineRun,
    node: number,
    play: Generator<void, Arrival | BackEdge, Arrival>,
    connect: () => void,
  ): Promise<void> {
    this._fresh = node;
    const arrival = await this._playOutAsync(run, play);
    this._arrive(run, node, arrival);
    if (this._mayCompare(run)) await this._compareAsync(run, node, arrival);
    connect();
    this._checkNew(node);
  }

  private _playOut(run: RoutineRun, play: Generator<void, Arrival | BackEdge, Arrival>): Arrival | BackEdge {
    let next = play.next();
    while (next.done !== true) next = play.next(this._driver.goOn(run));
    return next.value;
  }

  private async _playOutAsync(
    run: RoutineRun,
    play: Generator<void, Arrival | BackEdge, Arrival>,
  ): Promise<Arrival | BackEdge> {
    let next = play.next();
    while (next.done !== true) next = play.next(await this._driver.goOnAsync(run));
    return next.value;
  }

  // Likenesses: a node is unfolded again, with objects that the run has already in place of others of equal shape.

  private _mayCompare({ objects }: RoutineRun): boolean {
    return objects.received && !this.objects.byIdentity;
  }

  private _compare(run: RoutineRun, node: number, arrival: Arrival | BackEdge): void {
    const likeness = this._likenesses.runTo(node);
    this._like = { steps: run.steps, folds: !("kind" in arrival) };
    this._assertAlike(run, arrival, likeness, this._playOut(likeness, this._play(likeness)));
  }

  private async _compareAsync(run: RoutineRun, node: number, arrival: Arrival | BackEdge): Promise<void> {
    const likeness = this._likenesses.runTo(node);
    this._like = { steps: run.steps, folds: !("kind" in arrival) };
    this._assertAlike(run, arrival, likeness, await this._playOutAsync(likeness, this._play(likeness)));
  }

  private _assertAlike(
    run: RoutineRun,
    arrival: Arrival | BackEdge,
    likeness: RoutineRun,
    other: Arrival | BackEdge,
  ): void {
    this.sandbox.assertModelled();
    this.objects.assertUnchanged(likeness);
    if (this._described(likeness, other) !== this._described(run, arrival)) throw new Refuted(IDENTITY);
    if ("kind" in other && other.kind === "parked") this._likenesses.keep(likeness.node, likeness);
  }

  /** What a run has done since it went on, and where it has arrived. */
  private _described(run: RoutineRun, arrival: Arrival | BackEdge): string {
    return [...run.steps, "kind" in arrival ? this._end(run, arrival) : "round"].join("; ");
  }

  private _end(run: RoutineRun, arrival: Arrival): string {
    if (arrival.kind === "parked") return this.casesOf(run, arrival.operation).cases.join();
    if (arrival.kind === "stopped") return `${run.isAttempt} ${this.casesOf(run, arrival.call).cases.join()}`;
    return `${arrival.kind} ${this.objects.idOf(run, arrival.kind === "done" ? arrival.value : arrival.error)}`;
  }

  // Objects that come back, or change hands.

  /** What must hold of a new node, and because of it. */
  private _checkNew(node: number): void {
    const moves = this.objects.newMoves();
    for (const move of this.objects.moves) {
      if (!moves.includes(move)) this._assertUnnoticed(move, node);
    }
    for (const move of moves) {
      for (let other = 0; other < this.lts.size; other++) this._assertUnnoticed(move, other);
    }
    if (this._folds.at(-1) !== node) return;
    for (const [name, made] of this._steady) this._assertSameAfter(name, made, node);
  }

  /** A receiver changes an object: no task that has sent one like it may notice. */
  private _assertUnnoticed(move: Move, node: number): void {
    if (this.lts.base(node) !== node || this.lts.resumesAt(node) !== -1 || !this.lts.isKnown(node)) return;
    const path = this._histories.pathTo(node);
    if (!path.some((step) => this._sends(step, move.id))) return;
    const texts = [null, move].map((each) => {
      const objects = new RunObjects(each !== null, null, each);
      const run = this._repeat(path, [], objects);
      return run === null ? null : this._described(...run);
    });
    if (texts[0] !== texts[1] || texts[0] === null)
      throw new Unmodelled("a task changes an object that another task may have");
  }

  /** A task was given an object that it has already, by a name: it must be the same object in each round of a loop. */
  private _assertSameInRounds(name: string, node: number): void {
    if (this._steady.has(name)) return;
    this._steady.set(name, node);
    for (const fold of this._folds) this._assertSameAfter(name, node, fold);
  }

  /** Goes through a loop twice, and up to a node, at which an object gets a name. */
  private _assertSameAfter(name: string, node: number, fold: number): void {
    if (this.lts.task(fold) !== this.lts.task(node)) return;
    const path = this._histories.pathTo(fold);
    const [first, last] = [path.indexOf(this.lts.backEdge(fold)!.node), path.indexOf(node)];
    if (last < first) return;
    const run = this._repeat(path, path.slice(first + 1, last + 1), new RunObjects(false, null));
    if (run === null || run[0].objects.renewed.has(name))
      throw new Unmodelled("a task receives objects that a loop makes again and again");
  }

  /** Repeats a history; null if that takes turns of the host. */
  private _repeat(
    path: readonly number[],
    more: readonly number[],
    objects: RunObjects,
  ): [RoutineRun, Arrival | BackEdge] | null {
    const spawn = this.spawnOf(path[0]!);
    const run = this._histories.replay(this.lts.task(path[0]!), [...path, ...more], spawn, objects);
    if (Symbol.asyncIterator in run.routine) return null;
    const fresh = this._fresh;
    this._fresh = -1;
    try {
      return [run, this._apart(() => this._playOut(run, this._play(run)))];
    } finally {
      this._fresh = fresh;
    }
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
        idle = backEdge !== null && this._isIdle(backEdge, run.node);
        if (backEdge !== null && !idle) return backEdge;
      }
      if (operation instanceof Round || this.isTrivial(run, operation)) {
        if (idle) run.steps.push(IDLE);
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
      run.goOnTo(input.node);
      if (deliver(run, operation, input.at, this.valueOf(run, input))) return true;
      run.queued = this.casesOf(run, operation).offers;
    }
    run.waiting = operation;
    return false;
  }

  /**
   * A round of a loop begins. If one began with an equal state since the loop was entered, the back edge to that. Several loops may
   * be entered on the way to one node, with no event in between, so a loop is named by its node and its number.
   */
  private _backEdge(run: RoutineRun, round: Round): BackEdge | null {
    const { node, made: from } = run;
    const at = run.rounds++;
    this.objects.assertUnchanged(run);
    // In the next round, what is made is named as in the one that it repeats.
    const repeated = run.node === this._fresh ? null : this.lts.backEdge(run.node);
    if (repeated !== null && repeated.at === at) {
      run.goOnTo(repeated.node);
      run.repeat(repeated);
    }
    const loop = run.enter(round);
    const state = this.objects.stateKey(run, round.state);
    run.steps.push(`${ROUND} ${state}`);
    if (run.objects.isLikeness && run.objects.move === null) return this._likeRound(run);
    if (node !== this._fresh) return null;
    const owned = [...run.owned].sort((one, other) => one - other);
    const key = `${loop} ${run.holding} ${owned} ${run.ends} ${state}`;
    const before = this._rounds.get(key);
    const { named } = run.objects;
    const { releases } = run;
    if (before === undefined) {
      this._rounds.set(key, { node, from, nth: at, counts: { ...run.counts }, named, releases });
      return null;
    }
    if (this._isRound(before, node, at) || !this._mayRepeat(before, run)) return null;
    this.folds = true;
    if (round.isEndless) this.isCyclic = true;
    const renames = Object.entries(run.counts).some(([kind, count]) => before.counts[kind as keyof Counts] !== count);
    return { ...before, at, renames };
  }

  /** Whether a round may repeat another, if all that was made between the two is made anew. */
  private _mayRepeat({ node, counts: before }: RoundStart, { node: to, counts }: RoutineRun): boolean {
    if (before.locks !== counts.locks) return false;
    if (!this._apartRounds) return true;
    // The tasks that were started on the way to this round are others than those of the earlier round.
    if (node !== to && !this.lts.starts(to).next().done) return false;
    const kinds = ["tasks", "members", "channels", "cells"] as const;
    return kinds.every((kind) => before[kind] === counts[kind]);
  }

  /** Whether a round repeats one that began on the way to the same node, with no event in between. */
  private _isIdle({ node, nth, at }: BackEdge, other: number): boolean {
    return at !== nth && this.lts.variantOf(node) === this.lts.variantOf(other);
  }

  /** Whether a round that begins on the way to a node is a known one itself, and the node a variant of that of the round. */
  private _isRound({ node, from, nth }: RoundStart, other: number, at: number): boolean {
    const { lts } = this;
    if (at !== nth || lts.variantOf(node) !== lts.variantOf(other)) return false;
    for (let made = 0; made < from; made++)
      if (lts.generation(node, made) !== lts.generation(other, made)) return false;
    return true;
  }

  /** Where a likeness is when a round begins: back in an earlier one, if the run that it is compared with was. */
  private _likeRound(run: RoutineRun): BackEdge | null {
    const { steps, folds } = this._like;
    if (run.tape.length > 0 || roundsIn(run.steps) !== roundsIn(steps)) return null;
    return folds ? FOLDED : steps.includes(IDLE) ? { ...FOLDED, node: run.node } : null;
  }

  /** Records where a run has arrived. */
  private _arrive(run: RoutineRun, node: number, arrival: Arrival | BackEdge): void {
    this._fresh = -1;
    this.sandbox.assertModelled();
    this.objects.assertUnchanged(run);
    if ("kind" in arrival) this._record(run, node, arrival);
    else this._fold(node, arrival);
    const undelivered = this.undelivered(node);
    if (undelivered !== null) this.lts.effectsFor(node).releases.push(undelivered);
    this.lts.settle(node);
  }

  private _fold(node: number, backEdge: BackEdge): void {
    this.lts.fold(node, backEdge);
    this._folds.push(node);
    const target = this.lts.variantOf(backEdge.node);
    if (this._targets.has(target)) return;
    this._targets.add(target);
    this._repeated = [];
  }

  private _record(run: RoutineRun, node: number, arrival: Arrival): void {
    const { lts } = this;
    if (run.gaveWay) lts.giveWayBefore(node);
    const { cases, offers } =
      arrival.kind === "parked" ? this.casesOf(run, arrival.operation) : { cases: null, offers: 0 };
    if (run.queued !== 0 && run.queued !== offers)
      throw new Unmodelled("operations are performed outside of its tasks");
    lts.hold(node, [...run.owned]);
    if (cases !== null) {
      this._assertLocks(cases, false);
      lts.park(node, cases, false, run.callSite);
      this._histories.keep(node, run);
    } else if (arrival.kind === "stopped") this._recordCall(node, arrival.call, run);
    else if (arrival.kind === "done") {
      const id = this.objects.handedId(run, arrival.value);
      lts.end(node, lts.isCancelled(node) ? CANCELLED : DONE, arrival.value, id);
    } else if (arrival.kind === "failed")
      lts.end(node, FAILED, arrival.error, this.objects.handedId(run, arrival.error));
  }

  /** A plain call: it happens at once; an attempt may find that nothing is ready. */
  private _recordCall(node: number, call: Operation<unknown>, run: RoutineRun): void {
    const { cases } = this.casesOf(run, call);
    this._assertLocks(cases, true);
    const effects = this.lts.effects(node);
    if (effects !== null) effects.early = run.early;
    this.lts.park(node, run.isAttempt ? attempted(cases) : cases, true, run.callSite);
    if (run.isUrgent) this.lts.hasten(node);
  }

  /** Whether the model is right about the locks and groups that a task waits for or looks at. */
  private _assertLocks(cases: Int32Array, isCall: boolean): void {
    const looks = isCall || goesByOrder(cases);
    for (let at = 0; at < cases.length; at += STRIDE) {
      const kind = cases[at];
      // The task that waits for the end of all is over only after its next turn.
      if (kind === GROUP_ENDED && looks) throw new Unmodelled("it looks whether all tasks of a group are over");
      if (kind !== ACQUIRE && kind !== READ_PERMITS) continue;
      if (looks) this.sandbox.assertWatched(cases[at + 1]!);
      if (kind === ACQUIRE) this.sandbox.assertUniform(cases[at + 1]!, cases[at + 2]!);
    }
  }
}

/** A run goes on at once from an operation that is always ready. On the scheduler it may give way there to other tasks. */
function passBy(run: RoutineRun, operation: Operation<unknown>): void {
  run.passBy();
  completeCase(operation, 0, undefined);
}

/** Steps of a run: a round begins; nothing happens in it. */
const ROUND = "round";
const IDLE = "idle";

const roundsIn = (steps: readonly string[]): number => steps.filter((step) => step.startsWith(ROUND)).length;

/** Where a likeness arrives that is back in an earlier round. */
const FOLDED: BackEdge = {
  ...{ node: -1, from: 0, releases: 0, nth: 0, named: 0, at: 0, renames: false },
  counts: { tasks: 0, members: 0, channels: 0, timers: 0, cells: 0, locks: 0 },
};

// Where one routine at a time is run, to see what it does next. Under the maker of a verification (model-maker.ts), the routine
// gets model objects for what it creates, with names that are the same in every run. A task is named by its creator and by how
// many tasks that creator had started before; likewise channels, timeouts and cells. So the same history always makes the same
// objects.
//
// A plain call that reads the state, or changes it, is a transition like any other, but a routine cannot be parked in the midst
// of it. The call takes its answer from the tape of the run. At the end of the tape it throws `UNANSWERED` and the run is given
// up; a new run is given the answer once there is one.

import { type Buffer, Dropping, Fixed, Sliding } from "../../../channel/buffer.js";
import type { ChannelOptions, OwnedChannel } from "../../../channel/ends.js";
import type { ScopeOptions } from "../../../lifetime/scope.js";
import type { Operation, Routine } from "../../../operation/operation.js";
import { currentContext } from "../../../scheduler/contexts.js";
import { scheduler } from "../../../scheduler/scheduler.js";
import type { Body } from "../../../task/task.js";
import type { Declared } from "../../program/cell.js";
import { daemon, loopedName } from "../../program/loop.js";
import { CHANCE, Escaped, HostCalls } from "../../simulation/host-calls.js";
import { callSiteOf, captureCallSite } from "./call-site.js";
import { SUBSCRIBE, Unmodelled } from "./cases.js";
import type { Made } from "./local-lts.js";
import { BroadcastModel, type BroadcastParts, type Broadcasts, SubscriptionModel } from "./model-broadcast.js";
import { GroupModel, type GroupParts, type Groups } from "./model-groups.js";
import { type LockCalls, LockModel, type LockRequest } from "./model-locks.js";
import {
  type Attempted,
  type Callbacks,
  CellModel,
  type ChannelFacts,
  ChannelModel,
  type DeliveryOrder,
  type Overflow,
  type PlainCalls,
  TaskModel,
  TimeoutModel,
} from "./model-objects.js";
import type { CrewEnd, Crews } from "./model-pipeline.js";
import type { PoolCalls } from "./model-pool.js";
import { FAILURE, RegionModel, type ScopeBody, ScopeModel, type Scopes } from "./model-scopes.js";
import { type SignalCalls, SignalModel } from "./model-signals.js";
import type { SourceCalls } from "./model-sources.js";
import type { ToolCalls } from "./model-sync.js";
import { Offer } from "./operation-cases.js";
import { ANY_END, ANY_TASK, ARRIVALS, endOf, insideScope, type Refinements, Refuted } from "./refinements.js";
import type { Input, RoutineRun, Start } from "./routine-run.js";
import type { ModelObject, Slot } from "./slots.js";

export { ANY_TASK, insideScope, type Refinements, Refuted } from "./refinements.js";

/** A lock is watched: a task looks at it. */
export const watches = (lock: string): string => `looks at ${lock}`;

/** A lock is queued: there are requests for different numbers of its permits. */
export const queues = (lock: string): string => `queue of ${lock}`;

/** Whether a refinement is about a lock. */
export const isOfLock = (refinement: string): boolean =>
  refinement.startsWith(watches("")) || refinement.startsWith(queues(""));

/** The refinements of a lock by its number; they begin where the numbers of tasks have ended. */
const LOCKS = 2 ** 30;
const watchesNth = (lock: number): number => LOCKS + lock * 2;
const queuesNth = (lock: number): number => LOCKS + lock * 2 + 1;
/** A condition that must hold in every state, from where a task has declared it on. */
export interface Invariant {
  readonly holds: () => boolean;
  readonly task: number;
  /** The local states on the way to which it is declared. */
  readonly from: Set<number>;
}

/** Called with what a routine makes while it runs. */
export interface SandboxObserver {
  /** The number of the values that a channel has from the start. */
  valuesStored(run: RoutineRun, values: readonly unknown[]): number;
  /** A plain call is about to be made. */
  offered(run: RoutineRun, call: Operation<unknown>): void;
  /** What a run is given with an input. */
  valueOf(run: RoutineRun, input: Input): unknown;
  permitsReleased(run: RoutineRun, lock: number, n: number): void;
  /** A task has been started; an index of `Unfolder.spawns`. */
  taskStarted(run: RoutineRun, task: number, start: Start): number;
  /** An object has been made. */
  made(run: RoutineRun, made: Made): void;
  /** The id of the first value of a cell. */
  cellValue(run: RoutineRun, initial: unknown): number;
  /** The generation of the next object that a run makes. */
  generation(run: RoutineRun): number;
  /** Whether the task of a run has been cancelled. */
  isEnding(run: RoutineRun): boolean;
}

/** Thrown by a plain call that has no answer yet. */
export const UNANSWERED: Error = new Error("Internal signal of verify(): rethrow it");

export class Sandbox
  implements
    PlainCalls,
    Declared,
    Scopes,
    LockCalls,
    Crews,
    SourceCalls,
    Groups,
    SignalCalls,
    Broadcasts,
    ToolCalls,
    PoolCalls
{
  // The model objects of the program, by their indices.
  readonly tasks: TaskModel<unknown>[];
  readonly channels: ChannelModel<unknown>[];
  readonly timers: TimeoutModel[];
  readonly cells: CellModel<unknown>[];
  readonly regions: RegionModel[];
  readonly locks: LockModel[];
  readonly broadcasts: BroadcastModel[];
  /** The requests for permits, by number. */
  readonly requests: LockRequest[];
  /** Whether there are tasks that send in an order. */
  anyOrder: boolean;
  /** What must hold, by name. */
  readonly invariants: Map<string, Invariant>;
  /** Whether the lines at which tasks stand are captured, which takes longer than all else. */
  readonly capturesCallSites: boolean;
  /** Whether the state has which tasks are parked for certain: see `ARRIVALS`. */
  readonly knowsArrivals: boolean;
  /** The run whose routine is running. */
  running: RoutineRun | null;
  /** Answers plain calls in place of the tape: an audit, or an invariant. */
  oracle: ((call: Operation<unknown>, isAttempt: boolean) => unknown) | null;
  readonly queued: () => void;
  private readonly _refinements: Refinements;
  private readonly _observer: SandboxObserver;
  private readonly _requestIds: Map<string, number>;
  /** The run that got each lease. */
  private readonly _leases: WeakMap<object, RoutineRun>;
  /** The index of the lock of each lease of permits. */
  private readonly _lockOf: WeakMap<object, number>;
  /** The functions of the host that the program gets. */
  readonly host: HostCalls;
  private readonly _slots: Map<string, Slot>;
  /** All model objects but `main`, in the order in which they were made; and the place of each. */
  readonly objects: ModelObject[];
  private readonly _places: Map<object, number>;
  /** The groups, by the number of the region of each. */
  private readonly _groups: Map<number, GroupModel>;
  private readonly _signals: Map<number, SignalModel>;
  /** The unsupported operation of the routine, which may have caught the error. */
  private _unmodelled: string | null;
  /** What the program does outside of what can be explored. */
  private _escaped: Escaped | null;
  /** Why a value of the routine has no number; the routine may have caught it. */
  private _refused: Unmodelled | Refuted | null;

  constructor(observer: SandboxObserver, capturesCallSites: boolean, refinements: Refinements) {
    this.tasks = [];
    this.channels = [];
    this.timers = [];
    this.cells = [];
    this.regions = [];
    this.locks = [];
    this.broadcasts = [];
    this.requests = [];
    this.anyOrder = false;
    this.invariants = new Map();
    this.capturesCallSites = capturesCallSites;
    this.knowsArrivals = refinements.has(ARRIVALS);
    this.running = null;
    this.oracle = null;
    this.queued = () => this._operationParked();
    this._refinements = refinements;
    this._observer = observer;
    this._requestIds = new Map();
    this._leases = new WeakMap();
    this._lockOf = new WeakMap();
    this.objects = [];
    this._slots = new Map();
    this._places = new Map();
    this._groups = new Map();
    this._signals = new Map();
    this._unmodelled = null;
    this._escaped = null;
    this._refused = null;
    this.host = new HostCalls({
      date: () => this.now(),
      time: () => this.now(),
      random: () => this.escape("Math.random()", CHANCE),
      outside: (what, instead) => this.escape(what, instead),
      threw: (error) => this.reported(error),
      combine: (signals) => {
        if (signals.some((signal) => signal instanceof SignalModel)) this.unmodelled("it combines signals");
      },
    });
  }

  /** Throws if the routine has done something that the model does not support, or that cannot be explored at all. */
  assertModelled(): void {
    if (this._escaped !== null) throw this._escaped;
    const refused = this._refused;
    this._refused = null;
    if (refused !== null) throw refused;
    const what = this._unmodelled;
    if (what === null) return;
    this._unmodelled = null;
    throw new Unmodelled(what);
  }

  private _operationParked(): void {
    const { running } = this;
    if (running === null || running.stopped !== null) return;
    if (running.queued++ === 0 && this.capturesCallSites) running.callSite = captureCallSite();
  }

  // Tasks and scopes.

  start<T>(body: Body<never, T>, args: unknown[], region: number = -1): TaskModel<T> {
    const run = this._current();
    if (region !== -1) this._assertInside(run, region);
    const nth = region === -1 ? run.counts.tasks++ : run.counts.members++;
    return this._startNamed(run, body, args, region, nth, this._taskName(run, `${body.name || "task"}#`, nth, region));
  }

  private _startNamed<T>(
    run: RoutineRun,
    body: Body<never, T>,
    args: unknown[],
    region: number,
    nth: number,
    name: string,
  ): TaskModel<T> {
    const slot = this._slot(`${run.task} task ${nth} ${region} ${body.name}`);
    const task = this._object(run, slot, (generation) =>
      this.addTask(generation === 0 ? name : `${name}:${generation + 1}`, body as never, region, run.task),
    );
    task.loops ??= loopedName(body, args);
    const { index } = task;
    const begun = { body: body as never, args, context: currentContext() };
    const begins = this._numbered(() => this._observer.taskStarted(run, index, begun));
    this._observer.made(run, { kind: "task", index, slot, begins });
    return task as TaskModel<T>;
  }

  /**
   * @param starter - The task that starts it; -1 for `main`.
   * @param order - The order in which it sends, beside other tasks.
   */
  addTask(
    name: string,
    body: Body<unknown[], unknown>,
    region: number,
    starter: number,
    order: DeliveryOrder | null = null,
  ): TaskModel<unknown> {
    const index = this.tasks.length;
    const isCancellable = this._isCancellable(index, name, region);
    const endsApart = [endOf(name), endOf(index), ANY_END].some((refinement) => this._refinements.has(refinement));
    const facts = { index, name, region, starter, isCancellable, endsApart, order };
    const task = new TaskModel<unknown>(this, body as never, facts);
    this.tasks.push(task);
    this.regions[region]?.members.push(index);
    return task;
  }

  private _isCancellable(index: number, name: string, region: number): boolean {
    const refinements = this._refinements;
    if (index > 0 && refinements.has(ANY_TASK)) return true;
    const scope = region === -1 ? "" : insideScope(this.tasks[this.regions[region]!.owner]!.name);
    return refinements.has(name) || refinements.has(index) || refinements.has(scope);
  }

  /** As the scheduler names it: what the body of a scope starts in the scope, is started by the scope, after its body. */
  private _taskName({ task }: RoutineRun, name: string, nth: number, region: number): string {
    const { owner, members } = this.regions[region] ?? { owner: -1, members: [] };
    if (region !== -1 && task === members[0]) return this._nameIn(owner, `${name}${nth + 1}`);
    return this._nameIn(task, `${name}${nth}`);
  }

  /** A task in a scope that has not been cancelled may start others in it; for any other task that depends on the state. */
  private _assertInside(run: RoutineRun, region: number): void {
    const isInside = this.tasks[run.task]!.region === region && !this._observer.isEnding(run);
    if (isInside || this.regions[region]!.owner === run.task) return;
    this.unmodelled("a task is started in a scope from outside, or at its end");
  }

  scope<T>(body: ScopeBody<T>, options: ScopeOptions): ScopeModel<T> {
    return new ScopeModel<T>(this, body, options);
  }

  /** The scope that the running task is. */
  region(): RegionModel {
    const run = this._current();
    const slot = this._slot(`${run.task} region`);
    const region = this._object(run, slot, () => {
      const made = new RegionModel(this, this.regions.length, run.task);
      this.regions.push(made);
      return made;
    });
    this._observer.made(run, { kind: "region", index: region.index, slot, begins: 0 });
    return region;
  }

  signal(region: RegionModel): AbortSignal {
    let signal = this._signals.get(region.index);
    if (signal === undefined) {
      signal = new SignalModel(this, region);
      this._signals.set(region.index, signal);
      this._places.set(signal, this.placeOf(region)!);
    }
    return signal as unknown as AbortSignal;
  }

  isActiveIn({ index }: RegionModel): boolean {
    const { running } = this;
    return running !== null && this.tasks[running.task]!.region === index && !this._observer.isEnding(running);
  }

  // Groups.

  /** Undefined in an async body, in which it is not known which task uses the group. */
  group({ limit = Number.POSITIVE_INFINITY, failures, signal }: GroupParts): GroupModel | undefined {
    const run = this._current();
    if (signal !== undefined || Symbol.asyncIterator in run.routine) return undefined;
    const lock = this.lock("group", undefined, limit).index;
    const slot = this._slot(`${run.task} group ${lock}`);
    const region = this._object(run, slot, () => {
      const given = { lock, supervises: failures === "joiner" };
      const made = new RegionModel(this, this.regions.length, run.task, this._homeOf(run.task), given);
      this.regions.push(made);
      return made;
    });
    this._observer.made(run, { kind: "region", index: region.index, slot, begins: 0 });
    let group = this._groups.get(region.index);
    if (group === undefined) {
      group = new GroupModel(this, region, region.group!);
      this._groups.set(region.index, group);
      this._places.set(group, this.placeOf(region)!);
    }
    return group;
  }

  assertMayEnter({ index, group }: RegionModel): void {
    const task = this.tasks[this._current().task]!;
    if (group !== null && task.region === index) this.unmodelled("a task of a group starts another in it");
    if (task.isCancellable) this.unmodelled("a task that may be cancelled starts tasks of a group");
  }

  startIn<T>(body: Body<never, T>, args: unknown[], { index: region }: RegionModel): TaskModel<T> {
    const run = this._current();
    const nth = run.counts.tasks++;
    const name = this._nameIn(run.task, `${body.name || "task"}#${nth}`);
    const task = this._startNamed<T>(run, body, args, region, nth, name);
    // With the first task, the group starts one that waits for the end of all.
    if (this.ofRun(this.regions[region]!, () => ({ nth })).nth === nth) run.counts.tasks++;
    return task;
  }

  // Tools.

  /** The number of a lock, which stands for the barrier. */
  barrier(): number {
    return this.lock("barrier", undefined, 1).index;
  }

  servant(body: Body<never, void>): void {
    const run = this._current();
    const nth = run.counts.locks++;
    const slot = this._slot(`${run.task} servant ${nth}`);
    const { index } = this._object(run, slot, () => {
      const made = this.addTask(this._nameIn(run.task, `${body.name}#${nth}`), body as never, -1, run.task);
      daemon(made);
      return made;
    });
    this._begin(run, index, slot, body as never);
  }

  // Broadcasts.

  broadcast(parts: BroadcastParts): BroadcastModel | undefined {
    const run = this._current();
    if (!parts.isPlain) return undefined;
    const slot = this._slot(`${run.task} broadcast ${run.counts.locks++}`);
    const made = this._object(run, slot, () => {
      const facts = { index: this.broadcasts.length, maker: run.task, home: this._homeOf(run.task) };
      const broadcast = new BroadcastModel(this, facts, parts);
      this.broadcasts.push(broadcast);
      return broadcast;
    });
    this._observer.made(run, { kind: "broadcast", index: made.index, slot, begins: 0 });
    made.readBy(this.start<void>(made.reading(parts.source()), []));
    return made;
  }

  subscription(broadcast: BroadcastModel, capacity: number, overflow: Overflow): SubscriptionModel {
    const make = (facts: ChannelFacts): SubscriptionModel => {
      const made = new SubscriptionModel(this, facts, broadcast);
      broadcast.subscriptions.push(made);
      return made;
    };
    const made = this._channel(this._current(), capacity, overflow, undefined, {}, 0, make);
    Object.assign(made, { owned: true });
    this.hold(made.index, true);
    this.call(new Offer(SUBSCRIBE, made.index, null, "subscribe", this.queued));
    return made as unknown as SubscriptionModel;
  }

  // Tasks of combinators.

  output(onCancel: () => void): ChannelModel<unknown> & OwnedChannel<unknown> {
    const made = this._channel<unknown>(this._current(), 0, "park", undefined, { onCancel });
    Object.assign(made, { owned: true });
    this.hold(made.index, true);
    return made as ChannelModel<unknown> & OwnedChannel<unknown>;
  }

  crew(body: Body<never, void>, count: number, order: DeliveryOrder | null, end: CrewEnd): void {
    const run = this._current();
    const nth = run.counts.tasks;
    const ending = this._slot(`${run.task} end ${nth} ${body.name}`);
    const ends = (): Routine<void> => end(region.end(FAILURE));
    const { index: owner } = this._object(run, ending, () =>
      this.addTask(this._nameIn(run.task, `end of ${body.name}#${nth}`), ends as never, -1, run.task),
    );
    const slot = this._slot(`${run.task} crew ${nth} ${body.name}`);
    const region = this._object(run, slot, () => {
      const made = new RegionModel(this, this.regions.length, owner, this._homeOf(run.task));
      this.regions.push(made);
      return made;
    });
    this._observer.made(run, { kind: "region", index: region.index, slot, begins: 0 });
    for (let worker = 0; worker < count; worker++) this._startWorker(run, body, region.index, order);
    this._begin(run, owner, ending, ends as never);
  }

  private _startWorker(run: RoutineRun, body: Body<never, void>, region: number, order: DeliveryOrder | null): void {
    const nth = run.counts.tasks++;
    const slot = this._slot(`${run.task} worker ${nth} ${region} ${body.name}`);
    const { index } = this._object(run, slot, () => {
      const made = this.addTask(this._nameIn(run.task, `${body.name}#${nth}`), body as never, region, run.task, order);
      this.anyOrder ||= order !== null;
      order?.tasks.push(made.index);
      return made;
    });
    this._begin(run, index, slot, body as never);
  }

  private _begin(run: RoutineRun, index: number, slot: Slot, body: Start["body"]): void {
    const begins = this._observer.taskStarted(run, index, { body, args: [], context: currentContext() });
    this._observer.made(run, { kind: "task", index, slot, begins });
  }

  /** The scope in which that is made what a task makes; -1 for none. */
  private _homeOf(task: number): number {
    const { region } = this.tasks[task]!;
    return region === -1 ? -1 : this.regions[region]!.home;
  }

  /** What the running task remembers under a key. */
  ofRun<T>(key: object, make: () => T): T {
    const { views } = this._current();
    if (!views.has(key)) views.set(key, make());
    return views.get(key) as T;
  }

  endedOf(merge: object, sources: string): Set<string> {
    const { merges } = this._current();
    const read = merges.get(merge) ?? { sources, ended: new Set() };
    merges.set(merge, read);
    return read.ended;
  }

  refuse(what: string, error?: unknown): never {
    if (error === UNANSWERED || error instanceof Unmodelled) throw error;
    return this.unmodelled(what);
  }

  // Channels, timeouts and cells.

  channel<T>(
    buffer: Buffer<T> | null,
    options: (ChannelOptions<T> & { transform?: unknown }) | undefined,
  ): ChannelModel<T> {
    const run = this._current();
    if (options?.transform !== undefined) this.unmodelled("a channel has a transform");
    if (options?.maxPending !== undefined) this.unmodelled("a channel has a limit to what may be parked");
    return this._channel(run, buffer?.capacity ?? 0, this._overflow(buffer), options?.name, options ?? {});
  }

  /** A channel that has values from the start, and is closed behind them. */
  stored(values: readonly unknown[]): ChannelModel<unknown> {
    const run = this._current();
    const begins = this._numbered(() => this._observer.valuesStored(run, values));
    const made = this._channel<unknown>(run, Math.max(1, values.length), "park", undefined, {}, begins);
    Object.assign(made, { owned: true });
    return made;
  }

  promiseChannel<T>(): ChannelModel<T> {
    return this._channel(this._current(), 1, "keep", undefined, {});
  }

  private _channel<T>(
    run: RoutineRun,
    capacity: number,
    overflow: Overflow,
    given: string | undefined,
    callbacks: Callbacks,
    begins = 0,
    make: (facts: ChannelFacts) => ChannelModel<unknown> = (facts) => new ChannelModel(this, facts),
  ): ChannelModel<T> {
    const nth = run.counts.channels++;
    const name = given ?? this._nameIn(run.task, `channel#${nth}`);
    const slot = this._slot(`${run.task} channel ${nth} ${capacity} ${overflow} ${name}`);
    const channel = this._object(run, slot, () => {
      const index = this.channels.length;
      const home = this._homeOf(run.task);
      const made = make({ index, name, capacity, overflow, callbacks, home, isStored: begins > 0 });
      this.channels.push(made);
      return made;
    });
    this._observer.made(run, { kind: "channel", index: channel.index, slot, begins });
    return channel as unknown as ChannelModel<T>;
  }

  private _overflow(buffer: Buffer<unknown> | null): Overflow {
    if (buffer === null) return "park";
    if (!(buffer instanceof Fixed)) return this.unmodelled("a channel has a buffer of its own kind");
    if (!(buffer instanceof Dropping)) return "park";
    if (buffer.onDrop !== undefined) this.unmodelled("a buffer has onDrop");
    return buffer instanceof Sliding ? "slide" : "drop";
  }

  timeout(ms: number): TimeoutModel {
    const run = this._current();
    const nth = run.counts.timers++;
    const slot = this._slot(`${run.task} timer ${nth}`);
    const timer = this._object(run, slot, () => {
      const made = new TimeoutModel(this, this.timers.length, this._nameIn(run.task, `timeout#${nth}`));
      this.timers.push(made);
      return made;
    });
    this._observer.made(run, { kind: "timer", index: timer.index, slot, begins: Math.max(0, Math.ceil(ms)) });
    return timer;
  }

  cell<T>(initial: T): CellModel<T> {
    const run = this._current();
    const slot = this._slot(`${run.task} cell ${run.counts.cells++}`);
    const cell = this._object(run, slot, () => {
      const made = new CellModel<unknown>(this, this.cells.length);
      this.cells.push(made);
      return made;
    });
    const begins = this._numbered(() => this._observer.cellValue(run, initial));
    this._observer.made(run, { kind: "cell", index: cell.index, slot, begins });
    return cell as CellModel<T>;
  }

  // Locks.

  /** @param taken - How many of its permits are taken from the start. */
  lock(kind: string, given: string | undefined, total: number, taken = 0): LockModel {
    const run = this._current();
    const nth = run.counts.locks++;
    const name = given === undefined ? this._nameIn(run.task, `${kind}#${nth}`) : `${kind} ${given}`;
    const slot = this._slot(`${run.task} lock ${nth} ${total} ${name}`);
    const lock = this._object(run, slot, () => {
      const index = this.locks.length;
      const refinements = this._refinements;
      const isWatched = refinements.has(watches(name)) || refinements.has(watchesNth(index));
      const isQueued = refinements.has(queues(name)) || refinements.has(queuesNth(index));
      const made = new LockModel(this, { index, name, total, isWatched, isQueued });
      this.locks.push(made);
      return made;
    });
    this._observer.made(run, { kind: "lock", index: lock.index, slot, begins: taken });
    return lock;
  }

  /** The refinements of all locks, by number. */
  get lockRefinements(): number[] {
    return this.locks.flatMap(({ index, isWatched, isQueued }) => [
      ...(isWatched ? [watchesNth(index)] : []),
      ...(isQueued ? [queuesNth(index)] : []),
    ]);
  }

  requestId(request: LockRequest): number {
    const key = `${request.n} ${request.priority} ${request.verb}`;
    let id = this._requestIds.get(key);
    if (id === undefined) this._requestIds.set(key, (id = this.requests.push(request) - 1));
    return id;
  }

  leased({ index }: LockModel, n: number, lease: object): void {
    const run = this._current();
    this.lends(lease);
    this._lockOf.set(lease, index);
    run.held.set(index, (run.held.get(index) ?? 0) + n);
  }

  lockOf(lease: object): LockModel {
    this.usesLease(lease);
    return this.locks[this._lockOf.get(lease)!]!;
  }

  released({ index, isWatched }: LockModel, n: number): void {
    const run = this._current();
    run.held.set(index, (run.held.get(index) ?? 0) - n);
    if (isWatched) return;
    run.releases++;
    this._observer.permitsReleased(run, index, n);
  }

  lends(lease: object): void {
    this._leases.set(lease, this._current());
  }

  usesLease(lease: object): void {
    if (this._leases.get(lease) !== this._current()) this.unmodelled("a task uses a lease that another task got");
  }

  /** Restarts the search if a lock is looked at that was taken for one that is not. */
  assertWatched(lock: number): void {
    const { isWatched, name } = this.locks[lock]!;
    if (!isWatched) throw new Refuted(watches(name));
  }

  /** Likewise if a request asks for another number of permits than those before, and may wait behind them or be refused. */
  assertUniform(lock: number, request: number): void {
    const made = this.locks[lock]!;
    const { n } = this.requests[request]!;
    if (made.asked === 0) made.asked = n;
    if (made.asked !== n && !made.isQueued) throw new Refuted(queues(made.name));
  }

  invariant(name: string, holds: () => boolean): void {
    const { task, node } = this._current();
    const from = this.invariants.get(name)?.from ?? new Set();
    this.invariants.set(name, { holds, task, from: from.add(node) });
  }

  now(): number {
    return this.unmodelled("it asks for the time");
  }

  await(operation: Operation<unknown>): Promise<void> {
    const run = this._current();
    if (run.awaited !== null) this.unmodelled("a task awaits two operations at the same time");
    return new Promise((goOn) => {
      run.awaited = { operation, goOn };
    });
  }

  // Plain calls.

  call(offer: Offer<unknown>): unknown {
    return this._answer(offer, false);
  }

  attempt(operation: Operation<unknown>): Attempted | null {
    return this._answer(operation, true) as Attempted | null;
  }

  callBack<A extends unknown[]>(callback: ((...args: A) => unknown) | undefined, ...args: A): void {
    try {
      callback?.(...args);
    } catch (error) {
      if (error === UNANSWERED || error instanceof Unmodelled) throw error;
      this.unmodelled("a callback throws");
    }
  }

  /** An exception of a callback, which goes to the host. In an audit it is known already. */
  reported(error: unknown): void {
    if (error !== UNANSWERED && this.oracle === null)
      this._unmodelled ??= error instanceof Unmodelled ? error.message : "a callback throws";
  }

  hold(channel: number, holds: boolean): void {
    if (holds) this.running?.owned.add(channel);
    else this.running?.owned.delete(channel);
  }

  /** Gives the program up, as it does something outside of what can be explored. */
  escape(what: string, instead: string): never {
    const { running } = this;
    if (running !== null && running.stopped !== null) throw UNANSWERED;
    const task = running === null ? "the program" : this.tasks[running.task]!.name;
    const line = callSiteOf(captureCallSite());
    const place = line === undefined ? "" : ` at ${line}`;
    this._escaped ??= new Escaped(`${task} calls ${what}${place}, which cannot be explored; ${instead}`);
    throw this._escaped;
  }

  /** Code that runs outside of all tasks, such as a callback of the host, uses an object of the program. */
  private _fromOutside(call: Operation<unknown>): void {
    this._escaped ??= new Escaped(
      `code outside of its tasks, such as a callback or a promise, uses the program: ${call.waitsFor().what}`,
    );
  }

  unmodelled(what: string): never {
    if (this.running !== null && this.running.stopped !== null) throw UNANSWERED;
    this._unmodelled ??= what;
    throw new Unmodelled(what);
  }

  private _answer(call: Operation<unknown>, isAttempt: boolean): unknown {
    scheduler.notices?.used(call);
    if (this.oracle !== null) return this.oracle(call, isAttempt);
    if (this.running === null) {
      // It may come long after the verification. Nothing is done, as an error would end the process.
      this._fromOutside(call);
      return null;
    }
    const run = this._current();
    this._numbered(() => this._observer.offered(run, call));
    const input = run.tape.shift();
    if (input === undefined) {
      run.isAttempt = isAttempt;
      run.isUrgent = run.inCallback;
      if (this.capturesCallSites) run.callSite = captureCallSite();
      run.stopped = call;
      throw UNANSWERED;
    }
    run.goOnTo(input.node);
    return this._observer.valueOf(run, input);
  }

  /** Numbers values of the running task. */
  private _numbered<R>(work: () => R): R {
    try {
      return work();
    } catch (error) {
      if (error instanceof Unmodelled || error instanceof Refuted) this._refused ??= error;
      throw error;
    }
  }

  /** The run of the caller. A routine may catch `UNANSWERED` and continue; what it does then has no effect. */
  private _current(): RoutineRun {
    if (this.running !== null && this.running.stopped !== null) throw UNANSWERED;
    if (this.running !== null) return this.running;
    return this.unmodelled("something outside of its tasks goes on");
  }

  // Names.

  /** The name of what a task makes; what `main` makes needs no prefix. */
  private _nameIn(task: number, name: string): string {
    return task === 0 ? name : `${this.tasks[task]!.name}/${name}`;
  }

  private _slot(key: string): Slot {
    let slot = this._slots.get(key);
    if (slot === undefined) this._slots.set(key, (slot = { objects: [] }));
    return slot;
  }

  /** The object of a slot that a run makes: the model chooses the generation, as that depends on the state. */
  private _object<T extends ModelObject>(run: RoutineRun, { objects }: Slot, make: (generation: number) => T): T {
    const generation = this._observer.generation(run);
    run.made++;
    while (objects.length <= generation) {
      const made = make(objects.length);
      objects.push(made);
      this._places.set(made, this.objects.push(made) - 1);
    }
    return objects[generation] as T;
  }

  /** The place of a model object in `objects`; undefined for `main`, and for all that is no model object. */
  placeOf(object: object): number | undefined {
    return this._places.get(object);
  }
}

/** The name of a model object, the same in every run; undefined for all other objects. */
export function nameOf(value: object): string | undefined {
  if (value instanceof ChannelModel) return `channel ${value.index}`;
  if (value instanceof TaskModel) return `task ${value.index}`;
  if (value instanceof CellModel) return `cell ${value.index}`;
  if (value instanceof RegionModel) return `scope ${value.index}`;
  if (value instanceof BroadcastModel) return `broadcast ${value.index}`;
  if (value instanceof SignalModel) return `signal ${value.region.index}`;
  if (value instanceof GroupModel) return `group ${value.region.index}`;
  if (value instanceof Sandbox) return "sandbox";
  return value instanceof TimeoutModel ? `timer ${value.index}` : undefined;
}

// The labelled transition system of the whole program. A state is a vector of numbers; what is enabled in it is enumerated on
// demand (`Model.enumerate`), and a transition changes a few of the numbers in place (`fire` in transition.ts).
//
// The unit of exploration is the synchronisation, not the step: which sender meets which receiver, which case a select takes. The
// code of a task between two operations runs as part of the transition that resumed the task.
//
// A component of the vector is
//
//   for a task     its node, and one; 0 before it is started
//   for a channel  the id of its content; 0 while it is open and empty
//   for a timeout  the milliseconds that are left, and one; 0 before it begins
//   for a cell     the id of its value, and one; 0 before it is made
//   for a sleep    how long the task has slept at its node
//   for an arrival 1 if the task is parked for certain, since before time passed; 0 if it may not have come to its node yet
//   for a worker   its place in the order of delivery, from 1; 0 while it has none
//   for a scope    the id of its state; for the reason that a task was cancelled for, its id, and one
//   for a subscription 1 once it is in the audience of its broadcast
//   for a broadcast  whether it is open, or over, and the id of the cause
//   for a lock     how many permits are taken; for a latch, how often it was counted down
//   for a ticket   where a task stands that waits in the queues of locks; 0 if it does not
//   for a served task  1 until the atomic sequence that has served it is over
//
// All components begin at 0, so the vector may grow while a search goes on: a state that was stored before keeps its meaning.

import {
  ACQUIRE,
  type CaseKind,
  CLOSE as CLOSE_CALL,
  DEFAULT,
  goesByOrder,
  KINDS,
  LEAVE_BARRIER,
  PAUSE,
  RECEIVE,
  RELEASE,
  SEND,
  SETTLE,
  SLEEP,
  STRIDE,
  TIMEOUT,
  UNORDERED,
  Unmodelled,
  WHEN_CLOSED,
} from "../process/cases.js";
import { CANCELLED_IT, CLOSED_IT, type LocalLts, PARKED, SENT, TOOK, WAYS } from "../process/local-lts.js";
import { SubscriptionModel } from "../process/model-broadcast.js";
import type { LockModel } from "../process/model-locks.js";
import type { ChannelModel, DeliveryOrder, TaskModel } from "../process/model-objects.js";
import { isEnding, type RegionModel, RegionStates } from "../process/model-scopes.js";
import { ARRIVALS, endOf, Refuted } from "../process/refinements.js";
import type { Unfolder } from "../process/unfolder.js";
import { Contents } from "./channel-contents.js";
import {
  CLOSE,
  DELAY,
  DEQUEUE,
  ENQUEUE,
  FIELDS,
  INTERNAL,
  QUEUE,
  RECEIVE_CLOSED,
  RENDEZVOUS,
  SEND_CLOSED,
} from "./events.js";
import { grown } from "./numbers.js";
import { References } from "./references.js";

/** More tasks may not offer to send to a channel when it closes: each is committed or not, so the ways are two to that power. */
const MOST_SENDERS = 5;

/** In an ordered choice: no case so far is ready for certain; several are, or one that is ready for another reason than a closing. */
const NONE = -1;
const SEVERAL = -2;

/** What a task that a plain call has released may do before the next plain call, by the way. */
const RELEASED: Readonly<Record<number, readonly number[]>> = {
  [TOOK]: [ENQUEUE],
  [SENT]: [DEQUEUE],
  [CLOSED_IT]: [RECEIVE_CLOSED, INTERNAL],
  [CANCELLED_IT]: [RECEIVE_CLOSED, INTERNAL, SEND_CLOSED],
};

/** A kind of case, at a channel. */
interface Missed {
  readonly kind: number;
  readonly channel: number;
}

export class Model {
  readonly unfolder: Unfolder;
  readonly lts: LocalLts;
  readonly contents: Contents;
  readonly regionStates: RegionStates;
  /** The vector of the current state, and how many components there are. */
  state: Int32Array;
  width: number;
  /** The component of each task, channel, timeout, cell, sleep, arrival, scope, reason, lock, ticket and served task; -1 while it has none. */
  readonly ofTask: number[];
  readonly ofChannel: number[];
  readonly ofTimer: number[];
  readonly ofCell: number[];
  readonly ofSleep: number[];
  readonly ofArrival: number[];
  readonly ofRegion: number[];
  readonly ofReason: number[];
  readonly ofLock: number[];
  readonly ofTicket: number[];
  readonly ofServed: number[];
  readonly ofRank: number[];
  readonly ofJoined: number[];
  readonly ofBroadcast: number[];
  /** What was changed since `forget`, to be taken back: a component and its value before, each. */
  changes: Int32Array;
  changed: number;
  /** The transitions that `enumerate` found, `FIELDS` numbers each, and how many. */
  events: Int32Array;
  count: number;
  /** Tasks that the last transition started. */
  readonly started: number[];
  /** Tasks that it has ended: their names are not free before the next transition. */
  readonly ended: number[];
  /** The back edges that it took: each task, and the node that the edge leads from. */
  readonly passed: number[];
  /** The id of a value that it has taken from a task, and not yet given to another; -1 for none. */
  delivered: number;
  /** Whether a channel stays in use while it holds values: the search looks for values that are never received. */
  keepsUnread: boolean;
  readonly references: References;
  /** Tasks that it cancelled, and that make a plain call on their way out. */
  readonly stopped: number[];
  /** The components of the timeouts that it began. */
  readonly begun: number[];
  /** Whether time may pass beside other transitions; and by which unit it does, 0 while no sleep or timeout is known. */
  isAsynchronous: boolean;
  unit: number;
  /** Sets of clocks that stand still during a delay. */
  private readonly _still: (readonly number[])[];
  private readonly _capacities: number[];
  /** For each node whether a task was parked at it when time passed; and whether there is such a node. */
  private readonly _wasParked: boolean[];
  private _anyParked: boolean;
  /** The tasks that the present event has moved or started, and those that it shows not to be parked. */
  readonly moved: number[];
  /** Scratch of `enumerate`: parked tasks and their nodes. */
  private _parked: Int32Array;
  /** Scratch: for each channel without a buffer a linked list of parked receivers, as (task, case, next) in `_receivers`. */
  private readonly _firstReceiver: number[];
  private readonly _receivers: number[];
  /** Channels without a buffer that some node receives from. */
  private readonly _received: number[];
  /** For each node its receives on channels without a buffer, as (channel, case). */
  private readonly _receives: (Int32Array | undefined)[];
  /** For each node the locks in whose queues a task waits there. */
  private readonly _queues: (readonly number[] | undefined)[];

  constructor(unfolder: Unfolder) {
    this.unfolder = unfolder;
    this.lts = unfolder.lts;
    this.contents = new Contents();
    this.regionStates = new RegionStates();
    this.state = new Int32Array(16);
    this.width = 0;
    this.ofTask = [];
    this.ofChannel = [];
    this.ofTimer = [];
    this.ofCell = [];
    this.ofSleep = [];
    this.ofArrival = [];
    this.ofRegion = [];
    this.ofReason = [];
    this.ofLock = [];
    this.ofTicket = [];
    this.ofServed = [];
    this.moved = [];
    this.ofRank = [];
    this.ofJoined = [];
    this.ofBroadcast = [];
    this.changes = new Int32Array(64);
    this.changed = 0;
    this.events = new Int32Array(FIELDS * 64);
    this.count = 0;
    this.started = [];
    this.ended = [];
    this.passed = [];
    this.delivered = -1;
    this.keepsUnread = false;
    this.references = new References(this);
    this.stopped = [];
    this.begun = [];
    this._still = [[]];
    this.isAsynchronous = false;
    this.unit = 0;
    this._capacities = [];
    this._wasParked = [];
    this._anyParked = false;
    this._parked = new Int32Array(32);
    this._firstReceiver = [];
    this._receivers = [];
    this._received = [];
    this._receives = [];
    this._queues = [];
  }

  // The state: the vector, and how to go back.

  /** The component of something, which gets one if it has none. */
  component(of: number[], index: number): number {
    const known = of[index];
    return known !== undefined && known !== -1 ? known : this._addComponent(of, index);
  }

  private _addComponent(of: number[], index: number): number {
    while (of.length <= index) of.push(-1);
    of[index] = this.width++;
    if (this.width > this.state.length) this.state = grown(this.state);
    return of[index]!;
  }

  private _valueOf(of: readonly number[], index: number): number {
    const component = of[index];
    return component === undefined || component === -1 ? 0 : this.state[component]!;
  }

  set(component: number, value: number): void {
    const before = this.state[component]!;
    if (before === value) return;
    if (this.changed === this.changes.length) this.changes = grown(this.changes);
    this.changes[this.changed++] = component;
    this.changes[this.changed++] = before;
    this.state[component] = value;
  }

  /** A point that `takeBack` can go back to. */
  mark(): number {
    return this.changed;
  }

  takeBack(mark: number): void {
    const { changes, state } = this;
    for (let at = this.changed - 2; at >= mark; at -= 2) state[changes[at]!] = changes[at + 1]!;
    this.changed = mark;
  }

  /** Makes the changes so far final. */
  forget(): void {
    this.changed = 0;
  }

  // The state: what it says of the program.

  task(task: number): TaskModel<unknown> {
    return this.unfolder.sandbox.tasks[task]!;
  }

  channel(channel: number): ChannelModel<unknown> {
    return this.unfolder.sandbox.channels[channel]!;
  }

  scope(region: number): RegionModel {
    return this.unfolder.sandbox.regions[region]!;
  }

  /** The node of a task; -1 before it is started. */
  nodeOf(task: number): number {
    const component = this.ofTask[task];
    return component === undefined || component === -1 ? -1 : this.state[component]! - 1;
  }

  moveTo(task: number, node: number): void {
    this.moved.push(task);
    this.set(this.component(this.ofTask, task), node + 1);
    const sleep = this.ofSleep[task];
    if (sleep !== undefined && sleep !== -1) this.set(sleep, 0);
    if (this.ticket(task) !== 0) this._leaveQueues(task);
    const arrival = this.ofArrival[task];
    if (arrival !== undefined && arrival !== -1) this.set(arrival, 0);
  }

  /**
   * Called before each event. What a plain call does shows of some tasks that they are not parked: of a peer that an attempt has not met or
   * that was not served, of a sender that a close has not committed, and of a task that could go on alone. So they do not run before the
   * atomic sequence is over, either.
   */
  noteAbsent(events: Int32Array, first: number): void {
    const runs = events[first + 1]!;
    const node = events[first] === DELAY ? -1 : this.nodeOf(runs);
    if (node === -1 || !this.lts.isPlainCall(node)) return;
    const missed = this._missed(events, first, node);
    const closes = events[first] === CLOSE && !this.contents.closed(this.contentOf(events[first + 5]!));
    const committed = closes ? this.unfolder.taskGroup(events[first + 4]!) : null;
    for (let task = 0; task < this.ofTask.length; task++) {
      const at = this.nodeOf(task);
      if (at === -1 || task === runs || this.lts.status(at) !== PARKED || !this._parks(at) || this._isServed(task))
        continue;
      const isAbsent =
        this._goesOnAlone(at) ||
        this._wouldBeGranted(task, at, node) ||
        missed.some(({ kind, channel }) => this._offers(at, kind, channel) && !this._isCommitted(at, channel)) ||
        (committed !== null && this._offers(at, SEND, events[first + 5]!) && !committed.includes(task));
      if (isAbsent) this.moved.push(task);
    }
  }

  /** What would have met an attempt without a buffer that has met nothing. */
  private _missed(events: Int32Array, first: number, node: number): readonly Missed[] {
    if (events[first] !== INTERNAL || this.lts.kindAt(node, events[first + 2]!) !== DEFAULT) return [];
    const cases = this.lts.cases(node);
    const missed: Missed[] = [];
    for (let at = 0; at < cases.length; at += STRIDE) {
      const channel = cases[at + 1]!;
      if ((cases[at] !== SEND && cases[at] !== RECEIVE) || this.capacity(channel) > 0) continue;
      missed.push({ kind: cases[at] === SEND ? RECEIVE : SEND, channel });
    }
    return missed;
  }

  /** Whether a task at a node has something to do at a buffer that needs no peer: a call may just have made room, or sent a value. */
  private _goesOnAlone(node: number): boolean {
    const cases = this.lts.cases(node);
    for (let at = 0; at < cases.length; at += STRIDE) {
      const channel = cases[at + 1]!;
      if ((cases[at] !== SEND && cases[at] !== RECEIVE) || this.capacity(channel) === 0) continue;
      const content = this.contentOf(channel);
      if (cases[at] === RECEIVE ? this.contents.length(content) > 0 : !this._isFull(channel, content)) return true;
    }
    return false;
  }

  /** Whether a task at a node would have been granted what the call before the one at another node has released. */
  private _wouldBeGranted(task: number, node: number, call: number): boolean {
    const release = this.lts.isAtomic(call) ? this.lts.parent(call) : -1;
    if (release === -1 || this.lts.cases(release)[0] !== RELEASE) return false;
    const lock = this.lts.targetAt(release, 0);
    const cases = this.lts.cases(node);
    for (let at = 0; at < cases.length; at += STRIDE) {
      if (cases[at] !== ACQUIRE || cases[at + 1] !== lock) continue;
      if (this._isGrantable(task, lock, cases[at + 2]!)) return true;
    }
    return false;
  }

  private _isCommitted(node: number, channel: number): boolean {
    return this.lts.committed(node)?.includes(channel) === true;
  }

  /**
   * Called after each event. What moves, or starts, in the midst of an atomic sequence of another task does not run before the sequence
   * is over: it is parked nowhere until then.
   */
  noteServed(): void {
    const runs = this.lts.anyAtomic ? this._inSequence() : -1;
    if (runs !== -1) {
      for (const task of this.moved) if (task !== runs) this.set(this.component(this.ofServed, task), 1);
    } else {
      for (const task of this.ofServed.keys()) if (this._isServed(task)) this.set(this.ofServed[task]!, 0);
    }
  }

  /** The task that is in the midst of an atomic sequence; -1 for none. */
  private _inSequence(): number {
    for (let task = 0; task < this.ofTask.length; task++) {
      const node = this.nodeOf(task);
      if (node !== -1 && this.lts.isAtomic(node)) return task;
    }
    return -1;
  }

  private _isServed(task: number): boolean {
    return this._valueOf(this.ofServed, task) === 1;
  }

  /**
   * All tasks that can do nothing are parked for certain from now on: time passes, or a task has settled. (A task that can do
   * something may not have come to its node yet.)
   */
  noteArrivals(): void {
    for (let task = 0; task < this.ofTask.length; task++) {
      const node = this.nodeOf(task);
      if (node === -1 || this.lts.status(node) !== PARKED || !this._meets(node)) continue;
      this._wasParked[node] = this._anyParked = true;
      if (!this.unfolder.sandbox.knowsArrivals || this._canMove(task, node)) continue;
      this.set(this.component(this.ofArrival, task), 1);
    }
  }

  /** Whether the task of a node parks where a peer may count on it: at a channel or a lock. */
  private _meets(node: number): boolean {
    if (!this._parks(node)) return false;
    const cases = this.lts.cases(node);
    for (let at = 0; at < cases.length; at += STRIDE) {
      if (cases[at] === SEND || cases[at] === RECEIVE || cases[at] === ACQUIRE) return true;
    }
    return false;
  }

  /**
   * Whether a task is still parked for certain: it was when time passed, and has not moved since. If something has released it, there
   * is another schedule in which it has moved before.
   */
  private _isParked(task: number, node: number): boolean {
    if (this._wasParked[node] !== true) return false;
    if (!this.unfolder.sandbox.knowsArrivals) throw new Refuted(ARRIVALS);
    return this._valueOf(this.ofArrival, task) === 1;
  }

  /** Whether a peer of a case is parked for certain at its channel, which has no buffer. */
  private _isAwaited(task: number, kind: number, channel: number, cases: Int32Array): boolean {
    if (!this._anyParked || (kind !== SEND && kind !== RECEIVE)) return false;
    if (this.capacity(channel) > 0 || this.contentOf(channel) !== 0 || !goesByOrder(cases)) return false;
    const opposite = kind === SEND ? RECEIVE : SEND;
    for (let other = 0; other < this.ofTask.length; other++) {
      const node = this.nodeOf(other);
      if (node === -1 || other === task || !this._offers(node, opposite, channel)) continue;
      if (this._isParked(other, node)) return true;
    }
    return false;
  }

  isOver(task: number): boolean {
    const node = this.nodeOf(task);
    return node !== -1 && this.lts.isEnd(node);
  }

  /** Whether all tasks in a scope are over. */
  allOver(region: number): boolean {
    for (const task of this.scope(region).members) {
      if (this.nodeOf(task) !== -1 && !this.isOver(task)) return false;
    }
    return true;
  }

  /** The id of what a channel holds: see `contents`. */
  contentOf(channel: number): number {
    const component = this.ofChannel[channel];
    return component === undefined || component === -1 ? 0 : this.state[component]!;
  }

  capacity(channel: number): number {
    return this._capacities[channel] ?? (this._capacities[channel] = this.channel(channel).capacity);
  }

  /** What is left of a timeout, and one; 0 before it begins. */
  timeLeft(timer: number): number {
    return this._valueOf(this.ofTimer, timer);
  }

  /** How long a task has slept at its node. */
  slept(task: number): number {
    return this._valueOf(this.ofSleep, task);
  }

  /** The id of the value in a cell; -1 before it is made. */
  cellValue(cell: number): number {
    return this._valueOf(this.ofCell, cell) - 1;
  }

  /** The id of the state of a scope: see `regionStates`. */
  regionState(region: number): number {
    return this._valueOf(this.ofRegion, region);
  }

  /** The id of the reason that a task was cancelled for; -1 if it was not. */
  reason(task: number): number {
    return this._valueOf(this.ofReason, task) - 1;
  }

  // Locks. Tasks that wait for queued locks have tickets: of two tasks that wait for the same lock, the one with the lesser ticket
  // came first. A ticket is one more than the greatest ticket ahead in any of the queues, so it says no more than that.

  lock(lock: number): LockModel {
    return this.unfolder.sandbox.locks[lock]!;
  }

  /** How many permits of a lock are taken; of a latch less than none, as it is counted down. */
  taken(lock: number): number {
    const component = this._valueOf(this.ofLock, lock);
    return this.lock(lock).total < 0 ? 0 - component : component;
  }

  /** Changes how many permits of a lock are taken. A latch is counted down to zero, and no further. */
  take(lock: number, n: number): void {
    const { total } = this.lock(lock);
    const component = this.component(this.ofLock, lock);
    const before = this.state[component]!;
    this.set(component, total < 0 ? Math.min(-total, before - n) : Math.max(0, before + n));
  }

  ticket(task: number): number {
    return this._valueOf(this.ofTicket, task);
  }

  /** A task joins the queues of the locks that it waits for, behind all tasks that wait there. */
  joinQueues(task: number): void {
    this.set(this.component(this.ofTicket, task), this._ticketBehind(task, this._queueing()));
  }

  private _leaveQueues(task: number): void {
    this.set(this.ofTicket[task]!, 0);
    const ahead: number[] = [];
    for (const other of this._queueing()) {
      this.set(this.ofTicket[other]!, this._ticketBehind(other, ahead));
      ahead.push(other);
    }
  }

  /** The tasks that wait in queues, in the order of their tickets. */
  private _queueing(): number[] {
    const tasks: number[] = [];
    for (let task = 0; task < this.ofTicket.length; task++) if (this.ticket(task) !== 0) tasks.push(task);
    return tasks.sort((one, other) => this.ticket(one) - this.ticket(other));
  }

  private _ticketBehind(task: number, others: readonly number[]): number {
    const queues = this._queuesAt(this.nodeOf(task));
    let last = 0;
    for (const other of others) {
      if (this._queuesAt(this.nodeOf(other)).some((lock) => queues.includes(lock)))
        last = Math.max(last, this.ticket(other));
    }
    return last + 1;
  }

  /** The locks in whose queues a task waits at a node: none in a plain call, or in a choice with a default. */
  private _queuesAt(node: number): readonly number[] {
    const known = this._queues[node];
    if (known !== undefined) return known;
    const { lts } = this;
    const cases = lts.cases(node);
    const queues = new Set<number>();
    for (let at = 0; at < cases.length; at += STRIDE) {
      if (cases[at] === ACQUIRE && this.lock(cases[at + 1]!).isQueued) queues.add(cases[at + 1]!);
      if (cases[at] === DEFAULT || lts.isPlainCall(node)) return (this._queues[node] = []);
    }
    return (this._queues[node] = [...queues]);
  }

  /** Whether a lock has the permits that a request asks for. */
  hasPermits(lock: number, request: number): boolean {
    return this.taken(lock) + this.unfolder.sandbox.requests[request]!.n <= this.lock(lock).total;
  }

  /** Whether a request can be granted: there are permits, and no request is ahead. */
  private _isGrantable(task: number, lock: number, request: number): boolean {
    if (!this.hasPermits(lock, request)) return false;
    const { priority } = this.unfolder.sandbox.requests[request]!;
    return !(this.lock(lock).isQueued && this._isBehind(task, lock, priority));
  }

  /** Whether a request of another task is ahead of a request of some priority. */
  private _isBehind(task: number, lock: number, priority: number): boolean {
    const own = this.ticket(task) || Infinity;
    for (let other = 0; other < this.ofTicket.length; other++) {
      const ticket = this.ticket(other);
      if (ticket === 0 || other === task) continue;
      const cases = this.lts.cases(this.nodeOf(other));
      for (let at = 0; at < cases.length; at += STRIDE) {
        if (cases[at] !== ACQUIRE || cases[at + 1] !== lock) continue;
        const its = this.unfolder.sandbox.requests[cases[at + 2]!]!.priority;
        if (its > priority || (its === priority && ticket < own)) return true;
      }
    }
    return false;
  }

  /** The components of the clocks that stand still during a delay, by the number of the set. */
  still(id: number): readonly number[] {
    return this._still[id]!;
  }

  /** The number of a set of clocks. */
  idOfStill(components: readonly number[]): number {
    const sorted = [...components].sort((one, other) => one - other);
    const known = this._still.findIndex((other) => other.join() === sorted.join());
    return known !== -1 ? known : this._still.push(sorted) - 1;
  }

  // Tasks that send in the order in which they have received.

  /** The place of a task in the order of delivery, from 1; 0 while it has none. */
  rank(task: number): number {
    return this._valueOf(this.ofRank, task);
  }

  /** A task takes the last place in the order of delivery. */
  joinOrder(task: number, { tasks }: DeliveryOrder): void {
    let last = 0;
    for (const other of tasks) last = Math.max(last, this.rank(other));
    this.set(this.component(this.ofRank, task), last + 1);
  }

  /** A task leaves its place, and those behind it move up. */
  leaveOrder(task: number, { tasks }: DeliveryOrder): void {
    const left = this.rank(task);
    for (const other of tasks) {
      const rank = this.rank(other);
      if (rank >= left && rank > 0) this.set(this.ofRank[other]!, other === task ? 0 : rank - 1);
    }
  }

  /** Whether a task has to wait with a send, as other tasks come first. */
  waitsInOrder(task: number, channel: number): boolean {
    const { order } = this.task(task);
    return order !== null && order.channel === channel && this.rank(task) !== 1;
  }

  // Broadcasts.

  isSubscription(channel: number): boolean {
    return this.channel(channel) instanceof SubscriptionModel;
  }

  /** Whether a broadcast is open, or over. */
  endOfBroadcast(broadcast: number): number {
    return this._valueOf(this.ofBroadcast, broadcast);
  }

  /** The subscriptions of a broadcast that are open. */
  audience(broadcast: number): number[] {
    return this.unfolder.sandbox.broadcasts[broadcast]!.subscriptions.map(({ index }) => index).filter((index) =>
      this.isJoined(index),
    );
  }

  isJoined(channel: number): boolean {
    return this._valueOf(this.ofJoined, channel) === 1 && !this.contents.closed(this.contentOf(channel));
  }

  /** The tasks that have arrived at a barrier, and wait for others. */
  waitingAt(barrier: number): number[] {
    const tasks: number[] = [];
    for (let task = 0; task < this.ofTask.length; task++) {
      const node = this.nodeOf(task);
      if (node === -1 || this.lts.status(node) !== PARKED || this.lts.isReleased(node)) continue;
      const cases = this.lts.cases(node);
      if (cases[0] === LEAVE_BARRIER && cases[1] === barrier) tasks.push(task);
    }
    return tasks;
  }

  // Enabled transitions.

  /**
   * Lists the enabled transitions in `events` and `count`. Maximal progress, as of timed automata: time passes only when nothing
   * else can happen. If it is asynchronous, it may pass at any moment but in the midst of an atomic sequence.
   */
  enumerate(): void {
    const tasks = this.ofTask.length;
    this.count = 0;
    const length = this._gather(tasks);
    if (this.ofTicket.length > 0 && this._grant()) return;
    if (this.lts.anyAtomic && this._continueAtomic(tasks)) return;
    const parked = this._parked;
    for (let at = 0; at < length; at += 2) this._addCases(parked[at]!, parked[at + 1]!);
    if (this.count === 0) this._addSettles(tasks);
    if (this.count === 0) this._addDelay(tasks);
    else if (this.isAsynchronous) this._addUnit(tasks);
  }

  /** Whether a task that came to a node might not park there at all. */
  mayComplete(task: number, node: number): boolean {
    return this._canMove(task, node) && this.lts.kindAt(node, 0) !== PAUSE;
  }

  /** Whether a task at a node takes part in an event that is enabled. */
  private _canMove(task: number, node: number): boolean {
    const tasks = this.ofTask.length;
    const before = this.count;
    this._gather(tasks);
    this._addCases(task, node);
    this._addSendsTo(task, tasks);
    const can = this.count > before;
    this.count = before;
    return can;
  }

  /**
   * If a task looks at a lock, the requests that wait for it are granted before anything else happens; false if none can be. Where no
   * task looks, permits are released early, and a grant may be late.
   */
  private _grant(): boolean {
    for (let task = 0; task < this.ofTicket.length; task++) {
      if (this.ticket(task) === 0) continue;
      const node = this.nodeOf(task);
      const cases = this.lts.cases(node);
      for (let at = 0; at < cases.length; at += STRIDE) {
        if (cases[at] !== ACQUIRE) continue;
        const { isQueued, isWatched } = this.lock(cases[at + 1]!);
        if (isQueued && isWatched) this._addCase(ACQUIRE, task, node, at, cases);
      }
    }
    return this.count > 0;
  }

  /** In the midst of an atomic sequence only its next call is enabled; false if no task is in one. */
  private _continueAtomic(tasks: number): boolean {
    if (this.lts.anyUrgent && this._addUrgent(tasks)) return true;
    for (let task = 0; task < tasks; task++) {
      const node = this.nodeOf(task);
      if (node === -1 || !this.lts.isAtomic(node)) continue;
      this._addCases(task, node);
      this._addSendsTo(task, tasks);
      const calls = this.count;
      const serves = this._addServed(this.lts.served(node), tasks);
      const grants = this._addGranted(node, tasks);
      if (serves || grants) this._dropFirst(calls);
      // A receive may still have to wait for committed sends.
      return this.count > 0;
    }
    return false;
  }

  /** Callbacks that an event has called come first; the order of several is not fixed. */
  private _addUrgent(tasks: number): boolean {
    for (let task = 0; task < tasks; task++) {
      const node = this.nodeOf(task);
      if (node === -1 || !this.lts.isUrgent(node)) continue;
      this._addCases(task, node);
      this._addSendsTo(task, tasks);
    }
    return this.count > 0;
  }

  /**
   * A plain call releases what is parked at its channel at once. A `trySend` or a `tryReceive` serves a parked peer, which puts
   * its value into the buffer that was full, or takes the value that was put into the empty buffer. A `close` or a `cancel` ends
   * what will not be served any more. All this belongs to the atomic sequence.
   *
   * True if a peer is parked for certain: then it is served before the next call.
   */
  private _addServed(served: number, tasks: number): boolean {
    if (served === -1) return false;
    const channel = Math.floor(served / WAYS);
    const how = served % WAYS;
    let isCertain = false;
    for (let task = 0; task < tasks; task++) {
      const node = this.nodeOf(task);
      if (node === -1 || this.lts.status(node) !== PARKED || !this._parks(node) || this._isServed(task)) continue;
      const before = this.count;
      this._addCases(task, node);
      this._keepReleased(before, channel, how);
      isCertain ||=
        this._anyParked && this.count > before && (how === SENT || how === TOOK) && this._isParked(task, node);
    }
    return isCertain;
  }

  /** Drops so many events at the front. */
  private _dropFirst(count: number): void {
    this.events.copyWithin(0, count * FIELDS, this.count * FIELDS);
    this.count -= count;
  }

  /** To release permits grants the requests that wait for them, before the next call of the sequence. True as for `_addServed`. */
  private _addGranted(node: number, tasks: number): boolean {
    const call = this.lts.parent(node);
    if (call === -1 || this.lts.cases(call)[0] !== RELEASE) return false;
    const lock = this.lts.targetAt(call, 0);
    let isCertain = false;
    for (let task = 0; task < tasks; task++) {
      const at = this.nodeOf(task);
      if (at === -1 || this.lts.isPlainCall(at) || this._isServed(task)) continue;
      const cases = this.lts.cases(at);
      for (let nth = 0; nth < cases.length; nth += STRIDE) {
        if (cases[nth] !== ACQUIRE || cases[nth + 1] !== lock || !this._addCase(ACQUIRE, task, at, nth, cases))
          continue;
        isCertain ||= this._anyParked && this._isParked(task, at);
      }
    }
    return isCertain;
  }

  /** Whether the task of a node may park there: a plain call never does, and no choice with a default. */
  private _parks(node: number): boolean {
    if (this.lts.isPlainCall(node)) return false;
    const cases = this.lts.cases(node);
    for (let at = 0; at < cases.length; at += STRIDE) if (cases[at] === DEFAULT) return false;
    return true;
  }

  /** Of the events from the given one on, keeps what a plain call at a channel has released. */
  private _keepReleased(from: number, channel: number, how: number): void {
    let kept = from;
    for (let event = from; event < this.count; event++) {
      const first = event * FIELDS;
      if (this.events[first + 5] !== channel || !RELEASED[how]!.includes(this.events[first]!)) continue;
      this.events.copyWithin(kept++ * FIELDS, first, first + FIELDS);
    }
    this.count = kept;
  }

  /** Rendezvous in which a task is the receiver. */
  private _addSendsTo(receiver: number, tasks: number): void {
    for (let task = 0; task < tasks; task++) {
      const node = this.nodeOf(task);
      if (node === -1 || task === receiver || this.lts.isPlainCall(node) || this._isServed(task)) continue;
      const cases = this.lts.cases(node);
      for (let at = 0; at < cases.length; at += STRIDE) {
        const channel = cases[at + 1]!;
        if (cases[at] !== SEND || this.capacity(channel) > 0) continue;
        const before = this.count;
        this._addSend(task, node, at / STRIDE, channel);
        this._keepOnly(before, receiver);
      }
    }
  }

  /** Of the events from the given one on, keeps rendezvous with a receiver. */
  private _keepOnly(from: number, receiver: number): void {
    let kept = from;
    for (let event = from; event < this.count; event++) {
      const first = event * FIELDS;
      if (this.events[first] !== RENDEZVOUS || this.events[first + 3] !== receiver) continue;
      this.events.copyWithin(kept++ * FIELDS, first, first + FIELDS);
    }
    this.count = kept;
  }

  /** Lists parked tasks, and the receivers of each channel without a buffer; returns the length of `_parked`. */
  private _gather(tasks: number): number {
    const { lts } = this;
    const first = this._firstReceiver;
    for (let at = 0; at < this._received.length; at++) first[this._received[at]!] = -1;
    if (this._parked.length < tasks * 2) this._parked = new Int32Array(tasks * 4);
    const parked = this._parked;
    let length = 0;
    let listed = 0;
    for (let task = 0; task < tasks; task++) {
      const node = this.nodeOf(task);
      if (node === -1 || lts.status(node) !== PARKED || this._isServed(task)) continue;
      parked[length++] = task;
      parked[length++] = node;
      const receives = this._receives[node] ?? this._receivesOf(node);
      if (receives.length > 0) listed = this._listReceivers(task, receives, listed);
    }
    return length;
  }

  private _listReceivers(task: number, receives: Int32Array, from: number): number {
    const first = this._firstReceiver;
    const list = this._receivers;
    let length = from;
    for (let at = 0; at < receives.length; at += 2) {
      const channel = receives[at]!;
      list[length] = task;
      list[length + 1] = receives[at + 1]!;
      list[length + 2] = first[channel]!;
      first[channel] = length;
      length += 3;
    }
    return length;
  }

  private _receivesOf(node: number): Int32Array {
    const cases = this.lts.cases(node);
    const receives: number[] = [];
    for (let at = 0; at < cases.length; at += STRIDE) {
      const channel = cases[at + 1]!;
      if (cases[at] !== RECEIVE || this.capacity(channel) > 0) continue;
      receives.push(channel, at / STRIDE);
      if (this._received.includes(channel)) continue;
      this._received.push(channel);
      this._firstReceiver[channel] = -1;
    }
    return (this._receives[node] = Int32Array.from(receives));
  }

  /** The transitions of a parked task, but for rendezvous in which it is the receiver: those are found from the sender. */
  private _addCases(task: number, node: number): void {
    const cases = this.lts.cases(node);
    if (cases.length === STRIDE && cases[0] !== DEFAULT) {
      const ready = this._addCase(cases[0]!, task, node, 0, cases);
      if (!ready && cases[0] === ACQUIRE) this._addQueue(task, node);
      return;
    }
    let certain = NONE;
    for (let at = 0; at < cases.length; at += STRIDE) {
      const kind = cases[at]!;
      if (kind === DEFAULT) {
        if (certain === NONE) this._add(INTERNAL, task, at / STRIDE, -1, 0, -1);
        continue;
      }
      // In an ordered choice a case is taken only if no case before it is ready for certain.
      const isLate = certain !== NONE && cases[at + 3] !== UNORDERED;
      if (isLate && !this._isReleasedFirst(kind, cases[at + 1]!, certain)) continue;
      const ready = this._addCase(kind, task, node, at, cases);
      if (!ready && !this._isAwaited(task, kind, cases[at + 1]!, cases)) continue;
      if (KINDS[kind]!.waitsForEnd) this._assertEndsApart(kind, cases[at + 1]!, cases);
      const cause = this._isDrained(kind, cases[at + 1]!) ? cases[at + 1]! : SEVERAL;
      certain = certain === NONE || certain === cause ? cause : SEVERAL;
    }
    if (certain === NONE) this._addQueue(task, node);
  }

  /** Whether a case is ready for certain because its channel is closed, and nothing else. */
  private _isDrained(kind: number, channel: number): boolean {
    if (kind !== SEND && kind !== RECEIVE && kind !== WHEN_CLOSED) return false;
    const content = this.contentOf(channel);
    return this.contents.closed(content) && this.contents.length(content) === 0 && !this.hasCommitted(channel, -1);
  }

  /**
   * Whether a case is released before an earlier case of its choice, if the choice was parked when the channel was closed: what
   * waits for the close goes first, and at a promise channel the receives.
   */
  private _isReleasedFirst(kind: number, channel: number, certain: number): boolean {
    if (certain !== channel) return false;
    return kind === (this.channel(channel).overflow === "keep" ? RECEIVE : WHEN_CLOSED);
  }

  /**
   * A choice that goes by order looks whether a task is over. If the end of the task belongs to its last event, the schedules are
   * missing in which the task has been served, but is not over.
   */
  private _assertEndsApart(kind: number, about: number, cases: Int32Array): void {
    if (!goesByOrder(cases)) return;
    const tasks = KINDS[kind]!.target === "scope" ? this.scope(about).members : [about];
    for (const task of tasks) this._assertEndIsApart(task);
  }

  private _assertEndIsApart(task: number): void {
    if (this.nodeOf(task) !== -1 && !this.task(task).endsApart) throw new Refuted(endOf(this.task(task).name));
  }

  private _addQueue(task: number, node: number): void {
    if (this.ticket(task) === 0 && this._queuesAt(node).length > 0) this._add(QUEUE, task, 0, -1, 0, -1);
  }

  /**
   * The transitions of one case. True if the case is ready for certain; false if it is not ready, or only if its task arrives late
   * enough: a rendezvous depends on which of both is parked first (but see `_isAwaited`).
   */
  private _addCase(kind: number, task: number, node: number, at: number, cases: Int32Array): boolean {
    const target = cases[at + 1]!;
    if (kind === SEND) return this._addSend(task, node, at / STRIDE, target);
    if (kind === RECEIVE) return this._addReceive(task, at / STRIDE, target);
    if (kind === CLOSE_CALL) return this._addClose(task, at / STRIDE, target);
    const row = KINDS[kind]!;
    if (!this._isEnabled(row.enabled, task, target, cases[at + 2]!)) return false;
    const awaited = row.enabled === "over" ? target : -1;
    return this._add(INTERNAL, task, at / STRIDE, awaited, 0, row.target === "channel" ? target : -1);
  }

  /** Whether a case is enabled that its task takes alone. */
  private _isEnabled(enabled: CaseKind["enabled"], task: number, target: number, argument: number): boolean {
    switch (enabled) {
      case "always":
        return true;
      case "slept":
        return this.slept(task) >= argument;
      case "due":
        return this.timeLeft(target) === 1;
      case "closed":
        return this.contents.closed(this.contentOf(target));
      case "over":
        return this.isOver(target);
      case "members over":
        return this.allOver(target);
      case "grantable":
        return this._isGrantable(task, target, argument);
      case "released":
        return this.lts.isReleased(this.nodeOf(task));
      case "caught up":
        return !this.audience(target).some((channel) => this._isFull(channel, this.contentOf(channel)));
      case "looks at ends":
        for (const member of this.scope(target).members) this._assertEndIsApart(member);
        return true;
      case "enterable":
        return (
          isEnding(this.regionStates.at(this.regionState(target))) || this.taken(argument) < this.lock(argument).total
        );
      default:
        return false;
    }
  }

  private _addSend(task: number, node: number, at: number, channel: number): boolean {
    if (this.unfolder.sandbox.anyOrder && this.waitsInOrder(task, channel)) return false;
    const content = this.contentOf(channel);
    if (content !== 0 && this.contents.closed(content) && !this.lts.committed(node)?.includes(channel)) {
      return this._add(SEND_CLOSED, task, at, -1, 0, channel);
    }
    if (this.capacity(channel) > 0) {
      return !this._isFull(channel, content) && this._add(ENQUEUE, task, at, -1, 0, channel);
    }
    const list = this._receivers;
    for (let entry = this._firstReceiver[channel] ?? -1; entry !== -1; entry = list[entry + 2]!) {
      const receiver = list[entry]!;
      // Plain calls never wait, so two of them never meet.
      const both = this.lts.isPlainCall(node) && this.lts.isPlainCall(this.nodeOf(receiver));
      if (receiver !== task && !both) this._add(RENDEZVOUS, task, at, receiver, list[entry + 1]!, channel);
    }
    return false;
  }

  private _isFull(channel: number, content: number): boolean {
    if (this.contents.length(content) < this.capacity(channel)) return false;
    return this.channel(channel).overflow === "park";
  }

  private _addReceive(task: number, at: number, channel: number): boolean {
    const content = this.contentOf(channel);
    if (content === 0) return false;
    if (this.contents.length(content) > 0) return this._add(DEQUEUE, task, at, -1, 0, channel);
    if (!this.contents.closed(content)) return false;
    // Committed sends are delivered first.
    if (!this.hasCommitted(channel, task)) this._add(RECEIVE_CLOSED, task, at, -1, 0, channel);
    return true;
  }

  // A send that was parked when its channel closed is committed: it is delivered all the same. A send that came later is refused.
  // Which of both holds for a task that offers to send depends on when the task came there, so closing is one transition for
  // each set of senders that may have been parked by then.

  private _addClose(task: number, at: number, channel: number): true {
    const senders = this.contents.closed(this.contentOf(channel)) ? [] : this._sendersTo(channel, task);
    if (senders.length > MOST_SENDERS) {
      throw new Unmodelled(`a channel closes while more than ${MOST_SENDERS} tasks offer to send`);
    }
    const certain = this._anyParked ? senders.map((sender) => this._isParked(sender, this.nodeOf(sender))) : [];
    for (let bits = (1 << senders.length) - 1; bits >= 0; bits--) {
      if (certain.some((isParked, bit) => isParked && !(bits & (1 << bit)))) continue;
      const committed = this.unfolder.idOfTasks(senders.filter((_, bit) => bits & (1 << bit)));
      this._add(CLOSE, task, at, -1, committed, channel);
    }
    return true;
  }

  /** Tasks, but for one, that may be parked with a send to a channel: no plain call is, and no choice with a default. */
  private _sendersTo(channel: number, but: number): number[] {
    const senders: number[] = [];
    if (this.channel(channel).overflow !== "park") return senders;
    // A send that is parked at a full buffer completes as soon as there is room.
    const capacity = this.capacity(channel);
    if (capacity > 0 && this.contents.length(this.contentOf(channel)) < capacity) return senders;
    for (let task = 0; task < this.ofTask.length; task++) {
      const node = this.nodeOf(task);
      if (node === -1 || task === but || this.lts.status(node) !== PARKED || this._isServed(task)) continue;
      if (this._offers(node, SEND, channel) && this._parks(node)) senders.push(task);
    }
    return senders;
  }

  /** Whether a send to a channel, or a receive from it, is among the cases of a node. */
  private _offers(node: number, kind: number, channel: number): boolean {
    const cases = this.lts.cases(node);
    for (let at = 0; at < cases.length; at += STRIDE) if (cases[at] === kind && cases[at + 1] === channel) return true;
    return false;
  }

  /** Whether a task, but for one, has a committed send to a channel. */
  hasCommitted(channel: number, but: number): boolean {
    for (let task = 0; task < this.ofTask.length; task++) {
      const node = this.nodeOf(task);
      if (task !== but && node !== -1 && this.lts.committed(node)?.includes(channel)) return true;
    }
    return false;
  }

  // What happens only when nothing else can.

  private _addSettles(tasks: number): void {
    for (let task = 0; task < tasks; task++) {
      const node = this.nodeOf(task);
      if (node === -1) continue;
      const cases = this.lts.cases(node);
      for (let at = 0; at < cases.length; at += STRIDE) {
        if (cases[at] === SETTLE) this._add(INTERNAL, task, at / STRIDE, -1, 0, -1);
      }
    }
  }

  /** Time passes until the first sleep or timeout is due. */
  private _addDelay(tasks: number): void {
    let least = Infinity;
    for (let task = 0; task < tasks; task++) {
      const node = this.nodeOf(task);
      if (node === -1) continue;
      const cases = this.lts.cases(node);
      for (let at = 0; at < cases.length; at += STRIDE) {
        if (cases[at] === SLEEP) least = Math.min(least, cases[at + 2]! - this.slept(task));
        else if (cases[at] === TIMEOUT) least = Math.min(least, this.timeLeft(cases[at + 1]!) - 1);
      }
    }
    if (least > 0 && least < Infinity) this._add(DELAY, least, 0, -1, 0, -1);
  }

  /** A unit of time passes while a clock runs. All orders in which clocks may be due are made of such steps. */
  private _addUnit(tasks: number): void {
    let least = Infinity;
    for (let timer = 0; timer < this.ofTimer.length; timer++) {
      const left = this.timeLeft(timer) - 1;
      if (left > 0) least = Math.min(least, left);
    }
    for (let task = 0; task < tasks; task++) {
      const node = this.nodeOf(task);
      if (node === -1) continue;
      const cases = this.lts.cases(node);
      for (let at = 0; at < cases.length; at += STRIDE) {
        const left = cases[at] === SLEEP ? cases[at + 2]! - this.slept(task) : 0;
        if (left > 0) least = Math.min(least, left);
      }
    }
    const ms = this.unit > 0 ? Math.min(this.unit, least) : least;
    if (ms < Infinity) this._add(DELAY, ms, 0, -1, 0, -1);
  }

  private _add(kind: number, task: number, at: number, other: number, otherAt: number, channel: number): true {
    const first = this.count++ * FIELDS;
    if (first + FIELDS > this.events.length) this.events = grown(this.events);
    const { events } = this;
    events[first] = kind;
    events[first + 1] = task;
    events[first + 2] = at;
    events[first + 3] = other;
    events[first + 4] = otherAt;
    events[first + 5] = channel;
    return true;
  }
}

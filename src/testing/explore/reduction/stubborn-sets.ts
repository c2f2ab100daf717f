// Stubborn sets of tasks (Valmari): in a state, only the events of these tasks are explored. No task outside the set can enable,
// disable or conflict with them, neither now nor later, so its events may wait. No end state is missed, and no move of a task.
//
// A set is closed under two relations. A task with an enabled case brings all tasks that may conflict with this case; a task with
// a disabled case brings all tasks that may enable it (necessary enabling set: Godefroid, 1996). Which tasks these are is
// computed from the local states (may-use.ts), as far as they have been unfolded: a search is valid only if it unfolds no
// local state that changes the analysis, and restarts otherwise.

import {
  ACQUIRE,
  ACQUIRES,
  AWAITS_END,
  CANCELS_SCOPE,
  CANCELS_TASK,
  CHANNEL_USES,
  CLOSES,
  ENTER_GROUP,
  ENTERS_GROUP,
  FIRST_RELEASES,
  goesByOrder,
  KINDS,
  READS_CHANNEL,
  READS_LOCK,
  RELEASES,
  SETTLE,
  STRIDE,
  TAIL,
} from "../process/cases.js";
import { PARKED } from "../process/local-lts.js";
import type { DeliveryOrder } from "../process/model-objects.js";
import { DELAY, FIELDS, INTERNAL } from "../semantics/events.js";
import type { Model } from "../semantics/model.js";
import { endsRegion, firstUse, MayUse, opposite } from "./may-use.js";

export class StubbornSets {
  private readonly _model: Model;
  private readonly _mayUse: MayUse;
  /** Tasks of the set in the order of their insertion, of which the first `_size` count; and whether a task is in it. */
  private readonly _tasks: number[];
  private _size: number;
  private readonly _has: boolean[];
  /** Conflicting tasks of each task in the current state; element 0 is the count. Valid while `_known[task] === _nth`. */
  private readonly _conflicts: number[][];
  private readonly _known: number[];
  private readonly _tried: number[];
  private _nth: number;
  /** The list that is being filled. */
  private _list: number[];

  constructor(model: Model) {
    this._model = model;
    this._mayUse = new MayUse(model.unfolder);
    this._tasks = [];
    this._size = 0;
    this._has = [];
    this._conflicts = [];
    this._known = [];
    this._tried = [];
    this._nth = 0;
    this._list = [];
  }

  /** Whether the may-use analysis has changed since the last call. */
  outdated(): boolean {
    this._mayUse.update();
    const { grew } = this._mayUse;
    this._mayUse.grew = false;
    return grew;
  }

  /** Whether the reduction supports the program: no atomic sequences, no invariants, no broadcasts, no queued locks. */
  get eligible(): boolean {
    const { lts, sandbox } = this._model.unfolder;
    return (
      !lts.anyAtomic &&
      !lts.looksAtScopes &&
      sandbox.invariants.size === 0 &&
      sandbox.broadcasts.length === 0 &&
      !sandbox.locks.some(({ isQueued }) => isQueued)
    );
  }

  /** Marks the events of the smallest stubborn set that it finds with 1; false if the set has all events. */
  choose(marks: Uint8Array): boolean {
    const model = this._model;
    if (model.count < 2 || this._isQuiet()) return false;
    this._mayUse.update();
    this._nth++;
    let least = model.count;
    for (let event = 0; event < model.count && least > 1; event++) {
      const task = model.events[event * FIELDS + 1]!;
      if (this._tried[task] === this._nth) continue;
      this._tried[task] = this._nth;
      if (!this._close(task)) continue;
      const count = this._count();
      if (count >= least) continue;
      least = count;
      for (let at = 0; at < model.count; at++) marks[at] = this._includes(at) ? 1 : 0;
    }
    return least < model.count;
  }

  /** Whether only time can pass, or only tasks that settle continue: such events are all taken. */
  private _isQuiet(): boolean {
    const { events, lts } = this._model;
    if (events[0] === DELAY) return true;
    if (events[0] !== INTERNAL) return false;
    return lts.cases(this._model.nodeOf(events[1]!))[events[2]! * STRIDE] === SETTLE;
  }

  private _includes(event: number): boolean {
    return this._has[this._model.events[event * FIELDS + 1]!] === true;
  }

  private _count(): number {
    let count = 0;
    for (let event = 0; event < this._model.count; event++) if (this._includes(event)) count++;
    return count;
  }

  /** Computes the closure of one task; false if it has all tasks. */
  private _close(first: number): boolean {
    const tasks = this._tasks;
    for (let at = 0; at < this._size; at++) this._has[tasks[at]!] = false;
    this._size = 0;
    this._gather(first);
    for (let at = 0; at < this._size; at++) {
      const rivals = this._conflictsOf(tasks[at]!);
      for (let nth = 1; nth <= rivals[0]!; nth++) this._gather(rivals[nth]!);
    }
    return this._size < this._model.ofTask.length;
  }

  private _gather(task: number): void {
    if (this._has[task] === true) return;
    this._has[task] = true;
    this._tasks[this._size++] = task;
  }

  private _conflictsOf(task: number): readonly number[] {
    if (this._known[task] === this._nth) return this._conflicts[task]!;
    this._known[task] = this._nth;
    this._list = this._conflicts[task] ??= [0];
    this._list[0] = 0;
    const node = this._model.nodeOf(task);
    if (node !== -1 && this._model.lts.status(node) === PARKED) {
      this._addConflicts(task, node);
      this._addCancellers(task, node);
      const turn = this._model.lts.resumesAt(node);
      if (turn !== -1 && this._model.lts.isEnd(turn)) this._addUsers(AWAITS_END, task);
    }
    return this._list;
  }

  /** Adds the tasks that may cancel a task, directly or with its scope, and the tasks that its end may cancel. */
  private _addCancellers(task: number, node: number): void {
    const { sandbox, lts } = this._model.unfolder;
    const region = sandbox.tasks[task]!.region;
    if (sandbox.tasks[task]!.isCancellable && !lts.isCancelled(node)) {
      this._addUsers(CANCELS_TASK, task);
      if (region !== -1) this._addUsers(CANCELS_SCOPE, region);
      if (sandbox.tasks[task]!.starter !== -1) this._add(sandbox.tasks[task]!.starter);
    }
    if (region === -1) return;
    const turn = lts.resumesAt(node);
    const ends = lts.isPlainCall(node)
      ? this._mayUse.may(node, this._mayUse.use(CANCELS_SCOPE, region))
      : turn !== -1 && endsRegion(this._model.unfolder, turn, region);
    if (!ends) return;
    this._addMembers(region);
    this._addUsers(ENTERS_GROUP, region);
  }

  private _addMembers(region: number): void {
    for (const member of this._model.scope(region).members) this._add(member);
  }

  /** Adds one task of a scope that has not ended: the scope cannot end before it. */
  private _addLast(region: number): void {
    const model = this._model;
    const { members } = model.scope(region);
    const left = members.find((member) => model.nodeOf(member) !== -1 && !model.isOver(member));
    if (left !== undefined) this._add(left);
  }

  private _add(task: number): void {
    this._list[++this._list[0]!] = task;
  }

  private _addConflicts(task: number, node: number): void {
    const { order } = this._model.task(task);
    if (order !== null) this._addOrder(task, node, order);
    const cases = this._model.lts.cases(node);
    const ordered = goesByOrder(cases);
    for (let at = 0; at < cases.length; at += STRIDE) {
      const { end, target, conflicts, waitsForEnd, cancels } = KINDS[cases[at]!]!;
      const about = cases[at + 1]!;
      // A send that waits for the place of its task is enabled by nothing else.
      if (order !== null && end === TAIL && this._model.waitsInOrder(task, about)) continue;
      if (end !== null) this._addOfChannel(end, about, ordered);
      for (const use of conflicts) this._addUsers(use, about);
      if (cases[at] === ACQUIRE) this._addOfLock(about, cases[at + 2]!, ordered);
      if (target === "task") {
        if (cancels || (waitsForEnd && !this._model.isOver(about))) this._add(about);
      } else if (target === "scope") {
        // Any of the tasks of a group may give its place back, or fail.
        if (cancels || cases[at] === ENTER_GROUP) this._addMembers(about);
        else if (waitsForEnd) this._addLast(about);
      }
    }
  }

  /** Of the tasks that send in order, the one in the first place comes before the others; those without one may take the next. */
  private _addOrder(task: number, node: number, order: DeliveryOrder): void {
    const cases = this._model.lts.cases(node);
    const rank = this._model.rank(task);
    if (rank > 1 && this._model.waitsInOrder(task, cases[1]!))
      this._add(order.tasks.find((other) => this._model.rank(other) === 1)!);
    if (rank > 0 || cases.length === STRIDE) return;
    for (const other of order.tasks) if (this._model.rank(other) === 0) this._add(other);
  }

  /** An enabled case conflicts with uses of the same end of the channel; a disabled case is enabled by uses of the other end. */
  private _addOfChannel(end: number, channel: number, ordered: boolean): void {
    const model = this._model;
    const { capacity, overflow } = model.channel(channel);
    const held = model.contentOf(channel);
    // Without a buffer a case is never certain to be ready, as its partner may not have parked yet.
    if ((ordered && capacity > 0) || overflow !== "park" || model.contents.closed(held)) {
      this._addAll(channel);
      return;
    }
    this._addUsers(CLOSES, channel);
    const stored = model.contents.length(held);
    if (capacity > 0) this._addUsers(READS_CHANNEL, channel);
    const can = capacity > 0 && (end === TAIL ? stored < capacity : stored > 0);
    const uses = can ? end : opposite(end);
    const first = capacity > 0 && stored === (uses === TAIL ? 0 : capacity);
    this._addUsers(first ? firstUse(uses) : uses, channel);
  }

  /** An enabled request conflicts with other requests; a disabled one is enabled by a release that comes before all requests. */
  private _addOfLock(lock: number, request: number, ordered: boolean): void {
    this._addUsers(READS_LOCK, lock);
    if (ordered) for (const use of [ACQUIRES, RELEASES]) this._addUsers(use, lock);
    else this._addUsers(this._model.hasPermits(lock, request) ? ACQUIRES : FIRST_RELEASES, lock);
  }

  private _addAll(channel: number): void {
    for (const use of CHANNEL_USES) this._addUsers(use, channel);
  }

  /** Adds all tasks that may still use a channel, a cell, a task or a scope in a given way. */
  private _addUsers(kind: number, about: number): void {
    const model = this._model;
    const bit = this._mayUse.use(kind, about);
    for (const task of this._mayUse.users(bit)) {
      const node = model.nodeOf(task);
      if (node !== -1 && this._mayUse.may(node, bit)) this._add(task);
    }
  }
}

// Of the events that can happen in a state often a few are enough: those of some tasks that nobody else can get in the way
// of, neither now nor later (stubborn sets, Valmari). What the others do can wait; no end is missed, and no task's move.
//
// Who may get in the way is not known before the program has been learned, and it is learned on the way. So a search counts
// only if, all through it, nothing was learned that could have made a difference: else it begins anew, knowing more.

import {
  CANCELS_SCOPE,
  CANCELS_TASK,
  CHANNEL_USES,
  CLOSES,
  KINDS,
  READS_CHANNEL,
  SETTLE,
  STRIDE,
  TAIL,
} from "../process/cases.js";
import { PARKED } from "../process/local-lts.js";
import { DELAY, FIELDS, INTERNAL } from "../semantics/events.js";
import type { Model } from "../semantics/model.js";
import { endsRegion, Futures, firstUse, goesByOrder, opposite } from "./may-use.js";

export class Stubborn {
  private readonly _model: Model;
  private readonly _futures: Futures;
  /** Tasks of the set, in the order in which they came to it, and how many; what stands behind those is left over. */
  private readonly _tasks: number[];
  private _size: number;
  private readonly _has: boolean[];
  /** For each task those that can get in its way in the state, behind how many; it has them for the so-manieth state that was looked at. */
  private readonly _rivals: number[][];
  private readonly _known: number[];
  private readonly _tried: number[];
  private _nth: number;
  /** The list that is being made. */
  private _list: number[];

  constructor(model: Model) {
    this._model = model;
    this._futures = new Futures(model.unfolder);
    this._tasks = [];
    this._size = 0;
    this._has = [];
    this._rivals = [];
    this._known = [];
    this._tried = [];
    this._nth = 0;
    this._list = [];
  }

  /** Whether something has been learned since this was asked last. */
  outdated(): boolean {
    this._futures.update();
    const { grew } = this._futures;
    this._futures.grew = false;
    return grew;
  }

  /** Whether a program can be searched in this way; others are to be searched in full. */
  get eligible(): boolean {
    const { lts, sandbox } = this._model.unfolder;
    return !lts.anyAtomic && sandbox.invariants.size === 0;
  }

  /** Refinements with 1, for each event of the state, whether it is among those that are enough; false if all are needed. */
  choose(marks: Uint8Array): boolean {
    const model = this._model;
    if (model.count < 2 || this._isQuiet()) return false;
    this._futures.update();
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

  /** What happens when nothing else can happens in every order. */
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

  /** Gathers all that can get in the way of a task, of those, and so on; false if that is everybody. */
  private _close(first: number): boolean {
    const tasks = this._tasks;
    for (let at = 0; at < this._size; at++) this._has[tasks[at]!] = false;
    this._size = 0;
    this._gather(first);
    for (let at = 0; at < this._size; at++) {
      const rivals = this._rivalsOf(tasks[at]!);
      for (let nth = 1; nth <= rivals[0]!; nth++) this._gather(rivals[nth]!);
    }
    return this._size < this._model.ofTask.length;
  }

  private _gather(task: number): void {
    if (this._has[task] === true) return;
    this._has[task] = true;
    this._tasks[this._size++] = task;
  }

  private _rivalsOf(task: number): readonly number[] {
    if (this._known[task] === this._nth) return this._rivals[task]!;
    this._known[task] = this._nth;
    this._list = this._rivals[task] ??= [0];
    this._list[0] = 0;
    const node = this._model.nodeOf(task);
    if (node !== -1 && this._model.lts.status(node) === PARKED) {
      this._addRivals(node);
      this._addCancellers(task, node);
    }
    return this._list;
  }

  /** Who may cancel a task, directly or with the scope that it is in, or that it is; and whom it may cancel by its end. */
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
      ? this._futures.may(node, this._futures.use(CANCELS_SCOPE, region))
      : turn !== -1 && endsRegion(this._model.unfolder, turn, region);
    if (ends) this._addMembers(region);
  }

  private _addMembers(region: number): void {
    for (const member of this._model.scope(region).members) this._add(member);
  }

  /** Of those in a scope one that is not over: before it is, the scope does not end. */
  private _addLast(region: number): void {
    const model = this._model;
    const { members } = model.scope(region);
    const left = members.find((member) => model.nodeOf(member) !== -1 && !model.isOver(member));
    if (left !== undefined) this._add(left);
  }

  private _add(task: number): void {
    this._list[++this._list[0]!] = task;
  }

  private _addRivals(node: number): void {
    const cases = this._model.lts.cases(node);
    const ordered = goesByOrder(cases);
    for (let at = 0; at < cases.length; at += STRIDE) {
      const { end, target, conflicts, waitsForEnd, cancels } = KINDS[cases[at]!]!;
      const about = cases[at + 1]!;
      if (end !== null) this._addOfChannel(end, about, ordered);
      for (const use of conflicts) this._addUsers(use, about);
      if (target === "task") {
        if (cancels || (waitsForEnd && !this._model.isOver(about))) this._add(about);
      } else if (target === "scope") {
        if (cancels) this._addMembers(about);
        else if (waitsForEnd) this._addLast(about);
      }
    }
  }

  /** Where it can happen, whoever uses the same end gets in the way; where it cannot, whoever uses the other end helps. */
  private _addOfChannel(end: number, channel: number, ordered: boolean): void {
    const model = this._model;
    const { capacity, overflow } = model.channel(channel);
    const held = model.contentOf(channel);
    // Whether it is ready without a buffer depends on who is parked, which is never for certain.
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

  private _addAll(channel: number): void {
    for (const use of CHANNEL_USES) this._addUsers(use, channel);
  }

  /** Adds whoever may still use something in a way. */
  private _addUsers(kind: number, about: number): void {
    const model = this._model;
    const bit = this._futures.use(kind, about);
    for (const task of this._futures.users(bit)) {
      const node = model.nodeOf(task);
      if (node !== -1 && this._futures.may(node, bit)) this._add(task);
    }
  }
}

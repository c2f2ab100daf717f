// The current schedule of the search, and the happens-before relation of its events. A case that is newly offered after an event
// is compared with the earlier events: if it could have taken part in one, and that event did not happen before it, the two race.

import { JOIN, RECEIVE, SEND, STRIDE, WHEN_OVER } from "../../../src/testing/explore/process/cases.js";
import { PARKED } from "../../../src/testing/explore/process/local-lts.js";
import { DELAY, DEQUEUE, ENQUEUE, INTERNAL, RENDEZVOUS } from "../../../src/testing/explore/semantics/events.js";
import type { Model } from "../../../src/testing/explore/semantics/model.js";
import { Clocks } from "./vector-clocks.js";

/** An event of the schedule. The objects are kept by depth and overwritten. */
interface Taken {
  kind: number;
  channel: number;
  /** The nodes of its tasks before it. */
  node: number;
  otherNode: number;
  /** Its task, -1 where time passes, and the number of events of this task so far; the other task, or -1. */
  task: number;
  nth: number;
  other: number;
  /** The last events of both before. */
  last: number;
  otherLast: number;
  /** Tasks that it started. */
  readonly started: number[];
  /** The last events of the tasks, before time passed. */
  lasts: number[] | null;
  barrier: number;
}

/** Called for a race: the depth of the earlier event, and two clocks that together are the past of the offered case. */
type Race = (depth: number, one: Int32Array, other: Int32Array) => void;

const NEVER = -1;

export class History {
  /** The number of events of the schedule. */
  length: number;
  /** Called with the depth of an event that races with something offered now, and the clocks of what is offered. */
  private readonly _race: Race;
  private readonly _model: Model;
  private readonly _clocks: Clocks;
  private readonly _way: Taken[];
  /** For each task the depth of its last event, and how many it had. */
  private _last: number[];
  private readonly _counts: number[];
  /** The depth at which time passed last. */
  private _barrier: number;
  /** For each channel with a buffer the depths of its sends and receives. */
  private readonly _sends: number[][];
  private readonly _receives: number[][];
  /** For each offer the depths of the events with a participant that made the offer. */
  private readonly _offered: number[][];
  /** The offers of each node. */
  private readonly _keys: (Int32Array | undefined)[];

  constructor(model: Model, race: Race) {
    this.length = 0;
    this._race = race;
    this._model = model;
    this._clocks = new Clocks();
    this._way = [];
    this._last = [];
    this._counts = [];
    this._barrier = NEVER;
    this._sends = [];
    this._receives = [];
    this._offered = [];
    this._keys = [];
  }

  /** An event, in fields of an array, is about to happen. */
  begin(events: Int32Array, place: number): void {
    const kind = events[place]!;
    const taken = this._take(kind);
    if (kind === DELAY) {
      this._pass(taken);
      return;
    }
    const model = this._model;
    const task = events[place + 1]!;
    taken.channel = events[place + 5]!;
    taken.node = model.nodeOf(task);
    taken.otherNode = kind === RENDEZVOUS ? model.nodeOf(events[place + 3]!) : -1;
    taken.task = task;
    taken.other = kind === RENDEZVOUS ? events[place + 3]! : -1;
    this._clock(taken, events[place + 2]!);
    if (kind === ENQUEUE) listAt(this._sends, taken.channel).push(this.length);
    else if (kind === DEQUEUE) listAt(this._receives, taken.channel).push(this.length);
    this._offer(taken.node);
    if (kind === RENDEZVOUS) this._offer(taken.otherNode);
    this.length++;
  }

  /** It has happened, and tasks have been started. */
  settle(events: Int32Array, place: number, started: readonly number[]): void {
    const depth = this.length - 1;
    const taken = this._way[depth]!;
    const clock = this._clocks.at(depth);
    for (const task of started) {
      taken.started.push(task);
      this._last[task] = depth;
    }
    if (taken.kind !== DELAY) this.compare(events[place + 1]!, clock);
    if (taken.kind === RENDEZVOUS) this.compare(events[place + 3]!, clock);
    for (const task of started) this.compare(task, clock);
    if (taken.kind === ENQUEUE || taken.kind === DEQUEUE) this._compareEnds(taken.channel);
  }

  /** Goes back before the last event. */
  end(): void {
    const taken = this._way[--this.length]!;
    for (const task of taken.started) this._last[task] = NEVER;
    if (taken.lasts !== null) {
      this._last = taken.lasts;
      this._barrier = taken.barrier;
      return;
    }
    if (taken.kind === ENQUEUE) this._sends[taken.channel]!.pop();
    else if (taken.kind === DEQUEUE) this._receives[taken.channel]!.pop();
    this._retract(taken.node);
    if (taken.kind === RENDEZVOUS) this._retract(taken.otherNode);
    this._last[taken.task] = taken.last;
    this._counts[taken.task]!--;
    if (taken.other === -1) return;
    this._last[taken.other] = taken.otherLast;
    this._counts[taken.other]!--;
  }

  /** Compares the new offers of a task, or the end of the task, with the events before. */
  compare(task: number, clock: Int32Array = this._clocks.nothing()): void {
    const { lts } = this._model;
    const node = this._model.nodeOf(task);
    if (lts.status(node) !== PARKED) {
      this._raceAll(this._offered[offerKey(JOIN, task)], clock);
      return;
    }
    const cases = lts.cases(node);
    for (let at = 0; at < cases.length; at += STRIDE) {
      const kind = cases[at]!;
      const channel = cases[at + 1]!;
      if (kind !== SEND && kind !== RECEIVE) continue;
      if (this._model.capacity(channel) > 0)
        this._raceAll((kind === SEND ? this._sends : this._receives)[channel], clock);
      else this._raceAll(this._offered[offerKey(kind === SEND ? RECEIVE : SEND, channel)], clock);
    }
  }

  /** Whether an event is in the past of one clock or the other. */
  inPast(depth: number, one: Int32Array, other: Int32Array): boolean {
    const { task, nth } = this._way[depth]!;
    return task === -1 || one[task]! >= nth || other[task]! >= nth;
  }

  isPass(depth: number): boolean {
    return this._way[depth]!.task === -1;
  }

  clockAt(depth: number): Int32Array {
    return this._clocks.at(depth);
  }

  private _take(kind: number): Taken {
    const taken = (this._way[this.length] ??= {
      ...{ kind, channel: -1, node: -1, otherNode: -1, task: -1, nth: 0, other: -1, last: NEVER, otherLast: NEVER },
      ...{ started: [], lasts: null, barrier: NEVER },
    });
    taken.kind = kind;
    if (taken.started.length > 0) taken.started.length = 0;
    taken.lasts = null;
    return taken;
  }

  /** When time passes, everything before has happened. */
  private _pass(taken: Taken): void {
    const clock = this._clocks.copy(this.length, this._barrier);
    for (const last of this._last) if (last !== undefined && last !== NEVER) this._clocks.join(clock, last);
    taken.task = taken.node = taken.otherNode = -1;
    taken.lasts = this._last;
    taken.barrier = this._barrier;
    this._last = [];
    this._barrier = this.length++;
  }

  private _clock(taken: Taken, at: number): void {
    this._clocks.widen(this._model.ofTask.length);
    taken.last = this._last[taken.task] ?? NEVER;
    // What its task did last had all in its past that had happened when time passed.
    const clock = this._clocks.copy(this.length, taken.last === NEVER ? this._barrier : taken.last);
    this._joinCause(clock, taken, at);
    taken.nth = this._count(clock, taken.task);
    if (taken.other === -1) return;
    taken.otherLast = this._last[taken.other] ?? NEVER;
    if (taken.otherLast !== NEVER) this._clocks.join(clock, taken.otherLast);
    this._count(clock, taken.other);
  }

  /** One more event of a task. */
  private _count(clock: Int32Array, task: number): number {
    this._last[task] = this.length;
    return (clock[task] = this._counts[task] = (this._counts[task] ?? 0) + 1);
  }

  /** Joins the clocks of the events that enabled an event, besides earlier events of its participants. */
  private _joinCause(clock: Int32Array, { kind, channel, node }: Taken, at: number): void {
    if (kind === ENQUEUE || kind === DEQUEUE) {
      this._joinEnds(clock, kind, channel);
    } else if (kind === INTERNAL) {
      const cases = this._model.lts.cases(node);
      if (cases[at * STRIDE] !== JOIN && cases[at * STRIDE] !== WHEN_OVER) return;
      const last = this._last[cases[at * STRIDE + 1]!] ?? NEVER;
      if (last !== NEVER) this._clocks.join(clock, last);
    }
  }

  /** Joins the clock of the previous use of this end of a buffer, and of the event that freed the room or sent the value. */
  private _joinEnds(clock: Int32Array, kind: number, channel: number): void {
    const sends = listAt(this._sends, channel);
    const receives = listAt(this._receives, channel);
    const before = (kind === ENQUEUE ? sends : receives).at(-1);
    if (before !== undefined) this._clocks.join(clock, before);
    if (kind === DEQUEUE) this._clocks.join(clock, sends[receives.length]!);
    const freed = sends.length - this._model.capacity(channel);
    if (kind === ENQUEUE && freed >= 0) this._clocks.join(clock, receives[freed]!);
  }

  private _offer(node: number): void {
    const keys = this._keys[node] ?? this._keysOf(node);
    for (let at = 0; at < keys.length; at++) listAt(this._offered, keys[at]!).push(this.length);
  }

  private _retract(node: number): void {
    const keys = this._keys[node]!;
    for (let at = 0; at < keys.length; at++) this._offered[keys[at]!]!.pop();
  }

  private _keysOf(node: number): Int32Array {
    const cases = this._model.lts.cases(node);
    const keys: number[] = [];
    for (let at = 0; at < cases.length; at += STRIDE) {
      const key = offerKey(cases[at]!, cases[at + 1]!);
      if (key !== -1) keys.push(key);
    }
    return (this._keys[node] = Int32Array.from(keys));
  }

  /** An end of a buffer is ready again: the buffer has a value, or has room. */
  private _compareEnds(channel: number): void {
    const sends = listAt(this._sends, channel);
    const receives = listAt(this._receives, channel);
    const taken = receives.length;
    const freed = sends.length - this._model.capacity(channel);
    if (taken < sends.length) this._compareEnd(RECEIVE, channel, receives[taken - 1], sends[taken]);
    if (taken > freed) this._compareEnd(SEND, channel, sends[sends.length - 1], receives[freed]);
  }

  private _compareEnd(kind: number, channel: number, one: number | undefined, other: number | undefined): void {
    const offered = this._offered[offerKey(kind, channel)];
    if (offered === undefined || offered.length === 0) return;
    const clock = one === undefined ? this._clocks.nothing() : this._clocks.at(one);
    this._raceAll(offered, clock, other === undefined ? clock : this._clocks.at(other));
  }

  private _raceAll(depths: readonly number[] | undefined, one: Int32Array, other: Int32Array = one): void {
    if (depths === undefined) return;
    for (let at = depths.length - 1; at >= 0 && depths[at]! > this._barrier; at--) {
      if (!this.inPast(depths[at]!, one, other)) this._race(depths[at]!, one, other);
    }
  }
}

function listAt(lists: number[][], index: number): number[] {
  return (lists[index] ??= []);
}

/** The key of an offer: a send, a receive or a join. -1 for a case without a partner. */
function offerKey(kind: number, about: number): number {
  if (kind === SEND || kind === RECEIVE) return about * 3 + kind;
  return kind === JOIN || kind === WHEN_OVER ? about * 3 + 2 : -1;
}

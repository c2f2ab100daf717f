// The global semantics: a state is a vector of numbers, an event changes a few of them. What is explored is who meets whom,
// not which step comes first: the code of a task between two operations belongs to the event that let it go on.
//
// A component of the vector is where a task stands (its node, and one; 0 before it is started), what a channel holds (0 while
// it is open and empty), what is left of a timeout (and one; 0 before it begins), or how long a task has slept. All begin at 0,
// so a vector may grow while states that were stored before keep their meaning, and the hash of a 0 is 0.

import { Contents } from "./contents.js";
import {
  CLOSE,
  CLOSING,
  DEFAULT,
  FREE,
  JOIN,
  OVER,
  READ,
  READY,
  RECEIVE,
  SEND,
  SETTLE,
  SLEEP,
  STRIDE,
  TIMER,
} from "./forms.js";
import type { Learner } from "./learner.js";
import { grown, mix } from "./numbers.js";
import { PARKED, type Trie } from "./trie.js";

/** A value is handed over. */
export const MEET = 0;
export const STORE = 1;
export const TAKE = 2;
/** A send finds the channel closed. */
export const REFUSE = 3;
/** A receive finds the end. */
export const END = 4;
/** A case happens that takes no other task and changes no channel. */
export const ALONE = 5;
export const SHUT = 6;
/** Time passes. */
export const PASS = 7;

/** Numbers for each event: its kind, the task and its case, the other task and its case, the channel. */
export const FIELDS = 6;

export class Model {
  readonly learner: Learner;
  readonly trie: Trie;
  readonly contents: Contents;
  /** The vector that is looked at, and its hash. */
  state: Int32Array;
  hash: number;
  /** How many components there are. */
  width: number;
  /** The events that can happen in it, `FIELDS` numbers each, and how many. */
  events: Int32Array;
  count: number;
  /** The component of each task, channel, timer, and of the sleep of each task; -1 while it has none. */
  readonly ofTask: number[];
  readonly ofChannel: number[];
  readonly ofTimer: number[];
  readonly ofSleep: number[];
  /** Waiting receivers of each channel without a buffer, as they are found: the first, and for each the next. */
  private readonly _firstReceiver: number[];
  private readonly _receivers: number[];
  /** Channels without a buffer that somebody has offered to receive from. */
  private readonly _received: number[];
  /** For each node the receives on channels without a buffer that it offers: the channel and the case. */
  private readonly _receives: (Int32Array | undefined)[];
  /** What was changed, and what it was before. */
  private _changes: Int32Array;
  private _changed: number;
  /** Tasks that the last event has started. */
  readonly started: number[];

  constructor(learner: Learner) {
    this.learner = learner;
    this.trie = learner.trie;
    this.contents = new Contents();
    this.state = new Int32Array(16);
    this.hash = this.width = this.count = 0;
    this.events = new Int32Array(FIELDS * 64);
    this.ofTask = [];
    this.ofChannel = [];
    this.ofTimer = [];
    this.ofSleep = [];
    this._firstReceiver = [];
    this._receivers = [];
    this._receives = [];
    this._received = [];
    this._changes = new Int32Array(64);
    this._changed = 0;
    this.started = [];
  }

  /** A point to which changes can be taken back. */
  mark(): number {
    return this._changed;
  }

  /** Takes back what was changed since a mark; the hash was that. */
  takeBack(mark: number, hash: number): void {
    const changes = this._changes;
    for (let at = this._changed - 2; at >= mark; at -= 2) this.state[changes[at]!] = changes[at + 1]!;
    this.hash = hash;
    this._changed = mark;
  }

  /** From here on nothing can be taken back that was changed before. */
  forget(): void {
    this._changed = 0;
  }

  /** The component of something, which gets one if it has none. */
  component(of: number[], index: number): number {
    while (of.length <= index) of.push(-1);
    if (of[index] === -1) {
      of[index] = this.width++;
      if (this.width > this.state.length) this.state = grown(this.state);
    }
    return of[index]!;
  }

  set(component: number, value: number): void {
    const before = this.state[component]!;
    if (before === value) return;
    if (this._changed === this._changes.length) this._changes = grown(this._changes);
    this._changes[this._changed++] = component;
    this._changes[this._changed++] = before;
    if (before !== 0) this.hash = (this.hash - mix(component, before)) | 0;
    if (value !== 0) this.hash = (this.hash + mix(component, value)) | 0;
    this.state[component] = value;
  }

  /** Where a task stands; -1 before it is started. */
  nodeOf(task: number): number {
    const component = this.ofTask[task];
    return component === undefined || component === -1 ? -1 : this.state[component]! - 1;
  }

  holds(channel: number): number {
    const component = this.ofChannel[channel];
    return component === undefined || component === -1 ? 0 : this.state[component]!;
  }

  capacity(channel: number): number {
    return this.learner.stage.channels[channel]!.capacity;
  }

  /** Finds out what can happen. Time passes only when nothing else can. */
  enumerate(): void {
    const tasks = this.ofTask.length;
    this.count = 0;
    this._gatherReceivers(tasks);
    for (let task = 0; task < tasks; task++) {
      const node = this.nodeOf(task);
      if (node !== -1 && this.trie.kind[node] === PARKED) this._cases(task, node);
    }
    if (this.count === 0) this._settle(tasks);
    if (this.count === 0) this._pass(tasks);
  }

  private _gatherReceivers(tasks: number): void {
    const first = this._firstReceiver;
    const list = this._receivers;
    for (let at = 0; at < this._received.length; at++) first[this._received[at]!] = -1;
    let length = 0;
    for (let task = 0; task < tasks; task++) {
      const node = this.nodeOf(task);
      if (node === -1) continue;
      const receives = this._receives[node] ?? this._receivesOf(node);
      for (let at = 0; at < receives.length; at += 2) {
        const channel = receives[at]!;
        list[length] = task;
        list[length + 1] = receives[at + 1]!;
        list[length + 2] = first[channel]!;
        first[channel] = length;
        length += 3;
      }
    }
  }

  private _receivesOf(node: number): Int32Array {
    const cases = this.trie.cases[node]!;
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

  private _cases(task: number, node: number): void {
    const cases = this.trie.cases[node]!;
    let certain = false;
    for (let at = 0; at < cases.length; at += STRIDE) {
      const kind = cases[at]!;
      if (kind === DEFAULT) {
        if (!certain) this._event(ALONE, task, at / STRIDE, -1, 0, -1);
        continue;
      }
      // In a choice that goes by order a case has its turn only if none before it is ready for certain.
      if (certain && cases[at + 3] !== FREE) continue;
      if (this._case(kind, task, node, at, cases)) certain = true;
    }
  }

  /** Adds what a case can do now; true if it is ready for certain, however late its task comes to it. */
  private _case(kind: number, task: number, node: number, at: number, cases: Int32Array): boolean {
    const about = cases[at + 1]!;
    switch (kind) {
      case SEND:
        return this._send(task, node, at / STRIDE, about);
      case RECEIVE:
        return this._receive(task, at / STRIDE, about);
      case CLOSE:
        return this._event(SHUT, task, at / STRIDE, -1, 0, about);
      case READY:
      case READ:
        return this._event(ALONE, task, at / STRIDE, -1, 0, kind === READ ? about : -1);
      case SLEEP:
        return this._slept(task) >= cases[at + 2]! && this._event(ALONE, task, at / STRIDE, -1, 0, -1);
      case TIMER:
        return this.timer(about) === 1 && this._event(ALONE, task, at / STRIDE, -1, 0, -1);
      case CLOSING:
        return this.contents.closed(this.holds(about)) && this._event(ALONE, task, at / STRIDE, -1, 0, about);
      case JOIN:
      case OVER:
        return this._over(about) && this._event(ALONE, task, at / STRIDE, about, 0, -1);
      default:
        return false;
    }
  }

  private _send(task: number, node: number, at: number, channel: number): boolean {
    const held = this.holds(channel);
    const closed = this.contents.closed(held);
    if (closed) {
      this._event(REFUSE, task, at, -1, 0, channel);
      if (!this.trie.late[node]?.includes(channel)) return true;
    }
    if (this.capacity(channel) > 0) {
      if (this._full(channel, held)) return closed;
      return this._event(STORE, task, at, -1, 0, channel);
    }
    const list = this._receivers;
    for (let entry = this._firstReceiver[channel] ?? -1; entry !== -1; entry = list[entry + 2]!) {
      if (list[entry] !== task) this._event(MEET, task, at, list[entry]!, list[entry + 1]!, channel);
    }
    return closed;
  }

  private _receive(task: number, at: number, channel: number): boolean {
    const held = this.holds(channel);
    if (this.contents.length(held) > 0) return this._event(TAKE, task, at, -1, 0, channel);
    return this.contents.closed(held) && this._event(END, task, at, -1, 0, channel);
  }

  private _full(channel: number, held: number): boolean {
    const { capacity, overflow } = this.learner.stage.channels[channel]!;
    return overflow === "park" && this.contents.length(held) >= capacity;
  }

  private _settle(tasks: number): void {
    for (let task = 0; task < tasks; task++) {
      const node = this.nodeOf(task);
      if (node === -1) continue;
      const cases = this.trie.cases[node]!;
      for (let at = 0; at < cases.length; at += STRIDE) {
        if (cases[at] === SETTLE) this._event(ALONE, task, at / STRIDE, -1, 0, -1);
      }
    }
  }

  private _pass(tasks: number): void {
    let least = Infinity;
    for (let task = 0; task < tasks; task++) {
      const node = this.nodeOf(task);
      if (node === -1) continue;
      const cases = this.trie.cases[node]!;
      for (let at = 0; at < cases.length; at += STRIDE) {
        if (cases[at] === SLEEP) least = Math.min(least, cases[at + 2]! - this._slept(task));
        else if (cases[at] === TIMER) least = Math.min(least, this.timer(cases[at + 1]!) - 1);
      }
    }
    if (least > 0 && least < Infinity) this._event(PASS, least, 0, -1, 0, -1);
  }

  /** What is left of a timeout, and one. */
  timer(timer: number): number {
    const component = this.ofTimer[timer];
    return component === undefined || component === -1 ? 0 : this.state[component]!;
  }

  private _slept(task: number): number {
    const component = this.ofSleep[task];
    return component === undefined || component === -1 ? 0 : this.state[component]!;
  }

  private _over(task: number): boolean {
    const node = this.nodeOf(task);
    return node !== -1 && this.trie.kind[node] !== PARKED;
  }

  private _event(kind: number, task: number, at: number, other: number, otherAt: number, channel: number): true {
    const place = this.count++ * FIELDS;
    if (place + FIELDS > this.events.length) this.events = grown(this.events);
    const { events } = this;
    events[place] = kind;
    events[place + 1] = task;
    events[place + 2] = at;
    events[place + 3] = other;
    events[place + 4] = otherAt;
    events[place + 5] = channel;
    return true;
  }
}

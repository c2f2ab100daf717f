// The global semantics: a state is a vector of numbers, an event changes a few of them. What is explored is who meets whom,
// not which step comes first: the code of a task between two operations belongs to the event that let it go on.

import {
  type CaseKind,
  CLOSE as CLOSE_CALL,
  DEFAULT,
  KINDS,
  PAUSE,
  RECEIVE,
  SEND,
  SETTLE,
  SLEEP,
  STRIDE,
  TIMEOUT,
  UNORDERED,
  Unmodelled,
} from "../process/cases.js";
import { PARKED } from "../process/local-lts.js";
import type { Learner } from "../process/unfolder.js";
import { CLOSE, DELAY, DEQUEUE, ENQUEUE, FIELDS, INTERNAL, RECEIVE_CLOSED, RENDEZVOUS, SEND_CLOSED } from "./events.js";
import { grown } from "./numbers.js";
import { hasLate, sendersOf } from "./parked-at-close.js";
import { State } from "./state.js";

/** So many tasks may offer to send to a channel when it is closed: each may have been parked by then, or not. */
const MOST_SENDERS = 5;

export class Model extends State {
  /** The events that can happen in the state, `FIELDS` numbers each, and how many. */
  events: Int32Array;
  count: number;
  /** Tasks that are parked, and where. */
  private _parked: Int32Array;
  /** Waiting receivers of each channel without a buffer, as they are found: the first, and for each the next. */
  private readonly _firstReceiver: number[];
  private readonly _receivers: number[];
  /** Channels without a buffer that somebody has offered to receive from. */
  private readonly _received: number[];
  /** For each node the receives on channels without a buffer that it offers: the channel and the case. */
  private readonly _receives: (Int32Array | undefined)[];

  constructor(learner: Learner) {
    super(learner);
    this.events = new Int32Array(FIELDS * 64);
    this.count = 0;
    this._parked = new Int32Array(32);
    this._firstReceiver = [];
    this._receivers = [];
    this._received = [];
    this._receives = [];
  }

  /** Whether what a task comes to might be done at once. */
  mayComplete(task: number, node: number): boolean {
    const tasks = this.ofTask.length;
    const before = this.count;
    const cases = this.trie.cases[node]!;
    this._gather(tasks);
    this._cases(task, node);
    this._sendsTo(task, tasks);
    const may = this.count > before;
    this.count = before;
    return may && cases[0] !== PAUSE;
  }

  /** Finds out what can happen. Time passes only when nothing else can. */
  enumerate(): void {
    const tasks = this.ofTask.length;
    this.count = 0;
    const length = this._gather(tasks);
    if (this.trie.anyMidst && this._goesOn(tasks)) return;
    const parked = this._parked;
    for (let at = 0; at < length; at += 2) this._cases(parked[at]!, parked[at + 1]!);
    if (this.count === 0) this._settle(tasks);
    if (this.count === 0) this._pass(tasks);
  }

  /** Between two plain calls in a row nobody else has a turn: then only what the second does can happen. */
  private _goesOn(tasks: number): boolean {
    for (let task = 0; task < tasks; task++) {
      const node = this.nodeOf(task);
      if (node === -1 || !this.trie.midst[node]) continue;
      this._cases(task, node);
      this._sendsTo(task, tasks);
      this._serve(this.trie.serves[node]!, tasks);
      // It may wait for what was parked when a channel closed.
      return this.count > 0;
    }
    return false;
  }

  /** What was full until a moment ago takes what a parked send offers, what was empty gives it to a parked receive. */
  private _serve(serves: number, tasks: number): void {
    if (serves === -1) return;
    const channel = serves >> 1;
    const sent = (serves & 1) === 1;
    if (this.contents.length(this.holds(channel)) !== (sent ? 1 : this.capacity(channel) - 1)) return;
    for (let task = 0; task < tasks; task++) {
      const node = this.nodeOf(task);
      if (node === -1 || this.trie.call[node]) continue;
      const cases = this.trie.cases[node]!;
      for (let at = 0; at < cases.length; at += STRIDE) {
        if (cases[at + 1] !== channel || cases[at] !== (sent ? RECEIVE : SEND)) continue;
        if (sent) this._receive(task, at / STRIDE, channel);
        else this._send(task, node, at / STRIDE, channel);
      }
    }
  }

  /** Sends of others that a task may take right now. */
  private _sendsTo(receiver: number, tasks: number): void {
    for (let task = 0; task < tasks; task++) {
      const node = this.nodeOf(task);
      if (node === -1 || task === receiver || this.trie.call[node]) continue;
      const cases = this.trie.cases[node]!;
      for (let at = 0; at < cases.length; at += STRIDE) {
        const channel = cases[at + 1]!;
        if (cases[at] !== SEND || this.capacity(channel) > 0) continue;
        const before = this.count;
        this._send(task, node, at / STRIDE, channel);
        this._keepOnly(before, receiver);
      }
    }
  }

  /** Of the events from a place on only those with a receiver. */
  private _keepOnly(from: number, receiver: number): void {
    let kept = from;
    for (let event = from; event < this.count; event++) {
      const place = event * FIELDS;
      if (this.events[place] !== RENDEZVOUS || this.events[place + 3] !== receiver) continue;
      this.events.copyWithin(kept++ * FIELDS, place, place + FIELDS);
    }
    this.count = kept;
  }

  /** Who is parked, and who of them waits to receive without a buffer; returns how long the list is. */
  private _gather(tasks: number): number {
    const { kind } = this.trie;
    const first = this._firstReceiver;
    for (let at = 0; at < this._received.length; at++) first[this._received[at]!] = -1;
    if (this._parked.length < tasks * 2) this._parked = new Int32Array(tasks * 4);
    const parked = this._parked;
    let length = 0;
    let listed = 0;
    for (let task = 0; task < tasks; task++) {
      const node = this.nodeOf(task);
      if (node === -1 || kind[node] !== PARKED) continue;
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
    if (cases.length === STRIDE && cases[0] !== DEFAULT) {
      this._case(cases[0]!, task, node, 0, cases);
      return;
    }
    let certain = false;
    for (let at = 0; at < cases.length; at += STRIDE) {
      const kind = cases[at]!;
      if (kind === DEFAULT) {
        if (!certain) this._event(INTERNAL, task, at / STRIDE, -1, 0, -1);
        continue;
      }
      // In a choice that goes by order a case has its turn only if none before it is ready for certain.
      if (certain && cases[at + 3] !== UNORDERED) continue;
      if (this._case(kind, task, node, at, cases)) certain = true;
    }
  }

  /** Adds what a case can do now; true if it is ready for certain, however late its task comes to it. */
  private _case(kind: number, task: number, node: number, at: number, cases: Int32Array): boolean {
    const about = cases[at + 1]!;
    if (kind === SEND) return this._send(task, node, at / STRIDE, about);
    if (kind === RECEIVE) return this._receive(task, at / STRIDE, about);
    if (kind === CLOSE_CALL) return this._shut(task, at / STRIDE, about);
    const { enabled, target } = KINDS[kind]!;
    const other = enabled === "over" ? about : -1;
    return (
      this._isEnabled(enabled, task, about, cases[at + 2]!) &&
      this._event(INTERNAL, task, at / STRIDE, other, 0, target === "channel" ? about : -1)
    );
  }

  /** Whether the condition of a case holds that its task takes alone. */
  private _isEnabled(enabled: CaseKind["enabled"], task: number, target: number, argument: number): boolean {
    switch (enabled) {
      case "always":
        return true;
      case "slept":
        return this.slept(task) >= argument;
      case "due":
        return this.timer(target) === 1;
      case "closed":
        return this.contents.closed(this.holds(target));
      case "over":
        return this.over(target);
      case "members over":
        return this.ended(target);
      default:
        return false;
    }
  }

  private _send(task: number, node: number, at: number, channel: number): boolean {
    const held = this.holds(channel);
    if (held !== 0 && this.contents.closed(held) && !this.trie.late[node]?.includes(channel)) {
      return this._event(SEND_CLOSED, task, at, -1, 0, channel);
    }
    if (this.capacity(channel) > 0) {
      return !this._full(channel, held) && this._event(ENQUEUE, task, at, -1, 0, channel);
    }
    const list = this._receivers;
    for (let entry = this._firstReceiver[channel] ?? -1; entry !== -1; entry = list[entry + 2]!) {
      const receiver = list[entry]!;
      // Of two plain calls neither waits for the other.
      const both = this.trie.call[node]! && this.trie.call[this.nodeOf(receiver)]!;
      if (receiver !== task && !both) this._event(RENDEZVOUS, task, at, receiver, list[entry + 1]!, channel);
    }
    return false;
  }

  /** Whoever offers to send has been parked by then, or comes too late: one event for each way in which that can be. */
  private _shut(task: number, at: number, channel: number): true {
    const senders = this.contents.closed(this.holds(channel)) ? [] : sendersOf(this, channel, task);
    if (senders.length > MOST_SENDERS) {
      throw new Unmodelled(`a channel closes while more than ${MOST_SENDERS} tasks offer to send`);
    }
    for (let bits = (1 << senders.length) - 1; bits >= 0; bits--) {
      this._event(CLOSE, task, at, -1, this.learner.groupOf(senders.filter((_, bit) => bits & (1 << bit))), channel);
    }
    return true;
  }

  private _receive(task: number, at: number, channel: number): boolean {
    const held = this.holds(channel);
    if (held === 0) return false;
    if (this.contents.length(held) > 0) return this._event(DEQUEUE, task, at, -1, 0, channel);
    if (!this.contents.closed(held)) return false;
    // What was parked when it closed is delivered first.
    if (!hasLate(this, channel, task)) this._event(RECEIVE_CLOSED, task, at, -1, 0, channel);
    return true;
  }

  private _full(channel: number, held: number): boolean {
    if (this.contents.length(held) < this.capacity(channel)) return false;
    return this.learner.stage.channels[channel]!.overflow === "park";
  }

  private _settle(tasks: number): void {
    for (let task = 0; task < tasks; task++) {
      const node = this.nodeOf(task);
      if (node === -1) continue;
      const cases = this.trie.cases[node]!;
      for (let at = 0; at < cases.length; at += STRIDE) {
        if (cases[at] === SETTLE) this._event(INTERNAL, task, at / STRIDE, -1, 0, -1);
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
        if (cases[at] === SLEEP) least = Math.min(least, cases[at + 2]! - this.slept(task));
        else if (cases[at] === TIMEOUT) least = Math.min(least, this.timer(cases[at + 1]!) - 1);
      }
    }
    if (least > 0 && least < Infinity) this._event(DELAY, least, 0, -1, 0, -1);
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

// The text of a counterexample: for each event the task, what it did, its partner and the line of the source; and the tasks that
// are parked at the end, with the cycle in which they wait for each other.

import { shown } from "../../../structures/errors.js";
import { isDaemon } from "../../program/loop.js";
import type { Schedule, Step, Waiting } from "../../report/schedule.js";
import { placeOf } from "../process/call-site.js";
import {
  ABORT,
  CANCEL,
  CLOSE,
  CLOSING,
  DEFAULT,
  DISCARD,
  ENDED,
  FAIL,
  JOIN,
  LOOK,
  OVER,
  QUIT,
  READ,
  READY,
  RECEIVE,
  SCOPED,
  SEND,
  SETTLE,
  SLEEP,
  STRIDE,
  TIMER,
  TURN,
  WRITE,
} from "../process/cases.js";
import { PARKED } from "../process/local-lts.js";
import { IS_DUE, LENGTH } from "../process/model-objects.js";
import type { Model } from "../semantics/enabled.js";
import { ALONE, END, FIELDS, MEET, PASS, REFUSE, SHUT, STORE, TAKE } from "../semantics/events.js";

/** What each kind of event does with its channel. */
const ACTS: Readonly<Record<number, NonNullable<Step["act"]>>> = {
  ...{ [MEET]: "send", [STORE]: "send", [REFUSE]: "send", [TAKE]: "receive", [END]: "receive", [SHUT]: "close" },
};

/** Describes a schedule while it is replayed: call `tell` before each event, and `end` after the last. */
export class ScheduleText {
  private readonly _model: Model;
  private readonly _steps: Step[];
  /** The tasks that used each channel, the latest last. */
  private readonly _users: Map<number, number[]>;

  constructor(model: Model) {
    this._model = model;
    this._steps = [];
    this._users = new Map();
  }

  /** Describes an event that is about to be taken in the current state of the model. */
  tell(events: Int32Array, place: number): void {
    const [kind, task, at, other, , channel] = events.subarray(place, place + FIELDS) as unknown as number[];
    this._steps.push(kind === PASS ? passing(task!) : this._step(kind!, task!, at!, other!, channel!));
    if (channel === -1 || kind === PASS) return;
    const users = this._users.get(channel!) ?? [];
    for (const user of [task!, other!]) if (user !== -1) users.push(user);
    this._users.set(channel!, users);
  }

  /** The schedule so far, and the tasks that are parked in the current state; of these only `stuck`, if given. */
  end(stuck: readonly number[] | undefined): Schedule {
    const parked = this._parked().filter((task) => stuck?.includes(task) !== false);
    return {
      steps: this._steps,
      waiting: parked
        .filter((task) => !isDaemon(this._model.learner.stage.tasks[task]!))
        .map((task) => this._waiting(task)),
      cycle: this._cycle(parked).map((task) => this._name(task)),
    };
  }

  private _step(kind: number, task: number, at: number, other: number, channel: number): Step {
    const { trie } = this._model;
    const node = this._model.nodeOf(task);
    const [what, cell, otherCell] = this._words(kind, task, at, channel);
    const place = placeIn(trie.place[node]);
    const meets = kind === MEET;
    return {
      task: this._name(task),
      what: meets ? `${what}, taken by ${this._name(other)}` : what,
      cells: { [this._name(task)]: cell, ...(meets && { [this._name(other)]: otherCell! }) },
      ...(meets && { peer: this._name(other) }),
      ...(channel !== -1 && kind !== ALONE && { channel: this._channel(channel), act: ACTS[kind]! }),
      ...(place !== undefined && { at: place }),
    };
  }

  /** An event in words; and shorter, for the column of its task and of its partner. */
  private _words(kind: number, task: number, at: number, channel: number): [string, string, string?] {
    const cases = this._model.trie.cases[this._model.nodeOf(task)]!;
    const name = channel === -1 ? "" : this._channel(channel);
    const value = this._value(cases[at * STRIDE + 2]!);
    switch (kind) {
      case MEET:
        return [`send ${value} to ${name}`, `${name} ! ${value}`, `${name} ? ${value}`];
      case STORE:
        return [`send ${value} to ${name}`, `${name} ! ${value}`];
      case TAKE: {
        const taken = this._value(this._model.contents.first(this._model.holds(channel)));
        return [`receive ${taken} from ${name}`, `${name} ? ${taken}`];
      }
      case REFUSE:
        return [`send ${value} to ${name}, which is closed`, `${name} ! closed`];
      case END:
        return [`receive from ${name}, which is closed`, `${name} ? closed`];
      case SHUT:
        return [`close ${name}`, `close ${name}`];
      default:
        return this._alone(task, cases, at);
    }
  }

  private _alone(task: number, cases: Int32Array, at: number): [string, string] {
    const about = cases[at * STRIDE + 1]!;
    const operand = cases[at * STRIDE + 2]!;
    const called = this._model.trie.call[this._model.nodeOf(task)];
    switch (cases[at * STRIDE]) {
      case READY:
        if (about === TURN) return this._turn(task);
        return about === 1 ? ["pause", "pause"] : [`choose ${this._value(operand)}`, `choose ${this._value(operand)}`];
      case SLEEP:
        return [`wake after ${operand} ms`, "wake"];
      case TIMER:
        return ["timeout", "timeout"];
      case OVER:
        if (this._model.trie.turnTo[this._model.nodeOf(task)] !== -1) return this._turn(task);
        return [`join ${this._name(about)}`, `join ${this._name(about)}`];
      case JOIN:
      case SCOPED:
        return [`join ${this._name(about)}`, `join ${this._name(about)}`];
      case ENDED:
        return ["see all in it over", "all over"];
      case CANCEL:
        return [`cancel ${this._name(about)}`, `cancel ${this._name(about)}`];
      case DISCARD:
        return [`cancel ${this._channel(about)}`, `cancel ${this._channel(about)}`];
      case QUIT:
        return [`cancel ${this._scope(about)}`, `cancel ${this._scope(about)}`];
      case ABORT:
        return ["cancel all in it", "cancel all"];
      case FAIL:
        return ["cancel all in it, as it is late", "late: cancel all"];
      case CLOSING:
        return [`see ${this._channel(about)} closed`, `${this._channel(about)} closed`];
      case SETTLE:
        return ["settle", "settle"];
      case READ:
        return this._reading(about, operand);
      case LOOK:
        return [`look at cell ${about}`, `cell ${about}?`];
      case WRITE:
        return [`write ${this._value(operand)} to cell ${about}`, `cell ${about} = ${this._value(operand)}`];
      default:
        if (called) return [`try: ${this._waits(cases, 0)}, not now`, "not now"];
        return [`default (${this._refusals(cases)})`, "select → default"];
    }
  }

  /** A turn that was coming; its task may have been cancelled before. */
  private _turn(task: number): [string, string] {
    const { trie } = this._model;
    const node = trie.turnTo[this._model.nodeOf(task)]!;
    if (trie.cancelled[node]) return ["return, cancelled", "returns"];
    return trie.parent[node] === -1 ? ["begin", "begins"] : ["go on", "goes on"];
  }

  private _scope(region: number): string {
    return this._name(this._model.learner.stage.regions[region]!.owner);
  }

  /** Why a select took its default. */
  private _refusals(cases: Int32Array): string {
    const texts: string[] = [];
    for (let at = 0; at < cases.length; at += STRIDE) {
      const [kind, about] = [cases[at], cases[at + 1]!];
      if (kind === RECEIVE) texts.push(`${this._channel(about)} is empty`);
      else if (kind === SEND) texts.push(`${this._channel(about)}: ${this._full(about)}`);
      else if (kind !== DEFAULT) texts.push(`no ${this._waits(cases, at / STRIDE)}`);
    }
    return texts.join(", ") || "nothing else";
  }

  private _full(channel: number): string {
    return this._model.learner.stage.channels[channel]!.capacity === 0 ? "no receiver" : "full";
  }

  private _reading(about: number, what: number): [string, string] {
    if (what === IS_DUE) return ["look at a timeout", "timeout?"];
    const name = this._channel(about);
    return what === LENGTH
      ? [`look at the length of ${name}`, `${name}.length`]
      : [`look whether ${name} is closed`, `${name}.closed`];
  }

  private _parked(): number[] {
    const tasks = this._model.ofTask.map((_, task) => task);
    return tasks.filter((task) => {
      const node = this._model.nodeOf(task);
      return node !== -1 && this._model.trie.kind[node] === PARKED;
    });
  }

  private _waiting(task: number): Waiting {
    const node = this._model.nodeOf(task);
    const cases = this._model.trie.cases[node]!;
    const texts = Array.from({ length: cases.length / STRIDE }, (_, at) => this._waits(cases, at));
    const place = placeIn(this._model.trie.place[node]);
    return {
      task: this._name(task),
      waitsFor: texts.join(" or ") || "nothing",
      ...(place !== undefined && { at: place }),
    };
  }

  private _waits(cases: Int32Array, at: number): string {
    const about = cases[at * STRIDE + 1]!;
    switch (cases[at * STRIDE]) {
      case SEND:
        return `send ${this._value(cases[at * STRIDE + 2]!)} to ${this._channel(about)}`;
      case RECEIVE:
        return `receive from ${this._channel(about)}`;
      case JOIN:
      case OVER:
      case SCOPED:
        return `join ${this._name(about)}`;
      case ENDED:
        return `the end of all in ${this._scope(about)}`;
      case CLOSING:
        return `${this._channel(about)} to close`;
      case CLOSE:
        return `close ${this._channel(about)}`;
      case SLEEP:
        return `sleep of ${cases[at * STRIDE + 2]} ms`;
      case TIMER:
        return "timeout";
      case SETTLE:
        return "all others to be parked";
      case DEFAULT:
        return "default";
      default:
        return "its turn";
    }
  }

  /** The longest cycle of at least two parked tasks of which each waits for the next; it begins at its first task. */
  private _cycle(tasks: readonly number[]): number[] {
    const parked = new Set(tasks);
    let longest: number[] = [];
    // As each task waits for at most one other, every task is on one path at most.
    const done = new Set<number>();
    for (const first of tasks) {
      const path = new Map<number, number>();
      let at: number | undefined = first;
      for (; at !== undefined && !done.has(at) && !path.has(at); at = this._next(at, parked)) path.set(at, path.size);
      const start = at === undefined ? undefined : path.get(at);
      if (start !== undefined && path.size - start > Math.max(1, longest.length))
        longest = [...path.keys()].slice(start);
      for (const task of path.keys()) done.add(task);
    }
    const least = longest.indexOf(Math.min(...longest));
    return [...longest.slice(least), ...longest.slice(0, Math.max(0, least))];
  }

  /** The task that a task waits for: the one that it joins, or the one that used its channel last. */
  private _next(task: number, parked: ReadonlySet<number>): number | undefined {
    const cases = this._model.trie.cases[this._model.nodeOf(task)]!;
    for (let at = 0; at < cases.length; at += STRIDE) {
      const about = cases[at + 1]!;
      if (cases[at] === JOIN || cases[at] === OVER || cases[at] === SCOPED) return about;
      if (cases[at] === ENDED) return this._members(about).find((member) => parked.has(member));
      if (cases[at] !== SEND && cases[at] !== RECEIVE) continue;
      const user = this._users.get(about)?.findLast((other) => other !== task && parked.has(other));
      if (user !== undefined) return user;
    }
    return undefined;
  }

  private _members(region: number): readonly number[] {
    return this._model.learner.stage.regions[region]!.members;
  }

  private _name(task: number): string {
    return this._model.learner.stage.tasks[task]!.name;
  }

  private _channel(channel: number): string {
    return this._model.learner.stage.channels[channel]!.name;
  }

  private _value(id: number): string {
    return shown(this._model.learner.values.at(id));
  }
}

function placeIn(standing: Error | undefined): string | undefined {
  return standing === undefined ? undefined : placeOf(standing);
}

function passing(ms: number): Step {
  return { task: "clock", what: `${ms} ms pass`, cells: { clock: `${ms} ms` } };
}

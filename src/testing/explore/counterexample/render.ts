// The text of a counterexample: for each event the task, what it did, its partner and the line of the source; and the tasks that
// are parked at the end, with the cycle in which they wait for each other.

import { cycleOf } from "../../../lifetime/report.js";
import { isDaemon } from "../../program/loop.js";
import { inline } from "../../report/inline.js";
import { shownName } from "../../report/loop-names.js";
import { isSameError, throwSiteOf } from "../../report/report.js";
import type { FailedTask, Schedule, Step, Waiting } from "../../report/schedule.js";
import { cellNotes, ENDED, type TaskState, unreleased, unserved, type Want } from "../../report/unserved.js";
import { callSiteOf } from "../process/call-site.js";
import { ACQUIRE, DEFAULT, KINDS, type Names, RECEIVE, RELEASE, SEND, STRIDE, TAIL } from "../process/cases.js";
import { CANCELLED, DONE, FAILED, HANDLED, PARKED } from "../process/local-lts.js";
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
} from "../semantics/events.js";
import type { Model } from "../semantics/model.js";

/** What each kind of event does with its channel. */
const ACTS: Readonly<Record<number, NonNullable<Step["act"]>>> = {
  ...{
    [RENDEZVOUS]: "send",
    [ENQUEUE]: "send",
    [SEND_CLOSED]: "send",
    [DEQUEUE]: "receive",
    [RECEIVE_CLOSED]: "receive",
    [CLOSE]: "close",
  },
};

/** Describes a schedule while it is replayed: call `describe` before each event, and `end` after the last. */
export class ScheduleText {
  private readonly _model: Model;
  private readonly _steps: Step[];
  /** The tasks that used each channel, the latest last. */
  private readonly _users: Map<number, number[]>;
  /** The tasks that have failed, and what they have thrown. */
  private readonly _failures: Map<number, unknown>;
  private readonly _names: Names;

  constructor(model: Model) {
    this._model = model;
    this._steps = [];
    this._users = new Map();
    this._failures = new Map();
    this._names = {
      task: (index) => this._name(index),
      channel: (index) => this._channel(index),
      scope: (index) => this._scope(index),
      lock: (index) => this._model.lock(index).name,
      request: (lock, id) => this._request(lock, id),
      released: (lock, n) => this._released(lock, n),
      holders: (lock) => this._heldBy(lock),
      value: (id) => this._value(id),
    };
  }

  /** Describes an event that is about to be taken in the current state of the model. */
  describe(events: Int32Array, place: number): void {
    const [kind, task, at, other, , channel] = events.subarray(place, place + FIELDS) as unknown as number[];
    this._steps.push(kind === DELAY ? passing(task!) : this._step(kind!, task!, at!, other!, channel!));
    if (channel === -1 || kind === DELAY) return;
    const users = this._users.get(channel!) ?? [];
    for (const user of [task!, other!]) if (user !== -1) users.push(user);
    this._users.set(channel!, users);
  }

  /** Notes the tasks that have failed since the last call. A task that throws the error of another one does not count. */
  noteFailures(): void {
    const { lts } = this._model;
    for (const [task] of this._model.ofTask.entries()) {
      const node = this._model.nodeOf(task);
      if (node === -1 || this._failures.has(task)) continue;
      if (lts.status(node) === FAILED || lts.status(node) === HANDLED) this._failures.set(task, lts.result(node));
    }
  }

  private _failed(): FailedTask[] {
    const found: FailedTask[] = [];
    for (const [task, error] of this._failures) {
      if (found.some((earlier) => isSameError(earlier.error, error))) continue;
      const at = throwSiteOf(error);
      found.push({ task: this._name(task), error, ...(at !== undefined && { at }) });
    }
    return found;
  }

  /** The schedule so far, and the tasks that are parked in the current state; of these only `stuck`, if given. */
  end(stuck: readonly number[] | undefined, tellsCells: boolean = false): Schedule {
    const parked = this._parked().filter((task) => stuck?.includes(task) !== false);
    return {
      steps: this._steps,
      failed: this._failed(),
      waiting: parked.filter((task) => !isDaemon(this._model.task(task))).map((task) => this._waiting(task)),
      cycle: this._cycle(parked).map((task) => this._name(task)),
      // Elsewhere other tasks may yet serve those that are parked.
      notes:
        this._model.count === 0 || stuck !== undefined
          ? this._notes(parked, stuck !== undefined)
          : tellsCells
            ? this._cells()
            : [],
    };
  }

  private _notes(parked: readonly number[], goesOn: boolean): string[] {
    const wants: Want[] = [];
    const locks = new Set<number>();
    for (const task of parked.filter((task) => !isDaemon(this._model.task(task)))) {
      const cases = this._model.lts.cases(this._model.nodeOf(task));
      for (let at = 0; at < cases.length; at += STRIDE) {
        const about = cases[at + 1]!;
        const { end } = KINDS[cases[at]!]!;
        if (cases[at] === ACQUIRE) locks.add(about);
        else if (end !== null)
          wants.push({ task: this._name(task), channel: this._channel(about), end: end === TAIL ? "send" : "receive" });
      }
    }
    const tasks = [...this._model.ofTask.keys()].filter((task) => this._model.nodeOf(task) !== -1);
    const states = tasks.map((task) => this._state(task));
    const held = [...locks].map((lock) => {
      const holders = this._holders(lock).map((task) => this._state(task));
      return unreleased(this._model.lock(lock).name, holders);
    });
    const busy = goesOn ? states.filter((_, at) => this._goesOn(tasks[at]!, parked)).map(({ task }) => task) : [];
    const goOn =
      busy.length === 0
        ? []
        : [`meanwhile other tasks go on: ${busy.slice(0, 5).join(", ")}${busy.length > 5 ? ", …" : ""}`];
    return [...unserved(wants, this._steps, states, goesOn), ...held.filter((note) => note !== ""), ...goOn];
  }

  /** Whether a task is neither over nor one of those that are stuck. */
  private _goesOn(task: number, stuck: readonly number[]): boolean {
    return !stuck.includes(task) && !isDaemon(this._model.task(task)) && this._state(task).ended === null;
  }

  private _cells(): string[] {
    const values = this._model.unfolder.sandbox.cells.map((_, cell) => this._value(this._model.cellValue(cell)));
    return cellNotes(values, this._steps);
  }

  private _state(task: number): TaskState {
    const status = this._model.lts.status(this._model.nodeOf(task));
    const ended = [FAILED, HANDLED].includes(status)
      ? ENDED.failed
      : status === DONE
        ? ENDED.done
        : status === CANCELLED
          ? ENDED.cancelled
          : null;
    return { task: this._name(task), ended };
  }

  private _step(kind: number, task: number, at: number, other: number, channel: number): Step {
    const { lts } = this._model;
    const node = this._model.nodeOf(task);
    const [what, cell, otherCell] = this._words(kind, task, at, channel);
    const place = placeIn(lts.callSite(node));
    const meets = kind === RENDEZVOUS;
    return {
      task: this._name(task),
      what: meets ? `${what}, taken by ${this._name(other)}` : what,
      cells: { [this._name(task)]: cell, ...(meets && { [this._name(other)]: otherCell! }) },
      ...(meets && { peer: this._name(other) }),
      ...(channel !== -1 && kind !== INTERNAL && { channel: this._channel(channel), act: ACTS[kind]! }),
      ...(place !== undefined && { at: place }),
    };
  }

  /** An event in words; and shorter, for the column of its task and of its partner. */
  private _words(kind: number, task: number, at: number, channel: number): readonly [string, string, string?] {
    const cases = this._model.lts.cases(this._model.nodeOf(task));
    const name = channel === -1 ? "" : this._channel(channel);
    const value = this._value(cases[at * STRIDE + 2]!);
    switch (kind) {
      case RENDEZVOUS:
        return [`send ${value} to ${name}`, `${name} ! ${value}`, `${name} ? ${value}`];
      case ENQUEUE:
        return [`send ${value} to ${name}`, `${name} ! ${value}`];
      case DEQUEUE: {
        const taken = this._value(this._model.contents.first(this._model.contentOf(channel)));
        return [`receive ${taken} from ${name}`, `${name} ? ${taken}`];
      }
      case SEND_CLOSED:
        return [`send ${value} to ${name}, which is closed`, `${name} ! closed`];
      case RECEIVE_CLOSED:
        return [`receive from ${name}, which is closed`, `${name} ? closed`];
      case CLOSE:
        return [`close ${name}`, `close ${name}`];
      case QUEUE: {
        const waits = `wait to ${this._waits(cases, at)}`;
        return [waits, waits];
      }
      default:
        return this._alone(task, cases, at);
    }
  }

  private _alone(task: number, cases: Int32Array, at: number): readonly [string, string] {
    const node = this._model.nodeOf(task);
    if (this._model.lts.resumesAt(node) !== -1) return this._turn(task);
    const { step } = KINDS[cases[at * STRIDE]!]!;
    if (step !== null) return step(this._names, cases[at * STRIDE + 1]!, cases[at * STRIDE + 2]!);
    if (this._model.lts.isPlainCall(node)) return [`try: ${this._attempts(cases)}, not now`, "not now"];
    return [`default (${this._refusals(cases)})`, "select → default"];
  }

  /** What an attempt would do: all of its cases but the last, which is the default. */
  private _attempts(cases: Int32Array): string {
    const texts = Array.from({ length: cases.length / STRIDE - 1 }, (_, at) => this._waits(cases, at));
    return texts.join(" or ");
  }

  /** A pending turn. Its task may have been cancelled before it. */
  private _turn(task: number): [string, string] {
    const { lts } = this._model;
    const node = lts.resumesAt(this._model.nodeOf(task));
    if (lts.isCancelled(node)) return ["return, cancelled", "returns"];
    if (lts.isEnd(node)) return ["end", "ends"];
    return lts.parent(node) === -1 ? ["begin", "begins"] : ["go on", "goes on"];
  }

  private _scope(region: number): string {
    return this._name(this._model.scope(region).owner);
  }

  private _request(lock: number, id: number): string {
    const { verb, n } = this._model.unfolder.sandbox.requests[id]!;
    return `${verb} ${n > 1 && n < this._model.lock(lock).total ? `${n} of ` : ""}${this._model.lock(lock).name}`;
  }

  private _released(lock: number, n: number): string {
    const { name, total } = this._model.lock(lock);
    if (total > 0) return `release ${name}`;
    return n < 0 ? `add ${-n} to ${name}` : `subtract ${n} from ${name}`;
  }

  private _heldBy(lock: number): string {
    const holders = this._holders(lock).map((task) => this._name(task));
    return holders.length === 0 ? "" : `, held by ${holders.join(" and ")}`;
  }

  /** The tasks that hold permits of a lock: that were granted more than they have released. */
  private _holders(lock: number): number[] {
    const { lts } = this._model;
    const tasks = this._model.ofTask.map((_, task) => task);
    return tasks.filter((task) => {
      let held = 0;
      for (let node = this._model.nodeOf(task); node !== -1; node = lts.parent(node)) held += this._gained(node, lock);
      return held > 0;
    });
  }

  /** How many permits of a lock a task gains with the transition that leads to a node; less than none if it releases some. */
  private _gained(node: number, lock: number): number {
    const { lts, unfolder } = this._model;
    const [parent, label] = [lts.parent(node), lts.label(node)];
    let gained = 0;
    for (const [released, n] of lts.effects(node)?.releases ?? []) if (released === lock) gained -= n;
    if (parent === -1 || label!.at < 0 || lts.targetAt(parent, label!.at) !== lock) return gained;
    const [kind, argument] = [lts.kindAt(parent, label!.at), lts.argumentAt(parent, label!.at)];
    if (kind === RELEASE) return gained - argument;
    return kind === ACQUIRE ? gained + unfolder.sandbox.requests[argument]!.n : gained;
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
    return this._model.channel(channel).capacity === 0 ? "no receiver" : "full";
  }

  private _parked(): number[] {
    const tasks = this._model.ofTask.map((_, task) => task);
    return tasks.filter((task) => {
      const node = this._model.nodeOf(task);
      return node !== -1 && this._model.lts.status(node) === PARKED;
    });
  }

  private _waiting(task: number): Waiting {
    const node = this._model.nodeOf(task);
    const cases = this._model.lts.cases(node);
    const texts = Array.from({ length: cases.length / STRIDE }, (_, at) => this._waits(cases, at));
    const place = placeIn(this._model.lts.callSite(node));
    return {
      task: this._name(task),
      waitsFor: [...new Set(texts)].join(" or ") || "nothing",
      ...(place !== undefined && { at: place }),
    };
  }

  private _waits(cases: Int32Array, at: number): string {
    const { waits } = KINDS[cases[at * STRIDE]!]!;
    return waits(this._names, cases[at * STRIDE + 1]!, cases[at * STRIDE + 2]!);
  }

  /** The longest cycle of at least two parked tasks of which each waits for the next; it begins at its first task. */
  private _cycle(tasks: readonly number[]): number[] {
    const parked = new Set(tasks);
    const longest = cycleOf(tasks, (task) => this._next(task, parked));
    const least = longest.indexOf(Math.min(...longest));
    return [...longest.slice(least), ...longest.slice(0, Math.max(0, least))];
  }

  /** The task that a task waits for: the one that it joins, that holds its lock, or that used its channel last. */
  private _next(task: number, parked: ReadonlySet<number>): number | undefined {
    const cases = this._model.lts.cases(this._model.nodeOf(task));
    for (let at = 0; at < cases.length; at += STRIDE) {
      const about = cases[at + 1]!;
      const { target, end, waitsForEnd } = KINDS[cases[at]!]!;
      if (waitsForEnd && target === "task") return about;
      if (waitsForEnd) return this._members(about).find((member) => parked.has(member));
      if (cases[at] === ACQUIRE) {
        const holder = this._holders(about).find((other) => parked.has(other));
        if (holder !== undefined) return holder;
      }
      if (end === null) continue;
      const user = this._users.get(about)?.findLast((other) => other !== task && parked.has(other));
      if (user !== undefined) return user;
    }
    return undefined;
  }

  private _members(region: number): readonly number[] {
    return this._model.scope(region).members;
  }

  private _name(task: number): string {
    return shownName(this._model.task(task).name, this._loops());
  }

  /** The names of the bodies of the tasks that are loops. */
  private _loops(): Map<string, string> {
    const loops = new Map<string, string>();
    for (const { name, loops: body } of this._model.unfolder.sandbox.tasks)
      if (body !== undefined) loops.set(name, body);
    return loops;
  }

  private _channel(channel: number): string {
    return shownName(this._model.channel(channel).name, this._loops());
  }

  private _value(id: number): string {
    return inline(this._model.unfolder.values.at(id));
  }
}

function placeIn(standing: Error | undefined): string | undefined {
  return standing === undefined ? undefined : callSiteOf(standing);
}

function passing(ms: number): Step {
  return { task: "clock", what: `${ms} ms pass`, cells: { clock: `${ms} ms` } };
}

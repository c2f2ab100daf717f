// A way through the states as people tell it: who did what with whom, in which line, and who is parked at the end.

import { shown } from "../../../structures/errors.js";
import { isDaemon } from "../../program/loop.js";
import type { Schedule, Step, Waiting } from "../../report/schedule.js";
import { callSiteOf } from "../process/call-site.js";
import { DEFAULT, KINDS, type Names, RECEIVE, SEND, STRIDE } from "../process/cases.js";
import { PARKED } from "../process/local-lts.js";
import {
  CLOSE,
  DELAY,
  DEQUEUE,
  ENQUEUE,
  FIELDS,
  INTERNAL,
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

/** Tells a schedule as it happens: `tell` before each event, `end` after the last. */
export class Story {
  private readonly _model: Model;
  private readonly _steps: Step[];
  /** Who used each channel, the latest last. */
  private readonly _users: Map<number, number[]>;
  private readonly _names: Names;

  constructor(model: Model) {
    this._model = model;
    this._steps = [];
    this._users = new Map();
    this._names = {
      task: (index) => this._name(index),
      channel: (index) => this._channel(index),
      scope: (index) => this._scope(index),
      value: (id) => this._value(id),
    };
  }

  /** An event is about to happen in the state that the model looks at. */
  tell(events: Int32Array, place: number): void {
    const [kind, task, at, other, , channel] = events.subarray(place, place + FIELDS) as unknown as number[];
    this._steps.push(kind === DELAY ? passing(task!) : this._step(kind!, task!, at!, other!, channel!));
    for (const user of channel === -1 || kind === DELAY ? [] : [task!, other!]) {
      if (user !== -1) this._users.set(channel!, [...(this._users.get(channel!) ?? []), user]);
    }
  }

  /** How it ended: who is parked, or those of them who are stuck. */
  end(stuck: readonly number[] | undefined): Schedule {
    const parked = this._parked().filter((task) => stuck?.includes(task) !== false);
    return {
      steps: this._steps,
      waiting: parked.filter((task) => !isDaemon(this._model.task(task))).map((task) => this._waiting(task)),
      cycle: this._cycle(parked).map((task) => this._name(task)),
    };
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

  /** In words, and as short as the columns need it. */
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
      default:
        return this._alone(task, cases, at);
    }
  }

  private _alone(task: number, cases: Int32Array, at: number): readonly [string, string] {
    const node = this._model.nodeOf(task);
    if (this._model.lts.resumesAt(node) !== -1) return this._turn(task);
    const { step } = KINDS[cases[at * STRIDE]!]!;
    if (step !== null) return step(this._names, cases[at * STRIDE + 1]!, cases[at * STRIDE + 2]!);
    if (this._model.lts.isPlainCall(node)) return [`try: ${this._waits(cases, 0)}, not now`, "not now"];
    return [`default (${this._refusals(cases)})`, "select → default"];
  }

  /** A turn that was coming; its task may have been cancelled before. */
  private _turn(task: number): [string, string] {
    const { lts } = this._model;
    const node = lts.resumesAt(this._model.nodeOf(task));
    if (lts.isCancelled(node)) return ["return, cancelled", "returns"];
    return lts.parent(node) === -1 ? ["begin", "begins"] : ["go on", "goes on"];
  }

  private _scope(region: number): string {
    return this._name(this._model.scope(region).owner);
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
      waitsFor: texts.join(" or ") || "nothing",
      ...(place !== undefined && { at: place }),
    };
  }

  private _waits(cases: Int32Array, at: number): string {
    const { waits } = KINDS[cases[at * STRIDE]!]!;
    return waits(this._names, cases[at * STRIDE + 1]!, cases[at * STRIDE + 2]!);
  }

  /** Each waits for who used its channel last, or whom it joins; the longest circle among those that are parked. */
  private _cycle(parked: readonly number[]): number[] {
    let longest: number[] = [];
    for (const first of parked) {
      const path: number[] = [];
      let at: number | undefined = first;
      while (at !== undefined && !path.includes(at)) {
        path.push(at);
        at = this._next(at, parked);
      }
      if (at === first && path.length > Math.max(1, longest.length)) longest = path;
    }
    return longest;
  }

  private _next(task: number, parked: readonly number[]): number | undefined {
    const cases = this._model.lts.cases(this._model.nodeOf(task));
    for (let at = 0; at < cases.length; at += STRIDE) {
      const about = cases[at + 1]!;
      const { target, end, waitsForEnd } = KINDS[cases[at]!]!;
      if (waitsForEnd && target === "task") return about;
      if (waitsForEnd) return this._members(about).find((member) => parked.includes(member));
      if (end === null) continue;
      const user = this._users.get(about)?.findLast((other) => other !== task && parked.includes(other));
      if (user !== undefined) return user;
    }
    return undefined;
  }

  private _members(region: number): readonly number[] {
    return this._model.scope(region).members;
  }

  private _name(task: number): string {
    return this._model.task(task).name;
  }

  private _channel(channel: number): string {
    return this._model.channel(channel).name;
  }

  private _value(id: number): string {
    return shown(this._model.unfolder.values.at(id));
  }
}

function placeIn(standing: Error | undefined): string | undefined {
  return standing === undefined ? undefined : callSiteOf(standing);
}

function passing(ms: number): Step {
  return { task: "clock", what: `${ms} ms pass`, cells: { clock: `${ms} ms` } };
}

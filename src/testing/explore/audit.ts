// A proof takes for granted that tasks share nothing but channels: each was learned alone. Here random schedules are run with
// fresh routines in the order in which events really happen, and every routine must do what was learned. What tasks share
// behind the model's back shows as a difference.

import type { Operation } from "../../operation.js";
import { seeded } from "../decisions.js";
import { Round } from "../loop.js";
import { type Arrival, Driver } from "./driver.js";
import { FIELDS } from "./events.js";
import { formOf, type Offer, settleCase } from "./forms.js";
import { LATER, type Learner } from "./learner.js";
import type { Model } from "./model.js";
import { begin, type Gain, gains, happen } from "./moves.js";
import { Live } from "./stage.js";
import { DONE, FAILED, PARKED } from "./trie.js";

/** Events of one schedule at the most. */
const LONGEST = 200;

/** A task that did something else than it had done with the same past. */
export interface Difference {
  readonly task: string;
  readonly learned: string;
  readonly found: string;
}

export class Audit {
  private readonly _model: Model;
  private readonly _learner: Learner;
  private readonly _driver: Driver;
  private readonly _below: (n: number) => number;
  private _lives: Map<number, Live>;
  /** Who is to be told what has happened to it, in order. */
  private _due: { readonly live: Live; readonly value: unknown; readonly at: number }[];
  private _difference: Difference | null;
  private _left: boolean;

  constructor(model: Model) {
    this._model = model;
    this._learner = model.learner;
    this._driver = new Driver(model.learner.stage);
    this._below = seeded(1);
    this._lives = new Map();
    this._due = [];
    this._difference = null;
    this._left = false;
  }

  /** Runs so many schedules, fewer when it is late; the first difference, or null. */
  async run(schedules: number, late: () => boolean): Promise<Difference | null> {
    const { stage } = this._learner;
    stage.oracle = (offer, attempt) => this._answer(offer, attempt);
    this._learner.starts = new Map([[0, this._learner.variants[0]!]]);
    try {
      for (let nth = 0; nth < schedules && this._difference === null && !(nth > 4 && late()); nth++) await this._walk();
    } finally {
      stage.oracle = null;
      this._learner.starts = null;
    }
    return this._difference;
  }

  private async _walk(): Promise<void> {
    const model = this._model;
    this._lives = new Map();
    this._due = [];
    begin(model);
    await this._begin([...model.started]);
    this._left = false;
    for (let left = LONGEST; left > 0 && this._difference === null && !this._left; left--) {
      model.enumerate();
      if (model.count === 0) return;
      await this._event(this._below(model.count));
    }
  }

  private async _event(event: number): Promise<void> {
    try {
      this._happen(event);
    } catch (error) {
      // A schedule that leads to what has not been learned is left.
      if (error !== LATER) throw error;
      this._left = true;
      return;
    }
    const started = [...this._model.started];
    for (let due = this._due.shift(); due !== undefined; due = this._due.shift())
      await this._goOn(due.live, due.at, due.value);
    await this._begin(started);
  }

  /** Lets an event happen in the model, and notes who is to go on with what. */
  private _happen(event: number, but = -1): Gain | undefined {
    const model = this._model;
    const events = model.events.slice(event * FIELDS, (event + 1) * FIELDS);
    const gained = gains(model, events, 0);
    const values = gained.map((gain) => model.trie.valueOf(model.nodeOf(gain.task), gain));
    happen(model, events, 0);
    for (const [nth, { task, at }] of gained.entries()) {
      if (task !== but) this._due.push({ live: this._lives.get(task)!, at, value: values[nth] });
    }
    return gained.find(({ task }) => task === but);
  }

  /** A routine performs a plain call: it happens now, as it would. */
  private _answer(offer: Offer<unknown>, attempt: boolean): unknown {
    const model = this._model;
    const { task } = this._learner.stage.live!;
    const node = model.nodeOf(task);
    this._compareCases(task, formOf(offer, (value) => this._learner.values.idOf(value)).cases, attempt);
    model.enumerate();
    const own = Array.from({ length: model.count }, (_, event) => event).filter(
      (event) => model.events[event * FIELDS + 1] === task,
    );
    if (this._difference !== null || own.length === 0) throw new Error("This schedule is left");
    const gain = this._happen(own[this._below(own.length)]!, task)!;
    const value = model.trie.valueOf(node, gain);
    void this._startLater([...model.started]);
    return value;
  }

  /** Tasks that begin while another is in the midst of a step begin behind it. */
  private _startLater(started: readonly number[]): void {
    for (const task of started) this._due.push({ live: this._fresh(task), at: -1, value: undefined });
  }

  private async _begin(tasks: readonly number[]): Promise<void> {
    for (const task of tasks) {
      if (!this._lives.has(task)) await this._goOn(this._fresh(task), -1, undefined);
    }
  }

  private _fresh(task: number): Live {
    const live = new Live(task, -1);
    this._lives.set(task, live);
    return live;
  }

  private async _goOn(live: Live, at: number, value: unknown): Promise<void> {
    if (live.routine === null) {
      const start = this._learner.starts!.get(live.task)!;
      this._learner.stage.live = live;
      live.routine = start.body(...start.args);
      this._learner.stage.live = null;
    } else {
      settleCase(live.waiting!, at, value);
    }
    const arrival = await this._arrival(live);
    live.waiting = arrival.kind === "parked" ? arrival.operation : null;
    if (this._difference === null) this._compare(live.task, arrival);
  }

  private async _arrival(live: Live): Promise<Arrival> {
    for (;;) {
      const isAsync = Symbol.asyncIterator in live.routine;
      const arrival = isAsync ? await this._driver.goOnAsync(live) : this._driver.goOn(live);
      if (arrival.kind !== "parked" || !this._passes(arrival.operation)) return arrival;
      settleCase(arrival.operation, 0, undefined);
    }
  }

  private _passes(operation: Operation<unknown>): boolean {
    return operation instanceof Round || this._learner.trivial(operation);
  }

  private _compare(task: number, arrival: Arrival): void {
    const { trie, values } = this._learner;
    const node = this._model.nodeOf(task);
    if (arrival.kind === "parked") {
      this._compareCases(task, formOf(arrival.operation, (value) => values.idOf(value)).cases, false);
    } else if (arrival.kind === "done") {
      const same = trie.kind[node] === DONE && values.idOf(trie.result[node]) === values.idOf(arrival.value);
      if (!same) this._differ(task, `returns ${values.keyOf(arrival.value).slice(1)}`);
    } else if (arrival.kind === "failed" && (trie.kind[node] === PARKED || trie.kind[node] === DONE)) {
      this._differ(task, `throws ${String(arrival.error)}`);
    }
  }

  private _compareCases(task: number, cases: Int32Array, attempt: boolean): void {
    const { trie } = this._learner;
    const node = this._model.nodeOf(task);
    const learned = trie.cases[node]!;
    const length = attempt ? learned.length - cases.length : 0;
    const same =
      trie.kind[node] === PARKED &&
      cases.length + length === learned.length &&
      cases.every((number, at) => number === learned[at]);
    if (!same) this._differ(task, "waits for something else");
  }

  private _differ(task: number, found: string): void {
    const { trie } = this._learner;
    const node = this._model.nodeOf(task);
    const ends =
      trie.kind[node] === FAILED ? `throws ${String(trie.result[node])}` : `returns ${String(trie.result[node])}`;
    const learned = trie.kind[node] === PARKED ? "waits" : ends;
    this._difference ??= { task: this._learner.stage.tasks[task]!.name, learned, found };
  }
}

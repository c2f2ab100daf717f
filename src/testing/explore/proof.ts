// One verification by the model: which engine searches, for how long, and what comes of it.

import { type Host, native } from "../../host.js";
import type { AsyncRoutine, Routine } from "../../operation.js";
import { scheduler } from "../../scheduler.js";
import type { Schedule } from "../schedule.js";
import type { Bounded, Coverage, Failed, Verdict, VerifyOptions } from "../verdict.js";
import type { Escaped } from "./driver.js";
import { type Finding, Judge } from "./judge.js";
import { LATER, Learner } from "./learner.js";
import { FIELDS, Model } from "./model.js";
import { begin, happen } from "./moves.js";
import type { Search } from "./search.js";
import { States } from "./states.js";
import { Story } from "./story.js";
import { DONE } from "./trie.js";

const MOST_STATES = 2_000_000;
const MOST_MS = 60_000;

/** A host on which nothing happens by itself. */
const still: Host = {
  ...{ now: () => 0, random: () => 0, microtask() {}, turn() {}, setTimer: () => 0, clearTimer() {} },
  ...{ report: () => () => {}, whenEmpty() {} },
};

export class Proof<T> {
  private readonly _learner: Learner;
  private readonly _model: Model;
  private readonly _options: VerifyOptions<T>;
  private readonly _start: number;
  private readonly _judge: Judge;

  constructor(main: () => Routine<T> | AsyncRoutine<T>, options: VerifyOptions<T>, start: number) {
    this._learner = new Learner({ body: main, args: [] }, options.freeze !== false);
    this._model = new Model(this._learner);
    this._options = options;
    this._start = start;
    this._judge = new Judge(options);
  }

  async run(): Promise<Verdict<T>> {
    using _ = scheduler.isolate(still, { next: () => 0, choose: () => 0 });
    scheduler.explorer = this._learner.stage;
    try {
      return await this._search();
    } finally {
      scheduler.explorer = null;
    }
  }

  /** Something in the program waits for what no schedule brings. */
  escaped(error: Escaped): Failed {
    const coverage: Coverage = { states: 0, executions: 0, events: 0, ms: native.now() - this._start };
    const schedule: Schedule = { steps: [], waiting: [], cycle: [] };
    return { status: "failed", kind: "escaped", cause: error, schedule, report: error.message, token: "", ...coverage };
  }

  private async _search(): Promise<Verdict<T>> {
    const { maxStates = MOST_STATES, maxMs = MOST_MS, all = false } = this._options;
    const search = new States(this._model, this._judge, all);
    const late = (): boolean => native.now() - this._start > maxMs;
    const complete = await this._explore(search, maxStates, late);
    if (search.found !== null) return this._failed(search, search.found.finding, search.found.way);
    if (!complete) return this._bounded(search, late() ? `maxMs, ${maxMs} ms` : `maxStates, ${maxStates} states`);
    return { status: "proved", outcomes: this._outcomes(), ...this._coverage(search), assumptions: [] };
  }

  private async _explore(search: Search, most: number, late: () => boolean): Promise<boolean> {
    for (;;) {
      try {
        return search.explore(most, late);
      } catch (error) {
        if (error !== LATER) throw error;
        await this._learner.learn();
      }
    }
  }

  /** Nothing is learned that no schedule leads to, so every end of `main` in the trie is an outcome. */
  private _outcomes(): Set<T> {
    const { trie } = this._learner;
    const outcomes = new Map<unknown, T>();
    for (let node = 0; node < trie.size; node++) {
      if (trie.task[node] !== 0 || trie.kind[node] !== DONE) continue;
      const result = trie.result[node] as T;
      outcomes.set(this._learner.values.idOf(result), result);
    }
    return new Set(outcomes.values());
  }

  private _failed(search: Search, { kind, cause }: Finding, way: readonly Int32Array[]): Failed {
    const [schedule, token] = this._tell(way);
    const report = JSON.stringify(schedule);
    return {
      status: "failed",
      kind,
      ...(cause !== undefined && { cause }),
      schedule,
      report,
      token,
      ...this._coverage(search),
    };
  }

  /** The schedule in words, and the places of its events among those that could happen. */
  private _tell(way: readonly Int32Array[]): [Schedule, string] {
    const model = this._model;
    const story = new Story(model);
    const places: number[] = [];
    begin(model);
    for (const event of way) {
      model.enumerate();
      places.push(placeOf(model, event));
      story.tell(event, 0);
      happen(model, event, 0);
    }
    return [story.end(), places.join(".")];
  }

  private _bounded(search: Search, limit: string): Bounded {
    return { status: "bounded", reason: `it reached ${limit}`, covered: this._coverage(search) };
  }

  private _coverage({ states, executions, events }: Search): Coverage {
    return { states, executions, events, ms: native.now() - this._start };
  }
}

function placeOf(model: Model, event: Int32Array): number {
  for (let place = 0; place < model.count; place++) {
    if (event.every((number, at) => model.events[place * FIELDS + at] === number)) return place;
  }
  return -1;
}

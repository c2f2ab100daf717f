// One verification by the model: search, then check what was found against the program, then report.
//
// A proof counts only if an audit finds no difference between the model and the tasks, and if the program itself, run on the
// scheduler, does nothing that the model does not allow. A failure counts only if its schedule can be replayed on a new model.
// All budgets are counted in states, events and schedules, so a verdict does not depend on the machine.

import { scheduler } from "../../../scheduler/scheduler.js";
import { counted, reportOf } from "../../report/report.js";
import type { Schedule } from "../../report/schedule.js";
import { neverPerformed, type Survey, type Unperformed } from "../../report/survey.js";
import { tokenOf } from "../../report/token.js";
import type { Bounded, Coverage, Failed, FailureKind, Proved, Verdict, VerifyOptions } from "../../report/verdict.js";
import type { Escaped } from "../../simulation/host-calls.js";
import type { Isolation } from "../../simulation/isolate.js";
import type { Limits } from "../../simulation/limits.js";
import type { Main } from "../../simulation/play.js";
import { showUnperformed } from "../../simulation/unperformed.js";
import { Counterexample, inSandbox, whenUnfolded } from "../counterexample/rebuild.js";
import { Unmodelled } from "../process/cases.js";
import { ModelWatch } from "../process/model-watch.js";
import { type Refinements, Refuted } from "../process/refinements.js";
import { IDENTITY } from "../process/run-objects.js";
import { Unfolder } from "../process/unfolder.js";
import { firstSeek } from "../reduction/find-automorphisms.js";
import { StubbornSets } from "../reduction/stubborn-sets.js";
import { BreadthFirst } from "../search/breadth-first.js";
import { compete, type Entrant, type Explore, type Outcome } from "../search/portfolio.js";
import { Properties } from "../search/properties.js";
import { type Found, Ineligible, type Search } from "../search/search.js";
import { Model } from "../semantics/model.js";
import { Audit, type Difference } from "../validation/audit.js";
import { crossCheck, sound } from "../validation/cross-check.js";
import { adviceOn } from "./advice.js";

/** Schedules that an audit replays, and runs on the scheduler that a proof is checked against, at the most. */
const AUDITS = 100;
const RUNS = 30;
/** A program of few events has few schedules: this many of either suffice, or one for each event. */
const LEAST_RUNS = 8;
/**
 * Events of either, after which no other schedule is begun: this part of the events of the search, as an event of an audit
 * costs about as much as twenty of a search; and never fewer than these, which take a few milliseconds.
 */
const CHECKED_PART = 1 / 50;
const LEAST_CHECKED = 500;

const READ =
  "tasks share nothing but channels, locks and cells: no variable in the source of main is shared, and random schedules were audited";
const AUDITED =
  "tasks share nothing but channels, locks and cells (audited on random schedules; the source of main could not be read)";

const ASSUMPTIONS = ["the program is closed: nothing outside holds its channels, and its inputs are these"];

const TIMES = {
  "maximal-progress":
    "time passes only when nothing else can happen, or when what happens can go on for ever without it",
  asynchronous: "time passes at any moment",
} as const;

const NOT_REPLAYED =
  "The failing schedule could not be replayed: tasks seem to share state other than channels. Declare it with cell().";

export class Proof<T> {
  private readonly _main: Main<T>;
  private readonly _unfolder: Unfolder;
  private readonly _model: Model;
  private readonly _options: VerifyOptions<T>;
  private readonly _refinements: Refinements;
  private readonly _limits: Limits;
  private readonly _isRead: boolean;
  private _isolation: Isolation | null;
  private readonly _title: string;
  private _searchMs: number;
  private readonly _properties: Properties;
  /** What the tasks make and do not perform; null if that is no failure. */
  private readonly _watch: ModelWatch | null;

  /**
   * @param isRead - Whether the source of `main` was read, and no variable of it is shared.
   * @param survey - Gets the lines at which operations are made and not performed.
   */
  constructor(
    main: Main<T>,
    options: VerifyOptions<T>,
    refinements: Refinements,
    limits: Limits,
    isRead: boolean,
    survey: Survey<null> | null = null,
  ) {
    this._main = main;
    this._title = options.name ?? (main.name || "main");
    this._unfolder = new Unfolder({ body: main, args: [] }, options.freeze === true, false, refinements);
    this._model = new Model(this._unfolder);
    this._model.isAsynchronous = options.time === "asynchronous";
    this._model.keepsUnread = options.unread === true;
    this._options = options;
    this._refinements = refinements;
    this._limits = limits;
    this._isRead = isRead;
    this._isolation = null;
    this._searchMs = 0;
    this._properties = new Properties(options);
    this._watch = options.unperformed === false ? null : new ModelWatch(this._unfolder, survey);
  }

  run(): Promise<Verdict<T>> {
    return this._inSandbox(() => this._prove());
  }

  /** The verdict on a program that waits for something outside of it. */
  escaped(error: Escaped): Failed {
    return this._withoutSchedule("escaped", error, error.message, {
      engine: "model",
      states: 0,
      runs: 0,
      events: 0,
      ms: this._ms(),
      searchMs: this._ms(),
    });
  }

  /** Checks a proof against runs of the program itself; those of endless programs are cut. */
  async crossChecked(proved: Proved<T>): Promise<Verdict<T>> {
    const { leaks = true } = this._options;
    const { isCyclic, lts } = this._unfolder;
    const allowed = { outcomes: proved.outcomes, errors: lts.errors(), leaks };
    const budget = { schedules: isCyclic ? RUNS : schedulesFor(proved, RUNS), events: eventsFor(proved) };
    const found = await (isCyclic ? sound : crossCheck)(this._main, allowed, budget);
    if (found === null) return proved;
    const what = `run on the scheduler it ${found}, which it does under no schedule of the model: tasks seem to share state`;
    const { engine, states, runs, events, ms, searchMs } = proved;
    return this._sharing(what, { engine, states, runs, events, ms, searchMs });
  }

  /** Whether rounds of a loop were folded. */
  get folds(): boolean {
    return this._unfolder.isCyclic;
  }

  /** Whether an operation was made and never performed, as far as one search shows. */
  get unused(): boolean {
    return this._watch?.any === true;
  }

  /** Searches all states for the survey only; false if there are too many. */
  survey(): Promise<boolean> {
    return this._inSandbox(async () => {
      const { complete } = await this._search();
      this._watch?.finish();
      return complete;
    });
  }

  private _inSandbox<R>(work: () => Promise<R>): Promise<R> {
    return inSandbox(this._unfolder.sandbox, (isolation) => {
      this._isolation = isolation;
      return work();
    });
  }

  private async _prove(): Promise<Verdict<T>> {
    const { search, complete, shortest } = await this._search();
    this._searchMs = this._ms();
    const { found } = search;
    const coverage = this._coverage(search);
    if (found === null && !complete) return this._bounded(coverage);
    // In a program with scopes or locks, a failure may be an artefact of variables that its tasks share.
    const { objects } = this._unfolder;
    const isSure = found !== null && !this._mayShare;
    const difference = isSure && !objects.anyReceived ? null : await this._audit(coverage, false);
    this._unfolder.sandbox.assertModelled();
    if (difference !== null && objects.anyReceived) await this._assertData(difference, coverage);
    if (difference !== null && !isSure) return this._shared(difference, coverage);
    if (found === null && this._limits.late) return this._bounded(coverage);
    if (found !== null) return await this._failed(search, found, shortest);
    return {
      status: "proved",
      outcomes: this._unfolder.lts.outcomes() as Set<T>,
      assumptions: [...ASSUMPTIONS, this._isRead ? READ : AUDITED, TIMES[this._options.time ?? "maximal-progress"]],
      ...coverage,
    };
  }

  private async _search(): Promise<Outcome> {
    const explore: Explore = (search, pause) => this._explore(search, pause);
    scheduler.notices = this._watch;
    try {
      return await compete(this._entrants(), explore, () => this._limits.late);
    } finally {
      scheduler.notices = null;
    }
  }

  /** The search of all states finds the shortest schedule; the one by stubborn sets often ends sooner. */
  private _entrants(): Entrant[] {
    const { all = false, stuck = true, leaks = true } = this._options;
    const [model, judge] = [this._model, this._properties];
    const ways = {
      exhaustive: all,
      findsStarvation: stuck,
      leaks,
      seek: all ? Infinity : firstSeek(this._refinements),
      limits: this._limits,
    };
    const states = { search: new BreadthFirst(model, judge, ways), shortest: true };
    // Time that may pass at any moment depends on everything, so there is nothing to choose from.
    if (all || model.isAsynchronous) return [states];
    const enough = new BreadthFirst(model, judge, { ...ways, stubborn: new StubbornSets(model) });
    return [states, { search: enough, shortest: false }];
  }

  /** Whether the search is complete; null if it does not support the program. */
  private async _explore(search: Search, pause: () => boolean): Promise<boolean | null> {
    const { host } = this._unfolder.sandbox;
    try {
      for (;;) {
        const complete = await whenUnfolded(this._model, () => host.within(() => search.explore(pause)));
        if (!search.interrupted || this._limits.late) return complete;
        await this._limits.rest(this._isolation!);
      }
    } catch (error) {
      if (!(error instanceof Ineligible)) throw error;
      return null;
    }
  }

  private _audit(coverage: Coverage, copies: boolean): Promise<Difference | null> {
    return new Audit(this._model, this._limits, this._isolation!, copies).run(
      schedulesFor(coverage, AUDITS),
      eventsFor(coverage),
    );
  }

  /** If there is no difference where tasks are given copies of objects, then their identity makes the difference. */
  private async _assertData({ task, expected, found }: Difference, coverage: Coverage): Promise<void> {
    if (this._unfolder.objects.byIdentity)
      throw new Unmodelled(`${task} once ${expected} and once ${found}, which depends on the identity of objects`);
    if ((await this._audit(coverage, true)) === null) throw new Refuted(IDENTITY);
  }

  private _shared({ task, expected, found }: Difference, coverage: Coverage): Failed {
    const what = `with the same history, ${task} once ${expected} and once ${found}: tasks seem to share state`;
    return this._sharing(what, coverage);
  }

  /** The verdict on a program whose tasks share variables, as its source shows. */
  shares(text: string): Failed {
    const coverage: Coverage = { engine: "model", states: 0, runs: 0, events: 0, ms: this._ms(), searchMs: 0 };
    return this._withoutSchedule("shared-state", undefined, text, coverage);
  }

  /** Whether it is common for such a program to share variables: between a scope's body and its tasks, or under a lock. */
  private get _mayShare(): boolean {
    return this._unfolder.lts.anyCancels || this._unfolder.sandbox.locks.length > 0;
  }

  /** The verdict on shared state. If that is common in such a program, the program is run instead. */
  private _sharing(what: string, coverage: Coverage): Failed {
    if (this._mayShare) throw new Unmodelled(what);
    return this._withoutSchedule("shared-state", undefined, what, coverage);
  }

  private _withoutSchedule(kind: FailureKind, cause: unknown, found: string, coverage: Coverage): Failed {
    const schedule: Schedule = { steps: [], failed: [], waiting: [], cycle: [], notes: [] };
    const report = reportOf({ title: this._title, kind, found, cause, schedule, token: "" });
    return { status: "failed", kind, cause, schedule, report, token: "", ...coverage };
  }

  /** The failure of a program that never performs what it makes at some lines, with a run that shows one of them. */
  async unperformed(found: readonly Unperformed<null>[], verdict: Proved<T> | Failed): Promise<Failed> {
    const { leaks = true } = this._options;
    const { engine, states, runs, events, ms, searchMs } = verdict;
    const coverage: Coverage = { engine, states, runs, events, ms, searchMs };
    const kind = "unperformed";
    const effort = `found in ${counted(states, "state")}`;
    const shown = await showUnperformed(this._main, found, { leaks }, effort);
    if (shown === null) return this._withoutSchedule(kind, neverPerformed(found), effort, coverage);
    const { cause, schedule, message, token } = shown;
    return { status: "failed", kind, cause, schedule, report: message, token, ...coverage };
  }

  private async _failed(search: Search, { violation, schedule: events }: Found, shortest: boolean): Promise<Failed> {
    const counterexample = await this._rebuild(events);
    const coverage = this._coverage(search);
    if (counterexample === null) return this._sharing(NOT_REPLAYED, coverage);
    const stuck = violation.stuck?.map((task) => counterexample.taskOf(task, this._model));
    const schedule = counterexample.end(stuck, violation.kind);
    const seen = new Properties({}).check(counterexample.model)?.kind === violation.kind;
    const shows = seen ? undefined : violation.kind;
    const token = tokenOf({
      kind: "events",
      seed: 0,
      numbers: counterexample.places,
      shows,
      stuck,
      marked: counterexample.marked,
      refined: counterexample.refined,
    });
    const length = counted(events.length, "event");
    const found = `${shortest ? "shortest schedule has" : "a schedule of"} ${length} (${counted(coverage.states, "state")})`;
    const { kind, cause } = violation;
    const report = reportOf({ title: this._title, kind, found, cause, schedule, token });
    return { status: "failed", kind, ...("cause" in violation && { cause }), schedule, report, token, ...coverage };
  }

  /** Replays the events of a schedule on a new model; null if they cannot happen there. */
  private _rebuild(schedule: readonly Int32Array[]): Promise<Counterexample | null> {
    const counterexample = new Counterexample(
      { body: this._main, args: [] },
      this._options.freeze === true,
      this._refinements,
    );
    return inSandbox(counterexample.model.unfolder.sandbox, async () => {
      await counterexample.begin();
      for (const event of schedule) if (!(await counterexample.follow(event, this._model))) return null;
      return counterexample;
    });
  }

  private _bounded(coverage: Coverage): Bounded {
    const advice = adviceOn(this._model);
    return { status: "bounded", reason: this._limits.reached, ...(advice !== undefined && { advice }), ...coverage };
  }

  private _ms(): number {
    return this._limits.ms;
  }

  private _coverage({ states, events }: Search): Coverage {
    return { engine: "model", states, runs: 0, events, ms: this._ms(), searchMs: this._searchMs };
  }
}

/** How many schedules are checked of a program whose search took so many events. */
const schedulesFor = ({ events }: Coverage, most: number): number => Math.min(most, Math.max(LEAST_RUNS, events));

/** After how many events no other schedule is checked. */
const eventsFor = ({ events }: Coverage): number => Math.max(LEAST_CHECKED, Math.ceil(events * CHECKED_PART));

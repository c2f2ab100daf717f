// A counterexample is rebuilt in a new model, which unfolds only the behaviour on its schedule and also records the lines of the
// source. Its tasks are numbered in the order in which the schedule starts them, whatever the search had unfolded before, so a
// token means the same in another process.

import type { Host } from "../../../scheduler/host.js";
import { install } from "../../../scheduler/makers.js";
import type { Schedule } from "../../report/schedule.js";
import type { FailureKind } from "../../report/verdict.js";
import { CHANCE } from "../../simulation/host-calls.js";
import { Isolation } from "../../simulation/isolate.js";
import { ModelMaker } from "../process/model-maker.js";
import { ARRIVALS, endOf, type Refinements } from "../process/refinements.js";
import type { Start } from "../process/routine-run.js";
import type { Sandbox } from "../process/sandbox.js";
import { PENDING, Unfolder } from "../process/unfolder.js";
import { delayAt, isUnlisted, placeOf, stillNames } from "../semantics/clocks.js";
import { CLOSE, DELAY, FIELDS } from "../semantics/events.js";
import { Model } from "../semantics/model.js";
import { enterInitial, fire } from "../semantics/transition.js";
import { ScheduleText } from "./render.js";

/** A host that starts nothing by itself. */
const still = (sandbox: Sandbox): Host => ({
  ...{ now: () => 0, microtask() {}, turn() {}, setTimer: () => 0, clearTimer() {} },
  ...{ report: () => () => {}, whenEmpty() {} },
  random: () => sandbox.escape("random()", CHANCE),
});

/** Runs some work with the program in the sandbox of a model. Other code of the process may run only in `Isolation.apart`. */
export async function inSandbox<R>(sandbox: Sandbox, work: (isolation: Isolation) => Promise<R>): Promise<R> {
  const report = (error: unknown): (() => void) => {
    sandbox.reported(error);
    return () => {};
  };
  const policy = { next: () => 0, choose: () => 0 };
  // The tasks of a program that is unfolded are none of the scheduler.
  const isOwn = (): boolean => false;
  using isolation = new Isolation({ ...still(sandbox), report }, policy, isOwn);
  install(new ModelMaker(sandbox));
  return await work(isolation);
}

/** Repeats some work with a model until all behaviour of async tasks that the work needs has been unfolded. */
export async function whenUnfolded<R>(model: Model, work: () => R): Promise<R> {
  for (;;) {
    const mark = model.mark();
    try {
      return work();
    } catch (error) {
      if (error !== PENDING) throw error;
      model.takeBack(mark);
      await model.unfolder.unfoldPending();
    }
  }
}

/** The refinements that the numbers in a token name: 0 for `ARRIVALS`, and for the end of a task its number and one. */
export function refinementsOf(numbers: readonly number[]): string[] {
  return numbers.map((number) => (number === 0 ? ARRIVALS : endOf(number - 1)));
}

export class Counterexample {
  readonly model: Model;
  /** For each event so far, its index among the enabled events. */
  readonly places: number[];
  /** Milliseconds that have passed. */
  elapsed: number;
  private readonly _text: ScheduleText;

  constructor(start: Start, freezes: boolean, refinements: Refinements) {
    this.model = new Model(new Unfolder(start, freezes, true, refinements));
    this.places = [];
    this.elapsed = 0;
    this._text = new ScheduleText(this.model);
  }

  /** The refinements of its tasks and locks, by number: tasks that may be cancelled, and locks that are watched or queued. */
  get marked(): number[] {
    const { tasks, lockRefinements } = this.model.unfolder.sandbox;
    return [...[...tasks.keys()].filter((task) => tasks[task]!.isCancellable), ...lockRefinements];
  }

  /** What else the model was refined by, in numbers: see `refinementsOf`. */
  get refined(): number[] {
    const { tasks, knowsArrivals } = this.model.unfolder.sandbox;
    const apart = [...tasks.keys()].filter((task) => tasks[task]!.endsApart);
    return [...(knowsArrivals ? [0] : []), ...apart.map((task) => task + 1)];
  }

  async begin(): Promise<void> {
    await whenUnfolded(this.model, () => enterInitial(this.model));
    this.model.enumerate();
    this._text.noteFailures();
  }

  /** Whether there is an event at a place: those that are enabled, and delays beside them. */
  has(place: number): boolean {
    return place < this.model.count || delayAt(this.model, place) !== null;
  }

  /** Takes the event at a place. */
  async happen(place: number): Promise<void> {
    const { count, events } = this.model;
    const event = place < count ? events.slice(place * FIELDS, (place + 1) * FIELDS) : delayAt(this.model, place)!;
    if (event[0] === DELAY) this.elapsed += event[1]!;
    this.places.push(place);
    this._text.describe(event, 0);
    await whenUnfolded(this.model, () => fire(this.model, event, 0));
    this._text.noteFailures();
    this.model.enumerate();
  }

  /** Takes the event that corresponds to an event of another model; false if it is not enabled. */
  async follow(event: Int32Array, other: Model): Promise<boolean> {
    if (isUnlisted(this.model, event)) return await this._delay(event[1]!, stillNames(other, event));
    const same = identityOf(event, 0, other);
    for (let place = 0; place < this.model.count; place++) {
      if (identityOf(this.model.events, place * FIELDS, this.model) !== same) continue;
      await this.happen(place);
      return true;
    }
    return false;
  }

  private async _delay(ms: number, still: ReadonlySet<string>): Promise<boolean> {
    const place = placeOf(this.model, ms, still);
    if (!this.has(place)) return false;
    await this.happen(place);
    return true;
  }

  /** A task of another model, by its name. */
  taskOf(task: number, { unfolder }: Model): number {
    const { name } = unfolder.sandbox.tasks[task]!;
    return this.model.unfolder.sandbox.tasks.findIndex((other) => other.name === name);
  }

  /** The schedule so far. Of the tasks that are parked only `stuck`, if given; with the values of cells if an invariant does not hold. */
  end(stuck: readonly number[] | undefined, kind: FailureKind): Schedule {
    return this._text.end(stuck, kind === "invariant");
  }
}

/** An event by the names of its tasks and its channel, which are the same in every model. */
function identityOf(events: Int32Array, place: number, { unfolder }: Model): string {
  const [kind, task, at, other, fourth, channel] = events.subarray(place, place + FIELDS) as unknown as [
    ...[number, number, number, number, number, number],
  ];
  if (kind === DELAY) return `${kind} ${task}`;
  const { tasks, channels } = unfolder.sandbox;
  const name = (index: number): string => (index === -1 ? "" : tasks[index]!.name);
  const parked = kind === CLOSE ? unfolder.taskGroup(fourth).map(name).sort().join() : fourth;
  return [kind, name(task), at, name(other), parked, channel === -1 ? "" : channels[channel]!.name].join(" ");
}

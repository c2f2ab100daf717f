// A counterexample is rebuilt in a new model, which learns only what happens on its schedule, and also notes the lines of the
// source. There tasks are numbered in the order in which the schedule starts them, whatever the search had learned before, so a
// token means the same in another process.

import type { Host } from "../../../scheduler/host.js";
import { scheduler } from "../../../scheduler/scheduler.js";
import type { Schedule } from "../../report/schedule.js";
import { isolate } from "../../simulation/isolate.js";
import type { Start } from "../process/routine-run.js";
import type { Marks, Stage } from "../process/sandbox.js";
import { LATER, Learner } from "../process/unfolder.js";
import { Model } from "../semantics/enabled.js";
import { FIELDS, PASS, SHUT } from "../semantics/events.js";
import { begin, happen } from "../semantics/transition.js";
import { ScheduleText } from "./story.js";

/** A host on which nothing happens by itself. */
const still: Host = {
  ...{ now: () => 0, random: () => 0, microtask() {}, turn() {}, setTimer: () => 0, clearTimer() {} },
  ...{ report: () => () => {}, whenEmpty() {} },
};

/** Runs some work with the program in the sandbox of a model; nothing else may run meanwhile. */
export async function inSandbox<R>(stage: Stage, work: () => Promise<R>): Promise<R> {
  using _ = isolate(still, { next: () => 0, choose: () => 0 });
  const before = scheduler.explorer;
  scheduler.explorer = stage;
  try {
    return await work();
  } finally {
    scheduler.explorer = before;
  }
}

/** Repeats some work with a model until all behaviour of async tasks that it needs has been learned. */
export async function whenLearned<R>(model: Model, work: () => R): Promise<R> {
  for (;;) {
    const mark = model.mark();
    try {
      return work();
    } catch (error) {
      if (error !== LATER) throw error;
      model.takeBack(mark);
      await model.learner.learn();
    }
  }
}

export class Counterexample {
  readonly model: Model;
  /** For each event so far its index among the events that were enabled. */
  readonly places: number[];
  /** Milliseconds that have passed. */
  elapsed: number;
  private readonly _story: ScheduleText;

  constructor(start: Start, freezes: boolean, marks: Marks) {
    this.model = new Model(new Learner(start, freezes, true, marks));
    this.places = [];
    this.elapsed = 0;
    this._story = new ScheduleText(this.model);
  }

  /** The tasks that may be cancelled, by number. */
  get marked(): number[] {
    const { marked } = this.model.learner.stage;
    return [...marked.keys()].filter((task) => marked[task]);
  }

  async begin(): Promise<void> {
    await whenLearned(this.model, () => begin(this.model));
    this.model.enumerate();
  }

  /** Takes the enabled event with an index. */
  async happen(place: number): Promise<void> {
    const event = this.model.events.slice(place * FIELDS, (place + 1) * FIELDS);
    if (event[0] === PASS) this.elapsed += event[1]!;
    this.places.push(place);
    this._story.tell(event, 0);
    await whenLearned(this.model, () => happen(this.model, event, 0));
    this.model.enumerate();
  }

  /** Takes the event that corresponds to an event of another model; false if it is not enabled. */
  async follow(event: Int32Array, other: Model): Promise<boolean> {
    const same = identityOf(event, 0, other);
    for (let place = 0; place < this.model.count; place++) {
      if (identityOf(this.model.events, place * FIELDS, this.model) !== same) continue;
      await this.happen(place);
      return true;
    }
    return false;
  }

  /** A task of another model, by its name. */
  taskOf(task: number, { learner }: Model): number {
    const { name } = learner.stage.tasks[task]!;
    return this.model.learner.stage.tasks.findIndex((other) => other.name === name);
  }

  end(stuck: readonly number[] | undefined): Schedule {
    return this._story.end(stuck);
  }
}

/** An event by the names of its tasks and its channel, which are the same in every model. */
function identityOf(events: Int32Array, place: number, { learner }: Model): string {
  const [kind, task, at, other, fourth, channel] = events.subarray(place, place + FIELDS) as unknown as [
    ...[number, number, number, number, number, number],
  ];
  if (kind === PASS) return `${kind} ${task}`;
  const { tasks, channels } = learner.stage;
  const name = (index: number): string => (index === -1 ? "" : tasks[index]!.name);
  const parked = kind === SHUT ? learner.groups[fourth]!.map(name).sort().join() : fourth;
  return [kind, name(task), at, name(other), parked, channel === -1 ? "" : channels[channel]!.name].join(" ");
}

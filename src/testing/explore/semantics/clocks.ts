// Clocks, as of timed automata: each task that sleeps has one, and each timeout. They run down together while time passes. Where
// time passes beside a loop that never waits, some clocks stand still: those that begin again in every round of the loop, as
// a round takes no time.

import { DEFAULT, READ_TIMEOUT, SETTLE, SLEEP, STRIDE, TIMEOUT, UNORDERED } from "../process/cases.js";
import { PARKED } from "../process/local-lts.js";
import { DELAY } from "./events.js";
import type { Model } from "./model.js";

/** A clock that runs and is not due. */
export interface Clock {
  /** Its component of the state, which names it within a model. */
  readonly component: number;
  /** Milliseconds until it is due. */
  readonly left: number;
  /** Its name, the same in every model. */
  readonly name: string;
}

/** The clocks that run in the current state: of tasks in their order, then of timeouts. */
export function clocksOf(model: Model): Clock[] {
  const { sandbox } = model.unfolder;
  const clocks: Clock[] = [];
  for (let task = 0; task < model.ofTask.length; task++) {
    const left = sleepLeft(model, task);
    if (left < Infinity) {
      clocks.push({ component: model.component(model.ofSleep, task), left, name: sandbox.tasks[task]!.name });
    }
  }
  for (let timer = 0; timer < model.ofTimer.length; timer++) {
    const left = model.timeLeft(timer) - 1;
    if (left > 0 && left < Infinity)
      clocks.push({ component: model.ofTimer[timer]!, left, name: sandbox.timers[timer]!.name });
  }
  return clocks;
}

/** How long a task sleeps on; infinity if it does not, or is to wake now. */
function sleepLeft(model: Model, task: number): number {
  const node = model.nodeOf(task);
  if (node === -1 || model.lts.status(node) !== PARKED || model.lts.longestSleep(node) < 0) return Infinity;
  const cases = model.lts.cases(node);
  let least = Infinity;
  for (let at = 0; at < cases.length; at += STRIDE) {
    const left = cases[at] === SLEEP ? cases[at + 2]! - model.slept(task) : 0;
    if (left > 0) least = Math.min(least, left);
  }
  return least;
}

/** The greatest common divisor of all sleeps and timeouts that have been unfolded; 0 if there are none. */
export function unitOfTime({ lts }: Model): number {
  let unit = 0;
  const note = (ms: number): void => {
    for (let other = ms; other > 0 && other < Infinity; ) [unit, other] = [other, unit % other];
  };
  for (let node = 0; node < lts.size; node++) {
    const cases = lts.cases(node);
    for (let at = 0; at < cases.length; at += STRIDE) if (cases[at] === SLEEP) note(cases[at + 2]!);
    for (const { kind, begins } of lts.made(node)) if (kind === "timer") note(begins);
  }
  return unit;
}

/**
 * The unit by which asynchronous time passes; 0 if it may pass until the next clock is due. That loses nothing as long as nothing
 * depends on a clock that is not due: what is due may happen later, so every order is reached.
 */
export function asynchronousUnit(model: Model): number {
  const { lts } = model;
  const isClock = (kind: number): boolean => kind === SLEEP || kind === TIMEOUT;
  for (let node = 0; node < lts.size; node++) {
    const cases = lts.cases(node);
    let clock = false;
    let looks = false;
    for (let at = 0; at < cases.length; at += STRIDE) {
      const kind = cases[at]!;
      clock ||= isClock(kind);
      looks ||= kind === DEFAULT || (isClock(kind) && cases[at + 3] !== UNORDERED);
      if (kind === READ_TIMEOUT || kind === SETTLE) return unitOfTime(model);
    }
    if (clock && looks) return unitOfTime(model);
  }
  return 0;
}

/** The event that time passes for all clocks but those that stand still. */
export function delayOf(model: Model, ms: number, still: readonly number[]): Int32Array {
  return Int32Array.of(DELAY, ms, model.idOfStill(still), -1, 0, -1);
}

/** Whether an event is such a delay, which `Model.enumerate` does not list. */
export function isUnlisted(model: Model, event: Int32Array): boolean {
  return event[0] === DELAY && !(model.count === 1 && model.events[0] === DELAY && model.events[1] === event[1]);
}

// The place of a delay behind the events that are listed says how long it is, and which of the running clocks stand still.

/** The place of a delay in the current state. */
export function placeOf(model: Model, ms: number, still: ReadonlySet<string>): number {
  const clocks = clocksOf(model);
  const mask = clocks.reduce((sum, { name }, nth) => sum + (still.has(name) ? 2 ** nth : 0), 0);
  return model.count + (ms - 1) * 2 ** clocks.length + mask;
}

/** The delay at a place, or null if there is none. */
export function delayAt(model: Model, place: number): Int32Array | null {
  const clocks = clocksOf(model);
  const ways = 2 ** clocks.length;
  const ms = Math.floor((place - model.count) / ways) + 1;
  const stands = (nth: number): boolean => Math.floor((place - model.count) / 2 ** nth) % 2 === 1;
  const running = clocks.filter((_, nth) => !stands(nth));
  if (running.length === 0 || ms > Math.min(...running.map(({ left }) => left))) return null;
  const still = clocks.filter((_, nth) => stands(nth)).map(({ component }) => component);
  return delayOf(model, ms, still);
}

/** The names of the clocks that stand still during a delay. */
export function stillNames(model: Model, event: Int32Array): Set<string> {
  const { sandbox } = model.unfolder;
  const names = new Set<string>();
  for (const component of model.still(event[2]!)) {
    const [task, timer] = [model.ofSleep.indexOf(component), model.ofTimer.indexOf(component)];
    names.add(task !== -1 ? sandbox.tasks[task]!.name : sandbox.timers[timer]!.name);
  }
  return names;
}

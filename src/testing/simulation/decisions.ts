// A schedule is a list of decisions: which of those that are ready runs next, whether it gives way after an operation that
// completed at once, which case is tried first, which value is chosen. Zero is always what happens without a policy that knows better (first in, first out), so the fewer decisions
// differ from zero the simpler a schedule is, and a list that ends early goes on with zeros.

import type { Policy } from "../../scheduler/roles.js";

/** How a schedule decides: a number from 0 to n - 1. */
export interface Strategy {
  next(ready: number, at: (place: number) => unknown): number;
  choose(cases: number): number;
  /** 1 if a task gives way after an operation that completes at once. */
  preempt(): number;
  /** 1 if something goes wrong that does so with this probability. */
  fault(probability: number): number;
  /** What was chosen last is not ready. */
  missed?(): void;
}

/** More decisions in one schedule than any program that ends has; a longer one runs for ever. */
const MOST = 200_000;

/** Thrown out of the run queue when a program goes on and on. */
export class Endless extends Error {}

/** Follows a strategy and writes down what it decided. */
export class Decisions implements Policy {
  readonly taken: number[];
  /** How many tasks have been resumed. */
  steps: number;
  private readonly _strategy: Strategy;
  private readonly _most: number;

  constructor(strategy: Strategy, most: number = MOST) {
    this.taken = [];
    this.steps = 0;
    this._strategy = strategy;
    this._most = most;
  }

  next(ready: number, at: (place: number) => unknown): number {
    if (++this.steps > this._most) throw new Endless(`It has not ended after ${this._most} steps`);
    return ready === 1 ? 0 : this._note(this._strategy.next(ready, at));
  }

  choose(cases: number): number {
    return cases === 1 ? 0 : this._note(this._strategy.choose(cases));
  }

  missed(): void {
    this._strategy.missed?.();
  }

  fault(probability: number): boolean {
    return this._note(this._strategy.fault(probability)) === 1;
  }

  preempt(): boolean {
    return this._note(this._strategy.preempt()) === 1;
  }

  private _note(decision: number): number {
    this.taken.push(decision);
    return decision;
  }
}

/** Numbers below n that are the same for the same seed (mulberry32). */
export function seeded(seed: number): (n: number) => number {
  let state = seed >>> 0;
  return (n) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296) * n);
  };
}

/** What production does, but for chance: first in, first out; the first case in order; no fault that is not certain. */
export const fifo: Strategy = {
  next: () => 0,
  choose: () => 0,
  preempt: () => 0,
  fault: (chance) => (chance < 1 ? 0 : 1),
};

/** A fault at random, as often as it is to come. */
const faulty =
  (below: (n: number) => number) =>
  (probability: number): number =>
    below(2 ** 20) < probability * 2 ** 20 ? 1 : 0;

/** Everything at random. Finds most faults of channel programs soonest. */
export function random(seed: number): Strategy {
  const below = seeded(seed);
  return { next: below, choose: below, preempt: () => below(2), fault: faulty(below) };
}

/** First in, first out, but for a few moments at which one that is ready has to wait for the next. */
export function delays(seed: number, bound: number, length: number): Strategy {
  const below = seeded(seed);
  const moments = new Set(Array.from({ length: bound }, () => below(Math.max(1, length))));
  let moment = 0;
  return {
    next: (ready) => (moments.has(moment++) ? 1 + below(ready - 1) : 0),
    choose: below,
    preempt: () => below(2),
    fault: faulty(below),
  };
}

/** Priorities drawn once for each task, lowered at a few moments (probabilistic concurrency testing). */
export function priorities(seed: number, depth: number, length: number): Strategy {
  const below = seeded(seed);
  const ranks = new WeakMap<object, number>();
  const moments = new Set(Array.from({ length: depth - 1 }, () => below(Math.max(1, length))));
  let moment = 0;
  let lowest = 0;
  const rank = (task: object): number => {
    const known = ranks.get(task) ?? 1 + below(1e9);
    ranks.set(task, known);
    return known;
  };
  const highest = (ready: number, at: (place: number) => unknown): number => {
    let best = 0;
    for (let place = 1; place < ready; place++) if (rank(at(place) as object) > rank(at(best) as object)) best = place;
    return best;
  };
  return {
    next(ready, at) {
      if (moments.has(moment++)) ranks.set(at(highest(ready, at)) as object, --lowest);
      return highest(ready, at);
    },
    choose: below,
    preempt: () => 1,
    fault: faulty(below),
  };
}

/** The decisions of a schedule once more; a decision that is out of range there is the last in range. */
export function repeat(decisions: readonly number[]): Strategy {
  let at = 0;
  const decide = (n: number): number => Math.min(decisions[at++] ?? 0, n - 1);
  return { next: decide, choose: decide, preempt: () => decide(2), fault: () => decide(2) };
}

// A schedule is a list of decisions: which ready task runs next, whether a task yields its turn after an operation that completed
// at once, which case of a select is polled first, which value is chosen. Zero is always the decision without a policy (first in,
// first out). So a schedule is simpler the fewer of its decisions differ from zero, and a list that ends early continues with
// zeros.

import type { Policy } from "../../scheduler/roles.js";

/** Makes the decisions of a schedule. */
export interface Strategy {
  /** Returns the index, counted from the oldest, of the ready task that runs next, after the one that ran last. */
  next(ready: number, at: (place: number) => unknown, last: unknown): number;
  /** Returns the index of a case or a value. */
  choose(cases: number): number;
  /**
   * Returns 1 if a task yields its turn after an operation that completes at once, and 0 otherwise: after the first operation of
   * its turn if the turn `begins` now, and after the present one if not.
   */
  preempt(begins: boolean): number;
  /** Returns 1 if a fault of this probability happens, and 0 otherwise. */
  fault(probability: number): number;
  /** Called at each turn of a task. */
  turn?(): void;
  /** Called if the case that was chosen last is not ready, with all cases of the select. */
  missed?(cases: readonly unknown[]): void;
}

/** The most steps of one schedule. A program that takes more is considered endless. */
const MOST = 200_000;

/** Thrown out of the run queue if a program does not end. */
export class Endless extends Error {}

/** A policy that follows a strategy and records its decisions. */
export class Decisions implements Policy {
  /** The decisions so far. */
  readonly taken: number[];
  /** The number of times that a task has been resumed. */
  steps: number;
  private readonly _strategy: Strategy;
  private readonly _most: number;
  /** Whether a turn begins now. */
  private _begins: boolean;
  /** The entry of the run queue that ran last. */
  private _last: unknown;

  constructor(strategy: Strategy, most: number = MOST) {
    this.taken = [];
    this.steps = 0;
    this._strategy = strategy;
    this._most = most;
    this._begins = false;
    this._last = null;
  }

  next(ready: number, at: (place: number) => unknown): number {
    if (++this.steps > this._most) throw new Endless(`The program has not ended after ${this._most} steps`);
    this._begins = true;
    this._strategy.turn?.();
    const place = ready === 1 ? 0 : this._note(this._strategy.next(ready, at, this._last));
    this._last = at(place);
    return place;
  }

  choose(cases: number): number {
    return cases === 1 ? 0 : this._note(this._strategy.choose(cases));
  }

  missed(cases: readonly unknown[]): void {
    this._strategy.missed?.(cases);
  }

  fault(probability: number): boolean {
    return this._note(this._strategy.fault(probability)) === 1;
  }

  preempt(): boolean {
    const begins = this._begins;
    this._begins = false;
    return this._note(this._strategy.preempt(begins)) === 1;
  }

  private _note(decision: number): number {
    this.taken.push(decision);
    return decision;
  }
}

/** Returns a function that draws random numbers below n, the same ones for the same seed (mulberry32). */
export function seeded(seed: number): (n: number) => number {
  let state = seed >>> 0;
  return (n) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296) * n);
  };
}

/** The order of production, without random choices: first in, first out; the first case in order; only certain faults. */
export const fifo: Strategy = {
  next: () => 0,
  choose: () => 0,
  preempt: () => 0,
  fault: (chance) => (chance < 1 ? 0 : 1),
};

/** Draws faults at random, with their probability. */
const faulty =
  (below: (n: number) => number) =>
  (probability: number): number =>
    below(2 ** 20) < probability * 2 ** 20 ? 1 : 0;

/** All decisions at random. Finds most faults of channel programs soonest. */
export function random(seed: number): Strategy {
  const below = seeded(seed);
  return { next: below, choose: below, preempt: () => below(2), fault: faulty(below) };
}

/** First in, first out, except at a few random steps, at which the oldest ready task is delayed. */
export function delays(seed: number, bound: number, length: number): Strategy {
  const below = seeded(seed);
  const delayed = new Set(Array.from({ length: bound }, () => below(Math.max(1, length))));
  let step = 0;
  return {
    next: (ready) => (delayed.has(step++) ? 1 + below(ready - 1) : 0),
    choose: below,
    preempt: () => below(2),
    fault: faulty(below),
  };
}

/** Random priorities of tasks, lowered at a few random steps (probabilistic concurrency testing). */
export function priorities(seed: number, depth: number, length: number): Strategy {
  const below = seeded(seed);
  const ranks = new WeakMap<object, number>();
  const moments = new Set(Array.from({ length: depth - 1 }, () => below(Math.max(1, length))));
  let moment = 0;
  let lowest = 0;
  const rank = (task: object): number => {
    const drawn = ranks.get(task) ?? 1 + below(1e9);
    ranks.set(task, drawn);
    return drawn;
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

/** Repeats the decisions of a schedule. A decision that is out of range becomes the largest in range. */
export function repeat(decisions: readonly number[]): Strategy {
  let at = 0;
  const decide = (n: number): number => Math.min(decisions[at++] ?? 0, n - 1);
  return { next: decide, choose: decide, preempt: () => decide(2), fault: () => decide(2) };
}

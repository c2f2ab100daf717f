// The tree of all decisions of the scheduler, searched depth first: one run for each leaf (stateless model checking, as in CHESS:
// Musuvathi et al., 2008).
//
// Two kinds of decisions are not branched over. A case of a select that is chosen and turns out not to be ready is no alternative,
// if the order of the cases makes no other difference: its continuations are those of the cases that are ready. And a task gives
// way after each operation that completes at once, but goes on first: to go on is the same as not to have given way. To let
// another task run there is a preemption. A tree may bound how many there are in one run (Musuvathi and Qadeer, 2007). Where
// there may be none, tasks give way only as in production, after many operations in a row.

import type { Operation } from "../../../operation/operation.js";
import { STREAK, scheduler } from "../../../scheduler/scheduler.js";
import { Endless, type Strategy } from "../../simulation/decisions.js";
import { inAnyOrder } from "./case-order.js";

/** Thrown to end a run that would only repeat another. */
export class Redundant extends Endless {}

/** Thrown to end a run when a limit is reached. */
export class Stopped extends Endless {}

interface Fork {
  choice: number;
  options: number;
}

/** Turns between two questions whether a limit is reached. */
const STRIDE = 256;

export class DecisionTree implements Strategy {
  /** Whether a run had a decision that the bound of preemptions does not allow. */
  cut: boolean;
  /** Turns of tasks in all runs. */
  turns: number;
  private readonly _forks: Fork[];
  private readonly _most: number;
  private readonly _exceeds: (turns: number) => boolean;
  private readonly _all: boolean;
  private _at: number;
  private _redundant: boolean;
  private _preemptions: number;
  /** Whether the task whose turn it is gives way after its next operation that completes at once. */
  private _givesWay: boolean;
  /** Turns in a row of a task that gives way and goes on. */
  private _streak: number;

  /**
   * @param most - The most preemptions in one run.
   * @param exceeds - Whether so many turns are more than there may be, asked from time to time inside of runs.
   * @param all - Whether also the alternatives are run that only repeat others.
   */
  constructor(most: number = Infinity, exceeds: (turns: number) => boolean = () => false, all: boolean = false) {
    this.cut = false;
    this.turns = 0;
    this._forks = [];
    this._most = most;
    this._exceeds = exceeds;
    this._all = all;
    this._at = 0;
    this._redundant = false;
    this._preemptions = this._streak = 0;
    this._givesWay = false;
  }

  turn(): void {
    // An operation of the turn that ends has completed at once.
    if (!this._givesWay && scheduler.streak > 0) this.cut = true;
    if (++this.turns % STRIDE === 0 && this.exceeds()) throw new Stopped("A limit is reached");
  }

  /** Whether a limit of turns is reached. */
  exceeds(): boolean {
    return this._exceeds(this.turns);
  }

  next(ready: number, at: (place: number) => unknown, last: unknown): number {
    if (this._redundant) throw new Redundant("Another run has shown what follows");
    return this._goesOn(at(ready - 1) === last) ? this._newestFirst(ready) : this._decide(ready);
  }

  choose(cases: number): number {
    return this._decide(cases);
  }

  preempt(begins: boolean): number {
    const allowed = this._preemptions < this._most;
    if (begins) {
      // `next` decides what a task does that has given way.
      this._givesWay = allowed;
      return allowed ? 1 : 0;
    }
    // In an async body the task that runs next after it has given way is decided as any other.
    if (!allowed) this.cut = true;
    const choice = allowed ? this._decide(2) : 0;
    this._preemptions += choice;
    return choice;
  }

  fault(): number {
    return this._decide(2);
  }

  /** Called right after the decision for a case that is not ready: of its fork, other choices lead to the cases that are. */
  missed(cases: readonly unknown[]): void {
    if (this._all || !inAnyOrder(cases as readonly Operation<unknown>[])) return;
    const fork = this._forks[this._at - 1]!;
    if (fork.choice > 0) this._redundant = true;
    // The decisions that follow choose among all other cases.
    else fork.options = 1;
  }

  /** Turns to the next leaf; false when there is none. */
  advance(): boolean {
    this._at = this._preemptions = this._streak = 0;
    this._redundant = false;
    for (let last = this._forks.at(-1); last !== undefined; last = this._forks.at(-1)) {
      if (++last.choice < last.options) return true;
      this._forks.pop();
    }
    return false;
  }

  /** Whether the newest entry of the run queue is a task that has just given way, and would have gone on in production. */
  private _goesOn(ranLast: boolean): boolean {
    const goesOn = ranLast && this._givesWay && scheduler.streak > STREAK && this._streak < STREAK;
    this._streak = goesOn ? this._streak + 1 : 0;
    return goesOn;
  }

  private _newestFirst(ready: number): number {
    const choice = this._decide(ready);
    if (choice === 0) return ready - 1;
    this._preemptions++;
    this._streak = 0;
    return choice - 1;
  }

  private _decide(options: number): number {
    const fork = (this._forks[this._at] ??= { choice: 0, options });
    this._at++;
    return fork.choice;
  }
}

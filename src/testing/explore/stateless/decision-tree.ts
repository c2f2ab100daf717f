// The tree of all decisions of the scheduler, searched depth first: one run for each leaf (stateless model checking, as in CHESS:
// Musuvathi et al., 2008). A case that is chosen and turns out not to be ready is no alternative: its continuations are found
// under the decisions that follow.

import { Endless, type Strategy } from "../../simulation/decisions.js";

/** Thrown to end a run that would only repeat another. */
export class Redundant extends Endless {}

interface Fork {
  choice: number;
  options: number;
}

export class DecisionTree implements Strategy {
  private readonly _forks: Fork[];
  private _at: number;
  private _redundant: boolean;

  constructor() {
    this._forks = [];
    this._at = 0;
    this._redundant = false;
  }

  next(ready: number): number {
    if (this._redundant) throw new Redundant("Another run has shown what follows");
    return this._decide(ready);
  }

  choose(cases: number): number {
    return this._decide(cases);
  }

  preempt(): number {
    return 0;
  }

  fault(): number {
    return this._decide(2);
  }

  missed(): void {
    const fork = this._forks[this._at - 1];
    if (fork === undefined) return;
    if (fork.choice > 0) this._redundant = true;
    fork.options = Math.min(fork.options, fork.choice + 1);
  }

  /** Turns to the next leaf; false when there is none. */
  advance(): boolean {
    this._at = 0;
    this._redundant = false;
    for (let last = this._forks.at(-1); last !== undefined; last = this._forks.at(-1)) {
      if (++last.choice < last.options) return true;
      this._forks.pop();
    }
    return false;
  }

  private _decide(options: number): number {
    const fork = (this._forks[this._at] ??= { choice: 0, options });
    this._at++;
    return fork.choice;
  }
}

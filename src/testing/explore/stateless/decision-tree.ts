// The tree of all decisions of the scheduler, searched depth first: one run for each leaf (stateless model checking, as in CHESS:
// Musuvathi et al., 2008). A case of a select that is chosen and turns out not to be ready is no alternative, if the order of the
// cases makes no other difference: its continuations are those of the cases that are ready.

import type { Operation } from "../../../operation/operation.js";
import { Endless, type Strategy } from "../../simulation/decisions.js";
import { inAnyOrder } from "./case-order.js";

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

  /** Called right after the decision for a case that is not ready: of its fork, other choices lead to the cases that are. */
  missed(cases: readonly unknown[]): void {
    if (!inAnyOrder(cases as readonly Operation<unknown>[])) return;
    const fork = this._forks[this._at - 1]!;
    if (fork.choice > 0) this._redundant = true;
    // The decisions that follow choose among all other cases.
    else fork.options = 1;
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

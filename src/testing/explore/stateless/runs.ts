// Stateless exploration, for programs that do something that the model does not support, such as locks and combinators: the program
// itself runs on the real scheduler, once for each combination of the scheduler's decisions. No state is stored and no
// task is unfolded, so this takes far longer, but it executes all the code of the program and of this library.

import { Outcomes } from "../../report/outcomes.js";
import type { Limits } from "../../simulation/limits.js";
import { type Main, play, type Run } from "../../simulation/play.js";
import { Late } from "../../simulation/world.js";
import { DecisionTree, Redundant } from "./decision-tree.js";

export class Runs<T> {
  count: number;
  events: number;
  /** The values that `main` returned under some schedule. */
  readonly outcomes: Outcomes<T>;
  /** The first run that failed; its steps have not been recorded. */
  failed: Run<T> | null;
  /** Whether an operation was made in some run and not used. */
  unused: boolean;
  private readonly _main: Main<T>;
  private readonly _leaks: boolean;
  private readonly _allows: (value: T) => boolean;
  private readonly _tree: DecisionTree;
  private readonly _watches: "any" | undefined;

  constructor(main: Main<T>, leaks: boolean, watches: boolean, allows: (value: T) => boolean) {
    this.count = this.events = 0;
    this.outcomes = new Outcomes();
    this.failed = null;
    this._main = main;
    this._leaks = leaks;
    this._allows = allows;
    this._tree = new DecisionTree();
    this._watches = watches ? "any" : undefined;
    this.unused = false;
  }

  /** Runs schedules until one fails or a limit is reached; true when there is no other schedule. */
  async explore(limits: Limits): Promise<boolean> {
    do {
      const run = await play(this._main, this._tree, 1, {
        leaks: this._leaks,
        untold: true,
        watches: this._watches,
        limits,
        explores: true,
      });
      this.events += run.taken.length;
      if (run.ending.failed?.cause instanceof Late) return false;
      if (run.ending.failed !== null && run.ending.failed.cause instanceof Redundant) continue;
      this.count++;
      this.unused ||= run.unused;
      if (this._fails(run)) {
        this.failed = run;
        return false;
      }
      if (limits.stops()) await limits.rest(null);
      if (limits.late || limits.exceeded(this.count, this.events, "runs")) return false;
    } while (this._tree.advance());
    return true;
  }

  private _fails({ ending }: Run<T>): boolean {
    if (ending.failed !== null) return true;
    this.outcomes.add(ending.value);
    return !this._allows(ending.value);
  }
}

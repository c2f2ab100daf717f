// Stateless exploration, for programs that do something that the model does not support, such as locks and combinators: the program
// itself runs on the real scheduler, once for each combination of the scheduler's decisions. No state is stored and no
// task is unfolded, so this takes far longer, but it executes all the code of the program and of this library.
//
// A task may give way after every operation. Most failures need few such preemptions, and most programs have very many schedules
// with many. So the schedules with none come first, then those with one and with two, and then all.

import { Outcomes } from "../../report/outcomes.js";
import type { FailureKind } from "../../report/verdict.js";
import type { Limits } from "../../simulation/limits.js";
import { type Main, play, type Run, type RunOptions } from "../../simulation/play.js";
import { Late } from "../../simulation/world.js";
import { DecisionTree, Redundant, Stopped } from "./decision-tree.js";

/** The most preemptions of a run, in one search after another. */
const BOUNDS = [0, 1, 2, Infinity];
/** Turns of the searches with preemptions, unless the caller sets a limit; or as many as the search without had. */
const LEAST_PREEMPTED = 20_000;

/** What is run, and what counts as a failure. */
export interface Explored<T> extends Pick<RunOptions, "leaks" | "closed" | "unread" | "freeze" | "title"> {
  readonly allows: (value: T) => boolean;
  /** Whether operations that are made and not performed are looked for. */
  readonly watches: boolean;
  /** Whether runs go on after a failure, and also the runs are made that only repeat others. */
  readonly all?: boolean;
}

export class Runs<T> {
  count: number;
  events: number;
  /** The values that `main` returned under some schedule. */
  readonly outcomes: Outcomes<T>;
  /** The first run that failed; its steps have not been recorded. */
  failed: Run<T> | null;
  /** Whether an operation was made in some run and not used. */
  unused: boolean;
  /** Whether tasks ran on after `main` had returned, for so long that the run was stopped. */
  runsOn: boolean;
  /** All schedules with so many preemptions were run; -1 for none. */
  preemptions: number;
  private readonly _main: Main<T>;
  private readonly _options: Explored<T>;
  private readonly _played: RunOptions;

  constructor(main: Main<T>, options: Explored<T>) {
    this.count = this.events = 0;
    this.outcomes = new Outcomes();
    this.failed = null;
    this.unused = this.runsOn = false;
    this.preemptions = -1;
    this._main = main;
    this._options = options;
    this._played = playedOf(options);
  }

  /**
   * Runs schedules until one fails or a limit is reached; true when there is no other schedule. `patient` says that the searches
   * with preemptions have no limit of their own.
   */
  async explore(limits: Limits, patient: boolean = false): Promise<boolean> {
    let most = Infinity;
    for (const bound of BOUNDS) {
      const before = this.events;
      const exceeds = (turns: number): boolean => {
        this.events = before + turns;
        return this.events > most || limits.exceeded(this.count, this.events, "runs");
      };
      const tree = new DecisionTree(bound, exceeds, this._options.all);
      if (!(await this._exploreTree(tree, limits))) return false;
      if (exceeds(tree.turns)) return false;
      this.preemptions = bound;
      if (!tree.cut) break;
      if (bound === 0 && !patient) most = this.events + Math.max(this.events, LEAST_PREEMPTED);
    }
    return this.failed === null;
  }

  private async _exploreTree(tree: DecisionTree, limits: Limits): Promise<boolean> {
    const options = { ...this._played, untold: true, watches: this._watches, limits, explores: true };
    do {
      const run = await play(this._main, tree, 1, options);
      const { failed } = run.ending;
      if (failed?.cause instanceof Late || failed?.cause instanceof Stopped) return false;
      if (failed?.cause instanceof Redundant) continue;
      this.count++;
      this.unused ||= run.unused;
      if (run.main?.failed === null && (failed === null ? run.runsOn : goesOn(failed.kind, run.runsOn))) {
        this.runsOn = true;
        return false;
      }
      if (this._fails(run)) {
        this.failed ??= run;
        if (this._options.all !== true) return false;
      }
      if (limits.stops()) await limits.rest(null);
      if (limits.late || tree.exceeds()) return false;
    } while (tree.advance());
    return true;
  }

  private get _watches(): "any" | undefined {
    return this._options.watches ? "any" : undefined;
  }

  private _fails({ ending }: Run<T>): boolean {
    if (ending.failed !== null) return true;
    this.outcomes.add(ending.value);
    return !this._options.allows(ending.value);
  }
}

/** Whether a run has not failed, but was stopped while tasks went on after `main`: they might receive what is left. */
function goesOn(kind: FailureKind, stopped: boolean): boolean {
  return kind === "endless" || (stopped && (kind === "leak" || kind === "unread"));
}

/** The options of each run. It goes on after `main`, as other tasks may fail then. */
export function playedOf({
  leaks,
  closed,
  unread,
  freeze,
  title,
}: Omit<Explored<never>, "allows" | "watches">): RunOptions {
  return {
    ...{
      toEnd: true,
      leaks: leaks === true,
      closed: closed === true,
      unread: unread === true,
      freeze: freeze === true,
    },
    title,
  };
}

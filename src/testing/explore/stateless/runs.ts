// Programs that do what the model does not know, such as cancelling, scopes, locks and combinators, are run on the real
// scheduler, once for every way in which its decisions can fall. Nothing is stored and nothing learned, so it takes far
// longer, but what runs is the program itself, to the last line of this library.

import { Outcomes } from "../../report/outcomes.js";
import { type Main, play, type Run } from "../../simulation/play.js";
import { Redundant, Tree } from "./decision-tree.js";

export class Runs<T> {
  executions: number;
  events: number;
  /** What `main` returned, under some schedule. */
  readonly outcomes: Outcomes<T>;
  /** The first run that failed; it is not told. */
  failed: Run<T> | null;
  private readonly _main: Main<T>;
  private readonly _leaks: boolean;
  private readonly _allows: (value: T) => boolean;
  private readonly _tree: Tree;

  constructor(main: Main<T>, leaks: boolean, allows: (value: T) => boolean) {
    this.executions = this.events = 0;
    this.outcomes = new Outcomes();
    this.failed = null;
    this._main = main;
    this._leaks = leaks;
    this._allows = allows;
    this._tree = new Tree();
  }

  /** Goes on until a run fails or it is late; true when there is no other schedule. */
  async explore(late: () => boolean): Promise<boolean> {
    do {
      const run = await play(this._main, this._tree, 1, { leaks: this._leaks, untold: true });
      this.events += run.taken.length;
      if (run.ending.failed !== null && run.ending.failed.cause instanceof Redundant) continue;
      this.executions++;
      if (this._fails(run)) {
        this.failed = run;
        return false;
      }
      if (late()) return false;
    } while (this._tree.advance());
    return true;
  }

  private _fails({ ending }: Run<T>): boolean {
    if (ending.failed !== null) return true;
    this.outcomes.add(ending.value);
    return !this._allows(ending.value);
  }
}

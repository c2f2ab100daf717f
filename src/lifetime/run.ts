// A closed program: main and all that it starts. Nobody outside holds a channel of it, so when everything in it is parked
// and nothing outside can wake any of it, it is dead, and can be told so at once (rule EN-1).

import type { AsyncRoutine, Routine } from "../operation/operation.js";
import { Path } from "../scheduler/path.js";
import { callSite, deadlock, Member, type Reportable } from "../scheduler/report.js";
import type { Program } from "../scheduler/roles.js";
import { scheduler } from "../scheduler/scheduler.js";
import { start } from "../task/go.js";
import type { Body, Home, Task } from "../task/task.js";

/** So many tasks of a program are told apart by where they were started; a stack costs more than a task. */
const TRACED = 256;

/** One run of a closed program. */
export class ClosedProgram<T> implements Program, Home {
  readonly path: Path;
  /** Whether an async task has been started in it, so that tasks of unknown origin may be its own. */
  async: boolean;
  /** Whether a task of unknown origin may be its own, though another program has taken it in: then nothing is claimed. */
  unsure: boolean;
  awaited: number;
  private readonly _members: Set<Member>;
  private _main: Task<T> | null;
  private _traces: number;
  /** Found alive at the last check, and so asked first at the next: the check is O(1) while nothing changes. */
  private _witness: Member | null;
  private _dead: (error: unknown) => void;

  constructor(traces: number = TRACED) {
    this.path = new Path(null, "", 0);
    this.async = this.unsure = false;
    this.awaited = 0;
    this._members = new Set();
    this._main = null;
    this._traces = traces;
    this._witness = null;
    this._dead = () => {};
  }

  /** Starts its main task; `site` is the function whose caller started it. */
  begin<A extends unknown[]>(main: Body<A, T>, args: A, site: Function): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this._dead = reject;
      const task = start(main, args, site, this, this.path);
      this._main = task;
      scheduler.programs.add(this);
      scheduler.watching = true;
      task.then(resolve, reject);
    });
  }

  /** Whether its main task has ended. */
  get over(): boolean {
    return this._main?.happened === true;
  }

  /** Whether nothing outside it, that cannot be seen from here, may let any of it go on. */
  get closed(): boolean {
    return !this.async && !this.unsure && this.awaited === 0 && this.parked.every((task) => !task.parkedAt!.external);
  }

  /** The tasks that are parked now. */
  get parked(): Task<unknown>[] {
    const tasks = [...this._members].map((member) => member.task.deref() as Task<unknown> | undefined);
    return tasks.filter((task) => task?.status === "parked") as Task<unknown>[];
  }

  started(task: Reportable, site: Function): Member {
    const member = new Member(task, this, this._traces-- > 0 ? callSite(site) : undefined);
    this._members.add(member);
    if ((task as Task<unknown>).async) this.async = true;
    return member;
  }

  ended(member: Member): void {
    this._members.delete(member);
    if (this._witness === member) this._witness = null;
    if (member.task.deref() === this._main) this._leave();
  }

  check(): void {
    if (this.unsure || this.awaited > 0) return;
    if (this._witness !== null && isAlive(this._witness)) return;
    for (const member of this._members) {
      if (!isAlive(member)) continue;
      this._witness = member;
      return;
    }
    this._leave();
    const tasks = [...this._members].map((member) => member.task.deref()).filter((task) => task !== undefined);
    this._dead(deadlock("Deadlock: everything in the program is parked, and nothing can wake it", tasks));
  }

  private _leave(): void {
    scheduler.programs.delete(this);
    scheduler.watching = scheduler.programs.size > 0;
  }
}

/** Whether a task can go on by itself: it is not parked, or something outside the program may wake it. */
function isAlive(member: Member): boolean {
  const task = member.task.deref() as Task<unknown> | undefined;
  if (task === undefined) return false;
  return task.parkedAt === null || task.parkedAt.external;
}

/**
 * Runs a closed program: `main` and all that it starts. As soon as everything in it is parked, no timer is set and no
 * promise is awaited, it rejects with a {@link DeadlockError} that lists the parked tasks, what each waits for, and the
 * cycle if there is one. Code outside the program must not hold its channels. Tasks still parked when `main` is done are
 * left alone.
 *
 * @example
 * ```ts
 * import { channel, DeadlockError, run } from "millrace";
 *
 * const stuck = run(function* main() {
 *   yield* channel<number>().receive();
 * });
 * await stuck.catch((error) => console.log(error instanceof DeadlockError)); // true
 * ```
 */
export function run<A extends unknown[], T>(
  main: (...args: A) => Routine<T> | AsyncRoutine<T>,
  ...args: A
): Promise<T> {
  return new ClosedProgram<T>().begin(main, args, run);
}

// A closed program: main and all that it starts. No code outside it holds a channel of it, so when everything in it is parked
// and nothing outside can wake any of it, it is dead, and that can be reported at once (rule EN-1).

import type { Channel } from "../channel/ends.js";
import type { AsyncRoutine, Operation, Routine } from "../operation/operation.js";
import { callSite } from "../scheduler/call-site.js";
import { Layer, type MakeChannel, type MakeTask, type Parent } from "../scheduler/maker.js";
import { Path } from "../scheduler/path.js";
import type { Doer } from "../scheduler/roles.js";
import { scheduler } from "../scheduler/scheduler.js";
import { start } from "../task/go.js";
import type { Body, Task } from "../task/task.js";
import { Member } from "./record.js";
import { deadlock } from "./report.js";
import { NotedChan, noteUses } from "./uses.js";

/** The first tasks of a program are recorded with the line that started them; a stack costs more than a task. */
const TRACED = 256;

/** A closed program that runs, as its maker sees it. */
interface Running extends Parent {
  readonly async: boolean;
  readonly tracing: boolean;
  unsure: boolean;
  awaited: number;
  started(task: Task<unknown>, site: string | undefined): void;
  check(): void;
}

/** One run of a closed program. */
export class ClosedProgram<T> implements Running {
  readonly path: Path;
  readonly program: this;
  /** Whether an async task has been started in it, so that tasks of unknown origin may be its own. */
  async: boolean;
  /** Whether a task of unknown origin may be its own, though another program has taken it in: then nothing is claimed. */
  unsure: boolean;
  /** How many things outside it are waited for without a task. */
  awaited: number;
  private readonly _members: Set<Member>;
  private _main: Task<T> | null;
  private _traces: number;
  /** Found alive at the last check, and so asked first at the next: the check is O(1) while nothing changes. */
  private _witness: Member | null;
  private _dead: (error: unknown) => void;

  constructor(traces: number = TRACED) {
    this.path = new Path(null, "", 0);
    this.program = this;
    this.async = this.unsure = false;
    this.awaited = 0;
    this._members = new Set();
    this._main = null;
    this._traces = traces;
    this._witness = null;
    this._dead = () => {};
  }

  /** Starts its main task; `site` is the line that did so. */
  begin<A extends unknown[]>(main: Body<A, T>, args: A, site: string | undefined): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this._dead = reject;
      const programs = allPrograms();
      programs.add(this);
      try {
        this._main = start(main, args, this, site);
      } finally {
        if (this._main === null) programs.remove(this);
      }
      this._main.then(resolve, reject);
    });
  }

  /** Whether its main task has ended. */
  get over(): boolean {
    return this._main?.happened === true;
  }

  get tracing(): boolean {
    return this._traces > 0;
  }

  /** Whether nothing outside it, that cannot be seen from here, may let any of it go on. */
  get closed(): boolean {
    return (
      !this.async &&
      !this.unsure &&
      this.awaited === 0 &&
      this.parked.every((task) => !task.parkedAt!.waitsFor().external)
    );
  }

  /** The tasks that are parked now. */
  get parked(): Task<unknown>[] {
    return this._tasks().filter((task) => task.status === "parked");
  }

  started(task: Task<unknown>, site: string | undefined): void {
    const member = new Member(task, this, this._traces-- > 0 ? site : undefined);
    task.member = member;
    this._members.add(member);
    if (task.async) this.async = true;
  }

  ended(member: Member): void {
    this._members.delete(member);
    if (this._witness === member) this._witness = null;
    if (member.task === this._main) allPrograms().remove(this);
  }

  /** Nothing is left to run: the program is dead unless one of its tasks can still be woken. */
  check(): void {
    if (this.unsure || this.awaited > 0) return;
    if (this._witness !== null && isAlive(this._witness)) return;
    for (const member of this._members) {
      if (!isAlive(member)) continue;
      this._witness = member;
      return;
    }
    allPrograms().remove(this);
    this._dead(deadlock("Deadlock: everything in the program is parked, and nothing can wake it", this._tasks()));
  }

  private _tasks(): Task<unknown>[] {
    return [...this._members].map(({ task }) => task).filter((task) => task !== undefined);
  }
}

/** Whether a task can go on by itself: it is not parked, or something outside the program may wake it. */
function isAlive({ task }: Member): boolean {
  return task !== undefined && (task.parkedAt === null || task.parkedAt.waitsFor().external);
}

/** The maker of all programs that run: takes their tasks in, and notes which task used a channel last. */
class Programs extends Layer {
  private readonly _running: Set<Running>;

  constructor() {
    super();
    this._running = new Set();
  }

  add(program: Running): void {
    if (this._running.size === 0) scheduler.install(this);
    this._running.add(program);
  }

  remove(program: Running): void {
    if (this._running.delete(program) && this._running.size === 0) scheduler.uninstall(this);
  }

  override get tracing(): boolean {
    for (const program of this._running) if (program.tracing) return true;
    return super.tracing;
  }

  override get watchful(): boolean {
    return true;
  }

  override start(
    body: unknown,
    args: unknown,
    parent: Parent | null,
    site: string | undefined,
    make: MakeTask,
  ): unknown {
    const program = this._homeOf(parent);
    const task = super.start(body, args, parent ?? (scheduler.current === null ? program : null), site, make);
    program?.started(task as Task<unknown>, site);
    return task;
  }

  /** The program that a new task belongs to. In an async body the task that starts it is unknown: it may be of any. */
  private _homeOf(parent: Parent | null): Running | null {
    const { current } = scheduler;
    if (parent !== null) return parent.program as Running | null;
    if (current !== null) return (current.member?.program ?? null) as Running | null;
    const programs = [...this._running].filter((program) => program.async);
    if (programs.length > 1) for (const program of programs) program.unsure = true;
    return programs[0] ?? null;
  }

  override channel(buffer: unknown, options: unknown, make: MakeChannel): unknown {
    const made = super.channel(buffer, options, (buffer, options, type = NotedChan as never) =>
      make(buffer, options, type),
    ) as Channel<unknown>;
    return made instanceof NotedChan ? made : noteUses(made);
  }

  override hold(operation: unknown, current: Doer | null): () => void {
    const outer = super.hold(operation, current);
    const own = current?.member?.program ?? null;
    const external = (operation as Operation<unknown>).waitsFor().external;
    const programs = external
      ? [...this._running].filter((program) => (current === null ? program.async : program === own))
      : [];
    for (const program of programs) program.awaited++;
    return () => {
      for (const program of programs) program.awaited--;
      outer?.();
    };
  }

  override idle(): void {
    for (const program of this._running) program.check();
    super.idle();
  }
}

/** The maker of the programs that run; there is one, however often the package is loaded. */
function allPrograms(): Programs {
  return scheduler.findMaker((maker): maker is Programs => "add" in maker && "remove" in maker) ?? new Programs();
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
  const site = callSite();
  return new ClosedProgram<T>().begin(main, args, site);
}

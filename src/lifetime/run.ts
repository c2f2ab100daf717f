// A closed program: `main` and all tasks that it starts. No code outside the program holds one of its channels. So if all its
// tasks are parked and no external event can resume one, the program is in a deadlock, which is reported at once (rule EN-1).

import type { Channel } from "../channel/ends.js";
import { type Operation, unblock } from "../operation/operation.js";
import { callSite } from "../scheduler/call-site.js";
import { Layer, type MakeChannel, type MakeTask, type Parent } from "../scheduler/maker.js";
import { findMaker, install, uninstall } from "../scheduler/makers.js";
import { Path } from "../scheduler/path.js";
import type { Performer } from "../scheduler/roles.js";
import { scheduler } from "../scheduler/scheduler.js";
import { start } from "../task/go.js";
import type { Task } from "../task/task.js";
import type { AnyWork, Returned, Work } from "../task/work.js";
import { Member } from "./record.js";
import { deadlock } from "./report.js";
import { NotedChan, noteUses } from "./uses.js";

/** The number of tasks that are recorded with the line that started them; a stack trace costs more than a task. */
const TRACED = 256;

/** A running closed program, as far as the maker uses it. */
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
  /** Whether an async task has been started in the program, so that tasks with an unknown parent may belong to it. */
  async: boolean;
  /** Whether a task with an unknown parent that was counted in another program may belong to this one. Deadlocks are then not
   * reported. */
  unsure: boolean;
  /** The number of external events that the program waits for without a task. */
  awaited: number;
  private readonly _members: Set<Member>;
  private _main: Task<T> | null;
  private _traces: number;
  /** A task that could still resume at the last check. It is checked first, so that a check is O(1) while nothing changes. */
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

  /** Starts the main task; `site` is the line that calls `run`. */
  begin<A extends unknown[]>(main: AnyWork<T, A>, args: A, site: string | undefined): Promise<T> {
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

  /** Whether the main task has ended. */
  get over(): boolean {
    return this._main?.happened === true;
  }

  get tracing(): boolean {
    return this._traces > 0;
  }

  /** Whether no external event and no unknown `await` can resume a task of the program. */
  get closed(): boolean {
    return (
      !this.async &&
      !this.unsure &&
      this.awaited === 0 &&
      this.parked.every((task) => !task.parkedAt!.waitsFor().external)
    );
  }

  /**
   * A task that waits for a promise or an event of the host; null if there is none, as far as is known. `performed` operations are
   * awaited by code that may be that of an async task.
   */
  awaitsHost(performed: number): Task<unknown> | null {
    const parked = this.parked.find((task) => task.parkedAt!.waitsFor().host === true);
    const awaiting = this._tasks().filter((task) => task.async && task.status === "running");
    // The program itself awaits the end of `main`.
    const byTasks = this.over ? performed : performed - 1;
    return parked ?? awaiting[Math.max(0, byTasks)] ?? null;
  }

  /** Called when the program will not go on. No event of the host resumes one of its tasks any more. */
  drop(): void {
    for (const { parkedAt } of this.parked) if (parkedAt!.waitsFor().host === true) unblock(parkedAt!);
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

  /** Called when the run queue is empty. Reports a deadlock unless a task of the program can still resume. */
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

/** Whether a task can still resume: it is not parked, or an external event may complete its operation. */
function isAlive({ task }: Member): boolean {
  return task !== undefined && (task.parkedAt === null || task.parkedAt.waitsFor().external);
}

/** The maker of all running programs. It records their tasks, and the last users of their channels. */
class Programs extends Layer {
  private readonly _running: Set<Running>;

  constructor() {
    super();
    this._running = new Set();
  }

  add(program: Running): void {
    if (this._running.size === 0) install(this);
    this._running.add(program);
  }

  remove(program: Running): void {
    if (this._running.delete(program) && this._running.size === 0) uninstall(this);
  }

  override get callSite(): (() => string | undefined) | null {
    for (const program of this._running) if (program.tracing) return callSite;
    return super.callSite;
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

  /** The program that a new task belongs to. In an async body the parent is unknown, so any async program may be the one. */
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

  override hold(operation: unknown, current: Performer | null): () => void {
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

/** Returns the maker of the running programs. There is one, however often the package is loaded. */
function allPrograms(): Programs {
  return findMaker((maker): maker is Programs => "add" in maker && "remove" in maker) ?? new Programs();
}

/**
 * Runs a closed program: `main` and all tasks that it starts.
 *
 * As soon as all its tasks are parked, no timer is set and no promise is awaited, it rejects with a {@link DeadlockError}, which
 * lists the parked tasks, what each waits for, and the cycle if there is one. Code outside the program must not hold its
 * channels. Tasks that are still parked when `main` has ended are left alone.
 *
 * @param main - The main block, a `function*` or an `async function*`; or any other {@link Work}. Its arguments follow it.
 * @returns A promise of what `main` returns, which rejects with what `main` throws.
 * @throws TypeError if `main` is neither a function nor an operation, as a rejection.
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
export function run<T>(main: Work<T>): Promise<Awaited<T>>;
export function run<A extends unknown[], T>(main: (...args: A) => Returned<T>, ...args: A): Promise<Awaited<T>>;
export function run<A extends unknown[], T>(
  main: (...args: [...A, signal: AbortSignal]) => Returned<T>,
  ...args: A
): Promise<Awaited<T>>;
export function run<A extends unknown[], T>(main: AnyWork<T, A>, ...args: A): Promise<Awaited<T>> {
  const site = callSite();
  return new ClosedProgram<T>().begin(main, args, site) as Promise<Awaited<T>>;
}

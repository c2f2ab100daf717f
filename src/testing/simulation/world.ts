// The simulated environment of one run. Its clock advances only when nothing else can happen, its timers follow that clock, and
// failures are recorded instead of reported. The scheduler uses it as its host during the run.

import type { Channel } from "../../channel/ends.js";
import { CLOSED } from "../../channel/ends.js";
import { type End, watchUses } from "../../lifetime/uses.js";
import { Mapped, type Operation } from "../../operation/operation.js";
import type { PlainPerformance } from "../../operation/plain-performance.js";
import { type Host, native } from "../../scheduler/host.js";
import { Layer, type MakeChannel, type Maker, type MakeTask, type Parent } from "../../scheduler/maker.js";
import { findMaker, install } from "../../scheduler/makers.js";
import type { Policy } from "../../scheduler/roles.js";
import { scheduler } from "../../scheduler/scheduler.js";
import { Ring } from "../../structures/ring.js";
import { Task } from "../../task/task.js";
import type { Cell, Declared } from "../program/cell.js";
import { loopedName } from "../program/loop.js";
import { inline } from "../report/inline.js";
import { isSameError, throwSiteOf } from "../report/report.js";
import type { FailedTask, Step } from "../report/schedule.js";
import { ENDED, type TaskState } from "../report/unserved.js";
import { freeze } from "../report/values.js";
import { shares } from "./chance.js";
import { type Decisions, Endless } from "./decisions.js";
import { endanger, type FaultPlan, type Faults, type Saboteur, sabotage } from "./faults.js";
import { ALL_TICKS, CHANCE, HostCalls, SOME_TICKS } from "./host-calls.js";
import { Isolation } from "./isolate.js";
import type { Limits } from "./limits.js";
import type { RunWatch } from "./run-watch.js";

/** Turns of the real host that a run waits for promises, before it counts as waiting for an external event. */
const PATIENCE = 64;

/** Thrown out of the run queue when the limits of the exploration want a rest. */
const REST: Error = new Error("Internal signal of verify(): rethrow it");

/** Ends a run that does something that cannot be explored. */
export class Outside extends Endless {}

/** Ends a run for which there is no time left. */
export class Late extends Endless {}

/** Thrown if an invariant does not hold. */
export class Violated extends Endless {}

/** Thrown if a send on a closed channel is a failure, and there was one. */
export class Refused extends Endless {}

/** A send that tells whether it was refused, as its channel is closed. A parked send that is given back is not refused. */
class CheckedSend extends Mapped<boolean, boolean> {
  private readonly _channel: Channel<unknown>;
  private readonly _refused: () => void;

  constructor(inner: Operation<boolean>, channel: Channel<unknown>, refused: () => void) {
    super(inner, (sent) => sent);
    this._channel = channel;
    this._refused = refused;
    scheduler.notices?.used(inner);
  }

  override poll(): boolean {
    const { closed } = this._channel;
    const completed = super.poll();
    if (completed && closed) this._refused();
    return completed;
  }
}

/** The name of a task; `async` in an async body, where the running task is unknown. */
function nameOf(task: unknown): string {
  return (task as { readonly name: string } | null)?.name ?? "async";
}

/** What differs from run to run. */
export interface WorldOptions {
  /** The time at the start. */
  readonly date?: Date | number;
  /** Whether the steps are not recorded. */
  readonly untold?: boolean;
  readonly faults?: FaultPlan;
  readonly limits?: Limits | null;
  /** Whether the run is one of all that there are: what would happen outside of the program is refused then. */
  readonly explores?: boolean;
  /** Whether the run ends when a task sends to a closed channel. */
  readonly closed?: boolean;
  /** Whether values that are sent are frozen. */
  readonly freeze?: boolean;
}

/** The program of a run. */
export interface Played {
  /** Whether no promise or other external event can still resume it. */
  readonly closed: boolean;
  /** A task that waits for a promise or an event of the host. */
  awaitsHost(performed: number): Task<unknown> | null;
}

interface Timer {
  readonly due: number;
  readonly job: () => void;
}

/** An operation that completes when nothing can happen unless time passes. */
export interface Settler {
  settle(): void;
}

export class World extends Layer implements Disposable, Declared {
  /** The virtual milliseconds that have passed. */
  elapsed: number;
  /** The time of the clock at the start. */
  readonly date: number;
  readonly reported: unknown[];
  readonly settlers: Set<Settler>;
  readonly steps: Step[];
  /** Set if the program does not end, or an invariant does not hold. */
  endless: Endless | null;
  /** Set if a task has sent to a closed channel, and that is a failure. */
  refused: Refused | null;
  private readonly _channels: Channel<unknown>[];
  private readonly _timers: Map<number, Timer>;
  private readonly _turns: (() => void)[];
  private readonly _jobs: Ring<() => void>;
  private readonly _invariants: Map<string, () => boolean>;
  private readonly _options: WorldOptions;
  private readonly _decisions: Decisions;
  private readonly _records: boolean;
  private readonly _isolation: Isolation;
  private readonly _limits: Limits | null;
  private readonly _explores: boolean;
  private readonly _hostCalls: HostCalls;
  /** Operations that are performed with `await`, at present. */
  private _performed: number;
  /** The tasks of the program, and the operations that its plain code performs. */
  private readonly _own: WeakSet<object>;
  /** Whether a task is being started. */
  private _starting: boolean;
  /** Whether a rest is due. */
  private _due: boolean;
  /** Whether no promise can resume the program. */
  private _closed: () => boolean;
  private _ids: number;
  private _watch: RunWatch | null;
  /** The recorded tasks that have failed, in the order in which they did. */
  private readonly _failures: Set<Task<unknown>>;
  /** Read the recorded cells. */
  private readonly _cells: (() => unknown)[];
  /** For the names of recorded tasks whose body is a loop, the names of the bodies that they run again and again. */
  readonly loops: Map<string, string>;
  /** The tasks of the program, if they are recorded. */
  private _tasks: Task<unknown>[] | null;

  constructor(decisions: Decisions, chance: () => number, options: WorldOptions) {
    const { date = 0, untold = false, limits = null, explores = false } = options;
    super();
    this.elapsed = 0;
    this.date = Number(date);
    this.reported = [];
    this.settlers = new Set();
    this.steps = [];
    this.endless = this.refused = null;
    this._channels = [];
    this._timers = new Map();
    this._turns = [];
    this._jobs = new Ring();
    this._ids = 0;
    this._watch = this._tasks = null;
    this._failures = new Set();
    this._cells = [];
    this.loops = new Map();
    this._invariants = new Map();
    this._options = options;
    this._decisions = decisions;
    this._records = !untold;
    this._limits = limits;
    this._due = false;
    this._closed = () => true;
    this._performed = 0;
    this._own = new WeakSet();
    this._starting = false;
    this._explores = explores;
    const refuse = (what: string, instead: string): never => this._refuse(what, instead);
    const drawn = explores ? (what: string) => () => refuse(what, CHANCE) : () => chance;
    this._hostCalls = new HostCalls({
      date: () => this.time,
      time: () => this.elapsed,
      random: drawn("Math.random()"),
      outside: explores ? refuse : null,
    });
    this._isolation = new Isolation(this._host(drawn("random()")), this._watched(decisions), (entry) =>
      this._isOwn(entry),
    );
    install(this);
  }

  [Symbol.dispose](): void {
    this._isolation[Symbol.dispose]();
  }

  /** The time that `now()` of the testing entry returns. */
  get time(): number {
    return this.date + this.elapsed;
  }

  /** Declares a condition that must hold before each turn of a task. */
  invariant(name: string, holds: () => boolean): void {
    this._invariants.set(name, holds);
  }

  /** Makes a variable that tasks share. Its writes are steps, if the steps are recorded. */
  cell<T>(initial: T): Cell<T> {
    if (!this._records) return { value: initial };
    const number = this._cells.push(() => value) - 1;
    let value = initial;
    return Object.defineProperty({ value }, "value", {
      get: () => value,
      set: (next: T) => {
        value = next;
        const text = inline(next);
        this._note(nameOf(scheduler.current), `write ${text} to cell ${number}`, `cell ${number} = ${text}`);
      },
    });
  }

  /** The values of all cells, if the steps are recorded. */
  get cells(): unknown[] {
    return this._cells.map((read) => read());
  }

  /** Makes the choice of a value a step, if the steps are recorded. */
  chosen<T>(choice: Operation<T>): Operation<T> {
    if (!this._records) return choice;
    scheduler.notices?.used(choice);
    return new Mapped(choice, (value) => {
      this._note(nameOf(scheduler.current), `choose ${inline(value)}`);
      return value;
    });
  }

  recordTasks(): void {
    this._tasks = [];
  }

  /** The errors of the recorded tasks that have failed: a task that is never idle reports none. */
  get thrown(): unknown[] {
    return (this._tasks ?? []).filter(({ status }) => status === "failed").map(({ value }) => value);
  }

  /** The recorded tasks that have failed. A task that throws the error of another one does not count. */
  get failed(): FailedTask[] {
    this._noteFailures();
    const found: FailedTask[] = [];
    for (const { name, value } of this._failures) {
      if (found.some(({ error }) => isSameError(error, value))) continue;
      const at = throwSiteOf(value);
      found.push({ task: name, error: value, ...(at !== undefined && { at }) });
    }
    return found;
  }

  /** The recorded tasks, and how they have ended. */
  get states(): TaskState[] {
    return (this._tasks ?? []).map(({ name, status }) => ({
      task: name,
      ended: status === "done" || status === "failed" || status === "cancelled" ? ENDED[status] : null,
    }));
  }

  private _noteFailures(): void {
    for (const task of this._tasks ?? []) if (task.status === "failed") this._failures.add(task);
  }

  /** Watches what the program makes and never performs. */
  watch(watch: RunWatch): void {
    this._watch = watch;
    scheduler.notices = watch;
  }

  override start(
    body: unknown,
    args: unknown,
    parent: Parent | null,
    site: string | undefined,
    make: MakeTask,
  ): unknown {
    const task = super.start(body, args, parent, site, (...given) => this._started(make, given)) as Task<unknown>;
    this._watch?.tasks.push(task);
    this._tasks?.push(task);
    const looped = this._records ? loopedName(body, args) : undefined;
    if (looped !== undefined) this.loops.set(task.name, looped);
    const faults = this._faultsOf((body as Function).name);
    if (faults !== undefined) endanger(task, faults, this._saboteur());
    return task;
  }

  private _started(make: MakeTask, given: Parameters<MakeTask>): unknown {
    this._starting = true;
    try {
      return make(...given);
    } finally {
      this._starting = false;
    }
  }

  /** Whether a task, or an `await` of plain code, is one of the program. */
  private _isOwn(entry: Task<unknown> | PlainPerformance<unknown>): boolean {
    if (this._starting) this._own.add(entry);
    return this._own.has(entry instanceof Task ? entry : entry.operation);
  }

  override channel(buffer: unknown, options: unknown, make: MakeChannel): unknown {
    const made = super.channel(buffer, options, make) as Channel<unknown>;
    this._channels.push(made);
    const faults = this._faultsOf(made.name);
    if (faults !== undefined) sabotage(made, faults, this._saboteur());
    if (this._options.freeze === true) this._freeze(made);
    if (this._options.closed === true) this._check(made);
    if (this._records) watchUses(made, (task, { name }, end, value) => this._used(nameOf(task), name, end, value));
    return made;
  }

  private _faultsOf(name: string): Faults | undefined {
    const plan = this._options.faults ?? {};
    return Object.hasOwn(plan, name) ? plan[name] : undefined;
  }

  private _saboteur(): Saboteur {
    return {
      strikes: (probability) => this._decisions.fault(probability),
      choose: (n) => this._decisions.choose(n),
      note: (what) => this._note(nameOf(scheduler.current), what),
    };
  }

  /**
   * Runs the program until `done` returns true, or nothing can happen any more; returns false then.
   */
  async play(done: () => boolean, program: Played): Promise<boolean> {
    this._closed = () => program.closed;
    for (let patience = PATIENCE; patience > 0; patience--) {
      while (this._work()) await this._rest();
      if (done()) return true;
      if (!program.closed) {
        // Promises, and the code of async bodies between two operations, run before anything else happens.
        await this._letMicrotasksRun(program);
        if (this._jobs.length > 0) patience = PATIENCE;
        // The code of an async body that is between two operations would go on in the world outside.
        if (this._limits?.stops() === true && program.awaitsHost(this._performed) === null) await this._rest();
        while (this._work()) await this._rest();
        if (done()) return true;
      }
      if (this.endless !== null) return false;
      if (this._turn()) {
        patience = PATIENCE;
        continue;
      }
      if (this._explores) this._assertInside(program);
      if (this._settle() || this._pass()) patience = PATIENCE;
      else if (program.closed) return false;
    }
    return false;
  }

  private async _letMicrotasksRun(program: Played): Promise<void> {
    const arrived = (): boolean => this._jobs.length > 0;
    await this._hostCalls.settle(arrived, SOME_TICKS);
    if (!this._explores) await new Promise<void>((resolve) => native.turn(resolve));
    else if (!arrived() && program.awaitsHost(this._performed) !== null)
      await this._hostCalls.settle(arrived, ALL_TICKS);
  }

  /** The name of a channel that holds values; null if none does. */
  get unread(): string | null {
    return this._channels.find(({ length }) => length > 0)?.name ?? null;
  }

  private _freeze(channel: Channel<unknown>): void {
    const send = channel.send.bind(channel);
    channel.send = (value) => send(freeze(value));
  }

  private _check(channel: Channel<unknown>): void {
    const send = channel.send.bind(channel);
    const refused = (): void => {
      this.refused ??= new Refused(`a task sends to ${channel.name}, which is closed`);
    };
    channel.send = (value) => new CheckedSend(send(value), channel, refused);
  }

  private _note(task: string, what: string, cell: string = what): void {
    this.steps.push({ task, what, cells: { [task]: cell } });
  }

  /** Called when a task has sent to a channel, or received from it. */
  private _used(task: string, channel: string, act: End, value: unknown): void {
    const closed = value === CLOSED;
    const text = closed ? "closed" : inline(value);
    const [what, towards] = act === "send" ? (["!", "to"] as const) : (["?", "from"] as const);
    this.steps.push({
      task,
      what: closed ? `${act} ${towards} ${channel}, which is closed` : `${act} ${text} ${towards} ${channel}`,
      cells: { [task]: `${channel} ${what} ${text}` },
      channel,
      act,
    });
  }

  /** Runs what is ready; true if it is to be continued, as the limits of the exploration want a rest. */
  private _work(): boolean {
    while (this._jobs.length > 0 && !this._due) this._guard(this._jobs.shift());
    return this._due && this.endless === null;
  }

  private async _rest(): Promise<void> {
    this._due = false;
    await this._limits!.rest(this._isolation);
    if (this._limits!.late) this.endless = new Late("The time is over");
  }

  private _turn(): boolean {
    const turns = this._turns.splice(0);
    for (const turn of turns) this._guard(turn);
    return turns.length > 0;
  }

  private _settle(): boolean {
    const settlers = [...this.settlers];
    this.settlers.clear();
    for (const settler of settlers) settler.settle();
    return settlers.length > 0;
  }

  /** Advances the clock to the next timer, and runs its job; returns false if there is no timer. */
  private _pass(): boolean {
    const [next] = [...this._timers].sort(([, a], [, b]) => a.due - b.due);
    if (next === undefined) return false;
    const [id, { due, job }] = next;
    this._timers.delete(id);
    const ms = Math.max(0, due - this.elapsed);
    this._note("clock", `${ms} ms pass`, `${ms} ms`);
    this.elapsed += ms;
    this._guard(job);
    return true;
  }

  /** Time may not pass while a task waits for something that has a time of its own. */
  private _assertInside(program: Played): void {
    const task = program.awaitsHost(this._performed);
    if (task === null) return;
    const what = task.parkedAt?.waitsFor().what ?? "a promise";
    this.endless ??= new Outside(`${task.name} waits for something outside the program: ${what}`);
  }

  /** Ends the run, as it does something that cannot be explored. */
  private _refuse(what: string, instead: string): never {
    const task = nameOf(scheduler.current);
    const error = new Outside(`${task} calls ${what}, which cannot be explored; ${instead}`);
    this.endless ??= error;
    throw error;
  }

  override get performs(): boolean {
    return true;
  }

  override async perform(operation: unknown, make: (operation: never) => Promise<void>): Promise<void> {
    this._performed++;
    this._own.add(operation as object);
    try {
      await super.perform(operation, make);
    } finally {
      this._performed--;
    }
  }

  override chance(): unknown {
    return this._explores ? shares() : null;
  }

  /** Ends the run before the next turn if a send was refused or an invariant does not hold. */
  private _hold(): void {
    if (this.refused !== null) throw this.refused;
    for (const [name, holds] of this._invariants) {
      if (!holds()) throw new Violated(`${name} does not hold`);
    }
  }

  /** Runs a part of the program. The run ends if it throws `Endless`. */
  private _guard(job: () => void): void {
    if (this.endless !== null) return;
    this._hostCalls.enter();
    try {
      job();
    } catch (error) {
      if (error === REST) this._due = true;
      else if (error instanceof Endless) this.endless ??= error;
      else throw error;
    } finally {
      this._hostCalls.leave();
    }
  }

  /** Makes a policy that checks the invariants before each turn. */
  private _watched(policy: Policy): Policy {
    return {
      next: (ready, at) => {
        // The scheduler continues with the queue in a job of its own. Async bodies would continue during the rest, before what is
        // ready now, and the run would depend on the clock: they get their turn when the queue is empty.
        if (this._limits?.stops() === true && this._closed()) throw REST;
        if (this.refused !== null || this._invariants.size > 0) this._hold();
        if (this._records) this._noteFailures();
        return policy.next(ready, at);
      },
      choose: (cases) => policy.choose(cases),
      missed: (cases) => policy.missed?.(cases),
      preempt: () => policy.preempt?.() === true,
    };
  }

  private _host(chance: () => number): Host {
    return {
      now: () => this.elapsed,
      random: chance,
      microtask: (job) => void this._jobs.push(job),
      turn: (job) => void this._turns.push(job),
      setTimer: (job, ms) => {
        this._timers.set(++this._ids, { due: this.elapsed + ms, job });
        return this._ids;
      },
      clearTimer: (id) => void this._timers.delete(id as number),
      report: (error) => {
        this.reported.push(error);
        return () => void this.reported.splice(this.reported.indexOf(error), 1);
      },
      whenEmpty() {},
    };
  }
}

/** A maker that keeps the operations that wait until all other tasks are parked. */
export interface Settling extends Maker {
  readonly settlers: Set<Settler> | null;
  /** The time of the program's clock. */
  readonly time: number;
}

/** Returns the simulation or the verification in which the calling code runs. */
export function settling(what: string): Settling {
  const found = findMaker((maker): maker is Settling => "settlers" in maker);
  if (found !== null) return found;
  throw new Error(`Cannot ${what}: only a program that simulate(), replay() or verify() runs may do so`);
}

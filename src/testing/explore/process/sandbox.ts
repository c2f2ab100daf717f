// Where one routine at a time is run, to see what it does next. It gives the routine stand-ins for what it creates, under
// names that are the same in every run: a task is its creator and how many that had started before, and so on.
//
// A plain call that looks at the state, or changes it, is an event like any other, but a routine cannot be stopped in the
// midst of it: the call throws, the routine is given up, and a new one is fed the answer when there is one.

import { type Buffer, Dropping, Fixed, Sliding } from "../../../channel/buffer.js";
import type { ChannelOptions } from "../../../channel/ends.js";
import type { ScopeOptions } from "../../../lifetime/scope.js";
import type { Operation } from "../../../operation/operation.js";
import type { Explorer } from "../../../scheduler/roles.js";
import type { Body } from "../../../task/task.js";
import type { Declared } from "../../program/cell.js";
import { standing } from "./call-site.js";
import { type Offer, Thrown, Unmodelled } from "./cases.js";
import { type Calls, CellModel, ChannelModel, type Overflow, TaskModel, TimeoutModel } from "./model-objects.js";
import { RegionModel, type ScopeBody, ScopeModel, type Scopes } from "./model-scopes.js";
import type { Live, Start } from "./routine-run.js";

type Made = TaskModel<unknown> | ChannelModel<unknown> | TimeoutModel | CellModel<unknown> | RegionModel;

/**
 * What searches have found out of a program before: tasks that somebody may cancel, by name or by number; those in a scope, by
 * the name of the scope's task; and from how many states on symmetry may be looked for.
 */
export type Marks = ReadonlySet<string | number>;

/** What must hold, from where a task has said so on. */
export interface Invariant {
  readonly holds: () => boolean;
  readonly task: number;
  /** Nodes on the way to which it is said. */
  readonly from: Set<number>;
}

/** Something that a search took for granted is not so: it begins anew, knowing it. */
export class Anew extends Error {
  readonly mark: string;

  constructor(mark: string) {
    super(`A search begins anew: ${mark}`);
    this.mark = mark;
  }
}

/** Any task may be cancelled. */
export const ANYBODY = "anybody";

export const inside = (scope: string): string => `in ${scope}`;

/** Told of what a routine starts while it runs. */
export interface Director {
  started(live: Live, task: number, start: Start): void;
  timed(live: Live, timer: number, ms: number): void;
  declared(live: Live, cell: number, initial: unknown): void;
  /** Whether a routine goes to its end, as its task was cancelled. */
  ends(live: Live): boolean;
}

/** Thrown by a plain call that has no answer yet. */
export const STOP: Error = new Error("Internal signal of verify(); rethrow it");

export class Stage implements Explorer, Calls, Declared, Scopes {
  readonly tasks: TaskModel<unknown>[];
  readonly channels: ChannelModel<unknown>[];
  readonly timers: TimeoutModel[];
  /** Whether it is noted where in the source tasks stand. */
  readonly places: boolean;
  /** The routine that runs now. */
  live: Live | null;
  /** Answers plain calls in place of the tape, where a run takes its true course. */
  oracle: ((offer: Offer<unknown>, attempt: boolean) => unknown) | null;
  readonly queued: () => void;
  readonly cells: CellModel<unknown>[];
  readonly regions: RegionModel[];
  /** For each task the scope that it is in, -1 for none; who has started it; and whether somebody may cancel it. */
  readonly regionOf: number[];
  readonly starters: number[];
  readonly marked: boolean[];
  /** Whether a channel is to tell of what it does not deliver. */
  tells: boolean;
  /** What must hold, by name. */
  readonly invariants: Map<string, Invariant>;
  private readonly _marks: Marks;
  private readonly _director: Director;
  private readonly _slots: Map<string, Made>;
  private _strange: string | null;

  constructor(director: Director, places: boolean, marks: Marks) {
    this.places = places;
    this.tasks = [];
    this.channels = [];
    this.timers = [];
    this.cells = [];
    this.regions = [];
    this.regionOf = [];
    this.starters = [];
    this.marked = [];
    this.tells = false;
    this.invariants = new Map();
    this.live = null;
    this.oracle = null;
    this.queued = () => this.note();
    this._marks = marks;
    this._director = director;
    this._slots = new Map();
    this._strange = null;
  }

  /** Throws if the routine has done what the model does not know. */
  assertModelled(): void {
    const strange = this._strange;
    if (strange === null) return;
    this._strange = null;
    throw new Unmodelled(strange);
  }

  /** An operation queues up. */
  note(): void {
    const { live } = this;
    if (live === null || live.stopped !== null) return;
    if (live.queued++ === 0 && this.places) live.place = standing();
  }

  start<T>(body: Body<never, T>, args: unknown[], region: number = -1): TaskModel<T> {
    const live = this._running();
    if (region !== -1) this._assertInside(live, region);
    const nth = region === -1 ? live.tasks++ : live.members++;
    const name = this._nameOf(live, `${body.name || "task"}#`, nth, region);
    const task = this._slot(`${live.task} task ${nth} ${region} ${body.name}`, () =>
      this.addTask(name, body as never, region, live.task),
    );
    this._director.started(live, task.index, { body: body as never, args });
    return task as TaskModel<T>;
  }

  addTask(name: string, body: Body<unknown[], unknown>, region: number, starter: number): TaskModel<unknown> {
    const index = this.tasks.length;
    const task = new TaskModel<unknown>(this, index, name, body as never);
    this.tasks.push(task);
    this.regionOf.push(region);
    this.starters.push(starter);
    this.regions[region]?.members.push(index);
    const scope = region === -1 ? "" : inside(this.tasks[this.regions[region]!.owner]!.name);
    const anybody = index > 0 && this._marks.has(ANYBODY);
    this.marked.push(anybody || this._marks.has(name) || this._marks.has(index) || this._marks.has(scope));
    return task;
  }

  /** As the scheduler names it: what the body of a scope starts in that, the scope has started, which began with the body. */
  private _nameOf({ task }: Live, name: string, nth: number, region: number): string {
    const { owner, members } = this.regions[region] ?? { owner: -1, members: [] };
    if (region !== -1 && task === members[0]) return this._inside(owner, `${name}${nth + 1}`);
    return this._inside(task, `${name}${nth}`);
  }

  /** Who is in a scope that has not been cancelled may start others in it; whether anybody else may, depends. */
  private _assertInside(live: Live, region: number): void {
    const within = this.regionOf[live.task] === region && !this._director.ends(live);
    if (within || this.regions[region]!.owner === live.task) return;
    this.unmodelled("a task is started in a scope from outside, or at its end");
  }

  scope<T>(body: ScopeBody<T>, options: ScopeOptions): ScopeModel<T> {
    return new ScopeModel<T>(this, body, options);
  }

  /** The scope that the running task is. */
  region(): RegionModel {
    const { task } = this._running();
    return this._slot(`${task} region`, () => {
      const made = new RegionModel(this, this.regions.length, task);
      this.regions.push(made);
      return made;
    });
  }

  channel<T>(
    buffer: Buffer<T> | null,
    options: (ChannelOptions<T> & { transform?: unknown }) | undefined,
  ): ChannelModel<T> {
    const live = this._running();
    if (options?.transform !== undefined) this.unmodelled("a channel has a transform");
    if (options?.maxPending !== undefined) this.unmodelled("a channel has a limit to what may be parked");
    if (options?.onUndelivered !== undefined) this.tells = true;
    const tells = options?.onUndelivered !== undefined || options?.onCancel !== undefined;
    return this._channel(live, buffer?.capacity ?? 0, this._overflow(buffer), options?.name, tells);
  }

  promiseChannel<T>(): ChannelModel<T> {
    return this._channel(this._running(), 1, "keep", undefined, false);
  }

  private _channel<T>(
    live: Live,
    capacity: number,
    overflow: Overflow,
    given: string | undefined,
    tells: boolean,
  ): ChannelModel<T> {
    const nth = live.channels++;
    const name = given ?? this._inside(live.task, `channel#${nth}`);
    const slot = `${live.task} channel ${nth} ${capacity} ${overflow} ${name}`;
    return this._slot(slot, () => {
      const made = new ChannelModel<unknown>(this, this.channels.length, name, capacity, overflow, tells);
      this.channels.push(made);
      return made;
    }) as unknown as ChannelModel<T>;
  }

  timeout(ms: number): TimeoutModel {
    const live = this._running();
    const timer = this._slot(`${live.task} timer ${live.timers++}`, () => {
      const made = new TimeoutModel(this, this.timers.length);
      this.timers.push(made);
      return made;
    });
    this._director.timed(live, timer.index, Math.max(0, Math.ceil(ms)));
    return timer;
  }

  cell<T>(initial: T): CellModel<T> {
    const live = this._running();
    const cell = this._slot(`${live.task} cell ${live.cells++}`, () => {
      const made = new CellModel<unknown>(this, this.cells.length);
      this.cells.push(made);
      return made;
    }) as CellModel<T>;
    this._director.declared(live, cell.index, initial);
    return cell;
  }

  invariant(name: string, holds: () => boolean): void {
    const { task, node } = this._running();
    const from = this.invariants.get(name)?.from ?? new Set();
    this.invariants.set(name, { holds, task, from: from.add(node) });
  }

  now(): number {
    return this.unmodelled("it asks for the time");
  }

  await(operation: Operation<unknown>): Promise<void> {
    const live = this._running();
    if (live.awaited !== null) this.unmodelled("a task awaits two operations at the same time");
    return new Promise((goOn) => {
      live.awaited = { operation, goOn };
    });
  }

  call(offer: Offer<unknown>): unknown {
    return this._answer(offer, false);
  }

  attempt(offer: Offer<unknown>): { readonly value: unknown } | null {
    const answer = this._answer(offer, true) as { readonly value: unknown } | null;
    if (answer?.value instanceof Thrown) throw answer.value.cause;
    return answer;
  }

  unmodelled(what: string): never {
    if (this.live !== null && this.live.stopped !== null) throw STOP;
    this._strange ??= what;
    throw new Unmodelled(what);
  }

  private _answer(offer: Offer<unknown>, attempt: boolean): unknown {
    if (this.oracle !== null) return this.oracle(offer, attempt);
    const live = this._running();
    const cue = live.script.shift();
    if (cue === undefined) {
      live.attempts = attempt;
      if (this.places) live.place = standing();
      live.stopped = offer;
      throw STOP;
    }
    live.node = cue.node;
    return cue.value;
  }

  /** A routine that was stopped may catch that, and go on: nothing of what it does then has happened. */
  private _running(): Live {
    if (this.live !== null && this.live.stopped !== null) throw STOP;
    if (this.live !== null) return this.live;
    return this.unmodelled("something outside of its tasks goes on");
  }

  private _overflow(buffer: Buffer<unknown> | null): Overflow {
    if (buffer === null) return "park";
    if (!(buffer instanceof Fixed)) return this.unmodelled("a channel has a buffer of its own kind");
    if (!(buffer instanceof Dropping)) return "park";
    if (buffer.onDrop !== undefined) this.unmodelled("a buffer tells of what it drops");
    return buffer instanceof Sliding ? "slide" : "drop";
  }

  /** The name of what a task makes; what `main` makes needs no prefix. */
  private _inside(task: number, name: string): string {
    return task === 0 ? name : `${this.tasks[task]!.name}/${name}`;
  }

  private _slot<T extends Made>(key: string, make: () => T): T {
    const known = this._slots.get(key);
    if (known !== undefined) return known as T;
    const made = make();
    this._slots.set(key, made);
    return made;
  }
}

/** What is known by the same name in every run. */
export function nameOf(value: object): string | undefined {
  if (value instanceof ChannelModel) return `channel ${value.index}`;
  if (value instanceof TaskModel) return `task ${value.index}`;
  if (value instanceof CellModel) return `cell ${value.index}`;
  if (value instanceof RegionModel) return `scope ${value.index}`;
  return value instanceof TimeoutModel ? `timer ${value.index}` : undefined;
}

// Where one routine at a time is run, to see what it does next. It gives the routine stand-ins for what it creates, under
// names that are the same in every run: a task is its creator and how many that had started before, and so on.
//
// A plain call that looks at the state, or changes it, is an event like any other, but a routine cannot be stopped in the
// midst of it: the call throws, the routine is given up, and a new one is fed the answer when there is one.

import { type Buffer, Dropping, Fixed, Sliding } from "../../buffer.js";
import type { ChannelOptions } from "../../ends.js";
import type { AsyncRoutine, Operation, Routine } from "../../operation.js";
import type { Explorer } from "../../roles.js";
import type { Body } from "../../task.js";
import type { Declared } from "../cell.js";
import { type Offer, Thrown, Unmodelled } from "./forms.js";
import { standing } from "./place.js";
import { type Calls, CellModel, ChannelModel, type Overflow, TaskModel, TimeoutModel } from "./stand-ins.js";

/** A body with the arguments it was started with. */
export interface Start {
  readonly body: Body<unknown[], unknown>;
  readonly args: unknown[];
}

/** A routine on the stage. */
export class Live {
  readonly task: number;
  routine: Routine<unknown> | AsyncRoutine<unknown>;
  /** The node whose stretch of code it runs through, or has. */
  node: number;
  /** What is to happen to it, in order; plain calls take their answers from here. */
  readonly script: Cue[];
  /** What it is parked at, as its routine yielded it, and the operation; the plain call that it is stopped in. */
  parked: unknown;
  waiting: Operation<unknown> | null;
  stopped: Offer<unknown> | null;
  /** Whether that call may find that it cannot do what it is for. */
  attempts: boolean;
  /** What is awaited by it, with `await` instead of `yield*`. */
  awaited: Awaited | null;
  /** What an async routine has promised, while it has not come to it. */
  step: Promise<IteratorResult<unknown, unknown>> | null;
  /** How many tasks, channels, timeouts and cells it has made. */
  tasks: number;
  channels: number;
  timers: number;
  cells: number;
  /** How many operations have queued up since it went on, and where. */
  queued: number;
  place: Error | undefined;
  /** The node at which each loop was entered. */
  readonly loops: Map<object, number>;

  constructor(task: number, node: number) {
    this.task = task;
    this.routine = null as never;
    this.node = node;
    this.script = [];
    this.parked = null;
    this.waiting = null;
    this.stopped = null;
    this.attempts = false;
    this.awaited = null;
    this.step = null;
    this.tasks = this.channels = this.timers = this.cells = 0;
    this.queued = 0;
    this.place = undefined;
    this.loops = new Map();
  }
}

/** What a routine is to be given, and the node it comes to with that. */
export interface Cue {
  readonly node: number;
  readonly at: number;
  readonly value: unknown;
}

/** An operation that is performed by `await`. */
export interface Awaited {
  readonly operation: Operation<unknown>;
  readonly goOn: () => void;
}

type Made = TaskModel<unknown> | ChannelModel<unknown> | TimeoutModel | CellModel<unknown>;

/** Told of what a routine starts while it runs. */
export interface Director {
  started(live: Live, task: number, start: Start): void;
  timed(live: Live, timer: number, ms: number): void;
  declared(live: Live, cell: number, initial: unknown): void;
}

/** Thrown by a plain call that has no answer yet. */
export const STOP: Error = new Error("Exploring stops here, and goes on in another run: let this pass");

export class Stage implements Explorer, Calls, Declared {
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
  /** What must hold in every state, by name. */
  readonly invariants: Map<string, () => boolean>;
  private readonly _director: Director;
  private readonly _slots: Map<string, Made>;
  private _strange: string | null;

  constructor(director: Director, places: boolean) {
    this.places = places;
    this.tasks = [];
    this.channels = [];
    this.timers = [];
    this.cells = [];
    this.invariants = new Map();
    this.live = null;
    this.oracle = null;
    this.queued = () => this.note();
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
    if (live === null) return;
    if (live.queued++ === 0 && this.places) live.place = standing();
  }

  start<T>(body: Body<unknown[], T>, args: unknown[]): TaskModel<T> {
    const live = this._running();
    const nth = live.tasks++;
    const name = this._inside(live.task, `${body.name || "task"}#${nth}`);
    const task = this._slot(`${live.task} task ${nth} ${body.name}`, () => this.addTask(name, body));
    this._director.started(live, task.index, { body, args });
    return task as TaskModel<T>;
  }

  addTask(name: string, body: Body<unknown[], unknown>): TaskModel<unknown> {
    const task = new TaskModel<unknown>(this, this.tasks.length, name, body as never);
    this.tasks.push(task);
    return task;
  }

  channel<T>(
    buffer: Buffer<T> | null,
    options: (ChannelOptions<T> & { transform?: unknown }) | undefined,
  ): ChannelModel<T> {
    const live = this._running();
    if (options?.transform !== undefined) this.unmodelled("a channel has a transform");
    if (options?.maxPending !== undefined) this.unmodelled("a channel has a limit to what may be parked");
    const overflow = this._overflow(buffer);
    const capacity = buffer?.capacity ?? 0;
    const nth = live.channels++;
    const name = options?.name ?? this._inside(live.task, `channel#${nth}`);
    const slot = `${live.task} channel ${nth} ${capacity} ${overflow} ${name}`;
    return this._slot(slot, () => {
      const made = new ChannelModel<unknown>(this, this.channels.length, name, capacity, overflow);
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
    this._running();
    this.invariants.set(name, holds);
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
    this._strange ??= what;
    throw new Unmodelled(what);
  }

  private _answer(offer: Offer<unknown>, attempt: boolean): unknown {
    if (this.oracle !== null) return this.oracle(offer, attempt);
    const live = this._running();
    const cue = live.stopped === null ? live.script.shift() : undefined;
    if (cue === undefined) {
      if (live.stopped === null) {
        live.attempts = attempt;
        if (this.places) live.place = standing();
      }
      live.stopped ??= offer;
      throw STOP;
    }
    live.node = cue.node;
    return cue.value;
  }

  private _running(): Live {
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
  return value instanceof TimeoutModel ? `timer ${value.index}` : undefined;
}

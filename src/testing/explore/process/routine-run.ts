// A routine on the stage: how far it has come, what it is to be given, and what it has made by now.

import type { AsyncRoutine, Operation, Routine } from "../../../operation/operation.js";
import type { Body } from "../../../task/task.js";
import { Unmodelled } from "./cases.js";
import type { Offer } from "./operation-cases.js";

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
  /** Whether it is to return when it goes on: its task was cancelled. */
  returns: boolean;
  /** What an async routine has promised, while it has not come to it. */
  step: Promise<IteratorResult<unknown, unknown>> | null;
  /** How many tasks, by itself and in a scope, channels, timeouts and cells it has made. */
  tasks: number;
  members: number;
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
    this.returns = false;
    this.step = null;
    this.tasks = this.members = this.channels = this.timers = this.cells = 0;
    this.queued = 0;
    this.place = undefined;
    this.loops = new Map();
  }

  /** How much it has made that is its own. */
  get made(): number {
    return this.tasks + this.members + this.channels + this.timers + this.cells;
  }
}

/**
 * What a routine is to be given, and the node it comes to with that. Below 0 it is to return: at once, or, from -2 down, after
 * a case had happened that it has not heard of.
 */
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

/** The routine of a body. */
export function begun({ body, args }: Start): Live["routine"] {
  const routine: unknown = typeof body === "function" ? body(...args) : null;
  if (typeof routine === "object" && routine !== null && "return" in routine) return routine as Live["routine"];
  throw new Unmodelled("a go block is no function* or async function*");
}

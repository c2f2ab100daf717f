// One run of the routine of a task in the sandbox: how far it has come, the inputs that it is still to be given, and how much it
// has made so far. A run has exactly one of four positions: not started, parked (`waiting`), stopped in a plain call (`stopped`),
// or over.

import type { Gate } from "../../../operation/once.js";
import type { AsyncRoutine, Operation, Routine } from "../../../operation/operation.js";
import { type Context, within } from "../../../scheduler/contexts.js";
import type { Body } from "../../../task/task.js";
import { Unmodelled } from "./cases.js";
import { RunObjects } from "./run-objects.js";

/** A body, and the arguments that it was started with. */
export interface Start {
  readonly body: Body<unknown[], unknown>;
  readonly args: unknown[];
  /** The context of the host in which the task runs. */
  readonly context?: Context | null;
}

/** An input of a run: what happens to the task next, and the local state that it comes to with that. */
export interface Input {
  readonly node: number;
  /** The case that happens; or `RETURN`, or `RETURN_AFTER` and below. */
  readonly at: number;
}

/** How many tasks, tasks in a scope, channels, timeouts, cells and locks a run has made. */
export interface Counts {
  tasks: number;
  members: number;
  channels: number;
  timers: number;
  cells: number;
  locks: number;
}

/** A round that another one repeats: see `RoundStart`. */
interface Repeated {
  readonly node: number;
  readonly from: number;
  readonly nth: number;
  readonly counts: Counts;
  readonly named: number;
}

/** An operation that is performed with `await`. */
export interface Awaited {
  readonly operation: Operation<unknown>;
  readonly goOn: () => void;
}

export class RoutineRun {
  readonly task: number;
  routine: Routine<unknown> | AsyncRoutine<unknown>;
  /** The local state that it goes on from: what it makes belongs to the code that follows. */
  node: number;
  /** Inputs to come, in order. Plain calls take their answers from here. */
  readonly tape: Input[];
  /** What it has yielded, and the operation in that, while it is parked. */
  parked: unknown;
  waiting: Operation<unknown> | null;
  /** The plain call that it is stopped in, and whether that is an attempt, which may find that nothing is ready. */
  stopped: Operation<unknown> | null;
  isAttempt: boolean;
  /** What it performs with `await`, instead of `yield*`. */
  awaited: Awaited | null;
  /** Whether it is to return when it goes on: its task was cancelled. */
  returns: boolean;
  /** The pending `next()` of an async routine. */
  step: Promise<IteratorResult<unknown, unknown>> | null;
  /** How many objects of each kind it has made: their names depend on it. */
  counts: Counts;
  /** How many permits of each lock it holds; and in an audit, what it has released since it last parked: lock, permits. */
  readonly held: Map<number, number>;
  readonly released: number[];
  /** Gates of operations that have lost: what waits for them is called before the routine goes on. */
  lost: Gate[];
  /** Whether the plain call that it is stopped in was made by such a callback. */
  isUrgent: boolean;
  /** Whether a callback runs, which belongs to the event that has resumed the task. */
  inCallback: boolean;
  /** How many operations have parked since it went on, and the line of the first. */
  queued: number;
  callSite: Error | undefined;
  /** Whether it has passed an operation that is always ready since its last input: other tasks may have run there. */
  gaveWay: boolean;
  /** How often it has released permits since its last input, and how often of that before it last passed such an operation. */
  releases: number;
  early: number;
  /** How many objects it has made, and how many rounds have begun, since it came to `node`. */
  made: number;
  rounds: number;
  /** During an audit: the local states at which the rounds that it repeats began, in order; it goes on as from there. */
  ahead: number[];
  /** Where each loop was entered: a local state, and how many loops were entered before. */
  readonly loops: Map<object, string>;
  /** The channels that it has made with `owned` or received from, and whose end it has not received. */
  readonly owned: Set<number>;
  /** What it remembers of objects that it uses. */
  readonly views: Map<object, unknown>;
  /** The merges that it has received from, with the sources of each that have ended. */
  readonly merges: Map<object, { readonly sources: string; readonly ended: Set<string> }>;
  /** The objects that it has sent or received. */
  readonly objects: RunObjects;
  /** What it has started and made since it went on. */
  readonly steps: string[];

  constructor(task: number, node: number, objects: RunObjects = new RunObjects(false, null)) {
    this.task = task;
    this.routine = null as never;
    this.node = node;
    this.tape = [];
    this.parked = null;
    this.waiting = null;
    this.stopped = null;
    this.isAttempt = false;
    this.awaited = null;
    this.returns = false;
    this.step = null;
    this.counts = { tasks: 0, members: 0, channels: 0, timers: 0, cells: 0, locks: 0 };
    this.held = new Map();
    this.released = [];
    this.lost = [];
    this.inCallback = this.isUrgent = false;
    this.queued = 0;
    this.callSite = undefined;
    this.gaveWay = false;
    this.releases = this.early = 0;
    this.made = this.rounds = 0;
    this.ahead = [];
    this.loops = new Map();
    this.owned = new Set();
    this.views = new Map();
    this.merges = new Map();
    this.objects = objects;
    this.steps = [];
  }

  /**
   * Begins a round of a loop, and returns the name of the loop. Several loops may be entered on the way to one node, with no event
   * in between, so a loop is named by its node and its number.
   */
  enter(round: { readonly state: unknown }): string {
    const loop = this.loops.get(round) ?? `${this.node}.${this.loops.size}`;
    this.loops.set(round, loop);
    this.objects.beginRound(round, round.state);
    this.objects.loop = loop;
    this.objects.named = 0;
    return loop;
  }

  /** It goes on, and comes to a local state with that. */
  goOnTo(node: number): void {
    this.node = node;
    this.gaveWay = false;
    this.releases = this.early = 0;
    this.made = this.rounds = 0;
    this.objects.named = 0;
    this.objects.loop = "";
    this.steps.length = 0;
  }

  /** It passes an operation that is always ready. */
  passBy(): void {
    this.gaveWay = true;
    this.early = this.releases;
  }

  /** The permits that it holds, as a text. */
  get holding(): string {
    return [...this.held]
      .filter(([, n]) => n > 0)
      .map(([lock, n]) => `${lock}:${n}`)
      .sort()
      .join();
  }

  /** The sources of merges whose end it has received, as a text: it does not wait for them again. */
  get ends(): string {
    const read = [...this.merges.values()].filter(({ ended }) => ended.size > 0);
    const ends = read.map(({ sources, ended }) => `${sources} ${[...ended].sort().join()}`);
    return [...new Set(ends)].sort().join(";");
  }

  /** In an audit: it repeats a round that began on the way to a local state, and goes on as from there. */
  repeat({ node, from, nth, counts, named }: Repeated): void {
    this.node = node;
    this.made = from;
    this.rounds = nth + 1;
    this.counts = { ...counts };
    this.objects.named = named;
  }
}

/** The steps of a routine, each in the context in which its task was started. */
function inContext(given: RoutineRun["routine"], context: Context): RoutineRun["routine"] {
  const routine = given as Routine<unknown>;
  const steps = {
    next: () => context.runInAsyncScope(routine.next, routine),
    return: (value: unknown) => context.runInAsyncScope(routine.return, routine, value),
    throw: (error: unknown) => context.runInAsyncScope(routine.throw, routine, error),
    [Symbol.asyncIterator in routine ? Symbol.asyncIterator : Symbol.iterator]: () => steps,
  };
  return steps as unknown as RoutineRun["routine"];
}

/** The routine of a body. */
export function startRoutine({ body, args, context = null }: Start): RoutineRun["routine"] {
  const routine: unknown = typeof body === "function" ? within(context, body, undefined, ...args) : null;
  // An operation has the property `return`, too, where tasks are cancelled.
  if (typeof (routine as Partial<Routine<unknown>> | null)?.return === "function") {
    return context === null ? (routine as RoutineRun["routine"]) : inContext(routine as RoutineRun["routine"], context);
  }
  throw new Unmodelled("a go block is no function* or async function*");
}

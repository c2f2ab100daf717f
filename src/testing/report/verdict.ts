// The verdict of a verification, and its options.

import type { Schedule } from "./schedule.js";

/** The kinds of failures of a program. */
export type FailureKind =
  | "deadlock"
  | "leak"
  | "stuck"
  | "endless"
  | "closed"
  | "throw"
  | "unread"
  | "invariant"
  | "outcome"
  | "shared-state"
  | "unperformed"
  | "escaped";

/** How a program is verified: by the states of its model, or by running it under every schedule. */
export type Engine = "model" | "runs";

/** How much a verification explored. */
export interface Coverage {
  /** The engine that reached the verdict. */
  readonly engine: Engine;
  /** States that were visited; 0 for runs. */
  readonly states: number;
  /** Runs of the program, each under another schedule; 0 for the model. */
  readonly runs: number;
  readonly events: number;
  /** Milliseconds in all, and of the search alone. */
  readonly ms: number;
  readonly searchMs: number;
}

/** Every schedule was explored, and none fails. */
export interface Proved<T> extends Coverage {
  readonly status: "proved";
  /** Every value that `main` returns under some schedule. */
  readonly outcomes: Set<T>;
  /** What the proof assumes. */
  readonly assumptions: string[];
}

/** A schedule fails: the shortest, or the first that was found. */
export interface Failed extends Coverage {
  readonly status: "failed";
  readonly kind: FailureKind;
  /** The error that was thrown, if any, or the value that is not allowed. */
  readonly cause?: unknown;
  readonly schedule: Schedule;
  /** The failure in words, for a terminal. */
  readonly report: string;
  /** Runs this schedule again: `replay(token, main)`. */
  readonly token: string;
}

/** A limit was reached; no schedule that was explored fails. */
export interface Bounded extends Coverage {
  readonly status: "bounded";
  /** The limit that was reached, in words. */
  readonly reason: string;
  /** What to write instead, if a task seems to be in a loop that never ends and makes a new state in each round. */
  readonly advice?: string;
}

/** The result of `verify`. */
export type Verdict<T> = Proved<T> | Failed | Bounded;

/** Options of `verify`. */
export interface VerifyOptions<T> {
  /** Shown in the report; the name of `main` by default. */
  readonly name?: string;
  /**
   * The values that `main` may return, as a list or a predicate. Any other value is a failure of kind `outcome`. An object is in
   * the list if one of equal shape is: the same class, and equal fields. A symbol and a function must be in the list themselves.
   */
  readonly outcomes?: Iterable<T> | ((value: T) => boolean);
  /** Whether tasks that are parked for ever when `main` is done are a failure; true by default. */
  readonly leaks?: boolean;
  /**
   * Whether a task that is parked for ever while other tasks run for ever is a failure; true by default. If `leaks` is false, it
   * is not a failure once `main` is done.
   */
  readonly stuck?: boolean;
  /** Whether a send on a closed channel is a failure; false by default: it yields false. */
  readonly closed?: boolean;
  /** Whether values that are left in a channel at the end of a schedule are a failure; false by default. */
  readonly unread?: boolean;
  /**
   * Whether an operation that is made and never performed is a failure, such as the statement `channel.send(1);` without `yield*`;
   * true by default.
   */
  readonly unperformed?: boolean;
  /**
   * States that the model may store, 2 000 000 by default, or runs of the program. If there are more, the verdict is `bounded`.
   */
  readonly maxStates?: number;
  /**
   * Events of the model, or decisions of the scheduler in all runs. After that, the verdict is `bounded`. By default runs may take
   * 20 000 000 if `maxMs` is not given, and the model has no such limit.
   */
  readonly maxEvents?: number;
  /**
   * Milliseconds that the exploration may take; after that, the verdict is `bounded`. There is no such limit by default,
   * as it makes the verdict depend on the machine. In `millrace/vitest` the default is the time that the test has left.
   */
  readonly maxMs?: number;
  /** Ends the exploration when it is aborted: the verdict is `bounded`. */
  readonly signal?: AbortSignal;
  /**
   * Whether plain data is frozen once it is sent, so that a later write to it throws a TypeError in the code that writes; false by
   * default. Turn it on to enforce that tasks share nothing.
   */
  readonly freeze?: boolean;
  /** Whether to continue after a failure and count all states, without any reduction; false by default. */
  readonly all?: boolean;
  /**
   * When time passes. `maximal-progress`, the default: only when nothing else can happen, or when what happens can go on for ever
   * without it. `asynchronous`: at any moment, as if code took time, so a timeout may also come before what is ready. There are more
   * states then, and the program must be one that the model supports.
   */
  readonly time?: "maximal-progress" | "asynchronous";
  /** The engine. By default the model, or runs if the program does something that the model does not support. */
  readonly engine?: Engine;
}

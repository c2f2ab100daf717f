// The public interfaces of workers.

import type { Operation } from "../operation/operation.js";
import type { Connection } from "../remote/connection.js";
import type { Limits } from "../remote/limits.js";
import type { PortLike } from "../remote/port/port.js";
import type { Exit } from "../supervise/exit.js";
import type { ChildOptions, Supervisable } from "../supervise/types.js";

/**
 * Where the code of a worker is: the address of its file, or a function that starts it. With a bundler write a function, as bundlers
 * find `new Worker(new URL("./worker.ts", import.meta.url))` by its text.
 */
export type WorkerSource = URL | string | (() => PortLike);

/**
 * Options of {@link worker}. As a child of a supervisor it is treated by its {@link ChildOptions}. One that stands alone is not started
 * again: `restart`, `backoff` and `significant` are then an error.
 */
export interface WorkerOptions extends Omit<ChildOptions, "startUp"> {
  /** `"thread"` (default): a thread of Node, or a `Worker` of a page. `"process"`: a process of Node, by `fork()`. */
  readonly kind?: "thread" | "process";
  /** The name in reports and errors; the file's by default. */
  readonly name?: string;
  /** What is accepted from the worker, as of `connect`. By default the worker has 30 seconds to begin. */
  readonly limits?: Partial<Limits>;
  /** Options for what starts it: those of `Worker`, in Node or in a page, or of `fork()`. */
  readonly host?: Readonly<Record<string, unknown>>;
}

/** How a worker ended: what `main` returned, or an error. A worker that has crashed has failed with a `PeerLostError`. */
export type WorkerExit<T> = Extract<Exit, { kind: "failed" | "cancelled" | "killed" }> | { kind: "done"; value: T };

/**
 * A thread or a process that runs the `main` of its file, made by {@link worker}.
 *
 * @typeParam T - What `main` returns.
 */
export interface Worker<out T = unknown> extends AsyncDisposable, Supervisable {
  readonly name: string;
  /**
   * The connection to the thread or process that runs now. A restart makes a new one.
   *
   * @throws Error if it is a child that has not been started.
   */
  readonly connection: Connection;
  /**
   * Waits until it runs.
   *
   * Parks when: it is a child that is to be started, or started again. Yields: the connection. If it has ended for good: throws.
   */
  connected(): Operation<Connection>;
  /** Waits for its end. Never throws. A worker that a supervisor restarts has not ended. */
  exited(): Operation<WorkerExit<T>>;
  /**
   * Asks it to stop: its `main` is cancelled. If it has not ended within its grace (`shutdown`, 5000 ms), it is killed.
   *
   * Parks until it has ended. Yields: how. If cancelled: it is stopped all the same.
   */
  stop(reason?: unknown): Operation<WorkerExit<T>>;
  /** Ends the thread or process at once, also one that computes without a pause. */
  kill(): void;
}

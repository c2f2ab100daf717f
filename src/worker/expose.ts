// The worker's side. `main` begins at once. It is cancelled when the parent asks the worker to stop, or is gone. When it has ended, and
// no name is served any more, the parent gets its outcome, closes the connection, and the worker ends.

import type { Channel } from "../channel/ends.js";
import type { AsyncRoutine, Operation, Routine } from "../operation/operation.js";
import { upon } from "../operation/upon.js";
import { Waiters } from "../operation/waiters.js";
import type { Handle } from "../remote/asks.js";
import { connect } from "../remote/connect.js";
import type { AskOptions, Connection, RemoteChannelOptions, ServeOptions } from "../remote/connection.js";
import type { PortLike } from "../remote/port/port.js";
import { Until } from "../remote/until.js";
import { assertFunction } from "../structures/arguments.js";
import type { Exit } from "../supervise/exit.js";
import { type Hosted, host } from "../supervise/hosting.js";
import { go } from "../task/go.js";
import type { Task } from "../task/task.js";
import { sleep } from "../time/sleep.js";
import { MAIN, READY, STOP } from "./life.js";
import { builtin } from "./spawn.js";

/** What `main` gets after its connection. */
export interface WorkerContext {
  /** Aborted when the worker is to stop. */
  readonly signal: AbortSignal;
}

/** What a worker runs. */
export type Main<T> = (
  connection: Connection,
  context: WorkerContext,
) => Routine<T> | AsyncRoutine<T> | PromiseLike<T> | Operation<T> | T;

/** Milliseconds after which a process whose parent is gone exits, although its `main` has not ended. */
const ORPHANED = 5000;

/**
 * Runs `main` in a worker, with the connection to its parent. Call it once in the file of the worker, before the first `await` at its
 * top level. In a shared worker, `main` runs for each page.
 *
 * The worker ends when `main` has ended and no name is served any more. What `main` returns or throws is how the worker has exited.
 * It is cancelled when the worker is to stop: a routine at its next `yield*`, other code by `context.signal`.
 *
 * @throws TypeError if `main` is no function. Error if this is no worker, or it was called before.
 */
export function expose<T>(main: Main<T>): void {
  assertFunction("expose", "main", main);
  const scope = globalThis as unknown as Scope;
  if (scope[EXPOSED] === true) throw new Error("Cannot expose: a worker must expose one main, got a second");
  scope[EXPOSED] = true;
  const parent = parentOf(scope);
  if (parent === null) {
    scope.addEventListener("connect", ({ ports }) => serve(main, connect(ports[0]!), nothing));
    return;
  }
  const connection = connect(parent.port);
  parent.failing((error) => connection.close(error));
  serve(main, connection, parent.leave);
}

const EXPOSED = /* @__PURE__ */ Symbol.for("millrace.exposed");

/** The global scope of a worker, in part. */
interface Scope {
  [EXPOSED]?: boolean;
  readonly onconnect?: unknown;
  readonly document?: unknown;
  readonly process?: Process;
  postMessage?(message: unknown): void;
  close?(): void;
  addEventListener(event: "connect", listener: (event: { ports: readonly MessagePort[] }) => void): void;
  addEventListener(event: "error", listener: (event: ErrorEvent) => void): void;
  addEventListener(event: "unhandledrejection", listener: (event: PromiseRejectionEvent) => void): void;
}

interface Process {
  send?: ((message: never) => boolean) | undefined;
  on(event: string, listener: (error: unknown) => void): unknown;
  exit(code: number): never;
}

interface Parent {
  readonly port: PortLike;
  /** Tells errors that nothing catches, after which the worker ends. */
  failing(then: (error: unknown) => void): void;
  /** Called when the connection and `main` have ended. */
  leave(): void;
}

/** What started this worker; null in a shared worker, which pages connect to. */
function parentOf(scope: Scope): Parent | null {
  const threads = builtin<{ isMainThread: boolean; parentPort: PortLike | null }>("node:worker_threads");
  // The parent of a thread gets its error from the host.
  if (threads?.parentPort != null) return { port: threads.parentPort, failing: nothing, leave: nothing };
  const child = scope.process;
  if (threads?.isMainThread === true && typeof child?.send === "function") return ofProcess(child);
  if (typeof scope.document !== "object" && threads?.isMainThread !== true) {
    if (typeof scope.postMessage === "function") return ofPage(scope);
    if ("onconnect" in scope) return null;
  }
  throw new Error(
    "Cannot expose: it must be called in the file of a worker, got the main thread of a program or a page",
  );
}

function ofProcess(child: Process): Parent {
  return {
    port: child as PortLike,
    failing: (then) => void child.on("uncaughtExceptionMonitor", then),
    leave: nothing,
  };
}

function ofPage(scope: Scope): Parent {
  return {
    port: scope as PortLike,
    // A thread of Node ends by an error that nothing catches, and so does a worker of a page.
    failing(then) {
      const fail = (error: unknown): void => {
        then(error);
        scope.close!();
      };
      scope.addEventListener("error", (event) => fail(event.error ?? new Error(event.message)));
      scope.addEventListener("unhandledrejection", (event) => fail(event.reason));
    },
    leave: () => scope.close!(),
  };
}

/** Runs `main` for a connection. */
function serve<T>(main: Main<T>, connection: Connection, leave: () => void): void {
  const names = new Counting(connection);
  const run = new Run((hosted) => main(names, hosted));
  const life = go(function* worker(): Routine<unknown> {
    const value = yield* run.task;
    yield* names.unserved();
    return value;
  });
  let asked = false;
  connection.serve(READY, () => undefined);
  connection.serve(MAIN, () => {
    asked = true;
    return life;
  });
  const stop = (): void => {
    run.cancel();
    life.cancel();
    upon(run.task.whenOver(), () => connection.close());
  };
  connection.serve(STOP, stop);
  upon(connection.whenClosed(), () => {
    run.cancel();
    life.cancel();
    upon(run.task.whenOver(), leave);
    orphaned();
  });
  // A parent that asks nothing has connected by itself, and learns the end of `main` by that of the connection.
  const alone = (close: () => void): void => {
    if (asked) return;
    const rest = (): void => {
      if (!asked) close();
    };
    // Its answer comes after the first message of the parent.
    upon(connection.ask(READY, undefined), rest, rest);
  };
  upon(
    life,
    () => alone(() => connection.close()),
    (error) => alone(() => connection.close(error)),
  );
}

/** A process does not outlive its parent by long. */
function orphaned(): void {
  const child = (globalThis as unknown as Scope).process;
  const threads = builtin<{ isMainThread: boolean }>("node:worker_threads");
  if (child === undefined || threads?.isMainThread !== true) return;
  upon(sleep(ORPHANED, { unref: true }), () => child.exit(1));
}

/** The task of `main`. */
class Run implements Hosted {
  readonly task: Task<unknown>;
  inner: Task<unknown> | null;
  private readonly _controller: AbortController;

  constructor(body: (hosted: Hosted) => unknown) {
    this._controller = new AbortController();
    this.inner = null;
    this.task = go(host("main", body as never), this);
  }

  get signal(): AbortSignal {
    return this._controller.signal;
  }

  begin(): void {}

  cancel(): void {
    this._controller.abort();
    this.task.cancel("The worker was asked to stop");
    this.inner?.cancel();
  }
}

/** The connection as `main` sees it: the names that `main` serves are counted. */
class Counting implements Connection {
  private _count: number;
  private readonly _waiting: Waiters;
  private readonly _connection: Connection;

  constructor(connection: Connection) {
    this._count = 0;
    this._waiting = new Waiters();
    this._connection = connection;
  }

  /** Waits until no name is served. */
  unserved(): Operation<void> {
    return new Until({
      waiting: this._waiting,
      what: `the end of what is served to ${this.name}`,
      holds: () => this._count === 0,
    });
  }

  get name(): string {
    return this._connection.name;
  }

  get closed(): boolean {
    return this._connection.closed;
  }

  channel<U>(name: string, options?: RemoteChannelOptions<U>): Channel<U> {
    return this._connection.channel(name, options);
  }

  serve<Q, R>(name: string, handle: Handle<Q, R>, options?: ServeOptions<R, Q>): Disposable {
    const served = this._connection.serve(name, handle, options);
    this._count++;
    let over = false;
    return {
      [Symbol.dispose]: () => {
        served[Symbol.dispose]();
        if (over) return;
        over = true;
        if (--this._count === 0) this._waiting.completeAll(undefined);
      },
    };
  }

  ask<Q, R>(name: string, question: Q, options?: AskOptions<Q>): Operation<R> {
    return this._connection.ask(name, question, options);
  }

  whenClosed(): Operation<Exit> {
    return this._connection.whenClosed();
  }

  close(reason?: unknown): void {
    this._connection.close(reason);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }
}

function nothing(): void {}

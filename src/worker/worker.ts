import type { Operation, Routine } from "../operation/operation.js";
import { upon } from "../operation/upon.js";
import { Waiters } from "../operation/waiters.js";
import type { Connection } from "../remote/connection.js";
import { Until } from "../remote/until.js";
import { assertOptions } from "../structures/arguments.js";
import { shown } from "../structures/errors.js";
import { named } from "../structures/named.js";
import { readable } from "../structures/readable.js";
import { Ending, type Exit, exitOf, KILLED, nothing, reasonOf, Stop, type Stoppable } from "../supervise/exit.js";
import type { BodyContent, Home, Owner } from "../supervise/spec.js";
import type { Child, ChildContext, ChildOptions } from "../supervise/types.js";
import { go } from "../task/go.js";
import type { Task } from "../task/task.js";
import { sleep } from "../time/sleep.js";
import { Life } from "./life.js";
import { nameOf } from "./spawn.js";
import type { Worker, WorkerExit, WorkerOptions, WorkerSource } from "./types.js";

/**
 * Starts a thread or a process whose file calls {@link expose}, and connects to it.
 *
 * As a child of a supervisor it is started, restarted and stopped by the supervisor. Pass it to `supervise()` where it is made. It
 * has started when its file has called `expose`. Code that computes without a pause cannot be asked to stop, and is killed when its
 * grace is over.
 *
 * The process stays alive until the worker has ended. Stop it, or declare it with `await using`.
 *
 * @param source - The address of the file, or a function that starts the worker.
 * @throws TypeError if an option is wrong.
 * @example
 * ```ts
 * import { worker } from "millrace/worker";
 *
 * const file = `
 *   import { expose } from "${import.meta.resolve("millrace/worker")}";
 *   expose(function* (connection) {
 *     const numbers = connection.channel("numbers");
 *     for (let n; typeof (n = yield* numbers.receive()) === "number"; ) yield* numbers.send(n * n);
 *   });
 * `;
 * const squares = worker(new URL(`data:text/javascript,${encodeURIComponent(file)}`));
 * const numbers = squares.connection.channel<number>("numbers");
 * await numbers.send(12);
 * console.log(await numbers.receive()); // 144
 * await squares.stop();
 * ```
 */
export function worker<T = unknown>(source: WorkerSource, options: WorkerOptions = {}): Worker<T> {
  assertOptions("start worker", options);
  const { kind } = options;
  if (kind !== undefined && kind !== "thread" && kind !== "process")
    throw new TypeError(`Cannot start worker: kind must be "thread" or "process", got ${JSON.stringify(kind)}`);
  return new Hired<T>(source, options);
}

/** The workers that are children. */
const children = /* @__PURE__ */ new WeakMap<Child, Worker>();

/**
 * Returns the worker that runs in a child of a supervisor, such as one of which the supervisor was given the address alone. It stays the
 * same when the child is restarted. Undefined before the child has begun to start, and for a child that is no worker.
 *
 * @typeParam T - What `main` of the worker returns.
 * @example
 * ```ts
 * import { supervise } from "millrace/supervise";
 * import { workerOf } from "millrace/worker";
 *
 * const file = `
 *   import { expose } from "${import.meta.resolve("millrace/worker")}";
 *   expose((connection) => void connection.serve("square", (n) => n * n));
 * `;
 * const tree = supervise({ squares: { worker: new URL(`data:text/javascript,${encodeURIComponent(file)}`) } });
 * await tree.ready();
 * const squares = workerOf(tree.child("squares")!)!;
 * console.log(await squares.connection.ask("square", 12)); // 144
 * await tree.stop();
 * ```
 */
export function workerOf<T = unknown>(child: Child): Worker<T> | undefined {
  if (typeof child === "object" && child !== null) return children.get(child) as Worker<T> | undefined;
  throw new TypeError(`Cannot find worker: child must be a child of a supervisor, got ${shown(child)}`);
}

class Hired<T> implements Worker<T>, Owner, Stoppable {
  readonly name: string;
  readonly ending: Ending;
  private readonly _source: WorkerSource;
  private readonly _options: WorkerOptions;
  private readonly _waiting: Waiters;
  private _life: Life<T> | null;
  private _task: Task<T> | null;
  private _home: Home | null;
  private _begun: boolean;
  /** Whether code was told that it cannot start. */
  private _refused: boolean;
  private _runs: boolean;
  private _killed: boolean;
  private _stopped: { readonly reason: unknown } | null;

  constructor(source: WorkerSource, options: WorkerOptions) {
    this.name = options.name ?? nameOf(source);
    this._source = source;
    this._options = options;
    this.ending = new Ending(() => this._task);
    this._waiting = new Waiters();
    this._life = null;
    this._task = null;
    this._home = null;
    this._begun = this._refused = this._runs = this._killed = false;
    this._stopped = null;
    readable(this, () => `Worker ${this.name}${this.exit === null ? "" : ` ${this.exit.kind}`}`);
    // One that is passed to a supervisor in this step is started there.
    void Promise.resolve().then(() => {
      if (!this._refused) this._ready();
    });
  }

  get exit(): Exit | null {
    return this.ending.exit;
  }

  /** The connection, if it runs. */
  get current(): Connection | null {
    return this._runs ? this._life!.connection : null;
  }

  get connection(): Connection {
    this._ready();
    if (this._life !== null) return this._life.connection;
    throw new Error(`Cannot connect to worker ${this.name}: it must have been started; wait for connected()`);
  }

  connected(): Operation<Connection> {
    this._ready();
    return new Until({
      waiting: this._waiting,
      what: `the start of worker ${this.name}`,
      holds: () => this.current !== null || this.exit !== null,
      result: () => {
        const { current } = this;
        if (current === null) throw this.reason;
        return current;
      },
    });
  }

  exited(): Operation<WorkerExit<T>> {
    this._ready();
    return this.ending.wait(`worker ${this.name}`) as Operation<WorkerExit<T>>;
  }

  stop(reason?: unknown): Operation<WorkerExit<T>> {
    this._ready();
    return new Stop(this, `worker ${this.name}`, reason) as Operation<Exit> as Operation<WorkerExit<T>>;
  }

  kill(): void {
    if (!this._runs) return;
    this._killed = true;
    this._life!.kill();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  halt(reason: unknown): void {
    if (this.exit !== null) return;
    if (this._home !== null) {
      upon(this._home.terminate(), nothing, nothing);
      return;
    }
    if (this._stopped !== null) return;
    this._stopped = { reason };
    const task = this._task!;
    const { shutdown = 5000 } = this._options;
    const force = (): void => {
      this._killed = true;
      task.cancel(undefined, { force: true });
    };
    if (shutdown === "kill" || shutdown === 0) force();
    else {
      task.cancel(reason);
      if (shutdown === "infinity") return;
      const grace = upon(sleep(shutdown), force);
      upon(task.whenOver(), () => grace[Symbol.dispose]());
    }
  }

  asChild(): ChildOptions & { readonly content: BodyContent } {
    if (this._begun)
      throw new TypeError(
        `Cannot supervise: worker ${this.name} must not run or be a child already; pass it to supervise() where it is made`,
      );
    this._begun = true;
    const { kind: _, name: __, limits: ___, host: ____, ...options } = this._options;
    const owner = this;
    const body = function* (context: ChildContext): Routine<unknown> {
      children.set(context.self, owner);
      return yield* owner._begin().run(context.ready);
    };
    return { ...options, startUp: "ready", content: { kind: "body", body, owner } };
  }

  adopted(home: Home): void {
    this._home = home;
    this.ending.exit = null;
  }

  ended(): void {
    this._runs = false;
  }

  over(exit: Exit): void {
    this._runs = false;
    this.ending.end(exit);
    this._waiting.completeAll(undefined);
  }

  /** Why there is no connection any more. */
  get reason(): unknown {
    return reasonOf(this.exit!, `Worker ${this.name}`);
  }

  /** Starts it unless it is, or is a child. */
  private _ready(): void {
    if (this._begun) return;
    this._assertAlone();
    this._begun = true;
    const life = this._begin();
    const task = go(
      named(`worker ${this.name}`, function* (): Routine<T> {
        return yield* life.run(nothing);
      }),
    );
    this._task = task;
    this.ending.begun();
    upon(task.whenOver(), () => {
      // A task that is cancelled before its first turn has run no `finally`.
      life.end();
      const exit = exitOf(task);
      if (this._killed) this.over(KILLED);
      else
        this.over(exit.kind === "cancelled" && this._stopped !== null ? { kind: "cancelled", ...this._stopped } : exit);
    });
  }

  /** Throws for the options that only a supervisor heeds. */
  private _assertAlone(): void {
    const option = OF_CHILDREN.find((key) => this._options[key] !== undefined);
    if (option === undefined) return;
    this._refused = true;
    throw new TypeError(
      `Cannot start worker ${this.name}: ${option} is an option of a child; pass the worker to supervise() where it is made, or leave ${option} out`,
    );
  }

  private _begin(): Life<T> {
    const life = new Life<T>(this._source, this._options, this.name);
    this._life = life;
    this._runs = true;
    this._killed = false;
    this._waiting.completeAll(undefined);
    return life;
  }
}

/** The options that mean nothing for a worker that stands alone. */
const OF_CHILDREN = ["restart", "backoff", "significant"] as const;

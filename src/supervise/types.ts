// The public interfaces of supervisors: what is supervised, and what a supervisor answers.

import type { ReceiveChannel, SendChannel } from "../channel/ends.js";
import type { Scope } from "../lifetime/scope.js";
import type { AsyncRoutine, Operation, Routine } from "../operation/operation.js";
import type { Exit } from "./exit.js";

/** When a child is started again. */
export type Restart = "permanent" | "transient" | "temporary";

/** Which children are restarted when one fails. */
export type Strategy = "one-for-one" | "one-for-all" | "rest-for-one";

/** What counts as the start of a child. */
export type StartUp = "first-park" | "ready";

/** The delays between the attempts to restart a child. */
export interface Backoff {
  /** Milliseconds before the first restart. */
  readonly min: number;
  /** The longest delay in milliseconds, before `jitter` is added. */
  readonly max: number;
  /** The factor by which each further delay is longer; 2 by default. */
  readonly factor?: number;
  /** The largest random share that is added to a delay, so that children that failed together do not return together; 0 by default. */
  readonly jitter?: number;
  /** Milliseconds without a failure after which the next delay is `min` again; `(min + max) / 2` by default. */
  readonly resetAfter?: number;
}

/** What the body of a child gets. */
export interface ChildContext {
  /** Tells the supervisor that the child has started. Needed where `startUp` is `"ready"`. */
  ready(): void;
  /** Aborted when the child is asked to stop, and when it has ended. */
  readonly signal: AbortSignal;
  readonly self: Child;
  /** 1 for the first start, 2 after the first restart. */
  readonly incarnation: number;
}

/** What runs in a child: a `function*`, an `async function*`, or a function that returns a promise or an operation. */
export type ChildBody = (
  context: ChildContext,
) => Routine<unknown> | AsyncRoutine<unknown> | PromiseLike<unknown> | Operation<unknown>;

/** How a child is treated, whatever it runs. */
export interface ChildOptions {
  /**
   * `"permanent"` (default): restarted whenever it ends. `"transient"`: restarted after a failure. `"temporary"`: never
   * restarted, and forgotten when it has ended.
   */
  readonly restart?: Restart;
  /**
   * What happens when the child is stopped. A number (5000 by default): it is asked to stop, and ended by force after so many
   * milliseconds. `"infinity"` (default for trees): it is waited for. `"kill"`: it is ended by force at once.
   */
  readonly shutdown?: number | "infinity" | "kill";
  /** Delays before restarts. Without it a child is restarted at once. */
  readonly backoff?: Backoff;
  /** Whether its end may end the supervisor, see `autoShutdown`. Not for `"permanent"` children. */
  readonly significant?: boolean;
  /**
   * `"first-park"` (default): the child has started once it first parks, or ends well. `"ready"`: once it calls `ready()`.
   */
  readonly startUp?: StartUp;
}

/** A child that runs a body. */
export interface ChildSpec extends ChildOptions {
  readonly body: ChildBody;
}

/** A child that is a supervisor with children of its own. */
export interface TreeSpec extends ChildOptions {
  readonly children: Children;
  readonly options?: TreeOptions;
}

/** The body of the children of a pool, which gets the arguments of `start` after the context. */
export type TemplateBody<A extends unknown[]> = (
  context: ChildContext,
  ...args: A
) => Routine<unknown> | AsyncRoutine<unknown> | PromiseLike<unknown> | Operation<unknown>;

/** How the children of a pool are treated. */
export interface PoolTreeOptions extends Omit<ChildOptions, "significant">, Pick<TreeOptions, "intensity" | "period"> {
  /** The most children at a time, those that wait for a restart included; no limit by default. */
  readonly max?: number;
}

/** A child that is a pool. What its `child(id).pool` starts has this body. */
export interface PoolSpec extends ChildOptions {
  readonly template: TemplateBody<never[]>;
  readonly options?: PoolTreeOptions;
}

/** A child that is an actor. The actor keeps its mailbox when it is restarted. */
export interface ActorSpec extends ChildOptions {
  readonly actor: Actor<never>;
}

/**
 * Something that receives messages: a channel for sending, whose mailbox one task reads. Made by {@link actor}.
 *
 * @typeParam M - The type of the messages.
 */
export interface Actor<in M> extends SendChannel<M> {
  readonly name: string;
  /** Waits for the end of the actor. Never throws. An actor that is restarted has not ended. */
  exited(): Operation<Exit>;
  /**
   * Stops the actor: its task is cancelled, and messages in its mailbox are discarded. To let it handle them first, use `close()`.
   *
   * Parks until its `finally` blocks have run. Yields: how it ended, at once if it has ended before.
   */
  stop(reason?: unknown): Operation<Exit>;
}

/** What is made elsewhere and can be a child, such as a worker of `millrace/worker`. */
export interface Supervisable {
  /** Called by the supervisor that it is passed to. Returns how it is treated. */
  asChild(): ChildOptions;
}

/** A child that is a thread or a process: the address of its file, or what `worker()` of `millrace/worker` has made. */
export interface WorkerSpec extends ChildOptions {
  readonly worker: URL | string | Supervisable;
}

/** A child in any form. A body stands for a {@link ChildSpec} with the defaults. */
export type AnyChild =
  | ChildSpec
  | ChildBody
  | TreeSpec
  | PoolSpec
  | ActorSpec
  | Actor<never>
  | WorkerSpec
  | Supervisable;

/** The children of a supervisor by their ids, in the order in which they start. */
export type Children = Readonly<Record<string, AnyChild>>;

/** Options of a supervisor, also of one that is a child. */
export interface TreeOptions {
  /**
   * `"one-for-one"` (default): a child that fails is restarted alone. `"one-for-all"`: all children are stopped and started again.
   * `"rest-for-one"`: the child and all that started after it.
   */
  readonly strategy?: Strategy;
  /** How many restarts are allowed within `period`; 1 by default. One more, and the supervisor gives up. */
  readonly intensity?: number;
  /** Milliseconds over which restarts are counted; 5000 by default. */
  readonly period?: number;
  /** Whether the supervisor ends when `significant` children have ended for good; `"never"` by default. */
  readonly autoShutdown?: "never" | "any-significant" | "all-significant";
  /** The default for its children. */
  readonly startUp?: StartUp;
}

/** Options of the outermost supervisor of a tree. */
export interface OutermostOptions {
  /** The name in reports, errors and the names of tasks; `supervisor` by default. */
  readonly name?: string;
  /**
   * The scope that the supervisor belongs to. The scope waits for it, cancelling the scope stops the tree in order, and a tree
   * that gives up fails the scope. Without it the supervisor is a task of its own, as with `go`.
   */
  readonly scope?: Pick<Scope, "go">;
}

/** Options of {@link supervise}. */
export interface SuperviseOptions extends TreeOptions, OutermostOptions {}

/** Options of {@link pool}. */
export interface PoolOptions extends PoolTreeOptions, OutermostOptions {}

export type ChildStatus = "starting" | "running" | "restarting" | "stopped";

/** A place in a supervisor. It stays the same when what runs in it is restarted. */
export interface Child {
  readonly id: string;
  readonly status: ChildStatus;
  /** How often it was restarted. */
  readonly restarts: number;
  /** The supervisor that runs in it, if it is a tree. A restart makes a new one. */
  readonly tree?: Supervisor;
  /** The pool that runs in it, if it is one. A restart makes a new one. */
  readonly pool?: Pool<unknown[]>;
  /**
   * Ends what runs in it by force, as a fault would: the supervisor takes it for a failure. For tests of what happens then; to stop
   * a child use `terminate` of its supervisor.
   */
  kill(): void;
  /** Waits for the end of its present incarnation, or yields how the last one ended. Never throws. */
  exited(): Operation<Exit>;
}

/** How many children there are: `specs` in all, `active` of them running; `supervisors` are trees, the others `workers`. */
export interface Count {
  readonly specs: number;
  readonly active: number;
  readonly supervisors: number;
  readonly workers: number;
}

/** What happened to a child. `path` holds the ids from the outermost supervisor to the child. */
export type SupervisorEvent = {
  readonly id: string;
  readonly path: readonly string[];
  /** The time of the event, as of `now()`. */
  readonly at: number;
} & (
  | { readonly type: "started"; readonly incarnation: number }
  | { readonly type: "exited"; readonly incarnation: number; readonly exit: Exit }
  | { readonly type: "restarting"; readonly delay: number; readonly restarts: number }
  | { readonly type: "gave-up"; readonly reason: "max-restarts"; readonly error: unknown }
  | { readonly type: "shutdown-error"; readonly exit: Exit }
);

/** What a supervisor and a pool have in common. */
export interface Keeping extends AsyncDisposable {
  readonly name: string;
  /** The children, the youngest first. */
  children(): Child[];
  count(): Count;
  /** What happens in the tree, for logs. It holds the last 1024 events, and closes when the supervisor has ended. */
  readonly events: ReceiveChannel<SupervisorEvent>;
  /**
   * Stops the children, each within its grace, and ends the supervisor: in reverse order, or all at once in a pool.
   *
   * Parks when: a child is running. Yields: how the supervisor ended. If cancelled: the tree is stopped all the same.
   */
  stop(reason?: unknown): Operation<Exit>;
  /** Waits for the end of the supervisor. Never throws. A supervisor that gave up has the kind `"cancelled"`. */
  exited(): Operation<Exit>;
}

/** Starts children, restarts them when they fail, and stops them in order. Made by {@link supervise}. */
export interface Supervisor extends Keeping {
  /**
   * Waits until all children have started.
   *
   * Parks when: a child is starting. Yields: nothing. If a child does not start: throws a {@link StartError}, after the children
   * before it have been stopped. If the supervisor was stopped before: throws a `CancelledError`. If cancelled: it stops waiting.
   */
  ready(): Operation<void>;
  /**
   * Adds a child at the end and starts it.
   *
   * Parks until the child has started. Yields: the child. If it does not start: throws a {@link StartError}, and the id is free
   * again. If the id is taken: throws a {@link ChildError}, `"already-started"` or `"already-present"`. If cancelled before the
   * supervisor has begun: nothing is started.
   */
  start(id: string, child: AnyChild): Operation<Child>;
  /**
   * Stops a child, and keeps its spec for `restart`; a temporary child is forgotten. A child that is waiting for a restart is not
   * restarted any more. An unknown id: throws a {@link ChildError}, `"not-found"`.
   */
  terminate(id: string): Operation<void>;
  /**
   * Starts a child that has ended or was terminated. Throws a {@link ChildError}: `"running"`, `"restarting"`, `"not-found"`; or a
   * {@link StartError}.
   */
  restart(id: string): Operation<Child>;
  /** Forgets a child that is not running. Throws a {@link ChildError}: `"running"`, `"restarting"`, `"not-found"`. */
  remove(id: string): Operation<void>;
  child(id: string): Child | undefined;
}

/** Children of one body, made by {@link pool}. A child that is not restarted is forgotten. */
export interface Pool<in A extends unknown[]> extends Keeping {
  /**
   * Starts a child with these arguments, which it also gets when it is restarted.
   *
   * Parks until the child has started. Yields: the child. If it does not start: throws a {@link StartError}. If there are `max`
   * children: throws a {@link ChildError}, `"max-children"`. If cancelled before the pool has begun: nothing is started.
   */
  start(...args: A): Operation<Child>;
  /** Stops a child of the pool and forgets it. Throws a {@link ChildError}, `"not-found"`, if it is no child of the pool. */
  terminate(child: Child): Operation<void>;
}

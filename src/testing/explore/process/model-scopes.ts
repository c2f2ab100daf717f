// Scopes while a program is unfolded. As on the scheduler, a scope is a task, which starts the body of the scope and waits until
// all tasks in the scope are over. Its code runs in the sandbox like any other; whatever it reads or changes is a plain call. Which
// tasks are in a scope is fixed, and recorded in the sandbox; what has become of the scope is part of the state.

import { Choice } from "../../../choice/choice.js";
import { select } from "../../../choice/select.js";
import { late, type Scope, type ScopeOptions } from "../../../lifetime/scope.js";
import { type AsyncRoutine, Mapped, type Operation, type Routine } from "../../../operation/operation.js";
import { scheduler } from "../../../scheduler/scheduler.js";
import { nameOf } from "../../../structures/named.js";
import type { Body, Task } from "../../../task/task.js";
import { type AnyWork, bodyOf } from "../../../task/work.js";
import { sleep } from "../../../time/sleep.js";
import { ABORT_SCOPE, CANCEL_SCOPE, FAIL_SCOPE, JOIN_SCOPE, SCOPE_ENDED } from "./cases.js";
import type { PlainCalls } from "./model-objects.js";
import { Offer } from "./operation-cases.js";

/** What the end of a scope yields: the outcome of the scope; or its failure, and nothing if it has not failed. */
export const OUTCOME = 0;
export const FAILURE = 1;

/** What a scope asks of the sandbox. */
export interface Scopes extends PlainCalls {
  start<T>(body: Body<never, T>, args: unknown[], region?: number): Task<T>;
  region(): RegionModel;
  signal(region: RegionModel): AbortSignal;
}

/** What is fixed about a group: the lock whose permits are its places, and whether a failure goes to the code that joins the task. */
export interface GroupFacts {
  readonly lock: number;
  readonly supervises: boolean;
}

export type ScopeBody<T> = (scope: Scope) => Routine<T> | AsyncRoutine<T>;

/** One performance of a scope: what its body is given. */
export class RegionModel implements Scope {
  readonly index: number;
  /** The task that the scope is; and the tasks in it, of which the first runs its body. */
  readonly owner: number;
  readonly members: number[];
  /** The scope in which that is made what its tasks make: itself, but for tasks that a combinator has started. */
  readonly home: number;
  /** What else is fixed about it if it is a group; null for a scope. */
  readonly group: GroupFacts | null;
  private readonly _sandbox: Scopes;

  constructor(sandbox: Scopes, index: number, owner: number, home: number = index, group: GroupFacts | null = null) {
    this.index = index;
    this.owner = owner;
    this.home = home;
    this.group = group;
    this.members = [];
    this._sandbox = sandbox;
    this.go = this.go.bind(this);
    this.cancel = this.cancel.bind(this);
  }

  go<A extends unknown[], T>(body: AnyWork<T, A>, ...args: A): Task<T> {
    return this._sandbox.start<T>(bodyOf(body) as Body<never, T>, args, this.index);
  }

  get signal(): AbortSignal {
    return this._sandbox.signal(this);
  }

  cancel(reason?: unknown): void {
    this._call(CANCEL_SCOPE, reason, "cancel a scope");
  }

  abort(): void {
    this._call(ABORT_SCOPE, undefined, "cancel a scope");
  }

  fail(error: unknown): void {
    this._call(FAIL_SCOPE, error, "end a scope that is late");
  }

  /** Waits until all tasks in it are over. */
  end(yields: number): Operation<unknown> {
    return new Offer(SCOPE_ENDED, this.index, yields, "the end of a scope", this._sandbox.queued);
  }

  private _call(kind: number, argument: unknown, text: string): void {
    this._sandbox.call(new Offer(kind, this.index, argument, text, this._sandbox.queued));
  }
}

/** The operation that performs a scope: the task of the scope starts when the operation is tried, or announced. */
export class ScopeModel<T> extends Offer<T> {
  private readonly _sandbox: Scopes;
  private readonly _body: ScopeBody<T>;
  private readonly _options: ScopeOptions;

  constructor(sandbox: Scopes, body: ScopeBody<T>, options: ScopeOptions) {
    super(JOIN_SCOPE, -1, null, "the end of a scope", sandbox.queued);
    this._sandbox = sandbox;
    this._body = body;
    this._options = options;
    if (options.signal !== undefined) sandbox.unmodelled("a scope has the signal of something else");
  }

  override poll(): boolean {
    this.startTask();
    return false;
  }

  startTask(): void {
    // In an async body it is not polled.
    scheduler.notices?.used(this);
    const task = this._sandbox.start(supervisor.scope as Body<never, unknown>, [
      this._sandbox,
      this._body,
      this._options,
    ]);
    this.target = (task as Task<unknown> & { readonly index: number }).index;
  }
}

/** Starts the tasks of the scopes in an operation: in an async body, operations are not tried before they park. */
export function startScopes(operation: Operation<unknown>): void {
  if (operation instanceof ScopeModel) operation.startTask();
  else if (operation instanceof Mapped) startScopes(operation.inner);
  else if (operation instanceof Choice) for (const part of operation.parts) startScopes(part);
}

/** The body of the task that a scope is, named for reports. */
const supervisor = {
  *scope(sandbox: Scopes, body: ScopeBody<unknown>, { deadline }: ScopeOptions): Routine<unknown> {
    const region = sandbox.region();
    region.go(body, region);
    let over = false;
    try {
      const outcome = yield* deadline === undefined ? region.end(OUTCOME) : endInTime(region, deadline, body);
      over = true;
      return outcome;
    } catch (error) {
      over = true;
      throw error;
    } finally {
      if (!over) {
        if (deadline !== undefined) sandbox.unmodelled("a scope with a deadline is cancelled from outside");
        region.abort();
        yield* region.end(FAILURE);
      }
    }
  },
};

function* endInTime(region: RegionModel, deadline: number, body: Function): Routine<unknown> {
  const { key, value } = yield* select({ end: region.end(OUTCOME), late: sleep(deadline) });
  if (key === "end") return value;
  region.fail(late(deadline, nameOf(body, "")));
  return yield* region.end(OUTCOME);
}

/** The part of the state that a scope has. */
export interface RegionState {
  /** The ids of the errors of tasks that failed, in order. */
  readonly failures: readonly number[];
  /** The id of the reason that it was cancelled for; -1 if it was not. */
  readonly reason: number;
  /** Of a group: whether a caller has got the failures. */
  readonly told: boolean;
}

/** The states of scopes, interned: 0 is the state of a scope to which nothing has happened. */
export class RegionStates {
  private readonly _states: RegionState[];
  private readonly _ids: Map<string, number>;

  constructor() {
    this._states = [];
    this._ids = new Map();
    this.idOf({ failures: [], reason: -1, told: false });
  }

  at(id: number): RegionState {
    return this._states[id]!;
  }

  idOf(state: RegionState): number {
    const key = `${state.failures.join()}|${state.reason}|${state.told}`;
    let id = this._ids.get(key);
    if (id === undefined) this._ids.set(key, (id = this._states.push(state) - 1));
    return id;
  }
}

/** Whether a scope is about to end: all tasks in it have been cancelled, and none may be started in it. */
export const isEnding = ({ failures, reason }: RegionState): boolean => failures.length > 0 || reason !== -1;

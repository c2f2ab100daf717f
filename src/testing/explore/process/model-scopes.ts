// What a program gets in place of scopes while it is explored. Who is in a scope is known by the stage, and what has become of
// them by the state; a scope's own task does what it does outside, with plain calls for what it changes.

import { Choice } from "../../../choice/choice.js";
import { select } from "../../../choice/select.js";
import { late, type Scope, type ScopeOptions } from "../../../lifetime/scope.js";
import { type AsyncRoutine, Mapped, type Operation, type Routine } from "../../../operation/operation.js";
import type { Body, Task } from "../../../task/task.js";
import { sleep } from "../../../time/sleep.js";
import { ABORT_SCOPE, CANCEL_SCOPE, FAIL_SCOPE, JOIN_SCOPE, SCOPE_ENDED } from "./cases.js";
import type { Calls } from "./model-objects.js";
import { Offer } from "./operation-cases.js";

/** What a scope yields: its outcome, or nothing but its failure. */
export const OUTCOME = 0;
export const FAILURE = 1;

/** What a scope asks of a stage. */
export interface Scopes extends Calls {
  start<T>(body: Body<never, T>, args: unknown[], region?: number): Task<T>;
  region(): RegionModel;
}

export type ScopeBody<T> = (scope: Scope) => Routine<T> | AsyncRoutine<T>;

/** One performance of a scope. */
export class RegionModel implements Scope {
  readonly index: number;
  /** The task that the scope is, and the tasks in it; the first is its body. */
  readonly owner: number;
  readonly members: number[];
  private readonly _stage: Scopes;

  constructor(stage: Scopes, index: number, owner: number) {
    this.index = index;
    this.owner = owner;
    this.members = [];
    this._stage = stage;
    this.go = this.go.bind(this);
  }

  go<A extends unknown[], T>(body: Body<A, T>, ...args: A): Task<T> {
    return this._stage.start<T>(body as Body<never, T>, args, this.index);
  }

  get signal(): AbortSignal {
    return this._stage.unmodelled("it takes the signal of a scope");
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

  /** Waits for the end of all that is in it. */
  end(yields: number): Operation<unknown> {
    return new Offer(SCOPE_ENDED, this.index, yields, "the end of a scope", this._stage.queued);
  }

  private _call(kind: number, operand: unknown, text: string): void {
    this._stage.call(new Offer(kind, this.index, operand, text, this._stage.queued));
  }
}

/** Performs a scope: its task starts with it. */
export class ScopeModel<T> extends Offer<T> {
  private readonly _stage: Scopes;
  private readonly _body: ScopeBody<T>;
  private readonly _options: ScopeOptions;

  constructor(stage: Scopes, body: ScopeBody<T>, options: ScopeOptions) {
    super(JOIN_SCOPE, -1, null, "the end of a scope", stage.queued);
    this._stage = stage;
    this._body = body;
    this._options = options;
    if (options.signal !== undefined) stage.unmodelled("a scope has the signal of something else");
  }

  override poll(): boolean {
    this.begin();
    return false;
  }

  begin(): void {
    const task = this._stage.start(supervisor.scope as Body<never, unknown>, [this._stage, this._body, this._options]);
    this.target = (task as Task<unknown> & { readonly index: number }).index;
  }
}

/** In an async body operations are not tried before they park: begins the scopes among them. */
export function beginScopes(operation: Operation<unknown>): void {
  if (operation instanceof ScopeModel) operation.begin();
  else if (operation instanceof Mapped) beginScopes(operation.inner);
  else if (operation instanceof Choice) for (const part of operation.parts) beginScopes(part);
}

/** The task that a scope is. Named for what reports show. */
const supervisor = {
  *scope(stage: Scopes, body: ScopeBody<unknown>, { deadline }: ScopeOptions): Routine<unknown> {
    const region = stage.region();
    region.go(body, region);
    let over = false;
    try {
      const outcome = yield* deadline === undefined ? region.end(OUTCOME) : inTime(region, deadline);
      over = true;
      return outcome;
    } catch (error) {
      over = true;
      throw error;
    } finally {
      if (!over) {
        if (deadline !== undefined) stage.unmodelled("a scope with a deadline is cancelled from outside");
        region.abort();
        yield* region.end(FAILURE);
      }
    }
  },
};

function* inTime(region: RegionModel, deadline: number): Routine<unknown> {
  const { key, value } = yield* select({ end: region.end(OUTCOME), late: sleep(deadline) });
  if (key === "end") return value;
  region.fail(late(deadline));
  return yield* region.end(OUTCOME);
}

/** What has become of a scope. */
export interface RegionState {
  /** Failures as values, in order. */
  readonly failures: readonly number[];
  /** Why it was cancelled, as a value; -1 if it was not. */
  readonly reason: number;
  readonly aborted: boolean;
}

/** What has become of scopes, as numbers: 0 while nothing has. */
export class RegionStates {
  private readonly _states: RegionState[];
  private readonly _ids: Map<string, number>;

  constructor() {
    this._states = [];
    this._ids = new Map();
    this.idOf({ failures: [], reason: -1, aborted: false });
  }

  at(id: number): RegionState {
    return this._states[id]!;
  }

  idOf(state: RegionState): number {
    const key = `${state.failures.join()}|${state.reason}|${state.aborted}`;
    let id = this._ids.get(key);
    if (id === undefined) this._ids.set(key, (id = this._states.push(state) - 1));
    return id;
  }
}

/** Whether a scope goes to its end: nothing is started in it any more, and what is in it has been cancelled. */
export const isEnding = ({ failures, reason }: RegionState): boolean => failures.length > 0 || reason !== -1;

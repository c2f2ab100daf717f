// Groups while a program is unfolded. A group is a scope without a body: its tasks are those of a region, whose first failure cancels
// the others. Its places are the permits of a lock, which a task takes as it starts another, and which come back in the step in
// which that ends.
//
// A failure belongs to the code that uses the group. The model knows that code only if it is the task that made the group.

import type { Operation } from "../../../operation/operation.js";
import type { Body, Task } from "../../../task/task.js";
import { type AnyWork, assertWork, bodyOf } from "../../../task/work.js";
import { CANCEL_SCOPE, ENTER_GROUP, GROUP_ENDED } from "./cases.js";
import { type PlainCalls, yielded } from "./model-objects.js";
import type { GroupFacts, RegionModel } from "./model-scopes.js";
import { Offer } from "./operation-cases.js";

/** What `group` is given. */
export interface GroupParts {
  readonly limit?: number;
  readonly signal?: AbortSignal;
  readonly failures?: "group" | "joiner";
}

/** What groups ask of the sandbox. */
export interface Groups extends PlainCalls {
  /** Gives the program up if the running task may be cancelled before it starts a task, or if the group checks for its deadlock. */
  assertMayEnter(region: RegionModel): void;
  startIn<T>(body: Body<never, T>, args: unknown[], region: RegionModel): Task<T>;
}

/** What a group throws whose tasks have failed. */
export function failureOfGroup(failures: readonly unknown[]): unknown {
  const [first] = failures;
  const { length } = failures;
  if (length === 1) return first;
  return new AggregateError(failures, `${length} tasks of a group failed: ${first}`, { cause: first });
}

export class GroupModel {
  readonly region: RegionModel;
  private readonly _facts: GroupFacts;
  private readonly _calls: Groups;

  constructor(calls: Groups, region: RegionModel, facts: GroupFacts) {
    this.region = region;
    this._facts = facts;
    this._calls = calls;
  }

  go<A extends unknown[], T>(body: AnyWork<T, A>, ...args: A): Operation<{ readonly task: Task<T> }> {
    assertWork("start go block in group", "body", body);
    return this._entering().map(() => ({ task: this._start(body, args) }));
  }

  tryGo<A extends unknown[], T>(body: AnyWork<T, A>, ...args: A): Task<T> | undefined {
    assertWork("start go block in group", "body", body);
    const entered = this._calls.attempt(this._entering());
    if (entered === null) return undefined;
    yielded(entered);
    return this._start(body, args);
  }

  wait(): Operation<unknown> {
    return this._offer(GROUP_ENDED, undefined, "the end of a group");
  }

  cancel(reason?: unknown): void {
    this._calls.call(this._offer(CANCEL_SCOPE, reason, "cancel a group"));
  }

  get signal(): AbortSignal {
    return this.region.signal;
  }

  [Symbol.asyncDispose](): never {
    return this._calls.unmodelled("a group is disposed of");
  }

  private _entering(): Offer<unknown> {
    this._calls.assertMayEnter(this.region);
    return this._offer(ENTER_GROUP, this._facts.lock, "a free place in a group");
  }

  private _start<A extends unknown[], T>(body: AnyWork<T, A>, args: A): Task<T> {
    return this._calls.startIn<T>(bodyOf(body) as Body<never, T>, args, this.region);
  }

  private _offer(kind: number, argument: unknown, text: string): Offer<unknown> {
    return new Offer<unknown>(kind, this.region.index, argument, text, this._calls.queued);
  }
}

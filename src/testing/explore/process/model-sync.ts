// Tools of `sync/` while a program is unfolded, built from what the model has: shared calls of a cell and tasks, barriers of tasks that
// wait for each other, and rate limiters of permits that come back with time.
//
// Each of their operations is a routine of operations and plain calls. So it can be performed with `yield*` in a sync block, but is no
// case of a choice.

import type { Operation, Parked, Routine } from "../../../operation/operation.js";
import { Operation as Performable, type WaitsFor } from "../../../operation/operation.js";
import { scheduler } from "../../../scheduler/scheduler.js";
import { named } from "../../../structures/named.js";
import type { Body, Task } from "../../../task/task.js";
import { type Settleable, settle } from "../../../task/work.js";
import { sleep } from "../../../time/sleep.js";
import type { Cell } from "../../program/cell.js";
import { Round } from "../../program/loop.js";
import { ARRIVE, LEAVE_BARRIER } from "./cases.js";
import type { LockModel } from "./model-locks.js";
import type { PlainCalls } from "./model-objects.js";
import { Offer } from "./operation-cases.js";

/** What tools ask of the sandbox. */
export interface ToolCalls extends PlainCalls {
  start<T>(body: Body<never, T>, args: unknown[]): Task<T>;
  cell<T>(initial: T): Cell<T>;
  lock(kind: string, name: string | undefined, total: number, taken?: number): LockModel;
  /** Starts a task that serves others, and that is not named among those of the program. */
  servant(body: Body<never, void>): void;
  /** A number for what the running task makes, of which there may be several. */
  barrier(): number;
}

/** An operation that is a routine. */
export class Performed<T> extends Performable<T> {
  private readonly _calls: PlainCalls;
  private readonly _what: string;
  private readonly _perform: () => Routine<T>;

  constructor(calls: PlainCalls, what: string, perform: () => Routine<T>) {
    super();
    this._calls = calls;
    this._what = what;
    this._perform = perform;
  }

  override [Symbol.iterator](): Iterator<Parked, T> {
    scheduler.notices?.used(this);
    return this._perform();
  }

  override [Symbol.asyncIterator](): never {
    return this._calls.unmodelled(`an async block waits for ${this._what}`);
  }

  override fresh(): Operation<T> {
    return this;
  }

  poll(): boolean {
    return this._calls.unmodelled(`a choice waits for ${this._what}`);
  }

  block(): void {}

  override waitsFor(): WaitsFor {
    return { what: this._what, external: false };
  }
}

// Shared calls.

/** The running calls, and those whose results are kept: keys and tasks. */
type Running = readonly (readonly [key: unknown, task: Task<unknown>])[];

const isKey = (key: unknown): boolean => key === null || (typeof key !== "object" && typeof key !== "function");

/** Like the keys of a map. */
const isSame = (one: unknown, other: unknown): boolean => one === other || Object.is(one, other);

export class SharedCallsModel {
  private readonly _calls: ToolCalls;
  private readonly _keeps: boolean;
  private readonly _running: Cell<Running>;

  /** @param keeps - Whether a call that has not failed is joined for ever. */
  constructor(calls: ToolCalls, keeps: boolean) {
    this._calls = calls;
    this._keeps = keeps;
    this._running = calls.cell<Running>([]);
  }

  join<T>(key: unknown, load: () => Settleable<T>): Operation<T> {
    if (!isKey(key)) this._calls.unmodelled("the key of a shared call is an object");
    const joined = new Performed(this._calls, "a shared call", () => this._joining(key, load));
    // `once` makes it in advance.
    if (this._keeps) scheduler.notices?.used(joined);
    return joined;
  }

  private *_joining<T>(key: unknown, load: () => Settleable<T>): Routine<T> {
    let over = false;
    try {
      const running = this._running.value;
      let task = running.find(([other]) => isSame(other, key))?.[1] as Task<T> | undefined;
      if (task === undefined) {
        const call = named("sharedCall", () => this._call(key, load));
        task = this._calls.start<T>(call as Body<never, T>, []);
        this._running.value = [...running, [key, task]];
      }
      const value = yield* task;
      over = true;
      return value;
    } catch (error) {
      over = true;
      throw error;
    } finally {
      if (!over) this._calls.unmodelled("a task is cancelled that waits for a shared call");
    }
  }

  private *_call<T>(key: unknown, load: () => Settleable<T>): Routine<T> {
    let kept = false;
    try {
      const value = yield* settle(load());
      kept = this._keeps;
      return value;
    } finally {
      if (!kept) this._running.value = this._running.value.filter(([other]) => !isSame(other, key));
    }
  }
}

// Barriers.

export class BarrierModel {
  readonly parties: number;
  private readonly _calls: ToolCalls;
  private readonly _index: number;

  constructor(calls: ToolCalls, parties: number) {
    this.parties = parties;
    this._calls = calls;
    this._index = calls.barrier();
  }

  wait(): Operation<number> {
    return new Performed(this._calls, "a barrier", () => this._waiting());
  }

  get waiting(): number {
    return this._calls.unmodelled("it reads how many tasks wait at a barrier");
  }

  /** A task arrives, and waits until the last one has. */
  private *_waiting(): Routine<number> {
    const position = yield* this._offer<number>(ARRIVE, this.parties);
    if (position < this.parties - 1) yield* this._offer<void>(LEAVE_BARRIER, null);
    return position;
  }

  private _offer<T>(kind: number, argument: unknown): Operation<T> {
    return new Offer<T>(kind, this._index, argument, "a barrier", this._calls.queued);
  }
}

// Rate limiters.

/** What a rate limiter is made with. */
export interface RateLimiterParts {
  readonly limit: number;
  readonly per: number;
  readonly burst: number;
  readonly name?: string;
}

/** Whether all its tokens come back at whole milliseconds. */
export const isWhole = ({ limit, per, burst }: RateLimiterParts): boolean =>
  Number.isInteger(per / limit) && Number.isInteger(burst);

/**
 * The tokens are permits. A task brings them back: while any is taken, one at a time. So they come at the same times as those of the
 * bucket, which fills steadily from where it was full.
 */
export class BucketModel {
  private readonly _calls: ToolCalls;
  private readonly _tokens: LockModel;
  private readonly _owed: LockModel;

  constructor(calls: ToolCalls, { limit, per, burst, name }: RateLimiterParts) {
    this._calls = calls;
    this._tokens = calls.lock("rate limiter", name, burst);
    this._owed = calls.lock("tokens of a rate limiter", name, burst, burst);
    calls.servant(named("refill", () => refill(this._tokens, this._owed, per / limit)) as Body<never, void>);
  }

  acquire(n: number, priority: number): Operation<void> {
    if (!Number.isInteger(n)) this._calls.unmodelled("a part of a token is taken");
    return this._tokens.acquire(n, priority, "wait for", () => {
      this._owed.release(n);
      return undefined;
    }) as Operation<void>;
  }

  tryAcquire(): never {
    return this._calls.unmodelled("it tries to take tokens of a rate limiter");
  }

  get available(): never {
    return this._calls.unmodelled("it reads the tokens of a rate limiter");
  }
}

function* refill(tokens: LockModel, owed: LockModel, ms: number): Routine<void> {
  const round = new Round(undefined, false);
  for (;;) {
    yield* round;
    yield* owed.acquire(1, 0, "wait for", () => undefined);
    yield* sleep(ms);
    tokens.release(1);
  }
}

// Conditions while a program is unfolded, built from what the model has: a cell holds the requests that wait, in the order in which they
// came, each of which has a channel for its signal.
//
// In production, a signal moves the request of a task to the queue of the lock in the same step. Here the task requests the lock
// once it has got the signal, and may be late. That shows only to a task that looks at the lock, so such locks are not modelled here. A test
// (`until`) is not modelled either: it would run in the task that signals.

import { type Buffer, Fixed } from "../../../channel/buffer.js";
import type { Channel } from "../../../channel/ends.js";
import type { Operation, Routine } from "../../../operation/operation.js";
import type { Cell } from "../../program/cell.js";
import type { LockModel } from "./model-locks.js";
import { Performed, type ToolCalls } from "./model-sync.js";

/** What conditions ask of the sandbox. */
export interface ConditionCalls extends ToolCalls {
  channel<T>(buffer: Buffer<T> | null, options: { readonly name: string }): Channel<T>;
  /** The lock of a lease of the running task. */
  lockOf(lease: object): LockModel;
}

/** What a condition asks of a lease. */
interface Lease {
  release(): void;
  reacquire(): Operation<Lease>;
  takeOver(from: Lease): void;
}

/** What a condition is made with. */
export interface ConditionParts {
  /** Throws unless a lease is held. */
  readonly assertHeld: (lease: Lease | null) => void;
}

const NAME = "a signal of a condition";

export class ConditionModel {
  private readonly _calls: ConditionCalls;
  private readonly _parts: ConditionParts;
  private readonly _waiting: Cell<readonly Channel<void>[]>;

  constructor(calls: ConditionCalls, parts: ConditionParts) {
    this._calls = calls;
    this._parts = parts;
    this._waiting = calls.cell<readonly Channel<void>[]>([]);
  }

  wait(lease: Lease | null): Operation<void> {
    return new Performed(this._calls, NAME, () => this._signalled(lease));
  }

  until(): never {
    return this._calls.unmodelled("a task waits for a condition with a test");
  }

  signal(): void {
    const [first, ...others] = this._waiting.value;
    if (first === undefined) return;
    this._waiting.value = others;
    first.trySend();
  }

  broadcast(): void {
    const { value: all } = this._waiting;
    if (all.length === 0) return;
    this._waiting.value = [];
    for (const request of all) request.trySend();
  }

  private *_signalled(lease: Lease | null): Routine<void> {
    this._parts.assertHeld(lease);
    if (lease !== null && this._calls.lockOf(lease).isWatched)
      this._calls.unmodelled("a task looks at a lock that another one gives up for a condition");
    let over = false;
    try {
      const request = this._calls.channel<void>(new Fixed(1), { name: NAME });
      this._waiting.value = [...this._waiting.value, request];
      lease?.release();
      yield* request.receive();
      if (lease !== null) lease.takeOver(yield* lease.reacquire());
      over = true;
    } finally {
      if (!over) this._calls.unmodelled("a task is cancelled that waits for a condition");
    }
  }
}

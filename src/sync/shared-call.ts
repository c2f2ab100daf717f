// One call whose result several tasks wait for, and which runs only while at least one task waits: the common part of
// `once` and `singleflight`.

import { withNack } from "../operation/basic.js";
import { disposeOfLost } from "../operation/lost.js";
import { Operation, type Routine, type WaitsFor } from "../operation/operation.js";
import { upon } from "../operation/upon.js";
import { sharesVariables, standIn } from "../scheduler/stand-ins.js";
import { named } from "../structures/named.js";
import { go } from "../task/go.js";
import type { Task } from "../task/task.js";
import { type Settleable, settle } from "../task/work.js";

/** One running call. It is over when it has ended, or when all tasks that waited for it have left. */
class SharedCall<T> {
  readonly task: Task<T>;
  private readonly _onOver: (call: SharedCall<T>) => void;
  /** How many callers have neither left nor got the result. */
  private _waiting: number;
  /** Whether a caller got the result, or it is kept. */
  private _received: boolean;

  constructor(load: () => Settleable<T>, onResult: (value: T) => boolean, onOver: (call: SharedCall<T>) => void) {
    sharesVariables("a shared call");
    const call = this;
    this._onOver = onOver;
    this._waiting = 0;
    this._received = false;
    this.task = go(function* sharedCall(): Routine<T> {
      try {
        const value = yield* settle(load());
        // If the call is cancelled while it is parked in a `finally`, it continues here without a value.
        if (call._waiting > 0) call._received = onResult(value);
        return value;
      } finally {
        onOver(call);
      }
    });
  }

  join(lost: Operation<void>): Operation<T> {
    this._waiting++;
    upon(lost, () => {
      if (--this._waiting > 0) return;
      this._onOver(this);
      this.task.cancel();
    });
    return new Join(this);
  }

  /** Called when a caller has got the result. */
  received(): void {
    this._received = true;
    this._waiting--;
  }

  /** Called when a caller was cancelled after the call had ended, and did not get the result. */
  discarded(): void {
    if (--this._waiting === 0 && !this._received && this.task.status === "done") disposeOfLost(this.task.value);
  }
}

/** Waits for the end of a call, for one caller. */
class Join<T> extends Operation<T> {
  private readonly _call: SharedCall<T>;
  private readonly _end: Operation<T>;

  constructor(call: SharedCall<T>) {
    super();
    this._call = call;
    this._end = call.task.fresh();
  }

  poll(): boolean {
    return this._end.poll();
  }

  block(): void {
    this._end.waiter = this;
    this._end.block();
  }

  override unblock(): void {
    this._end.waiter = null;
    this._end.unblock();
  }

  wake(): void {
    this._end.waiter = null;
    this.complete(undefined);
  }

  override result(): T {
    this._call.received();
    return this._end.result();
  }

  override discard(): void {
    this._call.discarded();
  }

  override waitsFor(): WaitsFor {
    return this._end.waitsFor();
  }
}

/** The running calls of one kind: at most one at a time for each key. */
export class SharedCalls<T> {
  private readonly _calls: Map<unknown, SharedCall<T>>;
  /** What a verification makes in its place. */
  private readonly _model: Pick<SharedCalls<T>, "join"> | undefined;

  /** @param keeps - Whether a call that has not failed is the last one for its key. */
  constructor(keeps: boolean) {
    this._calls = new Map();
    this._model = standIn("shared calls", keeps ? "kept" : "ended") as Pick<SharedCalls<T>, "join"> | undefined;
  }

  /** Whether a verification keeps the calls, and the results of those that are the last for their keys. */
  get isModel(): boolean {
    return this._model !== undefined;
  }

  /** Joins the call for a key, which starts if none is running. Many tasks may perform the operation at the same time. */
  join(key: unknown, load: () => Settleable<T>, onResult: (value: T) => boolean): Operation<T> {
    if (this._model !== undefined) return this._model.join(key, load, onResult);
    return withNack(
      named("a shared call", (lost) => {
        let call = this._calls.get(key);
        if (call === undefined) {
          call = new SharedCall(load, onResult, (ended) => {
            if (this._calls.get(key) === ended) this._calls.delete(key);
          });
          this._calls.set(key, call);
        }
        return call.join(lost);
      }),
    );
  }
}

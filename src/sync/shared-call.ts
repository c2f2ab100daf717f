// One call whose result several tasks wait for, and which runs only while at least one task waits: the common part of
// `once` and `singleflight`.

import { withNack } from "../operation/basic.js";
import type { Operation, Routine } from "../operation/operation.js";
import { upon } from "../operation/upon.js";
import { go } from "../task/go.js";
import { type Settleable, settle } from "../task/settleable.js";
import type { Task } from "../task/task.js";

/** One running call. It is over when it has ended, or when all tasks that waited for it have left. */
class SharedCall<T> {
  private readonly _task: Task<T>;
  private readonly _onOver: (call: SharedCall<T>) => void;
  private _waiting: number;

  constructor(load: () => Settleable<T>, onResult: (value: T) => void, onOver: (call: SharedCall<T>) => void) {
    const call = this;
    this._onOver = onOver;
    this._waiting = 0;
    this._task = go(function* sharedCall(): Routine<T> {
      try {
        const value = yield* settle(load());
        // If the call is cancelled while it is parked in a `finally`, it continues here without a value.
        if (call._waiting > 0) onResult(value);
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
      this._task.cancel();
    });
    return this._task;
  }
}

/** The running calls of one kind: at most one at a time for each key. */
export class SharedCalls<T> {
  private readonly _calls: Map<unknown, SharedCall<T>>;

  constructor() {
    this._calls = new Map();
  }

  /** Joins the call for a key, which starts if none is running. Many tasks may perform the operation at the same time. */
  join(key: unknown, load: () => Settleable<T>, onResult: (value: T) => void): Operation<T> {
    return withNack((lost) => {
      let call = this._calls.get(key);
      if (call === undefined) {
        call = new SharedCall(load, onResult, (ended) => {
          if (this._calls.get(key) === ended) this._calls.delete(key);
        });
        this._calls.set(key, call);
      }
      return call.join(lost);
    });
  }
}

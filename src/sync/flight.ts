// Work that several wait for and that is worth doing only while somebody does: what `once` and `singleflight` share.

import { withNack } from "../operation/basic.js";
import type { Operation, Routine } from "../operation/operation.js";
import { upon } from "../operation/upon.js";
import { go } from "../task/go.js";
import { type Settleable, settle } from "../task/settleable.js";
import type { Task } from "../task/task.js";

/** One flight. It is over when it has landed, or when all who were aboard have left. */
class Flight<T> {
  private readonly _task: Task<T>;
  private readonly _over: (flight: Flight<T>) => void;
  private _aboard: number;

  constructor(load: () => Settleable<T>, landed: (value: T) => void, over: (flight: Flight<T>) => void) {
    const flight = this;
    this._over = over;
    this._aboard = 0;
    this._task = go(function* flying(): Routine<T> {
      try {
        const value = yield* settle(load());
        // Cancelled while it parked in a `finally` of the load, it comes back here with nothing.
        if (flight._aboard > 0) landed(value);
        return value;
      } finally {
        over(flight);
      }
    });
  }

  board(lost: Operation<void>): Operation<T> {
    this._aboard++;
    upon(lost, () => {
      if (--this._aboard > 0) return;
      this._over(this);
      this._task.cancel();
    });
    return this._task;
  }
}

/** Where flights of one kind start: at most one at a time for each key. */
export class Airport<T> {
  private readonly _flights: Map<unknown, Flight<T>>;

  constructor() {
    this._flights = new Map();
  }

  /** Goes with the flight for a key, which starts if there is none. Many may perform it. */
  fly(key: unknown, load: () => Settleable<T>, landed: (value: T) => void): Operation<T> {
    return withNack((lost) => {
      let flight = this._flights.get(key);
      if (flight === undefined) {
        flight = new Flight(load, landed, (over) => {
          if (this._flights.get(key) === over) this._flights.delete(key);
        });
        this._flights.set(key, flight);
      }
      return flight.board(lost);
    });
  }
}

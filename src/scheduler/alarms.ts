// All alarms share one timer of the host. Alarms are added and removed with every select that has a timeout, so the host's
// timer is set again only when the run queue is empty. A timer that fires too early finds no alarm due, and is set again.

import { type Alarm, Heap } from "../structures/heap.js";
import type { Host } from "./host.js";

/** An alarm that does something when it is due. */
export interface Timed extends Alarm {
  fire(): void;
}

const LONGEST_DELAY = 2 ** 31 - 1;

export class Alarms {
  private readonly _heap: Heap<Timed>;
  private _timer: unknown;
  /** The time at which the host's timer fires; Infinity if no timer is set. */
  private _set: number;

  constructor() {
    this._heap = new Heap();
    this._timer = undefined;
    this._set = Infinity;
  }

  /** Adds an alarm; returns true if the host's timer would fire too late for it. */
  add(alarm: Timed): boolean {
    this._heap.add(alarm);
    return alarm.due < this._set;
  }

  /** Removes an alarm; returns true if no alarm is left, so that the host's timer would only keep the process alive. */
  remove(alarm: Timed): boolean {
    this._heap.remove(alarm);
    return this._heap.length === 0;
  }

  /** Sets the host's timer for the first alarm, or clears the timer if there is no alarm. */
  arm(host: Host, ring: () => void): void {
    const { first } = this._heap;
    if (first !== undefined && this._set <= first.due) return;
    this.disarm(host);
    if (first === undefined) return;
    this._set = first.due;
    const delay = Math.min(Math.max(1, Math.ceil(first.due - host.now())), LONGEST_DELAY);
    this._timer = host.setTimer(() => {
      this._set = Infinity;
      ring();
    }, delay);
  }

  /** Clears the host's timer. */
  disarm(host: Host): void {
    if (this._set === Infinity) return;
    host.clearTimer(this._timer);
    this._timer = undefined;
    this._set = Infinity;
  }

  /** Fires all alarms that are due, in order. An alarm that throws is reported, and the others fire. */
  fire(host: Host, report: (error: unknown) => void): void {
    const now = host.now();
    for (let { first } = this._heap; first !== undefined && first.due <= now; { first } = this._heap) {
      this._heap.remove(first);
      try {
        first.fire();
      } catch (error) {
        report(error);
      }
    }
  }
}

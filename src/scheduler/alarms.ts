// All that is due at a time, over one timer of the host. That timer follows lazily: alarms come and go with every select
// that has a timeout, so it is set anew only at a quiet moment, and one that fires too early merely looks again.

import { type Alarm, Heap } from "../structures/heap.js";
import type { Host } from "./host.js";

/** Something that is due at a time. */
export interface Timed extends Alarm {
  fire(): void;
}

const LONGEST_DELAY = 2 ** 31 - 1;

export class Alarms {
  private readonly _heap: Heap<Timed>;
  private _timer: unknown;
  /** When the host's timer will fire; Infinity when none is set. */
  private _set: number;

  constructor() {
    this._heap = new Heap();
    this._timer = undefined;
    this._set = Infinity;
  }

  /** Adds an alarm; true if the host's timer would come too late for it. */
  add(alarm: Timed): boolean {
    this._heap.add(alarm);
    return alarm.due < this._set;
  }

  /** Removes an alarm; true if it was the last, and a timer would only keep the process alive. */
  remove(alarm: Timed): boolean {
    this._heap.remove(alarm);
    return this._heap.length === 0;
  }

  /** Sets the host's timer for the first alarm, or clears it when there is none. */
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

  disarm(host: Host): void {
    if (this._set === Infinity) return;
    host.clearTimer(this._timer);
    this._timer = undefined;
    this._set = Infinity;
  }

  /** Fires what is due, in order. */
  fire(host: Host): void {
    const now = host.now();
    for (let { first } = this._heap; first !== undefined && first.due <= now; { first } = this._heap) {
      this._heap.remove(first);
      first.fire();
    }
  }
}

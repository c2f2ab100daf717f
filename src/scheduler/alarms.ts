// All alarms share one timer of the host. Alarms are added and removed with every select that has a timeout, so the host's
// timer is set again only when the run queue is empty. A timer that fires too early finds no alarm due, and is set again.
//
// On a host that may drop timers, with the request that set them or because they were faked, each alarm has a timer of its own,
// set by the code that waits. An alarm that is long overdue is one of a request that has gone.

import { type Alarm, Heap } from "../structures/heap.js";
import type { Host } from "./host.js";

/** An alarm that does something when it is due. */
export interface Timed extends Alarm {
  /** Whether the process may end before the alarm is due. Such alarms are kept apart, and have a timer of their own. */
  readonly background?: boolean;
  /**
   * The alarms to which it belongs; null while it is in none. A promise of the host may complete a wait while a test has set
   * them aside, so those of the scheduler may be others.
   */
  alarms: Alarms | null;
  fire(): void;
}

const LONGEST_DELAY = 0x7fffffff;
/** Milliseconds after which an alarm that did not ring is forgotten, where timers are dropped with their requests. */
const GONE = 60_000;

export class Alarms {
  private readonly _heap: Heap<Timed>;
  private readonly _background: boolean;
  private _timer: unknown;
  /** The time at which the host's timer fires; Infinity if no timer is set. */
  private _set: number;
  /** The timers of alarms that have one of their own. */
  private readonly _own: WeakMap<Timed, { readonly timer: unknown }>;
  private _hasOwn: boolean;

  /** @param background - Whether the process may end while the host's timer is set. */
  constructor(background: boolean = false) {
    this._heap = new Heap();
    this._background = background;
    this._timer = undefined;
    this._set = Infinity;
    this._own = new WeakMap();
    this._hasOwn = false;
  }

  /** Adds an alarm; returns true if the host's timer would fire too late for it. */
  add(alarm: Timed): boolean {
    this._put(alarm);
    return alarm.due < this._set;
  }

  /** Adds an alarm, and sets a timer for it alone. `fire` is called with the alarm once it is due and removed. */
  addOwn(alarm: Timed, host: Host, fire: (alarm: Timed) => void): void {
    this._setOwn(alarm, host, fire);
    if (host.perRequest === true) this._forget(host.now() - GONE);
    this._put(alarm);
  }

  /** Removes an alarm; returns true if no alarm is left, so that the host's timer would only keep the process alive. */
  remove(alarm: Timed, host: Host): boolean {
    this._take(alarm);
    if (this._hasOwn) this._clearOwn(alarm, host);
    return this._heap.length === 0;
  }

  /** Sets the host's timer for the first alarm, or clears the timer if there is no alarm. */
  arm(host: Host, ring: () => void, fire: (alarm: Timed) => void = ring): void {
    if (host.perRequest === true) {
      for (const alarm of this._heap) if (!this._own.has(alarm)) this._setOwn(alarm, host, fire);
      return;
    }
    const { first } = this._heap;
    if (first !== undefined && this._set <= first.due) return;
    this._unset(host);
    if (first === undefined) return;
    this._set = first.due;
    this._timer = host.setTimer(
      () => {
        this._set = Infinity;
        ring();
      },
      delay(first, host),
    );
    if (this._background) host.unref?.(this._timer);
  }

  /** Clears all timers of the host. */
  disarm(host: Host): void {
    if (this._hasOwn) for (const alarm of this._heap) this._clearOwn(alarm, host);
    this._unset(host);
  }

  private _unset(host: Host): void {
    if (this._set === Infinity) return;
    host.clearTimer(this._timer);
    this._timer = undefined;
    this._set = Infinity;
  }

  /** Fires all alarms that are due, in order. An alarm that throws is reported, and the others fire. */
  fire(host: Host, report: (error: unknown) => void): void {
    const now = host.now();
    for (let { first } = this._heap; first !== undefined && first.due <= now; { first } = this._heap) {
      this._take(first);
      if (this._hasOwn) this._clearOwn(first, host);
      try {
        first.fire();
      } catch (error) {
        report(error);
      }
    }
  }

  private _setOwn(alarm: Timed, host: Host, fire: (alarm: Timed) => void): void {
    const ring = (): void => {
      if (this._own.get(alarm) !== own) return;
      if (alarm.due > host.now()) {
        own.timer = host.setTimer(ring, delay(alarm, host));
        return;
      }
      this._own.delete(alarm);
      this._take(alarm);
      fire(alarm);
    };
    const own = { timer: host.setTimer(ring, delay(alarm, host)) };
    if (this._background) host.unref?.(own.timer);
    this._own.set(alarm, own);
    this._hasOwn = true;
  }

  /** Drops the alarms that were due before a time. */
  private _forget(before: number): void {
    for (let { first } = this._heap; first !== undefined && first.due < before; { first } = this._heap) {
      this._take(first);
    }
  }

  private _put(alarm: Timed): void {
    alarm.alarms = this;
    this._heap.add(alarm);
  }

  private _take(alarm: Timed): void {
    alarm.alarms = null;
    this._heap.remove(alarm);
  }

  private _clearOwn(alarm: Timed, host: Host): void {
    const own = this._own.get(alarm);
    if (own === undefined) return;
    this._own.delete(alarm);
    try {
      host.clearTimer(own.timer);
    } catch {
      // Another request has set the timer. It does nothing when it rings.
    }
  }
}

function delay(alarm: Timed, host: Host): number {
  return Math.min(Math.max(1, Math.ceil(alarm.due - host.now())), LONGEST_DELAY);
}

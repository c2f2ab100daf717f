// The restarts of a supervisor within its period. The window slides, and includes a restart that is exactly `period` old.

import { now } from "../time/sleep.js";

export class RestartWindow {
  readonly intensity: number;
  readonly period: number;
  private _times: number[];
  /** The first of `_times` that is still in the window; the times before it are removed in bulk. */
  private _from: number;

  constructor(intensity: number, period: number) {
    this.intensity = intensity;
    this.period = period;
    this._times = [];
    this._from = 0;
  }

  /** Counts a restart. Returns false if it is one too many. */
  admit(): boolean {
    const { intensity } = this;
    if (intensity === Number.POSITIVE_INFINITY) return true;
    const time = now();
    const times = this._times;
    times.push(time);
    while (times[this._from]! < time - this.period) this._from++;
    if (this._from > times.length / 2) {
      times.splice(0, this._from);
      this._from = 0;
    }
    return times.length - this._from <= intensity;
  }
}

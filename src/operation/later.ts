// Calling a function from the run queue: not in this step, and in the order of everything else that is ready.

import type { Runnable } from "../scheduler/roles.js";
import { scheduler } from "../scheduler/scheduler.js";

class Later implements Runnable {
  private readonly _then: () => void;

  constructor(then: () => void) {
    this._then = then;
  }

  run(): boolean {
    scheduler.current = null;
    scheduler.call(this._then);
    return false;
  }
}

/** Calls a function in a turn of its own. An exception is reported. */
export function later(then: () => void): void {
  scheduler.schedule(new Later(then));
}

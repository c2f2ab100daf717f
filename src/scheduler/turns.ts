// Turns of the host, for what must come after the messages that have arrived.

import { scheduler } from "./scheduler.js";

/** Calls a function at the next turn of the host. */
export function atNextTurn(job: () => void): void {
  scheduler.nextTurn(job);
}

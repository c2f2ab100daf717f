// Where the permits of a new lock are kept: by the lock, or by the maker of a verification.

import type { KeptPermits } from "./maker.js";
import { scheduler } from "./scheduler.js";

export type { KeptPermits };

/** The permits of a new lock, if a maker keeps them; null in production. */
export function keptPermits(kind: string, name: string | undefined, total: number): KeptPermits | null {
  const { maker } = scheduler;
  return maker === null ? null : maker.permits(kind, name, total);
}

// The chain of makers, see maker.ts. A page that installs none does not load this.

import type { Maker } from "./maker.js";
import { scheduler } from "./scheduler.js";

/** Adds a maker at the front of the chain. */
export function install(maker: Maker): void {
  maker.outer = scheduler.maker;
  scheduler.maker = maker;
}

/** Removes a maker from the chain. */
export function uninstall(maker: Maker): void {
  if (scheduler.maker === maker) scheduler.maker = maker.outer;
  for (let at = scheduler.maker; at !== null; at = at.outer) if (at.outer === maker) at.outer = maker.outer;
}

/** Returns the newest maker that passes a test; null if there is none. */
export function findMaker<M extends Maker>(test: (maker: Maker) => maker is M): M | null {
  for (let at = scheduler.maker; at !== null; at = at.outer) if (test(at)) return at;
  return null;
}

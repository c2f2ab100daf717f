import { always } from "../operation/basic.js";
import type { Operation } from "../operation/operation.js";
import { random, scheduler } from "../scheduler/scheduler.js";

/** A random share of a delay. A verification explores none of it, half of it and nearly all of it. */
export const randomShare = (): Operation<number> =>
  (scheduler.maker?.chance() as Operation<number> | null) ?? always(random());

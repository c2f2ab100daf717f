// Random numbers where every schedule is explored.

import { alt } from "../../choice/select.js";
import { always } from "../../operation/basic.js";
import type { Operation } from "../../operation/operation.js";

/** Random shares of a delay that stand for all: none, half, and nearly all. Each is explored. */
export const shares = (): Operation<number> => alt(always(0), always(0.5), always(1 - 2 ** -20));

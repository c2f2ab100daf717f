// What combinators ask of a verification: whether it has a stand-in for what they make, and that their tasks share variables.

import { scheduler } from "./scheduler.js";

/** What a maker makes in place of a combinator, of its parts; undefined in production. */
export const standIn = (name: string, parts: unknown): unknown => scheduler.maker?.combinator(name, parts);

/** Tells a maker that tasks which a combinator starts share variables of their own, besides channels. */
export const sharesVariables = (what: string): void => scheduler.maker?.shares(what);

/** Whether there is a maker, which may have stand-ins. */
export const isObserved = (): boolean => scheduler.maker !== null;

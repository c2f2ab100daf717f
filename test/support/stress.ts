// How large the counts of a test are: small in `npm test`, large in `npm run stress`, which takes minutes.

import { inject } from "vitest";

declare module "vitest" {
  export interface ProvidedContext {
    stress: boolean;
  }
}

/** Whether this is `npm run stress`. */
export const stress: boolean = inject("stress");

/** A count: the first in `npm test`, the second in `npm run stress`. */
export const scaled = (short: number, long: number): number => (stress ? long : short);

/** A count as titles have it: 100 000. */
export const spaced = (count: number): string => String(count).replace(/\B(?=(?:\d{3})+$)/g, " ");

/** How many tasks overflow the stack if each resumes the next in a call of its own: V8 has room for about 12 000 calls. */
export const CROWD: number = scaled(20_000, 100_000);

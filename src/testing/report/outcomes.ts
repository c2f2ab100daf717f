// Values that `main` returned, or may return, without values that look alike: data of equal shape, functions with the same text,
// objects of a class with equal properties.

import { isPrototype, sortOf } from "./structure.js";
import { shapeOf, type Unique } from "./values.js";

export class Outcomes<T> {
  private readonly _all: Map<string, T>;

  constructor(all: Iterable<T> = []) {
    this._all = new Map();
    for (const value of all) this.add(value);
  }

  add(value: T): void {
    const looks = looksOf(value);
    if (!this._all.has(looks)) this._all.set(looks, value);
  }

  has(value: unknown): boolean {
    return this._all.has(looksOf(value));
  }

  all(): Set<T> {
    return new Set(this._all.values());
  }
}

const looksOf = (value: unknown): string => shapeOf(value, lookOf);

/** The look of what has no shape, as another run makes another one. */
function lookOf(value: Unique): string | undefined {
  if (typeof value === "symbol") return String(value);
  if (typeof value === "function") return Function.prototype.toString.call(value);
  // A class may be made again in another run.
  if (isPrototype(value)) return value.constructor.name;
  if (sortOf(value) !== "hidden") return undefined;
  return `${typeOf(value)} ${asJson(value)}`;
}

const typeOf = (value: object): string => (value.constructor as Function | undefined)?.name ?? "";

function asJson(value: object): string {
  try {
    return JSON.stringify(value) ?? "";
  } catch {
    return "";
  }
}

/**
 * Whether a value is allowed, by a list or a function: objects of equal shape are equal, and a symbol or a function is equal to
 * itself only.
 */
export function allowing(outcomes: unknown): (value: unknown) => boolean {
  if (outcomes === undefined) return () => true;
  if (typeof outcomes === "function") return outcomes as (value: unknown) => boolean;
  const list = new Set(outcomes as Iterable<unknown>);
  const looks = new Outcomes(list);
  return (value) => (typeof value === "symbol" || typeof value === "function" ? list : looks).has(value);
}

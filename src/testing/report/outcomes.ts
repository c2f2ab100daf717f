// The values that `main` returned under the schedules that were run, without values of equal shape.

import { Values } from "./values.js";

export class Outcomes<T> {
  private readonly _values: Values;
  private readonly _all: Map<number, T>;

  constructor(all: Iterable<T> = []) {
    this._values = new Values(looksOf);
    this._all = new Map();
    for (const value of all) this.add(value);
  }

  add(value: T): void {
    const id = this._values.idOf(value);
    if (!this._all.has(id)) this._all.set(id, value);
  }

  has(value: unknown): boolean {
    return this._all.has(this._values.idOf(value));
  }

  all(): Set<T> {
    return new Set(this._all.values());
  }
}

/** Describes an object of a class by its class and its JSON; undefined for values that are compared by their parts. */
function looksOf(value: object): string | undefined {
  if (Object.prototype.toString.call(value) !== "[object Object]") return undefined;
  const prototype = Object.getPrototypeOf(value) as { readonly constructor?: { readonly name: string } } | null;
  if (prototype === null || prototype === Object.prototype) return undefined;
  try {
    return `${prototype.constructor?.name} ${JSON.stringify(value)}`;
  } catch {
    return undefined;
  }
}

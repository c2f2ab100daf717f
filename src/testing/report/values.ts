// Descriptions of values, and numbers for them. Two values of equal shape have the same prototype, the same properties with equal
// values, and hold the same besides; what occurs twice in one occurs twice in the other. So a program can tell them apart by
// their identity only.

import { isCommon, isView, makeView, propertiesOf, type Sort, sortOf } from "./structure.js";

/** What a program can compare with `===` only: an object, or a symbol that is not registered. */
export type Unique = object | symbol;

/** Returns a name for what is not described by its parts; undefined for everything else. */
export type NameOf = (value: Unique) => string | undefined;

/** Whether a value is an object, a function, or a symbol that is not the same in every run. */
export function isUnique(value: unknown): value is Unique {
  if (typeof value === "symbol") return !isCommon(value);
  return typeof value === "function" || (typeof value === "object" && value !== null);
}

/** A text that is the same for two values exactly if their shapes are equal. */
export function shapeOf(value: unknown, nameOf: NameOf): string {
  return new Shape(nameOf).of(value);
}

class Shape {
  private readonly _nameOf: NameOf;
  private readonly _seen: Map<object, number>;

  constructor(nameOf: NameOf) {
    this._nameOf = nameOf;
    this._seen = new Map();
  }

  of(value: unknown): string {
    if (!isUnique(value)) return primitive(value);
    const name = this._nameOf(value);
    if (name !== undefined) return `<${name}>`;
    if (typeof value === "symbol") return `@${String(value)}`;
    const seen = this._seen.get(value);
    if (seen !== undefined) return `^${seen}`;
    this._seen.set(value, this._seen.size);
    const sort = sortOf(value);
    return typeof sort === "string" ? this._parts(value, OBJECT) : this._parts(value, sort);
  }

  private _parts(value: object, sort: Sort): string {
    const held = sort.holds(value).map((part) => this.of(part));
    const properties = propertiesOf(value, sort).map(([key, property]) => this._property(key, property));
    const prototype: unknown = Object.getPrototypeOf(value);
    const type = prototype === Object.prototype ? "" : this._type(prototype as object | null);
    const fixed = Object.isExtensible(value) ? "" : "!";
    return `${sort.tag}${type}${fixed}{${[...held, ...properties].join()}}`;
  }

  private _type(prototype: object | null): string {
    return prototype === null ? "null" : `:${this._nameOf(prototype) ?? typeName(prototype)}`;
  }

  private _property(key: string | symbol, { value, get, set, ...flags }: PropertyDescriptor): string {
    const name = typeof key === "string" ? JSON.stringify(key) : this.of(key);
    const { writable = true, enumerable, configurable } = flags;
    const usual = writable && enumerable && configurable;
    const access = usual ? "" : `(${Number(writable)}${Number(enumerable)}${Number(configurable)})`;
    if (get === undefined && set === undefined) return `${name}${access}:${this.of(value)}`;
    return `${name}${access}=${this.of(get)}/${this.of(set)}`;
  }
}

/** How an object of a class is described: by its own properties. */
const OBJECT: Sort = { tag: "", holds: () => [], make: () => ({}) };

const types = new WeakMap<object, number>();
let lastType = 0;

function typeName(prototype: object): string {
  const number = types.get(prototype) ?? ++lastType;
  types.set(prototype, number);
  return `${(prototype.constructor as Function | undefined)?.name}${number}`;
}

function primitive(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "symbol") return `@${String(value)}`;
  return typeof value === "bigint" ? `${value}n` : Object.is(value, -0) ? "-0" : String(value);
}

/**
 * A copy of a value with copies of all its parts: of equal shape, with nothing in common that can be changed. What cannot be
 * copied stands in it as it is.
 *
 * @param inPlaceOf - Returns what stands in the copy in place of a part, or of a prototype; undefined for a copy.
 * @param copied - Called with each part that is copied.
 */
export function copyOf(
  value: unknown,
  inPlaceOf: (part: Unique) => Unique | undefined,
  copied?: (part: object, copy: object) => void,
): unknown {
  return new Copy(inPlaceOf, copied).of(value);
}

class Copy {
  private readonly _inPlaceOf: (part: Unique) => Unique | undefined;
  private readonly _copied: ((part: object, copy: object) => void) | undefined;
  private readonly _made: Map<object, object>;

  constructor(inPlaceOf: Copy["_inPlaceOf"], copied: Copy["_copied"]) {
    this._inPlaceOf = inPlaceOf;
    this._copied = copied;
    this._made = new Map();
  }

  of(value: unknown): unknown {
    if (!isUnique(value)) return value;
    const other = this._inPlaceOf(value);
    if (other !== undefined) return other;
    if (typeof value === "symbol") return value;
    const made = this._made.get(value);
    if (made !== undefined) return made;
    const sort = sortOf(value);
    return typeof sort === "string" ? value : this._copy(value, sort);
  }

  private _copy(value: object, sort: Sort): object {
    const made = isView(sort)
      ? makeView(value, this.of((value as { readonly buffer: ArrayBuffer }).buffer))
      : sort.make(value);
    this._made.set(value, made);
    this._copied?.(value, made);
    const prototype = Object.getPrototypeOf(value) as object | null;
    const own = prototype === null ? null : ((this._inPlaceOf(prototype) as object | undefined) ?? prototype);
    if (Object.getPrototypeOf(made) !== own) Object.setPrototypeOf(made, own);
    sort.fill?.(
      made,
      sort.holds(value).map((part) => this.of(part)),
    );
    for (const [key, property] of propertiesOf(value, sort)) this._define(made, key, property);
    if (!Object.isExtensible(value)) Object.preventExtensions(made);
    return made;
  }

  private _define(made: object, key: string | symbol, property: PropertyDescriptor): void {
    for (const part of ["value", "get", "set"] as const) {
      if (property[part] !== undefined) property[part] = this.of(property[part]) as undefined;
    }
    Object.defineProperty(made, typeof key === "symbol" ? (this.of(key) as symbol) : key, property);
  }
}

/** Visits a value and all its parts, each once; `enters` says of a part whether its own parts are visited too. */
export function visit(value: unknown, enters: (part: Unique) => boolean): void {
  const seen = new Set<unknown>();
  const walk = (part: unknown): void => {
    if (!isUnique(part) || seen.has(part)) return;
    seen.add(part);
    if (!enters(part) || typeof part === "symbol") return;
    const sort = sortOf(part);
    if (sort === "hidden") return;
    for (const held of sort === "class" ? [] : sort.holds(part)) walk(held);
    for (const [key, property] of propertiesOf(part, sort === "class" ? {} : sort)) {
      for (const inside of [key, property.value, property.get, property.set]) walk(inside);
    }
  };
  walk(value);
}

/** Values with numbers: equal primitives have the same number, and so have objects of which the caller gives the same text. */
export class Values {
  private readonly _values: unknown[];
  private readonly _primitives: Map<unknown, number>;
  private readonly _texts: Map<string, number>;

  constructor() {
    this._values = [];
    this._primitives = new Map();
    this._texts = new Map();
  }

  get size(): number {
    return this._values.length;
  }

  /** The number of a value that is no object. */
  idOf(value: unknown): number {
    // A map takes -0 for 0.
    if (Object.is(value, -0)) return this.idOfText("-0", () => value);
    const present = this._primitives.get(value);
    if (present !== undefined) return present;
    this._primitives.set(value, this._values.length);
    return this._values.push(value) - 1;
  }

  /** The number of all values with a text; `value` makes the one that is kept. */
  idOfText(text: string, value: () => unknown): number {
    const present = this._texts.get(text);
    if (present !== undefined) return present;
    this._texts.set(text, this._values.length);
    return this._values.push(value()) - 1;
  }

  at(id: number): unknown {
    return this._values[id];
  }
}

/** Freezes plain data with all its parts, so that a later change throws where it is made. */
export function freeze<T>(value: T): T {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null && !Array.isArray(value)) return value;
  Object.freeze(value);
  for (const part of Object.values(value)) freeze(part);
  return value;
}

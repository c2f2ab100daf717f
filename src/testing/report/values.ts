// Numbers for values. Two values get the same number if a program cannot distinguish them: equal primitives, and data of equal
// shape. Receivers get the first of such values, so a value that was sent must not be changed. It is frozen for that reason.

/** Returns a name that is the same in every run for an object such as a channel, and undefined for all other objects. */
export type NameOf = (value: object) => string | undefined;

export class Values {
  private readonly _values: unknown[];
  private readonly _ids: Map<unknown, number>;
  private readonly _identities: WeakMap<object, number>;
  private readonly _nameOf: NameOf;
  private _objects: number;

  constructor(nameOf: NameOf) {
    this._values = [];
    this._ids = new Map();
    this._identities = new WeakMap();
    this._nameOf = nameOf;
    this._objects = 0;
  }

  get size(): number {
    return this._values.length;
  }

  idOf(value: unknown): number {
    const key = typeof value === "object" || typeof value === "function" ? this.keyOf(value) : value;
    const present = this._ids.get(key);
    if (present !== undefined) return present;
    this._ids.set(key, this._values.length);
    return this._values.push(value) - 1;
  }

  at(id: number): unknown {
    return this._values[id];
  }

  /** A text that is the same for two values exactly if they get the same number. No string of a program begins with it. */
  keyOf(value: unknown): string {
    return `\u0000${this._shape(value, [])}`;
  }

  private _shape(value: unknown, above: readonly object[]): string {
    if (value === null || (typeof value !== "object" && typeof value !== "function")) return primitive(value);
    const name = this._nameOf(value);
    if (name !== undefined) return `<${name}>`;
    const circle = above.indexOf(value);
    if (circle !== -1) return `^${circle}`;
    const inside = [...above, value];
    const shape = (part: unknown): string => this._shape(part, inside);
    if (Array.isArray(value)) return `[${value.map(shape).join()}]`;
    if (value instanceof Map) return `Map(${[...value].map(([key, part]) => `${shape(key)}:${shape(part)}`).join()})`;
    if (value instanceof Set) return `Set(${[...value].map(shape).join()})`;
    if (Object.prototype.toString.call(value) === "[object Date]") return `Date(${Number(value)})`;
    if (value instanceof Error)
      return `${value.name}(${JSON.stringify(value.message)}${inner(value).map(shape).join()})`;
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype !== Object.prototype && prototype !== null) return this._identity(value);
    const fields = Object.entries(value).map(([key, part]) => `${JSON.stringify(key)}:${shape(part)}`);
    return `{${fields.join()}}`;
  }

  /** Functions and objects of a class may have hidden state, so each of them gets a number of its own. */
  private _identity(value: object): string {
    let id = this._identities.get(value);
    if (id === undefined) this._identities.set(value, (id = this._objects++));
    return `#${id}`;
  }
}

/** The parts of an error besides its message. */
function inner(error: Error): unknown[] {
  const { cause, errors } = error as Error & { readonly errors?: unknown };
  return [cause, errors].filter((part) => part !== undefined);
}

function primitive(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "symbol") return `@${value.toString()}`;
  return typeof value === "bigint" ? `${value}n` : Object.is(value, -0) ? "-0" : String(value);
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

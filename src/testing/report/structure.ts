// What a value consists of: its prototype, its own properties and what its kind holds besides, such as the entries of a map. Values of
// these kinds can be described and copied part by part. All other objects are opaque: functions, and objects that may hold what
// cannot be seen, such as private fields.

/** A kind of objects that can be copied. */
export interface Sort {
  readonly tag: string;
  /** What an object of it holds besides its properties. */
  readonly holds: (object: object) => unknown[];
  /** Makes an object of it that holds nothing of its own yet but what cannot be added later. */
  readonly make: (like: object) => object;
  /** Adds what it holds, with all parts copied. */
  readonly fill?: (made: object, parts: readonly unknown[]) => void;
  /** Makes it hold what another one holds. */
  readonly become?: (object: object, like: object) => void;
  /** Whether a property of it is part of what it holds. */
  readonly hides?: (key: string | symbol) => boolean;
}

const isIndex = (key: string | symbol): boolean => typeof key === "string" && /^(?:0|[1-9]\d*)$/.test(key);
const bytesOf = (buffer: ArrayBuffer): unknown[] => [Array.from(new Uint8Array(buffer)).join()];

interface View {
  readonly buffer: ArrayBuffer;
  readonly byteOffset: number;
  readonly byteLength: number;
  readonly length: number;
}

const PLAIN: Sort = {
  tag: "",
  holds: () => [],
  make: (like) => Object.create(Object.getPrototypeOf(like) as object | null) as object,
};

const ARRAY: Sort = { tag: "Array", holds: () => [], make: () => [] };

const ERROR: Sort = {
  tag: "Error",
  holds: () => [],
  make(like) {
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    const made = new Error();
    Error.stackTraceLimit = stackTraceLimit;
    for (const key of Reflect.ownKeys(made)) Reflect.deleteProperty(made, key);
    // A stack is text that takes long to make, and most are never read.
    const stack = {
      get: () => (like as Error).stack,
      set: (value: unknown) => Object.defineProperty(made, "stack", { value, writable: true }),
    };
    Object.defineProperty(made, "stack", { ...stack, configurable: true, enumerable: false });
    return made;
  },
  // Where an error was made is not what it says.
  hides: (key) => key === "stack",
};

const MAP: Sort = {
  tag: "Map",
  holds: (object) => [...(object as Map<unknown, unknown>)].flat(),
  make: () => new Map(),
  fill(made, parts) {
    for (let at = 0; at < parts.length; at += 2) Map.prototype.set.call(made, parts[at], parts[at + 1]);
  },
  become(object, like) {
    Map.prototype.clear.call(object);
    for (const [key, value] of like as Map<unknown, unknown>) Map.prototype.set.call(object, key, value);
  },
};

const SET: Sort = {
  tag: "Set",
  holds: (object) => [...(object as Set<unknown>)],
  make: () => new Set(),
  fill(made, parts) {
    for (const part of parts) Set.prototype.add.call(made, part);
  },
  become(object, like) {
    Set.prototype.clear.call(object);
    for (const part of like as Set<unknown>) Set.prototype.add.call(object, part);
  },
};

const DATE: Sort = {
  tag: "Date",
  holds: (object) => [Date.prototype.getTime.call(object)],
  make: (like) => new Date(Date.prototype.getTime.call(like)),
  become: (object, like) => Date.prototype.setTime.call(object, Date.prototype.getTime.call(like)),
};

const REGEXP: Sort = {
  tag: "RegExp",
  holds: (object) => [(object as RegExp).source, (object as RegExp).flags],
  make: ({ source, flags }: object & Partial<RegExp>) => new RegExp(source!, flags),
};

const BOXED: Sort = {
  tag: "Boxed",
  holds: (object) => [(object as { valueOf(): unknown }).valueOf()],
  make: (like) => Object((like as { valueOf(): unknown }).valueOf()) as object,
  hides: (key) => isIndex(key) || key === "length",
};

const BUFFER: Sort = {
  tag: "ArrayBuffer",
  holds: (object) => bytesOf(object as ArrayBuffer),
  make: (like) => (like as ArrayBuffer).slice(0),
  become: (object, like) => new Uint8Array(object as ArrayBuffer).set(new Uint8Array(like as ArrayBuffer)),
};

/** The bytes that a Buffer of Node shows are a part of a buffer that others use too. */
const BYTES: Sort = {
  tag: "Buffer",
  holds: (object) => [Array.from(object as Uint8Array).join()],
  make: (like) => new Uint8Array(like as Uint8Array),
  become: (object, like) => (object as Uint8Array).set(like as Uint8Array),
  hides: isIndex,
};

const URLS: Sort = {
  tag: "URL",
  holds: (object) => [String(object)],
  make: (like) => new (like.constructor as new (text: string) => object)(String(like)),
};

const EXCEPTION: Sort = {
  tag: "DOMException",
  holds: (object) => [(object as DOMException).name, (object as DOMException).message],
  make: (like) => new DOMException((like as DOMException).message, (like as DOMException).name),
  hides: (key) => key === "stack",
};

/** A typed array or a DataView. The buffer is one of its parts, so that two views of one buffer stay two views of one buffer. */
const VIEW: Sort = {
  tag: "View",
  holds(object) {
    const { buffer, byteOffset, byteLength, length } = object as View;
    return [buffer, byteOffset, length ?? byteLength];
  },
  // Its buffer has to be copied before it: see `copyOf`.
  make: () => {
    throw new Error("Internal signal of verify(): a view is made of a copy of its buffer");
  },
  become: (object, like) => BUFFER.become!((object as View).buffer, (like as View).buffer),
  hides: isIndex,
};

export function makeView(like: object, buffer: unknown): object {
  const { byteOffset, byteLength, length } = like as View;
  const Type = like.constructor as new (...parts: unknown[]) => object;
  return new Type(buffer, byteOffset, length ?? byteLength);
}

export const isView = (sort: Sort): boolean => sort === VIEW;

const TypedArray = Object.getPrototypeOf(Uint8Array) as { readonly prototype: object };

/** Built-in prototypes, and the kind of what has them. */
const BUILT_IN = new Map<object | null, Sort>([
  [null, PLAIN],
  [Object.prototype, PLAIN],
  [Array.prototype, ARRAY],
  [Error.prototype, ERROR],
  [Map.prototype, MAP],
  [Set.prototype, SET],
  [Date.prototype, DATE],
  [RegExp.prototype, REGEXP],
  ...[Number, String, Boolean, Symbol, BigInt].map(({ prototype }) => [prototype, BOXED] as const),
  [ArrayBuffer.prototype, BUFFER],
  [DataView.prototype, VIEW],
  [TypedArray.prototype, VIEW],
  ...(typeof URL === "undefined" ? [] : ([[URL.prototype, URLS]] as const)),
  ...(typeof URLSearchParams === "undefined" ? [] : ([[URLSearchParams.prototype, URLS]] as const)),
  ...(typeof DOMException === "undefined" ? [] : ([[DOMException.prototype, EXCEPTION]] as const)),
  ...(typeof Buffer === "undefined" ? [] : ([[Buffer.prototype, BYTES]] as const)),
]);

const sorts = new WeakMap<object, Sort | "class" | "hidden">();

/** The kind of an object, by its prototype. `class`: an instance of a class; `hidden`: it may hold what cannot be seen. */
function sortBy(prototype: object | null): Sort | "class" | "hidden" {
  const builtIn = BUILT_IN.get(prototype);
  if (builtIn !== undefined) return builtIn;
  const known = sorts.get(prototype!);
  if (known !== undefined) return known;
  const above = sortBy(Object.getPrototypeOf(prototype) as object | null);
  const sort = above === "hidden" || !isOpen(prototype!) ? "hidden" : above === PLAIN ? "class" : above;
  sorts.set(prototype!, sort);
  return sort;
}

/** Whether instances with a prototype hold nothing that cannot be seen, as far as the source of their class tells. */
function isOpen(prototype: object): boolean {
  const made = Object.getOwnPropertyDescriptor(prototype, "constructor")?.value as unknown;
  if (typeof made !== "function") return !(Symbol.toStringTag in prototype);
  if (isNativeSubclass(prototype)) return true;
  const source = Function.prototype.toString.call(made);
  return !/\[native code\]|#[\w$]|\bWeakMap\b|__private|_classPrivate/.test(source);
}

/** The built-in classes that hold no more than the class that they extend, such as TypeError and Uint8Array. */
function isNativeSubclass(prototype: object): boolean {
  const above = Object.getPrototypeOf(prototype) as object | null;
  const isBuiltIn = /\[native code\]/.test(Function.prototype.toString.call(prototype.constructor));
  return isBuiltIn && (above === Error.prototype || above === TypedArray.prototype);
}

/** The kind of an object; see `sortBy`. */
export function sortOf(object: object): Sort | "class" | "hidden" {
  if (typeof object === "function") return "hidden";
  const sort = sortBy(Object.getPrototypeOf(object) as object | null);
  if (sort === PLAIN || sort === "class" || sort === "hidden") return sort;
  return holdsItself(sort, object) ? sort : "class";
}

/** Whether an object is what its prototype says: `Object.create(Map.prototype)` is no map. */
function holdsItself(sort: Sort, object: object): boolean {
  if (sort === ARRAY) return Array.isArray(object);
  try {
    sort.holds(object);
    return sort !== ERROR || Object.prototype.toString.call(object) !== "[object Object]";
  } catch {
    return false;
  }
}

/** The own properties of an object that are no part of what it holds. */
export function propertiesOf(object: object, { hides }: Pick<Sort, "hides">): [string | symbol, PropertyDescriptor][] {
  const keys = Reflect.ownKeys(object).filter((key) => hides?.(key) !== true);
  return keys.map((key) => [key, Reflect.getOwnPropertyDescriptor(object, key)!]);
}

/** Whether an object is the prototype of a class. */
export function isPrototype(object: unknown): boolean {
  if (typeof object !== "object" || object === null || !Object.hasOwn(object, "constructor")) return false;
  const made = object.constructor as unknown;
  return typeof made === "function" && made.prototype === object;
}

/** Whether a symbol is the same in every run: `Symbol.for("key")`, `Symbol.iterator`. */
export function isCommon(symbol: symbol): boolean {
  return Symbol.keyFor(symbol) !== undefined || COMMON.has(symbol);
}

const COMMON = new Set<unknown>(Reflect.ownKeys(Symbol).map((key) => Reflect.get(Symbol, key) as unknown));

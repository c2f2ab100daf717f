// Errors. Only errors that callers catch have a class of their own; misuse is a TypeError or a RangeError.
//
// If the package is loaded twice, `instanceof` recognises the errors of both copies by a brand.

const BRAND = /* @__PURE__ */ Symbol.for("millrace.error");

/** Marks an error as one of a class of this package, so that `instanceof` of another copy recognises it. */
function brand(error: Error, name: string): void {
  error.name = name;
  Object.defineProperty(error, BRAND, { value: name });
}

/** Whether an error is branded with a name. Of a user's subclass, which inherits the check, it asks as `instanceof` does. */
function isBranded(type: Function, own: Function, name: string, value: unknown): boolean {
  if (type !== own) return Function.prototype[Symbol.hasInstance].call(type, value);
  return typeof value === "object" && value !== null && (value as { [BRAND]?: unknown })[BRAND] === name;
}

/**
 * Thrown when a deadline passes before an operation completes or a scope ends.
 *
 * @example
 * ```ts
 * import { never, TimeoutError, withTimeout } from "millrace";
 *
 * try {
 *   await withTimeout(1, never());
 * } catch (error) {
 *   console.log(error instanceof TimeoutError); // true
 * }
 * ```
 */
export class TimeoutError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    brand(this, "TimeoutError");
  }

  /** @internal Recognises the errors of every copy of the package. */
  static override [Symbol.hasInstance](value: unknown): value is TimeoutError {
    // biome-ignore lint/complexity/noThisInStatic: subclasses inherit this, and ask for themselves
    return isBranded(this, TimeoutError, "TimeoutError", value);
  }
}

/**
 * Thrown to the joiners of a cancelled task, and by a cancelled scope. `cause` is the reason that was given to `cancel`.
 *
 * @example
 * ```ts
 * import { CancelledError, go, never } from "millrace";
 *
 * const task = go(function* () {
 *   yield* never();
 * });
 * task.cancel("no longer needed");
 * await task.then(undefined, (error) => {
 *   if (error instanceof CancelledError) console.log(error.cause); // no longer needed
 * });
 * ```
 */
export class CancelledError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    brand(this, "CancelledError");
  }

  /** @internal Recognises the errors of every copy of the package. */
  static override [Symbol.hasInstance](value: unknown): value is CancelledError {
    // biome-ignore lint/complexity/noThisInStatic: subclasses inherit this, and ask for themselves
    return isBranded(this, CancelledError, "CancelledError", value);
  }
}

/** One task of a deadlock: its name, what it waits for, and where it was started. */
export interface ParkedTask {
  /** The name of the task. */
  readonly name: string;
  /** The operation at which the task is parked, in words that follow "waits for". */
  readonly waitsFor: string;
  /** The names of the parked tasks that it waits for, if known: the task that it joins, or the last users of its channel. */
  readonly waitsOn?: readonly string[];
  /** The line of the stack where the task was started; absent if no line was recorded. */
  readonly startedAt?: string;
}

/**
 * Thrown when no event can resume the waiting code any more (rules EN-1 and EN-2).
 *
 * @example
 * ```ts
 * import { channel, DeadlockError, run } from "millrace";
 *
 * const orders = function* main() {
 *   return yield* channel<string>(0, { name: "orders" }).receive();
 * };
 * await run(orders).catch((error) => {
 *   if (error instanceof DeadlockError) console.log(error.tasks[0]?.waitsFor); // receive from orders
 * });
 * ```
 */
export class DeadlockError extends Error {
  /** The parked tasks, at most the first thousand. */
  readonly tasks: readonly ParkedTask[];
  /** The number of parked tasks. */
  readonly count: number;
  /** The names of the tasks of a cycle, in which each task waits for the next; empty if no cycle is known. */
  readonly cycle: readonly string[];

  constructor(message: string, tasks: readonly ParkedTask[], cycle: readonly string[], count: number = tasks.length) {
    super(message);
    brand(this, "DeadlockError");
    this.tasks = tasks;
    this.count = count;
    this.cycle = cycle;
  }

  /** @internal Recognises the errors of every copy of the package. */
  static override [Symbol.hasInstance](value: unknown): value is DeadlockError {
    // biome-ignore lint/complexity/noThisInStatic: subclasses inherit this, and ask for themselves
    return isBranded(this, DeadlockError, "DeadlockError", value);
  }
}

/** Returns the text of an error for another message. What is thrown may be any value, also one that has no text. */
export function textOf(error: unknown): string {
  try {
    return String(error);
  } catch {
    return shown(error);
  }
}

/**
 * Formats a given value for the last part of an error message. It never throws, whatever the value is: a revoked proxy, say, or an
 * object whose getters throw.
 */
export function shown(value: unknown): string {
  try {
    return describe(value);
  } catch {
    return `${typeof value === "function" ? "a function" : "an object"} that cannot be shown`;
  }
}

function describe(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "function") return nameOf(value) === "" ? "function (anonymous)" : `function ${nameOf(value)}`;
  if (typeof value !== "object" || value === null) return String(value);
  return kindOf(value) ?? `an object (${classOf(value)})`;
}

/** The kinds of objects that a message can give advice for. */
function kindOf(value: object): string | undefined {
  const tag = (value as { [Symbol.toStringTag]?: unknown })[Symbol.toStringTag];
  const { poll, block, receive, send, then } = value as Readonly<Record<string, unknown>>;
  if (tag === "Generator" || tag === "AsyncGenerator") return "a generator (pass its function, as in go(worker, 3))";
  if (typeof poll === "function" && typeof block === "function") return "an operation";
  if (typeof receive === "function" || typeof send === "function") return "a channel";
  if (typeof then === "function") return "a promise (settled(promise) makes an operation of it)";
  return undefined;
}

function classOf(value: object): string {
  const prototype = Object.getPrototypeOf(value);
  return prototype === null ? "no prototype" : nameOf(prototype.constructor) || "no class";
}

function nameOf(value: unknown): string {
  const name: unknown = (value as { name?: unknown } | null | undefined)?.name;
  return typeof name === "string" ? name : "";
}

// Errors, as they cross a boundary. Structured clone loses the class, the name and the own properties of an error, and JSON loses
// everything, so an error crosses as a list of fields, each of which is checked.

import { shown } from "../structures/errors.js";
import { Violation } from "./violation.js";

const BRAND = /* @__PURE__ */ Symbol.for("millrace.error");

/**
 * Thrown when the other side of a connection is gone: its thread or process has ended, its socket is broken, it has closed the
 * connection, or it broke the protocol. `cause` is what is known of it.
 *
 * Receivers first get the values that had arrived. Parked senders and questions without an answer get it at once.
 *
 * @example
 * ```ts
 * import { connect, PeerLostError } from "millrace/remote";
 *
 * const { port1, port2 } = new MessageChannel();
 * const here = connect(port1);
 * const there = connect(port2);
 * const words = here.channel<string>("words");
 * there.close();
 * await words.receive().then(undefined, (error) => console.log(error instanceof PeerLostError)); // true
 * ```
 */
export class PeerLostError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "PeerLostError";
    Object.defineProperty(this, BRAND, { value: "PeerLostError" });
  }

  /** @internal Recognises the errors of every copy of the package. */
  static override [Symbol.hasInstance](value: unknown): value is PeerLostError {
    // biome-ignore lint/complexity/noThisInStatic: subclasses inherit this, and ask for themselves
    if (this !== PeerLostError) return Function.prototype[Symbol.hasInstance].call(this, value);
    return typeof value === "object" && value !== null && (value as { [BRAND]?: unknown })[BRAND] === "PeerLostError";
  }
}

/** An error as it crosses: 0 and a value that is no error, or 1 and the fields of an error. */
export type Crossing =
  | readonly [0, unknown]
  | readonly [1, string, string, unknown, unknown, Crossing | null, readonly Crossing[] | null, string | null];

/** How deep causes may be nested, and how many errors an `AggregateError` may have; more are left out. */
const DEEPEST = 8;
const MOST = 64;
const LONGEST = 16_384;

const CLASSES: ReadonlyMap<string, ErrorConstructor> = /* @__PURE__ */ new Map<string, ErrorConstructor>([
  ["TypeError", TypeError],
  ["RangeError", RangeError],
  ["SyntaxError", SyntaxError],
  ["ReferenceError", ReferenceError],
  ["EvalError", EvalError],
  ["URIError", URIError],
]);

/**
 * The form in which an error crosses.
 *
 * @param crosses - Says whether a value of the user can cross as it is.
 * @param trusted - Whether the peer may see stacks.
 */
export function crossing(error: unknown, crosses: (value: unknown) => boolean, trusted: boolean, depth = 0): Crossing {
  if (!(error instanceof Error)) return [0, crosses(error) ? error : shown(error)];
  const { name, message, cause, stack, code, data, errors } = error as Error & Record<string, unknown>;
  const inner = (value: unknown): Crossing => crossing(value, crosses, trusted, depth + 1);
  const deeper = depth < DEEPEST;
  return [
    1,
    cut(name),
    cut(message),
    (typeof code === "string" || typeof code === "number") && crosses(code) ? code : null,
    data !== undefined && crosses(data) ? data : null,
    cause !== undefined && deeper ? inner(cause) : null,
    Array.isArray(errors) && deeper ? errors.slice(0, MOST).map(inner) : null,
    trusted && typeof stack === "string" ? cut(stack) : null,
  ];
}

function cut(text: unknown): string {
  return String(text).slice(0, LONGEST);
}

/** Checks what a peer sent as an error, and makes the error. */
export function arrived(given: unknown, trusted: boolean, depth = 0): unknown {
  if (!Array.isArray(given) || depth > DEEPEST + 1) throw new Violation("an error that is none");
  if (given[0] === 0 && given.length <= 2) return given[1] ?? undefined;
  if (given[0] !== 1 || given.length !== 8) throw new Violation("an error that is none");
  const [, name, message, code, data, cause, errors, stack] = given as unknown[];
  if (typeof name !== "string" || typeof message !== "string") throw new Violation("an error without a name");
  const options = cause === null ? undefined : { cause: arrived(cause, trusted, depth + 1) };
  const error = make(name, message, options, errors, (one) => arrived(one, trusted, depth + 1));
  if (typeof code === "string" || typeof code === "number") define(error, "code", code);
  if (data !== null && data !== undefined) define(error, "data", data);
  if (trusted && typeof stack === "string") Object.defineProperty(error, "stack", { value: stack, configurable: true });
  return error;
}

function make(
  name: string,
  message: string,
  options: ErrorOptions | undefined,
  errors: unknown,
  each: (one: unknown) => unknown,
): Error {
  if (name === "PeerLostError") return new PeerLostError(message, options);
  const Type = CLASSES.get(name);
  if (Type !== undefined && errors === null) return new Type(message, options);
  if (errors !== null && (!Array.isArray(errors) || errors.length > MOST)) throw new Violation("a list of errors");
  const error = errors === null ? new Error(message, options) : new AggregateError(errors.map(each), message, options);
  if (error.name !== name) Object.defineProperty(error, "name", { value: name, configurable: true, writable: true });
  return error;
}

function define(error: Error, key: string, value: unknown): void {
  Object.defineProperty(error, key, { value, configurable: true, enumerable: true, writable: true });
}

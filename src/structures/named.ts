import { assertFunction } from "./arguments.js";
import { shown } from "./errors.js";

/**
 * Gives a body a name, which is part of the names of its tasks, and so of reports and of errors: for an arrow function, a
 * bound method, or a function that several tasks run for different purposes.
 *
 * @param name - The name.
 * @param body - A function, which stays as it is.
 * @returns A function with that name that calls `body`.
 * @example
 * ```ts
 * import { go, named, sleep } from "millrace";
 *
 * class Client {
 *   *run() { yield* sleep(1); }
 * }
 * const client = new Client();
 * const task = go(named("client", () => client.run()));
 * console.log(task.name.startsWith("client#")); // true
 * ```
 */
export function named<F extends (...args: never[]) => unknown>(name: string, body: F): F {
  if (typeof name !== "string") throw new TypeError(`Cannot name function: name must be a string, got ${shown(name)}`);
  assertFunction("name function", "body", body);
  const call = function (this: unknown, ...args: never[]): unknown {
    return Reflect.apply(body, this, args);
  };
  // Like a bound function: what is named stays a generator function, which needs no signal.
  Object.setPrototypeOf(call, Object.getPrototypeOf(body) as object);
  return Object.defineProperty(call, "name", { value: name }) as unknown as F;
}

/** The name of a function for reports: without the word that `bind` puts before it, and `otherwise` if it has none. */
export function nameOf(body: Function, otherwise: string): string {
  const { name } = body as { name: unknown };
  return (typeof name === "string" && name.replace(/^(?:bound )+/, "")) || otherwise;
}

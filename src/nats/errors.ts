// Errors of a bus that callers catch.

const BRAND = /* @__PURE__ */ Symbol.for("millrace.error");

/**
 * Thrown by `bus.ask` when no process serves the name. It comes at once, and the question was handled nowhere.
 *
 * @example
 * ```ts
 * import { NoResponderError } from "millrace/nats";
 *
 * const error = new NoResponderError("Cannot ask prices: no process serves it");
 * console.log(error.name); // NoResponderError
 * ```
 */
export class NoResponderError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "NoResponderError";
    Object.defineProperty(this, BRAND, { value: "NoResponderError" });
  }

  /** @internal Recognises the errors of every copy of the package. */
  static override [Symbol.hasInstance](value: unknown): value is NoResponderError {
    // biome-ignore lint/complexity/noThisInStatic: subclasses inherit this, and ask for themselves
    if (this !== NoResponderError) return Function.prototype[Symbol.hasInstance].call(this, value);
    return (
      typeof value === "object" && value !== null && (value as { [BRAND]?: unknown })[BRAND] === "NoResponderError"
    );
  }
}

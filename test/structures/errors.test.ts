import { CancelledError, DeadlockError, TimeoutError } from "millrace";
import { expect, test } from "vitest";
import { shown } from "../../src/structures/errors.js";

function revoked<T extends object>(target: T): T {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
}

const throwing = new Proxy(
  {},
  {
    get() {
      throw new Error("getter");
    },
  },
);

test.each<[what: string, value: unknown, text: string]>([
  ["text", "a\nb", '"a\\nb"'],
  ["a long text", "x".repeat(100), `"${"x".repeat(60)}…"`],
  ["a bigint", 5n, "5n"],
  ["a symbol", Symbol("s"), "Symbol(s)"],
  ["a function", function named() {}, "function named"],
  ["a function without a name", () => {}, "function (anonymous)"],
  ["a function whose name is no text", Object.defineProperty(() => {}, "name", { value: 5 }), "function (anonymous)"],
  ["a generator", (function* () {})(), "a generator (pass its function, as in go(worker, 3))"],
  ["an async generator", (async function* () {})(), "a generator (pass its function, as in go(worker, 3))"],
  ["a promise", Promise.resolve(), "a promise (settled(promise) makes an operation of it)"],
  ["an array", [1], "an object (Array)"],
  ["an object without a prototype", Object.create(null), "an object (no prototype)"],
  ["an object whose constructor is no class", { constructor: 5 }, "an object (Object)"],
  ["a proxy that was revoked", revoked({}), "an object that cannot be shown"],
  ["a function that was revoked", revoked(() => {}), "a function that cannot be shown"],
  ["an object whose getters throw", throwing, "an object that cannot be shown"],
])("shown() of %s", (_, value, text) => {
  expect(shown(value)).toBe(text);
});

test.each([TimeoutError, CancelledError, DeadlockError])(
  "%o recognises the errors of another copy of the package",
  (type) => {
    // Another copy has a class of its own, which differs in nothing.
    const own = new type("own", [] as never, []);
    const other = Object.create(Error.prototype, {
      name: { value: own.name },
      [Symbol.for("millrace.error")]: { value: own.name },
    });
    class Sub extends (type as new (message: string, tasks: never, cycle: string[]) => Error) {}
    const sub = new Sub("sub", [] as never, []);
    expect([own instanceof type, other instanceof type, sub instanceof type]).toEqual([true, true, true]);
    expect([sub instanceof Sub, own instanceof Sub, other instanceof Sub]).toEqual([true, false, false]);
    const alike = Object.assign(new Error("alike"), { name: own.name });
    expect([alike, null, undefined, "text", {}].some((value) => value instanceof type)).toBe(false);
  },
);

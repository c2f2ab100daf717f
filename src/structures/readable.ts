// What `console.log` and `JSON.stringify` show of an object: a text, instead of the links of its queues. The consoles of Node
// and Bun call one method, the console of Deno another. A method of a class under a computed name would make bundlers keep
// the class where it is not used, so both are defined here.

const INSPECT = ["nodejs.util.inspect.custom", "Deno.customInspect"];

function define(object: object, key: string | symbol, value: () => string): void {
  Object.defineProperty(object, key, { value, configurable: true, writable: true });
}

/** Makes an object show as a text, everywhere. For an object of which there are few: a class needs no more methods for it. */
export function readable(object: object, text: () => string): void {
  for (const key of INSPECT) define(object, Symbol.for(key), text);
  define(object, "toString", text);
  define(object, "toJSON", text);
}

/**
 * Makes the instances of a class show in consoles what their `toString` returns. The function returned is `String`; a class
 * that uses it for its `toJSON` refers to this call, so that a bundler keeps the call with the class, and drops both.
 */
export function inspectable(type: { readonly prototype: object }): (object: object) => string {
  for (const key of INSPECT) {
    define(type.prototype, Symbol.for(key), function (this: object) {
      return String(this);
    });
  }
  return String;
}

// State that all copies of the package in a process share. If the package is loaded twice, both copies use one run queue, one
// order of serving locks and one set of daemons.

const KEY = Symbol.for("millrace.shared");

/** Returns the shared object with a name; the first copy of the package that asks for the name makes the object. */
export function shared<T>(name: string, make: () => T): T {
  const registry = globalThis as { [KEY]?: Map<string, unknown> };
  registry[KEY] ??= new Map();
  const objects = registry[KEY];
  if (!objects.has(name)) objects.set(name, make());
  return objects.get(name) as T;
}

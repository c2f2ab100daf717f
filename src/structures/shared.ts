// State that all copies of the package in a process share: a package that is loaded twice has one run queue, one order of
// serving locks, one set of daemons.

const KEY = Symbol.for("millrace.shared");

/** Returns what a name stands for; the first copy of the package that asks makes it. */
export function shared<T>(name: string, make: () => T): T {
  const registry = globalThis as { [KEY]?: Map<string, unknown> };
  registry[KEY] ??= new Map();
  const known = registry[KEY];
  if (!known.has(name)) known.set(name, make());
  return known.get(name) as T;
}

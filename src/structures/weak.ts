// Weak references. A host without `WeakRef` holds its records strongly: `run` drops them with the tasks of its program.

/** A reference that does not keep its target alive, if the host has such references. */
export interface Weak<T extends object> {
  deref(): T | undefined;
}

export function weak<T extends object>(target: T): Weak<T> {
  return typeof WeakRef === "function" ? new WeakRef(target) : { deref: () => target };
}

// Operations that are made and never performed, as in the statement `channel.send(1);` without `yield*`. Such a statement does
// nothing and says nothing.
//
// While operations are watched, each one gets functions in front of its methods, which notice the first use. An operation is
// used if it is performed, or if another operation is made of it; then the other one has to be performed.
//
// The constructor of an operation does not take part: one more test there makes a select 70 % slower, as V8 then no longer inlines
// the constructors of its cases. While operations are watched, each prototype has a setter for the last field that its
// constructor assigns.

import { Sharable } from "../operation/once.js";
import { Operation } from "../operation/operation.js";
import type { Notices } from "../scheduler/roles.js";
import { scheduler } from "../scheduler/scheduler.js";
import { Task } from "../task/task.js";

/** The operations that have not been used, and what is to be called when they are. */
const unused = new WeakMap<object, (operation: Operation<unknown>) => void>();

type Method = "poll" | "block" | "fresh" | "map";

/** A function that stands in front of a method, and notices the use of its operation. */
function inFrontOf(name: Method): never {
  return function (this: Operation<unknown>, ...args: unknown[]): unknown {
    use(this);
    return (Object.getPrototypeOf(this) as Record<Method, (...args: unknown[]) => unknown>)[name].apply(this, args);
  } as never;
}

const poll = /* @__PURE__ */ inFrontOf("poll");
const block = /* @__PURE__ */ inFrontOf("block");
const fresh = /* @__PURE__ */ inFrontOf("fresh");
const map = /* @__PURE__ */ inFrontOf("map");

const plain: PropertyDescriptor = {
  configurable: true,
  get(this: Operation<unknown>): unknown {
    use(this);
    return Reflect.get(Object.getPrototypeOf(this), "plain", this);
  },
};

/** Notices the first use of an operation. To assign the same functions to all is much faster than to give each a prototype of its own. */
function watch(operation: Operation<unknown>): void {
  operation.poll = poll;
  operation.block = block;
  operation.fresh = fresh;
  operation.map = map;
  Object.defineProperty(operation, "plain", plain);
}

/** The number of observers. */
let observers = 0;

/** A field in front of which operations announce themselves. */
const observed = (field: keyof Operation<unknown>): PropertyDescriptor => ({
  configurable: true,
  get: () => undefined,
  set(this: Operation<unknown>, value: unknown): void {
    Object.defineProperty(this, field, { value, writable: true, enumerable: true, configurable: true });
    scheduler.notices?.made(this);
  },
});

/** The constructors, each with the field that it assigns last. */
const CONSTRUCTORS = [
  [Operation, "waiter"],
  [Sharable, "value"],
] as const satisfies readonly (readonly [{ readonly prototype: object }, keyof Operation<unknown>])[];

/** Makes every operation announce itself to `scheduler.notices`, until the result is disposed of. */
export function observe(): Disposable {
  if (observers++ === 0) {
    for (const [{ prototype }, last] of CONSTRUCTORS) Object.defineProperty(prototype, last, observed(last));
  }
  let over = false;
  return {
    [Symbol.dispose]: () => {
      if (over) return;
      over = true;
      if (--observers > 0) return;
      for (const [{ prototype }, last] of CONSTRUCTORS) Reflect.deleteProperty(prototype, last);
    },
  };
}

function use(operation: Operation<unknown>): void {
  const used = unused.get(operation);
  if (used === undefined) return;
  unused.delete(operation);
  used(operation);
}

/** Watches every operation that is made while it is the receiver of notices. A task runs by itself, so it is none of them. */
export abstract class Watch implements Notices {
  private readonly _used: (operation: Operation<unknown>) => void;

  constructor() {
    this._used = (operation) => this.performed(operation);
  }

  made(operation: Operation<unknown>): void {
    if (operation instanceof Task) return;
    unused.set(operation, this._used);
    watch(operation);
    this.noted(operation);
  }

  used(operation: unknown): void {
    if (typeof operation === "object" && operation !== null) use(operation as Operation<unknown>);
  }

  wentBack(_task: string): void {}

  /** Called with each new operation, in its constructor. */
  protected abstract noted(operation: Operation<unknown>): void;

  /** Called with an operation when it is used for the first time. */
  protected abstract performed(operation: Operation<unknown>): void;
}

/** What an operation is, in words. */
export function describe(operation: Operation<unknown>): string {
  try {
    return operation.waitsFor().what;
  } catch {
    return "operation";
  }
}

/** The task that is running; null if it is unknown. */
export function maker(): Task<unknown> | null {
  const { current } = scheduler;
  return current instanceof Task ? current : null;
}

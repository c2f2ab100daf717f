// The one idea of work: everything that runs something takes the same things, and this file turns them into what a task
// drives. Work is an operation, or a function. A function returns a value, a promise, an operation, or a routine of either kind.
//
// A function that is not a generator function is given an `AbortSignal` as its last argument, which is aborted when the work is
// cancelled before it is done. To make a signal takes as long as a hundred hand-overs, so a function that cannot see its
// signal gets none.

import { Answer } from "../operation/answer.js";
import { always } from "../operation/basic.js";
import {
  type AsyncRoutine,
  isOperation,
  Mapped,
  type Operation,
  type Parked,
  type Routine,
} from "../operation/operation.js";
import { shown } from "../structures/errors.js";
import { named, nameOf } from "../structures/named.js";
import { Child } from "./child.js";
import { launch } from "./start.js";
import type { Body, Task } from "./task.js";

/** A value, or a promise, an operation or a routine that yields one. */
export type Settleable<T> = T | PromiseLike<T> | Operation<T> | Routine<T> | AsyncRoutine<T>;

/**
 * What everything that runs something takes: an operation, or a function that returns a value, a promise, an operation or a
 * routine. The function may be a `function*`, an `async function*`, an `async` function or a plain one. If it is no generator
 * function, it gets an `AbortSignal` after its own arguments. The signal is aborted when the work is cancelled, loses a select or
 * is late. The outcome of a promise that has not settled by then is ignored.
 *
 * @typeParam T - The type of the result.
 * @typeParam A - The types of the arguments that the function gets before the signal.
 * @example
 * ```ts
 * import { call, sleep, type Work } from "millrace";
 *
 * const kinds: Work<number>[] = [
 *   sleep(1).map(() => 1),
 *   async (signal) => (signal.aborted ? 0 : 2),
 *   function* () {
 *     yield* sleep(1);
 *     return 3;
 *   },
 * ];
 * for (const work of kinds) console.log(await call(work)); // 1, 2, 3
 * ```
 */
export type Work<T, A extends unknown[] = []> = Operation<T> | ((...args: [...A, signal: AbortSignal]) => Returned<T>);

/** Work, with or without a parameter for the signal. */
export type AnyWork<T, A extends unknown[]> = Work<T, A> | ((...args: A) => Returned<T>);

const SYNC = /* @__PURE__ */ Object.getPrototypeOf(function* () {});
const ASYNC = /* @__PURE__ */ Object.getPrototypeOf(async function* () {});

/** Whether a function makes routines, and runs nothing when it is called. A bound function has the prototype of its target. */
function isGeneratorFunction(work: unknown): boolean {
  const kind = Object.getPrototypeOf(work);
  return kind === SYNC || kind === ASYNC;
}

/** The text of a function whose parameters are plain names or patterns, without defaults and without a rest parameter. */
const PLAIN_PARAMETERS = /^[\w$\s]*(?:\([\w$\s,:{}[\]]*\)\s*(?:=>|\{)|=>)/;

/** Whether a function that is called with `own` arguments can see one more. */
function seesSignal(work: Function, own: number): boolean {
  if (work.length > own) return true;
  const text = Function.prototype.toString.call(work);
  return !PLAIN_PARAMETERS.test(text) || text.includes("arguments");
}

/**
 * Returns the function that a piece of work is: it is called with its own arguments, of which there are `own`, and is given its
 * signal here.
 */
export function functionOf<T, A extends unknown[]>(work: AnyWork<T, A>, own: number): (...args: A) => Settleable<T> {
  if (isOperation(work)) return () => work as Operation<T>;
  const given = work as (...args: unknown[]) => Settleable<T>;
  if (isGeneratorFunction(given) || !seesSignal(given, own)) return given;
  return (...args) => {
    const controller = new AbortController();
    return abortable(given(...args, controller.signal), controller);
  };
}

/** Aborts the controller when what the function returned is given up. */
function abortable<T>(made: Settleable<T>, controller: AbortController): Settleable<T> {
  if (isValue(made)) return made;
  if (isPromise(made)) return new Answer(made, controller);
  const settling = settle(made);
  if (!isOperation(settling)) return new Abortable(settling, controller);
  return new Signalled(settling as Operation<T>, controller);
}

function same<T>(value: T): T {
  return value;
}

/**
 * An operation that a function with a signal returned. The signal is aborted when the task that performs the operation is
 * cancelled. It is no branch of a choice: a choice starts a task, which performs it.
 */
export class Signalled<T> extends Mapped<T, T> {
  private readonly _controller: AbortController;

  constructor(operation: Operation<T>, controller: AbortController) {
    super(operation.fresh(), same<T>);
    this._controller = controller;
  }

  override withdraw(): boolean {
    const left = super.withdraw();
    this._controller.abort();
    return left;
  }
}

/** A routine whose signal is aborted before its `finally` blocks run. */
class Abortable<T> implements Routine<T> {
  private readonly _routine: Routine<T>;
  private readonly _controller: AbortController;

  constructor(routine: Routine<T>, controller: AbortController) {
    this._routine = routine;
    this._controller = controller;
  }

  next(): IteratorResult<Parked, T> {
    return this._routine.next();
  }

  return(value: T): IteratorResult<Parked, T> {
    this._controller.abort();
    return this._routine.return(value);
  }

  throw(error: unknown): IteratorResult<Parked, T> {
    return this._routine.throw(error);
  }

  [Symbol.iterator](): this {
    return this;
  }

  get [Symbol.toStringTag](): string {
    return "Routine";
  }

  [Symbol.dispose](): void {
    this.return(undefined as T);
  }
}

/**
 * What a function that is {@link Work} returns. A generator that does more than perform operations is no value, so the types
 * find a `yield` that should be a `yield*`.
 */
export type Returned<T> =
  | Task<T> // an operation, named so that its type is inferred from it alone
  | Routine<T>
  | AsyncRoutine<T>
  | ([Extract<T, Generator | AsyncGenerator>] extends [never] ? T | PromiseLike<T> | Operation<T> : never);

/** Throws unless `given` is work. */
export function assertWork(what: string, name: string, given: unknown): void {
  if (typeof given === "function" || isOperation(given)) return;
  throw new TypeError(`Cannot ${what}: ${name} must be a function or an operation, got ${shown(given)}`);
}

/** Whether this is a value, so that there is nothing to wait for. */
export function isValue<T>(made: Settleable<T>): made is T {
  if (typeof made !== "object" || made === null) return true;
  return typeof (made as { then?: unknown }).then !== "function" && !isRoutine(made);
}

/** Returns what a task performs with `yield*` to wait for the value. An operation or a sync routine is returned as it is. */
export function settle<T>(made: Settleable<T>): Operation<T> | Routine<T> {
  if (isValue(made)) return always(made);
  if (isOperation(made)) return made as Operation<T>;
  if (isPromise(made)) return new Answer(made, null);
  if (Symbol.iterator in (made as object)) return made as Routine<T>;
  return new Child(() => launch(() => made as AsyncRoutine<T>, [], null, undefined), "an async routine");
}

/** The bodies of the functions that are not generator functions, so that a function has one body. */
const bodies = /* @__PURE__ */ new WeakMap<object, Body<never, unknown>>();

/** Returns the body of a go block that does a piece of work: a generator function is its own body. */
export function bodyOf<A extends unknown[], T>(work: AnyWork<T, A>): Body<A, T> {
  if (isGeneratorFunction(work)) return work as unknown as Body<A, T>;
  let body = bodies.get(work) as Body<A, T> | undefined;
  if (body === undefined) {
    const name = isOperation(work) ? "" : nameOf(work as Function, "");
    body = named(name, function* (...args: A): Routine<T> {
      return yield* settle(functionOf(work, args.length)(...args));
    });
    bodies.set(work, body as Body<never, unknown>);
  }
  return body;
}

function isPromise<T>(made: Settleable<T>): made is PromiseLike<T> {
  return !isOperation(made) && typeof (made as { then?: unknown }).then === "function";
}

function isRoutine(made: unknown): boolean {
  const { next, return: end } = made as { next?: unknown; return?: unknown };
  return typeof next === "function" && typeof end === "function";
}

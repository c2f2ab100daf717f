import { Sharable } from "../operation/once.js";
import { isOperation, type Operation, type WaitsFor } from "../operation/operation.js";
import { scheduler } from "../scheduler/scheduler.js";
import { nameOf } from "../structures/named.js";
import { Child } from "./child.js";
import { launch } from "./start.js";
import type { Body } from "./task.js";
import { type AnyWork, assertWork, bodyOf, type Returned, type Work } from "./work.js";

class Call<A extends unknown[], T> extends Sharable<T> {
  private readonly _body: Body<A, T>;
  private readonly _args: A;
  private readonly _site: string | undefined;

  constructor(body: Body<A, T>, args: A, site: string | undefined) {
    super();
    this._body = body;
    this._args = args;
    this._site = site;
  }

  override waitsFor(): WaitsFor {
    return { what: `the call of ${nameOf(this._body, "function")}`, external: true, host: true };
  }

  override fresh(): Operation<T> {
    return new Child(() => launch(this._body, this._args, null, this._site), this.waitsFor().what);
  }
}

/**
 * Makes an operation of a function: each time it is performed, it calls the function and waits for what that returns. So a
 * routine, an `async` or a plain function can be a case of a select, have a deadline, or be mapped.
 *
 * Parks when: always, until the work is done. Yields: its result; its error is thrown. If cancelled: the work is cancelled, and
 * the task continues only when that is over, with its `finally` blocks. If another case of a select wins: the work is cancelled,
 * and the select does not wait for it.
 *
 * The function runs in a task of its own. One that is not a generator function gets an `AbortSignal` after its arguments, see
 * {@link Work}. An operation is returned as it is. To start several tasks that belong together, use `scope`.
 *
 * @param work - The function to call, or an operation. The arguments of the function follow it.
 * @throws TypeError if `work` is neither a function nor an operation.
 * @example
 * ```ts
 * import { call, select, sleep } from "millrace";
 *
 * function* search(question: string) {
 *   yield* sleep(5);
 *   return `an answer to ${question}`;
 * }
 * const { key } = await select({ hit: call(search, "why"), late: sleep(80) });
 * console.log(key); // hit
 * ```
 */
export function call<T>(work: Work<T>): Operation<T>;
export function call<A extends unknown[], T>(work: (...args: A) => Returned<T>, ...args: A): Operation<T>;
export function call<A extends unknown[], T>(
  work: (...args: [...A, signal: AbortSignal]) => Returned<T>,
  ...args: A
): Operation<T>;
export function call<A extends unknown[], T>(work: AnyWork<T, A>, ...args: A): Operation<T> {
  assertWork("call", "work", work);
  if (isOperation(work)) return work as Operation<T>;
  const site = scheduler.maker?.callSite?.();
  return new Call<A, T>(bodyOf(work), args, site);
}

// Choice. Exactly one branch happens: `poll` tries them in the order of the mode, `block` queues all of them up, and the
// first that a peer completes unlinks the others in the same step, so every waiter found in a queue is alive.

import { shown } from "./errors.js";
import { isOperation, Operation, type Value } from "./operation.js";
import { assertIdle, type Waiter } from "./perform.js";
import { scheduler } from "./scheduler.js";

/** What can stand in a select: an operation, or a receive channel standing for its `receive()`. */
export type Case = Operation<unknown> | { receive: () => Operation<unknown> };

/** The named cases of a select. */
export type Cases = Readonly<Record<string, Case>>;

/** What a select yields: the case that happened and its value, discriminated by `key`. */
export type Selected<C extends Cases> = {
  [K in keyof C & string]: { readonly key: K; readonly value: Value<C[K]> };
}[keyof C & string];

/** How to choose among cases that are ready: uniformly at random, the first in order, or each in its turn. */
export type SelectMode = "random" | "priority" | "fair";

/** How a select chooses. */
export interface SelectOptions {
  /** `"random"` (default), `"priority"` or `"fair"`. */
  readonly mode?: SelectMode;
}

class Choice<T> extends Operation<T> implements Waiter {
  // In random mode branches and labels are permuted in place: their order is left to chance anyway.
  private readonly _branches: Operation<unknown>[];
  private readonly _labels: string[] | null;
  private readonly _mode: SelectMode;
  private readonly _attentive: boolean;
  private readonly _fallback: { readonly value: unknown } | null;
  private _winner: number;
  private _blocked: number;
  private _turn: number;

  constructor(
    branches: Operation<unknown>[],
    labels: string[] | null,
    mode: SelectMode,
    fallback: { value: unknown } | null,
  ) {
    super();
    this._branches = branches;
    this._labels = labels;
    this._mode = mode;
    this._attentive = isAttentive(branches);
    this._fallback = fallback;
    this._winner = -1;
    this._blocked = this._turn = 0;
  }

  poll(): boolean {
    const branches = this._branches;
    const { length } = branches;
    const random = this._mode === "random";
    const start = this._turn;
    this._winner = -1;
    for (let count = 0, at = start; count < length; count++, at++) {
      // A permutation drawn as far as it is needed is uniform over the ready ones, whatever stands between them; a
      // random starting point followed by a scan is not.
      if (random && count < length - 1) this._swap(at, at + scheduler.chance(length - at));
      else if (at >= length) at -= length;
      const branch = branches[at]!;
      if (branch.waiter !== null) assertIdle(branch);
      if (!branch.poll()) continue;
      this._winner = at;
      if (this._attentive) this._dismiss(start, count);
      if (this._mode === "fair") this._turn = at + 1 === length ? 0 : at + 1;
      return true;
    }
    if (this._fallback === null) return false;
    if (this._attentive) this._dismiss(0, length);
    return true;
  }

  block(): void {
    this._blocked = 0;
    try {
      for (const branch of this._branches) {
        this._blocked++;
        branch.waiter = this;
        branch.block();
        // One that completed while it queued up has won; the others are out again.
        if (this._winner !== -1) return;
      }
    } catch (error) {
      this._leave(null);
      throw error;
    }
  }

  override unblock(): void {
    if (this._blocked === 0) this._dismiss(0, this._branches.length);
    else this._leave(null);
  }

  wake(winner: Operation<unknown>): void {
    winner.waiter = null;
    this._leave(winner);
    if (this._mode === "fair") this._turn = (this._winner + 1) % this._branches.length;
    this.complete(undefined);
  }

  override discard(): void {
    if (this._winner !== -1) this._branches[this._winner]!.discard();
  }

  override result(): T {
    const winner = this._winner;
    if (winner === -1) return this._yield("default", this._fallback!.value);
    return this._yield(this._labels === null ? "" : this._labels[winner]!, this._branches[winner]!.result());
  }

  /** Only a plain random choice may be taken apart: the others mean something by their order. */
  override branches(): Operation<T>[] | null {
    if (this._mode !== "random" || this._fallback !== null) return null;
    if (this._labels === null) return this._branches as Operation<T>[];
    return this._branches.map((branch, at) => branch.map((value) => this._yield(this._labels![at]!, value)));
  }

  override get attentive(): boolean {
    return this._attentive;
  }

  override get external(): boolean {
    return this._branches.some((branch) => branch.external);
  }

  override describe(): string {
    return this._branches.map((branch) => branch.describe()).join(" or ") || "nothing (a select without cases)";
  }

  override rivals(): readonly unknown[] {
    return this._branches.flatMap((branch) => branch.rivals());
  }

  private _yield(key: string, value: unknown): T {
    return (this._labels === null ? value : { key, value }) as T;
  }

  private _swap(at: number, other: number): void {
    const branches = this._branches;
    const labels = this._labels;
    const branch = branches[at]!;
    branches[at] = branches[other]!;
    branches[other] = branch;
    if (labels === null) return;
    const label = labels[at]!;
    labels[at] = labels[other]!;
    labels[other] = label;
  }

  /** Everyone but the winner leaves every queue. */
  private _leave(winner: Operation<unknown> | null): void {
    const branches = this._branches;
    const blocked = this._blocked;
    this._blocked = 0;
    for (let at = 0; at < branches.length; at++) {
      const branch = branches[at]!;
      if (branch === winner) {
        this._winner = at;
      } else if (at < blocked) {
        branch.waiter = null;
        branch.unblock();
      } else if (branch.attentive) {
        branch.unblock();
      }
    }
  }

  /** Tells those that were only polled, and want to know, that they lost. */
  private _dismiss(start: number, count: number): void {
    const branches = this._branches;
    for (let at = start; at < start + count; at++) {
      const branch = branches[at % branches.length]!;
      if (branch.attentive) branch.unblock();
    }
  }
}

function isAttentive(branches: Operation<unknown>[]): boolean {
  for (const branch of branches) if (branch.attentive) return true;
  return false;
}

/** A case that takes no part in the choice. */
class Absent extends Operation<never> {
  poll(): boolean {
    return false;
  }

  block(): void {}
}

const absent: Operation<never> = /* @__PURE__ */ new Absent();

function operationOf(value: unknown, place: () => string): Operation<unknown> {
  if (value instanceof Operation) return value.fresh();
  if (isOperation(value)) return value.fresh();
  const receive = (value as { receive?: unknown } | null | undefined)?.receive;
  if (typeof receive === "function") return operationOf(receive.call(value), place);
  throw new TypeError(`Cannot select: ${place()} must be an operation or a receive channel, got ${shown(value)}`);
}

/** Adds a case to a choice; a nested choice is taken apart, so that each of its branches has the same chance. */
function add(branches: Operation<unknown>[], labels: string[] | null, label: string, operation: Operation<unknown>): void {
  if (operation === absent) return;
  const parts = operation.branches();
  if (parts === null) {
    branches.push(operation);
    labels?.push(label);
  } else {
    for (const part of parts) add(branches, labels, label, part);
  }
}

/**
 * Waits for several operations at once: exactly one of them happens, and the others leave every queue and timer in the
 * same step.
 *
 * Parks when: no case is ready and there is no `default`. Yields: `{ key, value }`, a union discriminated by `key`; or
 * `{ key: "default", value }`. If closed: the case of a closed channel is ready, with `CLOSED`. If cancelled: every case
 * leaves its queue.
 *
 * @param cases - The named cases: operations, or receive channels standing for their `receive()`.
 * @param options - `mode`: how to choose among ready cases; `default`: what to yield when none is ready on entry.
 * @throws TypeError when a case is neither.
 * @example
 * ```ts
 * import { channel, select, sleep } from "millrace";
 *
 * const words = channel<string>(1);
 * words.trySend("hello");
 * const first = await select({ word: words, late: sleep(1000) });
 * if (first.key === "word") console.log(first.value); // hello
 * ```
 */
export function select<C extends Cases, D>(
  cases: C,
  options: SelectOptions & { readonly default: D },
): Operation<Selected<C> | { readonly key: "default"; readonly value: D }>;
export function select<C extends Cases>(cases: C, options?: SelectOptions): Operation<Selected<C>>;
export function select(cases: Cases, options?: SelectOptions & { readonly default?: unknown }): Operation<unknown> {
  const branches: Operation<unknown>[] = [];
  const labels: string[] = [];
  if (typeof cases !== "object" || cases === null) {
    throw new TypeError(`Cannot select: cases must be an object of named cases, got ${shown(cases)}`);
  }
  for (const key in cases) add(branches, labels, key, operationOf(cases[key], () => `case ${JSON.stringify(key)}`));
  if (options === undefined) return new Choice(branches, labels, "random", null);
  const { mode = "random" } = options;
  if (mode !== "random" && mode !== "priority" && mode !== "fair") {
    throw new TypeError(`Cannot select: mode must be "random", "priority" or "fair", got ${shown(mode)}`);
  }
  return new Choice(branches, labels, mode, "default" in options ? { value: options.default } : null);
}

/**
 * A case with a condition: when it is false the case takes no part in this choice, and the others keep their names.
 *
 * @example
 * ```ts
 * import { always, select, when } from "millrace";
 *
 * const { key } = await select({ a: when(false, always(1)), b: when(true, always(2)) });
 * console.log(key); // b
 * ```
 */
export function when<C extends Case>(condition: boolean, guarded: C): C {
  return condition ? guarded : (absent as unknown as C);
}

/**
 * The positional form of {@link select}: yields the value of the operation that happened. With `map` on each it is
 * core.async's `alt!`. Without operations it is `never()`; nesting flattens.
 *
 * Parks when, if closed, if cancelled: as `select`.
 *
 * @example
 * ```ts
 * import { alt, always, sleep } from "millrace";
 *
 * console.log(await alt(always("here"), sleep(1000).map(() => "late"))); // here
 * ```
 */
export function alt<O extends Case[]>(...cases: O): Operation<Value<O[number]>> {
  const branches: Operation<unknown>[] = [];
  for (let at = 0; at < cases.length; at++) add(branches, null, "", operationOf(cases[at], () => `case ${at + 1}`));
  return (branches.length === 1 ? branches[0]! : new Choice(branches, null, "random", null)) as Operation<Value<O[number]>>;
}

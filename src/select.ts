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

/** Chooses at random. Branches and labels are permuted in place: their order is left to chance anyway. */
class Choice<T> extends Operation<T> implements Waiter {
  readonly parts: Operation<unknown>[];
  readonly labels: string[] | null;
  /** Whether a branch wants to be told that it lost even when it was only polled. */
  readonly tells: boolean;
  protected winner: number;
  protected blocked: number;

  constructor(parts: Operation<unknown>[], labels: string[] | null, tells: boolean) {
    super();
    this.parts = parts;
    this.labels = labels;
    this.tells = tells;
    this.winner = -1;
    this.blocked = 0;
  }

  poll(): boolean {
    const { parts } = this;
    const { length } = parts;
    this.winner = -1;
    for (let at = 0; at < length; at++) {
      // A permutation drawn as far as it is needed is uniform over the ready ones, whatever stands between them; a
      // random starting point followed by a scan is not.
      if (at < length - 1) this._swap(at, at + scheduler.chance(length - at));
      if (this.tries(at)) return this.tells ? this.dismiss(0, at) : true;
    }
    return false;
  }

  /** Polls one branch; it has won if it is ready. */
  protected tries(at: number): boolean {
    const branch = this.parts[at]!;
    if (branch.waiter !== null) assertIdle(branch);
    if (!branch.poll()) return false;
    this.winner = at;
    return true;
  }

  block(): void {
    const { parts } = this;
    this.blocked = 0;
    try {
      for (let at = 0; at < parts.length; at++) {
        const branch = parts[at]!;
        this.blocked = at + 1;
        branch.waiter = this;
        branch.block();
        // One that completed while it queued up has won; the others are out again.
        if (this.winner !== -1) return;
      }
    } catch (error) {
      this._leave(null);
      throw error;
    }
  }

  override unblock(): void {
    if (this.blocked === 0) this.dismiss(0, this.parts.length);
    else this._leave(null);
  }

  wake(winner: Operation<unknown>): void {
    winner.waiter = null;
    this._leave(winner);
    this.complete(undefined);
  }

  override discard(): void {
    if (this.winner !== -1) this.parts[this.winner]!.discard();
  }

  override result(): T {
    const { labels, winner } = this;
    const value = this.parts[winner]!.result();
    return (labels === null ? value : { key: labels[winner]!, value }) as T;
  }

  /** Nesting flattens, so that each branch has the same chance. */
  override branches(): Operation<T>[] | null {
    const { labels, parts } = this;
    if (labels === null) return parts as Operation<T>[];
    return parts.map((branch, at) => branch.map((value) => ({ key: labels[at]!, value }) as T));
  }

  override get plain(): boolean {
    return false;
  }

  override get attentive(): boolean {
    return this.tells;
  }

  override get external(): boolean {
    return this.parts.some((branch) => branch.external);
  }

  override describe(): string {
    return this.parts.map((branch) => branch.describe()).join(" or ") || "nothing (a select without cases)";
  }

  override rivals(): readonly unknown[] {
    return this.parts.flatMap((branch) => branch.rivals());
  }

  private _swap(at: number, other: number): void {
    const { parts, labels } = this;
    const branch = parts[at]!;
    parts[at] = parts[other]!;
    parts[other] = branch;
    if (labels === null) return;
    const label = labels[at]!;
    labels[at] = labels[other]!;
    labels[other] = label;
  }

  /** Everyone but the winner leaves every queue. */
  private _leave(winner: Operation<unknown> | null): void {
    const { parts, blocked } = this;
    this.blocked = 0;
    for (let at = 0; at < parts.length; at++) {
      const branch = parts[at]!;
      if (branch === winner) {
        this.winner = at;
      } else if (at < blocked) {
        branch.waiter = null;
        branch.unblock();
      } else if (branch.attentive) {
        branch.unblock();
      }
    }
  }

  /** Tells those that were only polled, and want to know, that they lost. */
  protected dismiss(start: number, count: number): true {
    const { parts } = this;
    for (let at = start; at < start + count; at++) {
      const branch = parts[at % parts.length]!;
      if (branch.attentive) branch.unblock();
    }
    return true;
  }
}

/** Chooses by order, or has something to yield when nothing is ready; its order means something, so it is not taken apart. */
class OrderedChoice<T> extends Choice<T> {
  private readonly _mode: SelectMode;
  private readonly _fallback: { readonly value: unknown } | null;
  private _start: number;

  constructor(
    parts: Operation<unknown>[],
    labels: string[],
    tells: boolean,
    mode: SelectMode,
    fallback: { value: unknown } | null,
  ) {
    super(parts, labels, tells);
    this._mode = mode;
    this._fallback = fallback;
    this._start = 0;
  }

  override poll(): boolean {
    if (this._mode === "random" ? super.poll() : this._pollInOrder()) return true;
    if (this._fallback === null) return false;
    return this.dismiss(0, this.parts.length);
  }

  override wake(winner: Operation<unknown>): void {
    this._rotate(this.parts.indexOf(winner));
    super.wake(winner);
  }

  override result(): T {
    if (this.winner === -1) return { key: "default", value: this._fallback!.value } as T;
    return super.result();
  }

  override branches(): null {
    return null;
  }

  private _pollInOrder(): boolean {
    const { length } = this.parts;
    const start = this._start;
    this.winner = -1;
    for (let count = 0; count < length; count++) {
      const at = (start + count) % length;
      if (!this.tries(at)) continue;
      this._rotate(at);
      return this.dismiss(start, count);
    }
    return false;
  }

  private _rotate(winner: number): void {
    if (this._mode === "fair") this._start = (winner + 1) % this.parts.length;
  }
}

/** A case that takes no part in the choice. */
class Absent extends Operation<never> {
  override get plain(): boolean {
    return false;
  }

  poll(): boolean {
    return false;
  }

  block(): void {}
}

const absent: Operation<never> = /* @__PURE__ */ new Absent();

function operationOf(value: unknown, place: string | number): Operation<unknown> {
  if (isOperation(value)) return value.plain ? value : value.fresh();
  const receive = (value as { receive?: unknown } | null | undefined)?.receive;
  if (typeof receive === "function") return operationOf(receive.call(value), place);
  const which = typeof place === "number" ? place + 1 : JSON.stringify(place);
  throw new TypeError(`Cannot select: case ${which} must be an operation or a receive channel, got ${shown(value)}`);
}

/** What a choice is made of. */
interface Gathered {
  readonly parts: Operation<unknown>[];
  readonly labels: string[] | null;
  readonly tells: boolean;
}

/** Gathers cases of any kind. */
class Gathering implements Gathered {
  readonly parts: Operation<unknown>[];
  readonly labels: string[] | null;
  tells: boolean;

  constructor(labels: string[] | null) {
    this.parts = [];
    this.labels = labels;
    this.tells = false;
  }

  /** Adds a case that is no plain operation: a nested choice is taken apart, an absent one left out. */
  add(operation: Operation<unknown>, label: string): void {
    if (operation === absent) return;
    const nested = operation.branches();
    if (nested === null) {
      this.parts.push(operation);
      this.labels?.push(label);
      this.tells ||= operation.attentive;
    } else {
      for (const part of nested) this.add(part, label);
    }
  }
}

/** The cases as operations, with their labels; plain ones, which is nearly all, are taken as they stand. */
function gather(cases: Cases): Gathered {
  const labels = Object.keys(cases);
  const parts: Operation<unknown>[] = [];
  // `for in` over an object of known shape reads its fields at fixed places; by the names in `labels` it would search.
  for (const label in cases) {
    const operation = cases[label] as Partial<Operation<unknown>> | undefined;
    if (operation?.plain !== true) return gatherSpecial(cases, labels);
    parts.push(operation as Operation<unknown>);
  }
  return { parts, labels, tells: false };
}

function gatherSpecial(cases: Cases, labels: string[]): Gathered {
  const all = new Gathering([]);
  for (const label of labels) all.add(operationOf(cases[label], label), label);
  return all;
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
  if (typeof cases !== "object" || cases === null) {
    throw new TypeError(`Cannot select: cases must be an object of named cases, got ${shown(cases)}`);
  }
  const { parts, labels, tells } = gather(cases);
  if (options === undefined) return new Choice(parts, labels, tells);
  const { mode = "random" } = options;
  if (mode !== "random" && mode !== "priority" && mode !== "fair") {
    throw new TypeError(`Cannot select: mode must be "random", "priority" or "fair", got ${shown(mode)}`);
  }
  return new OrderedChoice(parts, labels!, tells, mode, "default" in options ? { value: options.default } : null);
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
  const all = new Gathering(null);
  for (let at = 0; at < cases.length; at++) all.add(operationOf(cases[at], at), "");
  const { parts, tells } = all;
  return (parts.length === 1 ? parts[0]! : new Choice(parts, null, tells)) as Operation<Value<O[number]>>;
}

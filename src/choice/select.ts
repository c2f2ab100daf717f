// How cases become a choice: channels stand for their receive(), nested choices are taken apart, absent cases left out.

import { isOperation, Operation, type Value } from "../operation/operation.js";
import { shown } from "../structures/errors.js";
import { Choice, OrderedChoice, type SelectMode } from "./choice.js";

/** What can stand in a select: an operation, or a receive channel standing for its `receive()`. */
export type Case = Operation<unknown> | { receive: () => Operation<unknown> };

/** The named cases of a select. */
export type Cases = Readonly<Record<string, Case>>;

/** What a select yields: the case that happened and its value, discriminated by `key`. */
export type Selected<C extends Cases> = {
  [K in keyof C & string]: { readonly key: K; readonly value: Value<C[K]> };
}[keyof C & string];

/** How a select chooses. */
export interface SelectOptions {
  /** `"random"` (default), `"priority"` or `"fair"`. */
  readonly mode?: SelectMode;
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
  // Inherited fields name no cases.
  return parts.length === labels.length ? { parts, labels, tells: false } : gatherSpecial(cases, labels);
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

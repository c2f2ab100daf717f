// Turns cases into a choice. A receive channel stands for its `receive()`, nested choices flatten, and cases that `when` excludes
// are left out.

import { isOperation, Operation, type Value, type WaitsFor } from "../operation/operation.js";
import { scheduler } from "../scheduler/scheduler.js";
import { assertOptions } from "../structures/arguments.js";
import { shown } from "../structures/errors.js";
import { Choice, OrderedChoice, type SelectMode } from "./choice.js";

/** A case of a select: an operation, or a receive channel, which stands for its `receive()`. */
export type Case = Operation<unknown> | { receive: () => Operation<unknown> };

/** The cases of a select, by name. */
export type Cases = Readonly<Record<string, Case>>;

/** What a select yields: the name and the value of the case that happened, discriminated by `key`. */
export type Selected<C extends Cases> = C extends unknown
  ? { [K in keyof C & string]: { readonly key: K; readonly value: Value<C[K]> } }[keyof C & string]
  : never;

/** Options of {@link select}. */
export interface SelectOptions {
  /**
   * How to choose among ready cases. `"random"`, the default: each is equally likely. `"priority"`: the first in the order of
   * `Object.keys`, which is the order in which they are written, except that names that are whole numbers come first, in
   * ascending order. `"fair"`: in turn, over the performances of one select; create it once, before the loop. The first
   * performance begins with any case.
   */
  readonly mode?: SelectMode;
}

/** A case that is excluded from the choice. Performed by itself, it waits for ever. */
class Absent extends Operation<never> {
  /** Whether a choice leaves it out; other copies of the package look at it, too. */
  readonly excluded: boolean;

  constructor() {
    super();
    this.excluded = true;
  }

  override get plain(): boolean {
    return false;
  }

  poll(): boolean {
    return false;
  }

  block(): void {}

  override waitsFor(): WaitsFor {
    return { what: "nothing (a case that when() excludes)", external: false };
  }
}

function operationOf(value: unknown, place: string | number): Operation<unknown> {
  if (isOperation(value)) return value.plain ? value : value.fresh();
  const receive = (value as { receive?: unknown } | null | undefined)?.receive;
  if (typeof receive === "function") return operationOf(receive.call(value), place);
  const which = typeof place === "number" ? place + 1 : JSON.stringify(place);
  throw new TypeError(`Cannot select: case ${which} must be an operation or a receive channel, got ${shown(value)}`);
}

/** The parts of a choice. */
interface Gathered {
  readonly parts: Operation<unknown>[];
  readonly labels: string[] | null;
  readonly hasAttentive: boolean;
  readonly hasCode: boolean;
}

/** Collects cases of any kind. */
class Gathering implements Gathered {
  readonly parts: Operation<unknown>[];
  readonly labels: string[] | null;
  hasAttentive: boolean;
  hasCode: boolean;

  constructor(labels: string[] | null) {
    this.parts = [];
    this.labels = labels;
    this.hasAttentive = this.hasCode = false;
  }

  /** Adds a case. A nested choice is flattened, and an excluded case left out. */
  add(operation: Operation<unknown>, label: string): void {
    if ((operation as unknown as Partial<Absent>).excluded === true) return;
    const nested = operation.branches();
    if (nested === null) {
      this.parts.push(operation);
      this.labels?.push(label);
      this.hasAttentive ||= operation.attentive;
      this.hasCode ||= operation.attentive || operation.runsCode;
    } else {
      for (const part of nested) this.add(part, label);
    }
  }
}

/** Returns the cases as operations, with their labels. Plain operations, which nearly all cases are, are used as they are. */
function gather(cases: Cases): Gathered {
  const labels = Object.keys(cases);
  const parts: Operation<unknown>[] = [];
  // `for in` reads the fields of an object of known shape by offset; access by the names in `labels` would look them up.
  for (const label in cases) {
    const operation = cases[label] as Partial<Operation<unknown>> | undefined;
    if (operation?.plain !== true) return gatherSpecial(cases, labels);
    parts.push(operation as Operation<unknown>);
  }
  // Inherited fields name no cases, and a map has cases that are no fields.
  if (labels.length === 0) assertRecord(cases);
  if (parts.length !== labels.length) return gatherSpecial(cases, labels);
  return { parts, labels, hasAttentive: false, hasCode: false };
}

/** Throws if one case, or a collection of cases, stands in the place of the named cases. */
function assertRecord(cases: Cases): void {
  const isCase = isOperation(cases) || typeof (cases as { receive?: unknown }).receive === "function";
  if (!isCase && (Array.isArray(cases) || !(Symbol.iterator in cases))) return;
  throw new TypeError(
    `Cannot select: cases must be an object of named cases, got ${shown(cases)}; write select({ name: operation })`,
  );
}

function gatherSpecial(cases: Cases, labels: string[]): Gathered {
  const all = new Gathering([]);
  assertRecord(cases);
  for (const label of labels) all.add(operationOf(cases[label], label), label);
  return all;
}

/**
 * Waits for several operations at once. Exactly one of them happens.
 *
 * Parks when: no case is ready and there is no `default`. Yields: `{ key, value }`, a union discriminated by `key`; or
 * `{ key: "default", value }` at once, if no case is ready. If closed: the case of a closed channel is ready, with `CLOSED`. If
 * cancelled: every case leaves its queue.
 *
 * When one case happens, the other cases leave every queue and timer in the same step.
 *
 * @param cases - The cases by name: operations, or receive channels, which stand for their `receive()`.
 * @param options - `mode`: how to choose among ready cases. `default`: the value to yield if no case is ready.
 * @throws TypeError if a case is neither an operation nor a receive channel, if the mode is unknown, or if a case is named
 * `default` beside the option `default`.
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
  const { parts, labels, hasAttentive, hasCode } = gather(cases);
  if (options === undefined) return new Choice(parts, labels, hasAttentive, hasCode);
  assertOptions("select", options);
  if ("default" in options && Object.hasOwn(cases, "default"))
    throw new TypeError('Cannot select: no case may be named "default" beside the option default, got both');
  const { mode = "random" } = options;
  if (mode !== "random" && mode !== "priority" && mode !== "fair") {
    throw new TypeError(`Cannot select: mode must be "random", "priority" or "fair", got ${shown(mode)}`);
  }
  return new OrderedChoice(
    parts,
    labels!,
    hasAttentive,
    hasCode,
    mode,
    "default" in options ? { value: options.default } : null,
  );
}

/**
 * Includes a case in a select only if a condition holds. The names of the other cases stay the same.
 *
 * Never parks. The condition is evaluated when the select is created.
 *
 * @param condition - Whether the case is included.
 * @param guarded - The case.
 * @returns The case, or a case that is never ready. In `alt` and `select` it takes no part; by itself it waits for ever.
 * @example
 * ```ts
 * import { always, select, when } from "millrace";
 *
 * const { key } = await select({ a: when(false, always(1)), b: when(true, always(2)) });
 * console.log(key); // b
 * ```
 */
export function when<C extends Case>(condition: boolean, guarded: C): C {
  if (condition) return guarded;
  scheduler.notices?.used(guarded);
  return new Absent() as unknown as C;
}

/**
 * Waits for several operations at once, as {@link select} does, without names for the cases.
 *
 * Parks when: no case is ready. Yields: the value of the operation that happened. If closed: the case of a closed channel is
 * ready, with `CLOSED`. If cancelled: every case leaves its queue.
 *
 * Ready cases are chosen uniformly at random. Nested choices flatten. Without cases it is never ready.
 *
 * @param cases - Operations, or receive channels, which stand for their `receive()`. Use `map` to tell the cases apart.
 * @throws TypeError if a case is neither an operation nor a receive channel.
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
  const { parts, hasAttentive, hasCode } = all;
  if (parts.length === 1) return parts[0] as Operation<Value<O[number]>>;
  return new Choice(parts, null, hasAttentive, hasCode);
}

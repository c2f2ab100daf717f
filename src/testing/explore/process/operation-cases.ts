// How an operation comes apart into cases, and how one of its cases is completed from outside.
//
// The model never polls an operation. `casesOf` lists what the operation offers; once a transition has fired, `completeCase`
// makes the operation look as if the scheduler had completed that case. Cases are counted in the order in which `casesOf` lists
// them, and `countCases` counts in the same order.

import { CLOSED } from "../../../channel/ends.js";
import { ReceiveAny } from "../../../channel/receive-any.js";
import { Choice, OrderedChoice } from "../../../choice/choice.js";
import type { Waiter } from "../../../operation/async-performance.js";
import { Always, Made, Never } from "../../../operation/basic.js";
import type { Gate } from "../../../operation/once.js";
import { Mapped, Operation, type WaitsFor } from "../../../operation/operation.js";
import { Pause } from "../../../task/go.js";
import { Sleep } from "../../../time/sleep.js";
import { Settle } from "../../simulation/verbs.js";
import { DEFAULT, KINDS, PAUSE, READY, SETTLE, SLEEP, STRIDE, UNORDERED, Unmodelled } from "./cases.js";

/** What an operation is completed with when it is to throw. */
export class Thrown {
  readonly cause: unknown;

  constructor(cause: unknown) {
    this.cause = cause;
  }
}

/** An operation on a model object: a single case. It never completes by itself; the search decides when, and with what. */
export class Offer<out T> extends Operation<T> {
  readonly kind: number;
  /** The index of what it is about. */
  target: number;
  readonly argument: unknown;
  private readonly _text: string;
  private readonly _queued: () => void;

  /**
   * @param text - What it waits for, in words.
   * @param queued - Called when it parks.
   */
  constructor(kind: number, target: number, argument: unknown, text: string, queued: () => void) {
    super();
    this.kind = kind;
    this.target = target;
    this.argument = argument;
    this._text = text;
    this._queued = queued;
  }

  poll(): boolean {
    return false;
  }

  block(): void {
    this._queued();
  }

  override unblock(): void {}

  override result(): T {
    if (this.value instanceof Thrown) throw this.value.cause;
    return this.value as T;
  }

  override waitsFor(): WaitsFor {
    return { what: this._text, external: true };
  }
}

/**
 * Stands for an operation that is ready at once, where the task gives way to others before it: after a long streak of such
 * operations, as on the scheduler, or in a loop of which a round does nothing.
 */
export class GivesWay extends Operation<void> {
  readonly inner: Operation<unknown>;

  constructor(inner: Operation<unknown>) {
    super();
    this.inner = inner;
  }

  poll(): boolean {
    return true;
  }

  block(): void {}

  override waitsFor(): WaitsFor {
    return { what: "its turn", external: true };
  }
}

/** The cases of an operation. */
export interface Cases {
  /** `STRIDE` numbers each. */
  readonly cases: Int32Array;
  /** How many of them are offers, which report that they have parked. */
  readonly offers: number;
}

/** Numbers the values of the program. */
export interface Ids {
  idOf(value: unknown): number;
  /** The number of a value that is sent. */
  sentId(value: unknown): number;
}

/** Takes an operation apart into its cases. */
export function casesOf(operation: Operation<unknown>, ids: Ids): Cases {
  const list = new CaseList(ids);
  list.add(operation, UNORDERED);
  return { cases: new Int32Array(list.numbers), offers: list.offers };
}

class CaseList {
  readonly numbers: number[];
  offers: number;
  private readonly _ids: Ids;

  constructor(ids: Ids) {
    this.numbers = [];
    this.offers = 0;
    this._ids = ids;
  }

  add(operation: Operation<unknown>, group: number): void {
    if (operation instanceof Mapped) this.add(operation.inner, group);
    else if (operation instanceof Choice) this._addChoice(operation, group);
    else if (operation instanceof Offer) this._addOffer(operation, group);
    else if (operation instanceof Made && operation.inner !== null) this.add(operation.inner, group);
    else if (operation instanceof ReceiveAny) this._addReceiveAny(operation, group);
    else if (operation instanceof Sleep) this._addSleep(Math.ceil(operation.ms), group);
    else if (operation instanceof Always) this._push(READY, 0, this._ids.idOf(operation.outcome), group);
    // Unlike READY it is a transition even when it is the only case: other tasks run in between.
    else if (operation instanceof Pause || operation instanceof GivesWay) this._push(PAUSE, 0, 0, group);
    else if (operation instanceof Settle) this._push(SETTLE, 0, 0, group);
    else if (!(operation instanceof Never)) throw new Unmodelled(`it waits for ${operation.waitsFor().what}`);
  }

  private _addOffer({ kind, target, argument }: Offer<unknown>, group: number): void {
    this.offers++;
    this._push(kind, target, KINDS[kind]!.takesValue ? this._ids.sentId(argument) : Number(argument ?? 0), group);
  }

  private _addChoice(choice: Choice<unknown>, group: number): void {
    const start = this.numbers.length / STRIDE;
    const ordered = choice instanceof OrderedChoice ? choice : null;
    const isOrdered = ordered !== null && (ordered.mode === "priority" || ordered.fallback !== null);
    // The group of a case names one choice: nested orders have no place in it.
    if (isOrdered && start > 0) throw new Unmodelled("a choice that goes by order stands inside another");
    const inner = ordered?.mode === "priority" ? start : group;
    for (const part of choice.parts) this.add(part, inner);
    if (ordered !== null && ordered.fallback !== null) this._push(DEFAULT, 0, 0, start);
  }

  /** With all its sources at their end, it is ready. */
  private _addReceiveAny({ open }: ReceiveAny, group: number): void {
    if (open.length === 0) this._push(READY, 0, this._ids.idOf(CLOSED), group);
    for (const { receive } of open) {
      if (!(receive instanceof Offer)) throw new Unmodelled(`it waits for ${receive.waitsFor().what}`);
      this._addOffer(receive, group);
    }
  }

  private _addSleep(ms: number, group: number): void {
    if (ms <= 0) this._push(READY, 0, 0, group);
    // An endless sleep never completes: no case at all.
    else if (ms < Infinity) this._push(SLEEP, 0, ms, group);
  }

  private _push(kind: number, target: number, argument: number, group: number): void {
    this.numbers.push(kind, target, argument, group);
  }
}

/** How many cases `casesOf` lists for an operation. */
function countCases(operation: Operation<unknown>): number {
  if (operation instanceof Mapped) return countCases(operation.inner);
  if (operation instanceof Made) return countCases(operation.inner!);
  if (operation instanceof ReceiveAny) return Math.max(1, operation.open.length);
  if (operation instanceof Sleep) return operation.ms < Infinity ? 1 : 0;
  if (!(operation instanceof Choice)) return operation instanceof Never ? 0 : 1;
  const parts = operation.parts.reduce((count, part) => count + countCases(part), 0);
  return operation instanceof OrderedChoice && operation.fallback !== null ? parts + 1 : parts;
}

/**
 * Completes an operation as if case `nth` had happened, with a value: the operation yields it when its task resumes. False if
 * the operation stays parked, as one of its several sources has ended.
 */
export function completeCase(operation: Operation<unknown>, nth: number, value: unknown): boolean {
  if (operation instanceof GivesWay) return completeCase(operation.inner, 0, undefined);
  const completed = complete(operation, nth, value);
  // An operation that stays parked may lose a choice, and be performed again.
  operation.waiter = completed ? placeholder : null;
  return completed;
}

function complete(operation: Operation<unknown>, nth: number, value: unknown): boolean {
  if (operation instanceof Mapped || operation instanceof Made) return completeCase(operation.inner!, nth, value);
  if (operation instanceof Choice) return completeBranch(operation, nth, value);
  if (operation instanceof ReceiveAny) return completeReceiveAny(operation, nth, value);
  operation.value = value;
  return true;
}

function completeReceiveAny(any: ReceiveAny, nth: number, value: unknown): boolean {
  const source = any.open[nth];
  if (source !== undefined) {
    completeCase(source.receive, 0, value);
    source.receive.waiter = null;
  }
  if (source === undefined || !any.take(nth)) {
    if (any.open.length > 0) return false;
    any.value = CLOSED;
  }
  return true;
}

/** Completes the branch that case `nth` is in; `left` counts down to it. */
function completeBranch(choice: Choice<unknown>, nth: number, value: unknown): boolean {
  let left = nth;
  let completed = true;
  choice.winner = -1;
  for (let part = 0; part < choice.parts.length; part++) {
    const branch = choice.parts[part]!;
    const count = countCases(branch);
    if (left >= 0 && left < count) {
      completed = completeCase(branch, left, value);
      if (completed) choice.winner = part;
    }
    left -= count;
  }
  return completed;
}

/** Takes an operation out of all queues, while it is still performed: what its guards have made is kept, and none has lost. */
export function leaveQueues(operation: Operation<unknown>): void {
  const made = [...madeIn(operation)].map((each) => [each, each.inner, each.lost] as const);
  for (const [each] of made) each.lost = null;
  operation.unblock();
  for (const [each, inner, lost] of made) Object.assign(each, { inner, lost });
}

/** The gates of the operations that lose when one case happens, or that are given up with the whole if `nth` is negative. */
export function* gatesLost(operation: Operation<unknown>, nth: number): Generator<Gate, void, undefined> {
  for (const made of madeIn(operation))
    if (made.lost !== null && !(nth >= 0 && wins(operation, made, nth))) yield made.lost;
}

/** Whether case `nth` of an operation is in one of the guards that it is made of. */
function wins(operation: Operation<unknown>, made: Made<unknown>, nth: number): boolean {
  if (operation === made) return true;
  if (operation instanceof Mapped || operation instanceof Made) return wins(operation.inner!, made, nth);
  if (!(operation instanceof Choice)) return false;
  let left = nth;
  for (const part of operation.parts) {
    const count = countCases(part);
    if (left >= 0 && left < count) return wins(part, made, left);
    left -= count;
  }
  return false;
}

function* madeIn(operation: Operation<unknown>): Generator<Made<unknown>, void, undefined> {
  if (operation instanceof Choice) for (const part of operation.parts) yield* madeIn(part);
  else if (operation instanceof Made) yield operation;
  if (operation instanceof Mapped || operation instanceof Made) {
    if (operation.inner !== null) yield* madeIn(operation.inner);
  }
}

/** The waiter of an operation that has completed: nothing is to be woken. */
const placeholder: Waiter = { wake(): void {} };

// What a task waits for, as numbers. An operation comes apart into its cases: what it may do, with whom. A case is four
// numbers: its kind, what it is about (the index of a channel, a task, a timer), an operand (the value sent, milliseconds),
// and the case at which its group begins, for a choice that goes by order.

import { CLOSED } from "../../../channel/ends.js";
import { ReceiveAny } from "../../../channel/receive-any.js";
import { Choice, OrderedChoice } from "../../../choice/choice.js";
import type { Waiter } from "../../../operation/async-performance.js";
import { Always, Made, Never } from "../../../operation/basic.js";
import { Mapped, Operation } from "../../../operation/operation.js";
import { Pause } from "../../../task/go.js";
import { Sleep } from "../../../time/sleep.js";
import { Settle } from "../../simulation/verbs.js";

export const SEND = 0;
export const RECEIVE = 1;
/** Ready at any time. */
export const READY = 2;
export const SLEEP = 3;
export const TIMER = 4;
export const JOIN = 5;
export const OVER = 6;
export const CLOSING = 7;
/** Ready when no other of its group is for certain. */
export const DEFAULT = 8;
/** Ready when nothing else can happen unless time passes. */
export const SETTLE = 9;
/** Closes, at once. */
export const CLOSE = 10;
/** Looks at the state, at once. */
export const READ = 11;

/** Looks at a cell, and changes it, at once. */
export const LOOK = 12;
export const WRITE = 13;

/** Cancels a task; cancels a scope from inside, from outside, or because it takes too long: at once. */
export const CANCEL = 14;
export const QUIT = 15;
export const ABORT = 16;
export const FAIL = 17;
/** Cancels a channel: what it stores is discarded. */
export const DISCARD = 18;
/** Ready when all tasks of a scope are over; that, for whoever performs the scope. */
export const ENDED = 19;
export const SCOPED = 20;

/** Numbers for each case. */
export const STRIDE = 4;
/** In place of a case: it is to return. From `AFTER` down, though a case had happened that it has not heard of: that many below. */
export const RETURN = -1;
export const AFTER = -2;
/** What a case is about that stands for a turn that is coming, and not for something to choose. */
export const TURN = 2;

/** A case whose turn does not depend on others. */
export const FREE = -1;

/** A program that does what the model does not know: it is explored by running it instead. */
export class Unmodelled extends Error {}

/** What an operation is settled with when it is to throw. */
export class Thrown {
  readonly cause: unknown;

  constructor(cause: unknown) {
    this.cause = cause;
  }
}

/** What a task of the model offers to do. It never completes by itself: whoever explores decides when, and with what. */
export class Offer<out T> extends Operation<T> {
  readonly kind: number;
  /** The index of what it is about. */
  about: number;
  readonly operand: unknown;
  private readonly _text: string;
  private readonly _queued: () => void;

  constructor(kind: number, about: number, operand: unknown, text: string, queued: () => void) {
    super();
    this.kind = kind;
    this.about = about;
    this.operand = operand;
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

  override describe(): string {
    return this._text;
  }
}

/** Kinds whose operand is a value of the program. */
const OPERANDS = new Set([SEND, CLOSE, WRITE, CANCEL, QUIT, ABORT, FAIL]);

/** Gathers the cases of an operation. */
class Form {
  readonly numbers: number[];
  /** How many of the cases queued up when their operation parked. */
  offers: number;
  private readonly _idOf: (value: unknown) => number;

  constructor(idOf: (value: unknown) => number) {
    this.numbers = [];
    this.offers = 0;
    this._idOf = idOf;
  }

  add(operation: Operation<unknown>, group: number): void {
    if (operation instanceof Mapped) this.add(operation.inner, group);
    else if (operation instanceof Choice) this._addChoice(operation, group);
    else if (operation instanceof Offer) this._addOffer(operation, group);
    else if (operation instanceof Made && operation.inner !== null && !operation.nacks)
      this.add(operation.inner, group);
    else if (operation instanceof ReceiveAny) this._addAny(operation, group);
    else if (operation instanceof Sleep) this._addSleep(Math.ceil(operation.ms), group);
    else if (operation instanceof Always) this._push(READY, 0, this._idOf(operation.outcome), group);
    // A turn for the others is an event, though nothing can hinder it.
    else if (operation instanceof Pause) this._push(READY, 1, 0, group);
    else if (operation instanceof Settle) this._push(SETTLE, 0, 0, group);
    else if (!(operation instanceof Never)) throw new Unmodelled(`it waits for ${operation.describe()}`);
  }

  private _addOffer({ kind, about, operand }: Offer<unknown>, group: number): void {
    this.offers++;
    this._push(kind, about, OPERANDS.has(kind) ? this._idOf(operand) : Number(operand ?? 0), group);
  }

  private _addChoice(choice: Choice<unknown>, group: number): void {
    const start = this.numbers.length / STRIDE;
    const ordered = choice instanceof OrderedChoice ? choice : null;
    const byOrder = ordered !== null && (ordered.mode === "priority" || ordered.fallback !== null);
    if (byOrder && start > 0) throw new Unmodelled("a choice that goes by order stands inside another");
    const inner = ordered?.mode === "priority" ? start : group;
    for (const part of choice.parts) this.add(part, inner);
    if (ordered !== null && ordered.fallback !== null) this._push(DEFAULT, 0, 0, start);
  }

  /** With all sources at their end it is ready. */
  private _addAny({ open }: ReceiveAny, group: number): void {
    if (open.length === 0) this._push(READY, 0, this._idOf(CLOSED), group);
    for (const { receive } of open) {
      if (!(receive instanceof Offer)) throw new Unmodelled(`it waits for ${receive.describe()}`);
      this._addOffer(receive, group);
    }
  }

  private _addSleep(ms: number, group: number): void {
    if (ms <= 0) this._push(READY, 0, 0, group);
    // One that lasts for ever is no case at all.
    else if (ms < Infinity) this._push(SLEEP, 0, ms, group);
  }

  private _push(kind: number, about: number, operand: number, group: number): void {
    this.numbers.push(kind, about, operand, group);
  }
}

/** The cases of an operation, and how many of them are offers. */
export function formOf(
  operation: Operation<unknown>,
  idOf: (value: unknown) => number,
): { readonly cases: Int32Array; readonly offers: number } {
  const form = new Form(idOf);
  form.add(operation, FREE);
  return { cases: new Int32Array(form.numbers), offers: form.offers };
}

/** The cases of a plain call that may find that it cannot do what it is for. */
export function attempted(cases: Int32Array): Int32Array {
  return Int32Array.of(...cases, DEFAULT, 0, 0, 0);
}

function casesIn(operation: Operation<unknown>): number {
  if (operation instanceof Mapped) return casesIn(operation.inner);
  if (operation instanceof Made) return casesIn(operation.inner!);
  if (operation instanceof ReceiveAny) return Math.max(1, operation.open.length);
  if (operation instanceof Sleep) return operation.ms < Infinity ? 1 : 0;
  if (!(operation instanceof Choice)) return operation instanceof Never ? 0 : 1;
  const parts = operation.parts.reduce((count, part) => count + casesIn(part), 0);
  return operation instanceof OrderedChoice && operation.fallback !== null ? parts + 1 : parts;
}

/**
 * Makes it look as if a case had happened, with a value: what the operation yields when its task goes on. False if it does not:
 * of several sources one has ended, and the wait goes on.
 */
export function settleCase(operation: Operation<unknown>, at: number, value: unknown): boolean {
  const settled = settle(operation, at, value);
  // What is not may lose a choice, and be performed again.
  operation.waiter = settled ? bystander : null;
  return settled;
}

function settle(operation: Operation<unknown>, at: number, value: unknown): boolean {
  if (operation instanceof Mapped || operation instanceof Made) return settleCase(operation.inner!, at, value);
  if (operation instanceof Choice) return settleBranch(operation, at, value);
  if (operation instanceof ReceiveAny) return settleAny(operation, at, value);
  operation.value = value;
  return true;
}

function settleAny(any: ReceiveAny, at: number, value: unknown): boolean {
  const source = any.open[at];
  if (source !== undefined) {
    settleCase(source.receive, 0, value);
    source.receive.waiter = null;
  }
  if (source === undefined || !any.take(at)) {
    if (any.open.length > 0) return false;
    any.value = () => CLOSED;
  }
  return true;
}

function settleBranch(choice: Choice<unknown>, at: number, value: unknown): boolean {
  let left = at;
  let settled = true;
  choice.winner = -1;
  for (let part = 0; part < choice.parts.length; part++) {
    const branch = choice.parts[part]!;
    const count = casesIn(branch);
    if (left >= 0 && left < count) {
      settled = settleCase(branch, left, value);
      if (settled) choice.winner = part;
    }
    left -= count;
  }
  return settled;
}

/** Takes an operation out of all queues, though it is performed still: what was made for that is kept. */
export function leaveQueues(operation: Operation<unknown>): void {
  const made = [...madeIn(operation)].map((each) => [each, each.inner] as const);
  operation.unblock();
  for (const [each, inner] of made) each.inner = inner;
}

function* madeIn(operation: Operation<unknown>): Generator<Made<unknown>, void, undefined> {
  if (operation instanceof Choice) for (const part of operation.parts) yield* madeIn(part);
  else if (operation instanceof Made) yield operation;
  if (operation instanceof Mapped || operation instanceof Made) {
    if (operation.inner !== null) yield* madeIn(operation.inner);
  }
}

/** Stands for whoever performs an operation of the model. */
const bystander: Waiter = { wake(): void {} };

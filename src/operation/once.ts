// What happens once, for as many as wait for it: the end of a task, the closing of a channel, a promise. Each performer
// gets a wait of its own, so that such an operation can be shared.

import { append, List, shift } from "../structures/list.js";
import { Ring } from "../structures/ring.js";
import { Operation } from "./operation.js";

/** Something that happens once, for as many as wait for it. */
export interface Once<T> {
  readonly happened: boolean;
  readonly waiting: List;
  readonly external: boolean;
  /** Whether it is the end of a task. */
  readonly joins?: boolean;
  outcome(): T;
  describe(): string;
}

/** One performer's wait for something that happens once. */
export class Wait<T> extends Operation<T> {
  readonly once: Once<T>;

  constructor(once: Once<T>) {
    super();
    this.once = once;
  }

  poll(): boolean {
    return this.once.happened;
  }

  block(): void {
    append(this.once.waiting, this);
  }

  override result(): T {
    return this.once.outcome();
  }

  override get external(): boolean {
    return this.once.external;
  }

  override get joins(): boolean {
    return this.once.joins === true;
  }

  override describe(): string {
    return this.once.describe();
  }

  override rivals(): readonly unknown[] {
    return [this.once];
  }
}

/** Releases all that wait, in the order in which they came. */
export function releaseAll(waiting: List): void {
  for (let wait = shift(waiting); wait !== null; wait = shift(waiting)) (wait as Wait<unknown>).complete(undefined);
}

/** The plain form of something that happens once: nothing but that it did. */
export class Gate implements Once<void> {
  happened: boolean;
  readonly waiting: List;
  readonly external: boolean;
  private readonly _what: string;

  constructor(what: string) {
    this.happened = this.external = false;
    this.waiting = new List();
    this._what = what;
  }

  open(): void {
    this.happened = true;
    releaseAll(this.waiting);
  }

  outcome(): void {}

  describe(): string {
    return this._what;
  }
}

let leaving = 0;
const losers = new Ring<Gate>();

/** Branches of a choice are about to leave: who is to be told that it lost is told when all have left. */
export function beginLeaving(): void {
  leaving++;
}

/** All have left: what losers do now can complete none of them any more. */
export function endLeaving(): void {
  if (--leaving > 0) return;
  while (losers.length > 0) losers.shift().open();
}

/** Tells that something was for nothing. */
export function tellLost(gate: Gate): void {
  if (leaving > 0) losers.push(gate);
  else gate.open();
}

/** An operation that many may perform at the same time. */
export abstract class Sharable<out T> extends Operation<T> {
  abstract override fresh(): Operation<T>;

  override get plain(): boolean {
    return false;
  }

  poll(): boolean {
    return false;
  }

  block(): void {}

  override [Symbol.iterator](): ReturnType<Operation<T>[typeof Symbol.iterator]> {
    return this.fresh()[Symbol.iterator]();
  }
}

export class Shared<T> extends Sharable<T> {
  private readonly _once: Once<T>;

  constructor(once: Once<T>) {
    super();
    this._once = once;
  }

  override fresh(): Operation<T> {
    return new Wait(this._once);
  }
}

// What happens once, for as many as wait for it: the end of a task, the closing of a channel, a promise. Each performer
// gets a wait of its own, so that such an operation can be shared.

import { Ring } from "../structures/ring.js";
import { shared } from "../structures/shared.js";
import { Operation, type WaitsFor } from "./operation.js";
import { Waiters } from "./waiters.js";

/** Something that happens once, for as many as wait for it. */
export interface Once<T> {
  readonly happened: boolean;
  readonly waiting: Waiters;
  outcome(): T;
  waitsFor(): WaitsFor;
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
    this.once.waiting.join(this);
  }

  override result(): T {
    return this.once.outcome();
  }

  override waitsFor(): WaitsFor {
    return this.once.waitsFor();
  }
}

/** The plain form of something that happens once: nothing but that it did. */
export class Gate implements Once<void> {
  happened: boolean;
  readonly waiting: Waiters;
  private readonly _what: string;

  constructor(what: string) {
    this.happened = false;
    this.waiting = new Waiters();
    this._what = what;
  }

  open(): void {
    this.happened = true;
    this.waiting.completeAll(undefined);
  }

  outcome(): void {}

  waitsFor(): WaitsFor {
    return { what: this._what, external: false };
  }
}

/** The choices that branches leave just now, and the gates of the branches that have lost. */
const losing = /* @__PURE__ */ shared("losing", () => ({ choices: 0, gates: new Ring<Gate>() }));

/** Branches of a choice are about to leave. What has lost is told so only when all of them have left. */
export function beginLeaving(): void {
  losing.choices++;
}

/** All branches have left: what the losers do now can complete none of them any more. */
export function endLeaving(): void {
  if (--losing.choices > 0) return;
  while (losing.gates.length > 0) losing.gates.shift().open();
}

/** Opens the gate of an operation that has lost. */
export function tellLost(gate: Gate): void {
  if (losing.choices > 0) losing.gates.push(gate);
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

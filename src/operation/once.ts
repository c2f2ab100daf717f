// Events that happen once and have any number of waiters: the end of a task, the closing of a channel, the settling of a
// promise. Each performer gets an operation of its own (`Wait`), so that the event can be shared.
import { Ring } from "../structures/ring.js";
import { shared } from "../structures/shared.js";
import { Operation, type WaitsFor } from "./operation.js";
import { Waiters } from "./waiters.js";

/** An event that happens once. */
export interface Once<T> {
  readonly happened: boolean;
  readonly waiting: Waiters;
  outcome(): T;
  waitsFor(): WaitsFor;
}

/** The operation of one performer that waits for an event. */
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

/** An event without an outcome. */
export class Gate implements Once<void> {
  happened: boolean;
  readonly waiting: Waiters;
  private readonly _what: string;
  private readonly _external: boolean;

  constructor(what: string, external: boolean = false) {
    this.happened = false;
    this.waiting = new Waiters();
    this._what = what;
    this._external = external;
  }

  open(): void {
    this.happened = true;
    this.waiting.completeAll(undefined);
  }

  outcome(): void {}

  waitsFor(): WaitsFor {
    return { what: this._what, external: this._external };
  }
}

/** The number of choices whose branches are leaving their queues, and the gates of the branches that have lost. */
const losing = /* @__PURE__ */ shared("losing", () => ({ choices: 0, gates: new Ring<Gate>() }));

/** Called before the branches of a choice leave their queues. Gates of losers open only when all branches have left. */
export function beginLeaving(): void {
  losing.choices++;
}

/** Called when all branches have left. Opens the gates of the losers, whose waiters can no longer complete a branch. */
export function endLeaving(): void {
  if (--losing.choices > 0) return;
  while (losing.gates.length > 0) losing.gates.shift().open();
}

/** Opens the gate of an operation that has lost, once all branches of its choice have left their queues. */
export function lose(gate: Gate): void {
  if (losing.choices > 0) losing.gates.push(gate);
  else gate.open();
}

const NONE = { before: null, after: null, done: false, waiter: null };

export interface Sharable<out T> extends Operation<T> {}

/**
 * An operation that several performers may perform at the same time. It is in no queue and has no waiter itself, so it has no
 * fields for them, and what is read there is `NONE`.
 */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: the static block below makes it a subclass of Operation
export abstract class Sharable<out T> {
  static {
    // biome-ignore lint/complexity/noThisInStatic: the name of the class is not bound before the end of the block
    Object.setPrototypeOf(this, Operation);
    // biome-ignore lint/complexity/noThisInStatic: as above
    Object.setPrototypeOf(Object.assign(this.prototype, NONE), Operation.prototype);
  }

  constructor() {
    this.value = undefined; // also tells that it was made, see lifetime/unperformed.ts
  }

  abstract fresh(): Operation<T>;

  get plain(): boolean {
    return false;
  }

  poll(): boolean {
    return false;
  }

  block(): void {}

  [Symbol.iterator](): ReturnType<Operation<T>[typeof Symbol.iterator]> {
    return this.fresh()[Symbol.iterator]();
  }
}

/** The operation that waits for an event, for any number of performers. */
export class Shared<T> extends Sharable<T> {
  private readonly _once: Once<T>;

  constructor(once: Once<T>) {
    super();
    this._once = once;
  }

  override fresh(): Operation<T> {
    return new Wait(this._once);
  }

  override waitsFor(): WaitsFor {
    return this._once.waitsFor();
  }
}

// Choice. Exactly one branch happens. `poll` polls the branches in the order of the mode, and `block` blocks all of them. When a
// peer completes one branch, the other branches leave their queues in the same step, so every operation in a queue is alive.

import { assertIdle, type Waiter } from "../operation/async-performance.js";
import { beginLeaving, endLeaving } from "../operation/once.js";
import { anyOf, Operation, unblock, type WaitsFor } from "../operation/operation.js";
import { scheduler } from "../scheduler/scheduler.js";

/** How a select chooses among ready cases: `"random"` uniformly, `"priority"` the first in order, `"fair"` each in its turn. */
export type SelectMode = "random" | "priority" | "fair";

/** A choice at random. Branches and labels are permuted in place, as their order is random anyway. */
export class Choice<T> extends Operation<T> implements Waiter {
  readonly parts: Operation<unknown>[];
  readonly labels: string[] | null;
  /** Whether a branch is attentive: its `unblock` is called if it lost, even if it was only polled. */
  readonly hasAttentive: boolean;
  /** Whether polling a branch runs code of the user, which may make another branch ready. */
  readonly hasCode: boolean;
  /** The index of the branch that has won; -1 for none. */
  winner: number;
  protected blocked: number;

  constructor(parts: Operation<unknown>[], labels: string[] | null, hasAttentive: boolean, hasCode: boolean) {
    super();
    this.parts = parts;
    this.labels = labels;
    this.hasAttentive = hasAttentive;
    this.hasCode = hasCode;
    this.winner = -1;
    this.blocked = 0;
  }

  poll(): boolean {
    const { parts } = this;
    const { length } = parts;
    this.winner = -1;
    for (let at = 0; at < length; at++) {
      // A random permutation, drawn as far as it is needed, is uniform over the ready branches wherever they stand. A scan
      // from a random starting point is not.
      if (at < length - 1) this._swap(at, at + scheduler.chance(length - at));
      if (this.tries(at, 0, at)) return this.hasAttentive ? this.dismiss(0, at) : true;
      if (at < length - 1) scheduler.policy?.missed?.(parts);
    }
    return this.hasCode && this.polledAgain(0);
  }

  /** Polls one branch, which wins if it is ready. The `count` branches from `start` on were polled before. */
  protected tries(at: number, start: number, count: number): boolean {
    const branch = this.parts[at]!;
    if (!this.hasAttentive) return this._try(branch, at);
    try {
      return this._try(branch, at);
    } catch (error) {
      this.dismiss(start, count);
      throw error;
    }
  }

  /**
   * Polls the branches without code of the user once more. The code of other branches has run since they were polled, and may
   * have made them ready.
   */
  protected polledAgain(start: number): boolean {
    const { length } = this.parts;
    for (let count = 0; count < length; count++) {
      const at = (start + count) % length;
      if (this.parts[at]!.runsCode || !this._try(this.parts[at]!, at)) continue;
      return this.dismiss(0, length);
    }
    return false;
  }

  private _try(branch: Operation<unknown>, at: number): boolean {
    if (branch.waiter !== null) assertIdle(branch);
    if (!branch.poll()) return false;
    // The branch cannot be performed again until its value is taken: it may be part of another choice, too.
    branch.waiter = this;
    this.winner = at;
    return true;
  }

  block(): void {
    const { parts } = this;
    this.blocked = 0;
    try {
      for (let at = 0; at < parts.length; at++) {
        const branch = parts[at]!;
        if (branch.waiter !== null) assertIdle(branch);
        branch.waiter = this;
        try {
          branch.block();
        } catch (error) {
          branch.waiter = null;
          throw error;
        }
        // A branch that completed in `block` has won, and the other branches have left.
        if (this.winner !== -1) return;
        this.blocked = at + 1;
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
    this._leave(winner);
    this.complete(undefined);
  }

  override discard(): void {
    if (this.winner === -1) return;
    const branch = this.parts[this.winner]!;
    branch.waiter = null;
    branch.discard();
  }

  override result(): T {
    const { labels, winner } = this;
    const branch = this.parts[winner]!;
    branch.waiter = null;
    const value = branch.result();
    return (labels === null ? value : { key: labels[winner]!, value }) as T;
  }

  override get direct(): boolean {
    for (const branch of this.parts) if (!branch.direct) return false;
    return true;
  }

  /** Nested choices flatten, so that each branch has the same probability. */
  override branches(): Operation<T>[] | null {
    const { labels, parts } = this;
    if (labels === null) return parts as Operation<T>[];
    // The labels are permuted with the branches, so each branch keeps its own.
    return parts.map((branch, at) => {
      const key = labels[at]!;
      return branch.map((value) => ({ key, value }) as T);
    });
  }

  override get plain(): boolean {
    return false;
  }

  override get attentive(): boolean {
    return this.hasAttentive;
  }

  override get runsCode(): boolean {
    return this.hasCode;
  }

  override waitsFor(): WaitsFor {
    if (this.parts.length === 0) return { what: "nothing (a select without cases)", external: false };
    return anyOf(this.parts.map((branch) => branch.waitsFor()));
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

  /** Makes all branches except the winner leave their queues. */
  private _leave(winner: Operation<unknown> | null): void {
    if (!this.hasAttentive) {
      this._leaveAll(winner);
      return;
    }
    beginLeaving();
    try {
      this._leaveAll(winner);
    } finally {
      endLeaving();
    }
  }

  private _leaveAll(winner: Operation<unknown> | null): void {
    const { parts, blocked } = this;
    this.blocked = 0;
    for (let at = 0; at < parts.length; at++) {
      const branch = parts[at]!;
      if (branch === winner) {
        this.winner = at;
      } else if (at < blocked) {
        branch.waiter = null;
        unblock(branch);
      } else if (branch.attentive) {
        unblock(branch);
      }
    }
  }

  /** Unblocks the attentive branches among `count` branches that were only polled, as they have lost. */
  protected dismiss(start: number, count: number): true {
    const { parts } = this;
    for (let at = start; at < start + count; at++) {
      const branch = parts[at % parts.length]!;
      if (branch.attentive) unblock(branch);
    }
    return true;
  }
}

/** The first performance of a fair choice begins at random. */
const UNKNOWN = -1;

/** A choice in an order, or with a default. It is not flattened into another choice, as its order would be lost. */
export class OrderedChoice<T> extends Choice<T> {
  readonly mode: SelectMode;
  /** The value to yield if no branch is ready; null if there is no default. */
  readonly fallback: { readonly value: unknown } | null;
  private _start: number;

  constructor(
    parts: Operation<unknown>[],
    labels: string[],
    hasAttentive: boolean,
    hasCode: boolean,
    mode: SelectMode,
    fallback: { value: unknown } | null,
  ) {
    super(parts, labels, hasAttentive, hasCode);
    this.mode = mode;
    this.fallback = fallback;
    this._start = mode === "fair" ? UNKNOWN : 0;
  }

  override poll(): boolean {
    if (this.mode === "random" ? super.poll() : this._pollInOrder()) return true;
    if (this.fallback === null) return false;
    return this.dismiss(0, this.parts.length);
  }

  override wake(winner: Operation<unknown>): void {
    this._rotate(this.parts.indexOf(winner));
    super.wake(winner);
  }

  override result(): T {
    if (this.winner === -1) return { key: "default", value: this.fallback!.value } as T;
    return super.result();
  }

  override branches(): null {
    return null;
  }

  private _pollInOrder(): boolean {
    const { length } = this.parts;
    // A select that is made anew for each round begins anywhere, so that it does not always prefer its first case.
    if (this._start === UNKNOWN && length > 1) this._start = scheduler.chance(length);
    const start = Math.max(0, this._start);
    this.winner = -1;
    for (let count = 0; count < length; count++) {
      const at = (start + count) % length;
      if (!this.tries(at, start, count)) continue;
      this._rotate(at);
      return this.dismiss(start, count);
    }
    if (!this.hasCode || !this.polledAgain(start)) return false;
    this._rotate(this.winner);
    return true;
  }

  private _rotate(winner: number): void {
    if (this.mode === "fair") this._start = (winner + 1) % this.parts.length;
  }
}

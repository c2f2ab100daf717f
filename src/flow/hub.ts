// Those who get every value of something: of a broadcast, or of one topic. Whoever has room, or is waiting, gets a value in
// the step in which it is offered; only for the others does anybody wait, and for all of them at the same time.

import { Operation, type Routine } from "../operation.js";
import { upon } from "../upon.js";
import { Member, type SubscribeOptions, type Subscription } from "./subscription.js";

/** Completes when so many have been counted. */
class Countdown extends Operation<void> {
  private _left: number;
  private _parked: boolean;

  constructor(count: number) {
    super();
    this._left = count;
    this._parked = false;
  }

  poll(): boolean {
    return this._left === 0;
  }

  block(): void {
    this._parked = true;
  }

  override unblock(): void {
    this._parked = false;
  }

  readonly count = (): void => {
    if (--this._left === 0 && this._parked) this.complete(undefined);
  };

  override get external(): boolean {
    return false;
  }

  override describe(): string {
    return `${this._left} subscribers to take a value`;
  }
}

export class Hub<T> {
  private readonly _members: Set<Member<T>>;
  /** The members in a row, until one comes or goes: an array is quicker to go through, and nobody changes it under way. */
  private _row: readonly Member<T>[] | null;
  private _end: { readonly cause: unknown } | null;
  private readonly _emptied: () => void;

  /** `emptied` is called when the last one has left. */
  constructor(emptied: () => void = () => {}) {
    this._members = new Set();
    this._row = null;
    this._end = null;
    this._emptied = emptied;
  }

  get empty(): boolean {
    return this._members.size === 0;
  }

  /** Whoever subscribes after the end gets the end, and its cause. */
  subscribe(options: SubscribeOptions): Subscription<T> {
    const member = new Member<T>(options, (gone) => this._remove(gone));
    if (this._end !== null) {
      member.close(this._end.cause);
      return member;
    }
    this._members.add(member);
    this._row = null;
    return member;
  }

  /** Offers a value to all; those for whom everybody has to wait, null if there are none. */
  offer(value: T): Member<T>[] | null {
    let slow: Member<T>[] | null = null;
    this._row ??= [...this._members];
    for (const member of this._row) {
      if (member.offer(value)) continue;
      slow ??= [];
      slow.push(member);
    }
    return slow;
  }

  /** Waits until all of them have taken the value, or left. */
  *wait(slow: readonly Member<T>[], value: T): Routine<void> {
    if (slow.length === 1) {
      yield* slow[0]!.send(value);
      return;
    }
    const taken = new Countdown(slow.length);
    const offers = slow.map((member) => upon(member.send(value), taken.count));
    try {
      yield* taken;
    } finally {
      for (const offer of offers) offer[Symbol.dispose]();
    }
  }

  /** Ends all subscriptions; false if there was nobody to be told. */
  close(cause?: unknown): boolean {
    this._end ??= { cause };
    const members = [...this._members];
    this._members.clear();
    this._row = null;
    for (const member of members) member.close(cause);
    return members.length > 0;
  }

  private _remove(gone: Member<T>): void {
    if (!this._members.delete(gone)) return;
    this._row = null;
    if (this.empty) this._emptied();
  }
}

// To which tasks a channel belongs that a combinator made: to the task that made it, and to each task that receives from it.
// When the last of them has ended, the channel is cancelled.
//
// Invariants. An ownership is in `keeps` of each of its holders, and of the scope in which the channel was made (its home). A
// task of a scope inside the home counts as the task that performs that scope, so that a channel may be read in short scopes.
// Code whose task is unknown is a holder that never ends. Once the channel has ended, the ownership is in no set.
//
// In an async body the running task is known up to the first `await` or `yield*`. Behind that, what asks for the task is
// answered by the next performance, which is part of the same synchronous code, or by a microtask: then it is plain code.

import type { Holder, Home, Kept, Performer, Runnable, Seeker } from "../scheduler/roles.js";
import { scheduler } from "../scheduler/scheduler.js";

/** A channel, or another thing that a combinator made, as far as its owners use it. */
export interface Ownable {
  /** Releases it because its owners are gone. Receivers that still come get the error. */
  abandon(error: () => Error): void;
  /** Whether it is held by more than tasks, as a broadcast is by its subscriptions. */
  readonly inUse?: boolean;
}

export class Ownership implements Kept, Runnable, Seeker {
  private readonly _owned: Ownable;
  private _home: Home | null;
  /** The task that made the channel, until another task has received from it, or until the maker itself has. */
  private _unreadBy: Holder | null;
  /** Null if the channel does not end with a task: code that never ends may receive from it, or it has ended. */
  private _holders: Set<Holder> | null;
  private _last: Holder | null;
  /** The task that was the last to leave. */
  private _leaver: Holder | null;
  /** Whether the maker is sought, and whether it has received from the channel meanwhile. */
  private _making: "no" | "unread" | "read";
  /** How many receives are under way whose task is not known yet. */
  private _sought: number;

  constructor(owned: Ownable, maker: Holder | null) {
    this._owned = owned;
    this._home = null;
    this._holders = new Set();
    this._unreadBy = this._last = this._leaver = null;
    this._making = "no";
    this._sought = 0;
    if (maker !== null) {
      this._madeIn(maker);
    } else {
      this._making = "unread";
      this._sought++;
      scheduler.seek(this);
    }
  }

  private _madeIn(maker: Holder): void {
    this._home = maker.home;
    this._unreadBy = maker;
    if (this._home !== null) keep(this._home, this);
    // A combinator may make channels in place of a task that has returned.
    if (maker.happened) this._leaver = maker;
    else this._hold(maker);
  }

  private _hold(holder: Holder): void {
    if (this._holders === null) return;
    this._holders.add(holder);
    keep(holder, this);
  }

  /** Notes that the running code receives from the channel. */
  note(): void {
    const current = running();
    if (this._holders === null || (current !== null && current === this._last)) return;
    if (this._making !== "no") {
      if (current === null) this._making = "read";
      else this.pin(); // plain code has made it
    } else if (current === null) {
      this._sought++;
      scheduler.seek(this);
    } else {
      this._last = current;
      this._receivedIn(current);
    }
  }

  /** Notes that it is used by more than tasks, see `inUse`. */
  used(): void {
    if (this._making === "unread") this._making = "read";
    this._unreadBy = null;
  }

  /** Called when the task is known that receives from the channel; null for code that is not a task. */
  foundIn(task: Holder | null): void {
    this._sought--;
    if (this._making !== "no") {
      // Only a task that has also received from the channel is certain to be the one that made it.
      if (task !== null && this._making === "read") this._madeIn(task);
      this._making = "no";
      if (this._unreadBy === null) this.pin();
    }
    if (this._holders !== null) this._receivedIn(task);
  }

  private _receivedIn(task: Holder | null): void {
    const holders = this._holders;
    if (holders === null) return;
    const holder = task === null ? null : this._within(task);
    this._unreadBy = null;
    if (holder === null) this.pin();
    else if (!holder.happened) this._hold(holder);
  }

  /** From now on the channel does not end with a task; only with the scope in which it was made. */
  pin(): void {
    const holders = this._holders;
    this._holders = null;
    if (holders !== null) for (const holder of holders) holder.keeps?.delete(this);
  }

  /** Called when the channel has ended. */
  drop(): void {
    this.pin();
    this._making = "no";
    this._home?.keeps?.delete(this);
  }

  left(task: Holder, returned: boolean, value: unknown): void {
    const holders = this._holders;
    if (holders === null || !holders.delete(task) || holders.size > 0) return;
    this._leaver = task;
    // Handed on: the task has returned it, or its maker has returned and the task that is to receive from it has not begun.
    if (returned && value === this._owned) this._unreadBy = task;
    if (returned && this._unreadBy === task) return;
    this._unreadBy = null;
    this.recheck();
  }

  /**
   * Releases the channel unless it is held again when the tasks that are ready have had a turn: one of them may be about to
   * receive from it for the first time.
   */
  recheck(): void {
    if (this._unheld) scheduler.whenQuiet(this);
  }

  run(): boolean {
    scheduler.current = null;
    if (!this._unheld) return false;
    if (this._sought > 0) this.recheck();
    else this._abandon(() => `the last task that used it has ended (${this._leaver!.name})`);
    return false;
  }

  private get _unheld(): boolean {
    return this._holders?.size === 0 && this._leaver !== null && this._unreadBy === null && this._owned.inUse !== true;
  }

  closed(): void {
    this._abandon(() => "the scope in which it was made has ended");
  }

  private _abandon(why: () => string): void {
    this.drop();
    scheduler.call(() => this._owned.abandon(() => new Error(`Cannot receive: the channel was released, as ${why()}`)));
  }

  /** The holder that a task counts as; null if that is code whose task is unknown. */
  private _within(task: Holder): Holder | null {
    const home = this._home;
    for (let at: Holder | null = task; at !== null; at = at.home?.performer ?? null) if (at.home === home) return at;
    return home === null ? null : task;
  }
}

/** The task that runs; null if it is unknown. */
function running(): Holder | null {
  return scheduler.current === null ? null : scheduler.current.holder;
}

function keep(keeper: { keeps: Set<Kept> | null }, kept: Kept): void {
  (keeper.keeps ??= new Set()).add(kept);
}

/** Returns the ownership of what the running code has just made. */
export function ownership(owned: Ownable): Ownership {
  return new Ownership(owned, running());
}

/** Calls a function when the scope ends in which the running task is, unless it is dropped before. */
export function madeInScope(release: () => void): Ownership {
  const made = ownership({ abandon: release });
  made.pin();
  return made;
}

/** Releases what only an ended task has held, the newest first. */
export function releaseHeldBy(task: Holder, returned: boolean, value: unknown): void {
  const kept = [...task.keeps!].reverse();
  task.keeps = null;
  for (const each of kept) each.left(task, returned, value);
}

/** Releases what was made in a scope that has ended, the newest first. */
export function releaseMadeIn(home: Home): void {
  if (home.keeps === null) return;
  const kept = [...home.keeps].reverse();
  home.keeps = null;
  for (const each of kept) each.closed();
}

/** The task that makes something; null if it is unknown. */
export type Maker = Performer | null;

export function maker(): Maker {
  return scheduler.current;
}

/** Makes a channel in place of another task, to which the channel then belongs. */
export function inPlaceOf<T>(maker: Maker, make: () => T): T {
  const { current } = scheduler;
  scheduler.current = maker;
  try {
    return make();
  } finally {
    scheduler.current = current;
  }
}

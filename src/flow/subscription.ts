// A subscriber of a broadcast, and what becomes of a value that it has no room for.

import { type Buffer, sliding } from "../buffer.js";
import { channel } from "../channel.js";
import type { Channel, Closed, EMPTY, ReceiveChannel } from "../ends.js";
import { shown } from "../errors.js";
import type { Operation } from "../operation.js";
import { own } from "../owned.js";

/**
 * What becomes of a value that a subscriber has no room for: everybody waits for it (`"wait"`), it misses the value
 * (`"drop"`) or the oldest that it has stored (`"slide"`), or it is disconnected.
 */
export type Policy = "wait" | "drop" | "slide" | "disconnect";

/** How somebody subscribes. */
export interface SubscribeOptions {
  /** `"wait"` by default. */
  readonly policy?: Policy;
  /** How many values it stores; none by default with `"wait"`, else 1. */
  readonly capacity?: number;
}

/** A channel of what is broadcast; cancelling it, or disposing of it, unsubscribes. */
export interface Subscription<T> extends ReceiveChannel<T>, Disposable {
  /** How many values it did not get, because it had no room for them. */
  readonly missed: number;
}

/** A subscription, as the broadcast sees it. */
export class Member<T> implements Subscription<T> {
  missed: number;
  private readonly _inbox: Channel<T>;
  private readonly _policy: Policy;
  private readonly _leave: (member: Member<T>) => void;

  constructor(options: SubscribeOptions, leave: (member: Member<T>) => void) {
    const { policy = "wait" } = options;
    const { capacity = policy === "wait" ? 0 : 1 } = options;
    this.missed = 0;
    this._policy = policy;
    this._leave = leave;
    this._inbox = channel<T>(this._store(policy, capacity), { onCancel: () => leave(this) });
    own(this);
  }

  private _store(policy: Policy, capacity: number): number | Buffer<T> {
    if (policy === "slide") return sliding<T>(capacity, () => void this.missed++);
    if (policy === "wait" || policy === "drop" || policy === "disconnect") return capacity;
    throw new TypeError(
      `Cannot subscribe: policy must be "wait", "drop", "slide" or "disconnect", got ${shown(policy)}`,
    );
  }

  /** Hands a value over without waiting, as the policy says; false if everybody has to wait for it. */
  offer(value: T): boolean {
    if (this._inbox.trySend(value) || this._inbox.closed) return true;
    if (this._policy === "wait") return false;
    this.missed++;
    if (this._policy === "disconnect") {
      this._leave(this);
      this._inbox.close(
        new Error(`Disconnected: the subscriber had not taken the ${this._inbox.length} values before`),
      );
    }
    return true;
  }

  /** Waits until the value is taken, or the subscriber leaves. */
  send(value: T): Operation<boolean> {
    return this._inbox.send(value);
  }

  close(cause: unknown): boolean {
    return this._inbox.close(cause);
  }

  receive(): Operation<T | Closed> {
    return this._inbox.receive();
  }

  tryReceive(): T | Closed | typeof EMPTY {
    return this._inbox.tryReceive();
  }

  cancel(reason?: unknown): void {
    this._inbox.cancel(reason);
  }

  get closed(): boolean {
    return this._inbox.closed;
  }

  [Symbol.asyncIterator](): AsyncIterator<T> {
    return this._inbox[Symbol.asyncIterator]();
  }

  [Symbol.dispose](): void {
    this.cancel();
  }
}

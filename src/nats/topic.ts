// The reading end of a topic, and the end of the hosting of an actor: what every bus has.

import { CLOSED, type Closed, EMPTY, type Empty, type ReceiveChannel } from "../channel/ends.js";
import { iterate } from "../channel/iterate.js";
import type { Operation } from "../operation/operation.js";
import { readable } from "../structures/readable.js";
import type { TopicSubscription } from "./types.js";

/** A value of a topic and its position. */
export interface Entry<T> {
  readonly position: number;
  readonly value: T;
}

export class Subscriber<T> implements TopicSubscription<T> {
  readonly owned = true as const;
  position: number;
  private readonly _entries: ReceiveChannel<Entry<T>>;

  constructor(name: string, entries: ReceiveChannel<Entry<T>>) {
    this.position = 0;
    this._entries = entries;
    readable(this, () => `Subscription of ${name} at ${this.position}`);
  }

  receive(): Operation<T | Closed> {
    return this._entries.receive().map((entry) => this._taken(entry) as T | Closed);
  }

  tryReceive(): T | Closed | Empty {
    return this._taken(this._entries.tryReceive());
  }

  private _taken(entry: Entry<T> | Closed | Empty): T | Closed | Empty {
    if (entry === CLOSED || entry === EMPTY) return entry;
    const { position, value } = entry as Entry<T>;
    this.position = position;
    return value;
  }

  cancel(reason?: unknown): void {
    this._entries.cancel(reason);
  }

  get closed(): boolean {
    return this._entries.closed;
  }

  [Symbol.asyncIterator](): AsyncIterator<T> {
    return iterate(this);
  }

  [Symbol.dispose](): void {
    this.cancel();
  }
}

// A view (a projection, a read model): tables made of the events, one after the other, for queries. The position up to which it has
// read is saved in the same transaction, so each event is applied once, whatever fails.

import { type Operation, type Routine, type Watch, watch } from "millrace";
import { type Database, transaction } from "./database.ts";
import type { EventStore } from "./store.ts";
import type { Event, Stored } from "./types.ts";

export interface ViewOptions<E extends Event> {
  readonly name: string;
  /** SQL that makes the tables unless they are there. */
  readonly schema: string;
  /** Prepares the statements, and returns what applies one event. */
  readonly applying: (database: Database) => (event: Stored<E>) => void;
}

export class View<E extends Event> {
  readonly database: Database;
  private readonly _store: EventStore<E>;
  private readonly _options: ViewOptions<E>;
  private readonly _position: Watch<number>;

  constructor(store: EventStore<E>, options: ViewOptions<E>) {
    this.database = store.views;
    this._store = store;
    this._options = options;
    this._position = watch(0);
    this.database.exec(options.schema);
  }

  /** Keeps the view up to date. A child of a tree: a life that follows a failure goes on at the checkpoint. */
  *follow(): Routine<never> {
    const checkpoint = this._store.checkpoint(this._options.name);
    const apply = this._options.applying(this.database);
    for (;;) {
      this._position.set(checkpoint.position);
      const events = yield* this._store.next(checkpoint.position);
      transaction(this.database, () => {
        for (const event of events) apply(event);
        checkpoint.save(events.at(-1)!.position);
      });
    }
  }

  /** Waits until the view shows all events up to a position: that of an append, to read what was written. */
  reached(position: number): Operation<number> {
    return this._position.until((reached) => reached >= position);
  }
}

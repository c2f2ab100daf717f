// The event store. One actor writes. It takes one append, then all others that wait, and commits them together: so while the disk
// is busy with one commit, the next batch gathers, and a commit for 256 writers costs what it costs for one.
//
// Invariants. An append is answered after its commit. `head` moves after the commit, so readers see only what is on the disk. Views,
// checkpoints and snapshots have a connection of their own that does not wait for the disk: they can be lost together with the
// newest events that they show, and never without.

import {
  CLOSED,
  fixed,
  guard,
  type Operation,
  type OwnedChannel,
  produce,
  type Routine,
  type Watch,
  watch,
} from "millrace";
import { type Actor, actor, ask, type Mailbox, type Reply } from "millrace/supervise";
import { Checkpoint } from "./checkpoint.ts";
import { type Database, openDatabase } from "./database.ts";
import { type Entry, Log } from "./log.ts";
import { Snapshots } from "./snapshots.ts";
import { type Appended, type AppendOptions, BusyError, type Event, type Stored } from "./types.ts";

export interface StoreOptions {
  /** How many appends may wait; 1024 by default. */
  readonly capacity?: number;
  /** How many appends are committed together at most; 1024 by default. */
  readonly batch?: number;
  /** The SQLite driver by its name; the first one that is there by default. */
  readonly driver?: string;
}

/** An append on its way to the writer. */
export interface Append extends Entry {
  readonly reply: Reply<Appended>;
}

const PAGE = 256;

export class EventStore<E extends Event> implements AsyncDisposable {
  /** Commits the appends. Put it into a tree before all that appends; if a commit fails, it fails with its batch, and is restarted. */
  readonly writer: Actor<Append>;
  /** The connection for views. */
  readonly views: Database;
  readonly snapshots: Snapshots;
  /** How many commits there were since the store was opened. */
  commits: number;
  private readonly _database: Database;
  private readonly _log: Log<E>;
  private readonly _head: Watch<number>;
  private readonly _waiting: ReturnType<typeof fixed<Append>>;
  private readonly _batch: number;

  /** Opens the store in a file, which is made if there is none. */
  constructor(path: string, options: StoreOptions = {}) {
    const { capacity = 1024, batch = 1024, driver } = options;
    this._database = openDatabase(path, "full", driver);
    this.views = openDatabase(path, "normal", driver);
    this._log = new Log(this._database);
    this.snapshots = new Snapshots(this.views);
    this._head = watch(this._log.head);
    this._batch = batch;
    this.commits = 0;
    const waiting = fixed<Append>(capacity);
    this._waiting = waiting;
    const store = this;
    this.writer = actor<Append>(
      function* writer(mailbox) {
        yield* store._writing(mailbox);
      },
      { name: "writer", mailbox: waiting },
    );
  }

  /** The position of the newest event; 0 if there is none. */
  get head(): number {
    return this._head.value;
  }

  /**
   * Appends events to a stream.
   *
   * Parks until they are on the disk. Yields: where the last of them is. If the stream has another version than expected: throws a
   * `ConflictError`. If too many appends wait and `overload` is `"fail"`: throws a `BusyError`. If the commit fails: throws its error.
   * If cancelled: the events may be stored, so an append that is tried again needs a key.
   *
   * @throws TypeError if there is no event, or its data is no JSON.
   */
  append(stream: string, events: readonly E[], options: AppendOptions = {}): Operation<Appended> {
    const entry = entryOf(stream, events, options);
    const asked = ask(this.writer, (reply: Reply<Appended>): Append => ({ ...entry, reply }));
    if (options.overload !== "fail") return asked;
    return guard(() => {
      if (this._waiting.full) throw new BusyError(stream, this._waiting.length);
      return asked;
    });
  }

  /** The events of a stream after a version. */
  read(stream: string, after = 0): Stored<E>[] {
    return this._log.read(stream, after, -1);
  }

  /** The events of all streams after a position, at most `limit`. */
  readAll(after = 0, limit: number = PAGE): Stored<E>[] {
    return this._log.readAll(after, limit);
  }

  /** Waits until there are events after a position, and reads them: at most `limit`. */
  *next(after: number, limit: number = PAGE): Routine<Stored<E>[]> {
    if (this.head <= after) yield* this._head.until((head) => head > after);
    return this.readAll(after, limit);
  }

  /**
   * All events after a position, first those of the past, then new ones as they are committed. There is no gap between the two and no
   * event comes twice, because both are read from the log: a commit only tells that there is more.
   */
  subscribe(after = 0): OwnedChannel<Stored<E>> {
    const store = this;
    return produce<Stored<E>>(function* subscription(out) {
      for (let position = after; ; ) {
        for (const event of yield* store.next(position)) {
          if (!(yield* out.send(event))) return;
          position = event.position;
        }
      }
    });
  }

  /** Where a reader of the log has got to, kept in the database. */
  checkpoint(name: string): Checkpoint {
    return new Checkpoint(this.views, name);
  }

  /** Stops the writer and closes the file. Appends that are not committed fail. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.writer.stop("the store is closed");
    this._head.close(new Error("The store is closed"));
    this.views.close();
    this._database.close();
  }

  private *_writing(mailbox: Mailbox<Append>): Routine<void> {
    for (let first; (first = yield* mailbox.receive()) !== CLOSED; ) {
      const batch = [first];
      while (batch.length < this._batch) {
        const more = mailbox.tryReceive();
        if (typeof more === "symbol") break;
        batch.push(more);
      }
      this._commit(batch);
    }
  }

  /** If this throws, the writer fails, and each append that it has taken fails with it. */
  private _commit(batch: readonly Append[]): void {
    const outcomes = this._log.append(batch);
    this.commits++;
    let head = this.head;
    for (const [n, outcome] of outcomes.entries()) {
      if (outcome instanceof Error) batch[n]!.reply.fail(outcome);
      else {
        head = Math.max(head, outcome.position);
        batch[n]!.reply(outcome);
      }
    }
    this._head.set(head);
  }
}

function entryOf(stream: string, events: readonly Event[], { expectedVersion, key }: AppendOptions): Entry {
  if (events.length === 0) throw new TypeError(`Cannot append to ${stream}: there must be an event, got none`);
  const encoded = events.map(({ type, data }) => ({ type, json: jsonOf(stream, type, data) }));
  return { stream, events: encoded, expectedVersion, key };
}

function jsonOf(stream: string, type: string, data: unknown): string {
  const json: string | undefined = JSON.stringify(data);
  if (json === undefined)
    throw new TypeError(`Cannot append to ${stream}: the data of ${type} must be JSON, got ${data}`);
  return json;
}

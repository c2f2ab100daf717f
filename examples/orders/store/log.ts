// The log: one table of events, and the transaction that appends to it.
//
// Invariants. Positions and versions have no gaps. An append is stored as a whole or not at all, and one that is refused takes nothing
// of its batch with it. The versions in memory are those of the table, or missing.

import { type Database, type Statement, transaction } from "./database.ts";
import { type Appended, ConflictError, type Event, type Stored } from "./types.ts";

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS events (
    position INTEGER PRIMARY KEY,
    stream TEXT NOT NULL,
    version INTEGER NOT NULL,
    type TEXT NOT NULL,
    data TEXT NOT NULL,
    at INTEGER NOT NULL,
    key TEXT,
    UNIQUE (stream, version)
  );
  CREATE UNIQUE INDEX IF NOT EXISTS keys ON events (key) WHERE key IS NOT NULL;
`;

const COLUMNS = "position, stream, version, type, data, at";

/** How many versions are kept in memory. */
const KNOWN = 10_000;

/** An append as it is written: the data as text. */
export interface Entry {
  readonly stream: string;
  readonly events: readonly { readonly type: string; readonly json: string }[];
  readonly expectedVersion: number | undefined;
  readonly key: string | undefined;
}

export class Log<E extends Event> {
  private readonly _database: Database;
  private readonly _insert: Statement;
  private readonly _newest: Statement;
  private readonly _withKey: Statement;
  private readonly _ofStream: Statement;
  private readonly _ofAll: Statement;
  private readonly _versions: Map<string, number>;

  constructor(database: Database) {
    this._database = database;
    database.exec(SCHEMA);
    this._insert = database.prepare(
      "INSERT INTO events (stream, version, type, data, at, key) VALUES (?, ?, ?, ?, ?, ?)",
    );
    this._newest = database.prepare(
      "SELECT position, version FROM events WHERE stream = ? ORDER BY version DESC LIMIT 1",
    );
    this._withKey = database.prepare("SELECT stream, version, position FROM events WHERE key = ?");
    this._ofStream = database.prepare(
      `SELECT ${COLUMNS} FROM events WHERE stream = ? AND version > ? ORDER BY version LIMIT ?`,
    );
    this._ofAll = database.prepare(`SELECT ${COLUMNS} FROM events WHERE position > ? ORDER BY position LIMIT ?`);
    this._versions = new Map();
  }

  /** The position of the newest event; 0 if there is none. */
  get head(): number {
    const { head } = this._database.prepare("SELECT max(position) AS head FROM events").get() as {
      head: number | null;
    };
    return head ?? 0;
  }

  /**
   * Appends a batch in one transaction. Returns, for each entry, where it is or why it was refused.
   *
   * @throws what the database throws if the transaction failed. Then nothing of the batch is stored.
   */
  append(batch: readonly Entry[]): (Appended | Error)[] {
    try {
      return transaction(this._database, () => batch.map((entry) => this._tried(entry)));
    } catch (error) {
      this._versions.clear(); // those of a batch that is not stored
      throw error;
    }
  }

  /** The events of a stream, after a version. */
  read(stream: string, after: number, limit: number): Stored<E>[] {
    return this._ofStream.all(stream, after, limit).map(stored<E>);
  }

  /** The events of all streams, after a position. */
  readAll(after: number, limit: number): Stored<E>[] {
    return this._ofAll.all(after, limit).map(stored<E>);
  }

  private _tried(entry: Entry): Appended | Error {
    try {
      return this._append(entry);
    } catch (error) {
      return error as Error;
    }
  }

  private _append(entry: Entry): Appended {
    const { stream, events, expectedVersion, key } = entry;
    const earlier = key === undefined ? undefined : (this._withKey.get(key) as Place | undefined);
    if (earlier !== undefined) return repeated(entry, earlier);
    const version = this._versionOf(stream);
    if (expectedVersion !== undefined && expectedVersion !== version)
      throw new ConflictError(stream, expectedVersion, version);
    try {
      const position = this._guarded(entry, version);
      this._remember(stream, version + events.length);
      return { version: version + events.length, position, repeated: false };
    } catch (error) {
      // If another process has written to the file, the version in memory was wrong, and the table has refused it.
      this._versions.delete(stream);
      if (this._versionOf(stream) === version) throw error;
      return this._append(entry);
    }
  }

  /** Writes all events or none. A single insert is undone by SQLite itself if it fails, so only several need a savepoint. */
  private _guarded(entry: Entry, version: number): number {
    if (entry.events.length === 1) return this._write(entry, version);
    this._database.exec("SAVEPOINT entry");
    try {
      return this._write(entry, version);
    } catch (error) {
      this._database.exec("ROLLBACK TO entry");
      throw error;
    } finally {
      this._database.exec("RELEASE entry");
    }
  }

  /** The key stands at the last event, so that it finds what the append was answered with. */
  private _write({ stream, events, key }: Entry, version: number): number {
    let position = 0;
    const at = Date.now();
    for (const [n, { type, json }] of events.entries()) {
      const last = n === events.length - 1;
      const row = this._insert.run(stream, version + n + 1, type, json, at, (last && key) || null);
      position = Number(row.lastInsertRowid);
    }
    return position;
  }

  private _versionOf(stream: string): number {
    const known = this._versions.get(stream);
    if (known !== undefined) return known;
    return (this._newest.get(stream) as Place | undefined)?.version ?? 0;
  }

  private _remember(stream: string, version: number): void {
    this._versions.delete(stream); // the newest stand at the end
    this._versions.set(stream, version);
    if (this._versions.size <= KNOWN) return;
    for (const oldest of this._versions.keys()) return void this._versions.delete(oldest);
  }
}

interface Place {
  readonly stream: string;
  readonly version: number;
  readonly position: number;
}

function repeated({ stream, key }: Entry, earlier: Place): Appended {
  if (earlier.stream !== stream)
    throw new TypeError(`Cannot append to ${stream}: the key ${key} was used for an append to ${earlier.stream}`);
  return { version: earlier.version, position: earlier.position, repeated: true };
}

function stored<E extends Event>(row: unknown): Stored<E> {
  const event = row as Stored<Event> & { data: string };
  return { ...event, data: JSON.parse(event.data) } as unknown as Stored<E>;
}

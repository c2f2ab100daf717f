import type { Database, Statement } from "./database.ts";
import type { Loaded } from "./decide.ts";

/** The state of long streams at a version, so that only the events after it are read. A cache: it can be deleted at any time. */
export class Snapshots {
  private readonly _find: Statement;
  private readonly _save: Statement;

  constructor(database: Database) {
    database.exec(
      "CREATE TABLE IF NOT EXISTS snapshots (name TEXT, stream TEXT, version INTEGER, state TEXT, PRIMARY KEY (name, stream))",
    );
    this._find = database.prepare("SELECT version, state FROM snapshots WHERE name = ? AND stream = ?");
    this._save = database.prepare(
      "INSERT OR REPLACE INTO snapshots (name, stream, version, state) VALUES (?, ?, ?, ?)",
    );
  }

  find<S>(name: string, stream: string): Loaded<S> | undefined {
    const row = this._find.get(name, stream) as { version: number; state: string } | undefined;
    return row && { version: row.version, state: JSON.parse(row.state) as S };
  }

  save<S>(name: string, stream: string, { version, state }: Loaded<S>): void {
    this._save.run(name, stream, version, JSON.stringify(state));
  }
}

import type { Database, Statement } from "./database.ts";

/** A position of a reader, kept in the database. Saved in the transaction of a view, the two are never apart. */
export class Checkpoint {
  private readonly _save: Statement;
  private readonly _name: string;
  private _position: number;

  constructor(database: Database, name: string) {
    database.exec("CREATE TABLE IF NOT EXISTS checkpoints (name TEXT PRIMARY KEY, position INTEGER NOT NULL)");
    this._save = database.prepare("INSERT OR REPLACE INTO checkpoints (name, position) VALUES (?, ?)");
    this._name = name;
    const row = database.prepare("SELECT position FROM checkpoints WHERE name = ?").get(name);
    this._position = (row as { position: number } | undefined)?.position ?? 0;
  }

  /** 0 if nothing was read. */
  get position(): number {
    return this._position;
  }

  save(position: number): void {
    this._save.run(this._name, position);
    this._position = position;
  }
}

// SQLite, by the driver that is there: `node:sqlite` where Node has it, else the package `libsql`. Both have the face of better-sqlite3.

import { createRequire } from "node:module";

export type Value = string | number | null;

export interface Statement {
  run(...values: Value[]): { readonly lastInsertRowid: number | bigint };
  get(...values: Value[]): unknown;
  all(...values: Value[]): unknown[];
}

/** A connection to a database. All calls are synchronous, so between two waits of a task no other code sees half of a transaction. */
export interface Database {
  exec(sql: string): void;
  prepare(sql: string): Statement;
  close(): void;
}

type Driver = new (path: string) => Database;

/** The drivers that are there, by name, the preferred one first. */
export const drivers: ReadonlyMap<string, Driver> = found();

function found(): Map<string, Driver> {
  const all = new Map<string, Driver>();
  const builtin = process.getBuiltinModule("node:sqlite") as { DatabaseSync: Driver } | undefined;
  if (builtin !== undefined) all.set("node:sqlite", builtin.DatabaseSync);
  try {
    all.set("libsql", createRequire(import.meta.url)("libsql") as Driver);
  } catch {
    // Not installed, or no binary for this platform.
  }
  return all;
}

/** How much a commit promises: `full` writes it through to the disk, `normal` leaves that to the next commit that does. */
export type Durability = "full" | "normal";

/**
 * Opens a database in a file, with a write-ahead log.
 *
 * @param driver - The name of a driver; the first one that is there by default.
 * @throws Error if it is not there.
 */
export function openDatabase(path: string, durability: Durability, driver = [...drivers.keys()][0]): Database {
  const Driver = drivers.get(driver ?? "");
  if (Driver === undefined) {
    const wanted = driver ?? "SQLite";
    throw new Error(`Cannot open ${path}: there is no ${wanted}, use Node 22.13 or later, or \`npm install libsql\``);
  }
  const database = new Driver(path);
  database.exec("PRAGMA journal_mode = WAL");
  database.exec(`PRAGMA synchronous = ${durability === "full" ? "FULL" : "NORMAL"}`);
  database.exec("PRAGMA busy_timeout = 5000");
  return database;
}

/** Does the work in one transaction: all of it or, if it throws, none. */
export function transaction<T>(database: Database, work: () => T): T {
  database.exec("BEGIN IMMEDIATE");
  try {
    const result = work();
    database.exec("COMMIT");
    return result;
  } catch (error) {
    try {
      database.exec("ROLLBACK");
    } catch {
      // SQLite has ended the transaction by itself, as it does when the disk is full.
    }
    throw error;
  }
}

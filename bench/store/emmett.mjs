// Emmett's event store on SQLite, if it is installed: `npm install --prefix bench/store/emmett`.

import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const here = new URL("emmett/", import.meta.url);

export async function emmett() {
  if (!existsSync(new URL("node_modules/", here))) return null;
  const path = createRequire(new URL("package.json", here)).resolve("@event-driven-io/emmett-sqlite");
  return (await import(pathToFileURL(path.replace(/\.cjs$/, ".js")))).getSQLiteEventStore;
}

/**
 * One store for each writer: a store has one connection, which it closes after each call, so calls on it must not overlap. An append
 * that meets the lock of another fails after a while, and is counted and tried again. With `inTurn`, the writers wait for each other
 * outside, which is the best that they can do.
 */
export function open(getSQLiteEventStore, path, { inTurn }) {
  let turn = Promise.resolve();
  const writers = new Map();
  const contender = {
    refused: 0,
    commits: 0,
    over: false,
    async append(writer, version, event) {
      if (!writers.has(writer)) writers.set(writer, getSQLiteEventStore({ fileName: path }));
      const once = () =>
        writers.get(writer).appendToStream(writer, [event], {
          expectedStreamVersion: version === 0 ? "STREAM_DOES_NOT_EXIST" : BigInt(version),
        });
      const append = async () => {
        for (;;) {
          try {
            return await once();
          } catch (error) {
            if (contender.over) throw error;
            contender.refused++;
          }
        }
      };
      if (!inTurn) return append();
      turn = turn.then(append, append);
      return turn;
    },
    async close() {},
  };
  return contender;
}

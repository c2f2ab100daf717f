// Small programs for rules of the model that random programs seldom need: which transitions are enabled, what they do, and which of
// them are independent.

import { channel, collect, dropping, go, Mutex, pause, type Routine, scope, select, sleep, sliding } from "millrace";
import { type VerifyOptions, verify } from "millrace/testing";
import { expect, test } from "vitest";
import { compareEnough } from "../fuzz/compare.js";
import { compareReduced } from "../fuzz/symmetric.js";

type Main = () => Routine<unknown>;

/** The kind of the failure; or every outcome, in order. */
async function verdictOf(main: Main, options: VerifyOptions<unknown>): Promise<string> {
  const verdict = await verify(main, { engine: "model", ...options });
  if (verdict.status !== "proved") return verdict.status === "failed" ? verdict.kind : verdict.status;
  return [...verdict.outcomes].map(String).sort().join();
}

/** Each program, with its outcomes or the kind of its failure. */
const programs: Readonly<Record<string, readonly [expected: string, main: Main]>> = {
  "a dropping buffer keeps what came first": [
    "1 2",
    function* () {
      const values = channel<number>(dropping(2));
      for (const n of [1, 2, 3]) yield* values.send(n);
      values.close();
      return (yield* collect(values)).join(" ");
    },
  ],
  "a sliding buffer keeps what came last": [
    "2 3",
    function* () {
      const values = channel<number>(sliding(2));
      for (const n of [1, 2, 3]) yield* values.send(n);
      values.close();
      return (yield* collect(values)).join(" ");
    },
  ],
  "a scope is cancelled that loses a choice": [
    "late cancelled",
    function* () {
      const log = channel<string>(1);
      const work = scope(function* () {
        try {
          yield* sleep(5);
          yield* log.send("done");
        } finally {
          log.trySend("cancelled");
        }
      });
      const { key } = yield* select({ work, late: sleep(1) });
      return `${key} ${String(yield* log.receive())}`;
    },
  ],
  "a lock is given back that was granted to a task which is cancelled before it goes on": [
    "false false,false true,true false,true true",
    function* () {
      const mutex = new Mutex();
      const holder = go(function* () {
        yield* mutex.lock();
      });
      go(function* () {
        yield* pause();
        holder.cancel();
      });
      yield* pause();
      const first = mutex.locked;
      yield* pause();
      return `${first} ${mutex.locked}`;
    },
  ],
};

const cases = Object.entries(programs).map(([name, [expected, main]]) => [name, expected, main] as const);

test.each(cases)("%s: %s", async (_, expected, main) => {
  expect([await verdictOf(main, {}), await verdictOf(main, { all: true })]).toEqual([expected, expected]);
  // `verify` may decide such small programs before its reduced search does.
  compareEnough(0, main);
  compareReduced(0, main);
});

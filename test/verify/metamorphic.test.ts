// Metamorphic tests: each known program is verified as it is, and with an addition that must not change its verdict.

import { channel, go, pause, type Routine, scope, select, sleep, timeout } from "millrace";
import { cell, choose, daemon, forever, type Verdict, verify } from "millrace/testing";
import { describe, expect, test } from "vitest";
import { scaled } from "../support/stress.js";
import { known, verdictOn } from "./programs/index.js";

type Main = () => Routine<unknown>;

/** A change that puts a routine before the program. */
const after = (first: () => Routine<unknown>) => (main: Main) =>
  function* () {
    yield* first();
    return yield* main();
  };

/** A change that puts a routine after the program. */
const before = (last: () => Routine<unknown>) => (main: Main) =>
  function* () {
    const result = yield* main();
    yield* last();
    return result;
  };

function* rest(): Routine<void> {
  yield* pause();
}

const RENAMED = "a task around it with another name";
const SCOPED = "a scope around it";

/** The additions. */
const CHANGES: Readonly<Record<string, (main: Main) => Main>> = {
  "an unused channel": after(function* () {
    channel(1);
  }),
  "a `close` of an unused channel": after(function* () {
    channel().close();
  }),
  "a `cancel` of an unused channel": after(function* () {
    channel(2, { name: "unused" }).cancel();
  }),
  "a `close` after the end": (main) =>
    function* () {
      const unused = channel();
      const result = yield* main();
      unused.close();
      return result;
    },
  "an idle task": after(function* () {
    go(function* idle() {});
  }),
  "two tasks that pause": after(function* () {
    for (let nth = 0; nth < 2; nth++) go(rest);
  }),
  "a task that is joined at once": after(function* () {
    yield* go(function* joined() {});
  }),
  "a daemon that serves no task": after(function* () {
    const unused = channel();
    daemon(
      go(forever, function* () {
        yield* unused.receive();
      }),
    );
  }),
  "a send to its own buffer": after(function* () {
    yield* channel<number>(1).send(1);
  }),
  "a pause at the start": after(rest),
  "a pause before the end": before(rest),
  "a sleep at the start": after(function* () {
    yield* sleep(7);
  }),
  "an unused timeout": after(function* () {
    timeout(5);
  }),
  "a default that is taken": after(function* () {
    yield* select({ never: channel().receive() }, { default: null });
  }),
  "a choice of one value": after(function* () {
    yield* choose("only");
  }),
  "an unused cell": after(function* () {
    cell(0);
  }),
  [RENAMED]: (main) =>
    function* renamed() {
      return yield* go(main);
    },
  [SCOPED]: (main) =>
    function* () {
      return yield* scope(main);
    },
  "an empty scope before it": after(function* () {
    yield* scope(function* () {});
  }),
};

/** Programs with more states take too long to be verified this often. */
const LARGE = scaled(60, 400);

/** The part of a verdict that an addition must not change. */
function summary(verdict: Verdict<unknown>): unknown {
  if (verdict.status === "failed") return [verdict.status, verdict.kind];
  return verdict.status === "proved" ? [verdict.status, [...verdict.outcomes].map(String).sort()] : [verdict.status];
}

const small = known.filter(({ states = 0 }) => states > 0 && states < LARGE);

/** If `main` never ends, a task that waits for the end of `main` is stuck. */
function expectedOf(verdict: Verdict<unknown>, name: string): unknown {
  const endless = verdict.status === "proved" && verdict.outcomes.size === 0;
  return endless && (name === RENAMED || name === SCOPED) ? ["failed", "stuck"] : summary(verdict);
}

/** Of so many programs, one is searched in full as well; all are in `npm run stress`. */
const SEARCHED = scaled(3, 1);

describe.each(Object.entries(CHANGES))("%s changes no verdict", (name, change) => {
  const nth = Object.keys(CHANGES).indexOf(name);
  test.each(small)("of $name ($source)", async (program) => {
    const { main } = program;
    const expected = expectedOf(await verdictOn(main), name);
    expect(summary(await verify(change(main)))).toEqual(expected);
    if ((small.indexOf(program) + nth) % SEARCHED > 0) return;
    expect(summary(await verify(change(main), { engine: "model", all: true }))).toEqual(expected);
  });
});

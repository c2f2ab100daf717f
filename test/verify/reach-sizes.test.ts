// Programs of many alike tasks that share a tool of the library: the model decides them with few states, and finds the fault of the twin
// of each, which differs by one mistake.

import { group, type Operation, pause, type Routine } from "millrace";
import { type Verdict, verify } from "millrace/testing";
import { describe, expect, test } from "vitest";

type Main = () => Routine<unknown>;

interface Row {
  readonly main: Main;
  readonly outcomes: readonly unknown[];
  /** The program with a mistake, and the failure that comes of it. */
  readonly twin: Main;
  readonly fails: string;
}

/** States within which each program is decided, at less than a second for each ten thousand. */
const FEW = 10_000;

/** Starts tasks in a group, at most three of them at a time. */
function* inGroup(
  count: number,
  body: (n: number) => Routine<unknown> | Operation<unknown>,
  waits: boolean,
): Routine<string> {
  const tasks = group({ limit: 3 });
  for (let n = 1; n <= count; n++) yield* tasks.go(body, n);
  if (waits) yield* tasks.wait();
  return "done";
}

function* failing(n: number): Routine<void> {
  yield* pause();
  if (n === 7) throw new Error("job 7 fails");
}

const rows: Readonly<Record<string, Row>> = {
  "ten tasks of a group with three places": {
    main: () => inGroup(10, pause, true),
    outcomes: ["done"],
    twin: () => inGroup(10, failing, false),
    fails: "throw",
  },
};

const shown = (verdict: Verdict<unknown>): unknown =>
  verdict.status === "proved" ? [...verdict.outcomes].sort() : "report" in verdict ? verdict.report : verdict.reason;

describe.each(Object.entries(rows))("%s", (_, { main, outcomes, twin, fails }) => {
  test("are proved by the model", async () => {
    const verdict = await verify(main, { engine: "model", maxStates: FEW });
    expect(shown(verdict)).toEqual(outcomes);
  });

  test(`fail with a mistake: ${fails}`, async () => {
    const verdict = await verify(twin, { engine: "model", maxStates: FEW });
    expect(verdict).toMatchObject({ status: "failed", kind: fails });
  });
});

// What is said of a schedule: as a report, as a diagram, as JSON.

import { channel, go, type Routine, sleep } from "millrace";
import { type Failed, type Schedule, simulate, toMermaid, type Verdict, verify } from "millrace/testing";
import { describe, expect, test } from "vitest";
import { reportOf } from "../../../src/testing/report/report.js";

const none: Schedule = { steps: [], failed: [], waiting: [], cycle: [], notes: [] };
const found = { title: "orders", kind: "leak", found: "found", token: "" } as const;

/** So many steps, each of the next of so many tasks. */
function long(steps: number, tasks: number): Schedule {
  const all = Array.from({ length: steps }, (_, at) => {
    const task = `worker#${at % tasks}`;
    return { task, what: `send ${at} to q`, cells: { [task]: `q ! ${at}` } };
  });
  return { ...none, steps: all };
}

function* kitchen(): Routine<void> {
  const orders = channel<string>(0, { name: "orders" });
  const plates = channel<number>(1, { name: "plates; of #1" });
  go(function* cook() {
    yield* orders.receive();
    yield* sleep(5);
    yield* plates.send(1);
    yield* plates.send(2);
    yield* plates.send(3);
  });
  yield* orders.send("soup");
  yield* plates.receive();
}

function failed(verdict: Verdict<unknown>): Failed {
  expect(verdict.status).toBe("failed");
  return verdict as Failed;
}

describe("a report", () => {
  test("the report of a long schedule shows the last 40 steps, and says how many came before", () => {
    const lines = reportOf({ ...found, schedule: long(100, 2) }).split("\n");
    expect(lines.slice(1, 4).map((line) => line.trim().replace(/ {2,}/g, "  "))).toEqual([
      "schedule  worker#0  worker#1",
      "… 60 steps before these",
      "61. worker#0  send 60 to q  q ! 60",
    ]);
    expect(lines).toHaveLength(43);
  });

  test("a report is at most 120 columns wide, and is a list where its columns would not fit", () => {
    for (const tasks of [2, 5, 8, 9, 30]) {
      const lines = reportOf({ ...found, schedule: long(40, tasks) }).split("\n");
      expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(120);
      expect(lines.at(-1)!.includes("q ! 39")).toBe(tasks <= 8);
    }
  });

  test("a report shortens long values in its steps", () => {
    const step = { task: "main", what: `send ${"x".repeat(200)} to q`, cells: {} };
    const lines = reportOf({ ...found, schedule: { ...none, steps: [step] } }).split("\n");
    expect(lines.at(-1)).toMatch(/ 1\. main {6}send x{54}…$/);
  });

  test("a report says what was thrown or returned", () => {
    const cause = new RangeError("too many\nand more");
    expect(reportOf({ ...found, kind: "throw", cause, schedule: none })).toContain("\n    RangeError: too many");
    expect(reportOf({ ...found, kind: "outcome", cause: { a: 1 }, schedule: none })).toContain('returned {"a":1}');
  });

  test("the report of simulate() names the tasks of main without their prefix, and what each waits for", async () => {
    const error = await simulate(
      function* main(): Routine<void> {
        const [a, b] = [channel<1>(1, { name: "a" }), channel<1>(1, { name: "b" })];
        const take = function* taker(one: typeof a, other: typeof a): Routine<void> {
          yield* one.send(1);
          yield* sleep(1);
          yield* other.send(1);
        };
        const tasks = [go(take, a, b), go(take, b, a)];
        for (const task of tasks) yield* task;
      },
      { schedules: 1 },
    ).catch((error: Error) => error.message);
    expect(error).toContain("taker#0  blocked  send to b (last used by taker#1)");
    expect(error).toContain("cycle: taker#0 → taker#1 → taker#0");
    expect(error).not.toContain("main#0/");
  });
});

describe("toMermaid", () => {
  test("toMermaid() draws hand-overs, stored and taken values, time and blocked tasks; names cannot break the diagram", async () => {
    const { schedule } = failed(await verify(kitchen));
    expect(toMermaid(schedule).split("\n")).toEqual([
      "sequenceDiagram",
      "    participant t0 as kitchen",
      "    participant t1 as cook#35;0",
      "    participant c2 as plates#59; of #35;1",
      "    t0->>t1: orders ! #34;soup#34;",
      "    Note over t0,c2: 5 ms pass",
      "    Note over t1: wake",
      "    t1->>c2: plates#59; of #35;1 ! 1",
      "    c2->>t0: plates#59; of #35;1 ? 1",
      "    t1->>c2: plates#59; of #35;1 ! 2",
      "    Note over t1: blocked#58; send 3 to plates#59; of #35;1",
    ]);
  });

  test("toMermaid() draws a deadlock: the blocked tasks, their operations and the cycle", () => {
    const waiting = [
      { task: "a", waitsFor: "send to x" },
      { task: "b", waitsFor: "send to y" },
    ];
    expect(toMermaid({ steps: [], failed: [], waiting, cycle: ["a", "b"], notes: [] }).split("\n")).toEqual([
      "sequenceDiagram",
      "    participant t0 as a",
      "    participant t1 as b",
      "    Note over t0: blocked#58; send to x",
      "    Note over t1: blocked#58; send to y",
      "    Note over t0,t1: cycle#58; a → b → a",
    ]);
  });
});

describe("JSON.stringify(verdict)", () => {
  test("JSON.stringify(verdict) prints outcomes as a list, in words for values that JSON lacks", async () => {
    let n = 0;
    const verdict = await verify(function* () {
      n++;
      return 10n;
    });
    expect(n).toBeGreaterThan(0);
    expect(JSON.parse(JSON.stringify(verdict))).toMatchObject({ status: "proved", outcomes: ["10n"] });
  });

  test("JSON.stringify(verdict) prints a failure with its schedule and the thrown error", async () => {
    const verdict = failed(
      await verify(function* () {
        throw new RangeError("too many");
      }),
    );
    const { kind, cause, token } = JSON.parse(JSON.stringify(verdict));
    expect([kind, cause, token]).toEqual(["throw", { name: "RangeError", message: "too many" }, verdict.token]);
  });
});

import { channel, DeadlockError, go, type Operation, type Routine, run, type Task } from "millrace";
import { describe, expect, test } from "vitest";
import { cycleOf } from "../../src/lifetime/report.js";

/** The report of a program that is dead. */
async function reportOf(main: () => Routine<unknown>): Promise<DeadlockError> {
  const error: unknown = await run(main).catch((error) => error);
  if (error instanceof DeadlockError) return error;
  throw new Error("the program was not reported as dead");
}

function* receivers(n: number): Routine<void> {
  const silent = channel<number>(0, { name: "silent" });
  for (let count = 0; count < n; count++)
    go(function* receiver() {
      yield* silent.receive();
    });
  yield* silent.receive();
}

function* joiners(n: number): Routine<void> {
  const tasks: Task<void>[] = [];
  const join = function* joiner(other: () => Operation<void>): Routine<void> {
    yield* other();
  };
  for (let at = 0; at < n; at++) tasks.push(go(join, () => tasks[(at + 1) % n]!));
  yield* tasks[0]!;
}

describe("the report of a deadlock", () => {
  test("of 16 000 tasks is below 20 kB, and counts the tasks that have no line of their own (EN-1)", async () => {
    const { count, message, tasks } = await reportOf(() => receivers(15_999));
    expect(message.length).toBeLessThan(20_000);
    expect(message).toContain("receiver#0");
    expect(message).toMatch(/and 15960 more tasks:\n +15960 × receive from silent\n/);
    expect([count, tasks.length]).toEqual([16_000, 1000]);
  });

  test("of 16 000 tasks that join each other in a ring is below 20 kB, and cuts the cycle (EN-1)", async () => {
    const { count, cycle, message } = await reportOf(() => joiners(16_000));
    expect(message.length).toBeLessThan(20_000);
    expect(message).toContain("joiner#19 → 15980 more → task#0");
    expect([count, cycle.length]).toEqual([16_001, 1000]);
  });

  test("of a few tasks lists each of them", async () => {
    const { count, message, tasks } = await reportOf(() => receivers(3));
    expect(message.match(/blocked {2}receive from silent/g)).toHaveLength(4);
    expect(message).not.toContain("more tasks");
    expect([count, tasks.length]).toEqual([4, 4]);
  });
});

describe("cycleOf()", () => {
  const graph = (edges: readonly number[]) => (node: number) => (edges[node] === -1 ? undefined : edges[node]);
  test.each([
    { edges: [1, 2, 0], cycle: [0, 1, 2] },
    { edges: [1, 2, 1], cycle: [1, 2] },
    { edges: [1, 2, -1], cycle: [] },
    { edges: [1, 0, 3, 4, 2], cycle: [2, 3, 4] },
    { edges: [0], cycle: [] },
    { edges: [], cycle: [] },
  ])("finds the longest cycle of $edges: $cycle", ({ edges, cycle }) => {
    expect(
      cycleOf(
        edges.map((_, node) => node),
        graph(edges),
      ),
    ).toEqual(cycle);
  });

  test("asks for the successor of each node once", () => {
    let asked = 0;
    const nodes = Array.from({ length: 1000 }, (_, node) => node);
    cycleOf(nodes, (node) => {
      asked++;
      return (node + 1) % 1000;
    });
    expect(asked).toBe(1000);
  });
});

import { setImmediate } from "node:timers/promises";
import { type AsyncRoutine, go, sleep } from "millrace";
import { type Child, pool, supervise } from "millrace/supervise";
import { describe, expect, test } from "vitest";
import { scheduler } from "../../src/scheduler/scheduler.js";

const collect = globalThis.gc!;

/** Collects garbage until a condition holds, or for some turns. */
async function collectUntil(done: () => boolean): Promise<void> {
  for (let turns = 0; turns < 50 && !done(); turns++) {
    await setImmediate();
    collect();
  }
}

test("SV-7 (S10): the arguments of a temporary child of a pool are garbage with the child, although the child is held", async () => {
  const children = pool(
    function* (_, given: { used: boolean }) {
      yield* sleep(1);
      given.used = true;
    },
    { restart: "temporary" },
  );
  const start = async (): Promise<[WeakRef<object>, Child]> => {
    const given = { used: false };
    return [new WeakRef(given), await children.start(given)];
  };
  const [given, child] = await start();
  await child.exited();
  await collectUntil(() => given.deref() === undefined);
  expect([given.deref(), child.status]).toEqual([undefined, "stopped"]);
  await children.stop();
});

const forEver = (): Promise<void> => new Promise(() => {});

const bodies: Record<string, () => AsyncRoutine<void>> = {
  "in its body": async function* () {
    await forEver();
  },
  "in a `finally`": async function* () {
    try {
      yield* sleep(Infinity);
    } finally {
      await forEver();
    }
  },
};

// As long as the scheduler seeks the operation of such a task, each operation of an async body takes four times as long.
describe.each(Object.entries(bodies))("a task that awaits for ever %s", (_, body) => {
  const counters = (): number[] => [scheduler.cancelled.ending, scheduler.cancelled.cleaning];

  test("SV-16: a child that was abandoned is not sought for ever, although its supervisor is held", async () => {
    const tree = supervise({ child: { body, shutdown: 1 } });
    await tree.ready();
    await tree.stop();
    expect(scheduler.cancelled.ending).toBe(1);
    await collectUntil(() => scheduler.cancelled.ending === 0);
    expect([...counters(), tree.child("child")!.status]).toEqual([0, 0, "stopped"]);
  });

  test("a task that was cancelled and dropped is not sought for ever", async () => {
    const start = async (): Promise<void> => {
      const task = go(body);
      await sleep(1);
      task.cancel(undefined, { force: true });
      await sleep(1);
    };
    await start();
    expect(scheduler.cancelled.ending).toBe(1);
    await collectUntil(() => scheduler.cancelled.ending === 0);
    expect(counters()).toEqual([0, 0]);
  });
});

import { setImmediate } from "node:timers/promises";
import { sleep } from "millrace";
import { type Child, pool } from "millrace/supervise";
import { expect, test } from "vitest";

const collect = globalThis.gc!;

test("SV-7: the arguments of a temporary child of a pool are garbage with the child, although the child is held", async () => {
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
  for (let turns = 0; turns < 20 && given.deref() !== undefined; turns++) {
    await setImmediate();
    collect();
  }
  expect([given.deref(), child.status]).toEqual([undefined, "stopped"]);
  await children.stop();
});

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { NatsServer } from "../../support/nats.ts";

/** Runs the example as `npm run orders` does, and returns what it prints. */
async function runOrders(...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [
    "--import",
    "tsx",
    "examples/orders/main.ts",
    ...args,
  ]);
  return stdout;
}

function expectBalanced(stdout: string, orders: number): void {
  expect(stdout).toContain(`for ${orders} orders`);
  expect(stdout).toContain("The books balance");
  const [confirmed, rejected, cancelled] = ["confirmed$", "rejected", "cancelled"].map((what) =>
    Number(new RegExp(`(\\d+) +${what}`, "m").exec(stdout)?.[1]),
  );
  expect(confirmed! + rejected! + cancelled!).toBe(orders);
  expect(stdout).toMatch(new RegExp(`${confirmed} +orders confirmed, holding goods, and paid`));
}

test("npm run orders drives orders through the services, and the books balance", { timeout: 120_000 }, async () => {
  expectBalanced(await runOrders("--orders", "60", "--at-once", "20"), 60);
});

test("npm run orders -- --nats does the same with a process for each service", { timeout: 240_000 }, async () => {
  await (await NatsServer.start()).stop(); // installs it if need be
  const stdout = await runOrders("--nats", "--orders", "20", "--at-once", "10");
  expect(stdout).toContain("each a process, on nats://");
  expectBalanced(stdout, 20);
});

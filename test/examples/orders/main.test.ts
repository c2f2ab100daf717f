import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";

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

test("npm run orders drives orders through the services, and the books balance", { timeout: 120_000 }, async () => {
  const stdout = await runOrders("--orders", "60", "--at-once", "20");
  expect(stdout).toContain("for 60 orders");
  expect(stdout).toContain("The books balance");
  const [confirmed, rejected, cancelled] = ["confirmed$", "rejected", "cancelled"].map((what) =>
    Number(new RegExp(`(\\d+) +${what}`, "m").exec(stdout)?.[1]),
  );
  expect(confirmed! + rejected! + cancelled!).toBe(60);
  expect(stdout).toMatch(new RegExp(`${confirmed} +orders confirmed, holding goods, and paid`));
});

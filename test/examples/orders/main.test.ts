import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { NatsServer } from "../../support/nats.ts";
import { stress } from "../../support/stress.ts";

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

// A process for each service takes long to start; in the usual run, system.test.ts has the services on a NATS server.
const ways: [what: string, says: string, args: string[]][] = [["npm run orders", "in one process", []]];
if (stress) ways.push(["npm run orders -- --nats", "each a process, on nats://", ["--nats"]]);

test.each(ways)("%s drives orders through the services, and the books balance", async (_, says, args) => {
  if (stress) await (await NatsServer.start()).stop(); // installs it if need be
  const stdout = await runOrders(...args, "--orders", "40", "--at-once", "20");
  expect(stdout).toContain(says);
  expect(stdout).toContain("for 40 orders");
  expect(stdout).toContain("The books balance");
  const [confirmed, rejected, cancelled] = ["confirmed$", "rejected", "cancelled"].map((what) =>
    Number(new RegExp(`(\\d+) +${what}`, "m").exec(stdout)?.[1]),
  );
  expect(confirmed! + rejected! + cancelled!).toBe(40);
  expect(stdout).toMatch(new RegExp(`${confirmed} +orders confirmed, holding goods, and paid`));
});

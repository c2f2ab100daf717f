// The crash matrix (D6) as a program, so that any version of Node can run it: each death of a worker, and how what waited for it has
// ended. Takes the file of the worker, and prints the outcomes as JSON.

import { fork } from "node:child_process";
import { Worker as Thread } from "node:worker_threads";
import { channel, go, select } from "../../../src/index.js";
import { PeerLostError } from "../../../src/remote.js";
import { type Worker, worker } from "../../../src/worker.js";
import type { Death, Outcome } from "./deaths.js";

const [, , file, given] = process.argv as [string, string, string, string];

/** What waits for the worker. Each is given up by an error, or yields the error that it got. */
const waits: Record<string, (one: Worker) => PromiseLike<unknown>> = {
  receive: (one) => one.connection.channel("silent").receive(),
  send: async (one) => {
    // The worker never receives, so that a window is filled and the next send parks.
    const silent = one.connection.channel<number>("silent");
    for (let n = 0; await silent.send(n); n++);
    return "refused";
  },
  ask: (one) => one.connection.ask("never", undefined),
  select: (one) => select({ silent: one.connection.channel("silent"), local: channel<number>() }),
  // What had arrived comes first; then the error, each time.
  "a receive after it": async (one) => {
    await one.connection.whenClosed();
    return one.connection.channel("silent").receive();
  },
  "a question after it": async (one) => {
    await one.connection.whenClosed();
    return one.connection.ask("late", 1);
  },
};

/** What was thrown: the message of its cause if the peer is lost, as it should be. */
function told(error: unknown): string {
  return error instanceof PeerLostError ? `lost: ${(error.cause as Error | undefined)?.message}` : String(error);
}

async function outcomeOf({ kind, deed, killed }: Death): Promise<Outcome> {
  const one = worker(() =>
    kind === "thread"
      ? new Thread(file, { resourceLimits: { maxOldGenerationSizeMb: 24 } })
      : fork(file, { execArgv: ["--max-old-space-size=24"], silent: true }),
  );
  const exit = one.exited().then();
  const log = one.connection.channel<string>("log");
  if ((await log.receive()) !== "begun") throw new Error("it has not begun");
  const ended = Object.entries(waits).map(async ([what, wait]) => {
    const end = await wait(one).then((value) => `yielded ${String(value)}`, told);
    return [what, end] as const;
  });
  await one.connection.channel<string>("deed").send(deed);
  // A worker that has taken its order says no more. One that has none is killed while it waits.
  if (killed) await go(() => log.receive()).then(() => one.kill());
  const waited = Object.fromEntries(await Promise.all(ended));
  const end = await exit;
  return { waited, exit: end.kind === "failed" ? `failed, ${told(end.error)}` : end.kind };
}

const outcomes: Outcome[] = [];
for (const death of JSON.parse(given) as Death[]) outcomes.push(await outcomeOf(death));
process.stdout.write(JSON.stringify(outcomes));

// Runs the bank under load while its parts are killed: `npm run bank`. It ends by itself.

import { type Channel, CLOSED, channel, go, type Routine, random, run, scope, settled, sleep } from "millrace";
import type { Child, Supervisor, SupervisorEvent } from "millrace/supervise";
import { freePort } from "../shared/processes.ts";
import { type Deposit, Journal, openBank } from "./bank.ts";

const CUSTOMERS = 6;
const DEPOSITS = 20;

/** A customer sends each deposit until it is acknowledged. */
function* customer(port: number, name: string, acknowledged: Deposit[], progress: Channel<Deposit>): Routine<number> {
  let refused = 0;
  for (let n = 0; n < DEPOSITS; n++) {
    const deposit = { id: `${name}-${"x".repeat(n % 3)}${n}`, account: name, amount: 1 + (n % 9) };
    const url = `http://127.0.0.1:${port}/${name}?id=${deposit.id}&amount=${deposit.amount}`;
    while (!(yield* settled(post(url)))) {
      refused++;
      yield* sleep(5);
    }
    acknowledged.push(deposit);
    yield* progress.send(deposit);
  }
  return refused;
}

async function post(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { method: "POST" });
    await response.text();
    return response.ok;
  } catch {
    return false; // the server was killed
  }
}

/** Kills a part, at random, after each third deposit. */
function* killer(bank: Supervisor, progress: Channel<Deposit>): Routine<void> {
  for (let n = 1; (yield* progress.receive()) !== CLOSED; n++) {
    const parts: Child[] = bank.children().flatMap((child) => [child, ...(child.tree?.children() ?? [])]);
    const running = parts.filter(({ status }) => status === "running");
    if (n % 3 === 0) running[Math.floor(random() * running.length)]?.kill();
  }
}

/** Counts what happens, by part. */
function* logging(bank: Supervisor, killed: Map<string, number>, started: Map<string, number>): Routine<void> {
  for (let event: SupervisorEvent | typeof CLOSED; (event = yield* bank.events.receive()) !== CLOSED; ) {
    const part = event.path.join("/");
    if (event.type === "exited" && event.exit.kind === "killed") killed.set(part, (killed.get(part) ?? 0) + 1);
    if (event.type === "started") started.set(part, (started.get(part) ?? 0) + 1);
  }
}

function* main(): Routine<boolean> {
  // The web server listens on the same port after each restart.
  const port = yield* settled(freePort());
  const journal = new Journal();
  const acknowledged: Deposit[] = [];
  const killed = new Map<string, number>();
  const started = new Map<string, number>();
  let refused = 0;
  const bank = openBank(port, journal);
  yield* bank.ready();
  const log = go(logging, bank, killed, started);
  yield* scope(function* (s) {
    const progress = channel<Deposit>();
    s.go(killer, bank, progress);
    const customers = Array.from({ length: CUSTOMERS }, (_, n) =>
      s.go(customer, port, `c${n}`, acknowledged, progress),
    );
    for (const task of customers) refused += yield* task;
    progress.close();
  });
  yield* bank.stop("closing time");
  yield* log;
  for (const [part, times] of [...started].sort()) {
    console.log(
      `${part.padEnd(12)} killed ${String(killed.get(part) ?? 0).padStart(2)}, started ${String(times).padStart(2)} times`,
    );
  }
  const lost = acknowledged.filter(({ id, amount }) => journal.entries.get(id)?.amount !== amount);
  console.log(`${acknowledged.length} deposits acknowledged, ${refused} refused and sent again, ${lost.length} lost`);
  return lost.length === 0 && acknowledged.length === CUSTOMERS * DEPOSITS;
}

process.exitCode = (await run(main)) ? 0 : 1;

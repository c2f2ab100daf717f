// npm run cluster: three nodes with one state on a NATS server. Clients log in and talk, while nodes and the server are killed, and a
// node is paused for longer than its lease. Then what the clients saw is checked.
//
//   npm run cluster -- --operations 10000 --faults 12

import { rmSync } from "node:fs";
import { parseArgs } from "node:util";
import { type AsyncRoutine, go, type Routine, scope, settled, sleep } from "millrace";
import { temporaryFolder } from "../shared/folder.ts";
import { freePort, Processes } from "../shared/processes.ts";
import { table } from "../shared/table.ts";
import { beginnings, type Logs, linearizable, onceEach, oneHost } from "./checks.ts";
import { Cluster } from "./cluster.ts";
import { Guest, load, Notes } from "./load.ts";
import type { Line } from "./room.ts";

const { values: options } = parseArgs({
  options: {
    operations: { type: "string", default: "2000" },
    faults: { type: "string", default: "5" },
    pause: { type: "string", default: "40" },
  },
});
const [OPERATIONS, FAULTS, PAUSE] = [Number(options.operations), Number(options.faults), Number(options.pause)];
const ROOMS = ["lobby", "cellar", "garden", "attic"];
const USERS = ["ada", "alan", "edsger", "grace", "tony"];

async function* main(folder: string): AsyncRoutine<boolean> {
  await using processes = new Processes();
  await using cluster = new Cluster(processes, { port: await freePort(), folder }, ROOMS);
  await cluster.start(["anna", "bert", "cleo"]);
  console.log(`Three nodes on ${cluster.servers}\n`);
  const notes = new Notes();
  let over = false;
  const begun = performance.now();
  yield* scope(function* (tasks): Routine<void> {
    const { nodes: doors } = cluster;
    const clients = { clients: 12, users: USERS, rooms: ROOMS, pause: PAUSE, seed: 1, doors, notes };
    tasks.go(load, clients, () => over && notes.operations >= OPERATIONS);
    yield* disturb(cluster, notes);
    over = true;
  });
  const seconds = ((performance.now() - begun) / 1_000).toFixed(1);
  const logs = yield* inTheEnd(cluster, notes);
  return report(notes, logs, seconds);
}

/** One fault after the other. The next one comes when each room has taken a line since the last. */
function* disturb(cluster: Cluster, notes: Notes): Routine<void> {
  const faults = [() => cluster.killNode(), () => cluster.killServer(), () => cluster.pauseNode()];
  yield* recovered(notes);
  for (let n = 0; n < FAULTS; n++) {
    const begun = performance.now();
    const what = yield* settled(faults[n % faults.length]!());
    yield* recovered(notes);
    console.log(`${what}; all rooms go on after ${(performance.now() - begun).toFixed(0)} ms`);
  }
}

function* recovered({ acknowledged }: Notes): Routine<void> {
  const from = acknowledged.length;
  while (new Set(acknowledged.slice(from).map(({ room }) => room)).size < ROOMS.length) yield* sleep(10);
}

/** Reads everything once more. */
function* inTheEnd({ nodes }: Cluster, notes: Notes): Routine<Logs> {
  return yield* scope(function* (tasks): Routine<Logs> {
    const guest = new Guest("auditor", nodes, 0, notes);
    const running = tasks.go(() => guest.run());
    const logs = new Map<string, readonly Line[]>();
    for (const user of USERS) yield* guest.whoami(user);
    for (const room of ROOMS) {
      let lines: readonly Line[] | undefined;
      while ((lines = yield* guest.read(room)) === undefined) yield* sleep(20);
      logs.set(room, lines);
    }
    running.cancel("all is read");
    return logs;
  });
}

function report(notes: Notes, logs: Logs, seconds: string): boolean {
  const lines = [...logs.values()].flat();
  const hosts = new Set([...logs].flatMap(([room, lines]) => lines.map(({ token }) => `${room} ${token}`)));
  console.log(`\n${notes.operations} operations in ${seconds} s`);
  console.log(
    table([
      [notes.acknowledged.length, "lines said and acknowledged"],
      [notes.unknown, "requests with an unknown outcome"],
      [notes.connected, "connections of clients to nodes"],
      [hosts.size, `hosts of ${ROOMS.length} rooms, one after the other`],
    ]),
  );
  const checks: [what: string, wrong: string[]][] = [
    [`${notes.histories.size} registers are linearizable`, linearizable(notes)],
    [
      `each of ${notes.acknowledged.length} acknowledged lines is there, and ${lines.length} lines are there once`,
      onceEach(notes, logs),
    ],
    [`${notes.logs.length} reads of rooms are beginnings of their logs`, beginnings(notes, logs)],
    ["each room had one host at a time, with a token that grows", oneHost(logs)],
  ];
  console.log();
  for (const [what, wrong] of checks) {
    console.log(`${wrong.length === 0 ? "checked" : "FAILED "}  ${what}`);
    for (const one of wrong.slice(0, 10)) console.log(`         ${one}`);
  }
  return checks.every(([, wrong]) => wrong.length === 0);
}

const folder = temporaryFolder("cluster");
try {
  process.exitCode = (await go(main, folder)) ? 0 : 1;
} catch (error) {
  console.error(String(error));
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

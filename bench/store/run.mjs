// The event store of examples/orders: `npm run bench:store`. Writers in a closed loop: each appends one event, waits until it is on the
// disk, and appends the next to its stream with the version that it expects. All contenders write to one disk in one run, in turn, and
// the median of the rounds counts. Commits write through (PRAGMA synchronous = FULL).

import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { drivers, openDatabase } from "../../examples/orders/store/database.ts";
import { Log } from "../../examples/orders/store/log.ts";
import { EventStore } from "../../examples/orders/store/store.ts";
import { emmett, open as openEmmett } from "./emmett.mjs";

const ROUNDS = Number(process.env.ROUNDS ?? 3);
const SECONDS = Number(process.env.SECONDS ?? 2);
const WRITERS = [1, 16, 256];

const event = {
  type: "reserved",
  data: { order: "0b7285f2-41c6", product: "rye", pieces: 3, at: "north", by: "stock", note: "x" },
};

// Not in the folder for temporary files, which may be in memory.
const folder = mkdtempSync(join(process.env.STORE_BENCH ?? process.cwd(), ".bench-store-"));

function openStore(path) {
  const store = new EventStore(path);
  return {
    refused: 0,
    get commits() {
      return store.commits;
    },
    append: (writer, version, event) => store.append(writer, [event], { expectedVersion: version }),
    close: () => store[Symbol.asyncDispose](),
  };
}

/** What SQLite and the disk give, without a line of the store: so many rows in each transaction, one transaction after the other. */
async function alone(rows) {
  const database = openDatabase(join(folder, `${Math.random()}.db`), "full");
  new Log(database); // makes the table
  const insert = database.prepare(
    "INSERT INTO events (stream, version, type, data, at, key) VALUES (?, ?, ?, ?, ?, ?)",
  );
  const json = JSON.stringify(event.data);
  let version = 0;
  const commit = () => {
    database.exec("BEGIN IMMEDIATE");
    version++;
    for (let n = 0; n < rows; n++) insert.run(`writer-${n}`, version, event.type, json, Date.now(), null);
    database.exec("COMMIT");
  };
  for (let n = 0; n < 20; n++) commit();
  const times = [];
  const start = performance.now();
  for (let begun = start; begun < start + SECONDS * 1000; ) {
    commit();
    const now = performance.now();
    times.push(now - begun);
    begun = now;
  }
  const ms = performance.now() - start;
  database.close();
  times.sort((one, other) => one - other);
  return {
    rate: ((times.length * rows) / ms) * 1000,
    p50: times[times.length >> 1],
    p99: times[Math.floor(times.length * 0.99)],
    commit: ms / times.length,
    refused: 0,
  };
}

/** Events a second, and latencies in milliseconds. */
async function measure(open, writers) {
  if (process.stderr.isTTY) process.stderr.write(".");
  const path = join(folder, `${Math.random()}.db`);
  const contender = open(path);
  for (let n = 0; n < 20; n++) await contender.append("warm-up", n, event);
  const before = contender.commits;
  const latencies = [];
  const start = performance.now();
  const end = start + SECONDS * 1000;
  const bell = setTimeout(() => {
    contender.over = true;
  }, SECONDS * 1000);
  await Promise.all(
    Array.from({ length: writers }, async (_, n) => {
      for (let version = 0; performance.now() < end; version++) {
        const begun = performance.now();
        const appended = await contender.append(`writer-${n}`, version, event).then(
          () => true,
          () => false, // never while the time runs
        );
        if (appended) latencies.push(performance.now() - begun);
      }
    }),
  );
  clearTimeout(bell);
  const ms = performance.now() - start;
  const commits = contender.commits - before;
  await contender.close();
  latencies.sort((one, other) => one - other);
  const share = (p) => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * p))];
  return {
    rate: (latencies.length / ms) * 1000,
    p50: share(0.5),
    p99: share(0.99),
    commit: commits > 0 ? ms / commits : 0,
    refused: contender.refused,
  };
}

/** How often the disk can be written through in a second. */
function disk() {
  const file = openSync(join(folder, "disk"), "w");
  const start = performance.now();
  let times = 0;
  for (; performance.now() - start < 500; times++) {
    writeSync(file, "x".repeat(4096));
    fdatasyncSync(file);
  }
  closeSync(file);
  return (times / (performance.now() - start)) * 1000;
}

const median = (rounds, key) => rounds.map((round) => round[key]).sort((a, b) => a - b)[Math.floor(rounds.length / 2)];

const contenders = new Map([
  ["SQLite alone", { writers: WRITERS }],
  ["this store", { open: openStore, writers: WRITERS }],
]);
const getSQLiteEventStore = await emmett();
if (getSQLiteEventStore === null)
  console.log(
    "Emmett is not installed, so there is nothing to compare with: npm install --prefix bench/store/emmett\n",
  );
else {
  // 256 writers that do not take turns are refused for minutes.
  contenders.set("Emmett", {
    open: (path) => openEmmett(getSQLiteEventStore, path, { inTurn: false }),
    writers: [1, 16],
  });
  contenders.set("Emmett, in turn", {
    open: (path) => openEmmett(getSQLiteEventStore, path, { inTurn: true }),
    writers: WRITERS,
  });
}

try {
  const results = new Map();
  const disks = [];
  const log = console.log;
  for (let round = 0; round < ROUNDS; round++) {
    disks.push({ rate: disk() });
    for (const [name, { open, writers: counts }] of contenders)
      for (const writers of counts) {
        const key = `${name} ${writers}`;
        console.log = () => {}; // Emmett prints each refusal
        const result = await (open === undefined ? alone(writers) : measure(open, writers));
        console.log = log;
        results.set(key, [...(results.get(key) ?? []), result]);
      }
  }
  log(
    `${[...drivers.keys()][0]}, Node ${process.version}; the disk: ${median(disks, "rate").toFixed(0)} writes through a second\n`,
  );
  log("                  writers   events/s    p50 ms    p99 ms  commit ms  refused");
  const rows = [];
  for (const [name, { writers: counts }] of contenders)
    for (const writers of counts) {
      const rounds = results.get(`${name} ${writers}`);
      const row = { name, writers };
      for (const key of ["rate", "p50", "p99", "commit", "refused"]) row[key] = median(rounds, key);
      rows.push(row);
      const numbers = [
        row.rate.toFixed(0).padStart(10),
        row.p50.toFixed(2).padStart(9),
        row.p99.toFixed(2).padStart(9),
      ];
      numbers.push((row.commit > 0 ? row.commit.toFixed(2) : "").padStart(10), String(row.refused).padStart(8));
      log(`${name.padEnd(18) + String(writers).padStart(7)} ${numbers.join(" ")}`);
    }
  const find = (name, writers) => rows.find((row) => row.name === name && row.writers === writers);
  const many = find("this store", 256);
  goal("256 writers against 1", many.rate / find("this store", 1).rate, 10);
  for (const writers of WRITERS) {
    const share = find("this store", writers).rate / find("SQLite alone", writers).rate;
    log(`${writers} writers against SQLite alone, so many rows in a transaction: ${(100 * share).toFixed(0)} %`);
  }
  const best = find("SQLite alone", 256).rate / find("SQLite alone", 1).rate;
  log(`SQLite alone, 256 rows in a transaction against 1: ${best.toFixed(1)} times`);
  if (getSQLiteEventStore !== null)
    goal("256 writers against Emmett", many.rate / find("Emmett, in turn", 256).rate, 5);
  const late = many.p99 / many.commit;
  log(`p99 at 256 writers: ${late.toFixed(1)} commits, the goal is at most 4: ${late <= 4 ? "met" : "NOT met"}`);
  if (process.env.JSON_OUT) writeFileSync(process.env.JSON_OUT, JSON.stringify(rows));

  function goal(what, ratio, least) {
    log(`${what}: ${ratio.toFixed(1)} times, the goal is ${least}: ${ratio >= least ? "met" : "NOT met"}`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

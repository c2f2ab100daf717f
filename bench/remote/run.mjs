// Connections: `npm run bench:remote`. Each figure is the best of several repetitions, and contenders take turns within one run, so
// that ratios mean something on a machine that does other work. Peers are comlink and piscina, a bare message port, and bare ws.

import { MessageChannel as Ports, Worker } from "node:worker_threads";
import * as Comlink from "comlink";
import nodeEndpoint from "comlink/dist/esm/node-adapter.mjs";
import { CLOSED, go } from "millrace";
import { acceptor, connect } from "millrace/remote";
import { Piscina } from "piscina";
import { WebSocket, WebSocketServer } from "ws";

const ROUNDS = 5;
const file = new URL("worker.mjs", import.meta.url);
const item = (n) => ({ id: n, name: "item", tags: ["a", "b"], price: n / 2 });

const rows = [];
function row(work, value, goal = "", met = undefined) {
  const verdict = met === undefined ? "" : met ? "met" : "NOT met";
  rows.push({ work, value, goal, verdict });
  console.log(`${work.padEnd(62)} ${value.padStart(16)}  ${goal.padEnd(34)} ${verdict}`);
}
const rate = (perSecond) => `${(perSecond / 1000).toFixed(0)} K/s`;

/** Runs contenders in turns; returns the best rate of each, per second. */
async function contest(contenders) {
  const best = new Map();
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, n, work] of contenders) {
      const start = process.hrtime.bigint();
      await work(n);
      const seconds = Number(process.hrtime.bigint() - start) / 1e9;
      best.set(name, Math.max(best.get(name) ?? 0, n / seconds));
    }
  }
  return best;
}

function start(kind) {
  return new Worker(file, { workerData: kind });
}

// ---- values from here to a thread, and from a thread to here ------------------------------------------------------------------

async function values() {
  const ours = start("channels");
  const connection = connect(ours);
  const results = connection.channel("count");
  const bare = start("bare");
  const remote = start("comlink");
  const api = Comlink.wrap(nodeEndpoint(remote));

  /** Sends n items in a loop, and waits until the other side has received them all. */
  const sendOurs = (window) => async (n) => {
    const name = `items/${window}`;
    const items = connection.channel(name);
    await go(function* () {
      yield* results.send({ name, n, window });
      for (let at = 0; at < n; at++) yield* items.send(item(at));
      yield* results.receive();
    });
  };

  /** The same over a bare port: batches of 64, at most 2 under way. */
  const sendBare = (batch, most) => (n) =>
    new Promise((resolve) => {
      let sent = 0;
      let underWay = 0;
      const more = () => {
        while (sent < n && underWay < most) {
          const items = [];
          for (let at = 0; at < batch && sent < n; at++) items.push(item(sent++));
          underWay++;
          bare.postMessage(items);
        }
      };
      const listener = () => {
        underWay--;
        if (sent < n) more();
        else if (underWay === 0) {
          bare.off("message", listener);
          resolve();
        }
      };
      bare.on("message", listener);
      more();
    });

  const sendComlink = async (n) => {
    for (let at = 0; at < n; ) {
      const calls = [];
      for (let under = 0; under < 128 && at < n; under++) calls.push(api.take(item(at++)));
      await Promise.all(calls);
    }
  };

  const best = await contest([
    ["millrace, window 128", 200_000, sendOurs(128)],
    ["millrace, window 1024", 200_000, sendOurs(1024)],
    ["a bare port, batches of 64, 128 under way", 200_000, sendBare(64, 2)],
    ["a bare port, batches of 512, 1024 under way", 200_000, sendBare(512, 2)],
    ["comlink, 128 calls under way", 10_000, sendComlink],
  ]);
  const our = best.get("millrace, window 128");
  const port = best.get("a bare port, batches of 64, 128 under way");
  const comlink = best.get("comlink, 128 calls under way");
  for (const [name, value] of best) row(`small objects to a thread: ${name}`, rate(value));
  row("small objects: millrace to comlink", `${(our / comlink).toFixed(1)} x`, "at least 10 x", our / comlink >= 10);
  row(
    "small objects: millrace to a bare port",
    `${((our / port) * 100).toFixed(0)} %`,
    "at least 70 %",
    our / port >= 0.7,
  );
  connection.close();
  await Promise.all([ours, bare, remote].map((thread) => thread.terminate()));
}

// ---- questions ----------------------------------------------------------------------------------------------------------------

async function questions() {
  const ours = start("asks");
  const connection = connect(ours);
  const remote = start("comlink");
  const api = Comlink.wrap(nodeEndpoint(remote));
  const pool = new Piscina({
    filename: new URL("task.mjs", import.meta.url).href,
    minThreads: 1,
    maxThreads: 1,
    concurrentTasksPerWorker: 256,
  });

  /** n calls, of which 256 are under way. */
  const calls = (one) => async (n) => {
    let asked = 0;
    const caller = async () => {
      while (asked < n) await one(asked++);
    };
    await Promise.all(Array.from({ length: 256 }, caller));
  };
  const tasks = async (n) => {
    let asked = 0;
    const callers = Array.from({ length: 256 }, () =>
      go(function* () {
        while (asked < n) yield* connection.ask("double", asked++);
      }),
    );
    for (const caller of callers) await caller;
  };
  const best = await contest([
    ["millrace, go blocks", 200_000, tasks],
    ["millrace, await", 200_000, calls((n) => connection.ask("double", n))],
    ["comlink", 20_000, calls((n) => api.double(n))],
    ["piscina", 20_000, calls((n) => pool.run(n))],
  ]);
  for (const [name, value] of best) row(`questions, 256 under way: ${name}`, rate(value));
  for (const peer of ["comlink", "piscina"]) {
    for (const ours of ["millrace, go blocks", "millrace, await"]) {
      const ratio = best.get(ours) / best.get(peer);
      row(`questions: ${ours} to ${peer}`, `${ratio.toFixed(1)} x`, "at least 5 x", ratio >= 5);
    }
  }
  connection.close();
  await Promise.all([ours.terminate(), remote.terminate(), pool.destroy()]);
}

// ---- web sockets --------------------------------------------------------------------------------------------------------------

async function sockets() {
  const server = new WebSocketServer({ port: 0 });
  await new Promise((resolve) => server.once("listening", resolve));
  const url = `ws://localhost:${server.address().port}`;
  const { accept } = acceptor((connection) => {
    go(function* () {
      const results = connection.channel("count");
      for (let order; (order = yield* results.receive()) !== CLOSED; ) {
        const items = connection.channel("items");
        for (let left = order.n; left > 0; left--) yield* items.receive();
        yield* results.send(order);
      }
    }).catch(() => {});
  });
  server.on("connection", (socket, { url: path }) => {
    if (path !== "/bare") accept(socket);
    else
      socket.on("message", (data) => {
        let sum = 0;
        for (const { id } of JSON.parse(data.toString())) sum += id;
        socket.send(String(sum));
      });
  });
  const send = (connection) => {
    const items = connection.channel("items");
    const results = connection.channel("count");
    return (n) =>
      go(function* () {
        yield* results.send({ n });
        for (let at = 0; at < n; at++) yield* items.send(item(at));
        yield* results.receive();
      });
  };
  const plain = connect(new WebSocket(url));
  const session = connect(() => new WebSocket(url));
  const bare = new WebSocket(`${url}/bare`);
  await new Promise((resolve) => bare.once("open", resolve));
  const sendBare = (n) =>
    new Promise((resolve) => {
      let sent = 0;
      let underWay = 0;
      const more = () => {
        while (sent < n && underWay < 2) {
          const items = [];
          for (let at = 0; at < 64 && sent < n; at++) items.push(item(sent++));
          underWay++;
          bare.send(JSON.stringify(items));
        }
      };
      const listener = () => {
        underWay--;
        if (sent < n) more();
        else if (underWay === 0) {
          bare.off("message", listener);
          resolve();
        }
      };
      bare.on("message", listener);
      more();
    });
  const best = await contest([
    ["millrace", 100_000, send(plain)],
    ["millrace, a session", 100_000, send(session)],
    ["bare ws, batches of 64, 128 under way", 100_000, sendBare],
  ]);
  for (const [name, value] of best) row(`web socket, loopback: ${name}`, rate(value));
  const ratio = best.get("millrace") / best.get("bare ws, batches of 64, 128 under way");
  row("web socket: millrace to bare ws", `${(ratio * 100).toFixed(0)} %`, "at least 80 %", ratio >= 0.8);
  plain.close();
  session.close();
  bare.close();
  server.close();
}

// ---- memory -------------------------------------------------------------------------------------------------------------------

async function heap() {
  const { port1, port2 } = new Ports();
  const here = connect(port1);
  const there = connect(port2);
  const rounds = (count) =>
    go(function* () {
      for (let round = 0; round < count; round++) {
        const out = here.channel(`channel ${round}`);
        const into = there.channel(`channel ${round}`);
        yield* out.send(round);
        out.close();
        while ((yield* into.receive()) !== CLOSED);
        while ((yield* out.receive()) !== CLOSED);
      }
    });
  const used = () => {
    globalThis.gc();
    return process.memoryUsage().heapUsed;
  };
  await rounds(2000);
  const before = used();
  await rounds(10_000);
  const grown = used() - before;
  row(
    "heap after 10 000 channels were opened and closed",
    `${(grown / 1024).toFixed(0)} KiB`,
    "flat: below 256 KiB",
    grown < 262_144,
  );
  here.close();
  there.close();
}

async function slowReader() {
  const thread = start("slow");
  const connection = connect(thread);
  const items = connection.channel("items");
  const rss = () => process.memoryUsage().rss;
  let sent = 0;
  const writer = go(function* () {
    while (yield* items.send({ ...item(sent), blob: "x".repeat(1000) })) sent++;
  });
  await new Promise((resolve) => setTimeout(resolve, 1000));
  globalThis.gc();
  const before = rss();
  let most = before;
  const sampling = setInterval(() => (most = Math.max(most, rss())), 50);
  await new Promise((resolve) => setTimeout(resolve, 10_000));
  clearInterval(sampling);
  const grown = (most - before) / 1_048_576;
  row("RSS of a fast writer against a slow reader, 10 s", `${grown.toFixed(1)} MiB`, "below 20 MB", grown < 20);
  writer.cancel();
  connection.close();
  await thread.terminate();
}

const parts = { values, questions, sockets, heap, slowReader };
const chosen = process.argv.slice(2);
for (const [name, part] of Object.entries(parts)) if (chosen.length === 0 || chosen.includes(name)) await part();
process.exit(0);

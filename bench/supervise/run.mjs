// Actors and supervisors: `npm run build && node --expose-gc bench/supervise/run.mjs`. Each row is the best of several repetitions in
// one process, and ratios are taken within one run. Times are those of the processor, so that other processes do not count. Peers
// are measured beside.

import { writeFileSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { channel, go, pause } from "millrace";
import { actor, ask, isolate, pool } from "millrace/supervise";
import { BURST, installed } from "./peers.mjs";

const ROUNDS = 7;
const rows = [];

/** The time of the processor so far, in nanoseconds. */
function cpu() {
  const { user, system } = process.cpuUsage();
  return (user + system) * 1_000;
}

/** The best time of a workload, in nanoseconds for each of n operations. */
async function best(n, work) {
  let least = Infinity;
  for (let round = 0; round < ROUNDS; round++) {
    const start = cpu();
    await work(n);
    least = Math.min(least, (cpu() - start) / n);
  }
  return least;
}

function row(work, value, goal = "", met = undefined) {
  rows.push({ work, value, goal, met: met === undefined ? "" : met ? "yes" : "no" });
  console.log(
    `${work.padEnd(66)} ${value.padStart(14)}  ${goal}${met === undefined ? "" : met ? "  met" : "  NOT met"}`,
  );
}

const ns = (value) => `${value.toFixed(1)} ns`;

/** Bursts of trySend, each handled before the next. */
async function bursts(target, n, count) {
  await go(function* () {
    for (let sent = 0; sent < n; sent += BURST) {
      for (let at = 0; at < BURST; at++) target.trySend(1);
      while (count() < sent + BURST) yield* pause();
    }
  });
}

async function messages(n, options) {
  let sum = 0;
  const target = actor((amount) => {
    sum += amount;
  }, options);
  await bursts(target, n, () => sum);
  await target.stop();
}

async function objects(n, wrap) {
  let sum = 0;
  const target = actor(({ amount }) => {
    sum += amount;
  });
  const end = wrap(target);
  await bursts({ trySend: (amount) => end.trySend({ amount, tags: ["a", "b"] }) }, n, () => sum);
  await target.stop();
}

async function behaviour(n) {
  let sum = 0;
  const target = actor(function* (mailbox) {
    for (;;) sum += yield* mailbox.receive();
  });
  await bursts(target, n, () => sum);
  await target.stop();
}

async function bare(n) {
  let sum = 0;
  const values = channel(1024);
  const reader = go(function* () {
    for (;;) sum += yield* values.receive();
  });
  await bursts(values, n, () => sum);
  reader.cancel();
}

async function questions(n, form) {
  const target = actor(form);
  await go(function* () {
    for (let at = 0; at < n; at++) yield* ask(target, (reply) => ({ at, reply }));
  });
  await target.stop();
}

async function pingPong(n) {
  const ping = channel();
  const pong = channel();
  const echo = go(function* () {
    for (;;) yield* pong.send(yield* ping.receive());
  });
  await go(function* () {
    for (let at = 0; at < n; at++) {
      yield* ping.send(at);
      yield* pong.receive();
    }
  });
  echo.cancel();
}

const message = await best(1_000_000, messages);
row("messages to an actor, a plain function, bursts of 1000", ns(message), "at most 50 ns (20 M/s)", message <= 50);
row("the same through a bare channel(1024) and a go block", ns(await best(1_000_000, bare)));
row("the same, actor of a function*", ns(await best(1_000_000, behaviour)));
const plain = await best(300_000, (n) => objects(n, (target) => target));
row("messages that are objects", ns(plain));
row("the same, frozen", ns(await best(300_000, (n) => objects(n, (target) => isolate(target, "freeze")))));
row("the same, cloned", ns(await best(30_000, (n) => objects(n, (target) => isolate(target, "clone")))));
const trip = await best(300_000, pingPong);
row("ping-pong over two rendezvous channels, a round trip", ns(trip));
const question = await best(300_000, (n) => questions(n, ({ at, reply }) => reply(at)));
row("ask, a round trip", ns(question), "at most 2.5 x ping-pong", question <= 2.5 * trip);
const asked = await best(300_000, (n) =>
  questions(n, function* (mailbox) {
    for (;;) {
      const { at, reply } = yield* mailbox.receive();
      reply(at);
    }
  }),
);
row("ask of an actor of a function*", ns(asked));

let rested = 0;
const heap = () => {
  globalThis.gc();
  return process.memoryUsage().heapUsed;
};
{
  const n = 1_000_000;
  let sum = 0;
  const handle = (amount) => {
    sum += amount;
  };
  const actors = new Array(n);
  const before = heap();
  const start = cpu();
  for (let at = 0; at < n; at++) actors[at] = actor(handle);
  const made = (cpu() - start) / 1e9;
  const idle = (heap() - before) / n;
  row("an idle actor, before its first message", `${idle.toFixed(0)} bytes`);
  row("a million of them are made", `${made.toFixed(2)} s`, "less than 2 s", made < 2);
  const each = async (round) => {
    const using = cpu();
    for (let at = 0; at < n; at++) {
      actors[at].trySend(1);
      if (at % BURST === 0) await go(pause);
    }
    while (sum < round * n) await go(pause);
    return (cpu() - using) / n;
  };
  row("the first message of each", ns(await each(1)));
  rested = (heap() - before) / n;
  row(
    "an idle actor that was used, mailbox included",
    `${rested.toFixed(0)} bytes`,
    "at most 430 bytes",
    rested <= 430,
  );
  row("the next message of each", ns(await each(2)));
  if (actors.length !== n) throw new Error("the actors are kept up to here");
}

async function storm(n) {
  const gate = channel();
  const children = pool(
    function* ({ incarnation }) {
      if (incarnation > 1) return yield* channel().receive();
      yield* gate.receive();
      throw "all at once";
    },
    { intensity: Infinity },
  );
  for (let at = 0; at < n; at++) await children.start();
  const start = cpu();
  gate.close();
  while (children.children().some((child) => child.restarts === 0)) await go(pause);
  const ms = (cpu() - start) / 1e6;
  await children.stop();
  return ms;
}
{
  const times = { 1000: Infinity, 10000: Infinity };
  for (let round = 0; round < 3; round++) {
    for (const n of [1000, 10000]) times[n] = Math.min(times[n], await storm(n));
  }
  const ratio = times[10000] / times[1000];
  row("restart storm: 10 000 children fail at once", `${times[10000].toFixed(1)} ms`);
  row("  compared with 1 000", `${ratio.toFixed(1)} x`, "less than 50 x", ratio < 50);
}

/** The bytes of an idle actor of a peer. What ran before is garbage only after some turns. */
async function idleBytes(peer) {
  for (let turns = 0; turns < 5; turns++) {
    await setImmediate();
    heap();
  }
  const n = 20_000;
  const before = heap();
  const actors = await peer.idle(n);
  await setImmediate();
  const bytes = (heap() - before) / n;
  if (actors.length !== n) throw new Error("the actors are kept up to here");
  return bytes;
}

for (const [name, peer] of Object.entries(await installed())) {
  const bytes = await idleBytes(peer);
  row(`an idle actor of ${name}`, `${bytes.toFixed(0)} bytes`, "ours is smaller", rested < bytes);
  const time = await best(100_000, peer.messages);
  row(`messages to an actor of ${name}, bursts of 1000`, ns(time), "ours is faster", message < time);
  if (peer.questions !== undefined) {
    const answered = await best(20_000, peer.questions);
    row(`a question to an actor of ${name}, a round trip`, ns(answered), "ours is faster", question < answered);
  }
  await peer.end?.();
}

const lines = [["work", "measured", "goal", "met"], ["---", "---:", "---", "---"], ...rows.map(Object.values)];
const table = lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
const { node, v8 } = process.versions;
writeFileSync(
  new URL("README.md", import.meta.url),
  `# Actors and supervisors

\`npm run bench:actors\` measures this and writes it. Each row is the best of several repetitions in one process, in time of the
processor. A row of a peer compares it with ours. xstate has no questions.

${table}

Of the time of a message to an actor of a plain function, half goes to the two operations that \`trySend\` and the read of the mailbox
make, and to the collection of their garbage. Without them it would be about 20 ns, 50 million messages a second.

Measured on Node ${node}, V8 ${v8}.
`,
);
process.exit();

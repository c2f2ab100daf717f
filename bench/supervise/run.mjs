// Actors and supervisors: `npm run build && node --expose-gc bench/supervise/run.mjs`. Each row is the best of several repetitions in
// one process, and ratios are taken within one run. Peers that are installed (`npm install --no-save nact xstate effect`) are
// measured beside.

import { channel, go, pause } from "millrace";
import { actor, ask, isolate, pool } from "millrace/supervise";

const ROUNDS = 7;
const rows = [];

/** The best time of a workload, in nanoseconds for each of n operations. */
async function best(n, work) {
  let least = Infinity;
  for (let round = 0; round < ROUNDS; round++) {
    const start = process.hrtime.bigint();
    await work(n);
    least = Math.min(least, Number(process.hrtime.bigint() - start) / n);
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
const BURST = 1_000;

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
  const start = process.hrtime.bigint();
  for (let at = 0; at < n; at++) actors[at] = actor(handle);
  const made = Number(process.hrtime.bigint() - start) / 1e9;
  const idle = (heap() - before) / n;
  row("an idle actor, before its first message", `${idle.toFixed(0)} bytes`, "at most 430 bytes", idle <= 430);
  row("a million of them are made", `${made.toFixed(2)} s`, "less than 2 s", made < 2);
  // A tenth of them is used, so that the collector does not take most of the time.
  const used = n / 10;
  const using = process.hrtime.bigint();
  for (let at = 0; at < used; at++) actors[at].trySend(1);
  while (sum < used) await go(pause);
  row("the first message of an actor", ns(Number(process.hrtime.bigint() - using) / used));
  row("an idle actor that was used", `${((heap() - before - idle * (n - used)) / used).toFixed(0)} bytes`);
  actors.length = 0;
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
  const start = process.hrtime.bigint();
  gate.close();
  while (children.children().some((child) => child.restarts === 0)) await go(pause);
  const ms = Number(process.hrtime.bigint() - start) / 1e6;
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

/** Peers: a counter that gets messages in bursts of 1000. */
const peers = {
  async nact({ start, spawn, dispatch, stop }) {
    const system = start();
    return async (n) => {
      let sum = 0;
      const target = spawn(system, (_, amount) => {
        sum += amount;
      });
      for (let sent = 0; sent < n; sent += BURST) {
        for (let at = 0; at < BURST; at++) dispatch(target, 1);
        while (sum < sent + BURST) await new Promise(setImmediate);
      }
      stop(target);
    };
  },
  async xstate({ createActor, fromTransition }) {
    return async (n) => {
      const target = createActor(fromTransition((sum, { amount }) => sum + amount, 0)).start();
      for (let sent = 0; sent < n; sent++) target.send({ type: "add", amount: 1 });
      if (target.getSnapshot().context !== n) throw new Error("wrong sum");
      target.stop();
    };
  },
  async effect({ Effect, Queue }) {
    return (n) =>
      Effect.runPromise(
        Effect.gen(function* () {
          const queue = yield* Queue.bounded(1024);
          let sum = 0;
          const reader = yield* Effect.fork(
            Effect.forever(Effect.map(Queue.take(queue), (amount) => void (sum += amount))),
          );
          for (let sent = 0; sent < n; sent += BURST) {
            for (let at = 0; at < BURST; at++) queue.unsafeOffer(1);
            while (sum < sent + BURST) yield* Effect.yieldNow();
          }
          yield* reader.interruptAsFork?.(reader.id()) ?? Effect.void;
        }),
      );
  },
};
for (const [name, make] of Object.entries(peers)) {
  let work;
  try {
    const folder = process.env.PEERS ?? new URL("../../node_modules/", import.meta.url).pathname;
    const { createRequire } = await import("node:module");
    work = await make(createRequire(`${folder}/x.js`)(name));
  } catch {
    continue; // not installed
  }
  const time = await best(100_000, work);
  row(`messages to an actor of ${name}, bursts of 1000`, ns(time), "", message < time);
}

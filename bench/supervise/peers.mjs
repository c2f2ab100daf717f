// Other actor libraries, each with the same work: a counter that gets messages in bursts, a question and its answer, and actors that
// have nothing to do. A library that is not installed is left out.

import { setImmediate } from "node:timers/promises";

export const BURST = 1_000;

const peers = {
  async nact() {
    const { start, spawn, dispatch, query, stop } = await import("nact");
    return {
      async messages(n) {
        const system = start();
        let sum = 0;
        const target = spawn(system, (_, amount) => {
          sum += amount;
        });
        for (let sent = 0; sent < n; sent += BURST) {
          for (let at = 0; at < BURST; at++) dispatch(target, 1);
          while (sum < sent + BURST) await setImmediate();
        }
        stop(system);
      },
      async questions(n) {
        const system = start();
        const target = spawn(system, (_, { at, sender }) => dispatch(sender, at));
        for (let at = 0; at < n; at++) await query(target, (sender) => ({ at, sender }), 60_000);
        stop(system);
      },
      idle(n) {
        const system = start();
        return Array.from({ length: n }, (_, at) => spawn(system, () => {}, `idle-${at}`));
      },
    };
  },

  async xstate() {
    const { createActor, fromTransition } = await import("xstate");
    const logic = fromTransition((sum, { amount }) => sum + amount, 0);
    return {
      async messages(n) {
        const target = createActor(logic).start();
        for (let sent = 0; sent < n; sent++) target.send({ type: "add", amount: 1 });
        if (target.getSnapshot().context !== n) throw new Error("wrong sum");
        target.stop();
      },
      idle: (n) => Array.from({ length: n }, () => createActor(logic).start()),
    };
  },

  async comedy() {
    const { default: comedy } = await import("comedy");
    const log = { setLevel() {}, debug() {}, info() {}, warn() {}, error() {}, isDebug: () => false };
    const system = comedy({ log, root: { type: "in-memory" } });
    const root = await system.rootActor();
    return {
      async messages(n) {
        let sum = 0;
        const target = await root.createChild({ add: (amount) => void (sum += amount) });
        for (let sent = 0; sent < n; sent += BURST) {
          for (let at = 0; at < BURST; at++) target.send("add", 1);
          while (sum < sent + BURST) await setImmediate();
        }
        await target.destroy();
      },
      async questions(n) {
        const target = await root.createChild({ same: (at) => at });
        for (let at = 0; at < n; at++) await target.sendAndReceive("same", at);
        await target.destroy();
      },
      idle: (n) => Promise.all(Array.from({ length: n }, () => root.createChild({ add() {} }))),
      end: () => system.destroy(),
    };
  },

  async effect() {
    const { Deferred, Effect, Fiber, Queue } = await import("effect");
    const reading = (handle) =>
      Effect.gen(function* () {
        const queue = yield* Queue.bounded(1024);
        const reader = yield* Effect.forkDetach(
          Effect.gen(function* () {
            for (;;) yield* handle(yield* Queue.take(queue));
          }),
        );
        return { queue, reader };
      });
    return {
      messages: (n) =>
        Effect.runPromise(
          Effect.gen(function* () {
            let sum = 0;
            const { queue, reader } = yield* reading((amount) =>
              Effect.sync(() => {
                sum += amount;
              }),
            );
            for (let sent = 0; sent < n; sent += BURST) {
              for (let at = 0; at < BURST; at++) Queue.offerUnsafe(queue, 1);
              while (sum < sent + BURST) yield* Effect.yieldNow;
            }
            yield* Fiber.interrupt(reader);
          }),
        ),
      questions: (n) =>
        Effect.runPromise(
          Effect.gen(function* () {
            const { queue, reader } = yield* reading(({ at, reply }) => Deferred.succeed(reply, at));
            for (let at = 0; at < n; at++) {
              const reply = yield* Deferred.make();
              yield* Queue.offer(queue, { at, reply });
              yield* Deferred.await(reply);
            }
            yield* Fiber.interrupt(reader);
          }),
        ),
      idle: (n) => Effect.runPromise(Effect.all(Array.from({ length: n }, () => reading(() => Effect.void)))),
    };
  },
};

/** The peers that are installed, by their names. */
export async function installed() {
  const found = {};
  for (const [name, load] of Object.entries(peers)) {
    try {
      found[name] = await load();
    } catch (error) {
      if (error.code !== "ERR_MODULE_NOT_FOUND") throw error;
      console.error(`${name} is not installed`);
    }
  }
  return found;
}

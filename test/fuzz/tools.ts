// Random programs with one tool each, such as a group or a broadcast. Tasks use the tool, look at it, and give it up.

import {
  Barrier,
  broadcast,
  type Channel,
  CLOSED,
  Condition,
  channel,
  go,
  group,
  Mutex,
  merge,
  once,
  Pool,
  type PoolLease,
  pause,
  RateLimiter,
  type Routine,
  type Subscription,
  scope,
  select,
  singleflight,
  sleep,
  workers,
} from "../../src/index.js";
import { seeded } from "../../src/testing/simulation/decisions.js";

/** What a task does next; `n` is a number of milliseconds, or says which of several things it does. */
interface Act {
  readonly kind: string;
  readonly n: number;
}

export interface ToolSpec {
  readonly tool: string;
  /** Settings of the tool. */
  readonly n: number;
  readonly capacity: number;
  readonly tasks: readonly (readonly Act[])[];
}

/** Performs one act; returns what it shows. */
type Perform = (act: Act) => Routine<unknown>;

interface Tool {
  /** What one may do with it. */
  readonly kinds: readonly string[];
  /** Makes it, and returns what makes what each task does with it, and what `main` does at the end. */
  readonly make: (
    values: Channel<number>,
    n: number,
  ) => { readonly use: () => Perform; readonly end?: () => Routine<void> };
}

function* child(values: Channel<number>, n: number): Routine<number> {
  if (n === 0) yield* sleep(1);
  else if (n === 1) yield* values.send(n);
  else if (n === 2) yield* values.receive();
  else if (n === 3) throw new Error("child fails");
  else yield* pause();
  return n;
}

const subscriptions = [{}, { capacity: 1 }, { policy: "drop" }, { policy: "slide" }] as const;

const tools: Readonly<Record<string, Tool>> = {
  group: {
    kinds: ["enter", "enter", "enter", "try", "wait", "stop", "hurry", "signal"],
    make(values, setting) {
      const joins = setting === 0;
      const pool = group({ limit: 1 + (setting % 3), failures: joins ? "joiner" : "group" });
      return {
        use: () =>
          function* ({ kind, n }) {
            if (kind === "enter") {
              const { task } = yield* pool.go(child, values, n);
              return joins ? yield* task : "";
            }
            if (kind === "try") return pool.tryGo(child, values, n) === undefined ? "full" : "started";
            if (kind === "wait") return yield* pool.wait();
            if (kind === "stop") return pool.cancel("stopped");
            if (kind === "signal") return pool.signal.aborted;
            return (yield* select({ all: pool.wait(), late: sleep(n) })).key;
          },
      };
    },
  },
  scopes: {
    kinds: ["region", "crew"],
    make: (values) => ({
      use: () =>
        function* ({ kind, n }) {
          if (kind === "crew") return yield* workers([n, n + 1], 2, (value: number) => child(values, value));
          return yield* scope(function* (s): Routine<unknown> {
            s.go(function* looks() {
              yield* pause();
              return s.signal.aborted;
            });
            const task = s.go(child, values, n);
            if (n === 5) s.cancel();
            yield* task;
            return s.signal.aborted;
          });
        },
    }),
  },
  singleflight: {
    kinds: ["ask", "ask", "ask", "hurry", "memo"],
    make(values) {
      const ask = singleflight((n: number) => child(values, n));
      const memo = once(() => child(values, 4));
      return {
        use: () =>
          function* ({ kind, n }) {
            if (kind === "ask") return yield* ask(n % 4);
            if (kind === "memo") return yield* memo;
            const task = go(function* (): Routine<unknown> {
              return yield* ask(n % 2);
            });
            if (kind === "hurry" && n === 5) yield* sleep(2);
            return yield* task;
          },
      };
    },
  },
  barrier: {
    kinds: ["meet", "meet", "meet"],
    make(_, setting) {
      const barrier = new Barrier(1 + (setting % 3));
      return {
        use: () =>
          function* ({ kind }) {
            return kind === "meet" ? yield* barrier.wait() : "";
          },
      };
    },
  },
  limiter: {
    kinds: ["take", "take", "take", "more", "hurry"],
    make(_, setting) {
      const limiter = new RateLimiter({ limit: 1 + (setting % 2), per: 2, burst: 2 });
      return {
        use: () =>
          function* ({ kind, n }) {
            if (kind === "hurry") return (yield* select({ token: limiter.acquire(), late: sleep(n) })).key;
            if (kind === "more") yield* limiter.acquire(2);
            else if (kind === "take") yield* limiter.acquire();
            return n === 5 ? (yield* select({ now: limiter.acquire(), late: sleep(1) })).key : "";
          },
      };
    },
  },
  pool: {
    kinds: ["borrow", "borrow", "borrow", "keep", "break", "return", "look"],
    make(values, setting) {
      const pool = new Pool<string>({
        *create() {
          yield* child(values, setting % 6);
          return "resource";
        },
        *destroy() {
          if (setting % 4 === 1) yield* sleep(1);
          if (setting % 4 === 2) yield* pause();
        },
        ...(setting % 5 === 4 && {
          *validate(): Routine<boolean> {
            if (setting < 9) yield* pause();
            return setting === 4;
          },
        }),
        max: 1 + (setting % 2),
      });
      return {
        use() {
          const held: PoolLease<string>[] = [];
          return function* ({ kind, n }) {
            if (kind === "borrow" || kind === "keep") {
              const lease = yield* pool.acquire();
              if (kind === "keep") held.push(lease);
              else if (n < 4) yield* sleep(n);
              if (kind === "borrow") lease.release();
              return lease.value;
            }
            if (kind === "return") held.shift()?.release();
            if (kind === "break") held.shift()?.discard();
            if (kind === "look") return `${pool.size} ${pool.idle}`;
            if (kind === "end") for (const lease of held) lease.release();
            return "";
          };
        },
        *end() {
          yield* pool.close();
        },
      };
    },
  },
  condition: {
    kinds: ["wait", "wait", "wait", "signal", "signal", "all", "bare"],
    make() {
      const [condition, mutex] = [new Condition(), new Mutex()];
      go(function* wakes(): Routine<void> {
        for (let nth = 0; nth < 4; nth++) {
          yield* sleep(6);
          condition.broadcast();
        }
      });
      return {
        use: () =>
          function* ({ kind, n }) {
            if (kind === "signal" && n < 3) return condition.signal();
            if (kind === "all") return condition.broadcast();
            if (kind === "bare") return yield* condition.wait();
            if (kind !== "wait" && kind !== "signal") return "";
            using lease = yield* mutex.lock();
            if (kind === "signal") condition.signal();
            else yield* condition.wait(lease);
            if (n === 5) yield* pause();
            return lease.held;
          },
      };
    },
  },
  merge: {
    kinds: ["feed", "feed", "feed", "hear", "try", "try", "both", "ends"],
    make(_, setting) {
      const sources = [channel<number>(setting % 2), channel<number>(setting % 3)];
      const merged = merge(sources);
      return {
        use: () =>
          function* ({ kind, n }) {
            const source = sources[n % 2]!;
            if (kind === "feed") return yield* source.send(n);
            if (kind === "ends") return source.close();
            if (kind === "hear") return (yield* select({ merged, late: sleep(n) })).value;
            if (kind === "try") return merged.tryReceive();
            return kind === "both" ? [merged.tryReceive(), merged.tryReceive()] : "";
          },
        *end() {
          for (const source of sources) source.close();
          while ((yield* merged.receive()) !== CLOSED);
        },
      };
    },
  },
  broadcast: {
    kinds: ["publish", "publish", "publish", "hear", "hear", "hear", "try", "ends", "subscribe", "leave", "mute"],
    make(_, setting) {
      const news = channel<number>();
      const feed = broadcast(news);
      const last = feed.subscribe({ policy: "slide" });
      return {
        use() {
          const held: Subscription<number>[] = [feed.subscribe(subscriptions[setting % subscriptions.length])];
          return function* ({ kind, n }) {
            const subscription = held[n % held.length]!;
            if (kind === "publish") return yield* news.send(n);
            if (kind === "ends") return n < 4 ? news.close() : news.close(new Error("broken news"));
            if (kind === "subscribe") return held.push(feed.subscribe(subscriptions[n % subscriptions.length]));
            if (kind === "hear") return yield* subscription.receive();
            if (kind === "try") return subscription.tryReceive();
            if (kind === "mute") return feed.cancel();
            if (kind === "leave" || kind === "end") for (const each of held) each.cancel();
            return "";
          };
        },
        *end() {
          news.close();
          while ((yield* last.receive()) !== CLOSED);
        },
      };
    },
  },
};

export const TOOLS: readonly string[] = Object.keys(tools);

const PLAIN = ["send", "receive", "sleep", "pause", "offer"];

/** @param only - The tool; any of them if it is left out. */
export function toolSpecOf(seed: number, only?: string): ToolSpec {
  const below = seeded(seed);
  const tool = only ?? TOOLS[below(TOOLS.length)]!;
  const special = tools[tool]!.kinds.filter(() => below(3) > 0);
  const kinds = [...special, ...special, ...PLAIN.filter(() => below(3) === 0), "pause"];
  const act = (): Act => ({ kind: kinds[below(kinds.length)]!, n: below(6) });
  const size = 1 + below(3);
  const tasks = Array.from({ length: size }, () => Array.from({ length: 1 + below(4) }, act));
  return { tool, n: below(12), capacity: below(2), tasks };
}

function* performPlain({ kind, n }: Act, values: Channel<number>): Routine<unknown> {
  if (kind === "send") return yield* values.send(n);
  if (kind === "receive") return yield* values.receive();
  if (kind === "offer") return values.trySend(n);
  if (kind === "sleep") return yield* sleep(n);
  return yield* pause();
}

function* performAll(acts: readonly Act[], values: Channel<number>, use: () => Perform): Routine<string> {
  const perform = use();
  const log: string[] = [];
  for (const act of [...acts, { kind: "end", n: 0 }]) {
    try {
      log.push(String(yield* PLAIN.includes(act.kind) ? performPlain(act, values) : perform(act)));
    } catch (error) {
      log.push(String(error));
    }
  }
  return log.join();
}

/** A program whose tasks log what they see; it returns what they have logged. */
export function toolProgramOf({ tool, n, capacity, tasks }: ToolSpec): () => Routine<string> {
  return function* () {
    const values = channel<number>(capacity);
    const { use, end } = tools[tool]!.make(values, n);
    const others = tasks.slice(1).map((acts) => go(performAll, acts, values, use));
    const logs = [yield* performAll(tasks[0]!, values, use)];
    if (end !== undefined) yield* end();
    for (const task of others) logs.push(yield* task);
    return logs.join(" ");
  };
}

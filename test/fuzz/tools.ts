// Random programs with groups: tasks that start others in a group, wait for it, look at it, cancel it, and give up.

import {
  type Channel,
  channel,
  type Group,
  go,
  group,
  pause,
  type Routine,
  type Scope,
  scope,
  select,
  sleep,
  workers,
} from "../../src/index.js";
import { seeded } from "../../src/testing/simulation/decisions.js";

/** What a task does next; `n` is a number of milliseconds, or says which of several things it does. */
interface Act {
  readonly kind: (typeof KINDS)[number];
  readonly n: number;
}

export interface ToolSpec {
  readonly limit: number;
  readonly joins: boolean;
  readonly capacity: number;
  readonly tasks: readonly (readonly Act[])[];
}

const KINDS = [
  ...(["enter", "enter", "enter", "try", "wait", "stop", "hurry", "look"] as const),
  ...(["signal", "crew", "region"] as const),
  ...(["send", "receive", "sleep", "pause", "offer"] as const),
] as const;

export function toolSpecOf(seed: number): ToolSpec {
  const below = seeded(seed);
  const kinds = KINDS.filter((kind) => kind === "enter" || below(2) === 0);
  const act = (): Act => ({ kind: kinds[below(kinds.length)]!, n: below(6) });
  const size = 1 + below(2);
  const tasks = Array.from({ length: size }, () => Array.from({ length: 1 + below(5) }, act));
  return { limit: 1 + below(3), joins: below(4) === 0, capacity: below(2), tasks };
}

/** What the tasks of a program share. */
interface Shared {
  readonly values: Channel<number>;
  readonly pool: Group;
  readonly joins: boolean;
}

function* child({ values }: Shared, n: number): Routine<number> {
  if (n === 0) yield* sleep(1);
  else if (n === 1) yield* values.send(n);
  else if (n === 2) yield* values.receive();
  else if (n === 3) throw new Error("child fails");
  else yield* pause();
  return n;
}

/** Performs one act; returns what it shows. */
function* perform({ kind, n }: Act, shared: Shared): Routine<unknown> {
  const { values, pool, joins } = shared;
  switch (kind) {
    case "enter": {
      const { task } = yield* pool.go(child, shared, n);
      return joins ? yield* task : "";
    }
    case "try":
      return pool.tryGo(child, shared, n) === undefined ? "t" : "T";
    case "wait":
      return yield* pool.wait();
    case "stop":
      return pool.cancel("stopped");
    case "hurry":
      return (yield* select({ all: pool.wait(), late: sleep(n) })).key;
    case "look":
      return (yield* select({ all: pool.wait() }, { default: null })).key;
    case "signal":
      return pool.signal.aborted;
    case "crew":
      return yield* workers([n, n + 1], 2, (value: number) => child(shared, value));
    case "region":
      return yield* scope(function* (s: Scope): Routine<unknown> {
        s.go(function* looks() {
          yield* pause();
          return s.signal.aborted;
        });
        const task = s.go(child, shared, n);
        if (n === 5) s.cancel();
        yield* task;
        return s.signal.aborted;
      });
    case "send":
      return yield* values.send(n);
    case "receive":
      return yield* values.receive();
    case "offer":
      return values.trySend(n);
    case "sleep":
      return yield* sleep(n);
    default:
      return yield* pause();
  }
}

function* performAll(acts: readonly Act[], shared: Shared): Routine<string> {
  const log: string[] = [];
  for (const act of acts) {
    try {
      log.push(String(yield* perform(act, shared)));
    } catch (error) {
      log.push(String(error));
    }
  }
  return log.join();
}

/** A program whose tasks log what they see; it returns what they have logged. */
export function toolProgramOf({ limit, joins, capacity, tasks }: ToolSpec): () => Routine<string> {
  return function* () {
    const values = channel<number>(capacity);
    const pool = group({ limit, failures: joins ? "joiner" : "group" });
    const shared = { values, pool, joins };
    const others = tasks.slice(1).map((acts) => go(performAll, acts, shared));
    const logs = [yield* performAll(tasks[0]!, shared)];
    for (const task of others) logs.push(yield* task);
    return logs.join(" ");
  };
}

// Random programs with locks: tasks that take and release permits, look at locks, choose, give up and cancel each other.

import {
  channel,
  go,
  type Lease,
  pause,
  type Routine,
  RwLock,
  Semaphore,
  select,
  sleep,
  type Task,
} from "../../src/index.js";
import { seeded } from "../../src/testing/simulation/decisions.js";

/** What a task does next; `lock` is the index of a lock, and `n` the number of permits, or 2 to write. */
interface Act {
  readonly kind:
    | "take"
    | "release"
    | "try"
    | "look"
    | "hurry"
    | "choose"
    | "send"
    | "receive"
    | "cancel"
    | "sleep"
    | "pause";
  readonly lock: number;
  readonly n: number;
  readonly other: number;
  readonly priority: number;
}

export interface LockSpec {
  /** The permits of each lock; 0 for a read-write lock. */
  readonly locks: readonly number[];
  readonly capacity: number;
  readonly tasks: readonly (readonly Act[])[];
}

const KINDS: readonly Act["kind"][] = [
  ...(["take", "take", "take", "release", "release", "try", "look", "hurry"] as const),
  ...(["choose", "send", "receive", "cancel", "sleep", "pause"] as const),
];

export function lockSpecOf(seed: number): LockSpec {
  const below = seeded(seed);
  const locks = Array.from({ length: 1 + below(2) }, () => below(4));
  const kinds = KINDS.filter((kind) => kind === "take" || kind === "release" || below(2) === 0);
  const size = 2 + below(2);
  const act = (): Act => {
    const lock = below(locks.length);
    const n = 1 + below(Math.min(2, locks[lock] || 2));
    return { kind: kinds[below(kinds.length)]!, lock, n, other: below(size), priority: below(4) === 0 ? 1 : 0 };
  };
  const tasks = Array.from({ length: size }, () => Array.from({ length: 1 + below(4) }, act));
  return { locks, capacity: below(2), tasks: below(3) === 0 ? tasks.map(() => tasks[0]!) : tasks };
}

/** A list that is complete before any of its tasks runs. Its declaration does not show that it is one, so it does not count as shared. */
const tasksToBe = (): Task<string>[] => [];

/** A program whose tasks log what they see; it returns what they have logged. */
export function lockProgramOf({ locks, capacity, tasks }: LockSpec): () => Routine<string> {
  return function* () {
    const made = locks.map((permits) => (permits === 0 ? new RwLock() : new Semaphore(permits)));
    const values = channel<number>(capacity);
    const started = tasksToBe();
    const ask = ({ lock, n, priority }: Act) => {
      const asked = made[lock]!;
      if (asked instanceof Semaphore) return asked.acquire(n, { priority });
      return n === 2 ? asked.write({ priority }) : asked.read({ priority });
    };
    const tried = ({ lock, n }: Act): Lease | undefined => {
      const asked = made[lock]!;
      if (asked instanceof Semaphore) return asked.tryAcquire(n);
      return n === 2 ? asked.tryWrite() : asked.tryRead();
    };
    const look = ({ lock }: Act): string => {
      const seen = made[lock]!;
      return seen instanceof Semaphore ? `${seen.available}` : `${seen.readers}${seen.writing}`;
    };
    const body = function* body(nth: number): Routine<string> {
      const held: Lease[] = [];
      let log = "";
      try {
        for (const act of tasks[nth]!) {
          if (act.kind === "take") held.push(yield* ask(act));
          else if (act.kind === "release") held.shift()?.release();
          else if (act.kind === "look") log += look(act);
          else if (act.kind === "send") yield* values.send(nth);
          else if (act.kind === "receive") log += String(yield* values.receive());
          else if (act.kind === "cancel") started[act.other]?.cancel();
          else if (act.kind === "sleep") yield* sleep(act.n);
          else if (act.kind === "pause") yield* pause();
          else if (act.kind === "try") {
            const lease = tried(act);
            if (lease !== undefined) held.push(lease);
            log += lease === undefined ? "t" : "T";
          } else {
            const other = act.kind === "hurry" ? sleep(act.n) : values.receive();
            const mode = act.kind === "hurry" ? "random" : "priority";
            const { key, value } = yield* select({ lease: ask(act), other }, { mode });
            if (key === "lease") held.push(value);
            log += key[0];
          }
        }
        return log;
      } finally {
        for (const lease of held) lease.release();
      }
    };
    for (const nth of tasks.keys()) started.push(go(body, nth));
    const logs: string[] = [];
    for (const task of started) {
      try {
        logs.push(yield* task);
      } catch (error) {
        logs.push((error as Error).name);
      }
    }
    return logs.join(" ");
  };
}

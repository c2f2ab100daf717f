// Random programs with more features of the model: buffers that drop, close causes, timeouts, joins, waiting for a channel to
// close. The model must find every outcome of the runs under every schedule.

import {
  alt,
  type Channel,
  CLOSED,
  channel,
  dropping,
  EMPTY,
  go,
  guard,
  pause,
  promiseChannel,
  type Routine,
  receiveAny,
  select,
  sleep,
  sliding,
  type Task,
  timeout,
} from "../../src/index.js";
import { seeded } from "../../src/testing/simulation/decisions.js";
import { choose, verify } from "../../src/testing.js";
import { everyRun } from "./every-run.js";

/** Turns that the tasks of a program may have in all its runs. */
const MOST_TURNS = 6000;

interface Context {
  readonly one: Channel<number>;
  readonly other: Channel<number>;
  readonly n: number;
  /** The tasks that were started before. */
  readonly before: readonly Task<string>[];
}

const STEPS: Readonly<Record<string, (context: Context) => Routine<unknown>>> = {
  *send({ one, n }) {
    return yield* one.send(n);
  },
  *receive({ one }) {
    return yield* one.receive();
  },
  *timed({ one, n }) {
    return (yield* select({ x: one.receive(), late: timeout(n).receive() })).key;
  },
  *slept({ one, n }) {
    return (yield* select({ x: one.receive(), late: sleep(n) })).key;
  },
  *either({ one, other, n }) {
    return (yield* select({ x: one.send(n), y: other.receive() })).key;
  },
  *attempt({ one, n }) {
    return (yield* select({ x: one.send(n), y: one.receive() }, { mode: "priority", default: 0 })).key;
  },
  *close({ one }) {
    return one.close();
  },
  *fail({ one }) {
    return one.close(new Error("cause"));
  },
  *sleep({ n }) {
    return yield* sleep(n);
  },
  *join({ before }) {
    return before.length > 0 ? yield* before[0]! : "no task";
  },
  *trySend({ one, n }) {
    return one.trySend(n);
  },
  *tryReceive({ one }) {
    return one.tryReceive();
  },
  *choose() {
    return yield* choose(1, 2);
  },
  *whenClosed({ one }) {
    return yield* one.whenClosed();
  },
  *pause() {
    return yield* pause();
  },
  *any({ one, other, n }) {
    const any = receiveAny({ one, other });
    const first = yield* select({ any, late: sleep(n) });
    const [key, value] = first.key === "any" && first.value !== CLOSED ? Object.values(first.value) : [first.key, ""];
    const second = yield* alt(any, timeout(n).receive());
    return `${String(key)} ${String(value)} ${second === CLOSED ? "end" : second.key}`;
  },
  *guarded({ one, other, n }) {
    const made = guard(() => (one.trySend(n) ? other.receive() : one.receive()));
    return (yield* select({ made, late: sleep(n) })).key;
  },
  *length({ one }) {
    return one.length;
  },
};
const NAMES = Object.keys(STEPS);
const MAKERS = [
  () => channel<number>(),
  () => channel<number>(),
  () => channel<number>(1),
  () => channel<number>(2),
  () => channel<number>(dropping(1)),
  () => channel<number>(sliding(1)),
  () => promiseChannel<number>(),
];

/** The program of a seed; it returns what each task received. */
function wideOf(seed: number): () => Routine<string> {
  const below = seeded(seed);
  const makers = Array.from({ length: 1 + below(2) }, () => MAKERS[below(MAKERS.length)]!);
  const step = () => ({
    name: NAMES[below(NAMES.length)]!,
    one: below(makers.length),
    other: below(makers.length),
    n: 1 + below(3),
  });
  const bodies = Array.from({ length: 2 + below(2) }, () => Array.from({ length: 1 + below(3) }, step));
  return function* main() {
    const channels = makers.map((make) => make());
    const tasks: Task<string>[] = [];
    const done = channel<string[]>(1);
    for (const body of bodies) {
      const before = [...tasks];
      tasks.push(
        go(function* part(): Routine<string> {
          const log: string[] = [];
          for (const { name, one, other, n } of body) {
            const context = { one: channels[one]!, other: channels[other]!, n, before };
            log.push(`${name} ${yield* textOf(STEPS[name]!(context))}`);
          }
          return log.join();
        }),
      );
    }
    go(function* gather() {
      const all: string[] = [];
      for (const task of tasks) all.push(yield* task);
      yield* done.send(all);
    });
    const { key, value } = yield* select({ done: done.receive(), late: sleep(50) });
    return key === "late" || value === CLOSED ? "late" : value.join(" | ");
  };
}

function* textOf(step: Routine<unknown>): Routine<string> {
  try {
    const value = yield* step;
    if (value === CLOSED) return "closed";
    return value === EMPTY ? "empty" : String(value);
  } catch (error) {
    return String(error);
  }
}

/** Throws if the model misses an outcome of a run; false if the model has too many states. */
export async function compareWide(seed: number): Promise<boolean> {
  const main = wideOf(seed);
  const model = await verify(main, { leaks: false, stuck: false, maxStates: 5000 });
  const runs = await everyRun(main, MOST_TURNS);
  if (model.status === "bounded") return false;
  if (model.status === "failed") throw new Error(`Seed ${seed}: ${model.report}`);
  if (runs.failed !== null) throw new Error(`Seed ${seed}: ${runs.failed.kind}`, { cause: runs.failed.cause });
  const missing = [...runs.outcomes].filter((outcome) => !model.outcomes.has(outcome));
  if (missing.length > 0) throw new Error(`Seed ${seed}: the model misses ${missing.join(" and ")}`);
  return true;
}

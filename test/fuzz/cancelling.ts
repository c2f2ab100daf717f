// Random programs with scopes and cancelled tasks: cancelled before they begin, while they are parked, after their operation has
// completed, or in a `finally` that parks. The model must find every outcome of the runs under every schedule.

import {
  type Channel,
  CLOSED,
  channel,
  go,
  pause,
  type Routine,
  type Scope,
  scope,
  select,
  sleep,
  type Task,
  timeout,
} from "../../src/index.js";
import { seeded } from "../../src/testing/simulation/decisions.js";
import { replay, type ScheduleError, type Verdict, verify } from "../../src/testing.js";
import { compareEnough } from "./compare.js";
import { everyRun } from "./every-run.js";

type Program = () => Routine<string>;

/** A step of a program with its parameters, and the steps inside it. */
interface Step {
  readonly does: keyof typeof STEPS;
  readonly on: number;
  readonly n: number;
  readonly finally: number;
  readonly inside: readonly (readonly Step[])[];
}

interface Context {
  readonly step: Step;
  readonly on: Channel<number>;
  readonly channels: readonly Channel<number>[];
  /** Tasks that any task may cancel. */
  readonly tasks: readonly Task<string>[];
  /** The scope around it. */
  readonly around: Scope | null;
}

const STEPS = {
  *send({ on, step }: Context) {
    return (yield* on.send(step.n)) ? "sent" : "refused";
  },
  *receive({ on }: Context) {
    const value = yield* on.receive();
    return value === CLOSED ? "closed" : String(value);
  },
  *sleep({ step }: Context) {
    yield* sleep(1 + step.n);
    return "slept";
  },
  *race({ on, step }: Context) {
    return (yield* select({ value: on.receive(), late: timeout(1 + step.n) })).key;
  },
  *tidy({ on, step }: Context) {
    try {
      yield* pause();
    } finally {
      if (step.finally === 0) yield* sleep(1);
      else if (step.finally === 1) on.trySend(9);
      else if (step.finally === 2) yield* on.send(8);
    }
    return "tidy";
  },
  *guard({ on, step }: Context) {
    try {
      return String(yield* on.receive());
    } finally {
      if (step.finally === 0) on.close();
      else if (step.finally === 1) fail("in finally");
    }
  },
  *scope(context: Context) {
    const { step, on } = context;
    const options = step.finally === 2 ? { deadline: 1 + step.n } : {};
    const inner = scope(function* body(around): Routine<string> {
      startAll(context, around);
      if (step.finally < 2) yield* pause();
      if (step.n === 0) around.cancel();
      if (step.finally === 3) return (yield* select({ value: on.receive(), late: sleep(1) })).key;
      if (step.n === 1) throw new Error("in body");
      return "body";
    }, options);
    try {
      return `(${yield* inner})`;
    } catch (error) {
      return (error as Error).message;
    }
  },
  *raceScope(context: Context) {
    const inner = scope(function* body(around): Routine<string> {
      startAll(context, around);
      return "body";
    });
    return (yield* select({ inner, late: sleep(1 + context.step.n) })).key;
  },
  *cancel({ tasks, step }: Context) {
    tasks[step.n]?.cancel();
    return "cancels";
  },
  *discard({ on }: Context) {
    on.cancel();
    return "discards";
  },
  *quit({ around }: Context) {
    around?.cancel();
    return "quits";
  },
  *fail(): Routine<never> {
    return fail("fails");
  },
  *start(context: Context) {
    const { step } = context;
    const task = go(function* started(): Routine<string> {
      for (const steps of step.inside) yield* perform(steps, { ...context, around: null });
      return "started";
    });
    if (step.n === 1) yield* pause();
    if (step.n < 2) task.cancel();
    return yield* ended(task);
  },
} satisfies Record<string, (context: Context) => Routine<string>>;

const NAMES = Object.keys(STEPS) as (keyof typeof STEPS)[];

function fail(message: string): never {
  throw new Error(message);
}

function startAll(context: Context, around: Scope): void {
  for (const steps of context.step.inside) {
    around.go(function* child(): Routine<string> {
      return yield* perform(steps, { ...context, around });
    });
  }
}

function* ended(task: Task<string>): Routine<string> {
  try {
    return yield* task;
  } catch (error) {
    return (error as Error).name;
  }
}

function* perform(steps: readonly Step[], context: Omit<Context, "step" | "on">): Routine<string> {
  const log: string[] = [];
  for (const step of steps) {
    log.push(yield* STEPS[step.does]({ ...context, step, on: context.channels[step.on]! }));
  }
  return log.join(" ");
}

/** The program of a seed. In two of three programs no step throws. */
function programOf(seed: number): Program {
  const below = seeded(seed);
  const capacities = Array.from({ length: 1 + below(2) }, () => below(2));
  const names = seed % 3 === 0 ? NAMES : NAMES.filter((name) => name !== "fail" && name !== "guard");
  const stepsOf = (depth: number, most: number): Step[] =>
    Array.from({ length: 1 + below(most) }, () => ({
      does: names[below(names.length)]!,
      on: below(capacities.length),
      n: below(3),
      finally: below(4),
      inside: depth < 2 ? insideOf(depth) : [],
    }));
  // Some tasks do the same.
  const insideOf = (depth: number): Step[][] => {
    const lists = Array.from({ length: 1 + below(2) }, () => stepsOf(depth + 1, 2));
    return below(3) === 0 ? [lists[0]!, ...lists.map(() => lists[0]!)] : lists;
  };
  const lists = [stepsOf(0, 3), stepsOf(0, 3)];
  const own = stepsOf(1, 2);
  return function* main(): Routine<string> {
    const channels = capacities.map((capacity) => channel<number>(capacity));
    const tasks: Task<string>[] = [];
    const context = { channels, tasks, around: null };
    for (const steps of lists) {
      tasks.push(
        go(function* task(): Routine<string> {
          return yield* perform(steps, context);
        }),
      );
    }
    const log = [yield* ended(go(perform, own, context))];
    for (const task of tasks) {
      const { key } = yield* select({ over: task.whenOver(), stuck: sleep(50) });
      if (key === "stuck") task.cancel();
      log.push(key === "stuck" ? key : yield* ended(task));
    }
    return log.join(" | ");
  };
}

/** How far a program was compared. */
export interface Compared {
  /** Whether the model supports it, and whether all its runs were completed. */
  readonly modelled: boolean;
  readonly run: boolean;
}

const LIMITS = { leaks: false, stuck: false, maxStates: 4000, maxEvents: 8000 };

/**
 * Throws if the model misses an outcome of a run, if its searches disagree, or if a failure cannot be replayed. The runs stop
 * after so many turns of tasks.
 */
export async function compareCancelling(seed: number, most: number): Promise<Compared> {
  const main = programOf(seed);
  compareEnough(seed, main);
  const found = await verify(main, { ...LIMITS, engine: "model" }).catch(unsupported);
  if (found === null || found.status === "bounded") return { modelled: false, run: false };
  // The model may not support what comes after a failure.
  const all = await verify(main, { ...LIMITS, engine: "model", all: true }).catch(unsupported);
  if (all !== null && all.status !== "bounded" && (all.status !== found.status || all.states < found.states)) {
    throw new Error(`Seed ${seed}: ${all.states} states are ${all.status}, but ${found.states} are ${found.status}`);
  }
  const sooner = await verify(main, { ...LIMITS });
  const agree = sooner.status === "bounded" || summary(sooner) === summary(found);
  if (!agree) throw new Error(`Seed ${seed}: ${summary(sooner)} instead of ${summary(found)}`);
  if (found.status === "failed") await assertShows(seed, main, found);
  const run = await everyRun(main, most);
  if (run.failed !== null && found.status === "proved") {
    throw new Error(`Seed ${seed}: ${run.failed.kind}`, { cause: run.failed.cause });
  }
  if (run.failed === null && found.status === "proved") {
    const missed = [...run.outcomes].filter((outcome) => !found.outcomes.has(outcome));
    if (missed.length > 0) throw new Error(`Seed ${seed}: the model misses ${missed.join(" and ")}`);
  }
  return { modelled: true, run: run.complete };
}

function summary(verdict: Verdict<string>): string {
  if (verdict.status === "failed") return verdict.kind;
  return verdict.status === "proved" ? [...verdict.outcomes].sort().join("; ") : verdict.status;
}

async function assertShows(
  seed: number,
  main: Program,
  { token, kind, report }: Extract<Verdict<string>, { status: "failed" }>,
): Promise<void> {
  const again = await replay(token, main).catch((error: unknown) => error as ScheduleError);
  if (!("kind" in again && again.kind === kind)) throw new Error(`Seed ${seed}: ${report}\nreplayed: ${again}`);
}

/** The model does not support the program. */
function unsupported(error: unknown): null {
  if (error instanceof TypeError) return null;
  throw error;
}

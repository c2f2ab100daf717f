import {
  type AsyncRoutine,
  alt,
  always,
  Barrier,
  broadcast,
  Condition,
  channel,
  collect,
  go,
  guard,
  Latch,
  Mutex,
  never,
  type Operation,
  Pool,
  pause,
  promiseChannel,
  type Routine,
  RwLock,
  receiveAny,
  Semaphore,
  scope,
  select,
  sleep,
  stream,
  timeout,
  upon,
  WaitGroup,
  watch,
  when,
  withNack,
  withTimeout,
} from "millrace";
import {
  daemon,
  type PlayOptions,
  replay,
  ScheduleError,
  simulate,
  type VerifyOptions,
  verify,
} from "millrace/testing";
import { describe, expect, test } from "vitest";
import { subjects } from "../flow/subjects.js";

type Program = () => Routine<unknown> | AsyncRoutine<unknown>;

/** The kind of the failure of a program, and what is said of it; `proved` if there is none. */
interface Told {
  readonly kind: string;
  readonly report: string;
  readonly token: string;
}

const passed: Told = { kind: "none", report: "", token: "" };

async function simulated(main: Program, options: PlayOptions = {}): Promise<Told> {
  try {
    await simulate(main, { schedules: 20, ...options });
    return passed;
  } catch (error) {
    if (!(error instanceof ScheduleError)) throw error;
    return { kind: error.kind, report: error.message, token: error.token };
  }
}

async function verified(main: Program, options: VerifyOptions<unknown>): Promise<Told> {
  const verdict = await verify(main, options);
  if (verdict.status === "bounded") throw new Error(verdict.reason);
  return verdict.status === "proved" ? passed : verdict;
}

/** The three ways to try all or many schedules of a program. */
const ways: readonly (readonly [name: string, tell: (main: Program, off?: boolean) => Promise<Told>])[] = [
  ["simulate", (main, off) => simulated(main, off ? { unperformed: false } : {})],
  ["verify by the model", (main, off) => verified(main, { leaks: false, ...(off && { unperformed: false }) })],
  [
    "verify by runs",
    (main, off) => verified(main, { engine: "runs", leaks: false, ...(off && { unperformed: false }) }),
  ],
];

const one = () => channel<number>(1, { name: "ones" });

/** Statements that make an operation and do not perform it. */
const statements: Readonly<Record<string, readonly [statement: () => unknown, what: string]>> = {
  "ones.send(1);": [() => one().send(1), "send to ones"],
  "ones.receive();": [() => one().receive(), "receive from ones"],
  "ones.whenClosed();": [() => one().whenClosed(), ""],
  "mutex.lock();": [() => new Mutex().lock(), "lock mutex"],
  "semaphore.acquire();": [() => new Semaphore(1).acquire(), "acquire"],
  "lock.read();": [() => new RwLock().read(), ""],
  "pool.acquire();": [() => new Pool({ create: () => 1, max: 1 }).acquire(), ""],
  "latch.wait();": [() => new Latch(1).wait(), ""],
  "barrier.wait();": [() => new Barrier(2).wait(), ""],
  "sleep(5);": [() => sleep(5), "sleep of 5 ms"],
  "pause();": [() => pause(), ""],
  "select({ ones });": [() => select({ ones: one() }), "receive from ones"],
  "select({ got: ones.receive() });": [() => select({ got: one().receive() }), "receive from ones"],
  "select({ ones }, { default: 0 });": [() => select({ ones: one() }, { default: 0 }), ""],
  "alt(ones, sleep(1));": [() => alt(one(), sleep(1)), "receive from ones"],
  "scope(function* () {});": [() => scope(function* () {}), "scope"],
  "ones.receive().map(f);": [() => one().receive().map(String), "receive from ones"],
  "withTimeout(5, ones.receive());": [() => withTimeout(5, one().receive()), ""],
  "guard(() => sleep(1));": [() => guard(() => sleep(1)), "guard"],
  "collect(ones);": [() => collect(one()), ""],
  "receiveAny({ ones });": [() => receiveAny({ ones: one() }), "receive from ones"],
  "helper();": [() => helper(), "sleep of 7 ms"],
};

function helper(): Operation<void> {
  return sleep(7);
}

describe.each(Object.entries(statements))("the statement %s", (_, [statement, what]) => {
  test.each(ways)("is a failure of kind unperformed for %s, with the line (EN-5)", async (_, tell) => {
    const main = function* (): Routine<number> {
      statement();
      yield* sleep(1);
      return 1;
    };
    const { kind, report, token } = await tell(main);
    expect(kind).toBe("unperformed");
    expect(report).toContain(what);
    expect(report).toMatch(/made at .*unperformed\.node\.test\.ts\S*:\d+:\d+, is never performed/);
    await expect(replay(token, main)).rejects.toMatchObject({ kind: "unperformed" });
    expect((await tell(main, true)).kind).toBe("none");
  });
});

/** Programs with one statement that does nothing. */
const silent: Readonly<Record<string, Program>> = {
  "in an async block": async function* () {
    sleep(5);
    yield* sleep(1);
  },
  "behind a wait": function* () {
    yield* sleep(1);
    sleep(5);
  },
  "in a task": function* () {
    const done = channel<boolean>(1);
    go(function* () {
      sleep(5);
      yield* done.send(true);
    });
    yield* done.receive();
  },
  "that leads to a deadlock": function* () {
    const answers = channel<number>();
    go(function* () {
      answers.send(1);
    });
    return yield* answers.receive();
  },
  "after which its own task waits for ever": function* () {
    const answers = channel<number>();
    answers.send(1);
    return yield* answers.receive();
  },
  "in the loop of a server that is parked at the end": function* () {
    const [asked, answers] = [channel<number>(), channel<number>(3)];
    daemon(
      go(function* server() {
        for (;;) answers.send(Number(yield* asked.receive()));
      }),
    );
    yield* asked.send(1);
    yield* asked.send(2);
  },
  "in a loop that is cancelled": function* () {
    const asked = channel<number>();
    const server = go(function* () {
      for (;;) {
        yield* asked.receive();
        sleep(5);
      }
    });
    for (let n = 0; n < 3; n++) yield* asked.send(n);
    server.cancel();
  },
  "of a helper that another line performs": function* () {
    yield* helper();
    helper();
  },
  "of a mapped join": function* () {
    const task = go(function* () {});
    task.map(String);
    yield* task;
  },
};

describe.each(Object.entries(silent))("a statement %s", (_, main) => {
  test.each(ways)("is a failure of kind unperformed for %s (EN-5)", async (_, tell) => {
    expect((await tell(main)).kind).toBe("unperformed");
  });
});

/** Programs that make operations in advance, or that do not perform what may be left. */
const legitimate: Readonly<Record<string, Program>> = {
  "performs later what it makes first": function* () {
    const [late, ones] = [sleep(5), one()];
    yield* ones.send(1);
    yield* ones.receive();
    yield* late;
  },
  "uses one operation in every round of a select": function* () {
    const [ones, late] = [one(), sleep(100)];
    yield* ones.send(1);
    for (let n = 0; n < 2; n++) yield* select({ ones, late }, { default: 0 });
  },
  "loses with all but one case": function* () {
    const ones = one();
    yield* ones.send(1);
    yield* alt(ones.receive(), never(), withTimeout(5, sleep(1000)));
  },
  "excludes a case": function* () {
    yield* select({ a: when(false, one().receive()), b: when(true, always(1)) });
  },
  "performs in some schedules what it makes in all": function* () {
    const [a, b] = [one(), one()];
    for (const each of [a, b]) {
      go(function* () {
        yield* each.send(1);
      });
    }
    const late = sleep(1);
    if ((yield* select({ a, b })).key === "a") yield* late;
  },
  "is cancelled before it performs": function* () {
    const task = go(function* () {
      const late = sleep(5);
      yield* sleep(100);
      yield* late;
    });
    yield* sleep(1);
    task.cancel();
  },
  "fails before it performs": function* () {
    const task = go(function* (): Routine<void> {
      const late = sleep(5);
      yield* pause();
      if (task.name !== "") throw new Error("failed");
      yield* late;
    });
    try {
      yield* task;
    } catch {}
  },
  "ends while another task would still perform": function* () {
    go(function* () {
      const late = sleep(5);
      yield* sleep(100);
      yield* late;
    });
    yield* sleep(1);
  },
  "hands operations to the task that performs them": function* () {
    const jobs = [sleep(1), sleep(2)];
    yield* go(function* () {
      for (const job of jobs) yield* job;
    });
  },
  "gives its operations to functions of the package": function* () {
    const ones = one();
    yield* guard(() => sleep(1));
    yield* select({ nacked: withNack(() => never()), ready: always(1) });
    using _ = upon(ones.receive(), () => {});
    yield* ones.send(1);
    yield* ones.send(2);
    yield* receiveAny({ a: ones, b: timeout(1) });
  },
  "starts tasks and does not join them": function* () {
    go(function* () {});
    yield* scope(function* (s) {
      s.go(function* () {});
    });
  },
  "only tries": function* () {
    const ones = one();
    ones.trySend(1);
    ones.tryReceive();
    ones.close();
    yield* pause();
  },
  "makes locks and other tools and does not use them": function* () {
    new Mutex().tryLock();
    new Semaphore(2).tryAcquire();
    new Condition();
    new Latch(1);
    new Barrier(2);
    new WaitGroup().add(1);
    new RwLock();
    promiseChannel<number>();
    watch(1).set(2);
    broadcast(one()).subscribe();
    stream(one()).map(String).channel();
    yield* pause();
  },
  "waits for promises and operations in an async block": async function* () {
    const late = sleep(5);
    await Promise.resolve();
    await sleep(1);
    yield* late;
    return sleep(1);
  },
};

describe.each(Object.entries(legitimate))("a program that %s", (_, main) => {
  test.each(ways)("passes %s (EN-5)", async (_, tell) => {
    expect((await tell(main)).report).toBe("");
  });
});

test.each(subjects)("$name is no failure of kind unperformed, read or not (EN-5)", async ({ inputs, make }) => {
  for (const reads of [false, true]) {
    const main = function* (): Routine<void> {
      const sources = Array.from({ length: inputs }, () => channel<number>(1));
      const outputs = make(...sources);
      if (!reads) return;
      for (const source of sources) yield* source.send(1);
      for (const output of outputs) yield* select({ output, late: sleep(1000) });
    };
    expect((await simulated(main, {})).report).not.toContain("unperformed");
  }
});

import {
  type AsyncRoutine,
  alt,
  channel,
  go,
  pause,
  type Routine,
  scope,
  sleep,
  type Task,
  TimeoutError,
} from "millrace";
import { describe, expect, test } from "vitest";
import { virtualTime } from "../support/virtual.js";

// A routine that parks in a `finally` makes JavaScript forget that its task was cancelled: the outer routine continues behind its
// `yield*`. A loop over such a routine must end all the same.

type Step = () => Routine<unknown>;

const steps: Record<string, Step> = {
  "parks for a time": function* () {
    yield* sleep(3);
  },
  "parks for a turn": function* () {
    yield* pause();
  },
  "completes at once": function* () {
    yield* sleep(0);
  },
};

function* job(work: Step, cleanUp: Step): Routine<void> {
  try {
    yield* work();
  } finally {
    yield* cleanUp();
  }
}

async function* asyncJob(work: Step, cleanUp: Step): AsyncRoutine<void> {
  try {
    yield* work();
  } finally {
    yield* cleanUp();
  }
}

function* plainJob(): Routine<void> {
  try {
    yield* sleep(3);
  } finally {
    yield* sleep(1);
  }
}

function* nested(work: Step, cleanUp: Step): Routine<void> {
  try {
    yield* job(work, cleanUp);
  } finally {
    yield* cleanUp();
  }
}

const loops: Record<string, (work: Step, cleanUp: Step) => Task<void>> = {
  "a loop of a function*": (work, cleanUp) =>
    go(function* () {
      for (;;) yield* job(work, cleanUp);
    }),
  "a loop of a function* that catches": (work, cleanUp) =>
    go(function* () {
      for (;;) {
        try {
          yield* job(work, cleanUp);
        } catch {}
      }
    }),
  "a loop over nested routines": (work, cleanUp) =>
    go(function* () {
      for (;;) yield* nested(work, cleanUp);
    }),
  "a loop over two routines": (work, cleanUp) =>
    go(function* () {
      for (;;) {
        yield* job(work, cleanUp);
        yield* plainJob();
      }
    }),
  "a loop over changing routines": (work, cleanUp) =>
    go(function* () {
      for (let n = 0; ; n++) yield* n % 2 === 0 ? job(work, cleanUp) : plainJob();
    }),
  "a loop of an async function* over a function*": (work, cleanUp) =>
    go(async function* () {
      for (;;) yield* job(work, cleanUp);
    }),
  "a loop of an async function*": (work, cleanUp) =>
    go(async function* () {
      for (;;) yield* asyncJob(work, cleanUp);
    }),
  "a loop of an async function* that awaits": (work, cleanUp) =>
    go(async function* () {
      for (;;) {
        await Promise.resolve();
        yield* asyncJob(work, cleanUp);
      }
    }),
};

const cases = Object.keys(loops).flatMap((loop) =>
  Object.keys(steps).flatMap((work) => Object.keys(steps).map((cleanUp) => [loop, work, cleanUp] as const)),
);

describe.each(cases)("%s, over a routine that %s, and in its finally %s", (loop, work, cleanUp) => {
  // In real time: a loop that never waits for a time would stop a virtual clock.
  test.each([0, 1, 4])("ends when its task is cancelled after %s ms", async (ms) => {
    const task = loops[loop]!(steps[work]!, steps[cleanUp]!);
    await sleep(ms);
    task.cancel();
    await alt(task.whenOver(), sleep(2000));
    expect(task.status).toBe("cancelled");
  });
});

describe("a scope with a task in such a loop", () => {
  const endless = function* (): Routine<void> {
    for (;;) yield* plainJob();
  };

  test("ends with the failure of another task", async () => {
    using time = virtualTime();
    const all = scope(function* (s) {
      s.go(endless);
      yield* sleep(5);
      throw new Error("boom");
    }).then(undefined, String);
    await time.advance(500);
    expect(await all).toBe("Error: boom");
  });

  test("ends at its deadline", async () => {
    using time = virtualTime();
    const all = scope(endless, { deadline: 5 }).then(undefined, (error) => error);
    await time.advance(500);
    expect(await all).toBeInstanceOf(TimeoutError);
  });

  test("ends when its signal is aborted", async () => {
    using time = virtualTime();
    const controller = new AbortController();
    const all = scope(endless, { signal: controller.signal }).then(undefined, String);
    await time.advance(5);
    controller.abort();
    await time.advance(500);
    expect(await all).toMatch(/^CancelledError/);
  });
});

describe("the clean-up of a cancelled task", () => {
  const log: string[] = [];
  const note = function* (text: string): Routine<void> {
    yield* sleep(1);
    log.push(text);
  };

  const bodies: Record<string, { body: () => Routine<void> | AsyncRoutine<void>; whole: string[] }> = {
    "a loop in the finally of a block": {
      *body() {
        try {
          yield* sleep(1000);
        } finally {
          for (const n of [1, 2, 3]) {
            if (n > 1) yield* note(`before ${n}`);
            yield* sleep(1);
            log.push(`${n}`);
          }
        }
      },
      whole: ["1", "before 2", "2", "before 3", "3"],
    },
    "a loop in the finally of a routine": {
      *body() {
        yield* (function* (): Routine<void> {
          try {
            yield* sleep(1000);
          } finally {
            for (const n of [1, 2, 3]) {
              if (n > 1) yield* note(`before ${n}`);
              yield* sleep(1);
              log.push(`${n}`);
            }
          }
        })();
      },
      whole: ["1", "before 2", "2", "before 3", "3"],
    },
    "nested finally blocks": {
      *body() {
        try {
          try {
            yield* job(
              function* () {
                yield* sleep(1000);
              },
              () => note("inner"),
            );
          } finally {
            for (const text of ["middle 1", "middle 2"]) yield* note(text);
          }
        } finally {
          yield* note("outer");
        }
      },
      whole: ["inner", "middle 1", "middle 2", "outer"],
    },
    "the finally of an async block": {
      async *body() {
        try {
          yield* sleep(1000);
        } finally {
          for (const n of [1, 2, 3]) {
            await Promise.resolve();
            if (n > 1) yield* note(`before ${n}`);
            yield* sleep(1);
            log.push(`${n}`);
          }
        }
      },
      whole: ["1", "before 2", "2", "before 3", "3"],
    },
  };

  test.each(Object.keys(bodies))("runs as a whole: %s", async (name) => {
    using time = virtualTime();
    log.length = 0;
    const { body, whole } = bodies[name]!;
    const task = go(body);
    await time.advance(10);
    task.cancel();
    await time.advance(100);
    expect(log).toEqual(whole);
    expect(task.status).toBe("cancelled");
  });

  test("any use of the result of a routine that went on throws", async () => {
    using time = virtualTime();
    let went: unknown = "no";
    function* resource(): Routine<{ rows: number }> {
      try {
        yield* sleep(1000);
        return { rows: 3 };
      } finally {
        yield* sleep(5);
      }
    }
    const task = go(function* () {
      const { rows } = yield* resource();
      went = rows;
    });
    await time.advance(5);
    task.cancel();
    const failed = task.then(undefined, String);
    await time.advance(100);
    expect(await failed).toMatch(
      /^CancelledError: Cannot use the result of a routine of task#\d+: the task was cancelled/,
    );
    expect(went).toBe("no");
  });

  test("ends at once with force, where a finally would wait for ever", async () => {
    using time = virtualTime();
    let closed = false;
    const task = go(function* () {
      try {
        try {
          yield* sleep(1000);
        } finally {
          yield* channel().receive();
        }
      } finally {
        closed = true;
      }
    });
    await time.advance(5);
    task.cancel();
    await time.advance(100);
    expect(task.status).toBe("parked");
    task.cancel("now", { force: true });
    await time.settle();
    expect([task.status, closed]).toEqual(["cancelled", true]);
  });
});

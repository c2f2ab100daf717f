// Programs of combinators, and of callbacks in channels and operations: they are decided by the states of the model, with the
// outcomes that runs under every schedule have.

import {
  alt,
  batch,
  type Channel,
  CLOSED,
  channel,
  collect,
  debounce,
  fanIn,
  go,
  merge,
  never,
  pause,
  pipeline,
  produce,
  type ReceiveChannel,
  type Routine,
  reduce,
  sleep,
  throttle,
  upon,
  withNack,
} from "millrace";
import { DONE, loop, verify } from "millrace/testing";
import { describe, expect, test } from "vitest";

type Program = () => Routine<unknown>;

/** A channel without a buffer, and a task that sends numbers from 1 and closes it. */
function numbers(count: number): Channel<number> {
  const made = channel<number>();
  go(function* feeder() {
    for (let n = 1; n <= count; n++) if (!(yield* made.send(n))) return;
    made.close();
  });
  return made;
}

async function outcomes(program: Program, engine: "model" | "runs"): Promise<unknown[]> {
  const verdict = await verify(program, { engine });
  expect(verdict.status, "report" in verdict ? verdict.report : undefined).toBe("proved");
  return verdict.status === "proved" ? [...verdict.outcomes].sort() : [];
}

function* slow(n: number): Routine<number> {
  yield* pause();
  return n * 2;
}

/** Each program, with its outcomes in the model. A run has no other outcome, but a task gives way only where it parks. */
const decided: Record<string, readonly [Program, readonly unknown[]]> = {
  "onCancel runs in the step that cancels": [
    function* () {
      const log = channel<string>(9);
      const jobs = channel<number>(1, { onCancel: (reason) => log.trySend(`cancelled: ${reason}`) });
      const worker = go(function* () {
        return yield* jobs.receive();
      });
      yield* jobs.send(1);
      jobs.cancel("late");
      jobs.cancel("again");
      const got = yield* worker;
      log.close();
      return `${got === CLOSED ? "closed" : String(got)} ${(yield* collect(log)).join()}`;
    },
    ["1 cancelled: late", "closed cancelled: late"],
  ],
  "onUndelivered gets the stored values in order, before onCancel": [
    function* () {
      const log = channel<string>(9);
      const jobs = channel<number>(3, {
        onUndelivered: (value) => log.trySend(`lost ${value}`),
        onCancel: () => log.trySend("cancelled"),
      });
      const taker = go(function* () {
        yield* jobs.receive();
      });
      for (const n of [1, 2, 3]) yield* jobs.send(n);
      jobs.cancel();
      yield* taker;
      log.close();
      return (yield* collect(log)).join();
    },
    ["lost 1,lost 2,lost 3,cancelled", "lost 2,lost 3,cancelled"],
  ],
  "onUndelivered is not called when a channel is cancelled that was drained": [
    function* () {
      const log = channel<number>(9);
      const jobs = channel<number>(1, { onUndelivered: (value) => log.trySend(value) });
      yield* jobs.send(1);
      yield* jobs.receive();
      jobs.close();
      jobs.cancel();
      return log.length;
    },
    [0],
  ],
  "what waits for a nack is called in the step in which another case wins": [
    function* () {
      const [wins, lost] = [channel<number>(), channel<string>(1)];
      const asks = go(function* () {
        const request = withNack<never>((nack) => {
          upon(nack, () => lost.trySend("withdrawn"));
          return never();
        });
        return yield* alt(request, wins.receive());
      });
      yield* sleep(1);
      const sent = wins.trySend(7);
      const told = lost.length;
      if (!sent) yield* wins.send(7);
      return `${String(yield* asks)} ${sent ? told : "later"}`;
    },
    ["7 1"],
  ],
};

/** Likewise; they have too many schedules to be run under each. */
const large: typeof decided = {
  "produce sends what its body sends, and closes": [
    function* () {
      const letters = produce<string>(function* (out) {
        for (const letter of "abc") yield* out.send(letter);
      });
      return (yield* collect(letters)).join("");
    },
    ["abc"],
  ],
  "produce is cancelled with its channel": [
    function* () {
      const log = channel<string>(2);
      const letters = produce<string>(function* (out) {
        try {
          for (;;) yield* out.send("a");
        } finally {
          log.trySend("ended");
        }
      });
      const first = yield* letters.receive();
      letters.cancel();
      return `${String(first)} ${String(yield* log.receive())}`;
    },
    ["a ended"],
  ],
  "fanIn yields the values of all producers": [
    function* () {
      const send = (n: number) =>
        function* (out: { send: Channel<number>["send"] }): Routine<void> {
          yield* out.send(n);
        };
      return (yield* collect(fanIn([send(1), send(2)]))).join();
    },
    ["1,2", "2,1"],
  ],
  "reduce folds the values of a channel": [
    function* () {
      return yield* reduce(numbers(3), (sum, n) => sum + n, 0);
    },
    [6],
  ],
  "debounce yields the last value of a burst": [
    function* () {
      return (yield* collect(debounce(numbers(3), 5))).join();
    },
    ["3"],
  ],
  "throttle yields the first value and the last": [
    function* () {
      return (yield* collect(throttle(numbers(3), 5))).join();
    },
    ["1,3"],
  ],
  "merge yields the values of all sources, with their names": [
    function* () {
      const named = yield* collect(merge({ a: numbers(1), b: numbers(1) }));
      return named.map(({ key, value }) => `${key}${value}`).join();
    },
    ["a1,b1", "b1,a1"],
  ],
  "the rounds of a loop read a merge, of which a source ends between two of them": [
    function* () {
      const [merged, log] = [merge([numbers(1), numbers(2)]), channel<number>(3)];
      yield* loop(null, function* () {
        const got = yield* merged.receive();
        if (got !== CLOSED) return yield* log.send(got).map(() => null);
        merged.cancel();
        return DONE;
      });
      log.close();
      return (yield* collect(log)).join();
    },
    ["1,1,2", "1,2,1"],
  ],
  "batch reads what is there in a merge": [
    function* () {
      const batches = yield* collect(batch(merge([[1, 2], [3]]), 2));
      return batches.join(" ");
    },
    ["1,2 3", "1,3 2", "3,1 2"],
  ],
  "a merge yields its end to an attempt once all sources have ended": [
    function* () {
      const merged = merge([[1], [2]]);
      const taken = Array.from({ length: 3 }, () => merged.tryReceive());
      return taken.map((value) => (value === CLOSED ? "end" : value)).join();
    },
    ["1,2,end", "2,1,end"],
  ],
  "pipeline reads a merge": [
    function* () {
      return (yield* collect(pipeline(merge([numbers(1), numbers(1)]), 2, slow))).join();
    },
    ["2,2"],
  ],
  "pipeline reads an iterable, and yields its results in order, whichever stage ends first": [
    function* () {
      const results = pipeline([1, 2, 3], 2, function* (n) {
        yield* sleep(4 - n);
        return n;
      });
      return (yield* collect(results)).join();
    },
    ["1,2,3"],
  ],
  "pipeline yields its results in the order of the source": [
    function* () {
      return (yield* collect(pipeline(numbers(3), 2, slow))).join();
    },
    ["2,4,6"],
  ],
  "pipeline without order yields each result when it is ready": [
    function* () {
      return (yield* collect(pipeline(numbers(2), 2, slow, { ordered: false }))).join();
    },
    ["2,4", "4,2"],
  ],
  "pipeline has at most n values in flight": [
    function* () {
      const [out, log] = [channel<number>(), channel<string>(9)];
      const results = pipeline(numbers(3), 2, (n) => {
        log.trySend(`stage ${n}`);
        return n;
      });
      yield* sleep(1);
      const begun = log.length;
      for (let n; (n = yield* results.receive()) !== CLOSED; ) if (n === 3) out.close();
      return `${begun} ${out.closed}`;
    },
    ["2 true"],
  ],
  "pipeline ends with the cause of its source, after the results": [
    function* () {
      const jobs = channel<number>();
      go(function* () {
        yield* jobs.send(1);
        jobs.close(new Error("bad"));
      });
      const results = pipeline(jobs, 2, slow);
      const first = yield* results.receive();
      try {
        yield* results.receive();
        return "no cause";
      } catch (error) {
        return `${String(first)} ${(error as Error).message}`;
      }
    },
    ["2 bad"],
  ],
};

describe("decided by states, with an outcome for each run", () => {
  for (const [title, [program, expected]] of Object.entries(decided)) {
    test(title, async () => {
      expect(await outcomes(program, "model")).toEqual(expected);
      expect(expected).toEqual(expect.arrayContaining(await outcomes(program, "runs")));
    });
  }
});

describe("decided by states", () => {
  for (const [title, [program, expected]] of Object.entries(large)) {
    test(title, async () => {
      expect(await outcomes(program, "model")).toEqual(expected);
    });
  }
});

test("all states of a pipeline of three stages with three workers each are decided, as workers are alike", async () => {
  const program = function* (): Routine<string> {
    const stages = [1, 2, 3].reduce<ReceiveChannel<number>>((source) => pipeline(source, 3, slow), numbers(4));
    return (yield* collect(stages)).join();
  };
  const reduced = await verify(program, { engine: "model", maxStates: 500 });
  expect(reduced).toMatchObject({ status: "proved", outcomes: new Set(["8,16,24,32"]) });
  const two = function* (): Routine<string> {
    return (yield* collect(pipeline(pipeline(numbers(3), 2, slow), 2, slow))).join();
  };
  expect(await verify(two, { engine: "model", all: true })).toMatchObject({ outcomes: new Set(["4,8,12"]) });
});

describe("left to runs, as what happens is not in the model", () => {
  const cases: Record<string, readonly [Program, RegExp]> = {
    "a task ends before a channel that belongs to it has ended": [
      function* () {
        const letters = produce<string>(function* (out) {
          for (const letter of "ab") yield* out.send(letter);
        });
        return yield* letters.receive();
      },
      /belongs to it/,
    ],
    "a source of a merge fails": [
      function* () {
        const broken = channel<number>();
        broken.close(new Error("broken"));
        try {
          return String(merge([broken]).tryReceive());
        } catch (error) {
          return (error as Error).message;
        }
      },
      /a source of a merge fails/,
    ],
    "a stage of a pipeline fails": [
      function* () {
        const failing = function* (n: number): Routine<number> {
          if (n === 2) throw new Error("two");
          return n;
        };
        try {
          return (yield* collect(pipeline(numbers(2), 1, failing))).join();
        } catch (error) {
          return (error as Error).message;
        }
      },
      /a stage of a pipeline fails/,
    ],
    "the output of a pipeline is cancelled": [
      function* () {
        const results = pipeline(numbers(2), 1, slow, { own: true });
        const first = yield* results.receive();
        results.cancel();
        return first;
      },
      /a pipeline is cancelled/,
    ],
    "a callback throws": [
      function* () {
        const jobs = channel<number>(1, {
          onCancel() {
            throw new Error("no");
          },
        });
        jobs.cancel();
      },
      /a callback throws/,
    ],
  };
  for (const [title, [program, why]] of Object.entries(cases)) {
    test(title, async () => {
      await expect(verify(program, { engine: "model" })).rejects.toThrow(why);
    });
  }
});

// Programs that the literature on verifying Go uses: "Fencing off Go" (Lange, Ng, Toninho, Yoshida, POPL 2017), "Static
// deadlock detection for concurrent Go" (Ng, Yoshida, CC 2016), and the tools Gong and Godel that came with them.

import { type Channel, CLOSED, channel, go, type Operation, type Routine, select, sleep, timeout } from "millrace";
import { choose, DONE, daemon, forever, loop } from "millrace/testing";
import { type Known, NO_TASK } from "./program.js";

/** More receivers than senders. */
const mismatch = (receivers: number) =>
  function* main(): Routine<void> {
    const numbers = channel<number>();
    const done = channel<unknown>();
    go(function* send() {
      yield* numbers.send(42);
    });
    for (let n = 0; n < receivers; n++) {
      go(function* receive() {
        yield* done.send(yield* numbers.receive());
      });
    }
    for (let n = 0; n < receivers; n++) yield* done.receive();
  };

function producer(out: Channel<number>): Routine<never> {
  return forever(function* () {
    yield* out.send(42);
  });
}

function* fanIn(): Routine<void> {
  const [a, b, c] = [channel<number>(), channel<number>(), channel<unknown>()];
  for (const out of [a, b]) go(producer, out);
  go(forever, function* () {
    const { value } = yield* select({ a, b });
    yield* c.send(value);
  });
  yield* forever(function* () {
    yield* c.receive();
  });
}

/** The merging task gives up at the first select that finds no sender ready. */
function* fanInAlt(): Routine<void> {
  const [a, b, c] = [channel<number>(), channel<number>(), channel<unknown>()];
  for (const out of [a, b]) go(producer, out);
  go(loop<null>, null, function* () {
    const { key, value } = yield* select({ a, b }, { default: null });
    if (key !== "default") {
      yield* c.send(value);
      return null;
    }
    c.close();
    return DONE;
  });
  yield* loop(null, function* () {
    return (yield* c.receive()) === CLOSED ? DONE : null;
  });
}

/** Three philosophers, three forks, one channel. */
function* sharedForks(): Routine<void> {
  const forks = channel<1>();
  for (let n = 0; n < 3; n++) {
    daemon(
      go(function* fork() {
        yield* forks.send(1);
      }),
    );
  }
  const eat = function* (): Routine<void> {
    for (let n = 0; n < 2; n++) yield* forks.receive();
    for (let n = 0; n < 2; n++) yield* forks.send(1);
  };
  go(forever, eat);
  go(forever, eat);
  yield* forever(eat);
}

const fibonacci = (n: number, capacity: number) =>
  function* main(): Routine<unknown> {
    const fib = function* (of: number, out: Channel<number>): Routine<void> {
      if (of <= 1) {
        yield* out.send(of);
        return;
      }
      const first = channel<number>(capacity);
      const second = capacity > 0 ? first : channel<number>();
      go(fib, of - 1, first);
      go(fib, of - 2, second);
      yield* out.send(Number(yield* first.receive()) + Number(yield* second.receive()));
    };
    const result = channel<number>();
    go(fib, n, result);
    return yield* result.receive();
  };

function* factorial(): Routine<unknown> {
  const fact = function* (n: number, out: Channel<number>): Routine<void> {
    if (n <= 1) {
      yield* out.send(n);
      return;
    }
    const rest = channel<number>();
    go(fact, n - 1, rest);
    yield* out.send(n * Number(yield* rest.receive()));
  };
  const result = channel<number>();
  go(fact, 5, result);
  return yield* result.receive();
}

function* jobScheduler(): Routine<void> {
  const [queue, done] = [channel<number>(), channel<never>()];
  for (let n = 0; n < 2; n++) {
    go(loop<null>, null, function* worker() {
      return (yield* select({ queue, done })).key === "done" ? DONE : null;
    });
  }
  for (let n = 0; n < 20; n++) yield* queue.send(42);
  done.close();
}

/** A search that is late has no receiver for its result. */
function* searchWithCutOff(): Routine<string> {
  const found = channel<number>();
  for (let n = 0; n < 3; n++) {
    go(function* search() {
      yield* sleep(yield* choose(10, 90));
      yield* found.send(1);
    });
  }
  const late = timeout(80);
  for (let n = 0; n < 3; n++) if ((yield* select({ found, late })).key === "late") return "timed out";
  return "all";
}

/** Two endless selects that meet in either direction, until a value has passed from the second to the first. */
function* forSelect(): Routine<void> {
  const [a, b, done] = [channel<number>(), channel<number>(), channel<number>()];
  const until = (offer: () => Operation<{ readonly key: "a" | "b" }>) =>
    go(loop<null>, null, function* () {
      if ((yield* offer()).key === "b") return null;
      yield* done.send(1);
      return DONE;
    });
  until(() => select({ a, b: b.send(1) }));
  until(() => select({ b, a: a.send(2) }));
  yield* done.receive();
  yield* done.receive();
}

/** A loop that ends after its partner has counted to three. */
function* conditionalRecursion(): Routine<void> {
  const [numbers, done] = [channel<number>(), channel<number>()];
  go(function* count() {
    for (let n = 0; n < 3; n++) yield* numbers.send(n);
    yield* done.send(1);
  });
  while ((yield* select({ numbers, done })).key !== "done");
}

/** Two writers, each with a lock of its own, and main takes both. A writer may keep its lock. */
const writers = (forget: boolean) =>
  function* main(): Routine<void> {
    const locks = [channel<1>(1), channel<1>(1)];
    for (const lock of locks) {
      go(function* writer() {
        yield* lock.send(1);
        if (!forget) yield* lock.receive();
      });
    }
    for (const lock of locks) yield* lock.send(1);
    for (const lock of locks) yield* lock.receive();
  };

/** Messages and acknowledgements carry a bit, and are sent again until the other side has received them. */
function* alternatingBit(): Routine<void> {
  const [messages, acknowledged] = [channel<number>(1), channel<number>(1)];
  go(loop<Sending>, { bit: 0, first: true }, function* sender({ bit, first }) {
    if (first) {
      yield* messages.send(bit);
      return { bit, first: false };
    }
    const { key, value } = yield* select({ acknowledged, again: messages.send(bit) });
    return key === "acknowledged" ? { bit: 1 - bit, first: value === bit } : { bit, first };
  });
  yield* loop<Sending>({ bit: 1, first: true }, function* ({ bit, first }) {
    if (first) {
      yield* acknowledged.send(bit);
      return { bit, first: false };
    }
    const { key, value } = yield* select({ messages, again: acknowledged.send(bit) });
    return { bit, first: key === "messages" && value !== bit };
  });
}

interface Sending {
  readonly bit: number;
  /** Whether the bit is sent for the first time. */
  readonly first: boolean;
}

/** A channel as a lock. The bad program receives from an empty buffer first. */
const channelAsLock = (bad: boolean) =>
  function* main(): Routine<void> {
    const [lock, done] = [channel<1>(1), channel<1>()];
    const locked = function* (): Routine<void> {
      if (bad) {
        yield* lock.receive();
        yield* lock.send(1);
      } else {
        yield* lock.send(1);
        yield* lock.receive();
      }
    };
    go(function* () {
      yield* locked();
      yield* done.send(1);
    });
    yield* locked();
    yield* done.receive();
  };

export const literature: readonly Known[] = [
  { name: "mismatch", source: "POPL'17", main: mismatch(2), verdict: "deadlock", states: 5, events: 4, shortest: 2 },
  { name: "mismatch, fixed", source: "POPL'17", main: mismatch(1), verdict: "ok", states: 3, events: 2 },
  { name: "fan-in", source: "POPL'17", main: fanIn, verdict: "ok", endless: true, states: 3, events: 4 },
  {
    name: "fan-in-alt",
    source: "POPL'17",
    main: fanInAlt,
    endless: true,
    verdict: "leak",
    states: 6,
    events: 7,
    shortest: 3,
  },
  {
    name: "three philosophers, forks on one channel",
    source: "CC'16",
    main: sharedForks,
    endless: true,
    verdict: "deadlock",
    states: 65,
    events: 234,
    shortest: 3,
  },
  { name: "fib(5)", source: "POPL'17", main: fibonacci(5, 0), verdict: "ok", states: 102, events: 227 },
  { name: "fact(5)", source: "POPL'17", main: factorial, verdict: "ok", states: 6, events: 5 },
  { name: "fib-async(4)", source: "POPL'17", main: fibonacci(4, 2), verdict: "ok", states: 721, events: 1930 },
  { name: "job scheduler, 20 jobs", source: "POPL'17", main: jobScheduler, verdict: "ok", states: 25, events: 45 },
  {
    name: "search with cut-off",
    source: "POPL'17",
    main: searchWithCutOff,
    verdict: "leak",
    states: 130,
    events: 205,
    shortest: 9,
    note: NO_TASK,
  },
  { name: "for-select", source: "POPL'17", main: forSelect, verdict: "ok", states: 5, events: 6 },
  { name: "cond-recur", source: "POPL'17", main: conditionalRecursion, verdict: "ok", states: 5, events: 4 },
  {
    name: "alternating bit, capacity 1",
    source: "Milner",
    main: alternatingBit,
    endless: true,
    verdict: "ok",
    states: 27,
    events: 44,
  },
  {
    name: "channel as lock, bad",
    source: "Godel2",
    main: channelAsLock(true),
    verdict: "deadlock",
    states: 1,
    events: 0,
    shortest: 0,
  },
  { name: "channel as lock", source: "Godel2", main: channelAsLock(false), verdict: "ok", states: 9, events: 9 },
  {
    name: "writers who keep their locks",
    source: "Godel2",
    main: writers(true),
    verdict: "deadlock",
    states: 13,
    events: 16,
    shortest: 2,
  },
  { name: "writers", source: "Godel2", main: writers(false), verdict: "ok", states: 34, events: 52 },
];

// Classics of concurrency, with sizes at which their states have been counted by others: CCS and FDR, SPIN, the Go blog.

import { type Channel, CLOSED, channel, go, type Routine, select, sleep, timeout } from "millrace";
import { choose, daemon, forever } from "millrace/testing";
import type { Known } from "./program.js";

const list = <T>(n: number, make: (at: number) => T): T[] => Array.from({ length: n }, (_, at) => make(at));

/** Milner's scheduler: a ring of cells that start their tasks one after the other, and each again only when it is done. */
const cyclicScheduler = (n: number) =>
  function* main(): Routine<void> {
    const [turn, begin, end] = [list(n, () => channel<1>()), list(n, () => channel<1>()), list(n, () => channel<1>())];
    for (let at = 0; at < n; at++) {
      go(function* cell() {
        const next = turn[(at + 1) % n]!;
        if (at > 0) yield* turn[at]!.receive();
        yield* forever(function* () {
          yield* begin[at]!.send(1);
          const { key } = yield* select({ ended: end[at]!, passed: next.send(1) });
          if (key === "ended") yield* next.send(1);
          else yield* end[at]!.receive();
          yield* turn[at]!.receive();
        });
      });
      go(forever, function* task() {
        yield* begin[at]!.receive();
        yield* end[at]!.send(1);
      });
    }
  };

/** Chang and Roberts: the greatest of the names that go round a ring wins. */
function* leaderElection(): Routine<unknown> {
  const n = 5;
  const ring = list(n, () => channel<number>(1));
  const leader = channel<number>();
  for (let at = 0; at < n; at++) {
    go(function* node(): Routine<number> {
      const me = (at * 7 + 3) % n;
      const [from, to] = [ring[at]!, ring[(at + 1) % n]!];
      yield* to.send(me);
      for (;;) {
        const heard = Number(yield* from.receive());
        if (heard >= 100) {
          if (heard - 100 !== me) yield* to.send(heard);
          return heard - 100;
        }
        if (heard > me) yield* to.send(heard);
        else if (heard === me) {
          yield* leader.send(me);
          yield* to.send(100 + me);
        }
      }
    });
  }
  return yield* leader.receive();
}

/** Helmbold and Luckham's gas station: customers pay, then fetch their change; two of them mix it up. */
const gasStation = (customers: number) =>
  function* main(): Routine<void> {
    const [prepay, activate, charge] = [channel<number>(), channel<number>(), channel<number>()];
    const [start, finish] = [channel<number>(), channel<number>()];
    const change = list(customers, () => channel<number>());
    daemon(
      go(forever, function* operator() {
        const { key, value } = yield* select({ prepay, charge });
        if (key === "prepay") yield* activate.send(Number(value));
        else yield* change[Number(value)]!.send(0);
      }),
    );
    daemon(
      go(forever, function* pump() {
        const customer = Number(yield* activate.receive());
        yield* start.receive();
        yield* finish.receive();
        yield* charge.send(customer);
      }),
    );
    for (let customer = 0; customer < customers; customer++) {
      go(function* () {
        yield* prepay.send(customer);
        yield* start.send(customer);
        yield* finish.send(customer);
        yield* change[customer]!.receive();
      });
    }
  };

/** Forks are channels with a token; philosophers eat again and again. */
const loopingPhilosophers = (n: number, rightHanded: boolean) =>
  function* main(): Routine<void> {
    const forks = list(n, () => channel<1>(1));
    for (const [at, left] of forks.entries()) {
      const right = forks[(at + 1) % n]!;
      const [first, second] = rightHanded && at === n - 1 ? [right, left] : [left, right];
      go(forever, function* philosopher() {
        yield* first.send(1);
        yield* second.send(1);
        yield* first.receive();
        yield* second.receive();
      });
    }
  };

/** Forks are processes that are taken and given back; philosophers eat once. */
const forkProcesses = (n: number, rightHanded: boolean) =>
  function* main(): Routine<void> {
    const forks = list(n, () => channel<1>());
    for (const fork of forks) {
      daemon(
        go(forever, function* () {
          yield* fork.send(1);
          yield* fork.receive();
        }),
      );
    }
    for (const [at, left] of forks.entries()) {
      const right = forks[(at + 1) % n]!;
      go(eatOnce, ...(rightHanded && at === n - 1 ? ([right, left] as const) : ([left, right] as const)));
    }
  };

function* eatOnce(first: Channel<1>, second: Channel<1>): Routine<void> {
  yield* first.receive();
  yield* second.receive();
  yield* first.send(1);
  yield* second.send(1);
}

const bufferedForks = (n: number, rightHanded: boolean) =>
  function* main(): Routine<void> {
    const forks = list(n, () => channel<1>(1));
    for (const fork of forks) yield* fork.send(1);
    for (const [at, left] of forks.entries()) {
      const right = forks[(at + 1) % n]!;
      go(eatOnce, ...(rightHanded && at === n - 1 ? ([right, left] as const) : ([left, right] as const)));
    }
  };

/** Three producers and three consumers of two items each. */
const producersAndConsumers = (capacity: number) =>
  function* main(): Routine<void> {
    const queue = channel<number>(capacity);
    for (let producer = 0; producer < 3; producer++) {
      go(function* () {
        for (let item = 0; item < 2; item++) yield* queue.send(producer * 10 + item);
      });
    }
    for (let consumer = 0; consumer < 3; consumer++) {
      go(function* () {
        return Number(yield* queue.receive()) + Number(yield* queue.receive());
      });
    }
  };

function* producersWhoClose(): Routine<void> {
  const [queue, done] = [channel<number>(), channel<1>()];
  for (let producer = 0; producer < 3; producer++) {
    go(function* () {
      for (let item = 0; item < 2; item++) yield* queue.send(producer * 10 + item);
      yield* done.send(1);
    });
  }
  for (let consumer = 0; consumer < 3; consumer++) {
    go(function* () {
      let count = 0;
      while ((yield* queue.receive()) !== CLOSED) count++;
      return count;
    });
  }
  for (let producer = 0; producer < 3; producer++) yield* done.receive();
  queue.close();
}

const twoPhaseCommit = (n: number, leavesEarly: boolean) =>
  function* main(): Routine<boolean> {
    const [asked, decided] = [list(n, () => channel<1>()), list(n, () => channel<boolean>())];
    const votes = channel<boolean>();
    for (let at = 0; at < n; at++) {
      go(function* participant(): Routine<string> {
        yield* asked[at]!.receive();
        const yes = yield* choose(false, true);
        yield* votes.send(yes);
        if (leavesEarly && !yes) return "abort";
        const commit = yield* decided[at]!.receive();
        if (commit === true && !yes) throw new Error("committed a no");
        return commit === true ? "commit" : "abort";
      });
    }
    for (const ask of asked) yield* ask.send(1);
    let all = true;
    for (let at = 0; at < n; at++) all = (yield* votes.receive()) === true && all;
    for (const tell of decided) yield* tell.send(all);
    return all;
  };

/** Pike's search race: three servers, the first answer wins, unless it is late. */
const searchRace = (capacity: number) =>
  function* main(): Routine<string> {
    const replies = channel<number>(capacity);
    for (let server = 0; server < 3; server++) {
      go(function* () {
        yield* sleep(yield* choose(10, 100));
        yield* replies.send(server);
      });
    }
    const late = timeout(80);
    const { key, value } = yield* select({ replies, late });
    return key === "replies" ? `reply ${String(value)}` : "timeout";
  };

/** A consumer looks, finds nothing and goes to sleep just when it was to be woken. */
const lostWakeUp = (capacity: number) =>
  function* main(): Routine<void> {
    const [queue, wake] = [channel<number>(2), channel<1>(capacity)];
    go(function* consumer() {
      for (let got = 0; got < 2; ) {
        if ((yield* select({ queue }, { default: null })).key === "queue") got++;
        else yield* wake.receive();
      }
    });
    go(function* producer() {
      for (let n = 0; n < 2; n++) {
        yield* queue.send(n);
        yield* select({ woken: wake.send(1) }, { default: null });
      }
    });
  };

/** The Go blog's squaring pipeline, whose reader leaves early. */
const squaring = (cancels: boolean) =>
  function* main(): Routine<void> {
    const [done, source, out, ended] = [channel<never>(), channel<number>(), channel<number>(), channel<1>()];
    const squares = list(2, () => channel<number>());
    const put = function* (to: Channel<number>, value: number): Routine<boolean> {
      if (cancels) return (yield* select({ sent: to.send(value), done })).key === "sent";
      return yield* to.send(value);
    };
    go(function* generate() {
      for (const n of [2, 3]) if (!(yield* put(source, n))) break;
      source.close();
    });
    for (const to of squares) {
      go(function* square() {
        for (let n: unknown; (n = yield* source.receive()) !== CLOSED; ) {
          if (!(yield* put(to, Number(n) ** 2))) break;
        }
        to.close();
      });
    }
    for (const from of squares) {
      go(function* output() {
        for (let n: unknown; (n = yield* from.receive()) !== CLOSED; ) if (!(yield* put(out, Number(n)))) break;
        yield* ended.send(1);
      });
    }
    go(function* closer() {
      yield* ended.receive();
      yield* ended.receive();
      out.close();
    });
    yield* out.receive();
    if (cancels) done.close();
  };

export const classics: readonly Known[] = [
  { name: "Milner's cyclic scheduler, 4", source: "CCS, FDR", main: cyclicScheduler(4), verdict: "ok", states: 363 },
  { name: "Milner's cyclic scheduler, 8", source: "CCS, FDR", main: cyclicScheduler(8), verdict: "ok", states: 55_767 },
  {
    name: "leader election on a ring of 5",
    source: "Chang, Roberts",
    main: leaderElection,
    verdict: "ok",
    states: 233,
    events: 579,
  },
  { name: "gas station, 1 customer", source: "Helmbold, Luckham", main: gasStation(1), verdict: "ok", states: 7 },
  { name: "gas station, 2 customers", source: "Helmbold, Luckham", main: gasStation(2), verdict: "leak", states: 34 },
  {
    name: "gas station, 3 customers",
    source: "Helmbold, Luckham",
    main: gasStation(3),
    verdict: "leak",
    states: 128,
    shortest: 5,
  },
  {
    name: "looping philosophers, 7",
    source: "SPIN",
    main: loopingPhilosophers(7, false),
    verdict: "leak",
    states: 2186,
    shortest: 7,
  },
  {
    name: "looping philosophers, 8",
    source: "SPIN",
    main: loopingPhilosophers(8, false),
    verdict: "leak",
    states: 6560,
    shortest: 8,
  },
  {
    name: "looping philosophers, 10, one right-handed",
    source: "SPIN",
    main: loopingPhilosophers(10, true),
    verdict: "ok",
    states: 59_049,
  },
  {
    name: "philosophers with fork processes, 7",
    source: "classic",
    main: forkProcesses(7, false),
    verdict: "leak",
    states: 24_475,
    events: 110_152,
    shortest: 7,
  },
  {
    name: "philosophers with fork processes, 7, one right-handed",
    source: "classic",
    main: forkProcesses(7, true),
    verdict: "ok",
    states: 24_476,
    events: 109_693,
  },
  {
    name: "philosophers with buffered forks, 7",
    source: "classic",
    main: bufferedForks(7, false),
    verdict: "leak",
    states: 24_482,
    events: 94_710,
    shortest: 14,
  },
  {
    name: "philosophers with buffered forks, 12, one right-handed",
    source: "classic",
    main: bufferedForks(12, true),
    verdict: "ok",
    executions: 4094,
  },
  {
    name: "philosophers with buffered forks, 14, one right-handed",
    source: "classic",
    main: bufferedForks(14, true),
    verdict: "ok",
    executions: 16_382,
  },
  {
    name: "producers and consumers, capacity 0",
    source: "classic",
    main: producersAndConsumers(0),
    verdict: "ok",
    states: 2401,
    events: 4230,
  },
  {
    name: "producers and consumers, capacity 2",
    source: "classic",
    main: producersAndConsumers(2),
    verdict: "ok",
    states: 7516,
    events: 14_106,
  },
  {
    name: "producers and consumers, with close",
    source: "classic",
    main: producersWhoClose,
    verdict: "ok",
    states: 148_912,
    events: 290_727,
  },
  { name: "two-phase commit, 3", source: "classic", main: twoPhaseCommit(3, false), verdict: "ok", states: 228 },
  { name: "two-phase commit, 4", source: "classic", main: twoPhaseCommit(4, false), verdict: "ok", states: 1251 },
  {
    name: "two-phase commit with an early leaver",
    source: "classic",
    main: twoPhaseCommit(3, true),
    verdict: "deadlock",
    states: 183,
    events: 366,
    shortest: 9,
  },
  {
    name: "search race, unbuffered",
    source: "Go talk",
    main: searchRace(0),
    verdict: "leak",
    states: 114,
    events: 175,
    shortest: 8,
    note: "A timeout is no task here, so its firing is one event instead of three.",
  },
  {
    name: "search race, buffered",
    source: "Go talk",
    main: searchRace(3),
    verdict: "ok",
    states: 243,
    events: 382,
    note: "A timeout is no task here, so its firing is one event instead of three.",
  },
  { name: "lost wake-up", source: "classic", main: lostWakeUp(0), verdict: "leak", states: 48, shortest: 5 },
  { name: "lost wake-up, with a buffered wake", source: "classic", main: lostWakeUp(1), verdict: "ok", states: 48 },
  {
    name: "squaring fan-in, bad",
    source: "Go blog",
    main: squaring(false),
    verdict: "leak",
    states: 191,
    events: 362,
    shortest: 12,
  },
  {
    name: "squaring fan-in with cancellation",
    source: "Go blog",
    main: squaring(true),
    verdict: "ok",
    states: 739,
    events: 1558,
  },
];

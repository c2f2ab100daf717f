// Classics of concurrency, in sizes for which other tools (CCS and FDR, SPIN) have published counts of states.

import { CLOSED, channel, go, type Routine, select } from "millrace";
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

/** Chang and Roberts' leader election: each node passes on greater names, and the greatest name wins. */
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
        const name = Number(yield* from.receive());
        if (name >= 100) {
          if (name - 100 !== me) yield* to.send(name);
          return name - 100;
        }
        if (name > me) yield* to.send(name);
        else if (name === me) {
          yield* leader.send(me);
          yield* to.send(100 + me);
        }
      }
    });
  }
  return yield* leader.receive();
}

/** Helmbold and Luckham's gas station: customers pay, then receive their change. Two can be mixed up. */
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

function* producersThatClose(): Routine<void> {
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
    for (const participant of decided) yield* participant.send(all);
    return all;
  };

/** A consumer finds the queue empty, and the wake-up is sent before the consumer waits for it. */
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

export const classics: readonly Known[] = [
  {
    name: "Milner's cyclic scheduler, 4",
    source: "CCS, FDR",
    main: cyclicScheduler(4),
    endless: true,
    verdict: "ok",
    states: 363,
    events: 757,
  },
  {
    name: "Milner's cyclic scheduler, 8",
    source: "CCS, FDR",
    main: cyclicScheduler(8),
    endless: true,
    verdict: "ok",
    states: 55_767,
    events: 191_179,
  },
  {
    name: "Milner's cyclic scheduler, 10",
    source: "CCS, FDR",
    main: cyclicScheduler(10),
    endless: true,
    verdict: "ok",
    states: 620_013,
    events: 2_540_746,
  },
  {
    name: "leader election on a ring of 5",
    source: "Chang, Roberts",
    main: leaderElection,
    verdict: "ok",
    states: 233,
    events: 579,
  },
  {
    name: "gas station, 1 customer",
    source: "Helmbold, Luckham",
    main: gasStation(1),
    verdict: "ok",
    states: 7,
    events: 6,
  },
  {
    name: "gas station, 2 customers",
    source: "Helmbold, Luckham",
    main: gasStation(2),
    verdict: "leak",
    states: 34,
    events: 38,
    shortest: 5,
  },
  {
    name: "gas station, 3 customers",
    source: "Helmbold, Luckham",
    main: gasStation(3),
    verdict: "leak",
    states: 128,
    events: 156,
    shortest: 5,
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
    main: producersThatClose,
    verdict: "ok",
    states: 148_912,
    events: 290_727,
  },
  {
    name: "two-phase commit, 3",
    source: "classic",
    main: twoPhaseCommit(3, false),
    verdict: "ok",
    states: 228,
    events: 411,
  },
  {
    name: "two-phase commit, 4",
    source: "classic",
    main: twoPhaseCommit(4, false),
    verdict: "ok",
    states: 1251,
    events: 2868,
  },
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
    name: "lost wake-up",
    source: "classic",
    main: lostWakeUp(0),
    verdict: "leak",
    states: 48,
    events: 56,
    shortest: 5,
  },
  {
    name: "lost wake-up, with a buffered wake",
    source: "classic",
    main: lostWakeUp(1),
    verdict: "ok",
    states: 48,
    events: 58,
  },
];

// Programs for the measurement of `verify`, as users write them. Two of them exist as models for SPIN too.

import { CLOSED, channel, go, scope, select, sleep } from "millrace";
import { daemon, forever } from "millrace/testing";

const list = (n, make) => Array.from({ length: n }, (_, at) => make(at));

const seats = (n, rightHanded, make, seat) =>
  function* main() {
    const forks = list(n, make);
    for (const fork of forks) yield* lay(fork);
    for (let at = 0; at < n; at++) {
      const pair = [forks[at], forks[(at + 1) % n]];
      if (rightHanded && at === n - 1) pair.reverse();
      go(seat, ...pair);
    }
  };

function* lay(fork) {
  if (fork.token) yield* fork.channel.send(1);
  if (fork.process) daemon(go(forever, fork.process));
}

const looping = (n, rightHanded) =>
  seats(
    n,
    rightHanded,
    () => ({ channel: channel(1) }),
    (first, second) =>
      forever(function* () {
        yield* first.channel.send(1);
        yield* second.channel.send(1);
        yield* first.channel.receive();
        yield* second.channel.receive();
      }),
  );

function* eatOnce(first, second) {
  yield* first.channel.receive();
  yield* second.channel.receive();
  yield* first.channel.send(1);
  yield* second.channel.send(1);
}

const buffered = (n, rightHanded) => seats(n, rightHanded, () => ({ channel: channel(1), token: true }), eatOnce);

/** A philosopher that takes any free fork, and puts it back if the other fork is not free. */
const politely = (left, right) =>
  forever(function* () {
    const isLeft = (yield* select({ left: left.channel, right: right.channel })).key === "left";
    const [held, other] = isLeft ? [left.channel, right.channel] : [right.channel, left.channel];
    const { key } = yield* select({ other }, { default: null });
    yield* held.send(1);
    if (key === "other") yield* other.send(1);
  });

function forkProcess() {
  const fork = { channel: channel() };
  fork.process = function* () {
    yield* fork.channel.send(1);
    yield* fork.channel.receive();
  };
  return fork;
}

const polite = (n) => seats(n, false, forkProcess, politely);

const processes = (n, rightHanded) => seats(n, rightHanded, forkProcess, eatOnce);

const scheduler = (n) =>
  function* main() {
    const [turn, begin, end] = [list(n, () => channel()), list(n, () => channel()), list(n, () => channel())];
    for (let at = 0; at < n; at++) {
      go(function* cell() {
        const next = turn[(at + 1) % n];
        if (at > 0) yield* turn[at].receive();
        yield* forever(function* () {
          yield* begin[at].send(1);
          const { key } = yield* select({ ended: end[at], passed: next.send(1) });
          if (key === "ended") yield* next.send(1);
          else yield* end[at].receive();
          yield* turn[at].receive();
        });
      });
      go(forever, function* task() {
        yield* begin[at].receive();
        yield* end[at].send(1);
      });
    }
  };

function* producersAndConsumers() {
  const [queue, done] = [channel(), channel()];
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

const pool = (size, jobs) =>
  function* main() {
    return yield* scope(function* (s) {
      const [work, results] = [channel(), channel()];
      for (let nth = 0; nth < size; nth++) {
        s.go(function* worker() {
          for (let job = yield* work.receive(); job !== CLOSED; job = yield* work.receive()) {
            yield* results.send(job * job);
          }
        });
      }
      s.go(function* source() {
        for (let job = 1; job <= jobs; job++) yield* work.send(job);
        work.close();
      });
      let sum = 0;
      for (let nth = 0; nth < jobs; nth++) sum += yield* results.receive();
      return sum;
    });
  };

/** The first answer of several servers, or none after a time limit. The other servers are cancelled, and run their `finally`. */
const race = (n) =>
  function* main() {
    return yield* scope(function* (s) {
      const answers = channel();
      for (let at = 0; at < n; at++) {
        s.go(function* server() {
          try {
            yield* sleep(1 + (at % 2));
            yield* answers.send(at);
          } finally {
            yield* sleep(1);
          }
        });
      }
      const { value } = yield* select({ first: answers, late: sleep(2) });
      s.cancel();
      return value;
    });
  };

/** The looping philosophers as a model for SPIN. The forks are channels with a buffer of 1. */
const promela = (n, rightHanded) => `
#define N ${n}
#define LAST (_pid == N - 1 && ${rightHanded})
chan fork[N] = [1] of { bit };
active [N] proctype philosopher() {
  byte one = (LAST -> 0 : _pid); byte other = (LAST -> N - 1 : (_pid + 1) % N);
  do :: fork[one]!1; fork[other]!1; fork[one]?_; fork[other]?_ od
}`;

export const programs = [
  { name: "looping philosophers, 8", how: "all states", main: looping(8, false), promela: promela(8, false) },
  {
    name: "looping philosophers, 10, one right-handed",
    how: "all states",
    main: looping(10, true),
    promela: promela(10, true),
  },
  { name: "philosophers with fork processes, 7", how: "all states", main: processes(7, false) },
  { name: "philosophers with buffered forks, 7", how: "all states", main: buffered(7, false) },
  { name: "philosophers with select and default, 7", how: "all states", main: polite(7) },
  { name: "philosophers with select and default, 7, by default", main: polite(7) },
  { name: "producers and consumers, closed at the end", how: "all states", main: producersAndConsumers },
  { name: "Milner's cyclic scheduler, 10", how: "all states", main: scheduler(10) },
  { name: "Milner's cyclic scheduler, 10, by default", main: scheduler(10) },
  { name: "philosophers with buffered forks, 14, by default", main: buffered(14, true) },
  { name: "philosophers with buffered forks, 20, by default", main: buffered(20, true) },
  { name: "a pool of 3 workers in a scope, 3 jobs, by runs", how: "runs", main: pool(3, 3) },
  { name: "a pool of 3 workers in a scope, 3 jobs, by default", main: pool(3, 3) },
  { name: "a pool of 4 workers in a scope, 5 jobs, by default", main: pool(4, 5) },
  { name: "a race of 4 in a scope, losers cancelled, by runs", how: "runs", main: race(4) },
  { name: "a race of 4 in a scope, losers cancelled, by default", main: race(4) },
  { name: "a race of 7 in a scope, losers cancelled, by default", main: race(7) },
];

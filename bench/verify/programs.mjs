// Programs whose states and schedules are known, as users write them, and the same for SPIN.

import { CLOSED, channel, go, select } from "millrace";
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

function forkProcess() {
  const fork = { channel: channel() };
  fork.process = function* () {
    yield* fork.channel.send(1);
    yield* fork.channel.receive();
  };
  return fork;
}

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

function* producersWhoClose() {
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

/** Philosophers for SPIN, again and again, forks as buffered channels. */
const promela = (n, rightHanded) => `
#define N ${n}
#define LAST (_pid == N - 1 && ${rightHanded})
chan fork[N] = [1] of { bit };
active [N] proctype philosopher() {
  byte one = (LAST -> 0 : _pid); byte other = (LAST -> N - 1 : (_pid + 1) % N);
  do :: fork[one]!1; fork[other]!1; fork[one]?_; fork[other]?_ od
}`;

export const programs = [
  { name: "looping philosophers, 8", engine: "states", main: looping(8, false), promela: promela(8, false) },
  {
    name: "looping philosophers, 10, one right-handed",
    engine: "states",
    main: looping(10, true),
    promela: promela(10, true),
  },
  { name: "philosophers with fork processes, 7", engine: "states", main: processes(7, false) },
  { name: "philosophers with buffered forks, 7", engine: "states", main: buffered(7, false) },
  { name: "producers and consumers who close", engine: "states", main: producersWhoClose },
  { name: "Milner's cyclic scheduler, 10", engine: "states", main: scheduler(10) },
  { name: "Milner's cyclic scheduler, 10, as it comes", main: scheduler(10) },
  { name: "philosophers with buffered forks, 12, one right-handed", engine: "traces", main: buffered(12, true) },
  { name: "philosophers with buffered forks, 14, one right-handed", engine: "traces", main: buffered(14, true) },
  { name: "philosophers with buffered forks, 14, as it comes", main: buffered(14, true) },
  { name: "philosophers with buffered forks, 20, as it comes", main: buffered(20, true) },
];

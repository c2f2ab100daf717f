// The dining philosophers (Dijkstra 1965), with forks of every kind.

import { type Channel, channel, go, type Routine, select } from "millrace";
import { daemon, forever } from "millrace/testing";
import type { Known } from "./program.js";

type Fork = Channel<number>;

const forksOf = (n: number, capacity: number): Fork[] =>
  Array.from({ length: n }, (_, at) => channel<number>(capacity, { name: `fork${at}` }));

/** Starts a philosopher at each fork. The last philosopher may take the right fork first. */
function seat(
  forks: readonly Fork[],
  rightHanded: boolean,
  dine: (first: Fork, second: Fork) => Routine<unknown>,
): void {
  for (const [at, left] of forks.entries()) {
    const right = forks[(at + 1) % forks.length]!;
    const [first, second] = rightHanded && at === forks.length - 1 ? [right, left] : [left, right];
    go(function* philosopher() {
      yield* dine(first, second);
    });
  }
}

/** A fork as a task: it is taken by a receive, and put back by a send. */
function* fork(place: Fork): Routine<void> {
  yield* forever(function* () {
    yield* place.send(0);
    yield* place.receive();
  });
}

function* dineOnce(first: Fork, second: Fork): Routine<void> {
  yield* first.receive();
  yield* second.receive();
  yield* first.send(0);
  yield* second.send(0);
}

const dineForEver = (first: Fork, second: Fork): Routine<void> => forever(() => dineOnce(first, second));

/** Takes one fork that is free, and puts it back if the other fork is not free. */
const dinePolitely = (left: Fork, right: Fork): Routine<void> =>
  forever(function* () {
    const [held, other] = (yield* select({ left, right })).key === "left" ? [left, right] : [right, left];
    const { key } = yield* select({ other }, { default: null });
    yield* held.send(0);
    if (key === "other") yield* other.send(0);
  });

/** Locks made of buffers: a value in the buffer is the lock taken. */
const dineWithLocks = (first: Fork, second: Fork): Routine<void> =>
  forever(function* () {
    yield* first.send(0);
    yield* second.send(0);
    yield* second.receive();
    yield* first.receive();
  });

const polite = (n: number) =>
  function* main(): Routine<void> {
    const forks = forksOf(n, 0);
    seat(forks, false, dinePolitely);
    for (const place of forks) go(fork, place);
  };

const forkProcesses = (n: number, rightHanded: boolean, dine: (first: Fork, second: Fork) => Routine<void>) =>
  function* main(): Routine<void> {
    const forks = forksOf(n, 0);
    for (const place of forks) daemon(go(fork, place));
    seat(forks, rightHanded, dine);
  };

const bufferedForks = (n: number, rightHanded: boolean) =>
  function* main(): Routine<void> {
    const forks = forksOf(n, 1);
    for (const place of forks) yield* place.send(0);
    seat(forks, rightHanded, dineOnce);
  };

const locks = (n: number, rightHanded: boolean) =>
  function* main(): Routine<void> {
    seat(forksOf(n, 1), rightHanded, dineWithLocks);
  };

/** Why the verdict is a leak: in the programs of other tools, no task starts the philosophers and ends. */
const SEATED =
  "Other tools report a deadlock, as all philosophers are blocked. Here main only starts them, and has ended.";

const looping = (n: number, rightHanded: boolean, states: number): Known => ({
  name: `${n} looping philosophers${rightHanded ? ", one right-handed" : ""}`,
  source: "SPIN",
  main: forkProcesses(n, rightHanded, dineForEver),
  endless: true,
  verdict: rightHanded ? "ok" : "leak",
  states,
  ...(!rightHanded && { shortest: n, note: SEATED }),
});

const politely = (n: number, source: string, states: number, events: number): Known => ({
  name: `${n} philosophers with select and default`,
  source,
  main: polite(n),
  endless: true,
  verdict: "ok",
  states,
  events,
});

export const philosophers: readonly Known[] = [
  politely(3, "CONCUR'14", 194, 768),
  politely(5, "Godel2", 6515, 42_900),
  politely(6, "Godel2", 37_728, 298_104),
  politely(7, "Godel2", 218_489, 2_014_082),
  {
    name: "badphilo 3",
    source: "Gong",
    main: forkProcesses(3, false, dineForEver),
    endless: true,
    verdict: "leak",
    note: SEATED,
    states: 26,
    events: 66,
    shortest: 3,
  },
  {
    name: "five philosophers on mutexes",
    source: "Godel2",
    main: locks(5, false),
    endless: true,
    verdict: "leak",
    note: SEATED,
    states: 392,
    events: 1415,
    shortest: 5,
  },
  {
    name: "five philosophers on mutexes, one right-handed",
    source: "Godel2",
    main: locks(5, true),
    endless: true,
    verdict: "ok",
    states: 261,
    events: 876,
  },
  looping(7, false, 2186),
  looping(7, true, 2187),
  looping(8, false, 6560),
  looping(10, false, 59_048),
  looping(10, true, 59_049),
  {
    name: "7 philosophers with fork processes",
    source: "classic",
    main: forkProcesses(7, false, dineOnce),
    verdict: "leak",
    note: SEATED,
    states: 24_475,
    events: 110_152,
    shortest: 7,
  },
  {
    name: "7 philosophers with fork processes, one right-handed",
    source: "classic",
    main: forkProcesses(7, true, dineOnce),
    verdict: "ok",
    states: 24_476,
    events: 109_693,
  },
  {
    name: "7 philosophers with buffered forks",
    source: "classic",
    main: bufferedForks(7, false),
    verdict: "leak",
    note: SEATED,
    states: 24_482,
    events: 94_710,
    shortest: 14,
  },
  {
    name: "7 philosophers with buffered forks, one right-handed",
    source: "classic",
    main: bufferedForks(7, true),
    verdict: "ok",
    states: 24_483,
    events: 94_717,
  },
  {
    name: "12 philosophers with buffered forks, one right-handed",
    source: "classic",
    main: bufferedForks(12, true),
    verdict: "ok",
  },
  {
    name: "14 philosophers with buffered forks, one right-handed",
    source: "classic",
    main: bufferedForks(14, true),
    verdict: "ok",
  },
];

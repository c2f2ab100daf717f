// Plain calls of a task come one right after another: a peer that one of them serves, and a task that is started between two of them,
// does not run before all are done. So it is parked nowhere meanwhile. A peer that is parked for certain is served at once.

import {
  type Channel,
  CLOSED,
  channel,
  EMPTY,
  go,
  Mutex,
  merge,
  type Operation,
  pause,
  type ReceiveChannel,
  type Routine,
  Semaphore,
  scope,
  select,
  sleep,
} from "millrace";
import { choose, verify } from "millrace/testing";
import { expect, test } from "vitest";

const shown = (...values: unknown[]): string =>
  values.map((value) => (value === EMPTY ? "empty" : String(value))).join();

const sends = (to: Channel<number>, ...values: number[]) =>
  go(function* (): Routine<string> {
    const sent: boolean[] = [];
    for (const value of values) sent.push(yield* to.send(value));
    return shown(...sent);
  });

const takes = (from: ReceiveChannel<number>, times: number): string =>
  shown(...Array.from({ length: times }, () => from.tryReceive()));

function* rest(from: Channel<number>): Routine<string> {
  const values: number[] = [];
  for (let value; (value = yield* from.receive()) !== CLOSED; ) values.push(value as number);
  return shown(...values);
}

/** Receives until nothing has come for a while. */
function* drain(from: Channel<number>): Routine<void> {
  while ((yield* select({ from, late: sleep(1) })).key !== "late");
}

type Program = (wait: () => Operation<unknown>) => Routine<string>;

/** Each program, with how it ends where time has passed before, and where it may be any time. */
const programs: Readonly<Record<string, readonly [Program, parked: readonly string[], any: readonly string[]]>> = {
  "a sender at a full buffer puts one value into it": [
    function* (wait) {
      const full = channel<number>(1);
      sends(full, 1, 2, 3);
      yield* wait();
      const got = takes(full, 3);
      yield* drain(full);
      return got;
    },
    ["1,2,empty"],
    ["1,2,empty", "1,empty,empty", "empty,empty,empty"],
  ],
  "a sender without a buffer meets one receive": [
    function* (wait) {
      const direct = channel<number>();
      sends(direct, 1, 2);
      yield* wait();
      const got = takes(direct, 2);
      yield* drain(direct);
      return got;
    },
    ["1,empty"],
    ["1,empty", "empty,empty"],
  ],
  "an attempt at a merge meets a sender of each source": [
    function* (wait) {
      const [some, others] = [channel<number>(), channel<number>()];
      sends(some, 1, 2);
      sends(others, 3);
      yield* wait();
      const got = takes(merge([some, others]), 3);
      yield* drain(some);
      yield* drain(others);
      return got;
    },
    ["1,3,empty", "3,1,empty"],
    ["1,3,empty", "1,empty,empty", "3,1,empty", "3,empty,empty", "empty,empty,empty"],
  ],
  "an attempt at a merge makes room for one sender at the buffer that it takes from": [
    function* (wait) {
      const [full, closed] = [channel<number>(1), channel<number>()];
      closed.close();
      sends(full, 1, 2, 3);
      yield* wait();
      const got = takes(merge([closed, full]), 3);
      yield* drain(full);
      return got;
    },
    ["1,2,empty"],
    ["1,2,empty", "1,empty,empty", "empty,empty,empty"],
  ],
  "a receiver takes one value": [
    function* (wait) {
      const empty = channel<number>(1);
      const reader = go(() => rest(empty));
      yield* wait();
      const sent = shown(empty.trySend(1), empty.trySend(2), empty.trySend(3));
      empty.close();
      return `${sent} ${yield* reader}`;
    },
    ["true,true,false 1,2"],
    ["true,false,false 1", "true,true,false 1,2"],
  ],
  "a receiver without a buffer takes one value": [
    function* (wait) {
      const direct = channel<number>();
      const reader = go(() => rest(direct));
      yield* wait();
      const sent = shown(direct.trySend(1), direct.trySend(2));
      direct.close();
      return `${sent} ${yield* reader}`;
    },
    ["true,false 1"],
    ["false,false ", "true,false 1"],
  ],
  "a choice takes one value": [
    function* (wait) {
      const [a, b] = [channel<number>(), channel<number>()];
      const reader = go(function* (): Routine<string> {
        const first = yield* select({ a, b, late: sleep(3) });
        return `${first.key} ${(yield* select({ a, b, late: sleep(3) })).key}`;
      });
      yield* wait();
      const sent = shown(a.trySend(1), b.trySend(2), a.trySend(3));
      return `${sent} ${yield* reader}`;
    },
    ["true,false,false a late"],
    ["false,false,false late late", "true,false,false a late"],
  ],
  "a send that has been served is refused after the close": [
    function* (wait) {
      const full = channel<number>(1);
      const sender = sends(full, 1, 2, 3);
      yield* wait();
      const got = takes(full, 1);
      full.close();
      return `${got} ${yield* rest(full)} ${yield* sender}`;
    },
    ["1 2 true,true,false"],
    ["1  true,false,false", "1 2 true,true,false", "empty  false,false,false"],
  ],
  "two senders put in one value each": [
    function* (wait) {
      const full = channel<number>(1);
      const senders = [sends(full, 1, 10), sends(full, 2, 20)];
      yield* wait();
      const got = takes(full, 4);
      full.close();
      yield* rest(full);
      return `${got} ${yield* senders[0]!} ${yield* senders[1]!}`;
    },
    [
      "1,10,2,empty true,true true,false",
      "1,2,10,empty true,true true,false",
      "2,1,20,empty true,false true,true",
      "2,20,1,empty true,false true,true",
    ],
    [],
  ],
  "a task gets one lease of permits that are released": [
    function* (wait) {
      const semaphore = new Semaphore(2);
      const leases = [yield* semaphore.acquire(), yield* semaphore.acquire()];
      const task = go(function* (): Routine<void> {
        using _ = yield* semaphore.acquire();
        using __ = yield* semaphore.acquire();
      });
      yield* wait();
      for (const lease of leases) lease.release();
      const left = semaphore.available;
      yield* task;
      return String(left);
    },
    ["1"],
    ["1", "2"],
  ],
  "a task that waits for a lock gets it before the next call": [
    function* (wait) {
      const mutex = new Mutex();
      const lease = yield* mutex.lock();
      const task = go(function* (): Routine<void> {
        using _ = yield* mutex.lock();
      });
      yield* wait();
      lease.release();
      const taken = mutex.tryLock();
      taken?.release();
      yield* task;
      return String(taken !== undefined);
    },
    ["false"],
    ["false", "true"],
  ],
  "a task that has come too late for one release does not wait for the next": [
    function* (wait) {
      const mutex = new Mutex();
      const lease = yield* mutex.lock();
      const task = go(function* (): Routine<void> {
        using _ = yield* mutex.lock();
      });
      yield* wait();
      lease.release();
      const first = mutex.tryLock();
      first?.release();
      const second = mutex.tryLock();
      second?.release();
      yield* task;
      return shown(first !== undefined, second !== undefined);
    },
    ["false,false"],
    ["false,false", "true,true"],
  ],
  "a sender that there was room for is parked nowhere": [
    function* (wait) {
      const buffer = channel<number>(1);
      sends(buffer, 1);
      yield* wait();
      const got = shown(buffer.trySend(9), buffer.tryReceive(), buffer.tryReceive());
      yield* drain(buffer);
      return got;
    },
    ["false,1,empty"],
    ["false,1,empty", "true,9,empty"],
  ],
  "a choice whose send a close has not committed is parked nowhere": [
    function* (wait) {
      const [closed, other] = [channel<number>(), channel<number>()];
      const task = go(function* (): Routine<string> {
        return (yield* select({ sent: closed.send(1), other })).key;
      });
      yield* wait();
      closed.close();
      const got = shown(closed.tryReceive() === 1, other.trySend(5));
      other.close();
      return `${got} ${yield* task}`;
    },
    ["true,false sent"],
    ["false,false other", "false,false sent", "true,false sent"],
  ],
  "two attempts never meet": [
    function* (wait) {
      const direct = channel<number>();
      const task = go(function* (): Routine<string> {
        yield* wait();
        return takes(direct, 1);
      });
      yield* wait();
      const sent = shown(direct.trySend(1));
      return `${sent} ${yield* task}`;
    },
    ["false empty"],
    ["false empty"],
  ],
  "a choice with a default is parked nowhere": [
    function* (wait) {
      const full = channel<number>(1);
      full.trySend(1);
      const task = go(function* (): Routine<string> {
        yield* wait();
        return (yield* select({ sent: full.send(2) }, { default: null })).key;
      });
      yield* wait();
      const got = takes(full, 2);
      const key = yield* task;
      full.tryReceive();
      return `${got} ${key}`;
    },
    ["1,empty default", "1,empty sent"],
    ["1,empty default", "1,empty sent"],
  ],
  "what is tried at a lock holds no request back": [
    function* (wait) {
      const semaphore = new Semaphore(2);
      const lease = yield* semaphore.acquire();
      const task = go(function* (): Routine<boolean> {
        yield* wait();
        return semaphore.tryAcquire(2) !== undefined;
      });
      yield* wait();
      const got = semaphore.tryAcquire();
      const both = yield* task;
      got?.release();
      lease.release();
      return shown(got !== undefined, both);
    },
    ["true,false"],
    ["true,false"],
  ],
  "a request that is queued is granted at once": [
    function* (wait) {
      const semaphore = new Semaphore(2);
      const lease = yield* semaphore.acquire(2);
      const task = go(function* (): Routine<void> {
        using _ = yield* semaphore.acquire();
        yield* sleep(5);
      });
      yield* wait();
      lease.release();
      yield* pause();
      const left = semaphore.available;
      yield* task;
      return String(left);
    },
    ["1"],
    ["1", "2"],
  ],
  "a receiver that has gone on is not parked for certain": [
    function* (wait) {
      const [first, second] = [channel<number>(), channel<number>()];
      const reader = go(function* (): Routine<unknown> {
        yield* first.receive();
        return yield* second.receive();
      });
      yield* sleep(1);
      yield* first.send(1);
      const waits = yield* choose(true, false);
      if (waits) yield* wait();
      const sent = second.trySend(2);
      if (!sent) second.close();
      yield* reader;
      return shown(waits, sent);
    },
    ["false,false", "false,true", "true,true"],
    [],
  ],
  "a task that is started between two calls is parked nowhere": [
    function* (wait) {
      const empty = channel<number>(1);
      yield* wait();
      const reader = go(() => rest(empty));
      const sent = shown(empty.trySend(1), empty.trySend(2));
      empty.close();
      return `${sent} ${yield* reader}`;
    },
    ["true,false 1"],
    ["true,false 1"],
  ],
  "a scope that is cancelled after calls": [
    function* (wait) {
      return yield* scope(function* (s): Routine<string> {
        const full = channel<number>(1);
        s.go(function* (): Routine<void> {
          for (let n = 0; n < 4; n++) yield* full.send(n);
        });
        yield* wait();
        const got = takes(full, 3);
        s.cancel();
        return got;
      });
    },
    ["0,1,empty"],
    ["0,1,empty", "0,empty,empty", "empty,empty,empty"],
  ],
};

const cases = Object.entries(programs).flatMap(([name, [program, parked, any]]) => [
  [name, "time has passed", () => program(() => sleep(1)), parked] as const,
  ...(any.length > 0 ? [[name, "it may be any time", () => program(pause), any] as const] : []),
]);

test.each(cases)("%s, where %s", async (_, __, main, expected) => {
  for (const engine of ["model", "runs"] as const) {
    const verdict = await verify(main, { engine, leaks: false });
    const found = verdict.status === "proved" ? [...verdict.outcomes].sort() : verdict;
    expect([engine, found]).toEqual([engine, expected]);
  }
});

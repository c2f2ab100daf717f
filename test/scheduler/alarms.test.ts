import { nativeHost } from "millrace/host";
import { expect, test } from "vitest";
import { Alarms, type Timed } from "../../src/scheduler/alarms.js";

/** A clock and one timer, which the test rings. */
function clock() {
  const timers = new Map<number, { delay: number; job: () => void }>();
  let ids = 0;
  const state = { now: 0 };
  const host = {
    ...nativeHost,
    now: () => state.now,
    setTimer(job: () => void, delay: number) {
      timers.set(++ids, { delay, job });
      return ids;
    },
    clearTimer: (id: unknown) => void timers.delete(id as number),
  };
  return { host, timers, state, delays: () => [...timers.values()].map(({ delay }) => delay) };
}

function timed(due: number, fired: number[]): Timed {
  return { due, order: 0, slot: -1, alarms: null, fire: () => void fired.push(due) };
}

test("Alarms.arm() sets one timer of the host, for the earliest alarm", () => {
  const { host, delays } = clock();
  const alarms = new Alarms();
  for (const due of [30, 10, 20]) alarms.add(timed(due, []));
  alarms.arm(host, () => {});
  alarms.arm(host, () => {});
  expect(delays()).toEqual([10]);
});

test("Alarms.add() returns whether the timer that is set would be too late", () => {
  const { host, delays } = clock();
  const alarms = new Alarms();
  expect(alarms.add(timed(10, []))).toBe(true);
  alarms.arm(host, () => {});
  expect([alarms.add(timed(20, [])), alarms.add(timed(5, []))]).toEqual([false, true]);
  alarms.arm(host, () => {});
  expect(delays()).toEqual([5]);
});

test("Alarms.remove() returns whether no alarm is left, and arm() then clears the timer", () => {
  const { host, delays } = clock();
  const alarms = new Alarms();
  const [one, other] = [timed(10, []), timed(20, [])];
  alarms.add(one);
  alarms.add(other);
  alarms.arm(host, () => {});
  expect([alarms.remove(one, host), alarms.remove(other, host)]).toEqual([false, true]);
  alarms.arm(host, () => {});
  expect(delays()).toEqual([]);
});

test("Alarms.fire() fires the alarms that are due, in order, and no other", () => {
  const { host, state } = clock();
  const alarms = new Alarms();
  const fired: number[] = [];
  for (const due of [30, 10, 20]) alarms.add(timed(due, fired));
  state.now = 20;
  alarms.fire(host, () => {});
  expect(fired).toEqual([10, 20]);
});

test("Alarms.arm() sets a timer of 2^31 - 1 ms at the most, the longest of a host", () => {
  const { host, delays } = clock();
  const alarms = new Alarms();
  alarms.add(timed(1e12, []));
  alarms.arm(host, () => {});
  expect(delays()).toEqual([2 ** 31 - 1]);
});

test("Alarms.fire() reports an alarm that throws, and fires the others", () => {
  const { host, state } = clock();
  const alarms = new Alarms();
  const [fired, reported]: [number[], unknown[]] = [[], []];
  const error = new Error("alarm");
  alarms.add({
    ...timed(10, fired),
    fire: () => {
      throw error;
    },
  });
  alarms.add(timed(20, fired));
  state.now = 20;
  alarms.fire(host, (failure) => reported.push(failure));
  expect([fired, reported]).toEqual([[20], [error]]);
});

test("Alarms.arm() lets the process end with the timer of background alarms, and with no other", () => {
  const { host } = clock();
  const unrefs: unknown[] = [];
  const withUnref = { ...host, unref: (timer: unknown) => void unrefs.push(timer) };
  const [front, back] = [new Alarms(), new Alarms(true)];
  front.add(timed(5, []));
  front.arm(withUnref, () => {});
  expect(unrefs).toEqual([]);
  back.add(timed(9, []));
  back.arm(withUnref, () => {});
  expect(unrefs).toEqual([2]);
});

// A host whose time only moves when a test says so, and whose chance is seeded: no test waits for real time.

import { type Host, nativeHost, replaceHost } from "millrace/host";

/** A virtual clock under millrace for as long as it is in use. */
export interface VirtualTime extends Disposable {
  /** Milliseconds since the start. */
  now(): number;
  /** Lets everything happen that is ready, without letting time pass. */
  settle(): Promise<void>;
  /** Lets time pass, stopping at every timer on the way, and everything happen that becomes ready. */
  advance(ms: number): Promise<void>;
  /** How many host timers are set. */
  readonly timers: number;
  /** Failures that were reported because no task joined. */
  readonly reported: unknown[];
}

/** Puts millrace on virtual time. `using time = virtualTime()`. */
export function virtualTime(seed = 1): VirtualTime {
  let now = 0;
  const timers = new Map<number, { at: number; job: () => void }>();
  const reported: unknown[] = [];
  let ids = 0;
  const host: Partial<Host> = {
    now: () => now,
    random: seeded(seed),
    setTimer: (job, ms) => {
      timers.set(++ids, { at: now + ms, job });
      return ids;
    },
    clearTimer: (id) => void timers.delete(id as number),
    report: (error) => {
      reported.push(error);
      return () => void reported.splice(reported.indexOf(error), 1);
    },
  };
  const restore = replaceHost(host);
  const settle = async (): Promise<void> => {
    // A few turns of the real host: each lets every microtask and every turn that was asked for happen.
    for (let turns = 0; turns < 8; turns++) await new Promise<void>((resolve) => nativeHost.turn(resolve));
  };
  const advance = async (ms: number): Promise<void> => {
    await settle();
    const end = now + ms;
    for (let due = earliest(timers, end); due !== undefined; due = earliest(timers, end)) {
      const [id, timer] = due;
      timers.delete(id);
      now = Math.max(now, timer.at);
      timer.job();
      await settle();
    }
    now = end;
  };
  return {
    now: () => now,
    settle,
    advance,
    get timers() {
      return timers.size;
    },
    reported,
    [Symbol.dispose]: () => restore[Symbol.dispose](),
  };
}

function earliest(timers: Map<number, { at: number; job: () => void }>, end: number) {
  return [...timers].filter(([, timer]) => timer.at <= end).sort(([, a], [, b]) => a.at - b.at)[0];
}

/** Numbers in [0, 1) that are the same for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

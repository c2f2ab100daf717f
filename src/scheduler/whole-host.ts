// What the host is besides a page: Node without its `node` condition, Cloudflare Workers, tests in a page. `followHost` changes the
// native host, so that a page in production does not carry this.
//
// The functions of the host are looked up at each call, so that tools that fake timers control millrace as well. Such a tool
// drops its timers when the real ones are put back. So a timer that was asked of a fake is watched with a real timer, and is
// set again once the fake has gone; a turn is asked of the fake and of the real host. The clock runs on without a jump.

import { assertTimers, hasTimers, native, turn as turnOfPage } from "./host.js";

/** Cloudflare Workers: a timer dies with the request that set it. */
const inWorkers: boolean = /* @__PURE__ */ isWorkers();

function isWorkers(): boolean {
  return typeof navigator === "object" && navigator?.userAgent === "Cloudflare-Workers";
}

/** Makes the native host follow tools that fake timers, and hosts that are no pages. */
export function followHost(): void {
  Object.assign(native, {
    now: () => now(),
    turn: (job) => turn(job),
    setTimer: (job, ms) => setTimer(job, ms),
    clearTimer: (timer) => clearTimer(timer as Timer),
    unref: (timer) => ((timer as Timer).id as { unref?(): void } | undefined)?.unref?.(),
    whenEmpty(job) {
      const { process } = globalThis as { process?: { on?: (event: string, job: () => void) => unknown } };
      if (typeof process?.on === "function") process.on("beforeExit", job);
    },
    perRequest: inWorkers || !hasTimers,
    losesTimers: () => hasTimers && losesTimers(),
  } satisfies Partial<typeof native>);
}

/** The function that was read last. */
let clock: unknown;
/** What is added to its readings. Numbers in a typed array cost no allocation. */
const AHEAD = 0;
/** The latest time. */
const LATEST = 1;
const times: Float64Array = /* @__PURE__ */ new Float64Array(2);

/**
 * A clock that never goes back and does not jump: if the function is replaced, or a date is set back, the clock runs on from
 * its latest time.
 */
function now(): number {
  const source = typeof performance === "object" ? performance : Date;
  const read: () => number = source.now;
  const reading = source.now();
  if (read !== clock) {
    if (clock !== undefined) moveClock(times[LATEST]! - reading - times[AHEAD]!);
    clock = read;
  }
  const time = reading + times[AHEAD]!;
  if (time < times[LATEST]!) moveClock(times[LATEST]! - time);
  else times[LATEST] = time;
  return times[LATEST]!;
}

function moveClock(by: number): void {
  times[AHEAD]! += by;
}

/** A timer of the host, with the functions that it was set with: tools that fake timers replace them. */
interface Timer {
  readonly job: () => void;
  readonly due: number;
  id: unknown;
  set: typeof setTimeout;
  clear: typeof clearTimeout;
  over: boolean;
}

/** The function with which a timer was set last, and whether it was a fake. */
let lastSet: typeof setTimeout | undefined;
let lastFaked = false;
/** Whether timers are faked, or have been replaced since one was set. */
function losesTimers(): boolean {
  return setTimeout === lastSet ? lastFaked : lastSet !== undefined || isFake(setTimeout);
}

/** The latest function that is no fake. */
let real: typeof setTimeout | undefined = /* @__PURE__ */ realTimer();

function realTimer(): typeof setTimeout | undefined {
  return hasTimers && !isFake(setTimeout) ? setTimeout : undefined;
}

/** Milliseconds that a timer and the clock may disagree. */
const TOLERANCE = 2;
/** Milliseconds between two looks at a timer that was asked of a fake. */
const WATCH = 10;
/** The number of looks for which the process is kept alive. */
const WATCHFUL = 50;

/** Whether a function of the host is a fake: of @sinonjs/fake-timers (Vitest, Jest), of Jest's old timers, or of node:test. */
function isFake(of: Function): boolean {
  return "clock" in of || "_isMockFunction" in of || of.name.startsWith("bound #");
}

function setTimer(job: () => void, ms: number): Timer {
  assertTimers();
  const timer = { job, due: now() + ms, id: undefined, set: setTimeout, clear: clearTimeout, over: false };
  ask(timer, ms);
  return timer;
}

function clearTimer(timer: Timer): void {
  const { clear, id } = timer;
  timer.over = true;
  clear(id as number);
}

/** Asks the host for a timer. */
function ask(timer: Timer, ms: number): void {
  const set = setTimeout;
  if (set !== lastSet) {
    lastSet = set;
    lastFaked = isFake(set);
    if (!lastFaked) real = set;
  }
  timer.set = set;
  timer.clear = clearTimeout;
  timer.id = setTimeout(() => ring(timer, set), ms);
  if (lastFaked) watch(timer, 0);
}

function ring(timer: Timer, set: typeof setTimeout): void {
  if (timer.over || timer.set !== set) return;
  timer.over = true;
  // The mock timers of node:test do not move `performance.now()`. The clock follows the timers.
  const early = timer.due - now();
  if (early > TOLERANCE && set === setTimeout) moveClock(early);
  timer.job();
}

/** Sets a timer again if the fake that it was asked of has gone. */
function watch(timer: Timer, looks: number): void {
  later(looks, () => {
    if (timer.over) return;
    if (setTimeout === timer.set) watch(timer, looks + 1);
    else ask(timer, Math.max(1, Math.ceil(timer.due - now())));
  });
}

/** Runs a job a little later, by a timer that is no fake. */
function later(looks: number, job: () => void): void {
  if (real !== undefined) {
    const id = real(job, WATCH) as { unref?(): void };
    if (looks >= WATCHFUL) id.unref?.();
  } else if (typeof AbortSignal === "function" && typeof AbortSignal.timeout === "function") {
    AbortSignal.timeout(WATCH).addEventListener("abort", job);
  }
}

/** Uses setImmediate if the host has it, as it lets timers and I/O run. There are hosts whose setImmediate throws. */
function turn(job: () => void): void {
  if (typeof setImmediate === "function") {
    try {
      if (isFake(setImmediate)) {
        const once = first(job);
        setImmediate(once);
        turnWithoutImmediate(once);
      } else {
        setImmediate(job);
      }
      return;
    } catch {}
  }
  turnWithoutImmediate(job);
}

function turnWithoutImmediate(job: () => void): void {
  // A port belongs to the request that opened it, too.
  if (inWorkers) setTimer(job, 0);
  else turnOfPage(job);
}

/** A job that runs once, however often it is called. */
function first(job: () => void): () => void {
  let over = false;
  return () => {
    if (over) return;
    over = true;
    job();
  };
}

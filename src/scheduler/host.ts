// Everything that millrace needs from its environment, in one object that can be replaced: the clock, one timer, microtasks,
// turns of the event loop, random numbers, and the reporting of failures. No other file touches these globals.
//
// The functions of the host are looked up at each call, so that tools that fake timers control millrace as well. Such a tool
// drops its timers when the real ones are put back. So a timer that was asked of a fake is watched with a real timer, and is
// set again once the fake has gone; a turn is asked of the fake and of the real host. The clock runs on without a jump.

/** The environment of the scheduler. */
export interface Host {
  /** Returns milliseconds on a clock that never goes back. */
  now(): number;
  /** Returns a random number in [0, 1). */
  random(): number;
  /** Runs a job before the host gets the thread back. */
  microtask(job: () => void): void;
  /** Runs a job after the host has had the thread, for timers, input and rendering. */
  turn(job: () => void): void;
  /** Runs a job after `ms` milliseconds, at most 2^31 - 1, and returns the timer. */
  setTimer(job: () => void, ms: number): unknown;
  /** Clears a timer that `setTimer` returned. */
  clearTimer(timer: unknown): void;
  /** Lets the process end although a timer that `setTimer` returned is set. A host without processes has no such method. */
  unref?(timer: unknown): void;
  /** Reports the failure of a task that no other code has joined. The function returned withdraws the report. */
  report(error: unknown): () => void;
  /** Calls a job each time the event loop has become empty. A host that cannot detect this never calls the job. */
  whenEmpty(job: () => void): void;
  /**
   * Whether timers and turns belong to the request during which they were asked for, and are dropped with the request, as in
   * Cloudflare Workers. Each alarm then gets a timer of its own, set by the code that waits. Default: false.
   */
  readonly perRequest?: boolean;
  /**
   * Returns whether timers may be dropped without notice, as by tools that fake timers. Each alarm then gets a timer of its own.
   * Default: no timer is dropped.
   */
  losesTimers?(): boolean;
}

const settled: Promise<void> = /* @__PURE__ */ Promise.resolve();

// A host without `using` lacks its symbols. They are made here, in the way that TypeScript's helpers expect.
(Symbol as { dispose?: symbol }).dispose ??= Symbol.for("Symbol.dispose");
(Symbol as { asyncDispose?: symbol }).asyncDispose ??= Symbol.for("Symbol.asyncDispose");

if (typeof Symbol.asyncIterator !== "symbol") {
  throw new Error(
    "Cannot load millrace: the host must have Symbol.asyncIterator (ES2018), got undefined; define it before millrace is loaded",
  );
}

/** Cloudflare Workers: a timer dies with the request that set it. */
const inWorkers: boolean = typeof navigator === "object" && navigator?.userAgent === "Cloudflare-Workers";

/** Audio worklets have no timers. */
const hasTimers: boolean = typeof setTimeout === "function";

/** The host that this code runs on. */
export const native: Host = {
  now: () => now(),
  random: () => Math.random(),
  // Cheaper than queueMicrotask, which makes an asynchronous resource in Node at every call.
  microtask: (job) => void settled.then(job),
  turn: (job) => turn(job),
  setTimer: (job, ms) => setTimer(job, ms),
  clearTimer: (timer) => clearTimer(timer as Timer),
  unref: (timer) => ((timer as Timer).id as { unref?(): void } | undefined)?.unref?.(),
  report(error) {
    // Every host reports an unhandled rejection, once.
    const rejection = Promise.reject(error);
    return () => void rejection.catch(() => {});
  },
  whenEmpty(job) {
    const { process } = globalThis as { process?: { on?: (event: string, job: () => void) => unknown } };
    if (typeof process?.on === "function") process.on("beforeExit", job);
  },
  // Where there are no timers, the code that waits for a time fails at once.
  perRequest: inWorkers || !hasTimers,
  losesTimers: () => hasTimers && losesTimers(),
};

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
let real: typeof setTimeout | undefined = hasTimers && !isFake(setTimeout) ? setTimeout : undefined;
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
  if (typeof setTimeout !== "function") {
    throw new Error(
      "Cannot set timer: the host must have setTimeout, got undefined; " +
        'give millrace a timer with replaceHost({ setTimer, clearTimer, now }) of "millrace/host"',
    );
  }
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

/** In Node a port keeps the process alive while it is referred to. */
type Port = MessagePort & { ref?(): void; unref?(): void };
let ports: { readonly from: Port; readonly to: Port } | null = null;
const jobs: (() => void)[] = [];

/**
 * Uses setImmediate if the host has it, as it lets timers and I/O run; otherwise a message port, which is not throttled; and
 * a timer where there is neither. There are hosts whose setImmediate throws, and audio worklets, which have only microtasks.
 */
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
  if (typeof MessageChannel === "function" && !inWorkers) byMessage(job);
  else if (typeof setTimeout === "function") setTimer(job, 0);
  else void settled.then(job);
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

function byMessage(job: () => void): void {
  ports ??= open();
  jobs.push(job);
  ports.to.ref?.();
  ports.from.postMessage(0);
}

function open(): { readonly from: Port; readonly to: Port } {
  const { port1: from, port2: to } = new MessageChannel() as { port1: Port; port2: Port };
  to.onmessage = () => {
    to.unref?.();
    for (const job of jobs.splice(0)) job();
  };
  from.unref?.();
  return { from, to };
}

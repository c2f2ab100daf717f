// Everything that millrace needs from its environment, in one object that can be replaced: the clock, one timer, microtasks,
// turns of the event loop, random numbers, and the reporting of failures. No other file touches these globals, but for
// scheduler/whole-host.ts, which changes this object where the code does not run in a bundle of a page.

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

/** Audio worklets have no timers. */
export const hasTimers: boolean = typeof setTimeout === "function";

/** The host that this code runs on. */
export const native: Host = /* @__PURE__ */ nativeHost();

function nativeHost(): Host {
  // A host without `using` lacks its symbols. They are made here, in the way that TypeScript's helpers expect.
  (Symbol as { dispose?: symbol }).dispose ??= Symbol.for("Symbol.dispose");
  (Symbol as { asyncDispose?: symbol }).asyncDispose ??= Symbol.for("Symbol.asyncDispose");
  if (typeof Symbol.asyncIterator !== "symbol") {
    throw new Error(
      "Cannot load millrace: the host must have Symbol.asyncIterator (ES2018), got undefined; define it before millrace is loaded",
    );
  }
  return {
    now,
    random: () => Math.random(),
    // Cheaper than queueMicrotask, which makes an asynchronous resource in Node at every call.
    microtask: (job) => void settled.then(job),
    turn,
    setTimer: (job, ms) => {
      assertTimers();
      return setTimeout(job, ms);
    },
    clearTimer: (timer) => clearTimeout(timer as number),
    unref: (timer) => (timer as { unref?(): void }).unref?.(),
    report(error) {
      // Every host reports an unhandled rejection, once.
      const rejection = Promise.reject(error);
      return () => void rejection.catch(() => {});
    },
    whenEmpty() {},
    // Where there are no timers, the code that waits for a time fails at once.
    perRequest: !hasTimers,
  };
}

/** The latest time, in a typed array, as numbers in it cost no allocation. */
const latest: Float64Array = /* @__PURE__ */ new Float64Array(1);

/** A clock that never goes back, even if it is a date. */
function now(): number {
  const time = (typeof performance === "object" ? performance : Date).now();
  if (time > latest[0]!) latest[0] = time;
  return latest[0]!;
}

export function assertTimers(): void {
  if (typeof setTimeout === "function") return;
  throw new Error(
    "Cannot set timer: the host must have setTimeout, got undefined; " +
      'give millrace a timer with replaceHost({ setTimer, clearTimer, now }) of "millrace/host"',
  );
}

/** In Node a port keeps the process alive while it is referred to. */
type Port = MessagePort & { ref?(): void; unref?(): void };
let ports: { readonly from: Port; readonly to: Port } | null = null;
const jobs: (() => void)[] = [];

/** Uses a message port, as it is not throttled; a timer where there is none. Audio worklets have only microtasks. */
export function turn(job: () => void): void {
  if (typeof MessageChannel === "function") byMessage(job);
  else if (hasTimers) native.setTimer(job, 0);
  else void settled.then(job);
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

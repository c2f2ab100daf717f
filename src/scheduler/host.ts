// Everything that millrace needs from its environment, in one object that can be replaced: the clock, one timer, microtasks,
// turns of the event loop, random numbers, and the reporting of failures. No other file touches these globals.

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
  /** Reports the failure of a task that no other code has joined. The function returned withdraws the report. */
  report(error: unknown): () => void;
  /** Calls a job each time the event loop has become empty. A host that cannot detect this never calls the job. */
  whenEmpty(job: () => void): void;
}

const settled: Promise<void> = /* @__PURE__ */ Promise.resolve();

// A host without `using` lacks its symbols. They are made here, in the way that TypeScript's helpers expect.
(Symbol as { dispose?: symbol }).dispose ??= Symbol.for("Symbol.dispose");
(Symbol as { asyncDispose?: symbol }).asyncDispose ??= Symbol.for("Symbol.asyncDispose");

/** The host that this code runs on. */
export const native: Host = {
  now: () => (typeof performance === "object" ? performance.now() : steadyDate()),
  random: () => Math.random(),
  // Cheaper than queueMicrotask, which makes an asynchronous resource in Node at every call.
  microtask: (job) => void settled.then(job),
  turn: (job) => turn(job),
  setTimer: (job, ms) => setTimeout(job, ms),
  clearTimer: (timer) => clearTimeout(timer as ReturnType<typeof setTimeout>),
  report(error) {
    // Every host reports an unhandled rejection, once.
    const rejection = Promise.reject(error);
    return () => void rejection.catch(() => {});
  },
  whenEmpty(job) {
    const { process } = globalThis as { process?: { on?: (event: string, job: () => void) => unknown } };
    if (typeof process?.on === "function") process.on("beforeExit", job);
  },
};

let latest = 0;

/** The clock of a host without `performance`: a date may go back, this does not. */
function steadyDate(): number {
  latest = Math.max(latest, Date.now());
  return latest;
}

/** In Node a port keeps the process alive while it is referred to. */
type Port = MessagePort & { ref?(): void; unref?(): void };
let ports: { readonly from: Port; readonly to: Port } | null = null;
const jobs: (() => void)[] = [];

/**
 * Uses setImmediate if the host has it, as it lets timers and I/O run; otherwise a message port, which is not throttled; and
 * a timer where there is neither. There are hosts whose setImmediate throws.
 */
function turn(job: () => void): void {
  if (typeof setImmediate === "function") {
    try {
      setImmediate(job);
      return;
    } catch {}
  }
  if (typeof MessageChannel === "function") byMessage(job);
  else setTimeout(job, 0);
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

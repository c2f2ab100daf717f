// All that millrace asks of the machine it runs on, in one object that can be replaced: the clock, one timer, microtasks,
// a turn of the event loop, chance, and where failures go. No other file touches these globals.

/** What the scheduler needs from its surroundings. */
export interface Host {
  /** Milliseconds on a clock that never goes back. */
  now(): number;
  /** A number in [0, 1), for choices left to chance. */
  random(): number;
  /** Runs a job before the host gets the thread back. */
  microtask(job: () => void): void;
  /** Runs a job after the host had the thread: timers, input, rendering. */
  turn(job: () => void): void;
  /** Runs a job after so many milliseconds; at most 2^31 - 1. */
  setTimer(job: () => void, ms: number): unknown;
  clearTimer(timer: unknown): void;
  /** Reports a failure that nobody joined; what it returns takes the report back, should somebody join after all. */
  report(error: unknown): () => void;
  /** Calls a job whenever the event loop has become empty; a host that cannot tell never calls it. */
  whenEmpty(job: () => void): void;
}

const settled: Promise<void> = /* @__PURE__ */ Promise.resolve();

// Where the host does not know `using` yet, its symbols are made here, as TypeScript's helpers expect them.
(Symbol as { dispose?: symbol }).dispose ??= Symbol.for("Symbol.dispose");
(Symbol as { asyncDispose?: symbol }).asyncDispose ??= Symbol.for("Symbol.asyncDispose");

/** The host that this code runs on. */
export const native: Host = {
  now: () => performance.now(),
  random: () => Math.random(),
  // Cheaper than queueMicrotask, which makes an asynchronous resource in Node at every call.
  microtask: (job) => void settled.then(job),
  turn: (job) => turn(job),
  setTimer: (job, ms) => setTimeout(job, ms),
  clearTimer: (timer) => clearTimeout(timer as ReturnType<typeof setTimeout>),
  report(error) {
    // A rejection that nobody handles is what every host already knows how to report, once.
    const rejection = Promise.reject(error);
    return () => void rejection.catch(() => {});
  },
  whenEmpty(job) {
    const { process } = globalThis as { process?: { on?: (event: string, job: () => void) => unknown } };
    if (typeof process?.on === "function") process.on("beforeExit", job);
  },
};

let port: MessagePort | null = null;
const jobs: (() => void)[] = [];

/** setImmediate where there is one: it lets timers and I/O in. Elsewhere a message to ourselves, which is not throttled. */
function turn(job: () => void): void {
  if (typeof setImmediate === "function") {
    setImmediate(job);
    return;
  }
  if (port === null) {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => {
      for (const job of jobs.splice(0)) job();
    };
    port = channel.port2;
  }
  jobs.push(job);
  port.postMessage(0);
}

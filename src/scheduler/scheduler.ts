// The run queue, and every decision that is left to order or to chance.
//
// Invariants. What is made ready first is resumed first. `awake` means that a turn is running or certain to come, so that every
// entry of `ready` is resumed. A turn ends when the queue is empty; or when the code that it resumed continues in a microtask,
// which must run before the next entry of the queue; or when the slice of time is used up. In the last case the host gets the
// thread, so that its timers, its input and its rendering keep their pace.

import { Bag } from "../structures/bag.js";
import { Ring } from "../structures/ring.js";
import { Alarms, type Timed } from "./alarms.js";
import { type Host, native } from "./host.js";
import type { Maker } from "./maker.js";
import { Path } from "./path.js";
import type { Contexts, Holder, Notices, Performer, Policy, Runnable, Seeker, Unowned } from "./roles.js";

/** Milliseconds after which the host gets the thread. */
const SLICE = 4;
/** Milliseconds between two reads of the clock: if there are more, the next read comes after fewer steps. */
const LONG = SLICE / 8;
/** The most entries that are resumed between two reads of the clock; fewer are resumed if each takes long. */
const STRIDE = 64;
/** What a step of plain code or of an async body counts in place of 1, as it takes that much longer. */
const OUTSIDE = 4;
/** The most checks of a clock that does not move before the host gets the thread: some hosts stop the clock while code runs. */
const STILL = 256;
/** The least and the most microtasks for which a turn is certain to come where turns are dropped with their requests. */
const CERTAIN = 16;
const MOST_CERTAIN = 4096;
/** The most entries that are resumed before microtasks run: promises, and the steps of async bodies. */
const STRETCH = 256;
/** The most operations in a row that complete at once before their task goes to the end of the run queue. */
export const STREAK = 64;
const UNKNOWN = -1;

/**
 * Counts cancelled async tasks. A test sets these numbers aside for others, so a task keeps those where it counts: it may end, or
 * be garbage, when others have taken their place.
 */
export interface Cancelled {
  /** Those that are not over, or whose present operation is unknown. */
  ending: number;
  /** Those that clean up. */
  cleaning: number;
}

/** Stands in the run queue behind the joiners of a task that has failed. */
class Failure implements Runnable {
  private readonly _failures: unknown[];
  private readonly _task: unknown;

  constructor(failures: unknown[], task: unknown) {
    this._failures = failures;
    this._task = task;
  }

  run(): boolean {
    this._failures.push(this._task);
    return false;
  }
}

export class Scheduler {
  host: Host;
  policy: Policy | null;
  /** The task whose code is running; null if it is unknown. */
  current: Performer | null;
  /** The operation at which the running task has just parked. */
  parked: unknown;
  /** The number of operations in a row that the running task has completed at once. */
  streak: number;
  root: Path;
  /** Makes channels, tasks, scopes and timeouts in place of the package's own code; null in production. */
  maker: Maker | null;
  /** The contexts of the host; null if the host has none, or if no code uses them. */
  contexts: Contexts | null;
  /** Gets what a program has probably not meant; null in production. */
  notices: Notices | null;
  /** Counts cancelled async tasks. */
  cancelled: Cancelled;
  /** Performances without a known task that parked since the last turn of the host. */
  private _young: Bag;
  /** What the code that runs now, whose task is unknown, has asked for its task; null for nothing. */
  seekers: Seeker[] | null;
  private _ready: Ring<Runnable>;
  /** Performances without a known task that were parked at the last turn of the host. */
  private _old: Bag;
  private _alarms: Alarms;
  /** The alarms that do not keep the process alive. */
  private _background: Alarms;
  private _failures: { report(): void }[];
  /** Jobs for the next turn of the host. */
  private _later: (() => void)[];
  /** What is asked again whether it is still held, when the tasks that are ready have had a turn. */
  private _unheld: Runnable[];
  private _turn: () => void;
  private _hostTurn: () => void;
  private readonly _ring: () => void;
  private readonly _ringOne: (alarm: Timed) => void;
  private readonly _at: (place: number) => Runnable;
  private _epoch: number;
  private _awake: boolean;
  private _hostTurnAsked: boolean;
  private _spent: boolean;
  private _sliceStart: number;
  private _checkedAt: number;
  private _untilCheck: number;
  private _stride: number;
  /** The number of checks in a row at which the clock had not moved. */
  private _still: number;
  /** The number of microtasks after which a turn is asked for again; grows with each that comes too soon. */
  private _certain: number;
  private _timersMoved: boolean;

  constructor(host: Host) {
    this.host = host;
    this.policy = null;
    this.current = null;
    this.parked = null;
    this.streak = 0;
    this.root = new Path(null, "", 0);
    this.maker = null;
    this.contexts = null;
    this.notices = null;
    this.cancelled = { ending: 0, cleaning: 0 };
    this._young = new Bag();
    this.seekers = null;
    this._ready = new Ring(1024);
    this._old = new Bag();
    this._alarms = new Alarms();
    this._background = new Alarms(true);
    this._failures = [];
    this._later = [];
    this._unheld = [];
    this._epoch = 0;
    [this._turn, this._hostTurn] = this._jobs();
    this._ring = () => this._atRoot(this._timeHasCome);
    this._ringOne = (alarm) =>
      this._atRoot(() => {
        this.call(() => alarm.fire());
        this._runAfterTimer();
      });
    this._at = (place) => this._ready.at(place);
    this._awake = this._hostTurnAsked = this._spent = this._timersMoved = false;
    this._sliceStart = UNKNOWN;
    this._checkedAt = this._still = 0;
    this._certain = CERTAIN;
    this._untilCheck = this._stride = 1;
  }

  /** Adds an entry at the end of the run queue. */
  schedule(runnable: Runnable): void {
    this._ready.push(runnable);
    if (!this._awake) this._wake();
  }

  /**
   * Resumes code that continues in a microtask. If the queue is empty, the microtask already is at the right place in the
   * order, so the entry does not pass through the queue.
   */
  resume(runnable: Runnable): void {
    if (this._awake || this.tired()) this.schedule(runnable);
    else runnable.run();
  }

  /** Counts one step outside the queue; returns true if the host must get the thread first. */
  tired(): boolean {
    if (this._spent) return true;
    return ((this._untilCheck -= OUTSIDE) <= 0 && this._overdue()) || this.policy?.preempt?.() === true;
  }

  /**
   * Called when the running task has used up the completions in a row that it was given. Returns whether it goes to the end of
   * the run queue: it has had all that there are, or the slice is used up. Otherwise it is given more, and the fewer the longer
   * each takes.
   */
  exhausted(): boolean {
    const { current, _checkedAt: before, _still: still } = this;
    if (this.policy !== null || current?.paced === undefined) return true;
    const spent = this._overdue();
    // Only entries of the queue count on a clock that stands still.
    if (this._checkedAt === before) this._still = still;
    if (spent) this._untilCheck = 1;
    return current.paced(this._checkedAt - before < LONG) || spent;
  }

  /** Chooses a number from 0 to n - 1. */
  chance(n: number): number {
    return this.policy === null ? Math.floor(this.host.random() * n) : this.policy.choose(n);
  }

  /** The path of the task that is running; the root path if the task is unknown. */
  creator(): Path {
    return this.current === null ? this.root : this.current.path();
  }

  /** Asks which task runs now. The next performance in an async body answers; in plain code there is no task. */
  seek(seeker: Seeker): void {
    if (this.seekers === null) {
      const asked: Seeker[] = [];
      this.seekers = asked;
      this.host.microtask(() => {
        if (this.seekers === asked) this.answerSeekers(null);
      });
    }
    this.seekers.push(seeker);
  }

  /** Answers seekers with the task that runs; null if there is none. */
  answerSeekers(task: Holder | null): void {
    const { seekers } = this;
    if (seekers === null) return;
    this.seekers = null;
    for (const seeker of seekers) seeker.foundIn(task);
  }

  addAlarm(alarm: Timed): void {
    const { host } = this;
    const alarms = alarm.background === true ? this._background : this._alarms;
    if (host.perRequest === true || host.losesTimers?.() === true) alarms.addOwn(alarm, host, this._ringOne);
    else if (alarms.add(alarm)) this._moveTimers();
  }

  removeAlarm(alarm: Timed): void {
    const { host } = this;
    if (alarm.alarms?.remove(alarm, host) === true && host.perRequest !== true) this._moveTimers();
  }

  /** Runs an entry once the tasks that are ready now have had a turn, and if possible when the queue is empty. */
  whenQuiet(unheld: Runnable): void {
    this._unheld.push(unheld);
    if (!this._awake) this._wake();
  }

  /**
   * Notes a task that has failed. The failure is reported when the queue is empty, or at the next turn of the host, unless the
   * task has been joined by then. If it has `joiners`, which have been made ready, they have their turn first.
   */
  failed(task: { report(): void }, joiners: boolean): void {
    if (joiners && this.policy === null) {
      this._ready.push(new Failure(this._failures, task));
    } else this._failures.push(task);
    if (!this._awake) this._wake();
  }

  /**
   * Reports an exception that belongs to no operation and no task, as the host reports an unhandled rejection. The function
   * returned withdraws the report.
   */
  report(error: unknown): () => void {
    try {
      return this.host.report(error);
    } catch {
      return native.report(error);
    }
  }

  /**
   * Calls a function of the user inside a step of other code. An exception of the function is reported to the host, so that
   * the step goes on.
   */
  call<A extends unknown[]>(callback: ((...args: A) => unknown) | undefined, ...args: A): void {
    try {
      callback?.(...args);
    } catch (error) {
      this.report(error);
    }
  }

  /** Asks for a turn of the host, after which timers are set, old performances settle, and the idle maker is called. */
  askHostTurn(): void {
    if (this._hostTurnAsked) return;
    const perRequest = this.host.perRequest === true;
    if (!perRequest) this._sliceStart = UNKNOWN;
    this.host.turn(this._hostTurn);
    // Set only now: if the host throws, the next call asks again.
    this._hostTurnAsked = true;
    if (!perRequest) return;
    this._forgetTurn(this._certain);
    this._certain = Math.min(this._certain * 2, MOST_CERTAIN);
  }

  /** The request that has asked for a turn may be over before the turn comes. Microtasks run before another request does. */
  private _forgetTurn(after: number): void {
    this.host.microtask(() => {
      if (after > 0) this._forgetTurn(after - 1);
      else this._hostTurnAsked = false;
    });
  }

  /** Notes a performance without a known task that has parked. */
  note(performance: Unowned): void {
    this._young.add(performance);
    if (!this._hostTurnAsked) this.askHostTurn();
  }

  /** Runs a job at the next turn of the host. All such jobs share one turn: a page that posts many messages gets no timers. */
  nextTurn(job: () => void): void {
    this._later.push(job);
    this.askHostTurn();
  }

  /** Makes every performance without a known task settle now: in an async body it yields out to its driver. */
  identifyAll(): void {
    this._settleOld();
    this._age();
    this._settleOld();
  }

  /** Replaces the host, and returns the previous one. Alarms move to the new host. */
  replaceHost(host: Host): Host {
    const before = this.host;
    this._alarms.disarm(before);
    this._background.disarm(before);
    this.host = host;
    this.wakeOn();
    return before;
  }

  /** @internal Repeats on a new host all requests that are pending on the previous one. */
  wakeOn(): void {
    [this._turn, this._hostTurn] = this._jobs();
    this._hostTurnAsked = this._awake = this._spent = false;
    this._sliceStart = UNKNOWN;
    this._untilCheck = this._stride = 1;
    this._still = 0;
    this._timersMoved = true;
    this.askHostTurn();
    if (this._ready.length > 0) this._wake();
  }

  /** Fires all alarms that are due by the host's clock, then runs the queue until it is empty. */
  flush(): void {
    if (this.current !== null) throw new TypeError("Cannot flush: it must be called outside of all go blocks");
    this._fire();
    do this._runTurn();
    while (this._ready.length > 0);
  }

  /** Makes the jobs that the host is asked to run. Jobs that a previous host still runs do nothing. */
  private _jobs(): [turn: () => void, hostTurn: () => void] {
    const epoch = ++this._epoch;
    return [
      () => epoch === this._epoch && this._atRoot(this._runTurn),
      () => epoch === this._epoch && this._atRoot(this._runHostTurn),
    ];
  }

  /** Runs a job outside the context of the code that asked the host for it. */
  private _atRoot(job: () => void): void {
    if (this.contexts === null) job.call(this);
    else this.contexts.root.runInAsyncScope(job, this);
  }

  private _wake(): void {
    this._awake = true;
    // If the slice is used up, the requested turn of the host continues with the queue.
    if (!this._spent) this.host.microtask(this._turn);
  }

  private _runTurn(): void {
    let over = false;
    this._awake = true;
    try {
      this._runReady();
      over = true;
    } finally {
      // An exception leaves the turn, and the rest of the queue gets a turn of its own.
      if (!over) {
        this.current = this.parked = null;
        this.host.microtask(this._turn);
      }
    }
  }

  private _runReady(): void {
    const ready = this._ready;
    let left = STRETCH;
    let second = false;
    this.answerSeekers(null);
    while (ready.length > 0) {
      const next = this.policy === null ? ready.shift() : ready.take(this.policy.next(ready.length, this._at));
      this.streak = this.policy?.preempt?.() ? STREAK : 0;
      const elsewhere = this.contexts === null ? next.run() : this.contexts.run(next);
      this._untilCheck -= elsewhere ? OUTSIDE : 1;
      if (this._untilCheck <= 0 && this._overdue()) {
        this.current = null;
        return;
      }
      // If the queue is empty, the microtask is its last entry, and everything that it makes ready comes after it anyway.
      // The two sides of a hand-over keep their order without a turn for each. More of them would leave the slice to chance.
      if (elsewhere && next.quiet === true && !second && ready.length > 0 && this.policy === null) {
        second = ready.at(0).quiet === true;
        if (second) continue;
      }
      second = false;
      if ((elsewhere || --left === 0) && (ready.length > 0 || this._failures.length > 0)) {
        this.current = null;
        this.host.microtask(this._turn);
        return;
      }
    }
    this.current = null;
    this._awake = false;
    this._quiet();
  }

  /** Called when the queue is empty: reports failures and sets the timer. */
  private _quiet(): void {
    if (this._unheld.length > 0) for (const unheld of this._unheld.splice(0)) unheld.run();
    this._reportFailures();
    if (this._timersMoved) this._arm();
    if (this.maker?.watchful === true) this.askHostTurn();
  }

  private _reportFailures(): void {
    if (this._failures.length > 0) for (const task of this._failures.splice(0)) task.report();
  }

  /**
   * Sets the queue aside for a turn of this request, where turns are dropped with their requests: another request neither runs
   * these entries nor waits for the turn. Microtasks of this request come first.
   */
  private _setAside(after: number): void {
    this.host.microtask(() => {
      if (after > 0) {
        this._setAside(after - 1);
        return;
      }
      const rest = this._ready;
      this._ready = new Ring(64);
      this._startSlice();
      if (rest.length === 0) return;
      this.host.turn(() => {
        this._startSlice();
        while (rest.length > 0) this._ready.push(rest.shift());
        this._runTurn();
      });
    });
  }

  private _startSlice(): void {
    this._spent = this._awake = false;
    this._sliceStart = UNKNOWN;
    this._still = 0;
  }

  private _runHostTurn(): void {
    this._hostTurnAsked = this._spent = false;
    this._still = 0;
    this._certain = CERTAIN;
    // What ran before says nothing about what runs now.
    this._untilCheck = this._stride = 1;
    if (this.host.perRequest === true) this._startSlice();
    if (this._timersMoved) this._arm();
    if (this._later.length > 0) for (const job of this._later.splice(0)) job();
    if (this._awake) for (const unheld of this._unheld.splice(0)) this.schedule(unheld);
    const settling = !this._old.empty;
    this._settleOld();
    this._age();
    if (settling || !this._old.empty) this.askHostTurn();
    // While the queue is never empty, failures are reported here.
    this._reportFailures();
    if (this._awake) {
      this._runTurn();
      return;
    }
    if (!this._hostTurnAsked) this.maker?.idle();
  }

  /** Settles performances that were parked at the last turn of the host and still are. They are few: hand-overs are faster. */
  private _settleOld(): void {
    for (const entry of this._old.takeAll()) (entry as Unowned).settleDown();
  }

  /** What was young is old. */
  private _age(): void {
    [this._young, this._old] = [this._old, this._young];
  }

  /** Reads the clock; returns true if the slice is used up. A turn of the host is then requested. */
  private _overdue(): boolean {
    const now = this.host.now();
    const perCheck = now - this._checkedAt;
    this._still = perCheck === 0 ? this._still + 1 : 0;
    this._checkedAt = now;
    this.askHostTurn();
    if (this._sliceStart === UNKNOWN) this._sliceStart = now;
    // How long steps take is known only when some time has passed: all of them may have been quick so far. Some clocks stand still.
    const most = now - this._sliceStart > LONG / 2 || this._still > STILL / 16 ? STRIDE : 2;
    this._stride =
      perCheck > LONG ? Math.max(1, Math.floor((this._stride * LONG) / perCheck)) : Math.min(most, this._stride * 2);
    this._untilCheck = this._stride;
    this._spent = now - this._sliceStart > SLICE || this._still > STILL;
    if (this._spent && this.host.perRequest === true) this._setAside(CERTAIN);
    return this._spent;
  }

  /** Notes that the first alarm has changed. Alarms change often, so the timer is set only when the queue is empty. */
  private _moveTimers(): void {
    if (this._timersMoved) return;
    this._timersMoved = true;
    if (!this._awake) this.askHostTurn();
  }

  private _timeHasCome(): void {
    this._fire();
    this._timersMoved = true;
    this._runAfterTimer();
  }

  private _runAfterTimer(): void {
    // If the slice is used up, the requested turn of the host continues in the order of the queue.
    if (!this._spent) this._runTurn();
  }

  private _fire(): void {
    for (const alarms of [this._alarms, this._background]) alarms.fire(this.host, (error) => this.report(error));
  }

  private _arm(): void {
    this._timersMoved = false;
    for (const alarms of [this._alarms, this._background]) alarms.arm(this.host, this._ring, this._ringOne);
  }
}

/** The version of the state that two copies of millrace share; raised with every change of its shape. */
const PROTOCOL = 1;
const KEY = Symbol.for("millrace.scheduler");

/** Returns the one scheduler of the process, however often the package is loaded: two run queues could not keep one order. */
function shared(): Scheduler {
  const registry = globalThis as { [KEY]?: { protocol: number; scheduler: Scheduler } };
  const entry = (registry[KEY] ??= { protocol: PROTOCOL, scheduler: new Scheduler(native) });
  if (entry.protocol === PROTOCOL) return entry.scheduler;
  throw new Error(
    `Cannot load millrace: all copies in a process must use protocol ${entry.protocol}, got ${PROTOCOL}; ` +
      "install a single version of millrace",
  );
}

export const scheduler: Scheduler = /* @__PURE__ */ shared();

/**
 * Returns a random number from the host, which a test can replace. A run of a program that uses it, and not `Math.random`,
 * can be repeated.
 *
 * Never parks. `simulate` draws the number from its seed.
 *
 * @returns A number of at least 0 and below 1.
 * @example
 * ```ts
 * import { random } from "millrace";
 * import { replaceHost } from "millrace/host";
 *
 * using _ = replaceHost({ random: () => 0.25 });
 * console.log(random()); // 0.25
 * ```
 */
export function random(): number {
  return scheduler.host.random();
}

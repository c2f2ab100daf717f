// The run queue, and everything that is left to order or to chance.
//
// Invariants. What was made ready first is resumed first. `awake` means that a turn is running or is certain to come, so
// that nothing put into `ready` is ever stranded. A turn ends when the queue is empty, when what it resumed goes on in a
// microtask (which then must run before the next in the queue), or when the slice of time is used up: then the host gets
// the thread, and its timers, its input and its rendering keep their pace.

import { List, move } from "../structures/list.js";
import { Ring } from "../structures/ring.js";
import { Alarms, type Timed } from "./alarms.js";
import { type Host, native } from "./host.js";
import type { Maker } from "./maker.js";
import { Path } from "./path.js";
import type { Doer, Policy, Runnable, Stranger } from "./roles.js";

/** Milliseconds after which the host gets the thread. */
const SLICE = 4;
/** At most so many tasks are resumed between two looks at the clock; fewer where each takes long. */
const STRIDE = 64;
/** At most so many are resumed in a stretch, then microtasks have their turn: promises, and what async bodies do. */
const STRETCH = 256;
/** Operations in a row that may complete at once before their task takes its turn in the queue. */
export const STREAK = 64;
const UNKNOWN = -1;

export class Scheduler {
  host: Host;
  policy: Policy | null;
  /** The task whose code is running, if that is known. */
  current: Doer | null;
  /** What the running task has just parked at. */
  parked: unknown;
  /** Completions in a row of the task that is running. */
  streak: number;
  root: Path;
  /** Makes channels, tasks, scopes and timeouts in place of the package's own code; null in production. */
  maker: Maker | null;
  /** Async tasks that are to end but have not come to a point where they can. */
  ending: number;
  young: List;
  private _ready: Ring<Runnable>;
  private _old: List;
  private _alarms: Alarms;
  private _failures: { report(): void }[];
  private _turn: () => void;
  private _hostTurn: () => void;
  private readonly _ring: () => void;
  private readonly _at: (place: number) => Runnable;
  private _epoch: number;
  private _awake: boolean;
  private _hostTurnAsked: boolean;
  private _spent: boolean;
  private _sliceStart: number;
  private _checkedAt: number;
  private _untilCheck: number;
  private _stride: number;
  private _timersMoved: boolean;

  constructor(host: Host) {
    this.host = host;
    this.policy = null;
    this.current = null;
    this.parked = null;
    this.streak = 0;
    this.root = new Path(null, "", 0);
    this.maker = null;
    this.ending = 0;
    this.young = new List();
    this._ready = new Ring(1024);
    this._old = new List();
    this._alarms = new Alarms();
    this._failures = [];
    this._epoch = 0;
    [this._turn, this._hostTurn] = this._jobs();
    this._ring = () => this._timeHasCome();
    this._at = (place) => this._ready.at(place);
    this._awake = this._hostTurnAsked = this._spent = this._timersMoved = false;
    this._sliceStart = UNKNOWN;
    this._checkedAt = 0;
    this._untilCheck = this._stride = STRIDE;
  }

  /** Puts something at the end of the run queue. */
  schedule(runnable: Runnable): void {
    this._ready.push(runnable);
    if (!this._awake) this._wake();
  }

  /**
   * Resumes what goes on in a microtask. With nothing in the queue that microtask is its place in the order already, so
   * it need not pass through the queue.
   */
  resume(runnable: Runnable): void {
    if (this._awake || this.tired()) this.schedule(runnable);
    else runnable.run();
  }

  /** Counts one step outside the queue; true when the host must have the thread first. */
  tired(): boolean {
    return this._spent || (--this._untilCheck <= 0 && this._overdue()) || this.policy?.preempt?.() === true;
  }

  /** A number from 0 to n - 1. */
  chance(n: number): number {
    return this.policy === null ? Math.floor(this.host.random() * n) : this.policy.choose(n);
  }

  /** Puts a maker in front of those that are there. */
  install(maker: Maker): void {
    maker.outer = this.maker;
    this.maker = maker;
  }

  /** Takes a maker out of the chain. */
  uninstall(maker: Maker): void {
    if (this.maker === maker) this.maker = maker.outer;
    for (let at = this.maker; at !== null; at = at.outer) if (at.outer === maker) at.outer = maker.outer;
  }

  /** The newest maker that passes a test. */
  findMaker<M extends Maker>(test: (maker: Maker) => maker is M): M | null {
    for (let at = this.maker; at !== null; at = at.outer) if (test(at)) return at;
    return null;
  }

  /** The task that creates something here, as a path. */
  creator(): Path {
    return this.current === null ? this.root : this.current.path();
  }

  addAlarm(alarm: Timed): void {
    if (this._alarms.add(alarm)) this._moveTimers();
  }

  removeAlarm(alarm: Timed): void {
    if (this._alarms.remove(alarm)) this._moveTimers();
  }

  /** A task failed and nobody has joined it yet: whoever does so before the queue is empty comes in time. */
  failed(task: { report(): void }): void {
    this._failures.push(task);
    if (!this._awake) this._wake();
  }

  /** Asks for a turn of the host, after which everything that waited for a quiet moment is seen to. */
  askHostTurn(): void {
    if (this._hostTurnAsked) return;
    this._hostTurnAsked = true;
    this._sliceStart = UNKNOWN;
    this.host.turn(this._hostTurn);
  }

  /** Has every stranger make itself known now. */
  identifyAll(): void {
    move(this.young, this._old);
    this._settleOld();
  }

  /** Replaces the host, and returns the one that was there. Timers are taken along. */
  replaceHost(host: Host): Host {
    const before = this.host;
    this._alarms.disarm(before);
    this.host = host;
    this.wakeOn();
    return before;
  }

  /** @internal Asks another host for what had been asked of the one before. */
  wakeOn(): void {
    [this._turn, this._hostTurn] = this._jobs();
    this._hostTurnAsked = this._awake = this._spent = false;
    this._sliceStart = UNKNOWN;
    this._untilCheck = this._stride = STRIDE;
    this._timersMoved = true;
    this.askHostTurn();
    if (this._ready.length > 0) this._wake();
  }

  /** Runs what is due by the clock of the host, and everything that follows from it, up to a quiet moment. */
  flush(): void {
    this._alarms.fire(this.host);
    do this._runTurn();
    while (this._ready.length > 0);
  }

  /** What a host is asked to run. Jobs that another host was asked for before do nothing when they come. */
  private _jobs(): [turn: () => void, hostTurn: () => void] {
    const epoch = ++this._epoch;
    return [() => epoch === this._epoch && this._runTurn(), () => epoch === this._epoch && this._runHostTurn()];
  }

  private _wake(): void {
    this._awake = true;
    // With the slice spent, the turn of the host that has been asked for goes on from here.
    if (!this._spent) this.host.microtask(this._turn);
  }

  private _runTurn(): void {
    const ready = this._ready;
    let left = STRETCH;
    this._awake = true;
    while (ready.length > 0) {
      const next = this.policy === null ? ready.shift() : ready.take(this.policy.next(ready.length, this._at));
      this.streak = this.policy?.preempt?.() ? STREAK : 0;
      const elsewhere = next.run();
      if (--this._untilCheck <= 0 && this._overdue()) {
        this.current = null;
        return;
      }
      // With nothing behind it the microtask is the end of the queue, and whatever it makes ready comes after it anyway.
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

  /** The queue is empty. */
  private _quiet(): void {
    if (this._failures.length > 0) for (const task of this._failures.splice(0)) task.report();
    if (this._timersMoved) this._arm();
    if (this.maker?.watchful === true) this.askHostTurn();
  }

  private _runHostTurn(): void {
    this._hostTurnAsked = this._spent = false;
    if (this._timersMoved) this._arm();
    const settling = !this._old.empty;
    this._settleOld();
    move(this.young, this._old);
    if (settling || !this._old.empty) this.askHostTurn();
    if (this._awake) {
      this._runTurn();
      return;
    }
    this._ready.trim();
    if (!this._hostTurnAsked) this.maker?.idle();
  }

  /** Those that were parked at the last turn of the host and still are: few, as a hand-over takes less than a slice. */
  private _settleOld(): void {
    for (let link = this._old.after; link !== this._old; link = this._old.after) {
      (link as unknown as Stranger).settleDown();
    }
  }

  /** Looks at the clock: true when the slice is used up, and then a turn of the host is on its way. */
  private _overdue(): boolean {
    const now = this.host.now();
    const perCheck = now - this._checkedAt;
    this._stride = perCheck > SLICE / 8 ? Math.max(1, this._stride >> 1) : Math.min(STRIDE, this._stride * 2);
    this._untilCheck = this._stride;
    this._checkedAt = now;
    this.askHostTurn();
    if (this._sliceStart === UNKNOWN) this._sliceStart = now;
    this._spent = now - this._sliceStart > SLICE;
    return this._spent;
  }

  // Alarms come and go with every select that has a timeout, so the host's timer is only set anew at a quiet moment.
  private _moveTimers(): void {
    if (this._timersMoved) return;
    this._timersMoved = true;
    if (!this._awake) this.askHostTurn();
  }

  private _timeHasCome(): void {
    this._alarms.fire(this.host);
    this._timersMoved = true;
    // With the slice spent a turn of the host is on its way, and goes on in the order of the queue.
    if (!this._spent) this._runTurn();
  }

  private _arm(): void {
    this._timersMoved = false;
    this._alarms.arm(this.host, this._ring);
  }
}

/** Raised whenever what two copies of millrace share changes its shape. */
const PROTOCOL = 1;
const KEY = Symbol.for("millrace.scheduler");

/** One scheduler in a process, however often the package is loaded: two run queues could not keep one order. */
function shared(): Scheduler {
  const registry = globalThis as { [KEY]?: { protocol: number; scheduler: Scheduler } };
  const entry = (registry[KEY] ??= { protocol: PROTOCOL, scheduler: new Scheduler(native) });
  if (entry.protocol === PROTOCOL) return entry.scheduler;
  throw new Error(
    `Cannot load millrace: another copy in this process speaks protocol ${entry.protocol}, this one ${PROTOCOL}; ` +
      "install one version of millrace for all that depend on it",
  );
}

export const scheduler: Scheduler = /* @__PURE__ */ shared();

/**
 * A number in [0, 1) from the host's source of chance, which a test can replace: a program that draws from it, and not from
 * `Math.random`, does the same thing again.
 *
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

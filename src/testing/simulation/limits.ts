// The limits of an exploration, and the turns of the host during it. States, events and schedules are counted, so a verdict is
// the same on every machine. Only a limit of time and a signal, which the caller asks for, depend on the clock.
//
// An exploration keeps the thread. So that timers, input and signals of the process are served meanwhile, it stops where it
// stands every now and then, and continues after a turn of the host.

import { native } from "../../scheduler/host.js";
import type { Isolation } from "./isolate.js";

/** The options of `verify` that limit the exploration. */
export interface LimitOptions {
  readonly maxStates?: number;
  readonly maxEvents?: number;
  readonly maxMs?: number;
  readonly signal?: AbortSignal;
}

/** Milliseconds after which the host gets a turn. */
const TURN_EACH = 25;
/** The most checks between two looks at the clock. */
const MOST_CHECKS = 64;
/** Milliseconds between two looks at the clock, at the most: fewer checks lie between them if a check takes longer. */
const LONGEST = 5;

/** The clock of the host as it is now. While a program runs, the functions that it could ask for the time are replaced. */
function presentClock(): () => number {
  if (typeof performance !== "object") return Date.now;
  const { now } = performance;
  return () => now.call(performance);
}

export class Limits {
  private readonly _now: () => number;
  readonly maxStates: number;
  readonly maxEvents: number;
  private readonly _options: LimitOptions;
  private readonly _maxMs: number;
  private readonly _signal: AbortSignal | undefined;
  private readonly _start: number;
  private _read: number;
  private _turn: number;
  /** Checks until the clock is read again, and how many lie between two looks. */
  private _left: number;
  private _checks: number;
  private _due: boolean;
  private _late: boolean;
  /** The limit on what is counted that was reached last, in words. */
  private _counted: string;

  /**
   * @param defaults - Limits that hold if no limit is given.
   * @param start - When the exploration has begun.
   */
  constructor(
    options: LimitOptions,
    defaults: Pick<LimitOptions, "maxStates" | "maxEvents">,
    now: () => number = presentClock(),
    start: number = now(),
  ) {
    this._now = now;
    const { maxStates = Infinity, maxEvents = Infinity, maxMs, signal } = { ...defaults, ...options };
    this.maxStates = maxStates;
    this.maxEvents = maxEvents;
    this._options = options;
    this._maxMs = maxMs ?? Infinity;
    this._signal = signal;
    this._start = this._read = this._turn = start;
    this._left = this._checks = 1;
    this._due = false;
    this._late = signal?.aborted === true;
    this._counted = "";
  }

  /** Limits on what is counted only: the work never stops for the host. */
  static counted(options: Pick<LimitOptions, "maxStates" | "maxEvents">): Limits {
    return new Limits(options, {}, () => 0);
  }

  /** The same limits, with other defaults. */
  withDefaults(defaults: Pick<LimitOptions, "maxStates" | "maxEvents">): Limits {
    return new Limits(this._options, defaults, this._now, this._start);
  }

  /** Milliseconds since the start. */
  get ms(): number {
    return this._now() - this._start;
  }

  /** Whether the time is over, or the caller has aborted: the verdict is `bounded`. */
  get late(): boolean {
    return this._late;
  }

  /** Called after each piece of work. Returns true if the work must stop: it is late, or the host is due for a turn. */
  stops(): boolean {
    if (--this._left <= 0) this._look();
    return this._due || this._late;
  }

  /** Gives the host a turn if it is due, outside of the isolation in which the program is explored. */
  async rest(isolation: Isolation | null): Promise<void> {
    if (!this.stops() || this._late) return;
    const turn = (): Promise<void> => new Promise((resolve) => native.turn(resolve));
    await (isolation === null ? turn() : isolation.apart(turn));
    this._due = false;
    this._turn = this._now();
    this._late ||= this._signal?.aborted === true;
  }

  private _look(): void {
    const now = this._now();
    const took = now - this._read;
    this._checks = took > LONGEST ? Math.max(1, this._checks >> 1) : Math.min(MOST_CHECKS, this._checks * 2);
    this._left = this._checks;
    this._read = now;
    this._due = now - this._turn > TURN_EACH;
    this._late ||= now - this._start > this._maxMs;
  }

  /** The limit that was reached, in words. */
  get reached(): string {
    if (this._signal?.aborted === true) return "its signal was aborted";
    return this._late ? `it reached maxMs, ${this._maxMs} ms` : this._counted;
  }

  /** Whether so many states, or runs, or so many events are more than there may be. */
  exceeded(count: number, events: number, what: "states" | "runs"): boolean {
    if (count <= this.maxStates && events <= this.maxEvents) return false;
    this._counted =
      count > this.maxStates
        ? `it reached maxStates, ${this.maxStates} ${what}`
        : `it reached maxEvents, ${this.maxEvents} events`;
    return true;
  }
}

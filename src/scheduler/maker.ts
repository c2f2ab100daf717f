// The one seam of the package. Code that observes, explores or simulates a program installs a maker. The scheduler then asks
// the maker for every channel, task, scope, timeout and plain `await`. In production there is no maker (`scheduler.maker` is
// null) and the package makes its own objects. The package has no other hook.
//
// Makers form a chain. The newest maker is asked first. A maker passes a request that it does not replace to its outer maker,
// and the last maker calls `make`, which makes the package's own object.

import type { Path } from "./path.js";
import type { Performer } from "./roles.js";

/** The place of a new task: the path of its parent, and the closed program that it belongs to, if the program is known. */
export interface Parent {
  readonly path: Path;
  readonly program: unknown;
}

/** Makes a task. */
export type MakeTask = (body: never, args: never, parent: Parent | null) => unknown;

/** Makes a channel. `type` replaces the usual class, if it is given and the channel has no transform. */
export type MakeChannel = (buffer: never, options: never, type?: never) => unknown;

/** Makes a channel that closes after `ms` milliseconds. */
export type MakeTimeout = (ms: number) => unknown;

/**
 * The permits of a lock, which a maker keeps in place of the lock. `lease` makes the lease of permits that were granted. A count
 * that tasks wait for is so many permits less than none: to wait is to request none.
 */
export interface KeptPermits {
  readonly available: number;
  /** Returns the operation that requests permits. */
  acquire(n: number, priority: number, verb: string, lease: () => object | undefined): unknown;
  /** Takes permits without parking; returns undefined if that is not possible. */
  tryAcquire(n: number, verb: string, lease: () => object): object | undefined;
  /** Gives back permits; of fewer than none, takes some. Of a count that began above zero no more than that are given back. */
  release(n: number): void;
  /** Called before a lease is used. */
  uses(lease: object): void;
}

/** Makes the objects that a program creates, in place of the package's own code. */
export interface Maker {
  /** The next maker of the chain; null for the last one. */
  outer: Maker | null;
  /** Returns the line on which a task is started, see `callSite`; null if `start` needs none. */
  readonly callSite: (() => string | undefined) | null;
  /** Whether `idle` is to be called each time the run queue is empty. */
  readonly watchful: boolean;
  channel(buffer: unknown, options: unknown, make: MakeChannel): unknown;
  promiseChannel(make: () => unknown): unknown;
  /** Starts a task. `site` is what `callSite` has returned to the code that starts the task. */
  start(body: unknown, args: unknown, parent: Parent | null, site: string | undefined, make: MakeTask): unknown;
  scope(body: unknown, options: unknown, make: () => unknown): unknown;
  timeout(ms: number, make: MakeTimeout): unknown;
  /** Keeps the permits of a lock, which may have a name; null if the lock is to keep them. */
  permits(kind: string, name: string | undefined, total: number): KeptPermits | null;
  now(make: () => number): number;
  /**
   * Returns an operation that yields a random share, at least 0 and below 1, of a time to wait, where a few shares stand for all;
   * null where a random number is drawn as usual.
   */
  chance(): unknown;
  /** Whether `perform` takes the place of the package's own code. */
  readonly performs: boolean;
  /** Called with each performance of plain code that is still parked after a turn of the host. */
  waits(performance: unknown): void;
  /** Performs an operation that plain code awaits. `make` returns a promise that resolves once the operation has completed. */
  perform(operation: unknown, make: (operation: never) => Promise<void>): Promise<void>;
  /**
   * Called when an operation parks without a task, as `upon` does, in the task `current` or in plain code. The function
   * returned is called once the operation no longer waits.
   */
  hold(operation: unknown, current: Performer | null): (() => void) | null;
  /** Makes what a combinator makes of its parts; undefined if the combinator is to do so. */
  combinator(name: string, parts: unknown): unknown;
  /** Called where tasks that a combinator starts share variables of their own, besides channels. */
  shares(what: string): void;
  /** Called when the run queue is empty, while `watchful` is true. */
  idle(): void;
}

/** A maker that passes every request to its outer maker; subclasses override methods. */
export class Layer implements Maker {
  outer: Maker | null;

  constructor() {
    this.outer = null;
  }

  get callSite(): (() => string | undefined) | null {
    return this.outer === null ? null : this.outer.callSite;
  }

  get watchful(): boolean {
    return this.outer?.watchful === true;
  }

  get performs(): boolean {
    return this.outer?.performs === true;
  }

  waits(performance: unknown): void {
    this.outer?.waits(performance);
  }

  channel(buffer: unknown, options: unknown, make: MakeChannel): unknown {
    const { outer } = this;
    return outer === null ? make(buffer as never, options as never) : outer.channel(buffer, options, make);
  }

  promiseChannel(make: () => unknown): unknown {
    return this.outer === null ? make() : this.outer.promiseChannel(make);
  }

  start(body: unknown, args: unknown, parent: Parent | null, site: string | undefined, make: MakeTask): unknown {
    const { outer } = this;
    return outer === null ? make(body as never, args as never, parent) : outer.start(body, args, parent, site, make);
  }

  scope(body: unknown, options: unknown, make: () => unknown): unknown {
    return this.outer === null ? make() : this.outer.scope(body, options, make);
  }

  timeout(ms: number, make: MakeTimeout): unknown {
    return this.outer === null ? make(ms) : this.outer.timeout(ms, make);
  }

  permits(kind: string, name: string | undefined, total: number): KeptPermits | null {
    return this.outer === null ? null : this.outer.permits(kind, name, total);
  }

  now(make: () => number): number {
    return this.outer === null ? make() : this.outer.now(make);
  }

  chance(): unknown {
    return this.outer === null ? null : this.outer.chance();
  }

  perform(operation: unknown, make: (operation: never) => Promise<void>): Promise<void> {
    return this.outer === null ? make(operation as never) : this.outer.perform(operation, make);
  }

  hold(operation: unknown, current: Performer | null): (() => void) | null {
    return this.outer === null ? null : this.outer.hold(operation, current);
  }

  combinator(name: string, parts: unknown): unknown {
    return this.outer?.combinator(name, parts);
  }

  shares(what: string): void {
    this.outer?.shares(what);
  }

  idle(): void {
    this.outer?.idle();
  }
}

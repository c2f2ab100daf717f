// The one seam of the package. What observes, explores or simulates a program does so by a maker: the scheduler asks it for
// every channel, task, scope, timeout and plain `await`, where otherwise the package makes its own. In production there is
// none (`scheduler.maker` is null), and nothing else in the package asks whether it is observed.
//
// Makers form a chain. The newest is asked first; what it does not replace it passes on to the maker outside it, and the
// last one calls `make`, which makes the real thing.

import type { Path } from "./path.js";
import type { Doer } from "./roles.js";

/** The place of a new task: the path of its parent, and the closed program that it belongs to, if that is known. */
export interface Parent {
  readonly path: Path;
  readonly program: unknown;
}

/** Makes a task. */
export type MakeTask = (body: never, args: never, parent: Parent | null) => unknown;

/** Makes a channel: of a class in place of the usual one, if it is given one and the channel has no transform. */
export type MakeChannel = (buffer: never, options: never, type?: never) => unknown;

/** Makes a channel that closes after so many milliseconds. */
export type MakeTimeout = (ms: number) => unknown;

/** Makes what a program creates, in place of the package's own code. */
export interface Maker {
  /** The maker that is asked next; null for the last one. */
  outer: Maker | null;
  /** Whether `start` wants to know where each task was started. */
  readonly tracing: boolean;
  /** Whether `idle` is to be called each time that nothing is left to run. */
  readonly watchful: boolean;
  channel(buffer: unknown, options: unknown, make: MakeChannel): unknown;
  promiseChannel(make: () => unknown): unknown;
  /** `site` is the line of the stack that started it, while `tracing` is true. */
  start(body: unknown, args: unknown, parent: Parent | null, site: string | undefined, make: MakeTask): unknown;
  scope(body: unknown, options: unknown, make: () => unknown): unknown;
  timeout(ms: number, make: MakeTimeout): unknown;
  now(make: () => number): number;
  /** An operation is awaited; `make` returns a promise that resolves once the operation has completed. */
  perform(operation: unknown, make: (operation: never) => Promise<void>): Promise<void>;
  /** An operation is performed without a task, from `current` or from code that is no task. Returns what ends that. */
  hold(operation: unknown, current: Doer | null): (() => void) | null;
  /** Nothing is left to run. */
  idle(): void;
}

/** A maker that passes everything on; subclasses replace what they need. */
export class Layer implements Maker {
  outer: Maker | null;

  constructor() {
    this.outer = null;
  }

  get tracing(): boolean {
    return this.outer?.tracing === true;
  }

  get watchful(): boolean {
    return this.outer?.watchful === true;
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

  now(make: () => number): number {
    return this.outer === null ? make() : this.outer.now(make);
  }

  perform(operation: unknown, make: (operation: never) => Promise<void>): Promise<void> {
    return this.outer === null ? make(operation as never) : this.outer.perform(operation, make);
  }

  hold(operation: unknown, current: Doer | null): (() => void) | null {
    return this.outer === null ? null : this.outer.hold(operation, current);
  }

  idle(): void {
    this.outer?.idle();
  }
}

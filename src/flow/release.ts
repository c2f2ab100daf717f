// What every combinator asks of its source, and does to it on leaving early (rules CB-2 and CB-11).

import { withNack } from "../basic.js";
import type { ReceiveChannel, SendChannel } from "../ends.js";
import { shown } from "../errors.js";
import type { Operation } from "../operation.js";
import { isOwned } from "../owned.js";
import { upon } from "../upon.js";

/** What every combinator can be told about its source. */
export interface FlowOptions {
  /**
   * Whether leaving early cancels the source. By default only what a combinator made is cancelled; a channel that you
   * created may have other readers, and stays as it is.
   */
  readonly own?: boolean;
}

/** Nothing more will be taken from a source: cancels it if it is owned. One that has ended does not notice. */
export function release(source: ReceiveChannel<unknown>, options: FlowOptions, reason?: unknown): void {
  if (options.own ?? isOwned(source)) source.cancel(reason);
}

/** An operation that, given up at any moment, even before it has begun, takes nothing more from a source. */
export function releasing<T>(
  source: ReceiveChannel<unknown>,
  options: FlowOptions,
  operation: Operation<T>,
): Operation<T> {
  return withNack((lost) => {
    upon(lost, () => release(source, options));
    return operation;
  });
}

/** Throws unless it is given a receive channel. */
export function assertSource(what: string, source: unknown): void {
  if (typeof (source as Partial<ReceiveChannel<unknown>> | null | undefined)?.receive === "function") return;
  throw new TypeError(`Cannot ${what}: its source must be a receive channel, got ${shown(source)}; from() makes one`);
}

/** Throws unless it is told how many at a time. */
export function assertCount(what: string, count: unknown, name = "n"): void {
  if (Number.isInteger(count) && (count as number) >= 1) return;
  throw new RangeError(`Cannot ${what}: ${name} must be a whole number, 1 or more, got ${shown(count)}`);
}

/** Throws unless it is given a function. */
export function assertFunction(what: string, name: string, given: unknown): void {
  if (typeof given !== "function")
    throw new TypeError(`Cannot ${what}: ${name} must be a function, got ${shown(given)}`);
}

/** Throws unless it is given a channel to send to. */
export function assertSink(what: string, sink: unknown): void {
  if (typeof (sink as Partial<SendChannel<unknown>> | null | undefined)?.send === "function") return;
  throw new TypeError(`Cannot ${what}: it takes a channel to send to, got ${shown(sink)}`);
}

/** What a stream fails with when its channel is closed under it. */
export function nobodyReceives(): Error {
  return new Error("Cannot write: the channel is closed, so nobody will receive it");
}

// What every combinator asks of its source, and does to it on leaving early (rules CB-2 and CB-11).

import type { ReceiveChannel, SendChannel } from "../../channel/ends.js";
import { isOwned } from "../../channel/owned.js";
import { withNack } from "../../operation/basic.js";
import type { Operation } from "../../operation/operation.js";
import { upon } from "../../operation/upon.js";
import { shown } from "../../structures/errors.js";

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

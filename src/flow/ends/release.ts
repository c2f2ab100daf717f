// What every combinator requires of its source, and how it gives up its source (rules CB-2 and CB-11).

import type { ReceiveChannel, SendChannel } from "../../channel/ends.js";
import { withNack } from "../../operation/basic.js";
import { call } from "../../operation/call.js";
import type { Operation } from "../../operation/operation.js";
import type { Ownership } from "../../operation/ownership.js";
import { upon } from "../../operation/upon.js";
import { shown } from "../../structures/errors.js";

/** The options that all combinators share. */
export interface FlowOptions {
  /**
   * Whether the combinator cancels its source when it stops early. By default it cancels only a channel that a combinator
   * made; a channel that you created may have other readers, and stays open.
   */
  readonly own?: boolean;
}

/** Gives up a source: cancels it if it is owned. Has no effect on a source that has ended. */
export function release(source: ReceiveChannel<unknown>, options: FlowOptions, reason?: unknown): void {
  if (releases(source, options)) call(() => source.cancel(reason));
}

/** Whether a combinator cancels a source when it stops early. */
export function releases(source: ReceiveChannel<unknown>, options: FlowOptions): boolean {
  return options.own ?? source.owned === true;
}

/** Takes over a source: from now on the combinator releases it, and not the end of the task that made it. */
export function takeOver(source: ReceiveChannel<unknown>): void {
  (source as { readonly ownership?: Ownership | null }).ownership?.pin();
}

/** The cause with which a channel closes for an error: `undefined` would mean that there is no error. */
export function causeOf(error: unknown): unknown {
  return error === undefined
    ? new Error("Failed without an error: undefined was thrown, or a promise rejected with it")
    : error;
}

/** Makes an operation release a source when the operation is given up, even before it has started. */
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

/** Throws unless `source` is a receive channel. */
export function assertSource(what: string, source: unknown): void {
  if (typeof (source as Partial<ReceiveChannel<unknown>> | null | undefined)?.receive === "function") return;
  throw new TypeError(`Cannot ${what}: source must be a receive channel, got ${shown(source)}; create one with from()`);
}

/** Throws unless `given` is a function. */
export function assertFunction(what: string, name: string, given: unknown): void {
  if (typeof given !== "function")
    throw new TypeError(`Cannot ${what}: ${name} must be a function, got ${shown(given)}`);
}

/** Throws unless `sink` is a send channel. */
export function assertSink(what: string, sink: unknown): void {
  if (typeof (sink as Partial<SendChannel<unknown>> | null | undefined)?.send === "function") return;
  throw new TypeError(`Cannot ${what}: sink must be a send channel, got ${shown(sink)}`);
}

/** The error of a stream whose channel was closed by other code. */
export function channelClosed(): Error {
  return new Error("Cannot write: the channel is closed");
}

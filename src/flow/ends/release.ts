// What every combinator requires of its source, and how it gives up its source (rules CB-2 and CB-11).

import type { ReceiveChannel, SendChannel } from "../../channel/ends.js";
import { withNack } from "../../operation/basic.js";
import { notify } from "../../operation/notify.js";
import type { Operation } from "../../operation/operation.js";
import { upon } from "../../operation/upon.js";
import { assertOptions } from "../../structures/arguments.js";
import { shown } from "../../structures/errors.js";
import { named } from "../../structures/named.js";
import { assertSource, type Input, isReceiveChannel, sourceOf } from "./source.js";

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
  if (releases(source, options)) notify(() => source.cancel(reason));
}

/** Whether a combinator cancels a source when it stops early. */
export function releases(source: ReceiveChannel<unknown>, options: FlowOptions): boolean {
  return options.own ?? source.owned === true;
}

/** The cause with which a channel closes for an error: `undefined` would mean that there is no error. */
export function causeOf(error: unknown): unknown {
  return error === undefined
    ? new Error("Failed without an error: undefined was thrown, or a promise rejected with it")
    : error;
}

/**
 * Returns an operation that reads a source, and releases the source when the operation is given up, even before it has started. A
 * source that is no channel becomes one each time the operation is performed.
 */
export function reading<T, U>(
  what: string,
  source: Input<T>,
  options: FlowOptions,
  read: (source: ReceiveChannel<T>) => Operation<U>,
): Operation<U> {
  assertSource(what, source);
  assertOptions(what, options);
  const known = isReceiveChannel<T>(source) ? { source, all: read(source) } : null;
  return withNack(
    named("the end of a source", (lost) => {
      const from = known?.source ?? sourceOf(what, source);
      upon(lost, () => release(from, options));
      return known?.all ?? read(from);
    }),
  );
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

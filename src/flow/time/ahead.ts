// What the combinators that keep time have in common: a task reads the source on its own, and releases it when it is over.
//
// Each is a small machine: `at` is the operation it waits at next, a choice whose cases say what happened. What it still
// holds when the source has ended, or failed, is delivered in a `finally`, before the end or the cause; when the receiver
// has cancelled, the send in there yields false at once, so that it never parks on the way out.

import type { Buffer } from "../../channel/buffer.js";
import type { ReceiveChannel, SendChannel } from "../../channel/ends.js";
import type { Routine } from "../../operation/operation.js";
import { produce } from "../ends/produce.js";
import { assertSource, type FlowOptions, release } from "../ends/release.js";

/** A value in hand, told apart from none. */
export interface Held<T> {
  readonly value: T;
}

/** A channel that a task feeds from a source, and from what else it reads. */
export function ahead<T>(
  what: string,
  source: ReceiveChannel<unknown>,
  options: FlowOptions,
  body: (out: SendChannel<T>) => Routine<void>,
  { capacity = 0, beside }: { capacity?: number | Buffer<T>; beside?: ReceiveChannel<unknown> } = {},
): ReceiveChannel<T> {
  assertSource(what, source);
  return produce<T>(body, {
    capacity,
    release(reason) {
      release(source, options, reason);
      if (beside !== undefined) release(beside, options, reason);
    },
  });
}

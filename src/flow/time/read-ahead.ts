// The common part of the timed combinators: a task reads the source ahead, and releases it when the task has ended.
//
// Each task is a small state machine. Its variable `at` is the operation that it performs next, a choice whose winning case
// shows what happened. When the source has ended or failed, a `finally` delivers the values that the task still holds,
// before the end or the cause. When the receiver has cancelled, the send in this `finally` yields false at once, so a
// cancelled task never parks there.

import type { Buffer } from "../../channel/buffer.js";
import type { OwnedChannel, ReceiveChannel, SendChannel } from "../../channel/ends.js";
import type { Routine } from "../../operation/operation.js";
import { produce } from "../ends/produce.js";
import { assertSource, type FlowOptions, release, takeOver } from "../ends/release.js";

/** A held value; null stands for none. */
export interface Held<T> {
  readonly value: T;
}

/** A channel with a task that reads a source ahead; `otherSource` is a second channel to release. */
export function readAhead<T>(
  what: string,
  source: ReceiveChannel<unknown>,
  options: FlowOptions,
  body: (out: SendChannel<T>) => Routine<void>,
  { capacity = 0, otherSource }: { capacity?: number | Buffer<T>; otherSource?: ReceiveChannel<unknown> } = {},
): OwnedChannel<T> {
  assertSource(what, source);
  takeOver(source);
  if (otherSource !== undefined) takeOver(otherSource);
  return produce<T>(body, {
    capacity,
    release(reason) {
      release(source, options, reason);
      if (otherSource !== undefined) release(otherSource, options, reason);
    },
  });
}

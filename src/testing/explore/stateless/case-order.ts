// The order of the cases of a select is drawn while they are polled, and they queue in that order if none is ready. It makes a
// difference beside the case that wins if polling has an effect, or if two cases queue at the same place: the first of them is
// served first. This is asked of the classes whose `poll` is known. Any other class may be one of the user.

import { Fixed } from "../../../channel/buffer.js";
import { type Chan, Receive, Send } from "../../../channel/chan.js";
import { Never } from "../../../operation/basic.js";
import { Wait } from "../../../operation/once.js";
import { Mapped, type Operation } from "../../../operation/operation.js";
import { scheduler } from "../../../scheduler/scheduler.js";
import { Sleep, Until } from "../../../time/sleep.js";

/** Whether only the case that wins depends on the order of the cases. */
export function inAnyOrder(cases: readonly Operation<unknown>[]): boolean {
  const places = new Set(cases.map(placeOf));
  return places.size === cases.length && !places.has(null);
}

/** The place at which a parked operation waits for its turn; null if it is unknown, or if polling may have an effect. */
function placeOf(operation: Operation<unknown>): unknown {
  if (operation instanceof Mapped) return pollsAs(operation, Mapped) ? placeOf(operation.inner) : null;
  if (operation instanceof Receive) return pollsAs(operation, Receive) ? endOf(operation.channel, "receivers") : null;
  if (operation instanceof Send) return pollsAs(operation, Send) ? endOf(operation.channel, "senders") : null;
  // Alarms of the same time ring in the order in which they were set.
  if (operation instanceof Sleep) return scheduler.host.now() + operation.ms;
  if (operation instanceof Until) return pollsAs(operation, Until) ? operation.due : null;
  if (operation instanceof Wait) return pollsAs(operation, Wait) ? operation.once : null;
  return operation instanceof Never ? operation : null;
}

/** Whether an operation is polled as those of a class are. While operations are watched, each has a function in front of it. */
function pollsAs(operation: Operation<unknown>, { prototype }: { readonly prototype: Operation<unknown> }): boolean {
  return (Object.getPrototypeOf(operation) as Operation<unknown>).poll === prototype.poll;
}

/** The queue at an end of a channel, unless its buffer is one of the user. */
function endOf(channel: Chan<unknown>, end: "senders" | "receivers"): unknown {
  return channel.buffer === null || channel.buffer instanceof Fixed ? channel[end] : null;
}

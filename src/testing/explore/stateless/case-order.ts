// The order of the cases of a select is drawn while they are polled, and they queue in that order if none is ready. It makes a
// difference beside the case that wins if polling has an effect, or if two cases queue at the same place: the first of them is
// served first. This is asked of the classes whose `poll` is known. Any other class may be one of the user.

import { Fixed } from "../../../channel/buffer.js";
import { Chan, Receive, Send } from "../../../channel/chan.js";
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
  if (operation instanceof Mapped) {
    return operation.poll === Mapped.prototype.poll ? placeOf(operation.inner) : null;
  }
  if (operation instanceof Receive || operation instanceof Send) return endOf(operation);
  // Alarms of the same time ring in the order in which they were set.
  if (operation instanceof Sleep) return scheduler.host.now() + operation.ms;
  if (operation instanceof Until) return operation.poll === Until.prototype.poll ? operation.due : null;
  if (operation instanceof Wait) return operation.poll === Wait.prototype.poll ? operation.once : null;
  return operation instanceof Never ? operation : null;
}

/** The queue of a send or a receive of a channel without code of the user. */
function endOf(operation: Receive<unknown> | Send<unknown>): unknown {
  const { channel, poll } = operation;
  const known = channel.buffer === null || channel.buffer instanceof Fixed;
  if (!known || channel.receive !== Chan.prototype.receive || channel.send !== Chan.prototype.send) return null;
  if (operation instanceof Receive) return poll === Receive.prototype.poll ? channel.receivers : null;
  return poll === Send.prototype.poll ? channel.senders : null;
}

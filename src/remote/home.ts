// The side on which a channel is whose end was sent to the other side. What the other side sends goes into the channel, and what it
// asks for is taken out of it: a value leaves the channel only for a receive that waits on the other side.

import { CLOSED, type Closed, EMPTY, type ReceiveChannel, type SendChannel } from "../channel/ends.js";
import { select } from "../choice/select.js";
import { never } from "../operation/basic.js";
import type { Operation, Routine } from "../operation/operation.js";
import { upon } from "../operation/upon.js";
import { named } from "../structures/named.js";
import { go } from "../task/go.js";
import type { End } from "./end.js";

type Local = SendChannel<unknown> & ReceiveChannel<unknown>;

/** Serves the end that the other side has. */
export function serveEnd(channel: Partial<Local>, end: End<unknown>): void {
  go(named("from the other side", arrive), channel, end);
  go(named("to the other side", leave), channel, end);
}

function* arrive(channel: Partial<Local>, end: End<unknown>): Routine<void> {
  try {
    for (let value: unknown; (value = yield* end.receive()) !== CLOSED; ) {
      if (channel.send === undefined || !(yield* channel.send(value))) {
        giveRest(channel, end);
        end.refuse();
        return;
      }
    }
    if (end.isRefused) channel.cancel?.();
    else channel.close?.();
  } catch (error) {
    if (channel.close !== undefined) channel.close(error);
    else channel.cancel?.(error);
  }
}

function* leave(channel: Partial<Local>, end: End<unknown>): Routine<void> {
  const gone = end.whenClosed();
  const closed = channel.whenClosed?.() ?? never();
  const ready = end.ready();
  const value: Operation<unknown> = channel.receive?.() ?? never();
  try {
    for (;;) {
      const first = yield* select({ gone, ready, closed }, { mode: "priority" });
      if (first.key === "gone") return;
      if (first.key === "closed") break;
      const next = yield* select({ gone, value }, { mode: "priority" });
      if (next.key === "gone") return;
      if (next.value === CLOSED) break;
      if (!(yield* end.send(next.value))) return;
    }
    giveRest(channel, end);
    end.close();
  } catch (error) {
    end.close(error);
  }
}

/** Sends what is stored in a channel that is closed. Each value waits for a receive on the other side. */
function giveRest(channel: Partial<Local>, end: End<unknown>): void {
  if (channel.tryReceive === undefined) return;
  for (let value: unknown | Closed; (value = channel.tryReceive()) !== CLOSED && value !== EMPTY; ) {
    upon(
      end.send(value),
      () => {},
      () => {},
    );
  }
}

// Notes which tasks use a channel. A channel is watched from its creation: it is of a class of its own, or its operations are
// wrapped. Other channels are not slower for it.

import { Chan, Receive, Send } from "../channel/chan.js";
import { assertValue, type Channel, CLOSED, type Closed } from "../channel/ends.js";
import { Mapped, type Operation, refuseResume, type WaitsFor } from "../operation/operation.js";
import type { Performer } from "../scheduler/roles.js";
import { STREAK, scheduler } from "../scheduler/scheduler.js";

/** An end of a channel. */
export type End = "send" | "receive";

/** The record of the running task. */
function user(): unknown {
  return scheduler.current?.member;
}

// These classes repeat Send and Receive, and note the task. Every value of a program in `run` passes through them, and a wrapper
// around each operation made such programs three times as slow (Node 20).
class NotedSend<T> extends Send<T> {
  declare readonly channel: NotedChan<T>;

  override next(): this {
    if (this.waiter !== null) {
      if (this.waiter !== scheduler.current || scheduler.parked !== null) refuseResume(this);
      this.waiter = null;
    } else if (!this.poll()) return this.park();
    else if (++scheduler.streak > STREAK && scheduler.exhausted()) return this.giveWay();
    if (this.value === false) super.result();
    this.channel.lastSender = user();
    this.done = true;
    return this;
  }

  override result(): boolean {
    this.channel.lastSender = user();
    return super.result();
  }

  override waitsFor(): WaitsFor {
    return { ...super.waitsFor(), tasks: [this.channel.lastReceiver, this.channel.lastSender] };
  }
}

class NotedReceive<T> extends Receive<T> {
  declare readonly channel: NotedChan<T>;

  override next(): this {
    if (this.waiter !== null) {
      if (this.waiter !== scheduler.current || scheduler.parked !== null) refuseResume(this);
      this.waiter = null;
    } else if (!this.poll()) return this.park();
    else if (++scheduler.streak > STREAK && scheduler.exhausted()) return this.giveWay();
    if (this.value === CLOSED) super.result();
    this.channel.lastReceiver = user();
    this.done = true;
    return this;
  }

  override result(): T | Closed {
    const value = super.result();
    this.channel.lastReceiver = user();
    return value;
  }

  override waitsFor(): WaitsFor {
    return { ...super.waitsFor(), tasks: [this.channel.lastSender, this.channel.lastReceiver] };
  }
}

/** A channel that notes the last task to send and the last task to receive. */
export class NotedChan<T> extends Chan<T> {
  lastSender: unknown;
  lastReceiver: unknown;

  override send(value: T): Operation<boolean> {
    if (typeof value === "symbol") assertValue(value, this);
    return new NotedSend(this, value);
  }

  override receive(): Operation<T | Closed> {
    this.ownership?.note();
    return new NotedReceive(this);
  }
}

/** Called after a send or a receive, in the task that performed it. A value of `CLOSED` means that the channel was closed. */
export type OnUse = (current: Performer | null, channel: Channel<unknown>, end: End, value: unknown) => void;

class Used<T> extends Mapped<T, T> {
  private readonly _users: () => readonly unknown[];

  constructor(inner: Operation<T>, used: (value: T) => void, users: () => readonly unknown[]) {
    super(inner, (value) => {
      used(value);
      return value;
    });
    this._users = users;
    scheduler.notices?.used(inner);
  }

  override waitsFor(): WaitsFor {
    const inner = super.waitsFor();
    return { ...inner, tasks: [...this._users(), ...(inner.tasks ?? [])] };
  }
}

/** Calls `used` after each send and receive on a channel. `users` returns the tasks that an operation may wait for. */
export function watchUses<C extends Channel<unknown>>(
  channel: C,
  used: OnUse,
  users: (end: End) => readonly unknown[] = () => [],
): C {
  const { send, receive } = channel;
  const senders = (): readonly unknown[] => users("send");
  const receivers = (): readonly unknown[] => users("receive");
  const received = (value: unknown): void => used(scheduler.current, channel, "receive", value);
  return Object.assign(channel, {
    send(value: unknown): Operation<boolean> {
      const sent = (taken: boolean): void => used(scheduler.current, channel, "send", taken ? value : CLOSED);
      return new Used(send.call(channel, value), sent, senders);
    },
    receive(): Operation<unknown> {
      return new Used(receive.call(channel), received, receivers);
    },
  });
}

/** Makes a channel of any class note its last users, as {@link NotedChan} does. */
export function noteUses<C extends Channel<unknown>>(channel: C): C {
  const last: Record<End, unknown> = { send: undefined, receive: undefined };
  return watchUses(
    channel,
    (current, _, end) => {
      last[end] = current?.member;
    },
    (end) => (end === "send" ? [last.receive, last.send] : [last.send, last.receive]),
  );
}

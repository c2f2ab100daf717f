// Sending to an actor. The channel of its mailbox is looked up when the send is performed, as an actor that rests has none.

import type { Channel } from "../../channel/ends.js";
import { Operation, type WaitsFor } from "../../operation/operation.js";

/** What a message is sent to. */
export interface Target<M> {
  readonly mailbox: Channel<M>;
  /** Called if the message is not accepted. Throws if the target has failed. */
  refused(): false;
}

export class Tell<M> extends Operation<boolean> {
  private readonly _target: Target<M>;
  private readonly _message: M;
  private _send: Operation<boolean> | null;

  constructor(target: Target<M>, message: M) {
    super();
    this._target = target;
    this._message = message;
    this._send = null;
  }

  poll(): boolean {
    this._send = this._target.mailbox.send(this._message);
    return this._send.poll();
  }

  block(): void {
    const send = this._send!;
    send.waiter = this;
    try {
      send.block();
    } catch (error) {
      send.waiter = null;
      throw error;
    }
  }

  override unblock(): void {
    const send = this._send!;
    send.waiter = null;
    send.unblock();
  }

  override result(): boolean {
    const send = this._send!;
    send.waiter = null;
    return send.result() || this._target.refused();
  }

  /** The send has completed. */
  wake(): void {
    this.complete(undefined);
  }

  override waitsFor(): WaitsFor {
    return (this._send ?? this._target.mailbox.send(this._message)).waitsFor();
  }
}

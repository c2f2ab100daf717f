// A channel with a transform at its mouth (rules CH-28 to CH-33). What a send offers goes through the steps into the
// buffer; one value may become none or many, so after each step everything that has become possible is let happen.

import type { Operation } from "../operation/operation.js";
import { dequeue, release } from "../structures/queue.js";
import type { Buffer } from "./buffer.js";
import { Chan, type Receive, Send } from "./chan.js";
import { assertValue, type ChannelOptions, CLOSED } from "./ends.js";
import type { Step, Transform } from "./transform.js";

class TransformSend<T> extends Send<T> {
  declare readonly channel: TransformChan<T>;

  override poll(): boolean {
    const { channel, message } = this;
    const taken = channel.closed ? false : channel.offer(message);
    if (taken === undefined) return false;
    this.value = taken;
    return true;
  }
}

export class TransformChan<T> extends Chan<T> {
  declare readonly buffer: Buffer<T>;
  private readonly _transform: Transform;
  /** Whether nothing more can come in, not even from parked senders. */
  private _ended: boolean;
  private _cancelled: boolean;

  constructor(buffer: Buffer<T>, transform: Transform, options: ChannelOptions<T>) {
    super(buffer, options);
    this._transform = transform;
    this._ended = this._cancelled = false;
  }

  override send(value: T): Operation<boolean> {
    if ((value as unknown) === CLOSED) assertValue(value, this);
    return new TransformSend(this, value);
  }

  /** Puts a value through the transform; undefined when the send must wait. */
  offer(value: T): boolean | undefined {
    if (!this._accepts()) return undefined;
    const taken = this._enter(value);
    this.settle();
    return taken;
  }

  override refill(): void {
    this.settle();
  }

  override cancel(reason?: unknown): void {
    this._cancelled = this._ended = true;
    super.cancel(reason);
  }

  /** Hands over, takes from parked senders, reaches the end: whatever is possible now, in this order. */
  override settle(): void {
    if (this._transform.busy) return;
    this._serve();
    while (!this.senders.empty && !this._ended && this._accepts()) {
      const sender = dequeue(this.senders) as Send<T>;
      sender.complete(this._enter(sender.message));
      this._serve();
    }
    if (!this.closed) return;
    if (this._ended) release(this.senders, false);
    else if (this.senders.empty) this._end();
    if (this._cancelled) this.discard();
    release(this.receivers, CLOSED);
  }

  /** Not while there is no room, nor from inside one of its own steps. */
  private _accepts(): boolean {
    return !this._transform.busy && !this.buffer.full;
  }

  /** Puts a value through the steps; false when it was refused. */
  private _enter(value: T): boolean {
    return this._after(this._transform.step(value));
  }

  private _after(step: Step): boolean {
    if (step === "more") return true;
    if (step !== "last") this.failure ??= { cause: step.error };
    if (!this.closed) this.shut();
    if (!this._ended) this._end();
    return step === "last";
  }

  /** No more will come in: what the steps still hold goes into the buffer, once. */
  private _end(): void {
    this._ended = true;
    this._after(this._transform.complete());
    this._serve();
  }

  /** Buffered values go to those who wait. */
  private _serve(): void {
    const { buffer, receivers } = this;
    while (buffer.length > 0 && !receivers.empty) (dequeue(receivers) as Receive<T>).complete(buffer.shift());
  }
}

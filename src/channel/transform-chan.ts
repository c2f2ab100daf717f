// A channel with a transform (rules CH-28 to CH-33). Each value that is sent passes through the transform into the buffer. One
// value may become none or many values, so after each step the channel completes every send and receive that can complete.

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
  /** Whether no more values are accepted, not even from parked sends. */
  private _ended: boolean;
  private _cancelled: boolean;

  constructor(buffer: Buffer<T>, transform: Transform, options: ChannelOptions<T>) {
    super(buffer, options);
    this._transform = transform;
    this._ended = this._cancelled = false;
  }

  override send(value: T): Operation<boolean> {
    if (typeof value === "symbol") assertValue(value, this);
    return new TransformSend(this, value);
  }

  /** Passes a value through the transform; returns undefined if the send has to park. */
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

  /** Serves parked receives, then accepts values of parked sends, then ends the channel, each as far as it is possible. */
  override settle(): void {
    if (this._transform.busy) return;
    this._serve();
    while (!this.senders.empty && !this._ended && this._accepts()) {
      const sender = dequeue(this.senders) as Send<T>;
      // The send completes before the step runs, which may complete another case of the same select, or cancel the sender.
      this._transform.exclusively(() => sender.complete(true));
      sender.value = this._enter(sender.message);
      this._serve();
    }
    if (!this.closed) return;
    if (this._ended) release(this.senders, false);
    else if (this.senders.empty) this._end();
    if (this._cancelled) for (const value of this.drain()) this.undelivered(value);
    release(this.receivers, CLOSED);
  }

  /** Whether a value can be accepted now: there is room, and no step of the transform is running. */
  private _accepts(): boolean {
    return !this._transform.busy && !this.buffer.full;
  }

  /** Passes a value through the transform; returns false if the value was refused. */
  private _enter(value: T): boolean {
    return this._after(this._transform.step(value));
  }

  private _after(step: Step): boolean {
    if (step === "more") return true;
    if (step !== "last") this.fail(step.error);
    if (!this.closed) this.shut();
    if (!this._ended) this._end();
    return step === "last";
  }

  /** Runs the completion step, once: values that the transform still holds go into the buffer. */
  private _end(): void {
    this._ended = true;
    this._after(this._transform.complete());
    this._serve();
  }

  /** Hands stored values to parked receives. */
  private _serve(): void {
    const { buffer, receivers } = this;
    try {
      while (buffer.length > 0 && !receivers.empty) {
        const value = buffer.shift();
        const receiver = dequeue(receivers) as Receive<T> | null;
        if (receiver === null) this.undelivered(value);
        else receiver.complete(value);
      }
    } catch (error) {
      // A buffer of the user has thrown: receivers get the exception.
      this.close(error);
    }
  }
}

// Several tasks at work on one source for one output: what pipelines are made of.
//
// Invariants. Each has at most one value, from taking it to delivering what became of it: so many tasks, so many in flight.
// The line is in the order in which values left the source: a hand joins it in the very step in which it gets its value,
// whichever is resumed first. The output closes when the last one is through. The first failure closes it in the same step,
// and then, as when the receiver cancels, nobody reads any more, whoever is in a stage is cancelled, and the source is
// released. Only who has a result on offer is not cancelled: it hears from its send what became of that.

import { channel } from "../channel.js";
import { type Channel, CLOSED, type Closed, type ReceiveChannel } from "../ends.js";
import { go } from "../go.js";
import { append, List, unlink } from "../list.js";
import { Operation, type Routine } from "../operation.js";
import { own } from "../owned.js";
import type { Task } from "../task.js";
import { assertCount, assertSource, type FlowOptions, release } from "./release.js";

/** How a pipeline delivers. */
export interface PipelineOptions<U> extends FlowOptions {
  /** Whether results come in the order of what they were made from; true by default. With false, whichever is ready. */
  readonly ordered?: boolean;
  /** Given each result that can reach nobody, because the receiver cancelled or because another stage failed. */
  readonly onUndelivered?: (result: U) => void;
}

/** One of a crew, and its place in the line. As an operation: the next value of the source. */
export class Hand<T> extends Operation<T | Closed> {
  task: Task<void> | null;
  reading: boolean;
  offering: boolean;
  /** What it conveys to the output, if it does. */
  inner: ReceiveChannel<unknown> | null;
  readonly turn: Operation<void>;
  readonly line: List;
  private readonly _receive: Operation<T | Closed>;
  private readonly _ordered: boolean;

  constructor(source: ReceiveChannel<T>, line: List, ordered: boolean) {
    super();
    this.task = null;
    this.reading = this.offering = false;
    this.inner = null;
    this.turn = new Turn(this);
    this.line = line;
    this._receive = source.receive().fresh();
    this._ordered = ordered;
  }

  poll(): boolean {
    if (!this._receive.poll()) return false;
    this._receive.waiter = this;
    if (this._ordered) append(this.line, this);
    return true;
  }

  block(): void {
    this._receive.waiter = this;
    this._receive.block();
  }

  override unblock(): void {
    this._receive.waiter = null;
    this._receive.unblock();
  }

  /** The value has left the source. */
  wake(): void {
    if (this._ordered) append(this.line, this);
    this.complete(undefined);
  }

  override discard(): void {
    this._receive.waiter = null;
    this._receive.discard();
  }

  override result(): T | Closed {
    this._receive.waiter = null;
    return this._receive.result();
  }

  override get external(): boolean {
    return this._receive.external;
  }

  override describe(): string {
    return this._receive.describe();
  }

  override rivals(): readonly unknown[] {
    return this._receive.rivals();
  }

  /** It was the first in the line, and lets the next one deliver. */
  leave(): void {
    unlink(this);
    const next = this.line.after;
    if (next === this.line) return;
    const { turn } = next as Hand<T>;
    if (turn.waiter !== null) turn.complete(undefined);
  }

  stop(reason: unknown): void {
    this.inner?.cancel(reason);
    if (!this.offering) this.task!.cancel(reason);
  }
}

/** Ready when everybody before a hand in the line has left. */
class Turn extends Operation<void> {
  private readonly _hand: Hand<unknown>;

  constructor(hand: Hand<unknown>) {
    super();
    this._hand = hand;
  }

  poll(): boolean {
    return this._hand.before === this._hand.line;
  }

  block(): void {}

  override get external(): boolean {
    return false;
  }

  override describe(): string {
    return "its turn to deliver";
  }

  override rivals(): readonly unknown[] {
    return [(this._hand.before as Hand<unknown>).task];
  }
}

/** What the tasks of a crew do; named for what reports show. */
const body = {
  *worker<T, U>(crew: Crew<T, U>, hand: Hand<T>): Routine<void> {
    try {
      for (;;) {
        hand.reading = true;
        const value = yield* hand;
        hand.reading = false;
        if (value === CLOSED || crew.out.closed) return;
        yield* crew.work(value, hand);
      }
    } catch (error) {
      if (hand.reading) crew.cause = error;
      else crew.fail(error);
    } finally {
      crew.leave();
    }
  },
};

export abstract class Crew<T, U> {
  readonly out: Channel<U>;
  /** What the source was closed with: it comes after what is under way. */
  cause: unknown;
  protected readonly ordered: boolean;
  protected readonly options: PipelineOptions<U>;
  private readonly _source: ReceiveChannel<T>;
  private readonly _hands: Hand<T>[];
  private _working: number;

  constructor(count: number, source: ReceiveChannel<T>, options: PipelineOptions<U>) {
    assertCount("start pipeline", count);
    assertSource("start pipeline", source);
    this.out = own(channel<U>(0, { onCancel: (reason) => this._stop(reason) }));
    this.cause = undefined;
    this.ordered = options.ordered ?? true;
    this.options = options;
    this._source = source;
    const line = new List();
    this._hands = Array.from({ length: count }, () => new Hand(source, line, this.ordered));
    this._working = count;
  }

  start(): ReceiveChannel<U> {
    for (const hand of this._hands) hand.task = go(body.worker<T, U>, this, hand);
    return this.out;
  }

  /** What becomes of a value. */
  abstract work(value: T, hand: Hand<T>): Routine<void>;

  fail(error: unknown): void {
    // Downstream is where the error goes; if nobody is there any more, it is the task's own.
    if (!this.out.close(error)) throw error;
    this._stop(error);
  }

  /** One of them is through. */
  leave(): void {
    if (--this._working === 0) this.out.close(this.cause);
  }

  private _stop(reason: unknown): void {
    for (const hand of this._hands) hand.stop(reason);
    release(this._source, this.options, reason);
  }
}

// Several tasks at work on one source for one output: what pipelines are made of.
//
// Invariants. Each has at most one value, from taking it to delivering what became of it: so many tasks, so many in flight.
// The line is in the order in which values left the source: a hand joins it in the very step in which it gets its value,
// whichever is resumed first. The output closes when the last one is through. The first failure closes it in the same step,
// and then, as when the receiver cancels, nobody reads any more, whoever is in a stage is cancelled, and the source is
// released. Only who has a result on offer is not cancelled: it hears from its send what became of that.
//
// What the tasks do has no `try`: in a generator it would cost a quarter of the whole. How they end is heard from them.

import { channel } from "../../channel/channel.js";
import { type Channel, CLOSED, type Closed, type ReceiveChannel } from "../../channel/ends.js";
import { own } from "../../channel/owned.js";
import { Operation, type Routine } from "../../operation/operation.js";
import { upon } from "../../operation/upon.js";
import { wholeNumber } from "../../structures/arguments.js";
import { append, List, unlink } from "../../structures/list.js";
import { go } from "../../task/go.js";
import type { Task } from "../../task/task.js";
import { assertSource, type FlowOptions, release } from "../ends/release.js";

/** How a pipeline delivers. */
export interface PipelineOptions<U> extends FlowOptions {
  /** Whether results come in the order of what they were made from; true by default. With false, whichever is ready. */
  readonly ordered?: boolean;
  /** Given each result that can reach nobody, because the receiver cancelled or because another stage failed. */
  readonly onUndelivered?: (result: U) => void;
}

/** One of a crew, and its place in the line. As an operation: its next value. */
export class Hand<T, U> extends Operation<T | Closed> {
  readonly turn: Operation<void>;
  readonly line: List;
  task: Task<void> | null;
  /** What waits for its turn. */
  held: U | Closed;
  /** Whether it has something on offer. */
  offering: boolean;
  /** Where what it delivers comes from, if that is a channel. */
  inner: Channel<U> | null;
  private readonly _crew: Crew<T, U>;
  private readonly _receive: Operation<T | Closed>;

  constructor(crew: Crew<T, U>, source: ReceiveChannel<T>, line: List) {
    super();
    this.turn = new Turn(this);
    this.line = line;
    this.task = null;
    this.held = CLOSED;
    this.offering = false;
    this.inner = null;
    this._crew = crew;
    this._receive = source.receive().fresh();
  }

  get first(): boolean {
    return this.before === this.line;
  }

  poll(): boolean {
    if (!this._receive.poll()) return false;
    this._receive.waiter = this;
    this._join();
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
    this._join();
    this.complete(undefined);
  }

  override discard(): void {
    this._receive.waiter = null;
    this._receive.discard();
  }

  /** A cause that the source ended with comes after what is under way. */
  override result(): T | Closed {
    this._receive.waiter = null;
    try {
      return this._receive.result();
    } catch (error) {
      this._crew.cause = error;
      return CLOSED;
    }
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
    const { turn } = next as Hand<T, U>;
    if (turn.waiter !== null) turn.complete(undefined);
  }

  stop(reason: unknown): void {
    this.inner?.cancel(reason);
    if (this.offering) return;
    this.task!.cancel(reason);
    if (this.held !== CLOSED) this._crew.undelivered(this.held);
  }

  private _join(): void {
    if (this._crew.ordered) append(this.line, this);
  }
}

/** Ready when everybody before a hand in the line has left. */
class Turn extends Operation<void> {
  private readonly _hand: Hand<unknown, unknown>;

  constructor(hand: object) {
    super();
    this._hand = hand as Hand<unknown, unknown>;
  }

  poll(): boolean {
    return this._hand.first;
  }

  block(): void {}

  override get external(): boolean {
    return false;
  }

  override describe(): string {
    return "its turn to deliver";
  }

  override rivals(): readonly unknown[] {
    return [(this._hand.before as Hand<unknown, unknown>).task];
  }
}

export class Crew<T, U> {
  readonly out: Channel<U>;
  readonly ordered: boolean;
  /** What the source was closed with. */
  cause: unknown;
  private readonly _source: ReceiveChannel<T>;
  private readonly _options: PipelineOptions<U>;
  private readonly _hands: Hand<T, U>[];
  private _working: number;

  constructor(count: number, source: ReceiveChannel<T>, options: PipelineOptions<U>) {
    wholeNumber("start pipeline", "n", count, 1);
    assertSource("start pipeline", source);
    this.out = own(channel<U>(0, { onCancel: (reason) => this._stop(reason) }));
    this.ordered = options.ordered ?? true;
    this.cause = undefined;
    this._source = source;
    this._options = options;
    const line = new List();
    this._hands = Array.from({ length: count }, () => new Hand(this, source, line));
    this._working = count;
  }

  start(worker: (crew: Crew<T, U>, hand: Hand<T, U>) => Routine<void>): ReceiveChannel<U> {
    for (const hand of this._hands) {
      const task = go(worker, this, hand);
      hand.task = task;
      upon(
        task,
        () => this._leave(),
        (error) => {
          if (task.status === "failed") this.fail(error);
          this._leave();
        },
      );
    }
    return this.out;
  }

  /** Downstream is where an error goes. If nobody is there any more a task fails with it, so that it is reported. */
  fail(error: unknown): void {
    if (this.out.close(error)) this._stop(error);
    else
      go(function* late(): Routine<never> {
        throw error;
      });
  }

  undelivered(result: U): void {
    this._options.onUndelivered?.(result);
  }

  private _leave(): void {
    if (--this._working === 0) this.out.close(this.cause);
  }

  private _stop(reason: unknown): void {
    for (const hand of this._hands) hand.stop(reason);
    release(this._source, this._options, reason);
  }
}

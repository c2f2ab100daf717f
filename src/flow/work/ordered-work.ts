// Several tasks that work on the values of one source and send the results to one output: the common part of the pipelines.
//
// Invariants. A worker has at most one value, from receiving it to delivering its results. So n workers have at most n values
// in flight. Results are delivered in the order in which the values left the source: a worker joins this order in the very
// step in which its value leaves the source, whichever worker is resumed first. The output closes when the last worker has
// ended. The first failure closes the output in the same step. Then, as when the receiver cancels, no worker reads any more,
// each worker in a stage is cancelled, and the source is released. Only a worker that is sending a result is not cancelled:
// its send yields whether the result was delivered.
//
// The routines of the workers have no `try`: in a generator it would cost a quarter of the total time. Callbacks of `upon`
// handle the end of a worker instead.

import { channel } from "../../channel/channel.js";
import { type Channel, CLOSED, type Closed, type OwnedChannel, type ReceiveChannel } from "../../channel/ends.js";
import { notify } from "../../operation/notify.js";
import { Operation, type Routine, type WaitsFor } from "../../operation/operation.js";
import { upon } from "../../operation/upon.js";
import { sharesVariables } from "../../scheduler/stand-ins.js";
import { assertOptions, countOrInfinity } from "../../structures/arguments.js";
import { append, type Link, List, unlink } from "../../structures/list.js";
import { go } from "../../task/go.js";
import type { Task } from "../../task/task.js";
import { causeOf, type FlowOptions, release } from "../ends/release.js";
import { type Input, sourceOf } from "../ends/source.js";

/** The options of a pipeline. */
export interface PipelineOptions<U> extends FlowOptions {
  /** Whether results come in the order of their inputs; true by default. With false, each result comes when it is ready. */
  readonly ordered?: boolean;
  /** Called with each result that no receiver gets, because the receiver cancelled or because another stage failed. */
  readonly onUndelivered?: (result: U) => void;
}

/** One worker, and its place in the order of delivery. */
export class Worker<T, U> implements Link {
  before: Link | null;
  after: Link | null;
  /** Receives the next value. */
  readonly next: Operation<T | Closed>;
  /** Waits until the results of all earlier values are delivered. */
  readonly turn: Operation<void>;
  readonly order: List;
  task: Task<void> | null;
  /** The result that waits for its turn. */
  held: U | Closed;
  /** Whether it is sending a result. */
  sending: boolean;
  /** The channel of its results, in a pipeline with several results for each input. */
  results: Channel<U> | null;
  private readonly _work: OrderedWork<T, U>;

  constructor(work: OrderedWork<T, U>, source: ReceiveChannel<T>, order: List) {
    this.before = this.after = null;
    this.next = new NextValue(this, work, source);
    this.turn = new Turn(this);
    this.order = order;
    this.task = null;
    this.held = CLOSED;
    this.sending = false;
    this.results = null;
    this._work = work;
  }

  /** Whether the results of all earlier values are delivered. */
  get first(): boolean {
    return this.before === this.order;
  }

  /** Takes the last place in the order of delivery. */
  join(): void {
    if (this._work.ordered) append(this.order, this);
    this._work.idle--;
  }

  /** Leaves the first place in the order of delivery, and lets the next worker deliver. */
  leave(): void {
    unlink(this);
    const next = this.order.after;
    if (next === this.order) return;
    const { turn } = next as Worker<T, U>;
    if (turn.waiter !== null) turn.complete(undefined);
  }

  stop(reason: unknown): void {
    this.results?.cancel(reason);
    if (this.sending) return;
    this.task!.cancel(reason);
    if (this.held !== CLOSED) this._work.undelivered(this.held);
  }
}

/** The next value of the source, whose worker joins the order of delivery in the step in which the value leaves the source. */
class NextValue<T, U> extends Operation<T | Closed> {
  private readonly _worker: Worker<T, U>;
  private readonly _work: OrderedWork<T, U>;
  private readonly _receive: Operation<T | Closed>;

  constructor(worker: Worker<T, U>, work: OrderedWork<T, U>, source: ReceiveChannel<T>) {
    super();
    this._worker = worker;
    this._work = work;
    this._receive = source.receive().fresh();
  }

  poll(): boolean {
    this._work.idle++;
    if (!this._receive.poll()) return false;
    this._receive.waiter = this;
    this._worker.join();
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

  /** Called in the step in which the value leaves the source. */
  wake(): void {
    this._worker.join();
    this.complete(undefined);
  }

  override discard(): void {
    this._receive.waiter = null;
    this._receive.discard();
  }

  /** Yields `CLOSED` if the source ended with a cause: receivers get the cause after all values in flight. */
  override result(): T | Closed {
    this._receive.waiter = null;
    try {
      const value = this._receive.result();
      if (value !== CLOSED && this._work.idle === 0) this._work.grow();
      return value;
    } catch (error) {
      this._work.cause = causeOf(error);
      return CLOSED;
    }
  }

  override waitsFor(): WaitsFor {
    return this._receive.waitsFor();
  }
}

/** Ready when its worker has the first place in the order of delivery. */
class Turn<T, U> extends Operation<void> {
  private readonly _worker: Worker<T, U>;

  constructor(worker: Worker<T, U>) {
    super();
    this._worker = worker;
  }

  poll(): boolean {
    return this._worker.first;
  }

  block(): void {}

  override waitsFor(): WaitsFor {
    const { task } = this._worker.before as Worker<T, U>;
    return { what: "its turn to deliver", external: false, tasks: [task] };
  }
}

/** What a worker runs. */
export type WorkerBody<T, U> = (work: OrderedWork<T, U>, worker: Worker<T, U>) => Routine<void>;

/** The workers of a pipeline, with their source and their output. */
export class OrderedWork<T, U> {
  readonly out: Channel<U> & OwnedChannel<U>;
  readonly ordered: boolean;
  /** The cause that the source ended with. */
  cause: unknown;
  /** How many workers wait for a value. */
  idle: number;
  private readonly _count: number;
  private readonly _source: ReceiveChannel<T>;
  private readonly _options: PipelineOptions<U>;
  private readonly _workers: Worker<T, U>[];
  private readonly _order: List;
  private _working: number;
  /** What each worker runs, if their number has no limit; null if all of them have been started. */
  private _more: WorkerBody<T, U> | null;

  constructor(count: number, input: Input<T>, options: PipelineOptions<U>) {
    countOrInfinity("start pipeline", "n", count, 1);
    assertOptions("start pipeline", options);
    const source = sourceOf("start pipeline", input);
    sharesVariables("a pipeline");
    const { onUndelivered } = options;
    this.out = channel<U>(0, {
      owned: true,
      onCancel: (reason) => this._stop(reason),
      ...(onUndelivered && { onUndelivered }),
    });
    this.ordered = options.ordered ?? true;
    this.cause = undefined;
    this._source = source;
    this._options = options;
    this._order = new List();
    this._workers = [];
    this._working = this.idle = 0;
    this._more = null;
    this._count = count;
  }

  start(body: WorkerBody<T, U>): OwnedChannel<U> {
    const all = this._count !== Number.POSITIVE_INFINITY;
    for (let n = all ? this._count : 1; n > 0; n--) this._workers.push(new Worker(this, this._source, this._order));
    for (const worker of this._workers) this._begin(worker, body);
    if (!all) this._more = body;
    return this.out;
  }

  /** Starts one more worker, if their number has no limit: a value has left the source, and no worker waits for the next one. */
  grow(): void {
    if (this._more === null || this.out.closed) return;
    const worker = new Worker(this, this._source, this._order);
    this._workers.push(worker);
    this._begin(worker, this._more);
  }

  /** Closes the output with an error. If the output was closed before, a task fails with the error, so that it is reported. */
  fail(error: unknown): void {
    if (this.out.close(causeOf(error))) this._stop(error);
    else
      go(function* late(): Routine<never> {
        throw error;
      });
  }

  undelivered(result: U): void {
    notify(this._options.onUndelivered, result);
  }

  private _begin(worker: Worker<T, U>, body: WorkerBody<T, U>): void {
    this._working++;
    const task = go(body, this, worker);
    worker.task = task;
    upon(
      task,
      () => this._ended(),
      (error) => {
        if (task.status === "failed") this.fail(error);
        this._ended();
      },
    );
  }

  private _ended(): void {
    if (--this._working === 0) this.out.close(this.cause);
  }

  private _stop(reason: unknown): void {
    for (const worker of this._workers) worker.stop(reason);
    release(this._source, this._options, reason);
  }
}

/** The arguments of a pipeline in the order that millrace uses, source first; core.async has the number first. */
export function sourceFirst<T>(first: Input<T> | number, second: Input<T> | number): [source: Input<T>, n: number] {
  return (typeof first === "number" ? [second, first] : [first, second]) as [Input<T>, number];
}

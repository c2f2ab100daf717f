// The queue of the operations that wait for one thing, in the order in which they came. Only the request at the head is
// considered, and it is granted as soon as what it asks for is available. So small requests do not starve a large one that
// came first, and no request overtakes the queue, even if what it asks for is available.
//
// Invariants. Between two steps the head of a queue cannot be granted. Granting is one step: it takes what the request asks
// for, removes the request from the queue and completes it. If the task ends before it resumes, the request gives back what
// it took (`discard`). So everything that was taken is either held by a task or back here.
//
// Granting one request makes a select leave the queues of its other cases. The heads of those queues may then be grantable,
// and so on. Therefore the queues that have to be served stand in a list, and the first call of `serve` works through the
// list. So the stack does not grow.

import { Operation, type WaitsFor } from "../operation/operation.js";
import { Waiters } from "../operation/waiters.js";
import { append, type Link, List, shift } from "../structures/list.js";
import { shared } from "../structures/shared.js";

/** The options that all tools of this folder share. */
export interface SyncOptions {
  /** The name in reports, such as the report of a deadlock. */
  readonly name?: string;
}

/** The queues that have to be served, and whether a call serves them already. */
const due = /* @__PURE__ */ shared("due", () => ({ queues: new List(), serving: false }));

/** The queue of the requests that wait for one thing. */
export class WaitQueue implements Link {
  /** The links of this queue in the list of queues that have to be served. */
  before: Link | null;
  after: Link | null;
  /** What the requests wait for, as reports show it. */
  readonly name: string;
  readonly waiting: Waiters<Request<unknown, WaitQueue>>;
  length: number;
  /** The holders, by their leases. Recorded only while a closed program runs, to find out which task waits for which. */
  private _holders: Map<object, unknown> | null;

  constructor(kind: string, { name }: SyncOptions) {
    this.before = this.after = null;
    this.name = name === undefined ? kind : `${kind} ${name}`;
    this.waiting = new Waiters();
    this.length = 0;
    this._holders = null;
  }

  /** The request that has waited longest; null when the queue is empty. */
  get head(): Request<unknown, WaitQueue> | null {
    return this.waiting.first;
  }

  /** Called after a request has joined, and after everything that can be granted has been granted. */
  protected changed(): void {}

  join(request: Request<unknown, WaitQueue>): void {
    this.waiting.join(request);
    // What it asks for may have come back since `poll`: other cases of the same select may have released it as they
    // blocked.
    if (++this.length === 1) this.serve();
    else this.changed();
  }

  /** Removes a request that gives up. The requests behind it may then be grantable. */
  leave(request: Request<unknown, WaitQueue>): void {
    if (request.before === null) return;
    this.remove(request);
    this.serve();
  }

  remove(request: Request<unknown, WaitQueue>): void {
    this.waiting.leave(request);
    this.length--;
  }

  /** Grants requests from the head on, as long as what they ask for is available. */
  serve(): void {
    const { queues } = due;
    if (this.before === null) append(queues, this);
    if (due.serving) return;
    due.serving = true;
    try {
      for (let queue = shift(queues); queue !== null; queue = shift(queues)) (queue as WaitQueue)._grant();
    } finally {
      due.serving = false;
    }
  }

  private _grant(): void {
    for (let { head } = this; head?.take(); { head } = this) {
      this.remove(head);
      head.complete(head.value);
    }
    this.changed();
  }

  get holders(): readonly unknown[] {
    return this._holders === null ? [] : [...this._holders.values()];
  }

  /** Records the holder of a lease; does nothing if the holder is unknown. */
  note(held: object, holder: unknown): void {
    if (holder !== undefined) (this._holders ??= new Map()).set(held, holder);
  }

  forget(held: object): void {
    this._holders?.delete(held);
  }
}

/** A request for something that has a queue. */
export abstract class Request<T, Q extends WaitQueue> extends Operation<T> {
  readonly queue: Q;
  private _task: unknown;

  constructor(queue: Q) {
    super();
    this.queue = queue;
    this._task = undefined;
  }

  /** Takes what the request asks for, if it is available now. May set `value`. */
  abstract take(): boolean;

  poll(): boolean {
    return this.queue.length === 0 && this.take();
  }

  block(): void {
    this._task = this.performer;
    this.queue.join(this);
  }

  override unblock(): void {
    this.queue.leave(this);
  }

  /** What it waits for, in words. */
  protected abstract get what(): string;

  /** The tasks are the holders, then the task of the request ahead in the queue. */
  override waitsFor(): WaitsFor {
    const { before, queue, what } = this;
    const tasks = before instanceof Request ? [...queue.holders, before._task] : queue.holders;
    return { what, external: false, tasks };
  }
}

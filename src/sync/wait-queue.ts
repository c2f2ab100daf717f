// The queue of the operations that wait for one thing, by priority, and then in the order in which they came. Only the
// request at the head is considered, and it is granted as soon as what it asks for is available. So small requests do not starve a large one that
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
import { assertOptions } from "../structures/arguments.js";
import { shown } from "../structures/errors.js";
import { append, type Link, List, shift } from "../structures/list.js";
import { readable } from "../structures/readable.js";
import { shared } from "../structures/shared.js";

/** The options that all tools of this folder share. */
export interface SyncOptions {
  /** The name in reports, such as the report of a deadlock. */
  readonly name?: string;
}

/** How a request stands in its queue. */
export interface RequestOptions {
  /**
   * A request with a higher number is granted before all requests with a lower one, those that came earlier included; 0 by
   * default. Requests with the same number are granted in the order in which they were made. A request can starve: it waits
   * as long as requests with a higher number keep coming.
   */
  readonly priority?: number;
}

/** The requests of one priority that wait: the last of them, behind which the next one joins. */
interface Level {
  readonly priority: number;
  last: Request<unknown, WaitQueue>;
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
  /** The levels, the highest priority first. Null while all requests that wait have the priority 0, as is usual. */
  private _levels: Level[] | null;
  /** The holders, by their leases. Recorded only while a closed program runs, to find out which task waits for which. */
  private _holders: Map<object, unknown> | null;

  constructor(kind: string, options: SyncOptions) {
    assertOptions(`create ${kind}`, options);
    const { name } = options;
    this.before = this.after = null;
    this.name = name === undefined ? kind : `${kind} ${name}`;
    this.waiting = new Waiters();
    this.length = 0;
    this._levels = null;
    this._holders = null;
  }

  /** The request that is considered next; null when the queue is empty. */
  get head(): Request<unknown, WaitQueue> | null {
    return this.waiting.first;
  }

  /** Called after a request has joined, and after everything that can be granted has been granted. */
  protected changed(): void {}

  join(request: Request<unknown, WaitQueue>): void {
    this._enter(request);
    this.length++;
    // What it asks for may have come back since `poll`: other cases of the same select may have released it as they
    // blocked.
    if (this.head === request) this.serve();
    else this.changed();
  }

  /** Whether a request that comes now would be at the head. */
  passes({ priority }: Request<unknown, WaitQueue>): boolean {
    const { head } = this;
    return head === null || head.priority < priority;
  }

  /** Removes a request that gives up. The requests behind it may then be grantable. */
  leave(request: Request<unknown, WaitQueue>): void {
    if (request.before === null) return;
    this.remove(request);
    this.serve();
  }

  remove(request: Request<unknown, WaitQueue>): void {
    if (this._levels !== null) this._leaveLevel(request, this._levels);
    this.waiting.leave(request);
    if (--this.length === 0) this._levels = null;
  }

  /** Adds a request behind the last one of its priority. The time it takes grows with the number of levels only. */
  private _enter(request: Request<unknown, WaitQueue>): void {
    const { priority } = request;
    if (this._levels === null) {
      if (priority === 0) {
        this.waiting.join(request);
        return;
      }
      this._levels = this.length === 0 ? [] : [{ priority: 0, last: this.waiting.before as never }];
    }
    const levels = this._levels;
    let at = 0;
    while (at < levels.length && levels[at]!.priority > priority) at++;
    const level = levels[at]?.priority === priority ? levels[at]! : null;
    const ahead = level?.last ?? levels[at - 1]?.last ?? this.waiting;
    append(ahead.after as List, request);
    if (level === null) levels.splice(at, 0, { priority, last: request });
    else level.last = request;
  }

  private _leaveLevel(request: Request<unknown, WaitQueue>, levels: Level[]): void {
    const at = levels.findIndex(({ last }) => last === request);
    if (at === -1) return;
    const { before } = request;
    if (before instanceof Request && before.priority === request.priority) levels[at]!.last = before;
    else levels.splice(at, 1);
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

/** Makes a tool show its queue and its state. */
export function showQueue(tool: object, queue: WaitQueue, state: () => string): void {
  readable(tool, () => `${queue.name}: ${state()}, ${queue.length} waiting`);
}

/** The priority of a request. */
export function priorityOf(queue: Pick<WaitQueue, "name">, { priority = 0 }: RequestOptions = {}): number {
  if (typeof priority === "number" && !Number.isNaN(priority)) return priority;
  throw new RangeError(`Cannot wait for ${queue.name}: priority must be a number, got ${shown(priority)}`);
}

/** A request for something that has a queue. */
export abstract class Request<T, Q extends WaitQueue> extends Operation<T> {
  readonly queue: Q;
  readonly priority: number;
  private _task: unknown;

  constructor(queue: Q, options?: RequestOptions) {
    super();
    this.queue = queue;
    this.priority = priorityOf(queue, options);
    this._task = undefined;
  }

  /** Takes what the request asks for, if it is available now. May set `value`. */
  abstract take(): boolean;

  poll(): boolean {
    return this.queue.passes(this) && this.take();
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
    return { what: `${what}${ended(queue.holders)}`, external: false, tasks };
  }
}

/** The holders that have ended without a release, in words that follow the name of the lock. */
function ended(holders: readonly unknown[]): string {
  const tasks = holders.map(
    (holder) => (holder as { readonly task?: { readonly name: string; readonly status: string } } | undefined)?.task,
  );
  const over = tasks.filter((task) => task !== undefined && ["done", "failed", "cancelled"].includes(task.status));
  return over.length === 0 ? "" : `, held by ${over.map((task) => `${task!.name}, which is over`).join(" and ")}`;
}

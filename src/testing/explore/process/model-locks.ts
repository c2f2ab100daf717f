// Locks while a program is unfolded: mutexes, semaphores and read-write locks. Which permits are taken is part of the state. A
// request for permits is an offer like any other; a task that is granted some takes them with the transition.
//
// To release permits never waits and yields nothing, so it is no transition of its own: it is an effect of the code that
// releases them, and happens with the transition that resumes the task. A task may see the difference only if it looks at the
// lock, by `tryLock`, `locked`, or a choice that goes by order. Such a lock is *watched*: its releases are plain calls.
//
// A latch, or a wait group, is a lock whose permits are as many less than none as its count is above zero. To count down is to
// release, and to wait is to request no permits, which is granted once there are not fewer than none.
//
// As for channels, requests that wait are granted in any order, unless they ask for different numbers of permits. Then a large
// request holds back the small ones behind it, which may even deadlock. Such a lock is *queued*: the order in which its
// requests wait is part of the state. A search assumes that locks are neither, and restarts when one is (`Refuted`).

import type { Operation } from "../../../operation/operation.js";
import type { KeptPermits } from "../../../scheduler/maker.js";
import { ACQUIRE, READ_PERMITS, RELEASE } from "./cases.js";
import type { PlainCalls } from "./model-objects.js";
import { Offer } from "./operation-cases.js";

/** Permits are counted up to this number, which stands for all larger ones. */
const MOST = 2 ** 20;

/** What a request asks for. */
export interface LockRequest {
  readonly n: number;
  readonly priority: number;
  /** What that means for the lock, such as `lock` or `read`. */
  readonly verb: string;
}

/** What locks ask of the sandbox. */
export interface LockCalls extends PlainCalls {
  /** A number for a request. */
  requestId(request: LockRequest): number;
  /** Notes that the running task got a lease of so many permits. */
  leased(lock: LockModel, n: number, lease: object): void;
  /** Notes that the running task releases so many permits. */
  released(lock: LockModel, n: number): void;
  /** Gives the program up if the running task did not get the lease. */
  usesLease(lease: object): void;
}

/** What is fixed about a lock. */
interface LockFacts {
  readonly index: number;
  readonly name: string;
  readonly total: number;
  readonly isWatched: boolean;
  readonly isQueued: boolean;
}

export class LockModel implements KeptPermits {
  readonly index: number;
  readonly name: string;
  /** How many permits there are, as the model counts them; of a latch less than none. */
  readonly total: number;
  readonly isWatched: boolean;
  readonly isQueued: boolean;
  /** How many permits its requests ask for, each of them; 0 before there is one. */
  asked: number;
  /** As the program counts them. */
  private readonly _given: number;
  private readonly _calls: LockCalls;

  constructor(calls: LockCalls, { index, name, total, isWatched, isQueued }: LockFacts) {
    this.index = index;
    this.name = name;
    this.total = Math.min(total, MOST);
    this.isWatched = isWatched;
    this.isQueued = isQueued;
    this.asked = 0;
    this._given = total;
    this._calls = calls;
  }

  get available(): number {
    const left = this._calls.call(this._offer(READ_PERMITS, null, `the permits of ${this.name}`)) as number;
    if (left === 0 || this._given <= MOST) return left;
    return this._given - (this.total - left);
  }

  acquire(n: number, priority: number, verb: string, lease: () => object | undefined): Operation<object | undefined> {
    return this._request({ n: this._count(n), priority, verb }, lease);
  }

  tryAcquire(n: number, verb: string, lease: () => object): object | undefined {
    const request = this._request({ n: this._count(n), priority: 0, verb }, lease);
    return this._calls.attempt(request) === null ? undefined : request.granted();
  }

  release(n: number): void {
    const count = this._count(n);
    this._calls.released(this, count);
    if (this.isWatched) this._calls.call(this._offer(RELEASE, count, `release ${this.name}`));
  }

  uses(lease: object): void {
    this._calls.usesLease(lease);
  }

  private _request(request: LockRequest, lease: () => object | undefined): Acquire {
    return new Acquire(this._calls, this, request, lease);
  }

  /** So many permits, as the model counts them. */
  private _count(n: number): number {
    if (n === this._given) return this.total;
    return n < MOST ? n : this._calls.unmodelled(`it takes ${n} permits of ${this.name}`);
  }

  private _offer<T>(kind: number, argument: unknown, text: string): Offer<T> {
    return new Offer<T>(kind, this.index, argument, text, this._calls.queued);
  }
}

/** A request for permits. */
class Acquire extends Offer<object | undefined> {
  private readonly _calls: LockCalls;
  private readonly _lock: LockModel;
  private readonly _n: number;
  private readonly _lease: () => object | undefined;

  constructor(calls: LockCalls, lock: LockModel, request: LockRequest, lease: () => object | undefined) {
    super(ACQUIRE, lock.index, calls.requestId(request), `${request.verb} ${lock.name}`, calls.queued);
    this._calls = calls;
    this._lock = lock;
    this._n = request.n;
    this._lease = lease;
  }

  /** Makes the lease of the permits that were granted. */
  granted(): object | undefined {
    const lease = this._lease();
    if (lease !== undefined) this._calls.leased(this._lock, this._n, lease);
    return lease;
  }

  override result(): object | undefined {
    return this.granted();
  }
}

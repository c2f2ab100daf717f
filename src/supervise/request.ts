// A request to a supervisor, which its task serves between other events. A request that is given up before its turn is not served.

import { Operation, type Routine, type WaitsFor } from "../operation/operation.js";

/** The supervisor that serves requests. */
export interface Desk {
  readonly name: string;
  /** The error for requests once the supervisor has ended; null before. */
  readonly over: Error | null;
  accept(call: Call): void;
}

/** One performance of a request. */
export class Call {
  private _request: Request<unknown> | null;

  constructor(request: Request<unknown>) {
    this._request = request;
  }

  withdraw(): void {
    this._request = null;
  }

  *serve(): Routine<void> {
    if (this._request === null) return;
    let value: unknown;
    let failed = false;
    try {
      value = yield* this._request.run();
    } catch (error) {
      failed = true;
      value = error;
    }
    this.answer(value, failed);
  }

  answer(value: unknown, failed: boolean): void {
    const request = this._request;
    this._request = null;
    request?.answer(value, failed);
  }
}

export class Request<T> extends Operation<T> {
  readonly run: () => Routine<T>;
  private readonly _desk: Desk;
  private _call: Call | null;
  private _failed: boolean;

  constructor(desk: Desk, run: () => Routine<T>) {
    super();
    this.run = run;
    this._desk = desk;
    this._call = null;
    this._failed = false;
  }

  poll(): boolean {
    this.value = this._desk.over;
    this._failed = this.value !== null;
    return this._failed;
  }

  block(): void {
    this._call = new Call(this);
    this._desk.accept(this._call);
  }

  override unblock(): void {
    this._call?.withdraw();
    this._call = null;
  }

  answer(value: unknown, failed: boolean): void {
    this._call = null;
    this._failed = failed;
    this.complete(value);
  }

  override result(): T {
    if (this._failed) throw this.value;
    return this.value as T;
  }

  override waitsFor(): WaitsFor {
    return { what: `an answer of supervisor ${this._desk.name}`, external: false };
  }
}

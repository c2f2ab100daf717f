import { Request, WaitQueue } from "./wait-queue.js";

/** A count, and the requests that wait until it is zero. They take nothing, so all of them are granted together. */
export class Counter extends WaitQueue {
  count: number;

  constructor(kind: string, count: number) {
    super(kind, {});
    this.count = count;
  }

  set(count: number): void {
    this.count = count;
    if (count === 0) this.serve();
  }
}

/** Waits until a count is zero. */
export class WaitForZero extends Request<void, Counter> {
  take(): boolean {
    return this.queue.count === 0;
  }

  protected get what(): string {
    return `wait for ${this.queue.name} (${this.queue.count} to go)`;
  }
}

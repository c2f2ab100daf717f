import { type SyncOptions, WaitQueue } from "./wait-queue.js";

/**
 * A number of permits, and the requests that wait for some. A mutex has one permit, a read-write lock as many as there can
 * be readers.
 */
export class Permits extends WaitQueue {
  readonly total: number;
  available: number;

  constructor(kind: string, total: number, options: SyncOptions) {
    super(kind, options);
    this.total = this.available = total;
  }

  take(n: number): boolean {
    if (this.available < n) return false;
    this.available -= n;
    return true;
  }

  give(n: number): void {
    this.available += n;
    if (this.length > 0) this.serve();
  }
}

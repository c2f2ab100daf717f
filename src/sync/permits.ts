import { Line, type SyncOptions } from "./line.js";

/** So many permits, and those who wait for some. A mutex has one, a read-write lock as many as there can be readers. */
export class Permits extends Line {
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

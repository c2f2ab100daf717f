import { Line, Request } from "./line.js";

/** A count, and those who wait until it is zero: they take nothing, so all of them fit at once. */
export class Counter extends Line {
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
export class Zero extends Request<void, Counter> {
  take(): boolean {
    return this.line.count === 0;
  }

  override describe(): string {
    return `wait for ${this.line.name} (${this.line.count} to go)`;
  }
}

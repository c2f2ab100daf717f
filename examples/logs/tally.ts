import type { Entry } from "./entry.ts";
import { isProblem, type Problem } from "./problem.ts";

/** The counts of one path. */
export interface PathTally {
  readonly path: string;
  count: number;
  /** The total time of all requests, in milliseconds. */
  ms: number;
  worst: number;
}

/** The counts so far. Its size grows with the number of paths and minutes, and not with the number of lines. */
export class Tally {
  readonly problems: Problem[];
  /** Requests by the first digit of their status. */
  readonly classes: Map<number, number>;
  readonly paths: Map<string, PathTally>;
  /** Requests by minute. */
  readonly minutes: Map<number, number>;
  count: number;

  constructor() {
    this.problems = [];
    this.classes = new Map();
    this.paths = new Map();
    this.minutes = new Map();
    this.count = 0;
  }

  add(item: Entry | Problem): void {
    if (isProblem(item)) this.problems.push(item);
    else this._addEntry(item);
  }

  private _addEntry({ minute, path, status, ms }: Entry): void {
    this.count++;
    increment(this.classes, Math.floor(status / 100));
    increment(this.minutes, minute);
    let tally = this.paths.get(path);
    if (tally === undefined) this.paths.set(path, (tally = { path, count: 0, ms: 0, worst: 0 }));
    tally.count++;
    tally.ms += ms;
    tally.worst = Math.max(tally.worst, ms);
  }
}

function increment(counts: Map<number, number>, key: number): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

import type { Entry } from "./entry.ts";
import { isProblem, type Problem } from "./problem.ts";

/** What is known of one path. */
export interface PathTally {
  readonly path: string;
  count: number;
  /** All of its requests together. */
  ms: number;
  worst: number;
}

/** What has been counted so far. It grows with the number of paths and minutes, not with that of the lines. */
export class Tally {
  readonly problems: Problem[];
  /** Requests by the first digit of their status. */
  readonly classes: Map<number, number>;
  readonly paths: Map<string, PathTally>;
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
    let known = this.paths.get(path);
    if (known === undefined) this.paths.set(path, (known = { path, count: 0, ms: 0, worst: 0 }));
    known.count++;
    known.ms += ms;
    known.worst = Math.max(known.worst, ms);
  }
}

function increment(counts: Map<number, number>, key: number): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

// What channels hold, as numbers: one for each content that has been seen, whichever channel it was in. 0 is open and empty.

export class Contents {
  private readonly _values: (readonly number[])[];
  /** 0 while it is open, 1 once it is closed, and what stands for a cause above that. */
  private readonly _lengths: number[];
  private readonly _ends: number[];
  private readonly _ids: Map<string, number>;
  /** What comes after something is put in at the end, by both; and after the first is taken. */
  private readonly _pushed: Map<number, number>;
  private readonly _shifted: number[];

  constructor() {
    this._values = [[]];
    this._lengths = [0];
    this._ends = [0];
    this._ids = new Map([["|0", 0]]);
    this._pushed = new Map();
    this._shifted = [];
  }

  length(id: number): number {
    return this._lengths[id]!;
  }

  closed(id: number): boolean {
    return this._ends[id] !== 0;
  }

  /** The cause it was closed with, -1 without one. */
  cause(id: number): number {
    return this._ends[id]! - 2;
  }

  first(id: number): number {
    return this._values[id]![0]!;
  }

  values(id: number): readonly number[] {
    return this._values[id]!;
  }

  push(id: number, value: number): number {
    const step = id * 0x200000 + value;
    const known = this._pushed.get(step);
    if (known !== undefined) return known;
    const after = this._idOf([...this._values[id]!, value], this._ends[id]!);
    this._pushed.set(step, after);
    return after;
  }

  shift(id: number): number {
    return this._shifted[id] ?? (this._shifted[id] = this._idOf(this._values[id]!.slice(1), this._ends[id]!));
  }

  /** Closed, with what stands for the cause or -1. */
  close(id: number, cause: number): number {
    return this._idOf(this._values[id]!, cause + 2);
  }

  /** Closed, and nothing is in it; a cause that it had been closed with it keeps. */
  discard(id: number): number {
    return this.close(0, this.closed(id) ? this.cause(id) : -1);
  }

  private _idOf(values: readonly number[], end: number): number {
    const key = `${values.join()}|${end}`;
    const known = this._ids.get(key);
    if (known !== undefined) return known;
    const id = this._values.push(values) - 1;
    this._lengths.push(values.length);
    this._ends.push(end);
    this._ids.set(key, id);
    return id;
  }
}

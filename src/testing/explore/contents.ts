// What channels hold, as numbers: one for each content that has been seen, whichever channel it was in. 0 is open and empty.

export class Contents {
  private readonly _values: (readonly number[])[];
  /** 0 while it is open, 1 once it is closed, and what stands for a cause above that. */
  private readonly _lengths: number[];
  private readonly _ends: number[];
  private readonly _ids: Map<string, number>;
  private readonly _after: Map<number, number>;

  constructor() {
    this._values = [[]];
    this._lengths = [0];
    this._ends = [0];
    this._ids = new Map([["|0", 0]]);
    this._after = new Map();
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
    const step = id * 0x200000 + value * 2;
    const known = this._after.get(step);
    return known ?? this._remember(step, [...this._values[id]!, value], this._ends[id]!);
  }

  shift(id: number): number {
    const step = -1 - id;
    return this._after.get(step) ?? this._remember(step, this._values[id]!.slice(1), this._ends[id]!);
  }

  /** Closed, with what stands for the cause or -1. */
  close(id: number, cause: number): number {
    return this._idOf(this._values[id]!, cause + 2);
  }

  private _remember(step: number, values: readonly number[], end: number): number {
    const id = this._idOf(values, end);
    this._after.set(step, id);
    return id;
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

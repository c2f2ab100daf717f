// The contents of channels, interned (hash consing): a number for each content that has occurred in any channel. So
// a channel takes one component of the state, and two contents are equal if their numbers are. 0 is open and empty. A content
// never changes; the methods that change a channel return the number of its next content.

export class Contents {
  private readonly _values: (readonly number[])[];
  /** For each content 0 while open; 1 closed without a cause; the id of the cause and two. */
  private readonly _lengths: number[];
  private readonly _ends: number[];
  private readonly _ids: Map<string, number>;
  /** Memory of `push`, by content and value; and of `shift`, by content. */
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

  /** The id of the cause that it was closed with; -1 for none. */
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
    // A key of both; no bits are left for larger ids.
    if (value >= 0x200000) return this._idOf([...this._values[id]!, value], this._ends[id]!);
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

  /** The content once closed, with the id of a cause or -1. */
  close(id: number, cause: number): number {
    return this._idOf(this._values[id]!, cause + 2);
  }

  /** The content once cancelled: closed and empty. A cause that it was closed with is kept. */
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

// Vector clocks (Mattern; Fidge). The clock of an event has, for each task, the number of events of the task in the past of the
// event. Clocks are kept by the depth of their event, and are overwritten when another event takes its place.

export class Clocks {
  private readonly _clocks: Int32Array[];
  private _room: number;
  private _nothing: Int32Array;

  constructor() {
    this._clocks = [];
    this._room = 16;
    this._nothing = new Int32Array(16);
  }

  /** Makes room for a number of tasks. */
  widen(tasks: number): void {
    while (this._room < tasks) this._room *= 2;
  }

  at(depth: number): Int32Array {
    const clock = this._clocks[depth];
    return clock !== undefined && clock.length >= this._room ? clock : this._make(depth);
  }

  /** Copies the clock of one depth to another; from -1, copies the clock with an empty past. */
  copy(depth: number, from: number): Int32Array {
    const clock = this.at(depth);
    const other = from === -1 ? this.nothing() : this.at(from);
    for (let task = 0; task < clock.length; task++) clock[task] = other[task]!;
    return clock;
  }

  /** The clock with an empty past. */
  nothing(): Int32Array {
    if (this._nothing.length < this._room) this._nothing = new Int32Array(this._room);
    return this._nothing;
  }

  /** Joins the clock of a depth into a clock: the maximum for each task. */
  join(clock: Int32Array, depth: number): void {
    const other = this._clocks[depth]!;
    const count = Math.min(clock.length, other.length);
    for (let task = 0; task < count; task++) if (other[task]! > clock[task]!) clock[task] = other[task]!;
  }

  private _make(depth: number): Int32Array {
    const larger = new Int32Array(this._room);
    const before = this._clocks[depth];
    if (before !== undefined) larger.set(before);
    return (this._clocks[depth] = larger);
  }
}

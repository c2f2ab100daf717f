// Which event happened before which. A clock says, for an event, how many events of each task had happened by then. Clocks are
// kept by the depth of their event, and are written over when another event takes its place.

export class Clocks {
  private readonly _clocks: Int32Array[];
  private _room: number;
  private _nothing: Int32Array;

  constructor() {
    this._clocks = [];
    this._room = 16;
    this._nothing = new Int32Array(16);
  }

  /** Makes room for so many tasks. */
  widen(tasks: number): void {
    while (this._room < tasks) this._room *= 2;
  }

  at(depth: number): Int32Array {
    const clock = this._clocks[depth];
    return clock !== undefined && clock.length >= this._room ? clock : this._make(depth);
  }

  /** The clock of a depth, as that of another; nothing has happened yet where that is -1. */
  copy(depth: number, from: number): Int32Array {
    const clock = this.at(depth);
    const other = from === -1 ? this.nothing() : this.at(from);
    for (let task = 0; task < clock.length; task++) clock[task] = other[task]!;
    return clock;
  }

  /** A clock at which nothing has happened yet. */
  nothing(): Int32Array {
    if (this._nothing.length < this._room) this._nothing = new Int32Array(this._room);
    return this._nothing;
  }

  /** What had happened by one or the other had happened by both. */
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

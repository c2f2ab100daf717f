// Which event happened before which. Events have participants: tasks, and of a channel with a buffer its tail (sends) and its
// head (receives). A clock says, for an event, how many events of each participant had happened by then. Clocks are kept by
// the depth of their event, and are written over when another event takes its place.

export class Clocks {
  /** How many participants there are. */
  count: number;
  private readonly _tasks: number[];
  private readonly _tails: number[];
  private readonly _heads: number[];
  private readonly _clocks: Int32Array[];
  private _room: number;
  private _nothing: Int32Array;

  constructor() {
    this.count = 0;
    this._tasks = [];
    this._tails = [];
    this._heads = [];
    this._clocks = [];
    this._room = 32;
    this._nothing = new Int32Array(32);
  }

  task(index: number): number {
    return this._part(this._tasks, index);
  }

  tail(channel: number): number {
    return this._part(this._tails, channel);
  }

  head(channel: number): number {
    return this._part(this._heads, channel);
  }

  at(depth: number): Int32Array {
    let clock = this._clocks[depth];
    if (clock === undefined || clock.length < this._room) {
      const larger = new Int32Array(this._room);
      if (clock !== undefined) larger.set(clock);
      this._clocks[depth] = clock = larger;
    }
    return clock;
  }

  /** The clock of a depth, as that of another; nothing has happened yet where that is -1. */
  copy(depth: number, from: number): Int32Array {
    const clock = this.at(depth);
    const other = from === -1 ? this.nothing() : this.at(from);
    for (let part = 0; part < this.count; part++) clock[part] = other[part]!;
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
    const count = Math.min(this.count, other.length);
    for (let part = 0; part < count; part++) if (other[part]! > clock[part]!) clock[part] = other[part]!;
  }

  private _part(of: number[], index: number): number {
    const known = of[index];
    if (known !== undefined) return known;
    if (this.count === this._room) this._room *= 2;
    return (of[index] = this.count++);
  }
}

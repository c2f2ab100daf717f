// States that have been seen: vectors packed side by side, in the order in which they were found, with the state each was
// found from. A table of their numbers finds a vector by its hash; equal hashes are told apart by the vectors themselves.

import { grown } from "./numbers.js";

const FIRST_WIDTH = 8;

export class Store {
  /** How many there are. */
  size: number;
  private _width: number;
  private _data: Uint16Array | Int32Array;
  private _parents: Int32Array;
  private _hashes: Int32Array;
  /** For each entry the number of the state, and one, and its hash beside it, where a look at the first has brought it. */
  private _table: Int32Array;

  constructor() {
    this.size = 0;
    this._width = FIRST_WIDTH;
    this._data = new Uint16Array(FIRST_WIDTH * 1024);
    this._parents = new Int32Array(1024);
    this._hashes = new Int32Array(1024);
    this._table = new Int32Array(4096);
  }

  /** Bytes for each state. */
  get bytes(): number {
    return (this._data.byteLength + this._parents.byteLength * 2 + this._table.byteLength) / Math.max(1, this.size);
  }

  /** The number of a vector; one that is new gets the next, and `size` grows. */
  add(state: Int32Array, width: number, hash: number, parent: number): number {
    if (width > this._width) this._widen(width);
    const slot = this._slotOf(state, width, hash);
    const table = this._table;
    if (table[slot] !== 0) return table[slot]! - 1;
    this._append(state, width, hash, parent);
    table[slot] = this.size;
    table[slot + 1] = hash;
    if (this.size * 4 > table.length) this._rehash();
    return this.size - 1;
  }

  /** The number of a vector, -1 if it is not there. */
  find(state: Int32Array, width: number, hash: number): number {
    return width > this._width ? -1 : this._table[this._slotOf(state, width, hash)]! - 1;
  }

  /** Copies a state into a vector. */
  load(id: number, into: Int32Array): void {
    const from = id * this._width;
    const count = Math.min(this._width, into.length);
    for (let at = 0; at < count; at++) into[at] = this._data[from + at]!;
    for (let at = count; at < into.length; at++) into[at] = 0;
  }

  hash(id: number): number {
    return this._hashes[id]!;
  }

  parent(id: number): number {
    return this._parents[id]!;
  }

  /** Where a vector stands in the table, or would. */
  private _slotOf(state: Int32Array, width: number, hash: number): number {
    const table = this._table;
    const mask = table.length - 2;
    let slot = (hash << 1) & mask;
    for (let entry = table[slot]!; entry !== 0; entry = table[slot]!) {
      if (table[slot + 1] === hash && this._equals(entry - 1, state, width)) break;
      slot = (slot + 2) & mask;
    }
    return slot;
  }

  private _equals(id: number, state: Int32Array, width: number): boolean {
    const data = this._data;
    const from = id * this._width;
    for (let at = 0; at < width; at++) if (data[from + at] !== state[at]) return false;
    return true;
  }

  private _append(state: Int32Array, width: number, hash: number, parent: number): void {
    const from = this.size * this._width;
    if (from + this._width > this._data.length) this._lengthen();
    let bits = 0;
    for (let at = 0; at < width; at++) bits |= this._data[from + at] = state[at]!;
    if (bits > 0xffff && this._data instanceof Uint16Array) this._data = Int32Array.from(this._data);
    if (bits > 0xffff) for (let at = 0; at < width; at++) this._data[from + at] = state[at]!;
    if (this.size === this._parents.length) {
      this._parents = grown(this._parents);
      this._hashes = grown(this._hashes);
    }
    this._hashes[this.size] = hash;
    this._parents[this.size++] = parent;
  }

  private _lengthen(): void {
    const longer = new (this._data.constructor as typeof Uint16Array)(Math.ceil(this._data.length * 1.5));
    longer.set(this._data);
    this._data = longer;
  }

  private _widen(width: number): void {
    const before = this._width;
    this._width = Math.ceil(width / 4) * 4;
    const data = new (this._data.constructor as typeof Uint16Array)(this._width * (this.size + 1024));
    for (let id = 0; id < this.size; id++)
      data.set(this._data.subarray(id * before, (id + 1) * before), id * this._width);
    this._data = data;
  }

  private _rehash(): void {
    const table = new Int32Array(this._table.length * 2);
    const mask = table.length - 2;
    for (let id = 0; id < this.size; id++) {
      let slot = (this._hashes[id]! << 1) & mask;
      while (table[slot] !== 0) slot = (slot + 2) & mask;
      table[slot] = id + 1;
      table[slot + 1] = this._hashes[id]!;
    }
    this._table = table;
  }
}

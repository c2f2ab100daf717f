// The visited states: packed side by side in the order of their discovery, each with its predecessor on the first path to it. A
// hash table with open addressing maps a packed state to its id.

import type { Model } from "../semantics/model.js";
import { grown } from "../semantics/numbers.js";
import { Packing } from "./state-packing.js";

const NONE = -1;

/** What the store needs of a state: its vector, and the components that have changed since it was loaded. */
export type StateVector = Pick<Model, "state" | "changes" | "changed" | "forget">;

export class StateStore {
  /** How many states are stored; their ids are 0 to `size - 1`. */
  size: number;
  private readonly _packing: Packing;
  private _data: Int32Array;
  private _parents: Int32Array;
  /** Hash table: the id of a state, plus one; 0 is free. */
  private _table: Int32Array;
  /** The id of the state that was loaded last; -1 for the vector of zeros. */
  private _loaded: number;
  /** A state as it is packed. */
  private _packed: Int32Array;

  constructor() {
    this.size = 0;
    this._packing = new Packing();
    this._data = new Int32Array(1024);
    this._parents = new Int32Array(1024);
    this._table = new Int32Array(4096);
    this._loaded = NONE;
    this._packed = new Int32Array(1);
  }

  /** Bytes for each state. */
  get bytes(): number {
    return (this._data.byteLength + this._parents.byteLength + this._table.byteLength) / Math.max(1, this.size);
  }

  /** Inserts the current state and returns its id. A state that is already stored keeps its id; a new one gets `size`. */
  add(state: StateVector, parent: number): number {
    this._pack(state);
    const hash = this._hash();
    const slot = this._slotOf(hash);
    const table = this._table;
    if (table[slot] !== 0) return table[slot]! - 1;
    this._append(parent);
    table[slot] = this.size;
    if (this.size * 2 > table.length) this._rehash(table.length * 2);
    return this.size - 1;
  }

  /** The id of the current state; -1 if it is not stored. */
  find(state: StateVector): number {
    this._pack(state);
    return this._table[this._slotOf(this._hash())]! - 1;
  }

  /** Makes a stored state the current one; its changes are recorded from here on. */
  load(id: number, state: StateVector): void {
    this._packing.unpack(this._data, id * this._packing.words, state.state);
    this._loaded = id;
    state.forget();
  }

  /** Makes the vector of zeros the state that changes are recorded from. */
  leave(): void {
    this._loaded = NONE;
  }

  parent(id: number): number {
    return this._parents[id]!;
  }

  /** Packs the current state: a copy of the loaded one, with the changed components packed anew. */
  private _pack(state: StateVector): void {
    const { _packed: packed, _data: data } = this;
    const from = this._loaded * packed.length;
    if (this._loaded === NONE) packed.fill(0);
    else for (let word = 0; word < packed.length; word++) packed[word] = data[from + word]!;
    for (let at = 0; at < state.changed; at += 2) {
      const component = state.changes[at]!;
      if (this._packing.put(packed, component, state.state[component]!)) continue;
      this._widen();
      this._pack(state);
      return;
    }
  }

  private _widen(): void {
    this._data = this._packing.widen(this._data, this.size);
    this._packed = new Int32Array(this._packing.words);
    this._rehash(this._table.length);
  }

  private _hash(): number {
    const packed = this._packed;
    let hash = 0;
    for (let word = 0; word < packed.length; word++) {
      hash = Math.imul(hash ^ packed[word]!, 0x9e3779b1);
      hash ^= hash >>> 15;
    }
    hash = Math.imul(hash, 0x2c1b3c6d);
    return hash ^ (hash >>> 13);
  }

  /** The slot of the packed state in the table, or the free slot where it belongs. */
  private _slotOf(hash: number): number {
    const table = this._table;
    const mask = table.length - 1;
    let slot = hash & mask;
    for (let entry = table[slot]!; entry !== 0; entry = table[slot]!) {
      if (this._equals(entry - 1)) break;
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  private _equals(id: number): boolean {
    const { _packed: packed, _data: data } = this;
    const from = id * packed.length;
    for (let word = 0; word < packed.length; word++) if (data[from + word] !== packed[word]) return false;
    return true;
  }

  private _append(parent: number): void {
    const from = this.size * this._packed.length;
    if (from + this._packed.length > this._data.length) this._lengthen();
    this._data.set(this._packed, from);
    if (this.size === this._parents.length) this._parents = grown(this._parents);
    this._parents[this.size++] = parent;
  }

  private _lengthen(): void {
    const longer = new Int32Array(Math.ceil(this._data.length * 1.5));
    longer.set(this._data);
    this._data = longer;
  }

  private _rehash(length: number): void {
    const table = new Int32Array(length);
    const mask = length - 1;
    const { words } = this._packing;
    for (let id = 0; id < this.size; id++) {
      for (let word = 0; word < words; word++) this._packed[word] = this._data[id * words + word]!;
      const hash = this._hash();
      let slot = hash & mask;
      while (table[slot] !== 0) slot = (slot + 1) & mask;
      table[slot] = id + 1;
    }
    this._table = table;
  }
}

// The transitions of local states: from a node and a label to the node that comes next. A hash table with open addressing and
// linear probing in one array of numbers, as every transition of the program asks it once.

/** Numbers for each entry: node, case, code, successor. */
const FIELDS = 4;
const FREE = -1;

export class TransitionTable {
  private _table: Int32Array;
  /** The number of slots less one, which is a power of two less one. */
  private _mask: number;
  private _used: number;

  constructor() {
    this._table = new Int32Array(FIELDS * 1024).fill(FREE);
    this._mask = 1023;
    this._used = 0;
  }

  /** Where a label leads from a node; -1 if that is not in the table. */
  get(node: number, at: number, code: number): number {
    const table = this._table;
    for (let slot = hash(node, at, code) & this._mask; ; slot = (slot + 1) & this._mask) {
      const entry = slot * FIELDS;
      if (table[entry] === FREE) return -1;
      if (table[entry] === node && table[entry + 1] === at && table[entry + 2] === code) return table[entry + 3]!;
    }
  }

  set(node: number, at: number, code: number, successor: number): void {
    // At most half of the slots are used, so that chains stay short.
    if (++this._used * 2 > this._mask) this._grow();
    let slot = hash(node, at, code) & this._mask;
    while (this._table[slot * FIELDS] !== FREE) slot = (slot + 1) & this._mask;
    this._table.set([node, at, code, successor], slot * FIELDS);
  }

  private _grow(): void {
    const old = this._table;
    this._table = new Int32Array(old.length * 2).fill(FREE);
    this._mask = this._mask * 2 + 1;
    this._used = 0;
    for (let entry = 0; entry < old.length; entry += FIELDS) {
      if (old[entry] !== FREE) this.set(old[entry]!, old[entry + 1]!, old[entry + 2]!, old[entry + 3]!);
    }
  }
}

function hash(node: number, at: number, code: number): number {
  let mixed = Math.imul(node, 0x9e3779b1) ^ Math.imul(at, 0x85ebca6b) ^ Math.imul(code, 0xc2b2ae35);
  mixed ^= mixed >>> 15;
  mixed = Math.imul(mixed, 0x2c1b3c6d);
  return mixed ^ (mixed >>> 13);
}

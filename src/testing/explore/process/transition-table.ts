// The edges of a trie: from a node, with what happened there, to the node that this leads to. A table with open addressing.

const FIELDS = 4;
const EMPTY = -1;

export class Edges {
  private _table: Int32Array;
  private _mask: number;
  private _used: number;

  constructor() {
    this._table = new Int32Array(FIELDS * 1024).fill(EMPTY);
    this._mask = 1023;
    this._used = 0;
  }

  /** Where a case with a code leads, -1 if that is not known yet. */
  get(node: number, at: number, code: number): number {
    const table = this._table;
    for (let slot = hash(node, at, code) & this._mask; ; slot = (slot + 1) & this._mask) {
      const place = slot * FIELDS;
      if (table[place] === EMPTY) return -1;
      if (table[place] === node && table[place + 1] === at && table[place + 2] === code) return table[place + 3]!;
    }
  }

  set(node: number, at: number, code: number, child: number): void {
    if (++this._used * 2 > this._mask) this._grow();
    let slot = hash(node, at, code) & this._mask;
    while (this._table[slot * FIELDS] !== EMPTY) slot = (slot + 1) & this._mask;
    this._table.set([node, at, code, child], slot * FIELDS);
  }

  private _grow(): void {
    const old = this._table;
    this._table = new Int32Array(old.length * 2).fill(EMPTY);
    this._mask = this._mask * 2 + 1;
    this._used = 0;
    for (let place = 0; place < old.length; place += FIELDS) {
      if (old[place] !== EMPTY) this.set(old[place]!, old[place + 1]!, old[place + 2]!, old[place + 3]!);
    }
  }
}

function hash(node: number, at: number, code: number): number {
  let mixed = Math.imul(node, 0x9e3779b1) ^ Math.imul(at, 0x85ebca6b) ^ Math.imul(code, 0xc2b2ae35);
  mixed ^= mixed >>> 15;
  mixed = Math.imul(mixed, 0x2c1b3c6d);
  return mixed ^ (mixed >>> 13);
}

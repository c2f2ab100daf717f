// A set of entries that know their place, so that one leaves in constant time: the last entry takes its place. To add an entry
// writes to a single old object, the array. V8 records each write of a young object to an old one, and a linked list takes two.

/** An entry. It is in one bag at a time; `bag` is null while it is in none. */
export interface Bagged {
  bag: Bag | null;
  slot: number;
}

export class Bag {
  private _entries: Bagged[];

  constructor() {
    this._entries = [];
  }

  get empty(): boolean {
    return this._entries.length === 0;
  }

  add(entry: Bagged): void {
    const { _entries: entries } = this;
    entry.bag = this;
    entry.slot = entries.length;
    entries.push(entry);
  }

  remove(entry: Bagged): void {
    const { _entries: entries } = this;
    const last = entries.pop()!;
    entry.bag = null;
    if (last === entry) return;
    entries[entry.slot] = last;
    last.slot = entry.slot;
  }

  /** Removes all entries and returns them. */
  takeAll(): Bagged[] {
    const entries = this._entries;
    this._entries = [];
    for (const entry of entries) entry.bag = null;
    return entries;
  }
}

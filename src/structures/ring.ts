// A queue in an array whose length is a power of two. The array is made with the first item, and grows by doubling. A large array
// is given up when the queue is empty, so that a burst of a million items leaves no array behind.

const SMALL = 16;
const LARGE = 1024;

const NONE: never[] = [];

export class Ring<T> {
  private _items: (T | undefined)[];
  private _head: number;
  private _mask: number;
  length: number;

  constructor(size: number = 0) {
    this._items = size === 0 ? NONE : new Array(size);
    this._head = 0;
    this._mask = size - 1;
    this.length = 0;
  }

  push(item: T): void {
    if (this.length > this._mask) this._grow();
    this._items[(this._head + this.length++) & this._mask] = item;
  }

  /** Removes the oldest item and returns it; the queue must not be empty. */
  shift(): T {
    const head = this._head;
    const item = this._items[head];
    this._items[head] = undefined;
    this._head = (head + 1) & this._mask;
    if (--this.length === 0 && this._mask >= LARGE) this._shrink();
    return item as T;
  }

  /** Adds an item in front of the oldest. */
  unshift(item: T): void {
    if (this.length > this._mask) this._grow();
    this._head = (this._head - 1) & this._mask;
    this._items[this._head] = item;
    this.length++;
  }

  /** The item at an index, counted from the oldest. */
  at(place: number): T {
    return this._items[(this._head + place) & this._mask] as T;
  }

  /** Removes the item at an index, counted from the oldest, and returns it. The other items keep their order. O(index). */
  take(place: number): T {
    const at = (index: number): number => (this._head + index) & this._mask;
    const item = this._items[at(place)];
    for (let index = place; index > 0; index--) this._items[at(index)] = this._items[at(index - 1)];
    this._items[this._head] = item;
    return this.shift();
  }

  private _shrink(): void {
    this._items = NONE;
    this._head = 0;
    this._mask = -1;
  }

  private _grow(): void {
    const items = new Array<T | undefined>(Math.max(SMALL, (this._mask + 1) * 2));
    for (let index = 0; index < this.length; index++) items[index] = this._items[(this._head + index) & this._mask];
    this._items = items;
    this._head = 0;
    this._mask = items.length - 1;
  }
}

// A binary heap of alarms, earliest first. Alarms with equal times keep the order in which they were added. Each alarm holds
// its slot, so an alarm can be removed at once, in O(log n), and a removed alarm keeps nothing alive.

/** An entry of the heap, due at a time. `slot` is its index in the heap, and -1 while it is not in the heap. */
export interface Alarm {
  due: number;
  order: number;
  slot: number;
}

export class Heap<A extends Alarm> {
  private readonly _alarms: A[];
  private _order: number;

  constructor() {
    this._alarms = [];
    this._order = 0;
  }

  get length(): number {
    return this._alarms.length;
  }

  get first(): A | undefined {
    return this._alarms[0];
  }

  /** The alarms, in no order. The heap must not change meanwhile. */
  [Symbol.iterator](): Iterator<A> {
    return this._alarms[Symbol.iterator]();
  }

  add(alarm: A): void {
    alarm.order = this._order++;
    this._alarms.push(alarm);
    this._up(alarm, this._alarms.length - 1);
  }

  remove(alarm: A): void {
    const { slot } = alarm;
    if (slot < 0) return;
    alarm.slot = -1;
    const last = this._alarms.pop()!;
    if (last === alarm) return;
    this._up(last, slot);
    this._down(last, last.slot);
  }

  /** Moves an alarm from a free slot towards the root. */
  private _up(alarm: A, slot: number): void {
    const alarms = this._alarms;
    while (slot > 0) {
      const parent = alarms[(slot - 1) >> 1]!;
      if (!before(alarm, parent)) break;
      alarms[slot] = parent;
      const above = (slot - 1) >> 1;
      parent.slot = slot;
      slot = above;
    }
    alarms[slot] = alarm;
    alarm.slot = slot;
  }

  /** Moves an alarm from a free slot towards the leaves. */
  private _down(alarm: A, slot: number): void {
    const alarms = this._alarms;
    for (;;) {
      let below = slot * 2 + 1;
      if (below >= alarms.length) break;
      if (below + 1 < alarms.length && before(alarms[below + 1]!, alarms[below]!)) below++;
      const child = alarms[below]!;
      if (!before(child, alarm)) break;
      alarms[slot] = child;
      child.slot = slot;
      slot = below;
    }
    alarms[slot] = alarm;
    alarm.slot = slot;
  }
}

function before(a: Alarm, b: Alarm): boolean {
  return a.due < b.due || (a.due === b.due && a.order < b.order);
}

// The store of a channel in this process: what a server does for many processes, with the same rules.
//
// Invariants. `ready`, `late` and `flight` hold each value once; together they have at most `capacity` values. A value in flight has a
// timer, at whose end it is ready again, in front.

import { always, guard } from "../operation/basic.js";
import { later } from "../operation/later.js";
import type { Operation } from "../operation/operation.js";
import { upon } from "../operation/upon.js";
import { Ring } from "../structures/ring.js";
import { now, sleep } from "../time/sleep.js";
import type { ChannelSettings } from "./options.js";
import { Hold, type Message, type Put, type Sink, type Store } from "./store.js";
import type { ChannelStats } from "./types.js";

/** The most names that are kept to recognise a value that was sent before. */
const MOST_NAMES = 100_000;

/** Names that were used within a time. */
export class Names<V> {
  private readonly _window: number;
  private readonly _names: Map<string, { readonly until: number; readonly value: V }>;

  constructor(window: number) {
    this._window = window;
    this._names = new Map();
  }

  get(name: string): V | undefined {
    const known = this._names.get(name);
    return known === undefined || known.until <= now() ? undefined : known.value;
  }

  add(name: string, value: V): void {
    const time = now();
    this._names.delete(name);
    this._names.set(name, { until: time + this._window, value });
    for (const [old, { until }] of this._names) {
      if (until > time && this._names.size <= MOST_NAMES) return;
      this._names.delete(old);
    }
  }
}

/** The settings that concern what is stored. */
export type QueueSettings = Pick<
  ChannelSettings<never>,
  "capacity" | "ackWait" | "maxInFlight" | "dedupeWindow" | "batch"
>;

interface Stored {
  readonly text: string;
  readonly id: string | undefined;
  readonly key: string;
  count: number;
}

class Taken implements Message {
  readonly hold: Hold;
  readonly text: string;
  readonly id: string | undefined;
  readonly key: string;
  readonly count: number;
  readonly stored: Stored;
  timer: Disposable | null;
  private readonly _queue: LocalQueue;

  constructor(queue: LocalQueue, stored: Stored) {
    this.hold = new Hold(false);
    this.text = stored.text;
    this.id = stored.id;
    this.key = stored.key;
    this.count = ++stored.count;
    this.stored = stored;
    this.timer = null;
    this._queue = queue;
    this.extend();
  }

  ack(): void {
    this._queue.settle(this);
  }

  nak(ms: number): void {
    this._queue.giveBack(this, ms);
  }

  extend(): void {
    this.timer?.[Symbol.dispose]();
    this.timer = upon(sleep(this._queue.ackWait, { unref: true }), () => this._queue.giveBack(this, 0));
  }

  term(): void {
    this._queue.settle(this);
  }
}

export class LocalQueue implements Store {
  readonly place: string;
  readonly ackWait: number;
  private readonly _sink: Sink;
  private readonly _settings: QueueSettings;
  private readonly _buryIn: (text: string, key: string) => boolean;
  private readonly _ready: Ring<Stored>;
  private readonly _late: Map<Stored, Disposable>;
  private readonly _flight: Set<Taken>;
  private readonly _names: Names<true>;
  private _wanted: number;
  private _serving: boolean;
  private _closed: boolean;
  private _last: number;

  constructor(place: string, sink: Sink, settings: QueueSettings, buryIn: (text: string, key: string) => boolean) {
    this.place = place;
    this.ackWait = settings.ackWait;
    this._sink = sink;
    this._settings = settings;
    this._buryIn = buryIn;
    this._ready = new Ring();
    this._late = new Map();
    this._flight = new Set();
    this._names = new Names(settings.dedupeWindow);
    this._wanted = this._last = 0;
    this._serving = this._closed = false;
  }

  get length(): number {
    return this._ready.length;
  }

  /** A value that is not acknowledged, or was given back for later, comes by itself. */
  get external(): boolean {
    return this._late.size + this._flight.size > 0;
  }

  private get _size(): number {
    return this._ready.length + this._late.size + this._flight.size;
  }

  putNow(text: string, id: string | undefined): Put {
    if (this._closed) return "closed";
    if (id !== undefined && this._names.get(id)) return "stored";
    if (this._size >= this._settings.capacity) return "full";
    if (id !== undefined) this._names.add(id, true);
    this._ready.push({ text, id, key: String(++this._last), count: 0 });
    this._serve();
    return "stored";
  }

  put(text: string, id: string | undefined, done: (outcome: Put) => void): void {
    done(this.putNow(text, id));
  }

  askRoom(done: (room: boolean) => void): void {
    done(this._size < this._settings.capacity);
  }

  takeNow(): Message | null {
    if (this._ready.length === 0 || this._flight.size >= this._settings.maxInFlight) return null;
    const taken = new Taken(this, this._ready.shift());
    this._flight.add(taken);
    return taken;
  }

  want(count: number): void {
    this._wanted = count;
    this._serve();
  }

  private _serve(): void {
    if (this._serving) return;
    this._serving = true;
    for (let message: Message | null; this._wanted > 0 && (message = this.takeNow()) !== null; ) {
      this._wanted--;
      this._sink.arrive(message);
    }
    this._serving = false;
  }

  /** A value is done. */
  settle(taken: Taken): void {
    if (!this._land(taken)) return;
    this._sink.room();
    this._serve();
    this._endIfEmpty();
  }

  giveBack(taken: Taken, ms: number): void {
    if (!this._land(taken)) return;
    const { stored } = taken;
    if (ms > 0) {
      const timer = upon(sleep(ms, { unref: true }), () => {
        this._late.delete(stored);
        this._ready.unshift(stored);
        this._serve();
      });
      this._late.set(stored, timer);
    } else this._ready.unshift(stored);
    this._serve();
  }

  private _land(taken: Taken): boolean {
    if (!this._flight.delete(taken)) return false;
    taken.timer?.[Symbol.dispose]();
    return true;
  }

  bury(text: string, key: string, done: (buried: boolean) => void): void {
    done(this._buryIn(text, key));
  }

  stats(): Operation<ChannelStats> {
    return guard(() => {
      const redelivered = [...this._flight].filter(({ count }) => count > 1).length;
      return always({ pending: this._ready.length + this._late.size, inFlight: this._flight.size, redelivered });
    });
  }

  close(): void {
    this._closed = true;
    // The channel is shut after this, and ends after that.
    later(() => this._endIfEmpty());
  }

  cancel(): void {
    this._closed = true;
    this.empty();
  }

  /** Discards everything, and stops every timer. */
  empty(): void {
    while (this._ready.length > 0) this._ready.shift();
    for (const timer of this._late.values()) timer[Symbol.dispose]();
    this._late.clear();
    for (const taken of [...this._flight]) this._land(taken);
  }

  private _endIfEmpty(): void {
    if (this._closed && this._size === 0) this._sink.drained();
  }
}

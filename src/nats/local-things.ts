// Topics, registers, channels without a store, and addresses, in one process.

import { channel } from "../channel/channel.js";
import type { Channel, Closed, Empty, ReceiveChannel } from "../channel/ends.js";
import { CLOSED, EMPTY } from "../channel/ends.js";
import { iterate } from "../channel/iterate.js";
import { derive, type Emitter } from "../derived/derive.js";
import { always, guard } from "../operation/basic.js";
import { Operation, type WaitsFor } from "../operation/operation.js";
import { Waiters } from "../operation/waiters.js";
import type { StandardSchema } from "../remote/schema.js";
import { shown } from "../structures/errors.js";
import { readable } from "../structures/readable.js";
import { Ring } from "../structures/ring.js";
import { Names } from "./local-queue.js";
import { decoded, encoded } from "./names.js";
import { nameOf, startOf, type TopicSettings } from "./options.js";
import { type Entry, Subscriber } from "./topic.js";
import type { BusChannel, ChannelStats, Delivery, Register, Topic, TopicFrom, TopicSubscription } from "./types.js";
import { assertNoSymbol } from "./work.js";

/** A channel in which senders and receivers meet. Values are copied as they cross. */
export class LocalMeeting<T> implements BusChannel<T> {
  readonly name: string;
  private readonly _texts: Channel<string>;
  private readonly _schema: StandardSchema<T> | undefined;

  constructor(name: string, schema: StandardSchema<T> | undefined) {
    this.name = name;
    this._texts = channel<string>(0, { name });
    this._schema = schema;
    readable(this, () => String(this._texts));
  }

  send(value: T): Operation<boolean> {
    assertNoSymbol(value, this.name);
    return this._texts.send(encoded(value, `send to ${this.name}`));
  }

  trySend(value: T): boolean {
    assertNoSymbol(value, this.name);
    return this._texts.trySend(encoded(value, `send to ${this.name}`));
  }

  receive(): Operation<T | Closed> {
    return this._texts.receive().map((text) => (text === CLOSED ? CLOSED : this._decoded(text as string)));
  }

  tryReceive(): T | Closed | Empty {
    const text = this._texts.tryReceive();
    return text === CLOSED || text === EMPTY ? text : this._decoded(text as string);
  }

  private _decoded(text: string): T {
    return decoded(text, this._schema, `receive from ${this.name}`);
  }

  close(cause?: unknown): boolean {
    return this._texts.close(cause);
  }

  cancel(reason?: unknown): void {
    this._texts.cancel(reason);
  }

  whenClosed(): Operation<void> {
    return this._texts.whenClosed();
  }

  get closed(): boolean {
    return this._texts.closed;
  }

  get length(): number {
    return 0;
  }

  get capacity(): number {
    return 0;
  }

  leave(): void {
    this.cancel();
  }

  deliveries(): ReceiveChannel<Delivery<T>> {
    throw noLeases(this.name);
  }

  stats(): Operation<ChannelStats> {
    return always({ pending: 0, inFlight: 0, redelivered: 0 });
  }

  [Symbol.asyncIterator](): AsyncIterator<T> {
    return iterate(this);
  }
}

export function noLeases(name: string): TypeError {
  return new TypeError(
    `Cannot receive from ${name} with leases: the channel must store values, got capacity 0; give a capacity and ack "manual"`,
  );
}

/** Waits until a condition holds, which is looked at again after each change. */
export class Until<T> extends Operation<T> {
  private readonly _waiting: Waiters;
  private readonly _look: () => T | undefined;
  private readonly _what: string;
  /** Whether what is waited for is outside of this process. */
  private readonly _far: boolean;

  constructor(waiting: Waiters, look: () => T | undefined, what: string, far: boolean = false) {
    super();
    this._waiting = waiting;
    this._look = look;
    this._what = what;
    this._far = far;
  }

  poll(): boolean {
    this.value = this._look();
    return this.value !== undefined;
  }

  block(): void {
    this._waiting.join(this);
  }

  /** Completes it if the condition holds now. */
  look(): void {
    if (this.poll()) this.complete(this.value);
    else this._waiting.join(this);
  }

  override waitsFor(): WaitsFor {
    return { what: this._what, external: this._far, host: this._far };
  }
}

export function changed(waiting: Waiters): void {
  const all = waiting.takeAll() as Waiters<Until<unknown>>;
  for (let one: Until<unknown> | null; (one = all.next()) !== null; ) one.look();
}

const END = Symbol("end");

export class LocalTopic<T> implements Topic<T> {
  readonly name: string;
  private readonly _settings: TopicSettings<T>;
  private readonly _kept: Ring<string>;
  private readonly _names: Names<number>;
  private readonly _waiting: Waiters;
  private _last: number;
  private _closed: boolean;

  constructor(name: string, settings: TopicSettings<T>) {
    this.name = name;
    this._settings = settings;
    this._kept = new Ring();
    this._names = new Names(settings.dedupeWindow);
    this._waiting = new Waiters();
    this._last = 0;
    this._closed = false;
    readable(this, () => `Topic ${name} at ${this._last}`);
  }

  publish(value: T): Operation<number> {
    const act = `publish to ${this.name}`;
    const text = encoded(value, act);
    const id = nameOf(this._settings.dedupe, value, act);
    return guard(() => always(this._publish(text, id)));
  }

  private _publish(text: string, id: string | undefined): number {
    if (this._closed) throw new Error(`Cannot publish to ${this.name}: the bus is closed`);
    const known = id === undefined ? undefined : this._names.get(id);
    if (known !== undefined) return known;
    const position = ++this._last;
    if (id !== undefined) this._names.add(id, position);
    this._kept.push(text);
    if (this._kept.length > this._settings.keep) this._kept.shift();
    changed(this._waiting);
    return position;
  }

  subscribe(options: TopicFrom = {}): TopicSubscription<T> {
    let at = startOf(`subscribe to ${this.name}`, options) || this._last + 1;
    const { schema } = this._settings;
    const act = `receive from ${this.name}`;
    const look = (): Entry<string> | typeof END | undefined => {
      if (this._closed) return END;
      if (at > this._last) return undefined;
      const oldest = this._last - this._kept.length + 1;
      at = Math.max(at, oldest);
      return { position: at, value: this._kept.at(at - oldest) };
    };
    const entries = derive<Entry<string> | typeof END, Entry<T>>({
      next: () => new Until(this._waiting, look, act),
      accept(entry: Entry<string> | typeof END, to: Emitter<Entry<T>>) {
        if (entry === END) {
          to.end();
          return;
        }
        at = entry.position + 1;
        to.emit({ position: entry.position, value: decoded(entry.value, schema, act) });
      },
    });
    return new Subscriber(this.name, entries);
  }

  /** The bus is closed. */
  leave(): void {
    this._closed = true;
    changed(this._waiting);
  }
}

export class LocalRegister<T> implements Register<T> {
  readonly name: string;
  private readonly _schema: StandardSchema<T> | undefined;
  private readonly _waiting: Waiters;
  private _text: string | undefined;
  private _version: number;
  private _closed: boolean;

  constructor(name: string, schema: StandardSchema<T> | undefined) {
    this.name = name;
    this._schema = schema;
    this._waiting = new Waiters();
    this._text = undefined;
    this._version = 0;
    this._closed = false;
    readable(this, () => `Register ${name}`);
  }

  get(): Operation<T | undefined> {
    return guard(() => {
      this._assertOpen("read");
      return always(this._value());
    });
  }

  set(value: T): Operation<void> {
    const text = encoded(value, `set ${this.name}`);
    return guard(() => {
      this._assertOpen("set");
      this._write(text);
      return always(undefined);
    });
  }

  update(change: (value: T | undefined) => T): Operation<T> {
    if (typeof change !== "function")
      throw new TypeError(`Cannot update ${this.name}: change must be a function, got ${shown(change)}`);
    return guard(() => {
      this._assertOpen("update");
      const text = encoded(change(this._value()), `update ${this.name}`);
      this._write(text);
      return always(this._value() as T);
    });
  }

  delete(): Operation<void> {
    return guard(() => {
      this._assertOpen("delete");
      if (this._text !== undefined) this._write(undefined);
      return always(undefined);
    });
  }

  changes(): ReceiveChannel<T | undefined> & Disposable {
    let seen = -1;
    const look = (): { readonly version: number } | typeof END | undefined => {
      if (this._closed) return END;
      return this._version === seen ? undefined : { version: this._version };
    };
    return derive<{ readonly version: number } | typeof END, T | undefined>({
      next: () => new Until(this._waiting, look, `a change of ${this.name}`),
      accept: (found, to) => {
        if (found === END) {
          to.end();
          return;
        }
        seen = this._version;
        to.emit(this._value());
      },
    });
  }

  leave(): void {
    this._closed = true;
    changed(this._waiting);
  }

  private _value(): T | undefined {
    return this._text === undefined ? undefined : decoded(this._text, this._schema, `read ${this.name}`);
  }

  private _write(text: string | undefined): void {
    this._text = text;
    this._version++;
    changed(this._waiting);
  }

  private _assertOpen(act: string): void {
    if (this._closed) throw new Error(`Cannot ${act} ${this.name}: the bus is closed`);
  }
}

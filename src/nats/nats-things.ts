// Topics and registers on a server: a stream for each topic, and a bucket for all registers.

import { channel } from "../channel/channel.js";
import type { Channel, ReceiveChannel } from "../channel/ends.js";
import { derive } from "../derived/derive.js";
import type { Operation } from "../operation/operation.js";
import { Waiters } from "../operation/waiters.js";
import { PeerLostError } from "../remote/errors.js";
import type { StandardSchema } from "../remote/schema.js";
import { random } from "../scheduler/scheduler.js";
import { assertFunction } from "../structures/arguments.js";
import { readable } from "../structures/readable.js";
import { changed, Until } from "./local-things.js";
import { decoded, encoded } from "./names.js";
import { codeOf, isMissing, isWrongRevision, type KV, type Link, Request } from "./nats-link.js";
import { ensureStream } from "./nats-queue.js";
import { nameOf, startOf, type TopicSettings } from "./options.js";
import { type Entry, Subscriber } from "./topic.js";
import type { Register, Topic, TopicFrom, TopicSubscription } from "./types.js";

/** How many values of a topic are here before a task receives them. */
const AHEAD = 64;

export class NatsTopic<T> implements Topic<T> {
  readonly name: string;
  private readonly _link: Link;
  private readonly _settings: TopicSettings<T>;
  private readonly _stream: string;
  private readonly _subject: string;
  private readonly _ready: Promise<unknown>;
  private readonly _subscriptions: Set<Reader<T>>;
  private _gone: Error | null;

  constructor(link: Link, name: string, settings: TopicSettings<T>) {
    this.name = name;
    this._link = link;
    this._settings = settings;
    this._stream = link.stream("t", name);
    this._subject = link.subject("t", name);
    this._subscriptions = new Set();
    this._gone = null;
    const config = {
      subjects: [this._subject],
      retention: "limits",
      discard: "old",
      max_msgs: settings.keep === Infinity ? -1 : settings.keep,
      duplicate_window: settings.dedupeWindow * 1_000_000,
    };
    this._ready = ensureStream(link, this._stream, config, true);
    this._ready.catch(() => {});
    readable(this, () => `Topic ${name} on ${link.place}`);
  }

  publish(value: T): Operation<number> {
    const act = `publish to ${this.name}`;
    const text = encoded(value, act);
    const id = nameOf(this._settings.dedupe, value, act);
    return new Request(() => this._publish(text, id), `the server to store a value of ${this.name}`);
  }

  private async _publish(text: string, id: string | undefined): Promise<number> {
    if (this._gone !== null) throw this._gone;
    await this._ready;
    const msgID = id === undefined ? `r.${this._link.nextId()}` : `d.${id}`;
    const { seq } = await this._link.persist(async () => {
      try {
        return await this._link.js.publish(this._subject, text, { msgID });
      } catch (error) {
        if (codeOf(error) === 0) await this._link.jsm.streams.info(this._stream);
        throw error;
      }
    });
    return seq;
  }

  subscribe(options: TopicFrom = {}): TopicSubscription<T> {
    const start = startOf(`subscribe to ${this.name}`, options);
    const reader = new Reader<T>(
      this._link,
      this._stream,
      start,
      (text) => decoded(text, this._settings.schema, `receive from ${this.name}`),
      () => this._subscriptions.delete(reader),
    );
    if (this._gone !== null) reader.end(null);
    else {
      this._subscriptions.add(reader);
      void reader.read(this._ready);
    }
    return new Subscriber(this.name, reader.entries);
  }

  leave(error: Error | null): void {
    this._gone = error ?? new Error(`Cannot publish to ${this.name}: the bus is closed`);
    for (const reader of [...this._subscriptions]) reader.end(error);
  }
}

/** Reads a topic into a channel, in order, as fast as it is received. */
class Reader<T> {
  readonly entries: Channel<Entry<T>>;
  private readonly _link: Link;
  private readonly _stream: string;
  private readonly _start: number;
  private readonly _decode: (text: string) => T;
  private readonly _ended: () => void;
  private _messages: { stop(error?: Error): void } | null;

  constructor(link: Link, stream: string, start: number, decode: (text: string) => T, ended: () => void) {
    this._link = link;
    this._stream = stream;
    this._start = start;
    this._decode = decode;
    this._ended = ended;
    this._messages = null;
    this.entries = channel<Entry<T>>(AHEAD, { owned: true, external: true, onCancel: () => this.end(null) });
  }

  async read(ready: Promise<unknown>): Promise<void> {
    try {
      await ready;
      const from =
        this._start === 0
          ? { deliver_policy: "new" }
          : { deliver_policy: "by_start_sequence", opt_start_seq: this._start };
      const consumer = await this._link.persist(() => this._link.js.consumers.get(this._stream, from as never));
      if (this.entries.closed) return;
      const messages = await consumer.consume({ max_messages: 2 * AHEAD });
      this._messages = messages;
      void this._watch(messages.status());
      for await (const message of messages) {
        const entry = { position: message.seq, value: this._decode(message.string()) };
        if (!(await this.entries.send(entry))) break;
      }
      if (!this.entries.closed) this.end(this._link.gone());
    } catch (error) {
      this.end(
        isMissing(error) || codeOf(error) !== 0 ? new PeerLostError("The topic is lost", { cause: error }) : error,
      );
    }
  }

  /** The stream may be deleted under its readers, which the messages do not say. */
  private async _watch(status: AsyncIterable<{ readonly type: string }>): Promise<void> {
    for await (const { type } of status) {
      if (type === "stream_not_found") this.end(new PeerLostError("The topic is lost: its stream was deleted"));
    }
  }

  end(error: unknown): void {
    if (error === null || error === undefined) this.entries.close();
    else this.entries.close(error);
    this._messages?.stop();
    this._messages = null;
    this._ended();
  }
}

export class NatsRegister<T> implements Register<T> {
  readonly name: string;
  private readonly _link: Link;
  private readonly _schema: StandardSchema<T> | undefined;
  private _gone: Error | null;
  private readonly _watches: Set<(error: Error | null) => void>;

  constructor(link: Link, name: string, schema: StandardSchema<T> | undefined) {
    this.name = name;
    this._link = link;
    this._schema = schema;
    this._gone = null;
    this._watches = new Set();
    readable(this, () => `Register ${name} on ${link.place}`);
  }

  private _request<V>(act: (kv: KV) => Promise<V>, what: string): Operation<V> {
    return new Request(async () => {
      if (this._gone !== null) throw this._gone;
      const kv = await this._link.bucket("registers");
      return await act(kv);
    }, `the server to ${what} ${this.name}`);
  }

  get(): Operation<T | undefined> {
    return this._request(async (kv) => (await this._read(kv)).value, "read");
  }

  private async _read(kv: KV): Promise<{ readonly value: T | undefined; readonly revision: number }> {
    const entry = await this._link.persist(() => kv.get(this.name));
    if (entry === null) return { value: undefined, revision: 0 };
    return { value: this._valueOf(entry), revision: entry.revision };
  }

  private _valueOf(entry: { readonly operation: string; string(): string }): T | undefined {
    return entry.operation === "PUT" ? decoded(entry.string(), this._schema, `read ${this.name}`) : undefined;
  }

  set(value: T): Operation<void> {
    const text = encoded(value, `set ${this.name}`);
    return this._request(async () => {
      await this._write(text, undefined);
    }, "set");
  }

  update(change: (value: T | undefined) => T): Operation<T> {
    assertFunction(`update ${this.name}`, "change", change);
    return this._request(async (kv) => {
      for (let tries = 0; ; tries++) {
        const { value, revision } = await this._read(kv);
        const text = encoded(change(value), `update ${this.name}`);
        try {
          await this._write(text, revision);
          return decoded<T>(text, this._schema, `read ${this.name}`);
        } catch (error) {
          if (!isWrongRevision(error)) throw error;
        }
        if (tries > 3) await this._link.pause(random() * Math.min(5 * tries, 100));
      }
    }, "update");
  }

  /** Writes, if nothing was written since a revision. It is written once, although it is sent until the server has answered. */
  private async _write(text: string, revision: number | undefined, headers = this._link.headers()): Promise<void> {
    const msgID = this._link.nextId();
    const expect = revision === undefined ? {} : { expect: { lastSubjectSequence: revision } };
    const subject = `$KV.${this._link.bucketName("registers")}.${this.name}`;
    await this._link.persist(() => this._link.js.publish(subject, text, { msgID, headers, ...expect }));
  }

  delete(): Operation<void> {
    return this._request(async () => {
      const headers = this._link.headers();
      headers.set("KV-Operation", "DEL");
      await this._write("", undefined, headers);
    }, "delete");
  }

  changes(): ReceiveChannel<T | undefined> & Disposable {
    const waiting = new Waiters();
    let latest: { readonly value: T | undefined; readonly revision: number } | undefined;
    let failure: { readonly cause: unknown } | null = null;
    let over = false;
    let seen = -1;
    let stop = (): void => {};
    const end = (error: unknown): void => {
      if (over) return;
      over = true;
      if (error !== undefined) failure = { cause: error };
      this._watches.delete(leave);
      stop();
      changed(waiting);
    };
    const leave = (error: Error | null): void => end(error ?? undefined);
    const see = (value: T | undefined, revision: number): void => {
      if (latest !== undefined && revision <= latest.revision) return;
      latest = { value, revision };
      changed(waiting);
    };
    const read = async (): Promise<void> => {
      const kv = await this._link.bucket("registers");
      const now = await this._read(kv);
      see(now.value, now.revision);
      const entries = await this._link.persist(() => kv.watch({ key: this.name }));
      stop = () => entries.stop();
      if (over) stop();
      for await (const entry of entries) see(this._valueOf(entry), entry.revision);
    };
    if (this._gone !== null) over = true;
    else {
      this._watches.add(leave);
      read().then(() => end(undefined), end);
    }
    const look = (): { readonly found: typeof latest } | undefined =>
      over || (latest !== undefined && latest.revision !== seen) ? { found: latest } : undefined;
    return derive<{ readonly found: typeof latest }, T | undefined>({
      next: () => new Until(waiting, look, `a change of ${this.name} on ${this._link.place}`, true),
      accept: (_, to) => {
        if (latest !== undefined && latest.revision !== seen && failure === null) {
          seen = latest.revision;
          to.emit(latest.value);
        } else if (failure !== null) to.end(failure.cause);
        else if (over) to.end();
      },
      release: () => end(undefined),
    });
  }

  leave(error: Error | null): void {
    this._gone = error ?? new Error(`Cannot use ${this.name}: the bus is closed`);
    for (const watching of [...this._watches]) watching(error);
  }
}

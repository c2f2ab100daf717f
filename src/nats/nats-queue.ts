// The store of a channel on a server: a stream of its own, of which the server refuses what does not fit, with one consumer that all
// processes share.
//
// Every value is sent with an id, and again with the same id until the server has answered, so it is stored once. A server that is killed
// forgets the ids of values that are done, so a value may be stored again after that; it has the same id. A value is fetched only for a
// receive that waits. What was acknowledged here and comes again, by its id, is acknowledged again and not received.
//
// A message may be a batch: its text is that of its values one after the other, and a header has the length of each. Every process
// understands batches, also one that sends none. The values have one lease, and the server hears of them when the last one is settled.

import { later } from "../operation/later.js";
import type { Operation } from "../operation/operation.js";
import { upon } from "../operation/upon.js";
import { PeerLostError } from "../remote/errors.js";
import { random } from "../scheduler/scheduler.js";
import { now, sleep } from "../time/sleep.js";
import type { QueueSettings } from "./local-queue.js";
import { type Closed, type Consumer, causeFrom, causeOf, codeOf, isMissing, type Link, Request } from "./nats-link.js";
import { Hold, type Message, type Put, type Sink, type Store } from "./store.js";
import type { ChannelStats } from "./types.js";

/** Milliseconds that the server keeps a request for values. */
const EXPIRES = 5000;
const PUBLISH = 2000;
/** How many acknowledged values are kept in mind. */
const DONE = 8192;
const MAX_MESSAGES = 10077;
const SEALED = 10109;
const NAME_IN_USE = 10058;
const SUBJECTS_OVERLAP = 10065;
/** Milliseconds between two looks for a stream that another process is making, and how many looks there are. */
const MAKING = 50;
const LOOKS = 40;
const NAMED = "d.";
/** The header of a batch: the lengths of its values. */
const BATCH = "Millrace-Batch";
/** The most characters of a batch of more than one value. */
const LONGEST_BATCH = 65_536;

type JsMsg = Awaited<ReturnType<Consumer["next"]>> & object;

/** The id with which the value was sent; its number in the stream for one that another program has sent. */
const idOf = (message: JsMsg): string => message.headers?.get("Nats-Msg-Id") || String(message.seq);

const nanos = (ms: number): number => ms * 1_000_000;

/** Makes a stream, or gives it the settings of this process, which opened it last. */
export async function ensureStream(
  link: Link,
  name: string,
  config: object,
  updates: boolean,
): Promise<{ sealed: boolean }> {
  const { storage, replicas } = link.keeping;
  const whole = { name, storage, num_replicas: replicas, ...config };
  return link.persist(async () => {
    try {
      const info = await link.jsm.streams.add(whole as never);
      return { sealed: info.config.sealed === true };
    } catch (error) {
      const code = codeOf(error);
      if (code !== NAME_IN_USE && code !== SUBJECTS_OVERLAP) throw error;
      // Another process is making the stream: the server knows its subject already, and perhaps not yet its name.
      for (let looks = 1; code === SUBJECTS_OVERLAP && !(await isThere(link, name)); looks++) {
        if (looks === LOOKS) throw error;
        await link.pause(MAKING);
      }
    }
    const { config: found } = await link.jsm.streams.info(name);
    const sealed = found.sealed === true;
    if (!sealed && updates) await link.jsm.streams.update(name, config as never);
    return { sealed };
  });
}

async function isThere(link: Link, name: string): Promise<boolean> {
  try {
    await link.jsm.streams.info(name);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

/** The texts of the values of a batch; null if the message is none. */
function unpacked(message: JsMsg): string[] | null {
  const lengths = message.headers?.get(BATCH);
  if (!lengths) return null;
  const text = message.string();
  const texts: string[] = [];
  let at = 0;
  for (const length of lengths.split(",")) {
    if (!/^[1-9]\d*$/.test(length)) return null;
    texts.push(text.slice(at, (at += Number(length))));
  }
  return at === text.length ? texts : null;
}

/** A message with several values. */
class Batch {
  readonly hold: Hold;
  readonly message: JsMsg;
  private readonly _queue: NatsQueue;
  private _left: number;
  private _extended: number;
  /** When the message is to be delivered again, as one of its values is: after so many milliseconds; -1 for never. */
  private _again: number;

  constructor(queue: NatsQueue, message: JsMsg, left: number) {
    this.hold = new Hold(true);
    this.message = message;
    this._queue = queue;
    this._left = left;
    this._extended = now();
    this._again = -1;
  }

  /** A value is done, or given back. */
  settle(at: number, again: number): void {
    if (again < 0) this._queue.finishedPart(this.message, at);
    this._again = Math.max(this._again, again);
    if (--this._left > 0) return;
    if (this._again < 0) {
      this._queue.finished(this.message);
      this.message.ack();
    } else if (this._again > 0) this.message.nak(this._again);
    else this.message.nak();
  }

  extend(): void {
    if (now() - this._extended < this._queue.ackWait / 6) return;
    this._extended = now();
    this.message.working();
  }
}

/** One value of a batch. */
class Part implements Message {
  readonly hold: Hold;
  readonly text: string;
  readonly id: undefined;
  readonly key: string;
  readonly count: number;
  private readonly _batch: Batch;
  private readonly _at: number;

  constructor(batch: Batch, text: string, at: number) {
    this.hold = batch.hold;
    this.text = text;
    this.key = `${batch.message.seq}.${at}`;
    this.count = batch.message.info.deliveryCount;
    this._batch = batch;
    this._at = at;
  }

  ack(): void {
    this._batch.settle(this._at, -1);
  }

  nak(ms: number): void {
    this._batch.settle(this._at, ms);
  }

  extend(): void {
    this._batch.extend();
  }

  term(): void {
    this._batch.settle(this._at, -1);
  }
}

/** A value that is to be sent in a batch. */
interface Packed {
  readonly text: string;
  readonly done: (outcome: Put) => void;
}

class Fetched implements Message {
  readonly hold: Hold;
  readonly text: string;
  readonly id: string | undefined;
  readonly key: string;
  readonly count: number;
  private readonly _queue: NatsQueue;
  private readonly _message: JsMsg;

  constructor(queue: NatsQueue, message: JsMsg) {
    this.hold = new Hold(false);
    this.text = message.string();
    const id = message.headers?.get("Nats-Msg-Id") ?? "";
    this.id = id.startsWith(NAMED) ? id.slice(NAMED.length) : undefined;
    this.key = String(message.seq);
    this.count = message.info.deliveryCount;
    this._queue = queue;
    this._message = message;
  }

  ack(): void {
    this._queue.finished(this._message);
    this._message.ack();
  }

  nak(ms: number): void {
    if (ms > 0) this._message.nak(ms);
    else this._message.nak();
  }

  extend(): void {
    this._message.working();
  }

  term(): void {
    this._queue.finished(this._message);
    this._message.term();
  }
}

export class NatsQueue implements Store {
  readonly place: string;
  readonly external = true;
  readonly length = 0;
  private readonly _link: Link;
  private readonly _name: string;
  private readonly _stream: string;
  private readonly _subject: string;
  private readonly _sink: Sink;
  private readonly _settings: QueueSettings;
  private readonly _buryIn: (text: string, key: string, done: (buried: boolean) => void) => void;
  private readonly _consumer: Promise<Consumer | null>;
  private readonly _fetches: Set<{ stop(): void }>;
  /** The ids of values that are done, with the time at which the server stored them. */
  private readonly _done: Map<string, number>;
  /** Of each batch that is not done, which values are. */
  private readonly _partly: Map<string, Set<number>>;
  /** The values that have to be sent at the end of this turn. */
  private _packed: Packed[];
  private _wanted: number;
  private _asked: number;
  /** Whether values will be asked for at the end of this turn. */
  private _asking: boolean;
  private _waitsForRoom: number;
  private _left: boolean;
  /** Whether it is waited for the last value. */
  private _ending: boolean;
  private _timer: Disposable | null;

  constructor(
    link: Link,
    name: string,
    sink: Sink,
    settings: QueueSettings,
    updates: boolean,
    buryIn: (text: string, key: string, done: (buried: boolean) => void) => void,
  ) {
    this.place = `${name} on ${link.place}`;
    this._link = link;
    this._name = name;
    this._stream = link.stream("q", name);
    this._subject = link.subject("q", name);
    this._sink = sink;
    this._settings = settings;
    this._buryIn = buryIn;
    this._fetches = new Set();
    this._done = new Map();
    this._partly = new Map();
    this._packed = [];
    this._wanted = this._asked = this._waitsForRoom = 0;
    this._asking = this._left = this._ending = false;
    this._timer = null;
    this._consumer = this._setUp(updates);
    this._consumer.catch((error: unknown) => this._fail(error));
    link.whenClosed(`q.${name}`, (closed) => this._closed(closed));
    link.reconnected.add(this._again);
  }

  /** Requests that were made before a reconnect are answered no more. */
  private readonly _again = (): void => {
    for (const fetch of this._fetches) fetch.stop();
  };

  private async _setUp(updates: boolean): Promise<Consumer | null> {
    const { capacity, ackWait, maxInFlight, dedupeWindow } = this._settings;
    const { sealed } = await ensureStream(
      this._link,
      this._stream,
      {
        subjects: [this._subject],
        retention: "workqueue",
        discard: "new",
        max_msgs: capacity,
        duplicate_window: nanos(dedupeWindow),
      },
      updates,
    );
    // The lease here begins when the value is here, and has to end before the server's, which begins when the server sends it.
    const config = { ack_wait: nanos(Math.ceil(ackWait * 1.2)), max_ack_pending: maxInFlight };
    await this._link.persist(async () => {
      const { consumers } = this._link.jsm;
      try {
        await consumers.info(this._stream, "takers");
        if (updates) await consumers.update(this._stream, "takers", config);
      } catch (error) {
        if (!isMissing(error)) throw error;
        await consumers.add(this._stream, {
          durable_name: "takers",
          ack_policy: "explicit",
          max_deliver: -1,
          ...config,
        } as never);
      }
    });
    if (sealed) this._closed({ cause: null, cancelled: false });
    return this._link.persist(() => this._link.js.consumers.get(this._stream, "takers"));
  }

  private _fail(error: unknown): void {
    if (this._left) return;
    this._sink.leave(new PeerLostError(`The channel ${this.place} is lost`, { cause: error }));
    this.leave();
  }

  /** This process has nothing to do with the channel any more. */
  leave(): void {
    this._left = true;
    this._timer?.[Symbol.dispose]();
    this._again();
    this._link.reconnected.delete(this._again);
  }

  putNow(): null {
    return null;
  }

  get ackWait(): number {
    return this._settings.ackWait;
  }

  put(text: string, id: string | undefined, done: (outcome: Put) => void): void {
    if (this._settings.batch > 1) this._pack({ text, done });
    else this._begin(text, id === undefined ? `r.${this._link.nextId()}` : NAMED + id, undefined, done);
  }

  private _begin(text: string, msgID: string, lengths: string | undefined, done: (outcome: Put) => void): void {
    this._put(text, msgID, lengths).then(done, (error: unknown) => {
      done(error instanceof Error ? error : new Error(String(error)));
    });
  }

  /** Sends a value with the others of this turn. */
  private _pack(value: Packed): void {
    if (this._packed.length === 0) later(() => this._flush());
    this._packed.push(value);
  }

  private _flush(): void {
    const packed = this._packed;
    this._packed = [];
    for (let from = 0, to: number; from < packed.length; from = to) {
      let size = packed[from]!.text.length;
      for (to = from + 1; to < packed.length && to - from < this._settings.batch; to++) {
        size += packed[to]!.text.length;
        if (size > LONGEST_BATCH) break;
      }
      const values = packed.slice(from, to);
      const lengths = values.length === 1 ? undefined : values.map(({ text }) => text.length).join();
      this._begin(values.map(({ text }) => text).join(""), `r.${this._link.nextId()}`, lengths, (outcome) => {
        for (const { done } of values) done(outcome);
      });
    }
  }

  private async _put(text: string, msgID: string, lengths: string | undefined): Promise<Put> {
    await this._consumer;
    try {
      await this._link.persist(async () => {
        try {
          await this._link.js.publish(this._subject, text, { msgID, timeout: PUBLISH, ...this._headers(lengths) });
        } catch (error) {
          // No stream takes it: it was deleted, or the server is not ready.
          if (codeOf(error) === 0) await this._link.jsm.streams.info(this._stream);
          throw error;
        }
      });
    } catch (error) {
      const code = codeOf(error);
      if (code === SEALED) return "closed";
      if (isMissing(error)) this._fail(error);
      if (code !== MAX_MESSAGES) throw new PeerLostError(`Cannot send to ${this.place}: it is lost`, { cause: error });
      this._whenRoom();
      return "full";
    }
    this._waitsForRoom = 0;
    return "stored";
  }

  private _headers(lengths: string | undefined): { readonly headers?: ReturnType<Link["headers"]> } {
    if (lengths === undefined) return {};
    const headers = this._link.headers();
    headers.set(BATCH, lengths);
    return { headers };
  }

  /** Looks again after a while. Who frees the room may be another process. */
  private _whenRoom(): void {
    if (this._waitsForRoom > 0 && this._timer !== null) return;
    this._waitsForRoom = Math.min(Math.max(5, 2 * this._waitsForRoom), 160);
    this._timer = upon(sleep(this._waitsForRoom * (0.5 + random()), { unref: true }), () => {
      this._timer = null;
      this._sink.room();
    });
  }

  askRoom(done: (room: boolean) => void): void {
    this._hasRoom().then(
      (room) => {
        if (!room) this._whenRoom();
        done(room);
      },
      (error: unknown) => {
        if (isMissing(error)) this._fail(error);
        else done(false);
      },
    );
  }

  private async _hasRoom(): Promise<boolean> {
    await this._consumer;
    const { state } = await this._link.persist(() => this._link.jsm.streams.info(this._stream));
    return state.messages < this._settings.capacity;
  }

  takeNow(): null {
    return null;
  }

  want(count: number): void {
    this._wanted = Math.ceil(count / this._settings.batch);
    this._plan();
  }

  private _plan(): void {
    if (this._asking || this._wanted <= this._asked) return;
    this._asking = true;
    later(() => {
      this._asking = false;
      this._ask();
    });
  }

  /** Asks for all values that are wanted with one request, when those before it bring no more than half of them. */
  private _ask(): void {
    if (!this._left && 2 * this._asked <= this._wanted && this._wanted > 0)
      void this._fetch(this._wanted - this._asked);
  }

  private async _fetch(count: number): Promise<void> {
    this._asked += count;
    let left = count;
    try {
      const consumer = await this._consumer;
      if (consumer === null || this._left) return;
      const messages = await consumer.fetch({ max_messages: count, expires: EXPIRES });
      this._fetches.add(messages);
      try {
        for await (const message of messages) {
          if (left > 0) {
            left--;
            this._asked--;
          }
          this._arrive(message as JsMsg);
        }
      } finally {
        this._fetches.delete(messages);
      }
    } catch (error) {
      await this._check(error);
    } finally {
      this._asked -= left;
      this._plan();
    }
  }

  private _arrive(message: JsMsg): void {
    const before = this._done.get(idOf(message));
    if (before !== undefined && message.time.getTime() - before < this._settings.dedupeWindow) {
      message.ack();
      // The receive that asked for a value still waits.
      return;
    }
    if (this._left) message.nak();
    else {
      const texts = unpacked(message);
      if (texts === null) this._sink.arrive(new Fetched(this, message));
      else this._arriveAll(message, texts);
    }
  }

  /** A batch has come. What is done of it is not received again. */
  private _arriveAll(message: JsMsg, texts: string[]): void {
    const done = this._partly.get(idOf(message));
    const batch = new Batch(this, message, texts.length - (done?.size ?? 0));
    texts.forEach((text, at) => {
      if (done?.has(at) !== true) this._sink.arrive(new Part(batch, text, at));
    });
  }

  /** A request for values has failed. If the server has no such consumer any more, the channel is lost. */
  private async _check(error: unknown): Promise<void> {
    if (this._left) return;
    try {
      await this._link.jsm.consumers.info(this._stream, "takers");
    } catch (found) {
      if (isMissing(found)) {
        this._fail(error);
        return;
      }
    }
    await this._link.pause(100);
  }

  /** A value of a batch is done. */
  finishedPart(message: JsMsg, at: number): void {
    const id = idOf(message);
    const done = this._partly.get(id);
    if (done !== undefined) done.add(at);
    else this._partly.set(id, new Set([at]));
    if (this._partly.size > DONE) this._partly.delete(this._partly.keys().next().value!);
  }

  finished(message: JsMsg): void {
    this._partly.delete(idOf(message));
    this._done.set(idOf(message), message.time.getTime());
    if (this._done.size > DONE) this._done.delete(this._done.keys().next().value!);
    if (this._waitsForRoom > 0) this._sink.room();
  }

  bury(text: string, key: string, done: (buried: boolean) => void): void {
    this._buryIn(text, `${this._stream}.${key}`, done);
  }

  stats(): Operation<ChannelStats> {
    return new Request(async () => {
      await this._consumer;
      const { jsm } = this._link;
      const taken = await this._link.persist(() => jsm.consumers.info(this._stream, "takers"));
      const { state } = await this._link.persist(() => jsm.streams.info(this._stream));
      // A server that was killed may still count values that are done, and that are in the stream no more, as not acknowledged.
      const inFlight = Math.min(taken.num_ack_pending, Math.max(0, state.messages - taken.num_pending));
      return { pending: taken.num_pending, inFlight, redelivered: Math.min(taken.num_redelivered, inFlight) };
    }, `an answer of ${this._link.place}`);
  }

  close(cause: unknown): void {
    this._shut({ cause: causeOf(cause), cancelled: false });
  }

  cancel(): void {
    this._shut({ cause: null, cancelled: true });
  }

  private _shut(closed: Closed): void {
    this._link.track(async () => {
      await this._consumer;
      // What a cancelled channel holds stays in its stream, as one that is sealed cannot be purged. It is received nowhere.
      await this._link.persist(() => this._link.jsm.streams.update(this._stream, { sealed: true } as never));
      await this._link.shut(`q.${this._name}`, closed);
    });
    if (!closed.cancelled) this._end();
  }

  /** Any process has closed it. */
  private _closed({ cause, cancelled }: Closed): void {
    if (this._left) return;
    this._sink.shut(causeFrom(cause));
    if (cancelled) this._sink.drained();
    else this._end();
  }

  /** Waits until the last value is done. */
  private _end(): void {
    if (this._ending) return;
    this._ending = true;
    void (async () => {
      await this._consumer;
      while (!this._left && !this._link.over) {
        const { config, state } = await this._link.jsm.streams
          .info(this._stream)
          .catch(() => ({ config: null, state: null }));
        if (config?.sealed === true && state?.messages === 0) break;
        await this._link.pause(50);
      }
      if (!this._left) this._sink.drained();
    })().catch(() => {});
  }
}

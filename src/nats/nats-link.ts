// The connection of a bus to its servers: subjects, an inbox for answers, what is closed, and trying again.
//
// A name is one token of a subject, and the name of a bus too, so no name reaches the subjects of another kind, another bus, or NATS.

import type { Consumer, JetStreamClient, JetStreamManager } from "@nats-io/jetstream";
import type { KV, Kvm } from "@nats-io/kv";
import type { Msg, MsgHdrs, NatsConnection, Subscription } from "@nats-io/nats-core";
import { Operation, type WaitsFor } from "../operation/operation.js";
import { upon } from "../operation/upon.js";
import { arrived, crossing, PeerLostError } from "../remote/errors.js";
import { sleep } from "../time/sleep.js";

export type { Consumer, JetStreamClient, JetStreamManager, KV, Kvm, Msg, NatsConnection, Subscription };

/** Where streams and registers are kept. */
export interface Keeping {
  readonly storage: "file" | "memory";
  readonly replicas: number;
}

/** The packages of NATS, as far as they are values. */
export interface Parts {
  readonly createInbox: () => string;
  readonly nextId: () => string;
  readonly headers: () => MsgHdrs;
}

/**
 * How many values of a register the server keeps. A server that is started again recognises a write that is sent again by the ids of what
 * it has kept: also one whose answer was lost, and whose value was written over since.
 */
const KEPT = 8;
/** Millisecond between two attempts. */
const PAUSE = 50;
const LONGEST_PAUSE = 1000;

export class Link {
  readonly bus: string;
  readonly nc: NatsConnection;
  readonly js: JetStreamClient;
  readonly jsm: JetStreamManager;
  readonly kvm: Kvm;
  readonly keeping: Keeping;
  readonly nextId: () => string;
  readonly headers: () => MsgHdrs;
  /** Called after each reconnect. */
  readonly reconnected: Set<() => void>;
  /** Whether this bus object has ended. */
  over: boolean;
  private readonly _inbox: string;
  private readonly _answers: Map<string, (message: Msg) => void>;
  private readonly _buckets: Map<string, Promise<KV>>;
  private _closings: KV | null;
  private readonly _closed: Map<string, Closed>;
  private readonly _closing: Map<string, (closed: Closed) => void>;
  private _last: number;
  private readonly _pauses: Set<() => void>;
  private readonly _tracked: Set<Promise<unknown>>;

  constructor(
    bus: string,
    nc: NatsConnection,
    js: JetStreamClient,
    jsm: JetStreamManager,
    kvm: Kvm,
    keeping: Keeping,
    parts: Parts,
  ) {
    this.bus = bus;
    this.nc = nc;
    this.js = js;
    this.jsm = jsm;
    this.kvm = kvm;
    this.keeping = keeping;
    this.nextId = parts.nextId;
    this.headers = parts.headers;
    this.reconnected = new Set();
    this.over = false;
    this._inbox = parts.createInbox();
    this._answers = new Map();
    this._buckets = new Map();
    this._closings = null;
    this._closed = new Map();
    this._closing = new Map();
    this._last = 0;
    this._pauses = new Set();
    this._tracked = new Set();
    this.subscribe(`${this._inbox}.*`, (message) => {
      this._answers.get(message.subject)?.(message);
    });
  }

  subject(kind: string, name: string): string {
    return `mr.${this.bus}.${kind}.${name}`;
  }

  stream(kind: string, name: string): string {
    return `mr=${this.bus}=${kind}=${name}`;
  }

  get place(): string {
    return `NATS ${this.bus}`;
  }

  /** Why nothing can be done any more. */
  gone(cause?: unknown): Error {
    return new PeerLostError(`The bus ${this.bus} is lost`, { cause });
  }

  subscribe(subject: string, callback: (message: Msg) => void, queue?: string): Subscription {
    const options = {
      callback: (error: Error | null, message: Msg) => {
        if (error === null) callback(message);
      },
    };
    return this.nc.subscribe(subject, queue === undefined ? options : { ...options, queue });
  }

  publish(subject: string, text: string, reply?: string): void {
    if (this.nc.isClosed()) return;
    this.nc.publish(subject, text, reply === undefined ? {} : { reply });
  }

  /** Answers at a subject that a peer has named, which must be no way to send to any subject that means something. */
  answer(subject: string, text: string, reply?: string): void {
    if (/^(?!\$|mr\.)[^\s*>]{1,256}$/.test(subject)) this.publish(subject, text, reply);
  }

  /** A subject for answers, until it is closed. */
  open(answered: (message: Msg) => void): string {
    const subject = `${this._inbox}.${++this._last}`;
    this._answers.set(subject, answered);
    return subject;
  }

  close(subject: string): void {
    this._answers.delete(subject);
  }

  /** Handles what still arrives at a subject that was closed, until it is closed again. */
  reopen(subject: string, answered: (message: Msg) => void): void {
    this._answers.set(subject, answered);
  }

  bucketName(kind: string): string {
    return `mr-${this.bus}-${kind}`;
  }

  /** The registers of one kind. */
  bucket(kind: string): Promise<KV> {
    let bucket = this._buckets.get(kind);
    if (bucket === undefined) {
      const { storage, replicas } = this.keeping;
      const history = kind === "registers" ? KEPT : 1;
      bucket = this.persist(() =>
        this.kvm.create(this.bucketName(kind), { history, storage, replicas, allow_direct: false }),
      );
      this._buckets.set(kind, bucket);
      bucket.catch(() => this._buckets.delete(kind));
    }
    return bucket;
  }

  /** Tries until it succeeds, or fails in a way that trying again does not change. */
  async persist<T>(act: () => Promise<T>): Promise<T> {
    for (let pause = PAUSE; ; pause = Math.min(2 * pause, LONGEST_PAUSE)) {
      try {
        return await this.attempt(act);
      } catch (error) {
        if (this.over || this.nc.isClosed()) throw this.gone(error);
        if (isFinal(error)) throw error;
        if (!(error instanceof Interrupted)) await this.pause(pause);
      }
    }
  }

  /** Does something, and throws if the connection is made anew meanwhile: the answer to a request is then lost. */
  attempt<T>(act: () => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const again = (): void => {
        end();
        reject(new Interrupted("The connection was made anew"));
      };
      const end = (): boolean => this.reconnected.delete(again);
      this.reconnected.add(again);
      act().then(
        (value) => {
          end();
          resolve(value);
        },
        (error: unknown) => {
          end();
          reject(error);
        },
      );
    });
  }

  /** A new connection was made. What waits for another attempt is done at once. */
  again(): void {
    for (const again of [...this.reconnected]) again();
    for (const end of [...this._pauses]) end();
  }

  /** Does something that is to be done before the connection ends. A failure of it shows elsewhere. */
  track(act: () => Promise<unknown>): void {
    const tracked: Promise<unknown> = act()
      .catch(() => {})
      .then(() => this._tracked.delete(tracked));
    this._tracked.add(tracked);
  }

  /** Waits for what is tracked. */
  async settle(): Promise<void> {
    await Promise.all(this._tracked);
  }

  /** Waits, or until this bus object ends. */
  pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        timer[Symbol.dispose]();
        this._pauses.delete(end);
        resolve();
      };
      const timer = upon(sleep(ms, { unref: true }), end);
      if (this.over) end();
      else this._pauses.add(end);
    });
  }

  /** This bus object has ended. */
  finish(): void {
    this.over = true;
    for (const end of [...this._pauses]) end();
  }

  // -- what is closed

  /** Learns which channels are closed, and of each that will be. */
  async learn(): Promise<void> {
    this._closings = await this.bucket("closed");
    const watching = await this._closings.watch();
    void (async () => {
      for await (const entry of watching) {
        if (entry.operation !== "PUT") continue;
        const closed = readClosed(entry.string());
        this._closed.set(entry.key, closed);
        this._closing.get(entry.key)?.(closed);
      }
    })().catch(() => {});
  }

  /** Calls a function once the channel is closed. */
  whenClosed(key: string, then: (closed: Closed) => void): void {
    const closed = this._closed.get(key);
    if (closed !== undefined) then(closed);
    else this._closing.set(key, then);
  }

  /** Closes a channel for every process. */
  async shut(key: string, closed: Closed): Promise<void> {
    await this.persist(() => this._closings!.create(key, JSON.stringify(closed)).catch(ignoreTaken));
  }
}

/** What the server did with a request is not known. */
class Interrupted extends Error {}

function ignoreTaken(error: unknown): void {
  if (!isWrongRevision(error)) throw error;
}

/** How a channel was closed: with its cause as it crosses. */
export interface Closed {
  readonly cause: unknown;
  readonly cancelled: boolean;
}

/** A cause as it crosses; null for none. */
export function causeOf(cause: unknown): unknown {
  return cause === undefined ? null : crossing(cause, crosses, false);
}

/** A cause that has crossed. */
export function causeFrom(crossed: unknown): unknown {
  return crossed === null || crossed === undefined ? undefined : arrived(crossed, false);
}

/** Whether a value can be JSON. */
export function crosses(value: unknown): boolean {
  try {
    return JSON.stringify(value) !== undefined;
  } catch {
    return false;
  }
}

function readClosed(text: string): Closed {
  try {
    const { cause = null, cancelled } = JSON.parse(text) as Partial<Closed>;
    return { cause, cancelled: cancelled === true };
  } catch {
    return { cause: null, cancelled: false };
  }
}

/** The number that the server gives an error; 0 for an error that is not an answer of the server. */
export function codeOf(error: unknown): number {
  const { code, name } = Object(error) as { code?: unknown; name?: unknown };
  return typeof code === "number" &&
    typeof name === "string" &&
    /^(?:JetStreamApi|StreamNotFound|ConsumerNotFound)/.test(name)
    ? code
    : 0;
}

const CONSUMER_NOT_FOUND = 10014;
const STREAM_NOT_FOUND = 10059;
const WRONG_LAST_SEQUENCE = 10071;
const UNAVAILABLE = 10008;

export function isMissing(error: unknown): boolean {
  const code = codeOf(error);
  return code === CONSUMER_NOT_FOUND || code === STREAM_NOT_FOUND;
}

export function isWrongRevision(error: unknown): boolean {
  return codeOf(error) === WRONG_LAST_SEQUENCE;
}

/** Whether the server has refused for good. Everything else may be a server that is restarting. */
export function isFinal(error: unknown): boolean {
  const { name } = Object(error) as { name?: unknown };
  // "JetStreamNotEnabled" is also what a server gives that has just been started: whether there is JetStream was seen at the opening.
  if (name === "InvalidArgumentError" || name === "PermissionViolationError") return true;
  const code = codeOf(error);
  return code !== 0 && code !== UNAVAILABLE;
}

/** A promise that is made when the operation parks. What was begun is not taken back. */
export class Request<T> extends Operation<T> {
  private readonly _make: () => Promise<T>;
  private readonly _what: string;
  private _turn: number;
  private _failure: { readonly cause: unknown } | null;

  constructor(make: () => Promise<T>, what: string) {
    super();
    this._make = make;
    this._what = what;
    this._turn = 0;
    this._failure = null;
  }

  poll(): boolean {
    this._failure = null;
    return false;
  }

  block(): void {
    const turn = ++this._turn;
    this._make().then(
      (value) => this._settle(turn, value, null),
      (cause: unknown) => this._settle(turn, undefined, { cause }),
    );
  }

  private _settle(turn: number, value: unknown, failure: { readonly cause: unknown } | null): void {
    if (turn !== this._turn) return;
    this._turn++;
    this._failure = failure;
    this.complete(value);
  }

  override unblock(): void {
    this._turn++;
  }

  override result(): T {
    if (this._failure !== null) throw this._failure.cause;
    return this.value as T;
  }

  override waitsFor(): WaitsFor {
    return { what: this._what, external: true, host: true };
  }
}

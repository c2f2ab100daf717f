// A broadcast channel of the host as a topic. It has any number of ends, none of which knows the others, so there is no credit and no
// end of a peer: values are published, and each subscription stores what its buffer holds.

import { type Buffer, sliding } from "../channel/buffer.js";
import { channel } from "../channel/channel.js";
import type { Channel, OwnedChannel } from "../channel/ends.js";
import { notify } from "../operation/notify.js";
import { assertCallback, assertOptions } from "../structures/arguments.js";
import { shown } from "../structures/errors.js";
import { readable } from "../structures/readable.js";
import { assertKeys } from "./json.js";
import { holdsEnds } from "./refs.js";
import { assertSchema, type StandardSchema, validated } from "./schema.js";

/** A `BroadcastChannel` of Node or of a browser. */
export interface BroadcastLike {
  readonly name: string;
  postMessage(message: unknown): void;
  close(): void;
}

/** What the hosts have beside that. */
interface Listenable extends BroadcastLike {
  addEventListener(type: string, listener: (event: never) => void): void;
  removeEventListener(type: string, listener: (event: never) => void): void;
  ref?(): unknown;
  unref?(): unknown;
}

/** Options of {@link topic}. */
export interface TopicOptions<T> {
  /** Checks, and may change, each value that arrives. A value that does not fit is left out. */
  readonly schema?: StandardSchema<T>;
  /** Called with the error of each message that is left out: it does not fit, or cannot be read. */
  readonly onRefused?: (error: unknown) => void;
}

/**
 * A topic, made by {@link topic}. Disposing of it closes it.
 *
 * @typeParam T - The type of the values.
 */
export interface Topic<T> extends Disposable {
  readonly name: string;
  /**
   * Publishes a value to each subscription of the other topics of the same name. Nothing tells whether there is one.
   *
   * @returns false once the topic is closed.
   * @throws What the host throws for a value that cannot be cloned. TypeError for a value that holds a channel.
   */
  publish(value: T): boolean;
  /**
   * Returns a channel of the values that other topics publish from now on. To cancel it is to unsubscribe. It closes with the topic.
   * While there is one, the process stays alive.
   *
   * @param buffer - What is stored for a receiver that is slow; `sliding(128)` by default. A value that finds no room in a buffer of a
   *   fixed size is dropped.
   */
  subscribe(buffer?: number | Buffer<T>): OwnedChannel<T>;
  /** Whether it was closed. */
  readonly closed: boolean;
  /** Closes it and its subscriptions, which still yield what is stored for them. */
  close(): void;
}

const STORED = 128;

/**
 * Publishes values to threads of this process, or to pages and workers of this origin, and subscribes to theirs, by a
 * `BroadcastChannel`. The broadcast channel belongs to the topic from then on.
 *
 * A topic is no connection. Nothing waits for a slow subscriber, which loses values. What is published while there is no subscription is
 * gone. A topic gets nothing that it has published itself. And there is no authentication: all code of the origin can publish, so give a
 * `schema`, and take a value for a hint, not for an order. Where this is too little, use {@link connect} over a port for each peer.
 *
 * @throws TypeError if `port` is no `BroadcastChannel`.
 * @example
 * ```ts
 * import { topic } from "millrace/remote";
 *
 * using here = topic<string>(new BroadcastChannel("settings"));
 * using there = topic<string>(new BroadcastChannel("settings")); // in another thread or page
 *
 * const changes = there.subscribe();
 * here.publish("dark");
 * console.log(await changes.receive()); // dark
 * ```
 */
export function topic<T>(port: BroadcastLike, options: TopicOptions<T> = {}): Topic<T> {
  const act = "open topic";
  assertOptions(act, options);
  assertSchema(act, options.schema);
  assertCallback(act, "onRefused", options.onRefused);
  const { postMessage, close, addEventListener, name } = Object(port) as Partial<Listenable>;
  const methods = [postMessage, close, addEventListener];
  if (typeof name !== "string" || methods.some((method) => typeof method !== "function"))
    throw new TypeError(`Cannot ${act}: port must be a BroadcastChannel, got ${shown(port)}`);
  return new BroadcastTopic(port as Listenable, options);
}

class BroadcastTopic<T> implements Topic<T> {
  readonly name: string;
  private readonly _port: Listenable;
  private readonly _options: TopicOptions<T>;
  private readonly _subscriptions: Set<Channel<T>>;
  private _closed: boolean;

  constructor(port: Listenable, options: TopicOptions<T>) {
    this.name = port.name;
    this._port = port;
    this._options = options;
    this._subscriptions = new Set();
    this._closed = false;
    port.unref?.();
    readable(
      this,
      () => `Topic ${this.name}, ${this._subscriptions.size} subscriptions${this._closed ? ", closed" : ""}`,
    );
  }

  get closed(): boolean {
    return this._closed;
  }

  publish(value: T): boolean {
    if (this._closed) return false;
    if (holdsEnds(value))
      throw new TypeError(`Cannot publish to ${this.name}: a value must hold no channel, got ${shown(value)}`);
    this._port.postMessage(value);
    return true;
  }

  subscribe(buffer: number | Buffer<T> = sliding(STORED)): OwnedChannel<T> {
    const subscription: Channel<T> = channel<T>(buffer, {
      name: `topic ${this.name}`,
      owned: true,
      external: true,
      onCancel: () => this._remove(subscription),
    });
    if (this._closed) subscription.close();
    else {
      if (this._subscriptions.size === 0) this._listen();
      this._subscriptions.add(subscription);
    }
    return subscription as Channel<T> & OwnedChannel<T>;
  }

  close(): void {
    if (this._closed) return;
    this._closed = true;
    for (const subscription of this._subscriptions) {
      subscription.close();
      this._remove(subscription);
    }
    this._port.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  private _listen(): void {
    this._port.addEventListener("message", this._arrived);
    this._port.addEventListener("messageerror", this._unreadable);
    this._port.ref?.();
  }

  private _remove(subscription: Channel<T>): void {
    if (!this._subscriptions.delete(subscription) || this._subscriptions.size > 0) return;
    this._port.removeEventListener("message", this._arrived);
    this._port.removeEventListener("messageerror", this._unreadable);
    this._port.unref?.();
  }

  private readonly _arrived = ({ data }: { readonly data: unknown }): void => {
    let value: T;
    try {
      assertKeys(data);
      const { schema } = this._options;
      value = schema === undefined ? (data as T) : validated(schema, data, `receive from topic ${this.name}`);
    } catch (error) {
      notify(this._options.onRefused, error);
      return;
    }
    for (const subscription of this._subscriptions) subscription.trySend(value);
  };

  private readonly _unreadable = (): void => {
    notify(this._options.onRefused, new Error(`Cannot receive from topic ${this.name}: a message cannot be read`));
  };
}

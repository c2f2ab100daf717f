// The public interfaces of a bus. What is said here holds for every bus; what a medium adds or leaves out is said in docs/machines.md.

import type { Channel, ReceiveChannel, SendChannel } from "../channel/ends.js";
import type { Operation } from "../operation/operation.js";
import type { Handle } from "../remote/asks.js";
import type { ServeOptions } from "../remote/connection.js";
import type { StandardSchema } from "../remote/schema.js";
import type { Exit } from "../supervise/exit.js";
import type { Actor } from "../supervise/types.js";

/**
 * When a value that was received counts as done, in a channel that stores values.
 *
 * - `"next"` (default): when the task that received it receives again from the channel, or returns. If the task fails or is cancelled,
 *   the value is delivered again. While the task holds the value, its lease is renewed.
 * - `"take"`: when it is received. A value is lost if its receiver fails: at most once.
 * - `"manual"`: when the code says so. Values are received with `deliveries()`.
 */
export type Acknowledge = "take" | "next" | "manual";

/** Options of {@link Bus.channel}. Processes that use one channel should give the same options. */
export interface BusChannelOptions<T> {
  /**
   * How many values the channel stores, those that are received and not acknowledged included. With 0 (default) it stores none: a send
   * completes when a task has received the value.
   */
  readonly capacity?: number;
  /** When a value counts as done; `"next"` by default. Only for a channel that stores values, as all options below but `schema`. */
  readonly ack?: Acknowledge;
  /** The milliseconds after which a value is delivered again that is not acknowledged; 30 000 by default. */
  readonly ackWait?: number;
  /** How often a value is delivered at most; without limit by default, and 5 times if there is a `deadLetter`. */
  readonly maxDeliver?: number;
  /**
   * The name of the channel that gets, as a {@link DeadLetter}, what was delivered `maxDeliver` times, what its receiver has
   * terminated, and what does not fit the schema. Without it such values are discarded.
   */
  readonly deadLetter?: string;
  /** How many values may be received and not acknowledged at a time, in all processes; 1024 by default. With 1 the order holds even when values are delivered again. */
  readonly maxInFlight?: number;
  /** Names a value. A value with a name that was sent within `dedupeWindow` is accepted and not stored again. */
  readonly dedupe?: (value: T) => string;
  /** How long names are kept, in milliseconds; 120 000 by default. */
  readonly dedupeWindow?: number;
  /**
   * How many values that are sent at the same moment go to the server as one message, at most; 1 by default. The message is acknowledged
   * when all of its values are, and until then all of them are delivered again, whatever `ack` says. `capacity`, `maxInFlight` and
   * `stats()` count messages. Not together with `dedupe`. A bus in one process stores each value for itself.
   */
  readonly batch?: number;
  /** Checks, and may change, each value that is received. */
  readonly schema?: StandardSchema<T>;
}

/**
 * A value with its lease: unless it is acknowledged within `ackWait`, it is delivered again, perhaps in another process. Each method
 * returns false, and does nothing, once the lease is over: the value was acknowledged, given back or terminated, or the time has passed.
 */
export interface Delivery<out T> {
  readonly value: T;
  /** The name of the value, see `dedupe`; undefined if it has none. */
  readonly id: string | undefined;
  /** 1 for the first delivery of the value, 2 for the second. */
  readonly count: number;
  /** The value is done. */
  ack(): boolean;
  /** Gives the value back: it is delivered again, at once or after so many milliseconds. */
  nak(ms?: number): boolean;
  /** Begins the lease anew. */
  extend(): boolean;
  /** The value is never to be delivered again. It goes to the `deadLetter`, if there is one. */
  term(reason?: string): boolean;
}

/** What arrives in a channel of dead letters. */
export interface DeadLetter<out T = unknown> {
  /** The name of the channel in which the value was. */
  readonly channel: string;
  readonly value: T;
  /** How often it was delivered. */
  readonly deliveries: number;
  readonly reason: string;
}

/** What is in a channel that stores values, in all processes. */
export interface ChannelStats {
  /** Values that are stored and not received. */
  readonly pending: number;
  /** Values that are received and not acknowledged. */
  readonly inFlight: number;
  /** Of those in flight, how many were delivered before. */
  readonly redelivered: number;
}

/**
 * A channel of a bus: every process of the bus that asks for its name sends to the same channel and receives from it. Each value goes
 * to one receiver.
 *
 * It is closed as a whole, for every process and for good. `length` counts the values that this process has fetched and no task has
 * received.
 */
export interface BusChannel<T> extends Channel<T> {
  /**
   * The values with their leases, where `ack` is `"manual"`. Each call returns the same channel. To cancel it closes the channel.
   *
   * @throws TypeError if `ack` is not `"manual"`.
   */
  deliveries(): ReceiveChannel<Delivery<T>>;
  /** Counts what is in the channel. A channel that stores nothing counts 0. */
  stats(): Operation<ChannelStats>;
}

/** Options of {@link Bus.topic}. */
export interface TopicOptions<T> {
  /** How many values are kept for later subscribers; 10 000 by default. `Infinity` keeps all. */
  readonly keep?: number;
  /** Names a value. A value with a name that was published within `dedupeWindow` is not published again. */
  readonly dedupe?: (value: T) => string;
  /** How long names are kept, in milliseconds; 120 000 by default. */
  readonly dedupeWindow?: number;
  /** Checks, and may change, each value that arrives. A value that does not fit ends the subscription with the error. */
  readonly schema?: StandardSchema<T>;
}

/** Where a subscription of a topic begins. */
export interface TopicFrom {
  /**
   * `"new"` (default): with what is published from now on. `"all"`: with the oldest value that is kept. A number: with the value at
   * this position, or the oldest after it that is kept. To go on after a stop, give the last position and one more.
   */
  readonly from?: "new" | "all" | number;
}

/** The values of a topic, for one subscriber, in the order of their positions. Belongs to its single reader. */
export interface TopicSubscription<T> extends ReceiveChannel<T>, Disposable {
  /**
   * The position of the value that was last received; 0 before the first one. It changes in the step in which the receiver gets the
   * value, so code that reads it right after `yield* receive()` gets the position of that value.
   */
  readonly position: number;
}

/** Values that every subscriber gets, and that are kept for later ones. */
export interface Topic<T> {
  readonly name: string;
  /**
   * Publishes a value.
   *
   * Parks until the value is stored. Yields: its position: 1 for the first value of the topic, and one more for each further value. A
   * value that was published before, by its name, yields the position that it has. As a case of a select, the value is published
   * if no case is ready; if another case then wins first, it is still published.
   */
  publish(value: T): Operation<number>;
  /**
   * Subscribes to the topic. A slow subscriber holds up no other, and no publisher: it gets all values that are kept.
   *
   * @throws RangeError if `from` is none of the values that it may have.
   */
  subscribe(options?: TopicFrom): TopicSubscription<T>;
}

/** Options of {@link Bus.serve}. */
export interface BusServeOptions<out Q = unknown> extends Pick<ServeOptions<never, Q>, "concurrency" | "schema"> {}

/** Options of {@link Bus.register}. */
export interface RegisterOptions<T> {
  /** Checks, and may change, each value that is read. A value that does not fit is thrown as a TypeError. */
  readonly schema?: StandardSchema<T>;
}

/** One value that all processes share. Reads and writes are linearizable: they happen one after the other, each at one moment. */
export interface Register<T> {
  readonly name: string;
  /** Reads the value. Yields: undefined if it was never set, or is deleted. */
  get(): Operation<T | undefined>;
  /** Sets the value, whatever it is. */
  set(value: T): Operation<void>;
  /**
   * Replaces the value by what a function makes of it, in one step: if another process has changed it meanwhile, the function is
   * called again with the value as it is then.
   *
   * Parks until the value is written. Yields: the new value. What the function throws is thrown, and nothing is written. If cancelled:
   * a write that is under way may still happen.
   */
  update(change: (value: T | undefined) => T): Operation<T>;
  /** Deletes the value. */
  delete(): Operation<void>;
  /**
   * The value as it is now, and each later value; undefined when it is deleted. A slow reader misses values in between, and never the
   * last one. Belongs to its single reader.
   */
  changes(): ReceiveChannel<T | undefined> & Disposable;
}

/** What a host of an actor holds: the right to be the only host. */
export interface HostLease {
  /**
   * Grows with each new host of any name. A store that refuses writes with a smaller token than it has seen is safe from a host that
   * was paused and does not know yet that it is none any more (a fencing token).
   */
  readonly token: number;
  /** Aborted when the lease is lost or given up. */
  readonly signal: AbortSignal;
}

/** Options of {@link Bus.host}. */
export interface HostOptions {
  /** The milliseconds after which a host that gives no sign of life has lost its lease; 5000 by default. */
  readonly lease?: number;
}

/** An actor that this process hosts. Disposing of it gives the lease up, and stops the actor. */
export interface Hosting<in M> extends Disposable {
  readonly name: string;
  readonly token: number;
  readonly actor: Actor<M>;
  /** Waits until the actor is hosted here no more: it has ended, the lease is lost or given up, or the bus is closed. */
  whenOver(): Operation<void>;
}

/**
 * Channels, topics, questions, registers and addresses by name, for all processes that use the bus. Values cross as JSON, also where
 * sender and receiver are in one process.
 *
 * A name has 1 to 128 of the characters A to Z, a to z, 0 to 9, `_` and `-`. Each kind of thing has its own names.
 */
export interface Bus extends AsyncDisposable {
  /** The name of the bus: processes share what they name only with processes whose bus has the same name. */
  readonly name: string;
  /**
   * Returns the channel of a name. The same name yields the same channel.
   *
   * @throws TypeError or RangeError if the name or an option is wrong.
   */
  channel<T>(name: string, options?: BusChannelOptions<T>): BusChannel<T>;
  /**
   * Returns the topic of a name. The same name yields the same topic.
   *
   * @throws TypeError or RangeError if the name or an option is wrong.
   */
  topic<T>(name: string, options?: TopicOptions<T>): Topic<T>;
  /**
   * Answers the questions of a name. If several processes serve it, each question goes to one of them.
   *
   * @param handle - Gets the question, and returns the answer, or a promise, an operation or a routine of it. What it throws is
   *   thrown to the asker. If the asker gives up, the work is cancelled.
   * @returns A disposable, which ends the service. Questions that are being handled are still answered.
   * @throws TypeError if this bus object serves the name already, or an argument is wrong.
   */
  serve<Q, R>(name: string, handle: Handle<Q, R>, options?: BusServeOptions<Q>): Disposable;
  /**
   * Asks a question.
   *
   * Parks until the answer is here. Yields: the answer. If no process serves the name: throws a {@link NoResponderError} at once. If
   * the process that handles the question is lost: throws a PeerLostError; the work may have been done. If cancelled, or if another
   * case of a select wins: the work is cancelled. There is no time limit: race it with `sleep`.
   */
  ask<Q, R>(name: string, question: Q): Operation<R>;
  /**
   * Returns the register of a name. The same name yields the same register.
   *
   * @throws TypeError if the name or an option is wrong.
   */
  register<T>(name: string, options?: RegisterOptions<T>): Register<T>;
  /**
   * Returns the address of an actor, wherever it is hosted. A send completes when the host has put the message into the mailbox, and
   * parks while no process hosts the name. Messages may hold the `Reply` of `ask` of `millrace/supervise`. To close the address closes
   * it in this process only.
   *
   * If the host is lost while it accepts a message, the send throws a PeerLostError: the message may have been accepted.
   */
  address<M>(name: string): SendChannel<M>;
  /**
   * Hosts an actor under a name. At most one process hosts a name at a time.
   *
   * Parks while another process hosts the name. Yields: the hosting, once this process has the lease. If cancelled: it waits no more.
   *
   * @param actor - An actor, or a function that makes one when this process has the lease, and gets its fencing token.
   */
  host<M>(
    name: string,
    actor: Actor<M> | ((lease: HostLease) => Actor<M>),
    options?: HostOptions,
  ): Operation<Hosting<M>>;
  /** Whether the bus is closed, or lost. */
  readonly closed: boolean;
  /** Waits for the end of this bus object. Yields: `"cancelled"` if it was closed here, `"failed"` if its medium is lost for good. */
  whenClosed(): Operation<Exit>;
  /**
   * Ends this bus object; other processes go on. Values that were received and not acknowledged are given back. Receives yield
   * `CLOSED`, sends false; asks throw. `await using` and `[Symbol.asyncDispose]` also wait until what was sent has left.
   */
  close(reason?: unknown): void;
}

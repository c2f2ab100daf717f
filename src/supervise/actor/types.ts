// The public interfaces of actors.

import type { Buffer } from "../../channel/buffer.js";
import type { Closed, ReceiveChannel } from "../../channel/ends.js";
import type { AsyncRoutine, Operation, Routine } from "../../operation/operation.js";
import type { Actor, Backoff, ChildOptions, OutermostOptions, Restart, TreeOptions } from "../types.js";
import type { Isolation } from "./isolate.js";

/** What the behaviour of an actor gets, and the handler of its messages. */
export interface ActorContext<in M> {
  readonly self: Actor<M>;
  /** Aborted when the actor is asked to stop, and when this life of it has ended. */
  readonly signal: AbortSignal;
  /** 1 for the first life, 2 after the first restart. */
  readonly incarnation: number;
  /** Tells a supervisor that the actor has started, see `startUp`. */
  ready(): void;
}

/** A message that is given back to the mailbox unless it is done with. Disposable. */
export interface Leased<out M> extends Disposable {
  readonly value: M;
  /** The message has been handled, and is not delivered again. */
  done(): void;
}

/**
 * The mailbox of an actor, as its behaviour sees it.
 *
 * @typeParam M - The type of the messages.
 */
export interface Mailbox<out M> extends ReceiveChannel<M> {
  /**
   * Takes the next message that is accepted. The messages before it stay in the mailbox, in order.
   *
   * Parks when: no message that waits is accepted. Yields: the message. If closed: yields `CLOSED` once no message is left that is
   * accepted. If cancelled: no message is lost.
   *
   * @throws RangeError if as many messages as the mailbox can hold have been passed over.
   */
  receiveIf<N extends M>(accepts: (message: M) => message is N): Operation<N | Closed>;
  receiveIf(accepts: (message: M) => boolean): Operation<M | Closed>;
  /**
   * Takes the next message on a lease: unless `done()` is called, it goes back to the front of the mailbox when the lease is disposed
   * of or this life of the actor ends, so that the next life gets it again.
   */
  lease(): Operation<Leased<M> | Closed>;
  /** Messages that wait in it. */
  readonly length: number;
}

/** What an actor does, as a go block that reads its mailbox. */
export type Behaviour<M> = (mailbox: Mailbox<M>, context: ActorContext<M>) => Routine<unknown> | AsyncRoutine<unknown>;

/** What an actor does with one message. What it returns is waited for, if it is a promise or an operation. */
export type Handler<M> = (message: M, context: ActorContext<M>) => unknown;

/**
 * The parameter of a function that is written in the call of `actor()`, where TypeScript cannot tell yet what it will be: a mailbox
 * if the function turns out to be a generator function, and a message otherwise.
 */
export type Input<M> = Mailbox<M> & M;

/** Options of {@link actor}. */
export interface ActorOptions<M>
  extends Omit<ChildOptions, "restart" | "significant" | "startUp">,
    Pick<TreeOptions, "intensity" | "period">,
    OutermostOptions {
  /** The number of messages that may wait, 1024 by default, or a buffer. Senders park when the mailbox is full. */
  readonly mailbox?: number | Buffer<M>;
  /**
   * When the actor is started again by itself: `"transient"` after a failure, `"permanent"` whenever it ends, `"temporary"`
   * (default) never. As a child of a supervisor it is `"permanent"` by default.
   */
  readonly restart?: Restart;
  readonly backoff?: Backoff;
  /** Whether messages are frozen or cloned when they are sent, see {@link isolate}. */
  readonly isolate?: Isolation | undefined;
}

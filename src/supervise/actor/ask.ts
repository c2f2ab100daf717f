// Asking: a message with a way to answer. The question is sent when nothing else in a select was ready, and not before.

import type { SendChannel } from "../../channel/ends.js";
import { Operation, type WaitsFor } from "../../operation/operation.js";
import { upon } from "../../operation/upon.js";
import { assertFunction } from "../../structures/arguments.js";
import { shown } from "../../structures/errors.js";
import { type Exit, reasonOf } from "../exit.js";
import type { Asks, Question } from "./asks.js";

/**
 * Answers a question. The first answer counts. An answer for which no code waits any more goes nowhere.
 *
 * @typeParam R - The type of the answer.
 */
export interface Reply<in R> {
  (value: R): void;
  /** Answers with an error, which the asker gets thrown. */
  fail(error: unknown): void;
}

class Ask<M, R> extends Operation<R> {
  private readonly _target: SendChannel<M>;
  private readonly _make: (reply: Reply<R>) => M;
  private _open: Open<M, R> | null;
  private _failed: boolean;

  constructor(target: SendChannel<M>, make: (reply: Reply<R>) => M) {
    super();
    this._target = target;
    this._make = make;
    this._open = null;
    this._failed = false;
  }

  poll(): boolean {
    this._failed = false;
    if (!this._target.closed) return false;
    this._failed = true;
    this.value = gone(this._target);
    return true;
  }

  block(): void {
    const open = new Open<M, R>(this, this._target);
    this._open = open;
    try {
      open.send(this._make(open.reply()));
    } catch (error) {
      this._open = null;
      throw error;
    }
  }

  override unblock(): void {
    this._open?.end();
    this._open = null;
  }

  settle(open: Open<M, R>, value: unknown, failed: boolean): void {
    if (this._open !== open) return;
    this._open = null;
    open.end();
    this._failed = failed;
    this.complete(value);
  }

  override result(): R {
    if (this._failed) throw this.value;
    return this.value as R;
  }

  override waitsFor(): WaitsFor {
    return { what: `an answer of ${nameOf(this._target)}`, external: !isAskable(this._target) };
  }
}

/** One performance of a question. */
class Open<M, R> implements Question {
  holder: Asks | null;
  private readonly _target: SendChannel<M>;
  private _ask: Ask<M, R> | null;
  private _message: M | undefined;
  /** What keeps the question for the actor; null for other channels. */
  private _asks: Asks | null;
  private _sending: Disposable | null;

  constructor(ask: Ask<M, R>, target: SendChannel<M>) {
    this.holder = this._asks = null;
    this._ask = ask;
    this._target = target;
    this._message = undefined;
    this._sending = null;
  }

  reply(): Reply<R> {
    const reply = (value: R): void => this._ask?.settle(this, value, false);
    reply.fail = (error: unknown): void => this.fail(error);
    return reply;
  }

  fail(error: unknown): void {
    this._ask?.settle(this, error, true);
  }

  send(message: M): void {
    const given = this._target;
    const target = isAskable<M>(given) ? given.routeFor(message) : given;
    this._message = message;
    if (isAskable<M>(target)) {
      this._asks = target.asks;
      this._asks.add(message, this);
    }
    if (target.trySend(message)) return;
    const sending = upon(
      target.send(message),
      (accepted) => {
        this._sending = null;
        if (!accepted) this.fail(gone(target));
      },
      (error) => this.fail(error),
    );
    if (this._ask !== null) this._sending = sending;
  }

  end(): void {
    this._ask = null;
    this._sending?.[Symbol.dispose]();
    this._sending = null;
    this._asks?.remove(this._message, this);
    this._message = undefined;
  }
}

function nameOf(target: SendChannel<never>): string {
  const { name } = target as { name?: unknown };
  return typeof name === "string" ? name : "a channel";
}

/** An actor, or several with one address. */
interface Askable<M> extends SendChannel<M> {
  readonly name: string;
  readonly asks: Asks;
  readonly exit: Exit | null;
  /** Where a message to it goes. */
  routeFor(message: M): SendChannel<M>;
}

function isAskable<M>(target: SendChannel<M>): target is Askable<M> {
  return "routeFor" in target;
}

function gone(target: SendChannel<never>): unknown {
  if (isAskable(target) && target.exit !== null) return reasonOf(target.exit, `Actor ${target.name}`);
  const name = nameOf(target);
  if (!target.closed) return new Error(`Cannot ask ${name}: there is no actor that takes the question`);
  return new Error(`Cannot ask ${name}: it is closed`);
}

/**
 * Sends a question and waits for the answer.
 *
 * Parks until the message is accepted and answered. Yields: the answer. If the answer is an error: throws it. If the actor ends, or
 * fails while it handles the question: throws at once, the error of the actor if it has failed; an actor that is closed or has ended
 * is an error at once, too. If cancelled, or if another case wins: the question is given up, and a late answer goes nowhere.
 *
 * There is no time limit: race it with `sleep`, or write `withTimeout(1000, ask(…))`. In a select the question is sent only if no
 * case is ready.
 *
 * @param target - An actor, or any channel. A channel is not known to end, so nothing is told of a receiver that is gone.
 * @param make - Makes the message with its way to answer.
 * @throws TypeError if the target is no channel or `make` is no function; and what `make` throws.
 * @example
 * ```ts
 * import { actor, ask, type Reply } from "millrace/supervise";
 *
 * const doubler = actor(({ n, reply }: { n: number; reply: Reply<number> }) => reply(n * 2));
 * console.log(await ask(doubler, (reply: Reply<number>) => ({ n: 21, reply }))); // 42
 * ```
 */
export function ask<M, R>(target: SendChannel<M>, make: (reply: Reply<R>) => M): Operation<R> {
  if (typeof target?.trySend !== "function")
    throw new TypeError(`Cannot ask: target must be an actor or a channel, got ${shown(target)}`);
  assertFunction("ask", "make", make);
  return new Ask(target, make);
}

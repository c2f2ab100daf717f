// Questions with answers. This side's questions wait in a table, by a number that the answer repeats. The peer's questions are
// handled here, at most as many at a time as `concurrency` allows; the others wait in order.

import { Operation, type WaitsFor } from "../operation/operation.js";
import { upon } from "../operation/upon.js";
import { Ring } from "../structures/ring.js";
import { call } from "../task/call.js";
import { isValue, type Returned } from "../task/work.js";
import { ANSWER, ASK, DROP, FAIL } from "./frames.js";
import type { Limits } from "./limits.js";
import type { Outbox } from "./outbox.js";
import { type StandardSchema, validated } from "./schema.js";
import { movedWith } from "./values.js";
import { Violation } from "./violation.js";

/** Lists what is moved with a value. */
export type Transfer<T> = (value: T) => Transferable[];

/** How the answers of a service are sent. */
export interface Answering {
  readonly schema?: StandardSchema<unknown> | undefined;
  readonly transfer?: Transfer<unknown> | undefined;
  /** Whether what was answered is to be posted at once. */
  readonly prompt?: ((answer: unknown) => boolean) | undefined;
}

/** What questions need of their connection. */
export interface AskWire {
  readonly out: Pick<Outbox, "frame" | "push"> & Partial<Pick<Outbox, "flush">>;
  readonly limits: Limits;
  readonly name: string;
  /** Why no question can be asked any more; null while one can. */
  readonly gone: Error | null;
  hold(): void;
  release(): void;
  crossing(error: unknown): unknown;
}

class Ask<Q, R> extends Operation<R> {
  private readonly _asks: Asks;
  readonly name: string;
  readonly question: Q;
  private readonly _transfer: Transfer<Q> | undefined;
  /** The number of the question; 0 while it is not asked. */
  id: number;
  failed: boolean;

  constructor(asks: Asks, name: string, question: Q, transfer: Transfer<Q> | undefined) {
    super();
    this._asks = asks;
    this.name = name;
    this.question = question;
    this._transfer = transfer;
    this.id = 0;
    this.failed = false;
  }

  poll(): boolean {
    const { gone } = this._asks.wire;
    this.failed = gone !== null;
    this.value = gone;
    return this.failed;
  }

  block(): void {
    this._asks.begin(this as Ask<unknown, unknown>);
  }

  /** What is moved with the question. */
  moved(act: string): readonly Transferable[] | null {
    return movedWith(this._transfer, this.question, act);
  }

  override unblock(): void {
    this._asks.giveUp(this as Ask<unknown, unknown>);
  }

  override result(): R {
    if (this.failed) throw this.value;
    return this.value as R;
  }

  override waitsFor(): WaitsFor {
    return { what: `an answer to ${this.name} over ${this._asks.wire.name}`, external: true, host: true };
  }
}

/** The questions of this side. */
export class Asks {
  readonly wire: AskWire;
  private readonly _open: Map<number, Ask<unknown, unknown>>;
  private _last: number;

  constructor(wire: AskWire) {
    this.wire = wire;
    this._open = new Map();
    this._last = 0;
  }

  ask<Q, R>(name: string, question: Q, transfer?: Transfer<Q>): Operation<R> {
    return new Ask<Q, R>(this, name, question, transfer);
  }

  begin(ask: Ask<unknown, unknown>): void {
    const { out, limits } = this.wire;
    if (this._open.size >= limits.asks) {
      throw new RangeError(
        `Cannot ask ${ask.name}: at most ${limits.asks} questions may wait (limits.asks), got one more`,
      );
    }
    const id = this._last + 1;
    const act = `ask ${ask.name}`;
    out.frame(ASK, [id, ask.name], ask.question, act, ask.moved(act));
    this._last = id;
    ask.id = id;
    this._open.set(id, ask);
    this.wire.hold();
  }

  giveUp(ask: Ask<unknown, unknown>): void {
    if (!this._open.delete(ask.id)) return;
    this.wire.release();
    this.wire.out.push([DROP, ask.id]);
  }

  /** An answer has come. One to a question that was given up goes nowhere. */
  settle(id: number, value: unknown, failed: boolean): void {
    if (id > this._last) throw new Violation("an answer to no question");
    const ask = this._open.get(id);
    if (ask === undefined) return;
    this._open.delete(id);
    this._finish(ask, value, failed);
  }

  lose(error: Error): void {
    const open = [...this._open.values()];
    this._open.clear();
    for (const ask of open) if (ask.waiter !== null) this._finish(ask, error, true);
  }

  private _finish(ask: Ask<unknown, unknown>, value: unknown, failed: boolean): void {
    ask.failed = failed;
    this.wire.release();
    ask.complete(value);
  }
}

/** Handles the questions of one name. */
export type Handle<Q, R> = (question: Q, signal: AbortSignal) => Returned<R>;

class Service {
  readonly name: string;
  readonly handle: Handle<unknown, unknown>;
  readonly concurrency: number;
  readonly answering: Answering;
  readonly waiting: Ring<Question>;
  running: number;
  /** Whether waiting questions are being handled now, so that the stack does not grow with their number. */
  serving: boolean;

  constructor(name: string, handle: Handle<unknown, unknown>, concurrency: number, answering: Answering) {
    this.name = name;
    this.handle = handle;
    this.concurrency = concurrency;
    this.answering = answering;
    this.waiting = new Ring();
    this.running = 0;
    this.serving = false;
  }
}

interface Question {
  readonly id: number;
  readonly service: Service;
  readonly value: unknown;
  /** What handles it; null while it waits. */
  work: Disposable | null;
  /** Whether it was answered, or the asker gave it up. */
  over: boolean;
}

/** The questions of the peer. */
export class Services {
  private readonly _wire: AskWire;
  private readonly _services: Map<string, Service>;
  private readonly _open: Map<number, Question>;
  private _last: number;

  constructor(wire: AskWire) {
    this._wire = wire;
    this._services = new Map();
    this._open = new Map();
    this._last = 0;
  }

  serve(name: string, handle: Handle<unknown, unknown>, concurrency: number, answering: Answering = {}): Disposable {
    if (this._services.has(name)) throw new TypeError(`Cannot serve ${name}: it is served already on this connection`);
    const service = new Service(name, handle, concurrency, answering);
    this._services.set(name, service);
    this._wire.hold();
    return {
      [Symbol.dispose]: () => {
        if (this._services.get(name) === service) this._remove(service);
      },
    };
  }

  /** A question has come. */
  arrive(id: number, name: string, value: unknown): void {
    if (id <= this._last) throw new Violation("a question with the number of an earlier one");
    if (this._open.size >= this._wire.limits.asks) throw new Violation("more questions than may wait");
    this._last = id;
    const service = this._services.get(name);
    if (service === undefined) {
      this._wire.out.push([
        FAIL,
        id,
        this._wire.crossing(new Error(`Cannot ask ${name}: the other side serves no such name`)),
      ]);
      return;
    }
    const question: Question = { id, service, value, work: null, over: false };
    this._open.set(id, question);
    service.waiting.push(question);
    this._next(service);
  }

  /** The asker has given up. */
  drop(id: number): void {
    if (id > this._last) throw new Violation("the end of no question");
    const question = this._open.get(id);
    if (question === undefined) return;
    this._open.delete(id);
    question.over = true;
    question.work?.[Symbol.dispose]();
  }

  /** The asker is gone. */
  lose(): void {
    for (const id of [...this._open.keys()]) this.drop(id);
    for (const service of [...this._services.values()]) this._remove(service);
  }

  private _remove(service: Service): void {
    this._services.delete(service.name);
    this._wire.release();
    while (service.waiting.length > 0) {
      const question = service.waiting.shift();
      const gone = new Error(`Cannot ask ${service.name}: the other side serves it no more`);
      if (!question.over) this._answer(question, gone, true);
    }
  }

  /** Handles waiting questions while there is room. */
  private _next(service: Service): void {
    if (service.serving) return;
    service.serving = true;
    while (service.running < service.concurrency && service.waiting.length > 0) {
      const question = service.waiting.shift();
      if (!question.over) this._start(service, question);
    }
    service.serving = false;
  }

  private _start(service: Service, question: Question): void {
    service.running++;
    const end = (value: unknown, failed: boolean): void => {
      service.running--;
      if (!question.over) this._answer(question, value, failed);
      this._next(service);
    };
    const { handle, name } = service;
    const { schema } = service.answering;
    let value: unknown;
    try {
      value = schema === undefined ? question.value : validated(schema, question.value, `answer ${name}`);
    } catch (error) {
      end(error, true);
      return;
    }
    if (handle.length > 1) {
      this._await(question, call(handle as (question: unknown, signal: AbortSignal) => unknown, value), end);
      return;
    }
    // A plain function needs no task, and most answer at once.
    let made: unknown;
    try {
      made = (handle as (question: unknown) => unknown)(value);
    } catch (error) {
      end(error, true);
      return;
    }
    if (isValue(made)) end(made, false);
    else
      this._await(
        question,
        call(() => made as Returned<unknown>),
        end,
      );
  }

  private _await(question: Question, work: Operation<unknown>, end: (value: unknown, failed: boolean) => void): void {
    const waiting = upon(
      work,
      (value) => end(value, false),
      (error) => end(error, true),
    );
    question.work = {
      [Symbol.dispose]: () => {
        waiting[Symbol.dispose]();
        end(undefined, false);
      },
    };
  }

  private _answer(question: Question, value: unknown, failed: boolean): void {
    question.over = true;
    this._open.delete(question.id);
    const { out } = this._wire;
    if (!failed) {
      try {
        const { transfer, prompt } = question.service.answering;
        out.frame(ANSWER, [question.id], value, "answer", movedWith(transfer, value, "answer"));
        if (prompt?.(value) === true) out.flush?.();
        return;
      } catch (error) {
        // The answer cannot cross: the asker gets told why.
        value = error;
      }
    }
    out.push([FAIL, question.id, this._wire.crossing(value)]);
  }
}

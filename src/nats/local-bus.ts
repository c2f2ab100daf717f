// A bus in one process. It has the rules of a bus on a server, and none of the server's delays.

import type { SendChannel } from "../channel/ends.js";
import { later } from "../operation/later.js";
import { Operation, type WaitsFor } from "../operation/operation.js";
import { upon } from "../operation/upon.js";
import { Waiters } from "../operation/waiters.js";
import type { AskWire } from "../remote/asks.js";
import { arrived, crossing } from "../remote/errors.js";
import { ANSWER, DROP, FAIL } from "../remote/frames.js";
import { lift, lower, type Mover } from "../remote/refs.js";
import { assertOptions } from "../structures/arguments.js";
import { readable } from "../structures/readable.js";
import { BusBase, type Leaving } from "./base.js";
import { NoResponderError } from "./errors.js";
import { Hosted, type Make } from "./hosted.js";
import { LocalQueue } from "./local-queue.js";
import { LocalMeeting, LocalRegister, LocalTopic } from "./local-things.js";
import { decoded, encoded } from "./names.js";
import type { ChannelSettings, TopicSettings } from "./options.js";
import type { Bus, BusChannel, Hosting, RegisterOptions } from "./types.js";
import { assertNoSymbol, closingOf, WorkChannel } from "./work.js";

/** How many dead letters are kept if code has not opened their channel with a capacity. */
export const DEAD_LETTERS = 10_000;

/** Options of {@link localBus}. */
export interface LocalBusOptions {
  /** The name of the bus, for reports; `"local"` by default. */
  readonly name?: string;
}

/** One name under which actors are hosted. */
class Place {
  readonly name: string;
  hosted: Hosted<never> | null;
  /** Whether the name is hosted, or about to be. */
  taken: boolean;
  readonly hosts: Waiters<Hosts<never>>;
  readonly senders: Waiters<Tell<never>>;

  constructor(name: string) {
    this.name = name;
    this.hosted = null;
    this.taken = false;
    this.hosts = new Waiters();
    this.senders = new Waiters();
  }

  host(hosted: Hosted<never>): void {
    this.hosted = hosted;
    const waiting = this.senders.takeAll();
    for (let one: Tell<never> | null; (one = waiting.next()) !== null; ) one.start();
  }

  /** The name is free. */
  free(): void {
    this.hosted = null;
    this.taken = false;
    const next = this.hosts.next();
    if (next === null) return;
    this.taken = true;
    next.complete(undefined);
  }
}

/** Waits for the right to host. */
class Hosts<M> extends Operation<Hosting<M>> {
  private readonly _place: Place;
  private readonly _make: () => Hosted<M>;
  private _failure: Error | null;

  constructor(place: Place, make: () => Hosted<M>) {
    super();
    this._place = place;
    this._make = make;
    this._failure = null;
  }

  poll(): boolean {
    if (this._place.taken) return false;
    this._place.taken = true;
    return true;
  }

  block(): void {
    this._place.hosts.join(this as unknown as Hosts<never>);
  }

  /** The bus is closed. */
  fail(error: Error): void {
    this._failure = error;
    this.complete(undefined);
  }

  override discard(): void {
    if (this._failure === null) this._place.free();
  }

  override result(): Hosting<M> {
    if (this._failure !== null) throw this._failure;
    try {
      return this._make();
    } catch (error) {
      this._place.free();
      throw error;
    }
  }

  override waitsFor(): WaitsFor {
    return { what: `the right to host ${this._place.name}`, external: false };
  }
}

/** Sends a message to whatever hosts the name. */
class Tell<M> extends Operation<boolean> {
  private readonly _address: LocalAddress<M>;
  private readonly _message: () => M;
  private _sending: Disposable | null;

  constructor(address: LocalAddress<M>, message: () => M) {
    super();
    this._address = address;
    this._message = message;
    this._sending = null;
  }

  poll(): boolean {
    if (this._address.closed) {
      this.value = false;
      return true;
    }
    this.value = true;
    return this._address.place.hosted?.actor.trySend(this._message() as never) === true;
  }

  block(): void {
    this.start();
  }

  /** Sends it to the host, or waits for one. */
  start(): void {
    const { place } = this._address;
    this._address.waiting.add(this);
    const { hosted } = place;
    if (hosted === null || hosted.actor.closed) {
      place.senders.join(this as unknown as Tell<never>);
      return;
    }
    this._sending = upon(
      hosted.actor.send(this._message() as never),
      (accepted) => this._accepted(accepted),
      () => this._accepted(false),
    );
  }

  private _accepted(accepted: boolean): void {
    this._sending = null;
    if (!accepted) this._address.place.senders.join(this as unknown as Tell<never>);
    else this.finish(true);
  }

  finish(accepted: boolean): void {
    this.unblock();
    this.complete(accepted);
  }

  override unblock(): void {
    this._address.waiting.delete(this);
    this._address.place.senders.leave(this as unknown as Tell<never>);
    this._sending?.[Symbol.dispose]();
    this._sending = null;
  }

  override waitsFor(): WaitsFor {
    return { what: `send to the address ${this._address.name}`, external: false };
  }
}

class LocalAddress<M> implements SendChannel<M> {
  readonly name: string;
  readonly place: Place;
  readonly waiting: Set<Tell<M>>;
  readonly closing: Waiters;
  closed: boolean;

  constructor(place: Place) {
    this.name = place.name;
    this.place = place;
    this.waiting = new Set();
    this.closing = new Waiters();
    this.closed = false;
    readable(this, () => `Address ${place.name}`);
  }

  send(message: M): Operation<boolean> {
    assertNoSymbol(message, this.name);
    const copy = copier(message, `send to ${this.name}`);
    return new Tell(this, copy);
  }

  trySend(message: M): boolean {
    const send = this.send(message);
    return send.poll() && send.result();
  }

  close(): boolean {
    if (this.closed) return false;
    this.closed = true;
    for (const tell of [...this.waiting]) tell.finish(false);
    this.closing.completeAll(undefined);
    return true;
  }

  whenClosed(): Operation<void> {
    return closingOf(this);
  }

  leave(): void {
    this.close();
  }
}

/** Makes copies of a message in which replies stay what they are. */
function copier<M>(message: M, act: string): () => M {
  const things: object[] = [];
  const mover: Mover = {
    give: (thing) => {
      things.push(thing);
      return { ref: things.length - 1, transfer: null, undo: () => {} };
    },
    take: (ref) => things[ref as number],
  };
  const { value, given } = lift(message, mover);
  const text = encoded(value, act);
  const refs = given.map(({ ref }) => ref);
  return () => {
    const copy = decoded<unknown>(text, undefined, act);
    return (refs.length === 0 ? copy : lower(copy, refs, mover)) as M;
  };
}

const crosses = (value: unknown): boolean => {
  try {
    return JSON.stringify(value) !== undefined;
  } catch {
    return false;
  }
};

class LocalBus extends BusBase {
  private readonly _queues: Set<LocalQueue>;
  private readonly _places: Map<string, Place>;
  private readonly _served: Set<string>;
  private _token: number;

  constructor(name: string) {
    super(name);
    this._queues = new Set();
    this._places = new Map();
    this._served = new Set();
    this._token = 0;
  }

  protected wire(): AskWire {
    const bus = this;
    return {
      name: this.name,
      limits: this.limits,
      get gone() {
        return bus.gone;
      },
      out: {
        frame: (kind, [id, name], value, act) => this._frame(kind, id as number, name as string, value, act),
        push: ([kind, id, error]) => {
          if (kind === DROP) this.services.drop(id as number);
          else if (kind === FAIL) later(() => this.asks.settle(id as number, arrived(error, true), true));
        },
      },
      hold: () => {},
      release: () => {},
      crossing: (error) => crossing(error, crosses, true),
    };
  }

  /** A question, or an answer. */
  private _frame(kind: number, id: number, name: string, value: unknown, act: string): void {
    const copy = value === undefined ? undefined : decoded<unknown>(encoded(value, act), undefined, act);
    if (kind === ANSWER) later(() => this.asks.settle(id, copy, false));
    else {
      later(() => {
        if (this._served.has(name)) this.services.arrive(id, name, copy);
        else this.asks.settle(id, new NoResponderError(`Cannot ask ${name}: no process serves it`), true);
      });
    }
  }

  protected served(name: string, serving: boolean): void {
    if (serving) this._served.add(name);
    else this._served.delete(name);
  }

  protected makeChannel<T>(name: string, settings: ChannelSettings<T>): BusChannel<T> & Leaving {
    if (settings.capacity === 0) return new LocalMeeting(name, settings.schema);
    const made = new WorkChannel<T>(name, settings, false);
    const queue = new LocalQueue(name, made, settings, (text) => {
      const dead = this.channel<unknown>(settings.deadLetter!, { capacity: DEAD_LETTERS });
      return dead.trySend(decoded(text, undefined, `bury a value of ${name}`));
    });
    made.store = queue;
    this._queues.add(queue);
    return made;
  }

  protected makeTopic<T>(name: string, settings: TopicSettings<T>): LocalTopic<T> {
    return new LocalTopic(name, settings);
  }

  protected makeRegister<T>(name: string, options: RegisterOptions<T>): LocalRegister<T> {
    return new LocalRegister(name, options.schema);
  }

  protected makeAddress<M>(name: string): LocalAddress<M> {
    return new LocalAddress(this._place(name));
  }

  protected makeHosting<M>(name: string, given: Make<M>): Operation<Hosting<M>> {
    const place = this._place(name);
    return new Hosts<M>(place, () => {
      const hosted = new Hosted<M>(name, ++this._token, given, () => {
        this.hosted.delete(hosted as unknown as Hosted<never>);
        place.free();
      });
      this.hosted.add(hosted as unknown as Hosted<never>);
      place.host(hosted as unknown as Hosted<never>);
      return hosted;
    });
  }

  private _place(name: string): Place {
    let place = this._places.get(name);
    if (place === undefined) this._places.set(name, (place = new Place(name)));
    return place;
  }

  protected end(): void {
    for (const queue of this._queues) queue.empty();
    for (const { hosts } of this._places.values()) {
      for (let one: Hosts<never> | null; (one = hosts.next()) !== null; ) one.fail(this.gone!);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }
}

/**
 * Makes a bus in this process, with the same rules as a bus on a server: values are copied as JSON, values that are not acknowledged
 * are delivered again, names are checked. It is for tests, and for programs that may run as one process or as many. What it stores is
 * lost when the process ends.
 *
 * @param options - `name`.
 * @throws TypeError if the name is wrong.
 * @example
 * ```ts
 * import { localBus } from "millrace/nats";
 *
 * const bus = localBus();
 * const jobs = bus.channel<{ id: number }>("jobs", { capacity: 100 });
 * await jobs.send({ id: 1 });
 * console.log(await jobs.receive()); // { id: 1 }
 * bus.serve("double", (n: number) => n * 2);
 * console.log(await bus.ask("double", 21)); // 42
 * bus.close();
 * ```
 */
export function localBus(options: LocalBusOptions = {}): Bus {
  assertOptions("open bus", options);
  return new LocalBus(options.name ?? "local");
}

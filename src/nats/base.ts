// What every bus does in the same way, whatever carries it: names, the things that are made once for each name, and the end.

import type { SendChannel } from "../channel/ends.js";
import { guard } from "../operation/basic.js";
import type { Operation } from "../operation/operation.js";
import { Asks, type AskWire, type Handle, Services } from "../remote/asks.js";
import { type Limits, limitsOf } from "../remote/limits.js";
import { assertSchema } from "../remote/schema.js";
import { assertFunction, assertOptions } from "../structures/arguments.js";
import { shown } from "../structures/errors.js";
import { readable } from "../structures/readable.js";
import { Ending, type Exit } from "../supervise/exit.js";
import { assertMake, type Hosted, type Make } from "./hosted.js";
import { checkName } from "./names.js";
import { type ChannelSettings, channelSettings, type TopicSettings, topicSettings } from "./options.js";
import type {
  Bus,
  BusChannel,
  BusChannelOptions,
  BusServeOptions,
  Hosting,
  HostOptions,
  Register,
  RegisterOptions,
  Topic,
  TopicOptions,
} from "./types.js";

/** What ends with its bus. */
export interface Leaving {
  leave(error: Error | null): void;
}

export abstract class BusBase implements Bus {
  readonly name: string;
  readonly limits: Limits;
  protected readonly asks: Asks;
  protected readonly services: Services;
  protected readonly hosted: Set<Hosted<never>>;
  private readonly _channels: Map<string, BusChannel<never> & Leaving>;
  private readonly _topics: Map<string, Topic<never> & Leaving>;
  private readonly _registers: Map<string, Register<never> & Leaving>;
  private readonly _addresses: Map<string, SendChannel<never> & Leaving>;
  private readonly _ending: Ending;
  private _gone: Error | null;

  constructor(name: string) {
    checkName("open bus", name);
    this.name = name;
    this.limits = limitsOf(undefined);
    this.asks = new Asks(this.wire());
    this.services = new Services(this.wire());
    this.hosted = new Set();
    this._channels = new Map();
    this._topics = new Map();
    this._registers = new Map();
    this._addresses = new Map();
    this._ending = new Ending();
    this._gone = null;
    readable(this, () => `Bus ${name}${this.closed ? " closed" : ""}`);
  }

  protected abstract wire(): AskWire;
  protected abstract makeChannel<T>(name: string, settings: ChannelSettings<T>): BusChannel<T> & Leaving;
  protected abstract makeTopic<T>(name: string, settings: TopicSettings<T>): Topic<T> & Leaving;
  protected abstract makeRegister<T>(name: string, options: RegisterOptions<T>): Register<T> & Leaving;
  protected abstract makeAddress<M>(name: string): SendChannel<M> & Leaving;
  protected abstract makeHosting<M>(name: string, given: Make<M>, lease: number): Operation<Hosting<M>>;
  /** Called when a name is served, and when it is served no more. */
  protected abstract served(name: string, serving: boolean): void;
  /** Called once, after everything on the bus has ended. */
  protected abstract end(): void;

  channel<T>(name: string, options: BusChannelOptions<T> = {}): BusChannel<T> {
    return this._once("open channel", this._channels, name, () =>
      this.makeChannel(name, channelSettings(name, options)),
    ) as unknown as BusChannel<T>;
  }

  topic<T>(name: string, options: TopicOptions<T> = {}): Topic<T> {
    return this._once("open topic", this._topics, name, () =>
      this.makeTopic(name, topicSettings(name, options)),
    ) as unknown as Topic<T>;
  }

  register<T>(name: string, options: RegisterOptions<T> = {}): Register<T> {
    return this._once("open register", this._registers, name, () => {
      assertOptions(`open register ${name}`, options);
      assertSchema(`open register ${name}`, options.schema);
      return this.makeRegister(name, options);
    }) as unknown as Register<T>;
  }

  address<M>(name: string): SendChannel<M> {
    return this._once("open address", this._addresses, name, () => this.makeAddress(name)) as unknown as SendChannel<M>;
  }

  private _once<V extends Leaving>(act: string, things: Map<string, V>, name: string, make: () => unknown): V {
    checkName(act, name);
    let thing = things.get(name);
    if (thing === undefined) {
      thing = make() as V;
      things.set(name, thing);
      if (this.closed) thing.leave(this._gone);
    }
    return thing;
  }

  serve<Q, R>(name: string, handle: Handle<Q, R>, options: BusServeOptions<Q> = {}): Disposable {
    checkName("serve", name);
    assertFunction(`serve ${name}`, "handle", handle);
    assertOptions(`serve ${name}`, options);
    const { concurrency = Infinity, schema } = options;
    if ("transfer" in options)
      throw new TypeError(`Cannot serve ${name}: the answers of a bus cross as JSON, got transfer; leave it out`);
    assertSchema(`serve ${name}`, schema);
    if (!(concurrency >= 1))
      throw new RangeError(`Cannot serve ${name}: concurrency must be 1 or more, got ${shown(concurrency)}`);
    if (this.closed) throw new Error(`Cannot serve ${name}: the bus is closed`);
    const service = this.services.serve(name, handle as Handle<unknown, unknown>, concurrency, { schema });
    this.served(name, true);
    let over = false;
    return {
      [Symbol.dispose]: () => {
        if (over) return;
        over = true;
        this.served(name, false);
        service[Symbol.dispose]();
      },
    };
  }

  ask<Q, R>(name: string, question: Q): Operation<R> {
    checkName("ask", name);
    return this.asks.ask(name, question);
  }

  host<M>(name: string, actor: Make<M>, options: HostOptions = {}): Operation<Hosting<M>> {
    checkName("host", name);
    assertMake(`host ${name}`, actor);
    assertOptions(`host ${name}`, options);
    const { lease = 5000 } = options;
    if (!(Number.isFinite(lease) && lease >= 100))
      throw new RangeError(
        `Cannot host ${name}: lease must be a number of milliseconds, 100 or more, got ${shown(lease)}`,
      );
    return guard(() => {
      if (this.closed) throw this.gone;
      return this.makeHosting(name, actor, lease);
    });
  }

  get closed(): boolean {
    return this._ending.exit !== null;
  }

  get gone(): Error | null {
    return this.closed ? (this._gone ?? new Error(`The bus ${this.name} is closed`)) : null;
  }

  whenClosed(): Operation<Exit> {
    return this._ending.wait(`bus ${this.name}`);
  }

  close(reason?: unknown): void {
    this.finish({ kind: "cancelled", reason }, null);
  }

  protected finish(exit: Exit, error: Error | null): void {
    if (this.closed) return;
    this._gone = error;
    for (const hosted of [...this.hosted]) hosted.end("the bus is closed");
    const things = [this._channels, this._topics, this._registers, this._addresses];
    this._ending.end(exit);
    for (const map of things) for (const thing of map.values()) thing.leave(error);
    this.services.lose();
    this.asks.lose(this.gone!);
    this.end();
  }

  abstract [Symbol.asyncDispose](): Promise<void>;
}

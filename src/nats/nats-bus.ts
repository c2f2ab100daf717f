// A bus on a NATS server.

import type { SendChannel } from "../channel/ends.js";
import { guard } from "../operation/basic.js";
import { settled } from "../operation/bridge.js";
import { Operation, type WaitsFor } from "../operation/operation.js";
import { upon } from "../operation/upon.js";
import type { AskWire } from "../remote/asks.js";
import { arrived, crossing, PeerLostError } from "../remote/errors.js";
import { ANSWER, DROP, FAIL } from "../remote/frames.js";
import { assertOptions } from "../structures/arguments.js";
import { shown } from "../structures/errors.js";
import { now, sleep } from "../time/sleep.js";
import { BusBase, type Leaving } from "./base.js";
import { NoResponderError } from "./errors.js";
import { Hosted, type Make } from "./hosted.js";
import { DEAD_LETTERS } from "./local-bus.js";
import { checkName, decoded, encoded } from "./names.js";
import { type Asker, type Envelope, Lease, type Load, NatsAddress, Replies } from "./nats-hosts.js";
import { crosses, type Keeping, Link, type Msg, type NatsConnection, type Subscription } from "./nats-link.js";
import { NatsMeeting } from "./nats-meeting.js";
import { NatsQueue } from "./nats-queue.js";
import { NatsRegister, NatsTopic } from "./nats-things.js";
import { type ChannelSettings, channelSettings, type TopicSettings } from "./options.js";
import type { Bus, BusChannel, Hosting, RegisterOptions } from "./types.js";
import { WorkChannel } from "./work.js";

/** Options of {@link natsBus}. */
export interface NatsBusOptions {
  /** The address of a server, or of several of one cluster. With `ws://` or `wss://` it is NATS's WebSocket listener, as for pages. */
  readonly servers: string | readonly string[];
  /** The name of the bus; `"millrace"` by default. Processes share what they name only with processes whose bus has this name. */
  readonly name?: string;
  /** Where the server keeps what it stores: in `"file"`s (default), or in `"memory"`, which is lost when the server ends. */
  readonly storage?: "file" | "memory";
  /** On how many servers of the cluster it is kept; 1 by default. */
  readonly replicas?: number;
  /** More options for the `connect` of NATS's own package, such as `user`, `pass`, `token`, `tls` or `authenticator`. */
  readonly connection?: object;
}

/** Milliseconds between signs of life of a question that is being handled. */
const BEAT = 2000;
/** After how many without a sign the handler counts as lost. */
const MISSES = 4;

/** A question of another process, which is being handled here. */
interface Incoming {
  readonly id: number;
  readonly reply: string;
}

/** A question of this process. */
interface Outgoing {
  readonly id: number;
  readonly name: string;
  readonly reply: string;
  heard: number;
}

class Hosts<M> extends Operation<Hosting<M>> {
  private readonly _begin: (lease: Lease, token: number) => Hosted<M>;
  private readonly _lease: Lease;
  private readonly _name: string;
  private _failure: { readonly cause: unknown } | null;
  private _parked: boolean;

  constructor(lease: Lease, name: string, begin: (lease: Lease, token: number) => Hosted<M>) {
    super();
    this._lease = lease;
    this._name = name;
    this._begin = begin;
    this._failure = null;
    this._parked = false;
  }

  poll(): boolean {
    return false;
  }

  block(): void {
    this._parked = true;
    this._lease.acquire().then(
      (token) => {
        if (this._parked && token !== null) this._end(token);
        else this._lease.release();
      },
      (cause: unknown) => {
        this._failure = { cause };
        if (this._parked) this._end(null);
      },
    );
  }

  /** The bus is closed. */
  fail(error: Error): void {
    if (!this._parked) return;
    this._failure = { cause: error };
    this._lease.release();
    this._end(null);
  }

  private _end(token: number | null): void {
    this._parked = false;
    this.complete(token);
  }

  override unblock(): void {
    this._parked = false;
    this._lease.release();
  }

  override discard(): void {
    this._lease.release();
  }

  override result(): Hosting<M> {
    if (this._failure !== null) throw this._failure.cause;
    return this._begin(this._lease, this.value as number);
  }

  override waitsFor(): WaitsFor {
    return { what: `the right to host ${this._name}`, external: true, host: true };
  }
}

class NatsBus extends BusBase implements Asker {
  readonly link: Link;
  readonly replies: Replies;
  private readonly _outgoing: Map<number, Outgoing>;
  private readonly _incoming: Map<number, Incoming>;
  private readonly _byReply: Map<string, number>;
  private readonly _subscriptions: Map<string, Subscription[]>;
  private readonly _queues: Set<NatsQueue>;
  private readonly _works: Set<WorkChannel<never>>;
  private readonly _waitingHosts: Set<Hosts<never>>;
  private readonly _deads: Map<string, NatsQueue>;
  /** How many names this process hosts, or is about to. */
  private readonly _load: Load;
  private _lastQuestion: number;
  private _beat: Disposable | null;
  private _beaten: number;

  constructor(link: Link) {
    super(link.bus);
    this.link = link;
    this.replies = new Replies(link);
    this._outgoing = new Map();
    this._incoming = new Map();
    this._byReply = new Map();
    this._subscriptions = new Map();
    this._queues = new Set();
    this._works = new Set();
    this._waitingHosts = new Set();
    this._deads = new Map();
    this._load = { names: 0 };
    this._lastQuestion = 0;
    this._beat = null;
    this._beaten = 0;
  }

  /** Watches the connection. */
  begin(): this {
    const { nc } = this.link;
    this.link.reconnected.add(() => this._reconnected());
    void nc.closed().then((error) => {
      const lost = this.link.gone(error ?? undefined);
      this.finish({ kind: "failed", error: lost }, lost);
    });
    void (async () => {
      for await (const { type } of nc.status()) {
        if (type === "reconnect") this.link.again();
      }
    })();
    return this;
  }

  // -- questions

  protected wire(): AskWire {
    const bus = this;
    return {
      get name() {
        return `NATS ${bus.name}`;
      },
      limits: this.limits,
      get gone() {
        return bus.gone;
      },
      out: {
        frame: (kind, [id, name], value, act) => {
          const text = value === undefined ? "" : encoded(value, act);
          if (kind === ANSWER) this._answer(id as number, text === "" ? "[0]" : `[0,${text}]`);
          else this._ask(id as number, name as string, text);
        },
        push: ([kind, id, error]) => {
          if (kind === FAIL) this._answer(id as number, JSON.stringify([1, error]));
          else if (kind === DROP) this._drop(id as number);
        },
      },
      hold: () => {},
      release: () => {},
      crossing: (error) => crossing(error, crosses, false),
    };
  }

  /** The subject of the questions of a name; one for a host has a name that no service can have. */
  private _questions(kind: "s" | "d", name: string): string {
    return name.startsWith("@")
      ? this.link.subject(kind === "s" ? "h" : "x", name.slice(1))
      : this.link.subject(kind, name);
  }

  private _ask(id: number, name: string, text: string): void {
    const reply = this.link.open((message) => this._answered(id, message));
    this._outgoing.set(id, { id, name, reply, heard: now() });
    this._beatOn();
    this.link.publish(this._questions("s", name), text, reply);
  }

  private _answered(id: number, message: Msg): void {
    const outgoing = this._outgoing.get(id);
    if (outgoing === undefined) return;
    if (message.headers?.code === 503) {
      this._settle(outgoing, noResponder(outgoing.name), true);
      return;
    }
    let answer: unknown;
    try {
      answer = decoded<unknown>(message.string(), undefined, "read an answer");
      if (!Array.isArray(answer)) throw new TypeError("Cannot read an answer: it must be a list");
      if (answer[0] === 2) outgoing.heard = now();
      else if (answer[0] === 3) this._settle(outgoing, noResponder(outgoing.name), true);
      else if (answer[0] === 1) this._settle(outgoing, arrived(answer[1], false), true);
      else this._settle(outgoing, answer[1], false);
    } catch (error) {
      this._settle(outgoing, error, true);
    }
  }

  private _settle({ id, reply }: Outgoing, value: unknown, failed: boolean): void {
    this._outgoing.delete(id);
    this.link.close(reply);
    this.asks.settle(id, value, failed);
  }

  /** A question was given up. */
  private _drop(id: number): void {
    const outgoing = this._outgoing.get(id);
    if (outgoing === undefined) return;
    this._outgoing.delete(id);
    this.link.close(outgoing.reply);
    this.link.publish(this._questions("d", outgoing.name), outgoing.reply);
  }

  protected served(name: string, serving: boolean): void {
    if (!serving) {
      // Questions that are on their way are still answered.
      for (const subscription of this._subscriptions.get(name) ?? []) subscription.drain().catch(() => {});
      this._subscriptions.delete(name);
      return;
    }
    this._subscriptions.set(name, [
      this.link.subscribe(this._questions("s", name), (message) => this._asked(name, message), "servers"),
      this.link.subscribe(this._questions("d", name), (message) => {
        const id = this._byReply.get(message.string());
        if (id === undefined) return;
        this._forget(id);
        this.services.drop(id);
      }),
    ]);
  }

  /** A question has come. */
  private _asked(name: string, message: Msg): void {
    const { reply } = message;
    if (reply === undefined) return;
    if (!this._subscriptions.has(name)) {
      this.link.answer(reply, "[3]");
      return;
    }
    const id = ++this._lastQuestion;
    this._incoming.set(id, { id, reply });
    this._byReply.set(reply, id);
    this._beatOn();
    try {
      const text = message.string();
      this.services.arrive(id, name, text === "" ? undefined : decoded<unknown>(text, undefined, `answer ${name}`));
    } catch (error) {
      this._answer(id, JSON.stringify([1, crossing(error, crosses, false)]));
    }
  }

  private _answer(id: number, text: string): void {
    const incoming = this._incoming.get(id);
    if (incoming === undefined) return;
    this._forget(id);
    this.link.answer(incoming.reply, text);
  }

  private _forget(id: number): void {
    const incoming = this._incoming.get(id);
    if (incoming !== undefined) this._byReply.delete(incoming.reply);
    this._incoming.delete(id);
  }

  /** While questions are open, the sides that handle them give signs of life, and the sides that wait look for them. */
  private _beatOn(): void {
    if (this._beat !== null) return;
    this._beaten = now();
    this._beat = upon(sleep(BEAT, { unref: true }), () => {
      this._beat = null;
      for (const { reply } of this._incoming.values()) this.link.answer(reply, "[2]");
      // A process that was paused has not read what has come.
      const paused = now() - this._beaten > 2 * BEAT;
      for (const outgoing of [...this._outgoing.values()]) {
        if (paused) outgoing.heard = now();
        else if (now() - outgoing.heard > MISSES * BEAT) {
          const error = new PeerLostError(
            `Cannot ask ${outgoing.name.replace("@", "")}: the process that handles it is lost`,
          );
          this._settle(outgoing, error, true);
        }
      }
      if (this._incoming.size + this._outgoing.size > 0) this._beatOn();
    });
  }

  /** A question or a sign of life may have been lost with the connection, so both sides look sooner. */
  private _reconnected(): void {
    for (const { reply } of this._incoming.values()) this.link.answer(reply, "[2]");
    const late = now() - (MISSES - 2) * BEAT;
    for (const outgoing of this._outgoing.values()) outgoing.heard = Math.min(outgoing.heard, late);
  }

  // -- things

  protected makeChannel<T>(name: string, settings: ChannelSettings<T>): BusChannel<T> & Leaving {
    return this._channel(name, settings, true);
  }

  private _channel<T>(name: string, settings: ChannelSettings<T>, updates: boolean): BusChannel<T> & Leaving {
    if (settings.capacity === 0) return new NatsMeeting(this.link, name, settings.schema);
    const made = new WorkChannel<T>(name, settings, true);
    const queue = new NatsQueue(this.link, name, made, settings, updates, (text, key, done) => {
      this._dead(settings.deadLetter!).put(text, key, (outcome) => done(outcome === "stored"));
    });
    made.store = queue;
    this._queues.add(queue);
    this._works.add(made as unknown as WorkChannel<never>);
    return made;
  }

  /** The store of a channel of dead letters. It is made if no process has opened the channel. */
  private _dead(name: string): NatsQueue {
    let dead = this._deads.get(name);
    if (dead === undefined) {
      const settings = channelSettings<never>(name, { capacity: DEAD_LETTERS });
      const nothing = { arrive() {}, room() {}, shut() {}, drained() {}, leave() {} };
      dead = new NatsQueue(this.link, name, nothing, settings, false, (_text, _key, done) => done(false));
      this._deads.set(name, dead);
      this._queues.add(dead);
    }
    return dead;
  }

  protected makeTopic<T>(name: string, settings: TopicSettings<T>): NatsTopic<T> {
    return new NatsTopic(this.link, name, settings);
  }

  protected makeRegister<T>(name: string, options: RegisterOptions<T>): NatsRegister<T> {
    return new NatsRegister(this.link, name, options.schema);
  }

  protected makeAddress<M>(name: string): SendChannel<M> & Leaving {
    return new NatsAddress<M>(this, name);
  }

  tell(name: string, envelope: Envelope): Operation<boolean> {
    return this.asks.ask<Envelope, boolean>(`@${name}`, envelope);
  }

  protected makeHosting<M>(name: string, given: Make<M>, ms: number): Operation<Hosting<M>> {
    const lease = new Lease(this.link, name, ms, this._load);
    const hosts = new Hosts<M>(lease, name, (_, token) => {
      this._waitingHosts.delete(hosts as unknown as Hosts<never>);
      return this._hosts(name, given, lease, token);
    });
    this._waitingHosts.add(hosts as unknown as Hosts<never>);
    return hosts;
  }

  /** Begins to host: this process has the lease. */
  private _hosts<M>(name: string, given: Make<M>, lease: Lease, token: number): Hosted<M> {
    let service: Disposable | null = null;
    let hosted: Hosted<M>;
    try {
      hosted = new Hosted<M>(name, token, given, () => {
        this.hosted.delete(hosted as unknown as Hosted<never>);
        if (service !== null) {
          this.served(`@${name}`, false);
          service[Symbol.dispose]();
        }
        lease.release();
      });
    } catch (error) {
      lease.release();
      throw error;
    }
    if (hosted.over) return hosted;
    this.hosted.add(hosted as unknown as Hosted<never>);
    service = this.services.serve(
      `@${name}`,
      (envelope: unknown) => {
        if (!lease.holds) return false;
        return hosted.actor.send(this.replies.lowered(envelope as Envelope) as M);
      },
      Infinity,
    );
    this.served(`@${name}`, true);
    this.link.publish(this.link.subject("n", name), "");
    lease.keep(() => hosted.end("the lease is lost"));
    return hosted;
  }

  protected end(): void {
    this.link.finish();
    this._beat?.[Symbol.dispose]();
    for (const queue of this._queues) queue.leave();
    for (const hosts of this._waitingHosts) hosts.fail(this.gone!);
    for (const name of [...this._subscriptions.keys()]) this.served(name, false);
    void this._leave();
  }

  /** Ends the connection, once what was sent has left. */
  private async _leave(): Promise<void> {
    const { nc } = this.link;
    await this.link.settle();
    if (!nc.isClosed()) await nc.drain().catch(() => nc.close());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.closed)
      await Promise.all([...this._works].map((work) => new Promise<void>((then) => work.whenEmptied(then))));
    this.close();
    await this.link.nc.closed();
  }
}

function noResponder(name: string): Error {
  const what = name.startsWith("@") ? "no process hosts it" : "no process serves it";
  return new NoResponderError(`Cannot ask ${name.replace("@", "")}: ${what}`);
}

/**
 * Opens a bus on a NATS server with JetStream, version 2.9 or later. The packages `@nats-io/nats-core`, `@nats-io/jetstream`,
 * `@nats-io/kv` and, except in pages, `@nats-io/transport-node` have to be installed.
 *
 * Parks until the connection is there. Yields: the bus. If the connection breaks, it is made again, and what waits goes on waiting.
 *
 * @param options - `servers`, `name`, `storage`, `replicas`, `connection`.
 * @throws What NATS's packages throw if no server can be reached, or does not let this process in. Error if a package is not installed.
 *   TypeError or RangeError if an option is wrong.
 * @example
 * ```js
 * import { go } from "millrace";
 * import { natsBus } from "millrace/nats";
 *
 * await go(function* () {
 *   const bus = yield* natsBus({ servers: "nats://127.0.0.1:4222", name: "shop" });
 *   const orders = bus.channel("orders", { capacity: 1000, dedupe: ({ id }) => id });
 *   yield* orders.send({ id: "o-1" });
 *   console.log(yield* orders.receive());
 *   bus.close();
 * });
 * ```
 */
export function natsBus(options: NatsBusOptions): Operation<Bus> {
  const act = "open bus";
  assertOptions(act, options);
  const { servers, name = "millrace", storage = "file", replicas = 1, connection = {} } = options;
  checkName(act, name);
  const list = typeof servers === "string" ? [servers] : servers;
  if (!Array.isArray(list) || list.length === 0 || list.some((server: unknown) => typeof server !== "string"))
    throw new TypeError(
      `Cannot ${act}: servers must be the address of a server, or a list of them, got ${shown(servers)}`,
    );
  if (storage !== "file" && storage !== "memory")
    throw new TypeError(`Cannot ${act}: storage must be "file" or "memory", got ${shown(storage)}`);
  if (replicas !== 1 && replicas !== 3 && replicas !== 5)
    throw new RangeError(`Cannot ${act}: replicas must be 1, 3 or 5, got ${shown(replicas)}`);
  if (typeof connection !== "object" || connection === null)
    throw new TypeError(`Cannot ${act}: connection must be an object, got ${shown(connection)}`);
  return guard(() => settled(open(name, list, { storage, replicas }, connection)));
}

async function open(name: string, servers: readonly string[], keeping: Keeping, connection: object): Promise<Bus> {
  const overWeb = servers.every((server) => /^wss?:/.test(server));
  const core = await loaded("@nats-io/nats-core", import("@nats-io/nats-core"));
  const { jetstream, jetstreamManager } = await loaded("@nats-io/jetstream", import("@nats-io/jetstream"));
  const { Kvm } = await loaded("@nats-io/kv", import("@nats-io/kv"));
  const connect = overWeb
    ? core.wsconnect
    : (await loaded("@nats-io/transport-node", import("@nats-io/transport-node"))).connect;
  const nc = await connect({
    name: `millrace ${name}`,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 250,
    ...connection,
    servers: [...servers],
  });
  try {
    const js = jetstream(nc as never);
    const jsm = await jetstreamManager(nc as never);
    const parts = {
      createInbox: () => core.createInbox((connection as { inboxPrefix?: string }).inboxPrefix),
      nextId: () => core.nuid.next(),
      headers: () => core.headers(),
    };
    const link = new Link(name, nc as unknown as NatsConnection, js, jsm, new Kvm(js as never), keeping, parts);
    await link.learn();
    return new NatsBus(link).begin();
  } catch (error) {
    await nc.close();
    throw error;
  }
}

async function loaded<T>(name: string, loading: Promise<T>): Promise<T> {
  try {
    return await loading;
  } catch (cause) {
    throw new Error(`Cannot open bus: the package ${name} must be installed, got none; run npm install ${name}`, {
      cause,
    });
  }
}

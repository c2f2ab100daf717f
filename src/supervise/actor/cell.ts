// An actor. It has a mailbox, an end, and one life at a time: a task that reads the mailbox. An actor of its own begins its life
// when it is made, or with its first message if it only handles messages. One that was given to a supervisor is a child of it, and
// has its lives there.

import type { Buffer } from "../../channel/buffer.js";
import { channel } from "../../channel/channel.js";
import type { Channel } from "../../channel/ends.js";
import type { AsyncRoutine, Operation } from "../../operation/operation.js";
import { upon } from "../../operation/upon.js";
import { currentContext } from "../../scheduler/contexts.js";
import { sharesVariables } from "../../scheduler/stand-ins.js";
import { CancelledError } from "../../structures/errors.js";
import { go } from "../../task/go.js";
import type { Task } from "../../task/task.js";
import { Ending, type Exit, exitOf, isFailure, nothing, reasonOf, Stop, type Stoppable } from "../exit.js";
import { type Hosted, host } from "../hosting.js";
import { type BodyContent, type Home, type Owner, planChildren, planTree, type SelfMade } from "../spec.js";
import { Tree } from "../tree.js";
import type { Actor, ChildContext, ChildOptions } from "../types.js";
import { Asks } from "./asks.js";
import { type Handling, handling } from "./handling.js";
import { isolation } from "./isolate.js";
import { Box } from "./mailbox.js";
import { type Restful, restOthers } from "./rest.js";
import { Tell } from "./tell.js";
import type { ActorContext, ActorOptions, Handler } from "./types.js";

/** The number of messages that may wait in a mailbox by default. */
const WAITING = 1024;

/** What runs as one life of an actor: a routine, an async one if `isAsync`. */
export interface Life<M> {
  readonly isAsync: boolean;
  /** The function that handles one message at a time. Such an actor need not run while there is no message. */
  readonly handler: Handler<M> | null;
  begin(box: Box<M>, context: ActorContext<M>): unknown;
}

/** The life of an actor that no supervisor keeps, and its context. */
class Alone<M> implements Hosted, ChildContextOf, ActorContext<M>, Handling<M> {
  readonly incarnation = 1;
  readonly self: Cell<M>;
  inner: Task<unknown> | null;
  private _controller: AbortController | null;
  private _aborted: { readonly reason: unknown } | null;

  constructor(self: Cell<M>) {
    this.self = self;
    this.inner = this._controller = this._aborted = null;
  }

  get signal(): AbortSignal {
    this._controller ??= new AbortController();
    if (this._aborted !== null) this._controller.abort(this._aborted.reason);
    return this._controller.signal;
  }

  get box(): Box<M> {
    return this.self.open(this);
  }

  get context(): ActorContext<M> {
    return this;
  }

  get handler(): Handler<M> {
    return this.self.handler!;
  }

  ready(): void {}

  begin(): void {}

  reads(): void {}

  abort(reason: unknown): void {
    this._aborted ??= { reason: reason ?? new CancelledError("The actor was asked to stop") };
    this._controller?.abort(this._aborted.reason);
  }
}

interface ChildContextOf extends Pick<ChildContext, "incarnation" | "signal" | "ready"> {
  /** Called when this life first looks into the mailbox. */
  reads(): void;
}

class LifeContext<M> implements ActorContext<M> {
  readonly self: Actor<M>;
  private readonly _context: ChildContextOf;

  constructor(self: Actor<M>, context: ChildContextOf) {
    this.self = self;
    this._context = context;
  }

  get signal(): AbortSignal {
    return this._context.signal;
  }

  get incarnation(): number {
    return this._context.incarnation;
  }

  ready(): void {
    this._context.ready();
  }
}

type HostedBody = ReturnType<typeof host>;

const aloneSync = (alone: Alone<unknown>): unknown => alone.self.live(alone, alone);

async function* aloneAsync(alone: Alone<unknown>): AsyncRoutine<unknown> {
  return yield* alone.self.live(alone, alone) as AsyncRoutine<unknown>;
}

/** The bodies of the last name, as actors of one name are often made one after the other. */
let lastName = "";
let lastBodies: Bodies = { sync: null, async: null, handling: null };

interface Bodies {
  sync: HostedBody | null;
  async: HostedBody | null;
  handling: ReturnType<typeof handling> | null;
}

/** The options of the last mailbox, for the same reason. */
let lastOptionsName: string | null = null;
let lastOptions = { name: "" };

function bodyOf(name: string, handles: boolean, isAsync: boolean): HostedBody | ReturnType<typeof handling> {
  if (name !== lastName) {
    lastName = name;
    lastBodies = { sync: null, async: null, handling: null };
  }
  // One generator, and not one that delegates to another: actors that handle messages are many.
  if (handles) return (lastBodies.handling ??= handling(name));
  if (isAsync) return (lastBodies.async ??= host(name, aloneAsync));
  return (lastBodies.sync ??= host(name, aloneSync));
}

export class Cell<M> implements Actor<M>, Owner, SelfMade, Stoppable, Restful {
  private readonly _name: string;
  private readonly _life: Life<M>;
  private readonly _options: ActorOptions<M>;
  private readonly _apart: (<T>(value: T) => T) | null;
  private _box: Box<M> | null;
  private _ending: Ending | null;
  private _task: Task<unknown> | null;
  private _alone: Alone<M> | null;
  /** The supervisor that restarts it, if it has options for that and was not given to another. */
  private _keeper: Tree | null;
  private _home: Home | null;
  /** The exit of an actor that was asked to stop, unless it fails. */
  private _halted: Exit | null;
  private _begun: boolean;
  private readonly _shares: boolean;

  /** The box is given if the actor shares its mailbox with others. */
  constructor(name: string, life: Life<M>, options: ActorOptions<M>, begins: boolean, box: Box<M> | null = null) {
    this._name = name;
    this._life = life;
    this._options = options;
    this._apart = isolation("make actor", options.isolate);
    this._box = box;
    this._shares = box !== null;
    this._ending = null;
    this._task = this._alone = this._keeper = this._home = this._halted = null;
    this._begun = false;
    if (begins) this._begin();
  }

  get name(): string {
    return this._name;
  }

  send(value: M): Operation<boolean> {
    return new Tell(this, this._apart === null ? value : this._apart(value));
  }

  /** The channel that its messages go to now. */
  get mailbox(): Channel<M> {
    return this._ready().channel;
  }

  /** Called for a send that was not accepted, as the actor has ended or is closed. */
  refused(): false {
    const { exit } = this;
    if (exit !== null && isFailure(exit)) throw reasonOf(exit, `Actor ${this._name}`);
    return false;
  }

  trySend(value: M): boolean {
    return this._ready().channel.trySend(this._apart === null ? value : this._apart(value));
  }

  close(cause?: unknown): boolean {
    return this._ready().channel.close(cause);
  }

  get closed(): boolean {
    return this._box?.channel.closed === true;
  }

  whenClosed(): Operation<void> {
    const box = this._ready();
    box.watched = true;
    return box.channel.whenClosed();
  }

  exited(): Operation<Exit> {
    return this.ending.wait(`actor ${this._name}`);
  }

  /** Waits for its end, and leaves a failure to be reported. */
  watched(): Operation<Exit> {
    return this.ending.watch(`actor ${this._name}`);
  }

  stop(reason?: unknown): Operation<Exit> {
    return new Stop(this, `actor ${this._name}`, reason);
  }

  /** Its name and its mailbox. */
  toString(): string {
    return `Actor ${this._name} ${this._box?.length ?? 0} waiting`;
  }

  get ending(): Ending {
    this._ending ??= new Ending(() => this._task);
    return this._ending;
  }

  /** Where a message to it goes. */
  routeFor(_message: M): this {
    return this;
  }

  get asks(): Asks {
    const box = this._ready();
    box.asks ??= new Asks();
    return box.asks;
  }

  /** The exit, once it has ended for good. */
  get exit(): Exit | null {
    return this._ending?.exit ?? null;
  }

  halt(reason: unknown): void {
    if (this.exit !== null) return;
    if (this._home !== null) upon(this._home.terminate(), nothing, nothing);
    else if (this._task === null) this.over({ kind: "cancelled", reason });
    else {
      this._halted ??= { kind: "cancelled", reason };
      this._alone?.abort(reason);
      this._task.cancel(reason);
    }
  }

  asChild(): ChildOptions & { readonly content: BodyContent } {
    if (this._home !== null) throw new TypeError(`Cannot supervise: actor ${this._name} must not be a child already`);
    if (this._begun || this._alone !== null) {
      if (this._task?.status !== "ready" || this._keeper !== null)
        throw new TypeError(
          `Cannot supervise: actor ${this._name} must not run; pass it to supervise() where it is made`,
        );
      this._task.cancel();
      this._task = this._alone = null;
    }
    this._begun = true;
    const {
      mailbox: _,
      name: __,
      scope: ___,
      intensity: ____,
      period: _____,
      isolate: ______,
      ...options
    } = this._options;
    return { ...options, content: this._content() };
  }

  adopted(home: Home): void {
    this._home = home;
    if (this.exit === null) return;
    // It was terminated and is started again: with an empty mailbox.
    this._box = null;
    this._ending = null;
  }

  ended(exit: Exit): void {
    this._box?.asks?.lifeEnded(exit, this._name);
    this._box?.lifeEnded();
  }

  over(exit: Exit): void {
    if (this.exit !== null) return;
    this.ended(exit);
    this._box?.asks?.over(exit, this._name);
    this.ending.end(exit);
    // Parked senders are told, and messages are discarded.
    if (this._shares) return;
    const box = this._box ?? this._makeBox();
    box.cancel(exit);
  }

  /** Begins a life. */
  live(reader: ChildContextOf, context: ActorContext<M>): unknown {
    return this._life.begin(this.open(reader), context);
  }

  /** The mailbox for a life that begins. */
  open(reader: ChildContextOf): Box<M> {
    const box = this._box ?? this._makeBox();
    box.reader = reader;
    return box;
  }

  get handler(): Handler<M> | null {
    return this._life.handler;
  }

  private _content(): BodyContent {
    const live = (context: ChildContextOf): unknown => this.live(context, new LifeContext(this, context));
    const body = !this._life.isAsync
      ? live
      : async function* (context: ChildContextOf): AsyncRoutine<unknown> {
          return yield* live(context) as AsyncRoutine<unknown>;
        };
    return { kind: "body", body, owner: this };
  }

  /** The mailbox. The first use of it begins the life of an actor of its own. */
  private _ready(): Box<M> {
    const box = this._box ?? this._makeBox();
    if (!this._begun) this._begin();
    return box;
  }

  private _makeBox(): Box<M> {
    const mailbox: number | Buffer<M> = this._options.mailbox ?? WAITING;
    if (this._name !== lastOptionsName) {
      lastOptionsName = this._name;
      lastOptions = { name: `mailbox of ${this._name}` };
    }
    this._box = new Box(channel<M>(mailbox, lastOptions));
    return this._box;
  }

  private _begin(): void {
    this._begun = true;
    const { restart = "temporary" } = this._options;
    if (restart === "temporary") this._beginAlone();
    else this._beginKept(restart === "transient");
  }

  private _beginAlone(): void {
    sharesVariables("an actor");
    // One that has rested keeps the context that its handler has seen.
    const alone = (this._alone ??= new Alone<M>(this));
    const body = bodyOf(this._name, this.handler !== null, this._life.isAsync);
    const task = (this._options.scope?.go ?? go)(body, alone as never);
    this._task = task;
    this._ending?.begun();
    if ((task.member?.program ?? null) === null && this._mayRest) restOthers(this);
    upon(task.whenOver(), () => {
      if (this._task !== task) return;
      alone.abort(undefined);
      const exit = exitOf(task);
      this.over(exit.kind === "failed" ? exit : (this._halted ?? exit));
    });
  }

  /**
   * Whether it can do without its task and its mailbox for a time. In a scope, in a closed program and with
   * contexts the task can be noticed.
   */
  private get _mayRest(): boolean {
    const { mailbox = WAITING, scope } = this._options;
    if (this.handler === null || this._shares || scope !== undefined || typeof mailbox !== "number") return false;
    return currentContext() === null;
  }

  rest(): boolean {
    const task = this._task;
    if (task === null || this.exit !== null) return true;
    const box = this._box!;
    if (task.status !== "parked" || !box.isIdle()) return false;
    this._task = this._box = null;
    this._begun = false;
    // No other code has this channel. The task reads that it is closed, and returns.
    box.channel.close();
    return true;
  }

  /** An actor that is to be restarted is the only child of a supervisor of its own. */
  private _beginKept(significant: boolean): void {
    const { restart, shutdown, backoff, intensity, period, scope } = this._options;
    const options = planTree("make actor", {
      ...(intensity !== undefined && { intensity }),
      ...(period !== undefined && { period }),
      ...(significant && { autoShutdown: "any-significant" as const }),
    });
    const child = {
      asChild: () => ({
        restart: restart!,
        significant,
        ...(shutdown !== undefined && { shutdown }),
        ...(backoff !== undefined && { backoff }),
        content: this._content(),
      }),
    };
    const children = planChildren("make actor", { [this._name]: child as never }, options);
    this._keeper = new Tree(this._name, { kind: "tree", children, options, template: null });
    this._task = this._keeper.launch(scope?.go ?? go).task;
    this._ending?.begun();
    this._home = { terminate: () => this._keeper!.stop().map(nothing) };
  }
}

// A supervisor. One task, the manager, starts, restarts and stops the children, one step after the other: the end of a child, a
// retry and a request wait in its inbox. So between two entries of the inbox each child is running, stopped, or waits for a restart.
//
// The manager ends in one way only: its `finally` stops the children, youngest first. To stop a supervisor is to cancel the task.
//
// Follows the supervisor of Erlang/OTP. Where a group is restarted, the children of the group are stopped, youngest first, and
// started in order; the whole counts as one restart.

import { sliding, unbounded } from "../channel/buffer.js";
import { channel } from "../channel/channel.js";
import { type Channel, CLOSED, type ReceiveChannel } from "../channel/ends.js";
import { alt } from "../choice/select.js";
import { Operation, type Routine } from "../operation/operation.js";
import { upon } from "../operation/upon.js";
import { sharesVariables } from "../scheduler/stand-ins.js";
import { textOf } from "../structures/errors.js";
import type { go } from "../task/go.js";
import type { Task } from "../task/task.js";
import { now, sleep } from "../time/sleep.js";
import { ChildError, MaxRestartsError, type Refusal, StartError } from "./errors.js";
import { Ending, type Exit, errorOf, exitOf, isFailure, reasonOf, Stop, type Stoppable } from "./exit.js";
import { host } from "./hosting.js";
import type { Incarnation, Inner, Keeper } from "./incarnation.js";
import { PoolView } from "./pool-view.js";
import { Call, type Desk, Request } from "./request.js";
import { type Pending, Slot } from "./slot.js";
import { type BodyContent, type Plan, planChild, type Template, type TreeContent, type TreePlan } from "./spec.js";
import type { AnyChild, Child, Count, Supervisor, SupervisorEvent } from "./types.js";
import { RestartWindow } from "./window.js";

/** What a body returns from its start if the child is not needed: it stays in the supervisor, and does not run. */
export const IGNORE: unique symbol = Symbol.for("millrace.IGNORE");

/** How many events are kept for a reader that is late. */
const EVENTS = 1024;

/** Milliseconds in which a task that is ended by force may run its last steps. */
const LAST = 1;

type Entry = Incarnation | Pending | Call;

/** Why the manager leaves by itself. */
interface Leaving {
  readonly reason: unknown;
  /** The error that the scope of the outermost supervisor gets. */
  readonly error: Error | null;
}

/** Completes when the child that is starting has started or has ended. */
class Progress extends Operation<void> {
  private _waits = false;

  poll(): boolean {
    return false;
  }

  block(): void {
    this._waits = true;
  }

  override unblock(): void {
    this._waits = false;
  }

  made(): void {
    if (!this._waits) return;
    this._waits = false;
    this.complete(undefined);
  }
}

export class Tree implements Supervisor, Keeper, Desk, Inner, Stoppable {
  readonly name: string;
  readonly plan: TreePlan;
  readonly ending: Ending;
  protected readonly slots: Map<string, Slot>;
  private readonly _events: Channel<SupervisorEvent>;
  private readonly _inbox: Channel<Entry>;
  private readonly _progress: Progress;
  private readonly _window: RestartWindow;
  private readonly _opening: Ending;
  private readonly _parent: { readonly tree: Tree; readonly id: string } | null;
  private readonly _calls: Set<Call>;
  private readonly _template: Template | null;
  /** The body of the children of a pool. */
  private readonly _body: ReturnType<typeof host> | null;
  /** The number of children that a pool has started. */
  private _grown: number;
  private _task: Task<unknown> | null;
  private _leaving: Leaving | null;
  private _stopReason: unknown;

  constructor(name: string, { options, children, template }: TreeContent, parent: Tree["_parent"] = null) {
    sharesVariables("a supervisor");
    this.name = name;
    this.plan = options;
    this._template = template;
    this._body = template === null ? null : host(name, (template.plan.content as BodyContent).body);
    this._grown = 0;
    const task = (): Task<unknown> | null => this._task;
    this.ending = new Ending(task);
    this._opening = new Ending(task);
    this.slots = new Map();
    for (const [id, child] of children) this.slots.set(id, new Slot(id, child));
    this._parent = parent;
    this._events = channel(sliding(EVENTS), { name: `events of ${name}` });
    this._inbox = channel(unbounded<Entry>(), { name: `inbox of ${name}` });
    this._progress = new Progress();
    this._window = new RestartWindow(options.intensity, options.period);
    this._calls = new Set();
    this._task = null;
    this._leaving = null;
    this._stopReason = undefined;
  }

  /** Starts the outermost supervisor of a tree. */
  launch(start: typeof go): this {
    const tree = this;
    const bodies: Record<string, () => Routine<void>> = {
      *[this.name](): Routine<void> {
        yield* tree.manage(null);
        if (tree._leaving?.error) throw tree._leaving.error;
      },
    };
    const task = start(bodies[this.name]!);
    this._task = task;
    upon(task.whenOver(), () => this.finish(exitOf(task)));
    return this;
  }

  /** The manager of an outermost supervisor. */
  get task(): Task<unknown> | null {
    return this._task;
  }

  get events(): ReceiveChannel<SupervisorEvent> {
    return this._events;
  }

  get over(): Error | null {
    const { exit } = this.ending;
    return exit === null ? null : new ChildError(errorOf(exit, `Supervisor ${this.name}`).message, "not-running");
  }

  ready(): Operation<void> {
    return this._opening.wait(`the start of supervisor ${this.name}`).map((exit) => this._assertOpened(exit));
  }

  start(id: string, child: AnyChild): Operation<Child> {
    const plan = planChild("start child", id, child, this.plan);
    return this.request(() => this._add(id, plan));
  }

  terminate(id: string): Operation<void> {
    return this.request(() => this._terminate(id));
  }

  restart(id: string): Operation<Child> {
    return this.request(() => this._restartChild(id));
  }

  remove(id: string): Operation<void> {
    const tree = this;
    return this.request(function* (): Routine<void> {
      const slot = tree._find("remove", id);
      tree._refuse("remove", slot);
      tree.slots.delete(id);
    });
  }

  child(id: string): Child | undefined {
    return this.slots.get(id);
  }

  children(): Child[] {
    return [...this.slots.values()].reverse();
  }

  count(): Count {
    let active = 0;
    let supervisors = 0;
    for (const slot of this.slots.values()) {
      if (slot.live) active++;
      if (slot.plan.content.kind === "tree") supervisors++;
    }
    const specs = this.slots.size;
    return { specs, active, supervisors, workers: specs - supervisors };
  }

  /** Starts a child of a pool. */
  grow(args: readonly unknown[]): Operation<Child> {
    return this.request(() => this._grow(args));
  }

  /** Stops a child of a pool. */
  shrink(child: Child): Operation<void> {
    return this.request(() => {
      if (this.slots.get(child.id) === child) return this.terminateChild(child as Slot);
      throw new ChildError(`Cannot terminate child: it must be a child of ${this.name}, got ${child.id}`, "not-found");
    });
  }

  stop(reason?: unknown): Operation<Exit> {
    return new Stop(this, `supervisor ${this.name}`, reason);
  }

  exited(): Operation<Exit> {
    return this.ending.wait(`supervisor ${this.name}`);
  }

  /** Asks the manager to end. */
  halt(reason: unknown): void {
    if (this.ending.exit !== null) return;
    this._stopReason ??= reason;
    this._task?.cancel(reason);
    if (this._parent !== null) this._parent.tree.halted(this._parent.id, reason);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { heard } = this.ending;
    const exit = await this.stop();
    const error = exit.kind === "failed" ? exit.error : this._leaving?.error;
    if (error != null && !heard) throw error;
  }

  progress(): void {
    this._progress.made();
  }

  ended(incarnation: Incarnation): void {
    (incarnation.self as Slot).owner?.ended(incarnation.exit!);
    // A child that is being started or stopped is watched by the manager. Its end is entered in the inbox only if it had started.
    if (!incarnation.stopping) this._inbox.trySend(incarnation);
    this._progress.made();
  }

  accept(call: Call): void {
    this._calls.add(call);
    this._inbox.trySend(call);
  }

  /** Called when the manager is over: the supervisor has ended. */
  finish(exit: Exit): Exit {
    const leaving = this._leaving;
    const own: Exit = leaving !== null ? { kind: "cancelled", reason: leaving.reason } : this._asked(exit);
    this._opening.end(own);
    this.ending.end(own);
    this._events.close();
    const { over } = this;
    for (const call of this._calls) call.answer(over, true);
    this._calls.clear();
    return own;
  }

  kill(): void {
    for (const slot of this.slots.values()) slot.current?.kill();
  }

  /** What the task of a supervisor runs. */
  *manage(incarnation: Incarnation | null): Routine<void> {
    try {
      yield* this._startAll();
      this._opening.end({ kind: "done", value: undefined });
      incarnation?.ready();
      while (this._leaving === null) {
        const entry = yield* this._inbox.receive();
        if (entry !== CLOSED) yield* this._serve(entry);
      }
    } finally {
      yield* this._stopAll();
    }
  }

  protected request<T>(run: () => Routine<T>): Operation<T> {
    return new Request(this, run);
  }

  /** Stops the children, one after the other, the youngest first. Those of a pool have no order, and stop at the same time. */
  protected *_stopAll(): Routine<void> {
    const slots = [...this.slots.values()].reverse();
    for (const slot of slots) {
      this._forget(slot);
      if (this._template !== null) this.askToStop(slot, this._stopReason);
    }
    for (const slot of slots) {
      yield* this.stopChild(slot, this._stopReason);
      slot.over();
    }
  }

  private _assertOpened(exit: Exit): void {
    if (exit.kind === "failed") throw exit.error;
    if (exit.kind !== "done") throw errorOf(exit, `Supervisor ${this.name}`);
  }

  private _asked(exit: Exit): Exit {
    return exit.kind === "cancelled" ? { kind: "cancelled", reason: this._stopReason ?? exit.reason } : exit;
  }

  private *_startAll(): Routine<void> {
    for (const slot of [...this.slots.values()]) {
      const failed = yield* this.startChild(slot);
      if (failed !== null) throw new StartError(slot.id, failed.cause);
    }
  }

  private *_serve(entry: Entry): Routine<void> {
    if (entry instanceof Call) {
      this._calls.delete(entry);
      yield* entry.serve();
    } else if ("members" in entry) {
      yield* this._attempt(entry);
    } else {
      yield* this._exited(entry);
    }
  }

  /** Starts a child. Returns its failure, or null. */
  protected *startChild(slot: Slot): Routine<{ readonly cause: unknown } | null> {
    slot.adopt({ terminate: () => this.terminate(slot.id) });
    const incarnation = slot.incarnate(this, (made, content) => this._treeBody(slot, made, content));
    const { startUp } = slot.plan;
    const ready = startUp === "ready" || slot.plan.content.kind === "tree";
    while (incarnation.exit === null && !(ready ? incarnation.announced : incarnation.begun)) yield* this._progress;
    // An actor that has looked into its mailbox has started, even if its first message has made it fail by now.
    const announced = incarnation.announced || (!ready && incarnation.hasRead);
    const { exit } = incarnation;
    if (exit?.kind === "done" && exit.value === IGNORE) {
      incarnation.handled = true;
      this._forget(slot);
      slot.status = "stopped";
      this._drop(slot);
      return null;
    }
    if (exit !== null && !announced && (ready || exit.kind !== "done")) {
      incarnation.handled = true;
      slot.status = "stopped";
      this.emit(slot, { type: "exited", incarnation: incarnation.incarnation, exit });
      if (exit.kind === "failed") return { cause: exit.error };
      return { cause: new Error(`Child ${JSON.stringify(slot.id)} has ended before it was ready`) };
    }
    this._forget(slot);
    slot.status = "running";
    incarnation.started();
    this.emit(slot, { type: "started", incarnation: incarnation.incarnation });
    return null;
  }

  /** Stops a child within its grace. */
  protected *stopChild(slot: Slot, reason: unknown): Routine<void> {
    const incarnation = slot.current;
    if (incarnation === null || incarnation.handled) {
      slot.status = "stopped";
      return;
    }
    this.askToStop(slot, reason);
    while (incarnation.exit === null) {
      const left = incarnation.deadline - now();
      if (left > 0) yield* alt(incarnation.whenOver(), sleep(left));
      if (incarnation.exit !== null || left > 0) continue;
      incarnation.kill();
      yield* alt(incarnation.whenOver(), sleep(LAST));
      if (incarnation.exit === null) incarnation.abandon();
    }
    incarnation.handled = true;
    slot.status = "stopped";
    const { exit } = incarnation;
    this.emit(slot, { type: "exited", incarnation: incarnation.incarnation, exit });
    if (exit.kind === "failed" || (exit.kind === "killed" && slot.plan.grace > 0))
      this.emit(slot, { type: "shutdown-error", exit });
  }

  /** Asks a child to stop, without waiting. */
  protected askToStop(slot: Slot, reason: unknown): void {
    const { grace } = slot.plan;
    if (grace > 0) slot.current?.cancel(reason, grace);
    else if (slot.current !== null) slot.current.deadline = 0;
  }

  /** Forgets a child that is temporary or of a pool. */
  private _drop(slot: Slot): void {
    slot.over();
    if (this._template !== null || slot.plan.restart === "temporary") this.slots.delete(slot.id);
  }

  private *_grow(args: readonly unknown[]): Routine<Child> {
    const { plan, max } = this._template!;
    if (this.slots.size >= max) {
      const rule = `there must not be more than ${max} children`;
      throw new ChildError(`Cannot start child of ${this.name}: ${rule}, got one more`, "max-children");
    }
    return yield* this.add(new Slot(`${++this._grown}`, plan, args, this._body));
  }

  private _treeBody(slot: Slot, incarnation: Incarnation, content: TreeContent): ReturnType<typeof host> {
    const tree = new Tree(slot.id, content, { tree: this, id: slot.id });
    if (content.template === null) slot.tree = tree;
    else slot.pool = new PoolView(tree);
    incarnation.content = tree;
    return host(slot.id, () => tree.manage(incarnation));
  }

  /** A child of this supervisor, a tree, was asked to stop by its own `stop()`. */
  private halted(id: string, reason: unknown): void {
    this.slots.get(id)?.current?.cancelTask(reason);
  }

  private *_exited(incarnation: Incarnation): Routine<void> {
    if (incarnation.handled) return;
    incarnation.handled = true;
    const slot = incarnation.self as Slot;
    const exit = incarnation.exit!;
    slot.status = "stopped";
    this.emit(slot, { type: "exited", incarnation: incarnation.incarnation, exit });
    const { restart } = slot.plan;
    if (restart === "permanent" || (restart === "transient" && isFailure(exit)))
      yield* this._restart(slot, reasonOf(exit, "The child"), false);
    else {
      this._drop(slot);
      this._goneForGood(slot);
    }
  }

  /** A child has ended and will not be restarted. */
  private _goneForGood(slot: Slot): void {
    const { autoShutdown } = this.plan;
    if (autoShutdown === "never" || !slot.plan.significant) return;
    const others = [...this.slots.values()].some(
      (other) => other !== slot && other.plan.significant && (other.live || other.pending !== null),
    );
    if (autoShutdown === "all-significant" && others) return;
    this._leaving = { reason: "auto-shutdown", error: null };
  }

  /** Counts a restart, stops the group of a child that has failed, and starts the group now or after a delay. */
  private *_restart(slot: Slot, cause: unknown, again: boolean): Routine<void> {
    // Without a limit and without delays, a child that cannot start would be started for ever.
    const endless = again && this.plan.intensity === Number.POSITIVE_INFINITY && slot.plan.backoff === undefined;
    if (!this._window.admit() || endless) return this._giveUp(slot, cause);
    const delay = slot.delay();
    slot.restarts++;
    this.emit(slot, { type: "restarting", delay, restarts: slot.restarts });
    const members = this._group(slot);
    for (const other of [...members].reverse()) {
      this._forget(other);
      if (other !== slot) yield* this.stopChild(other, undefined);
    }
    const staying = members.filter((member) => this._stays(member, slot));
    const pending: Pending = { members: staying, timer: null };
    for (const member of staying) {
      member.status = "restarting";
      member.pending = pending;
    }
    if (delay > 0) pending.timer = upon(sleep(delay), () => this._inbox.trySend(pending));
    else if (again) this._inbox.trySend(pending);
    else yield* this._attempt(pending);
  }

  /** Whether a member of a group is started again. A temporary child is not, also if it had not failed. */
  private _stays(member: Slot, failed: Slot): boolean {
    if (member === failed || member.plan.restart !== "temporary") return true;
    this._drop(member);
    return false;
  }

  /** The children that are restarted with a child, in the order in which they start. */
  private _group(slot: Slot): Slot[] {
    const { strategy } = this.plan;
    if (strategy === "one-for-one") return [slot];
    const all = [...this.slots.values()];
    return strategy === "one-for-all" ? all : all.slice(all.indexOf(slot));
  }

  /** Starts children that wait to be started again. */
  private *_attempt(pending: Pending): Routine<void> {
    for (const slot of pending.members) {
      if (slot.pending !== pending) continue;
      const failed = yield* this.startChild(slot);
      if (failed !== null) return yield* this._restart(slot, failed.cause, true);
    }
  }

  private _giveUp(slot: Slot, cause: unknown): void {
    const { intensity, period } = this.plan;
    const times = intensity === 1 ? "once" : `${intensity} times`;
    const error = new MaxRestartsError(
      `Supervisor ${this.name} gave up: child ${JSON.stringify(slot.id)} must not fail more than ${times} in ${period} ms: ${textOf(cause)}`,
      slot.id,
      cause,
    );
    this._forget(slot);
    this.emit(slot, { type: "gave-up", reason: "max-restarts", error });
    this._leaving = { reason: error, error };
  }

  /** A child does not wait to be started again any more. */
  private _forget(slot: Slot): void {
    const { pending } = slot;
    if (pending === null) return;
    slot.pending = null;
    if (pending.members.every((member) => member.pending !== pending)) pending.timer?.[Symbol.dispose]();
  }

  private *_add(id: string, plan: Plan): Routine<Child> {
    const present = this.slots.get(id);
    if (present !== undefined) {
      const code = present.live || present.pending !== null ? "already-started" : "already-present";
      throw this._refusal(code, "start", present);
    }
    return yield* this.add(new Slot(id, plan));
  }

  protected *add(slot: Slot): Routine<Child> {
    this.slots.set(slot.id, slot);
    const failed = yield* this.startChild(slot);
    if (failed === null) return slot;
    slot.over();
    this.slots.delete(slot.id);
    throw new StartError(slot.id, failed.cause);
  }

  private *_terminate(id: string): Routine<void> {
    yield* this.terminateChild(this._find("terminate", id));
  }

  protected *terminateChild(slot: Slot): Routine<void> {
    this._forget(slot);
    yield* this.stopChild(slot, undefined);
    this._drop(slot);
  }

  private *_restartChild(id: string): Routine<Child> {
    const slot = this._find("restart", id);
    this._refuse("restart", slot);
    const failed = yield* this.startChild(slot);
    if (failed === null) return slot;
    slot.over();
    throw new StartError(slot.id, failed.cause);
  }

  private _find(act: string, id: string): Slot {
    const slot = this.slots.get(id);
    if (slot !== undefined) return slot;
    throw new ChildError(`Cannot ${act} child: ${this.name} has no child ${JSON.stringify(id)}`, "not-found");
  }

  /** Throws if a child is running or waits for a restart. */
  private _refuse(act: string, slot: Slot): void {
    if (slot.pending !== null) throw this._refusal("restarting", act, slot);
    // The end of a child whose turn has not come yet is not known.
    if (slot.live || slot.current?.handled === false) throw this._refusal("running", act, slot);
  }

  private _refusal(code: Refusal, act: string, slot: Slot): ChildError {
    const rule = code === "already-present" ? "already present and stopped" : code.replace("-", " ");
    return new ChildError(`Cannot ${act} child: ${JSON.stringify(slot.id)} of ${this.name} is ${rule}`, code, slot);
  }

  protected emit(slot: Slot, event: EventBody): void {
    this._emit({ id: slot.id, path: [slot.id], at: now(), ...event });
  }

  /** Tells the readers of this supervisor, and of those above it. */
  private _emit(event: SupervisorEvent): void {
    this._events.trySend(event);
    if (this._parent === null) return;
    const { tree, id } = this._parent;
    tree._emit({ ...event, path: [id, ...event.path] });
  }
}

type Distributed<E> = E extends SupervisorEvent ? Omit<E, "id" | "path" | "at"> : never;
type EventBody = Distributed<SupervisorEvent>;

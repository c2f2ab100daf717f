// Lets a routine on the stage go on until it parks, stops in a plain call, or ends. Whatever completes at once parks as well:
// the streak of completions is always used up, so a task gives way after each.

import { isParkedInside, isPerformance } from "../../../operation/async-performance.js";
import type { Operation, Routine } from "../../../operation/operation.js";
import { native } from "../../../scheduler/host.js";
import { Path } from "../../../scheduler/path.js";
import type { Doer } from "../../../scheduler/roles.js";
import { STREAK, scheduler } from "../../../scheduler/scheduler.js";
import { standing } from "./call-site.js";
import { Unmodelled } from "./cases.js";
import { beginScopes } from "./model-scopes.js";
import { leaveQueues, type Offer } from "./operation-cases.js";
import type { Live } from "./routine-run.js";
import type { Stage } from "./sandbox.js";

/** Where a routine has come to. */
export type Arrival =
  | { readonly kind: "parked"; readonly operation: Operation<unknown> }
  | { readonly kind: "stopped"; readonly offer: Offer<unknown> }
  | { readonly kind: "done"; readonly value: unknown }
  | { readonly kind: "failed"; readonly error: unknown };

/** Something in the program went on outside of what can be explored: a real timer, I/O. */
export class Escaped extends Error {}

/** Turns of the host that an async body may take between two operations. */
const PATIENCE = 256;

export class Driver {
  private readonly _stage: Stage;
  private readonly _performer: Doer;
  private _completed: boolean;

  constructor(stage: Stage) {
    this._stage = stage;
    this._completed = false;
    const root = new Path(null, "", 0);
    this._performer = { member: null, async: false, path: () => root, wake: () => this._complete() };
  }

  goOn(live: Live): Arrival {
    const stage = this._stage;
    // One routine may be learned while another makes a plain call.
    const [outer, { current }] = [stage.live, scheduler];
    this._begin(live);
    scheduler.current = this._performer;
    try {
      const { returns } = live;
      live.returns = false;
      const routine = live.routine as Routine<unknown>;
      const step: IteratorResult<unknown, unknown> = returns ? routine.return(undefined) : routine.next();
      if (live.stopped !== null) return { kind: "stopped", offer: live.stopped };
      if (scheduler.parked !== null) return this._parked(live, scheduler.parked as Operation<unknown>);
      if (step.done === true) return { kind: "done", value: step.value };
      throw new Unmodelled("a task yields what is no operation");
    } catch (error) {
      if (error instanceof Unmodelled) throw error;
      return live.stopped === null ? { kind: "failed", error } : { kind: "stopped", offer: live.stopped };
    } finally {
      scheduler.current = current;
      scheduler.parked = null;
      stage.live = outer;
    }
  }

  private _begin(live: Live): void {
    scheduler.streak = STREAK;
    live.queued = 0;
    live.place = undefined;
    this._completed = false;
    this._stage.live = live;
  }

  private _parked(live: Live, operation: Operation<unknown>): Arrival {
    if (!this._completed) leaveQueues(operation);
    operation.waiter = null;
    live.parked = operation;
    return { kind: "parked", operation };
  }

  private _complete(): void {
    this._completed = true;
    if (this._stage.live !== null && this._stage.places) this._stage.live.place ??= standing();
  }

  async goOnAsync(live: Live): Promise<Arrival> {
    if (live.returns) throw new Unmodelled("it cancels an async task");
    this._begin(live);
    // Every operation in an async body announces itself before it is performed.
    scheduler.ending++;
    try {
      return await this._await(live);
    } finally {
      scheduler.ending--;
      this._stage.live = null;
    }
  }

  private async _await(live: Live): Promise<Arrival> {
    let ended: Arrival | null = null;
    let strange: unknown = null;
    const step = this._resume(live).then((result) => {
      ended = this._arrivedAsync(live, result);
    });
    step.catch((error: unknown) => {
      if (error instanceof Unmodelled) strange = error;
      else ended = { kind: "failed", error };
    });
    for (let patience = PATIENCE; patience > 0; patience--) {
      await new Promise<void>((resolve) => native.turn(resolve));
      if (strange !== null) throw strange;
      if (live.stopped !== null) return { kind: "stopped", offer: live.stopped };
      if (live.awaited !== null) return parkedAt(live.awaited.operation);
      if (ended !== null) return ended;
    }
    const { name } = this._stage.tasks[live.task]!;
    throw new Escaped(`${name} waits for something outside the program: a timer, I/O, a promise`);
  }

  /** Lets an async routine go on, with what it has promised already if that is still to come. */
  private async _resume(live: Live): Promise<IteratorResult<unknown, unknown>> {
    const { awaited, parked } = live;
    live.awaited = live.parked = null;
    if (awaited !== null) awaited.goOn();
    if (isPerformance(parked)) parked.wake();
    live.step ??= live.routine.next() as Promise<IteratorResult<unknown, unknown>>;
    const { step } = live;
    const result = await step;
    if (live.step === step) live.step = null;
    return result;
  }

  private _arrivedAsync(live: Live, step: IteratorResult<unknown, unknown>): Arrival {
    const { value } = step;
    if (step.done === true) return { kind: "done", value };
    live.parked = value;
    if (isPerformance(value)) return parkedAt(value.operation as Operation<unknown>);
    if (!isParkedInside(value)) throw new Unmodelled("a task yields what is no operation");
    value.reveal();
    const operation = value.operation as Operation<unknown>;
    if (!value.completed) leaveQueues(operation);
    operation.waiter = null;
    return { kind: "parked", operation };
  }
}

function parkedAt(operation: Operation<unknown>): Arrival {
  beginScopes(operation);
  return { kind: "parked", operation };
}

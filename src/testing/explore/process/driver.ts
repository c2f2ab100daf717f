// Runs a routine in the sandbox until it parks, stops in a plain call, or ends. An operation that completes at once parks as well:
// the streak of completions counts as used up, so a task yields to other tasks after each operation.

import { isParkedInside, isPerformance } from "../../../operation/async-performance.js";
import type { Operation, Routine } from "../../../operation/operation.js";
import { Path } from "../../../scheduler/path.js";
import type { Performer } from "../../../scheduler/roles.js";
import { STREAK, scheduler } from "../../../scheduler/scheduler.js";
import { ALL_TICKS, Escaped } from "../../simulation/host-calls.js";
import { captureCallSite } from "./call-site.js";
import { Unmodelled } from "./cases.js";
import { startScopes } from "./model-scopes.js";
import { leaveQueues } from "./operation-cases.js";
import type { RoutineRun } from "./routine-run.js";
import type { Sandbox } from "./sandbox.js";

/** Where a run has arrived. */
export type Arrival =
  | { readonly kind: "parked"; readonly operation: Operation<unknown> }
  | { readonly kind: "stopped"; readonly call: Operation<unknown> }
  | { readonly kind: "done"; readonly value: unknown }
  | { readonly kind: "failed"; readonly error: unknown };

export class Driver {
  private readonly _sandbox: Sandbox;
  private readonly _performer: Performer;
  /** Performs the sync routines that an async body delegates to. */
  private readonly _asyncPerformer: Performer;
  private _completed: boolean;

  constructor(sandbox: Sandbox) {
    this._sandbox = sandbox;
    this._completed = false;
    const root = new Path(null, "", 0);
    this._performer = {
      ...{ member: null, async: false, holder: { keeps: null, home: null, happened: false, name: "model" } },
      path: () => root,
      wake: () => this._complete(),
    };
    this._asyncPerformer = { ...this._performer, async: true };
  }

  /** Runs a sync routine until it arrives somewhere. */
  goOn(run: RoutineRun): Arrival {
    const sandbox = this._sandbox;
    // One routine may be unfolded while another makes a plain call.
    const [outer, { current }] = [sandbox.running, scheduler];
    this._prepare(run);
    scheduler.current = this._performer;
    sandbox.host.enter();
    try {
      openGates(run);
      if (run.stopped !== null) return { kind: "stopped", call: run.stopped };
      const { returns } = run;
      run.returns = false;
      const routine = run.routine as Routine<unknown>;
      resumeBy(this._performer, run.parked as Operation<unknown> | null);
      const step: IteratorResult<unknown, unknown> = returns ? routine.return(undefined) : routine.next();
      if (run.stopped !== null) return { kind: "stopped", call: run.stopped };
      if (scheduler.parked !== null) return this._parked(run, scheduler.parked as Operation<unknown>);
      if (step.done === true) return { kind: "done", value: step.value };
      throw new Unmodelled("a task yields what is no operation");
    } catch (error) {
      if (error instanceof Unmodelled || error instanceof Escaped) throw error;
      if (run.stopped !== null) return { kind: "stopped", call: run.stopped };
      return { kind: "failed", error };
    } finally {
      sandbox.host.leave();
      scheduler.current = current;
      scheduler.parked = null;
      sandbox.running = outer;
    }
  }

  private _prepare(run: RoutineRun): void {
    scheduler.streak = STREAK;
    run.queued = 0;
    run.callSite = undefined;
    this._completed = false;
    this._sandbox.running = run;
  }

  private _parked(run: RoutineRun, operation: Operation<unknown>): Arrival {
    if (!this._completed) leaveQueues(operation);
    operation.waiter = null;
    run.parked = operation;
    return { kind: "parked", operation };
  }

  private _complete(): void {
    this._completed = true;
    if (this._sandbox.running !== null && this._sandbox.capturesCallSites)
      this._sandbox.running.callSite ??= captureCallSite();
  }

  /** Runs an async routine likewise: it has turns of the host to arrive in, and nothing else runs meanwhile. */
  async goOnAsync(run: RoutineRun): Promise<Arrival> {
    if (run.returns) throw new Unmodelled("it cancels an async task");
    this._prepare(run);
    // While this is above 0, every operation in an async body is announced before it is performed.
    const { cancelled } = scheduler;
    cancelled.ending++;
    try {
      return await this._await(run);
    } finally {
      cancelled.ending--;
      this._sandbox.running = null;
    }
  }

  private async _await(run: RoutineRun): Promise<Arrival> {
    let ended: Arrival | null = null;
    let refused: unknown = null;
    this._sandbox.host.enter();
    try {
      this._resume(run).then(
        (result) => {
          ended = this._arrivedAsync(run, result);
        },
        (error: unknown) => {
          if (error instanceof Unmodelled || error instanceof Escaped) refused = error;
          else ended = { kind: "failed", error };
        },
      );
    } finally {
      this._sandbox.host.leave();
    }
    const arrived = (): boolean => refused !== null || run.stopped !== null || run.awaited !== null || ended !== null;
    await this._sandbox.host.settle(arrived, ALL_TICKS);
    if (refused !== null) throw refused;
    if (run.stopped !== null) return { kind: "stopped", call: run.stopped };
    if (run.awaited !== null) return parkedAt(run.awaited.operation);
    if (ended === null) {
      const { name } = this._sandbox.tasks[run.task]!;
      throw new Escaped(`${name} waits for something outside the program: a timer, I/O, a promise`);
    }
    return ended;
  }

  /** Resumes an async routine; its `next()` may be pending from before. */
  private async _resume(run: RoutineRun): Promise<IteratorResult<unknown, unknown>> {
    const { awaited, parked } = run;
    run.awaited = run.parked = null;
    if (awaited !== null) awaited.goOn();
    if (isPerformance(parked)) parked.wake();
    run.step ??= this._next(run, isParkedInside(parked) ? (parked.operation as Operation<unknown>) : null);
    const { step } = run;
    const result = await step;
    if (run.step === step) run.step = null;
    return result;
  }

  /** Calls `next` of an async routine, in which a sync routine may be parked at an operation. */
  private _next(run: RoutineRun, inside: Operation<unknown> | null): Promise<IteratorResult<unknown, unknown>> {
    const { current } = scheduler;
    scheduler.current = this._asyncPerformer;
    try {
      resumeBy(this._asyncPerformer, inside);
      return run.routine.next() as Promise<IteratorResult<unknown, unknown>>;
    } finally {
      scheduler.current = current;
    }
  }

  private _arrivedAsync(run: RoutineRun, step: IteratorResult<unknown, unknown>): Arrival {
    const { value } = step;
    if (step.done === true) return { kind: "done", value };
    run.parked = value;
    if (isPerformance(value)) return parkedAt(value.operation as Operation<unknown>);
    if (!isParkedInside(value)) throw new Unmodelled("a task yields what is no operation");
    value.reveal();
    const operation = value.operation as Operation<unknown>;
    if (!value.completed) leaveQueues(operation);
    operation.waiter = null;
    return { kind: "parked", operation };
  }
}

/** Operations have lost a choice: what waits for that is called in the step in which another case has won. */
function openGates(run: RoutineRun): void {
  run.inCallback = true;
  for (const gate of run.lost.splice(0)) gate.open();
  run.inCallback = false;
}

/** Makes an operation that has completed belong to the performer that resumes with it. */
function resumeBy(performer: Performer, operation: Operation<unknown> | null): void {
  if (operation !== null && operation.waiter !== null) operation.waiter = performer;
}

function parkedAt(operation: Operation<unknown>): Arrival {
  startScopes(operation);
  return { kind: "parked", operation };
}

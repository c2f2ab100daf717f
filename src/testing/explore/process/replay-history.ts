// Runs with a history. A generator cannot be copied, so a run that has parked is kept at its local state, for the
// transition from there that is unfolded first. For every other transition a new routine is started, and its history replayed.

import type { Operation } from "../../../operation/operation.js";
import { Signalled } from "../../../task/work.js";
import { RETURN_AFTER, Unmodelled } from "./cases.js";
import type { LocalLts } from "./local-lts.js";
import { completeCase, gatesLost } from "./operation-cases.js";
import { type Input, RoutineRun, type Start, startRoutine } from "./routine-run.js";
import { type ProgramObjects, RunObjects } from "./run-objects.js";
import type { Sandbox } from "./sandbox.js";

/** What has been unfolded so far. */
interface Unfolded {
  readonly lts: LocalLts;
  readonly sandbox: Sandbox;
  readonly objects: ProgramObjects;
  readonly spawns: readonly Start[];
  /** The spawn that begins at a local state. */
  spawnOf(root: number): number;
}

export class Histories {
  private readonly _unfolded: Unfolded;
  /** The run that is parked at a local state, by that. */
  private readonly _kept: Map<number, RoutineRun>;
  /** Whether its runs are likenesses: see run-objects.ts. */
  private readonly _areLikenesses: boolean;

  constructor(unfolded: Unfolded, areLikenesses: boolean) {
    this._unfolded = unfolded;
    this._areLikenesses = areLikenesses;
    this._kept = new Map();
  }

  keep(node: number, run: RoutineRun): void {
    this._kept.set(node, run);
  }

  /** A run whose tape leads to a local state. */
  runTo(node: number): RoutineRun {
    const { lts } = this._unfolded;
    const parent = lts.parent(node);
    const kept = this._kept.get(parent);
    if (kept !== undefined) {
      this._kept.delete(parent);
      kept.tape.push(this._inputTo(node));
      return kept;
    }
    const path = this.pathTo(node);
    return this.replay(lts.task(node), path, this._unfolded.spawnOf(path[0]!));
  }

  /** The local states from the first of a task to a given one, both included. */
  pathTo(node: number): number[] {
    const path: number[] = [];
    for (let at = node; at !== -1; at = this._unfolded.lts.parent(at)) path.unshift(at);
    return path;
  }

  /** A new run of a spawn, with a tape that leads along a path. */
  replay(
    task: number,
    path: readonly number[],
    spawn: number,
    own: RunObjects = new RunObjects(this._areLikenesses, null),
  ): RoutineRun {
    const { sandbox, spawns, objects } = this._unfolded;
    const run = new RoutineRun(task, path[0]!, own);
    for (const node of path.slice(1)) run.tape.push(this._inputTo(node));
    // A body that is no generator function runs right away, and belongs to this run.
    const outer = sandbox.running;
    sandbox.running = run;
    const start = spawns[spawn]!;
    run.routine = startRoutine({ ...start, args: start.args.map((value) => objects.give(run, value)) });
    sandbox.running = outer;
    return run;
  }

  private _inputTo(node: number): Input {
    return { node, at: this._unfolded.lts.label(node)!.at };
  }
}

/** Gives a run its next input, at the operation that it waits for; false if it stays parked. */
export function deliver(run: RoutineRun, operation: Operation<unknown>, at: number, value: unknown): boolean {
  run.returns = at < 0;
  const lost = [...gatesLost(operation, at)].filter(({ waiting }) => !waiting.empty);
  if (at >= 0) {
    const completed = completeCase(operation, at, value);
    if (completed) run.lost = lost;
    return completed;
  }
  if (lost.length > 0) throw new Unmodelled("a task is cancelled at an operation that was made with withNack");
  if (operation instanceof Signalled)
    throw new Unmodelled("a task is cancelled at an operation of a function with a signal");
  if (at <= RETURN_AFTER) completeCase(operation, RETURN_AFTER - at, value);
  return true;
}

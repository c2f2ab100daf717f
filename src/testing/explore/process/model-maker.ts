// The maker of a verification: whatever a process creates while it is unfolded is a model object of the sandbox.

import type { Buffer } from "../../../channel/buffer.js";
import type { ChannelOptions } from "../../../channel/ends.js";
import type { Operation } from "../../../operation/operation.js";
import { type KeptPermits, Layer } from "../../../scheduler/maker.js";
import type { Body } from "../../../task/task.js";
import type { Cell, Declared } from "../../program/cell.js";
import { shares } from "../../simulation/chance.js";
import type { BroadcastParts } from "./model-broadcast.js";
import { ConditionModel, type ConditionParts } from "./model-condition.js";
import type { GroupParts } from "./model-groups.js";
import { type PipelineParts, pipelineModel } from "./model-pipeline.js";
import { isLasting, PoolModel, type PoolParts } from "./model-pool.js";
import { isStored, MergeModel, type MergeParts } from "./model-sources.js";
import { BarrierModel, BucketModel, isWhole, type RateLimiterParts, SharedCallsModel } from "./model-sync.js";
import type { Sandbox } from "./sandbox.js";

export class ModelMaker extends Layer implements Declared {
  private readonly _sandbox: Sandbox;

  constructor(sandbox: Sandbox) {
    super();
    this._sandbox = sandbox;
  }

  override channel(buffer: unknown, options: unknown): unknown {
    const made = this._sandbox.channel(buffer as Buffer<unknown> | null, options as undefined);
    const owned = (options as ChannelOptions<unknown> | undefined)?.owned === true;
    if (!owned) return made;
    Object.assign(made, { owned });
    this._sandbox.hold(made.index, true);
    return made;
  }

  override promiseChannel(): unknown {
    return this._sandbox.promiseChannel();
  }

  override start(body: unknown, args: unknown): unknown {
    return this._sandbox.start(body as Body<never, unknown>, args as unknown[]);
  }

  override scope(body: unknown, options: unknown): unknown {
    return this._sandbox.scope(body as never, options as never);
  }

  override timeout(ms: number): unknown {
    return this._sandbox.timeout(ms);
  }

  override permits(kind: string, name: string | undefined, total: number): KeptPermits {
    return this._sandbox.lock(kind, name, total);
  }

  get time(): number {
    return this._sandbox.now();
  }

  override now(): number {
    return this._sandbox.now();
  }

  override chance(): unknown {
    return shares();
  }

  override get performs(): boolean {
    return true;
  }

  override perform(operation: unknown): Promise<void> {
    return this._sandbox.await(operation as Operation<unknown>);
  }

  override combinator(name: string, parts: unknown): unknown {
    if (name === "pipeline") return pipelineModel(this._sandbox, parts as PipelineParts);
    if (name === "broadcast") return this._sandbox.broadcast(parts as BroadcastParts);
    if (name === "group") return this._sandbox.group(parts as GroupParts);
    if (name === "shared calls") return new SharedCallsModel(this._sandbox, parts === "kept");
    if (name === "barrier") return new BarrierModel(this._sandbox, parts as number);
    if (name === "rate limiter")
      return isWhole(parts as RateLimiterParts) ? new BucketModel(this._sandbox, parts as RateLimiterParts) : undefined;
    if (name === "pool")
      return isLasting(parts as PoolParts) ? new PoolModel(this._sandbox, parts as PoolParts) : undefined;
    if (name === "condition") return new ConditionModel(this._sandbox, parts as ConditionParts);
    if (name === "merge") return new MergeModel(this._sandbox, parts as MergeParts);
    return name === "iterable" && isStored(parts) ? this._sandbox.stored([...parts]) : undefined;
  }

  /** Each task is unfolded by itself, so what tasks share must be in the state. */
  override shares(what: string): never {
    return this._sandbox.unmodelled(`${what} shares state between its tasks`);
  }

  cell<T>(initial: T): Cell<T> {
    return this._sandbox.cell(initial);
  }

  invariant(name: string, holds: () => boolean): void {
    this._sandbox.invariant(name, holds);
  }

  /** The operation of `settle()` is a case of the model, and is in no list. */
  get settlers(): null {
    return null;
  }
}

// The place of a child in a supervisor. It keeps its id, its spec and its count of restarts, while incarnations come and go.

import { always } from "../operation/basic.js";
import type { Operation } from "../operation/operation.js";
import { Delays } from "./backoff.js";
import { type Exit, KILLED } from "./exit.js";
import { host } from "./hosting.js";
import { Incarnation, type Keeper } from "./incarnation.js";
import type { Home, Owner, Plan, TreeContent } from "./spec.js";
import type { Child, ChildStatus, Pool, Supervisor } from "./types.js";

/** Children that wait to be started again, after one of them has failed. */
export interface Pending {
  members: Slot[];
  /** Waits for the end of the delay. */
  timer: Disposable | null;
}

export class Slot implements Child {
  readonly id: string;
  readonly plan: Plan;
  status: ChildStatus;
  restarts: number;
  tree?: Supervisor;
  pool?: Pool<unknown[]>;
  current: Incarnation | null;
  pending: Pending | null;
  /** The arguments of a child of a pool, for its restarts. */
  args: readonly unknown[];
  private _incarnations: number;
  private _adopted: boolean;
  private readonly _delays: Delays | null;
  private readonly _body: ReturnType<typeof host> | null;

  constructor(id: string, plan: Plan, args: readonly unknown[] = [], body: ReturnType<typeof host> | null = null) {
    this.id = id;
    this.plan = plan;
    this.status = "stopped";
    this.restarts = 0;
    this.current = null;
    this.pending = null;
    this.args = args;
    this._incarnations = 0;
    this._adopted = false;
    this._delays = plan.backoff === undefined ? null : new Delays(plan.backoff);
    this._body = body ?? (plan.content.kind === "body" ? host(id, plan.content.body) : null);
  }

  /** What it belongs to, if it outlives the child. */
  get owner(): Owner | undefined {
    const { content } = this.plan;
    return content.kind === "body" ? content.owner : undefined;
  }

  /** Tells its owner where it lives, unless the owner has been told. */
  adopt(home: Home): void {
    if (this._adopted) return;
    this._adopted = true;
    this.owner?.adopted(home);
  }

  /** It is not started again by itself. */
  over(): void {
    if (!this._adopted) return;
    this._adopted = false;
    this.owner?.over(this.current?.exit ?? KILLED);
  }

  /** Whether an incarnation of it has not ended. */
  get live(): boolean {
    return this.current !== null && this.current.exit === null;
  }

  /** Makes the next incarnation. Its task has not run yet. */
  incarnate(
    keeper: Keeper,
    makeTree: (incarnation: Incarnation, content: TreeContent) => ReturnType<typeof host>,
  ): Incarnation {
    const incarnation = new Incarnation(keeper, this, ++this._incarnations);
    this.current = incarnation;
    this.status = "starting";
    incarnation.launch(this._body ?? makeTree(incarnation, this.plan.content as TreeContent), this.args);
    // The arguments of a child that is never restarted are garbage with its first incarnation.
    if (this.plan.restart === "temporary") this.args = [];
    return incarnation;
  }

  /** The delay before the next restart. */
  delay(): number {
    return this._delays === null ? 0 : this._delays.next(this.current?.startedAt);
  }

  kill(): void {
    this.current?.die();
  }

  exited(): Operation<Exit> {
    const what = `child ${this.id}`;
    return this.current === null ? always(KILLED) : this.current.exited(what);
  }
}

// The properties that are checked in each state: invariants, the result of `main`, sends to closed channels; and, where no event
// is enabled, deadlock, leaks, errors that no task joins, and unread values.

import type { Operation } from "../../../operation/operation.js";
import { isDaemon } from "../../program/loop.js";
import { allowing } from "../../report/outcomes.js";
import type { Values } from "../../report/values.js";
import type { FailureKind, VerifyOptions } from "../../report/verdict.js";
import { READ_CELL, READ_CLOSED, READ_LENGTH, READ_PERMITS } from "../process/cases.js";
import { DONE, FAILED, PARKED } from "../process/local-lts.js";
import { Offer } from "../process/operation-cases.js";
import type { Invariant } from "../process/sandbox.js";
import { FIELDS, SEND_CLOSED } from "../semantics/events.js";
import type { Model } from "../semantics/model.js";

/** A violated property, and the event that violates it; -1 if the state itself does. */
export interface Violation {
  readonly kind: FailureKind;
  readonly cause?: unknown;
  readonly event: number;
  /** Tasks that are parked for ever while other tasks run on. */
  readonly stuck?: readonly number[];
}

/** The options of `verify` that say which states are failures. */
export type PropertyOptions = Pick<VerifyOptions<unknown>, "leaks" | "closed" | "unread"> & {
  readonly outcomes?: unknown;
};

export class Properties {
  private readonly _allows: (value: unknown) => boolean;
  private readonly _leaks: boolean;
  private readonly _closed: boolean;
  private readonly _unread: boolean;
  /** Local states in which `main` has ended, and whose results are allowed. */
  private readonly _ends: Set<number>;

  constructor(options: PropertyOptions) {
    const { outcomes, leaks = true, closed = false, unread = false } = options;
    this._allows = allowing(outcomes);
    this._leaks = leaks;
    this._closed = closed;
    this._unread = unread;
    this._ends = new Set();
  }

  /** The first property that the current state of the model violates; its events have been enumerated. */
  check(model: Model): Violation | null {
    return (
      this._invariants(model) ??
      this._main(model) ??
      (this._closed ? refusal(model) : null) ??
      (model.count === 0 ? this._end(model) : null)
    );
  }

  private _invariants(model: Model): Violation | null {
    const { sandbox, values } = model.unfolder;
    if (sandbox.invariants.size === 0) return null;
    const { oracle } = sandbox;
    sandbox.oracle = (call) => looked(model, values, call);
    try {
      for (const [name, invariant] of sandbox.invariants) {
        if (isSaid(model, invariant) && !invariant.holds())
          return { kind: "invariant", cause: new Error(`${name} does not hold`), event: -1 };
      }
    } finally {
      sandbox.oracle = oracle;
    }
    return null;
  }

  private _main(model: Model): Violation | null {
    const node = model.nodeOf(0);
    const kind = model.lts.status(node);
    if (kind === PARKED || this._ends.has(node)) return null;
    const result = model.lts.result(node);
    if (kind === FAILED) return { kind: "throw", cause: result, event: -1 };
    if (kind === DONE && !this._allows(result)) return { kind: "outcome", cause: result, event: -1 };
    this._ends.add(node);
    return null;
  }

  /** What is wrong with a state in which no event is enabled. */
  private _end(model: Model): Violation | null {
    const { lts } = model;
    // A task that has failed comes first: other tasks often wait for it.
    const failed = model.ofTask.findIndex((_, task) => hasFailed(model, task));
    if (failed !== -1) return { kind: "throw", cause: lts.result(model.nodeOf(failed)), event: -1 };
    let leak = false;
    for (let task = 0; task < model.ofTask.length; task++) {
      const node = model.nodeOf(task);
      if (node === -1) continue;
      if (lts.status(node) === PARKED && task === 0) return { kind: "deadlock", event: -1 };
      if (lts.status(node) === PARKED && !isDaemon(model.task(task))) leak = true;
    }
    if (leak && this._leaks) return { kind: "leak", event: -1 };
    return this._unread && hasUnread(model) ? { kind: "unread", event: -1 } : null;
  }
}

/** Whether the failure of a task is reported. Of a task of a group it is only once the task that uses the group is over. */
function hasFailed(model: Model, task: number): boolean {
  const node = model.nodeOf(task);
  if (node === -1 || model.lts.status(node) !== FAILED) return false;
  const { region } = model.task(task);
  const { group, owner } = region === -1 ? { group: null, owner: -1 } : model.scope(region);
  return group === null || group.supervises || model.isOver(owner);
}

/** Whether the declaration of an invariant has been executed. */
function isSaid(model: Model, { task, from }: Invariant): boolean {
  const { lts } = model;
  const node = model.nodeOf(task);
  if (node === -1) return false;
  // A turn that is coming has not begun.
  const turn = lts.resumesAt(node);
  for (let at = turn === -1 ? node : lts.parent(turn); at !== -1; at = lts.parent(at)) {
    if (from.has(lts.base(at))) return true;
  }
  return false;
}

/** What an invariant reads of a state. */
function looked(model: Model, values: Values, call: Operation<unknown>): unknown {
  const [kind, about] = call instanceof Offer ? [call.kind, call.target] : [-1, -1];
  if (kind === READ_CELL) return values.at(model.cellValue(about));
  if (kind === READ_LENGTH) return model.contents.length(model.contentOf(about));
  if (kind === READ_CLOSED) return model.contents.closed(model.contentOf(about));
  if (kind === READ_PERMITS) {
    model.unfolder.sandbox.assertWatched(about);
    return model.lock(about).total - model.taken(about);
  }
  throw new Error(
    "Cannot check invariant: it may look at cells, at the length of channels and whether they are closed, and at locks",
  );
}

function refusal(model: Model): Violation | null {
  for (let event = 0; event < model.count; event++) {
    if (model.events[event * FIELDS] === SEND_CLOSED) return { kind: "closed", event };
  }
  return null;
}

function hasUnread(model: Model): boolean {
  return model.unfolder.sandbox.channels.some(
    ({ overflow }, channel) => overflow !== "keep" && model.contents.length(model.contentOf(channel)) > 0,
  );
}

// Sources of combinators while a program is unfolded: the values of an iterable, and several channels merged into one.

import { CLOSED, EMPTY, type OwnedChannel, type ReceiveChannel } from "../../../channel/ends.js";
import { iterate } from "../../../channel/iterate.js";
import { ReceiveAny } from "../../../channel/receive-any.js";
import type { Operation } from "../../../operation/operation.js";
import { scheduler } from "../../../scheduler/scheduler.js";
import type { Attempted } from "./model-objects.js";
import { completeCase } from "./operation-cases.js";

/** What `merge` is given: its sources by name, and whether they were given as a list. */
export interface MergeParts {
  readonly named: Readonly<Record<string, ReceiveChannel<unknown>>>;
  readonly listed: boolean;
}

/** What sources ask of the sandbox. */
export interface SourceCalls {
  attempt(operation: Operation<unknown>): Attempted | null;
  /** The sources of a merge whose end the running task has received; `sources` names them all. */
  endedOf(merge: object, sources: string): Set<string>;
  unmodelled(what: string): never;
}

/** Whether the values of an iterable are there from the start, so that to iterate over it does nothing else. */
export function isStored(source: unknown): source is Iterable<unknown> {
  if (typeof source === "string") return true;
  if (Array.isArray(source)) return source[Symbol.iterator] === Array.prototype[Symbol.iterator];
  return Object.getPrototypeOf(Object(source)) === Set.prototype && !Object.hasOwn(source as object, Symbol.iterator);
}

/** Receives from a source that a combinator has taken over: it belongs to no task, whichever receives from it. */
export function receiveFrom(source: ReceiveChannel<unknown>): Operation<unknown> {
  const receive = source.receive();
  (source as { readonly ownership?: { pin(): void } | null }).ownership?.pin();
  return receive;
}

/** A receive from one of the sources. It waits for those whose end the running task has not received. */
class ReceiveMerged extends ReceiveAny {
  private readonly _calls: SourceCalls;
  private readonly _ended: Set<string>;

  constructor(calls: SourceCalls, named: MergeParts["named"], ended: Set<string>) {
    const open = Object.keys(named).filter((key) => !ended.has(key));
    super(open.map((key) => ({ key, receive: receiveFrom(named[key]!).fresh() })));
    this._calls = calls;
    this._ended = ended;
  }

  override take(at: number): boolean {
    const { key } = this.open[at]!;
    const taken = super.take(at);
    if (!taken) this._ended.add(key);
    return taken;
  }

  override result(): ReturnType<ReceiveAny["result"]> {
    try {
      return super.result();
    } catch {
      return this._calls.unmodelled("a source of a merge fails");
    }
  }
}

export class MergeModel implements OwnedChannel<unknown> {
  readonly owned = true as const;
  private readonly _calls: SourceCalls;
  private readonly _parts: MergeParts;

  constructor(calls: SourceCalls, parts: MergeParts) {
    this._calls = calls;
    this._parts = parts;
  }

  receive(): Operation<unknown> {
    const any = new ReceiveMerged(this._calls, this._parts.named, this._ended);
    return any.map((received) => this._received(received));
  }

  /** An attempt takes a value of any of the sources. If it finds the end of a source, another one follows in the same turn. */
  tryReceive(): unknown {
    const any = new ReceiveMerged(this._calls, this._parts.named, this._ended);
    for (const { receive } of any.open) scheduler.notices?.used(receive);
    for (let over = false; !over && any.open.length > 0; ) {
      const taken = this._calls.attempt(any);
      if (taken === null) return EMPTY;
      over = completeCase(any, taken.at, taken.value);
    }
    return this._received(any.result());
  }

  private _received(received: ReturnType<ReceiveMerged["result"]>): unknown {
    return received === CLOSED ? CLOSED : this._parts.listed ? received.value : received;
  }

  /** To cancel it has no effect once it has ended. */
  cancel(): void {
    if (this._ended.size < Object.keys(this._parts.named).length) this._calls.unmodelled("a merge is cancelled");
  }

  get closed(): boolean {
    return this._calls.unmodelled("it asks whether a merge is closed");
  }

  [Symbol.asyncIterator](): AsyncIterator<unknown> {
    return iterate(this);
  }

  [Symbol.dispose](): void {
    this.cancel();
  }

  /** The names of the sources whose end the running task has received: a source that has ended stays so. */
  private get _ended(): Set<string> {
    const { named } = this._parts;
    const sources = Object.entries(named).map(([key, source]) => `${key}:${(source as { index?: number }).index}`);
    return this._calls.endedOf(this, sources.join());
  }
}

// A pool as its users see it: a supervisor whose children have no ids of their own.

import type { ReceiveChannel } from "../channel/ends.js";
import type { Operation } from "../operation/operation.js";
import type { Exit } from "./exit.js";
import type { Child, Count, Keeping, Pool, SupervisorEvent } from "./types.js";

/** The supervisor of a pool. */
interface Growing extends Keeping {
  grow(args: readonly unknown[]): Operation<Child>;
  shrink(child: Child): Operation<void>;
}

export class PoolView<A extends unknown[]> implements Pool<A> {
  private readonly _tree: Growing;

  constructor(tree: Growing) {
    this._tree = tree;
  }

  get name(): string {
    return this._tree.name;
  }

  get events(): ReceiveChannel<SupervisorEvent> {
    return this._tree.events;
  }

  start(...args: A): Operation<Child> {
    return this._tree.grow(args);
  }

  terminate(child: Child): Operation<void> {
    return this._tree.shrink(child);
  }

  children(): Child[] {
    return this._tree.children();
  }

  count(): Count {
    return this._tree.count();
  }

  stop(reason?: unknown): Operation<Exit> {
    return this._tree.stop(reason);
  }

  exited(): Operation<Exit> {
    return this._tree.exited();
  }

  [Symbol.asyncDispose](): PromiseLike<void> {
    return this._tree[Symbol.asyncDispose]();
  }
}

// The contexts of Node, Bun and Deno: what each `AsyncLocalStorage` holds where a task is started is there in all of the task
// (rule GO-11). Only the entry for Node loads this file.
//
// Contexts are followed from the first use of a storage on, so that a program without storages pays nothing. No host reports
// that use. Therefore the methods through which storages are used are replaced, and the first call of one of them puts them
// back. A storage that was used before this file was loaded is found in the next context that is captured.
//
// There are two kinds of hosts. In Node 22 and earlier a context belongs to an AsyncResource, and `enterWith` changes the
// resource. Elsewhere a context is a frame, a fixed value, and `enterWith` replaces the frame of the running code. So the frame
// of a task is captured again at the end of each step.

import { AsyncLocalStorage, AsyncResource, createHook, executionAsyncResource } from "node:async_hooks";
import { native } from "../scheduler/host.js";
import type { Context, Contexts, Runnable } from "../scheduler/roles.js";
import { scheduler } from "../scheduler/scheduler.js";
import { shared } from "../structures/shared.js";

const TYPE = "MILLRACE";

const capture = (): AsyncResource => new AsyncResource(TYPE);

/** Contexts of a host on which `enterWith` changes the resource. */
class ResourceContexts implements Contexts {
  readonly root: Context;

  constructor(root: Context) {
    this.root = root;
  }

  capture(): Context {
    return capture();
  }

  run(entry: Runnable): boolean {
    const context = entry.context ?? this._contextOf(entry);
    return context === undefined ? entry.run() : context.runInAsyncScope(entry.run, entry);
  }

  /** The context of a task that was started before contexts were followed. Other entries of the run queue need none. */
  protected _contextOf(entry: Runnable): Context | undefined {
    if (isTask(entry)) entry.context = this.root.runInAsyncScope(capture);
    return entry.context;
  }
}

/** Contexts of a host on which `enterWith` changes the running code. */
class FrameContexts extends ResourceContexts {
  override run(entry: Runnable): boolean {
    const context = entry.context ?? this._contextOf(entry);
    return context === undefined ? entry.run() : context.runInAsyncScope(this._step, this, entry);
  }

  private _step(entry: Runnable): boolean {
    const elsewhere = entry.run();
    // A task that has ended has no context any more.
    if (entry.context !== undefined) entry.context = capture();
    return elsewhere;
  }
}

/** Whether an entry of the run queue is a task. */
function isTask(entry: Runnable): boolean {
  return "parkedAt" in entry;
}

type Stores = Record<symbol, unknown>;
type Method = (this: unknown, ...args: unknown[]) => unknown;

/** Finds out when contexts are used for the first time. */
class FirstUse {
  /** Captured when this file is loaded. */
  private readonly _root: AsyncResource;
  private readonly _enterWith: Method;
  /** Put the methods of the host back, by their names. */
  private readonly _restore: Map<string, () => void>;
  /** The task in whose step contexts were first used; that step does not run in a context of its own. */
  private _first: unknown;
  private _follows: boolean;

  constructor() {
    this._root = capture();
    this._enterWith = AsyncLocalStorage.prototype.enterWith as Method;
    this._restore = new Map();
    this._first = null;
    this._follows = false;
  }

  watch(): void {
    const hooks: object = Object.getPrototypeOf(createHook({}));
    try {
      for (const name of ["run", "enterWith", "withScope"]) this._replace(AsyncLocalStorage.prototype, name);
      this._replace(hooks, "enable");
    } catch {
      // Prototypes that cannot be changed.
      this._follow();
    }
    this.probe();
  }

  /** Follows contexts if there is something in the present one. Called when tasks are started, as long as they are few. */
  readonly probe = (): void => {
    if (!this._follows && held(capture()).length > 0) this._follow();
  };

  private _replace(target: object, name: string): void {
    const methods = target as Record<string, Method>;
    const original = methods[name];
    if (!Object.hasOwn(target, name) || typeof original !== "function") return;
    const use = (): boolean => this._used(name);
    const adopt = (): void => this._adopt();
    const replacement: Method = function (...args) {
      const adopts = use();
      try {
        return original.apply(this, args);
      } finally {
        if (adopts) adopt();
      }
    };
    Object.defineProperties(replacement, { name: { value: name }, length: { value: original.length } });
    methods[name] = replacement;
    this._restore.set(name, () => {
      if (methods[name] === replacement) methods[name] = original;
    });
  }

  /**
   * Called before a method of the host. Returns whether the running task is one that was started before contexts were followed.
   * `enterWith` is put back only after the step of that task, because it may be called again there.
   */
  private _used(name: string): boolean {
    const { current } = scheduler;
    const first =
      current !== null && (current === this._first || (current as unknown as Runnable).context === undefined);
    this._follow();
    for (const [replaced, restore] of this._restore) {
      if (first && name === "enterWith" && replaced === name) continue;
      restore();
      this._restore.delete(replaced);
    }
    if (first) this._first = current;
    return first;
  }

  /** Called after a method of the host in the step of a task that has no context yet. */
  private _adopt(): void {
    (this._first as Runnable).context = capture();
    if (scheduler.contexts instanceof FrameContexts) return;
    // The step runs in a resource that is not its own, which may be that of the whole program.
    const resource = executionAsyncResource();
    native.microtask(() => empty(resource));
  }

  private _follow(): void {
    if (this._follows) return;
    this._follows = true;
    empty(this._root);
    scheduler.contexts = isKeptByResource(this._enterWith)
      ? new ResourceContexts(this._root)
      : new FrameContexts(this._root);
  }
}

/** Returns the properties of a resource in which something is stored: a frame, or the value of a storage. */
function held(resource: object): symbol[] {
  return Object.getOwnPropertySymbols(resource).filter(
    (symbol) => !symbol.description?.endsWith("async_id_symbol") && (resource as Stores)[symbol] !== undefined,
  );
}

function empty(resource: object): void {
  for (const symbol of held(resource)) (resource as Stores)[symbol] = undefined;
}

/** Whether what `enterWith` does in the scope of a resource is still there in a later scope of it. */
function isKeptByResource(enterWith: Method): boolean {
  const storage = new AsyncLocalStorage<boolean>();
  const resource = capture();
  resource.runInAsyncScope(() => enterWith.call(storage, true));
  const kept = resource.runInAsyncScope(() => storage.getStore() === true);
  storage.disable();
  return kept;
}

/**
 * Makes tasks and callbacks keep the context of the host, once however often the package is loaded. Returns a function to be
 * called when a task is started.
 */
export function followHostContext(): () => void {
  return shared("host context", () => {
    const use = new FirstUse();
    use.watch();
    return use.probe;
  });
}

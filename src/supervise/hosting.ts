// What the task of a child runs. The task has the name of the child, so that reports show it.
//
// The body of a generator function is delegated to, with no code behind the `yield*`, as a routine that parks in its `finally`
// makes JavaScript forget that the task is ending (rule GO-4). A promise cannot be stopped. So a cancelled child that waits for one
// aborts its signal and waits on until the promise has settled, unless it is ended by force.

import { settled } from "../operation/bridge.js";
import { type AsyncRoutine, Operation, type Routine } from "../operation/operation.js";
import { go } from "../task/go.js";
import type { Task } from "../task/task.js";

/** The incarnation of a child, as its task sees it. */
export interface Hosted {
  readonly signal: AbortSignal;
  /** Called in the first step of the task. */
  begin(): void;
  /** The task that runs the body if it is not the task of the child. */
  inner: Task<unknown> | null;
}

type Body = (...args: never[]) => unknown;
type HostedBody = (hosted: Hosted, ...args: unknown[]) => Routine<unknown> | AsyncRoutine<unknown>;

const ASYNC = /* @__PURE__ */ Object.getPrototypeOf(async function* () {});

/** Returns a generator function with a name, which runs a body. */
export function host(name: string, body: Body): HostedBody {
  const call = body as (...args: unknown[]) => unknown;
  if (Object.getPrototypeOf(body) === ASYNC) {
    const bodies: Record<string, HostedBody> = {
      async *[name](hosted: Hosted, ...args: unknown[]): AsyncRoutine<unknown> {
        hosted.begin();
        return yield* call(hosted, ...args) as AsyncRoutine<unknown>;
      },
    };
    return bodies[name]!;
  }
  const bodies: Record<string, HostedBody> = {
    *[name](hosted: Hosted, ...args: unknown[]): Routine<unknown> {
      hosted.begin();
      const made = call(hosted, ...args);
      return yield* isRoutine(made) ? made : outcome(name, made, hosted);
    },
  };
  return bodies[name]!;
}

function isRoutine(made: unknown): made is Routine<unknown> {
  return has(made, "next") && has(made, "return") && has(made, Symbol.iterator);
}

function isAsyncRoutine(made: unknown): made is AsyncRoutine<unknown> {
  return has(made, "next") && has(made, "return") && has(made, Symbol.asyncIterator);
}

function has(made: unknown, method: PropertyKey): boolean {
  return typeof made === "object" && made !== null && typeof (made as never)[method] === "function";
}

/** Waits for what a function returned that is no sync routine. */
function* outcome(name: string, made: unknown, hosted: Hosted): Routine<unknown> {
  if (made instanceof Operation) return yield* made;
  if (isAsyncRoutine(made)) return yield* inner(name, made, hosted);
  if (has(made, "then")) return yield* patient(made as PromiseLike<unknown>, hosted);
  return made;
}

/** Runs an async routine in a task of its own, which is known only after the task of the child has begun. */
function* inner(name: string, made: AsyncRoutine<unknown>, hosted: Hosted): Routine<unknown> {
  const bodies = {
    async *[name](): AsyncRoutine<unknown> {
      return yield* made;
    },
  };
  const task = go(bodies[name]!);
  hosted.inner = task;
  let over = false;
  try {
    yield* task.whenOver();
    over = true;
  } finally {
    if (!over) {
      task.cancel();
      yield* task.whenOver();
      if (task.status === "failed") yield* task;
    }
  }
  return yield* task;
}

function* patient(promise: PromiseLike<unknown>, hosted: Hosted): Routine<unknown> {
  let over = false;
  try {
    const value = yield* settled(promise);
    over = true;
    return value;
  } catch (error) {
    over = true;
    throw error;
  } finally {
    if (!over) yield* afterAbort(promise, hosted.signal);
  }
}

/** Waits for a promise whose signal was aborted. A rejection with the reason of the signal is no failure. */
function* afterAbort(promise: PromiseLike<unknown>, signal: AbortSignal): Routine<void> {
  try {
    yield* settled(promise);
  } catch (error) {
    if (error !== signal.reason && (error as { name?: unknown } | null)?.name !== "AbortError") throw error;
  }
}

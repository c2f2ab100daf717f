// Watching the end of a task, a child or an actor, and tying two ends together.

import type { Operation } from "../../operation/operation.js";
import { upon } from "../../operation/upon.js";
import { shown } from "../../structures/errors.js";
import { Task } from "../../task/task.js";
import { type Exit, errorOf, exitOf, nothing } from "../exit.js";
import { Slot } from "../slot.js";
import type { Actor, Child, Keeping } from "../types.js";
import type { Cell } from "./cell.js";

/** What has an end that can be watched. */
export type Watched = Task<unknown> | Child | Actor<never> | Keeping;

function assertWatched(act: string, target: unknown): void {
  if (target instanceof Task || typeof (target as Child | null)?.exited === "function") return;
  throw new TypeError(`Cannot ${act}: it must be a task, a child, an actor or a supervisor, got ${shown(target)}`);
}

/**
 * Waits for the end of a task, a child, an actor or a supervisor, however it ends. Use it as a case of a select.
 *
 * Parks when: it has not ended. Yields: how it ended; for a child, the end of its present incarnation. Never throws. A failure counts
 * as told, so it is not reported to the host. If cancelled: it stops waiting.
 *
 * @param target - A task, a child, an actor, a supervisor or a pool.
 * @throws TypeError if it is none of these.
 * @example
 * ```ts
 * import { go, sleep } from "millrace";
 * import { monitor } from "millrace/supervise";
 *
 * const task = go(function* () {
 *   yield* sleep(1);
 *   throw new Error("boom");
 * });
 * console.log((await monitor(task)).kind); // failed
 * ```
 */
export function monitor(target: Watched): Operation<Exit> {
  assertWatched("monitor", target);
  if (!(target instanceof Task)) return target.exited();
  return target.whenOver().map(() => {
    upon(target, nothing, nothing);
    return exitOf(target);
  });
}

export function assertActor(act: string, actor: unknown): asserts actor is Actor<never> {
  if (typeof (actor as Actor<never> | null)?.exited === "function") return;
  throw new TypeError(`Cannot ${act}: it must be an actor, got ${shown(actor)}`);
}

/** The end of something, where a failure is still reported unless other code is told. */
export function endOf(target: Watched): Operation<Exit> {
  if (target instanceof Task) return target.whenOver().map(() => exitOf(target));
  return "watched" in target ? (target as Cell<never>).watched() : target.exited();
}

function cancel(target: Watched, cause: unknown): void {
  if (target instanceof Task) target.cancel(cause);
  else if (target instanceof Slot) target.current?.cancelTask(cause);
  else if ("stop" in target) upon(target.stop(cause), nothing, nothing);
}

/**
 * Ties two ends together: if one of them fails or is killed, the other is cancelled, with the error as the reason. An end without a
 * failure does nothing.
 *
 * @param a - A task, a child, an actor or a supervisor. A link to a child holds for its present incarnation.
 * @param b - The other one.
 * @returns A disposable. Disposing of it unties them.
 * @throws TypeError if one of them is none of these.
 * @example
 * ```ts
 * import { go, never, sleep } from "millrace";
 * import { link, monitor } from "millrace/supervise";
 *
 * const reader = go(function* () { yield* never(); });
 * const writer = go(function* () { yield* sleep(1); throw new Error("disk full"); });
 * link(reader, writer);
 * await monitor(writer);
 * const exit = await monitor(reader);
 * if (exit.kind === "cancelled") console.log(String(exit.reason)); // Error: disk full
 * ```
 */
export function link(a: Watched, b: Watched): Disposable {
  assertWatched("link", a);
  assertWatched("link", b);
  const ends: Disposable[] = [];
  const untie = (): void => {
    for (const end of ends) end[Symbol.dispose]();
  };
  const tie = (from: Watched, to: Watched): void => {
    const end = upon(endOf(from), (exit) => {
      untie();
      if (exit.kind === "failed") cancel(to, exit.error);
      else if (exit.kind === "killed") cancel(to, errorOf(exit, "The other end of a link"));
    });
    ends.push(end);
  };
  tie(a, b);
  tie(b, a);
  return { [Symbol.dispose]: untie };
}

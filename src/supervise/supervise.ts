// Making a supervisor.

import { assertFunction, assertOptions } from "../structures/arguments.js";
import { go } from "../task/go.js";
import { planChildren, planTree } from "./spec.js";
import { Tree } from "./tree.js";
import type { Children, SuperviseOptions, Supervisor } from "./types.js";

/**
 * Starts children in order, restarts them when they fail, and stops them in reverse order: failure is handled in one place.
 *
 * Never parks; perform `ready()` to wait until all children have started. The children and the options are checked before any child
 * starts. A child that fails is restarted as its `restart` and the `strategy` say. If there are more than `intensity` restarts within
 * `period`, the supervisor stops all children and ends with a {@link MaxRestartsError} as the reason; as a child of another
 * supervisor it is then restarted or given up in its turn. Semantics follow the supervisor of Erlang/OTP.
 *
 * A child ends where it next waits: no code can be preempted. What does not stop within its grace is ended by force, and left
 * alone if it waits for a promise that never settles.
 *
 * If the supervisor fails to start or gives up, and no code performs `ready()`, `exited()` or `stop()`, its error is reported to the
 * host, as that of a task that was not joined; in a `scope` it fails the scope.
 *
 * @param children - Bodies, or specs with a `body` or with `children`, by their ids.
 * @param options - `strategy`, `intensity`, `period`, `autoShutdown`, `startUp`, `name`, `scope`.
 * @throws TypeError or RangeError if a child or an option is wrong.
 * @example
 * ```ts
 * import { channel, sleep } from "millrace";
 * import { supervise } from "millrace/supervise";
 *
 * const log: string[] = [];
 * const tree = supervise({
 *   *worker({ incarnation }) {
 *     log.push(`started ${incarnation}`);
 *     yield* sleep(5);
 *     if (incarnation === 1) throw new Error("boom");
 *     yield* channel().receive();
 *   },
 * });
 * await tree.ready();
 * await sleep(20);
 * await tree.stop();
 * console.log(log.join(", ")); // started 1, started 2
 * ```
 */
export function supervise(children: Children, options: SuperviseOptions = {}): Supervisor {
  assertOptions("supervise", options);
  const { name = "supervisor", scope } = options;
  if (scope !== undefined) assertFunction("supervise", "the go of scope", scope.go);
  const plan = planTree("supervise", options);
  const tree = new Tree(name, plan, planChildren("supervise", children, plan));
  return tree.launch(scope === undefined ? go : scope.go);
}

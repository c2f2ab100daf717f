// Making a supervisor, or a pool.

import { assertFunction, assertOptions } from "../structures/arguments.js";
import { go } from "../task/go.js";
import { PoolView } from "./pool-view.js";
import { planChildren, planPool, planTree, type TreeContent } from "./spec.js";
import { Tree } from "./tree.js";
import type {
  Children,
  OutermostOptions,
  Pool,
  PoolOptions,
  SuperviseOptions,
  Supervisor,
  TemplateBody,
} from "./types.js";

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
  const plan = planTree("supervise", options);
  const planned = planChildren("supervise", children, plan);
  return outermost(
    "supervise",
    "supervisor",
    { kind: "tree", children: planned, options: plan, template: null },
    options,
  );
}

/**
 * Starts a pool: a supervisor of many children of one body, which are started with arguments of their own.
 *
 * Never parks. The children have no order: each is restarted alone, with its own arguments, and `stop()` stops all at the same time.
 * Like the strategy `simple_one_for_one` of Erlang/OTP, or a `DynamicSupervisor` of Elixir. A pool that is part of a tree is the
 * child `{ template: body }`.
 *
 * @param body - Called with the context of the child and the arguments of `start`.
 * @param options - `max`, and how the children are treated: `restart`, `shutdown`, `backoff`, `startUp`; `intensity`, `period`,
 *   `name`, `scope`.
 * @throws TypeError or RangeError if the body or an option is wrong.
 * @example
 * ```ts
 * import { never, type Routine } from "millrace";
 * import { type ChildContext, pool } from "millrace/supervise";
 *
 * function* session(_: ChildContext, user: string): Routine<void> {
 *   console.log(`welcome ${user}`); // welcome Ada, welcome Alan
 *   yield* never();
 * }
 * const sessions = pool(session, { restart: "transient", max: 100 });
 * await sessions.start("Ada");
 * await sessions.start("Alan");
 * console.log(sessions.count().active); // 2
 * await sessions.stop();
 * ```
 */
export function pool<A extends unknown[]>(body: TemplateBody<A>, options: PoolOptions = {}): Pool<A> {
  assertOptions("make pool", options);
  return new PoolView(outermost("make pool", "pool", planPool("make pool", body, options), options));
}

function outermost(act: string, otherwise: string, content: TreeContent, options: OutermostOptions): Tree {
  const { name = otherwise, scope } = options;
  if (scope !== undefined) assertFunction(act, "the go of scope", scope.go);
  return new Tree(name, content).launch(scope === undefined ? go : scope.go);
}

// What a supervisor is told about a child, checked once and with its defaults.

import { shown } from "../structures/errors.js";
import { assertBackoff } from "./backoff.js";
import type {
  AnyChild,
  Backoff,
  ChildBody,
  ChildOptions,
  Children,
  ChildSpec,
  Restart,
  StartUp,
  Strategy,
  TreeOptions,
  TreeSpec,
} from "./types.js";

/** What runs in a child. */
export type Content = { readonly kind: "body"; readonly body: (...args: never[]) => unknown } | TreeContent;

export interface TreeContent {
  readonly kind: "tree";
  readonly children: ReadonlyMap<string, Plan>;
  readonly options: TreePlan;
}

/** A child, checked. */
export interface Plan {
  readonly content: Content;
  readonly restart: Restart;
  /** The grace in milliseconds; 0 to kill at once, Infinity to wait. */
  readonly grace: number;
  readonly backoff: Backoff | undefined;
  readonly significant: boolean;
  readonly startUp: StartUp;
}

/** The options of a supervisor, checked. */
export interface TreePlan {
  readonly strategy: Strategy;
  readonly intensity: number;
  readonly period: number;
  readonly autoShutdown: "never" | "any-significant" | "all-significant";
  readonly startUp: StartUp;
}

const STRATEGIES = ["one-for-one", "one-for-all", "rest-for-one"] as const;
const RESTARTS = ["permanent", "transient", "temporary"] as const;
const SHUTDOWNS = ["never", "any-significant", "all-significant"] as const;
const START_UPS = ["first-park", "ready"] as const;

/** Returns `value` if it is one of several words. */
export function oneOf<T extends string>(act: string, what: string, value: unknown, words: readonly T[]): T {
  if (words.includes(value as T)) return value as T;
  const listed = words.map((word) => JSON.stringify(word));
  const last = listed.pop();
  throw new TypeError(`Cannot ${act}: ${what} must be ${listed.join(", ")} or ${last}, got ${shown(value)}`);
}

export function planTree(act: string, options: TreeOptions): TreePlan {
  if (typeof options !== "object" || options === null)
    throw new TypeError(`Cannot ${act}: options must be an object, got ${shown(options)}`);
  const { strategy = "one-for-one", intensity = 1, period = 5000, autoShutdown = "never" } = options;
  const { startUp = "first-park" } = options;
  if (!(intensity === Number.POSITIVE_INFINITY || (Number.isInteger(intensity) && intensity >= 0)))
    throw new RangeError(
      `Cannot ${act}: intensity must be a whole number, 0 or more, or Infinity, got ${shown(intensity)}`,
    );
  if (!(typeof period === "number" && period > 0))
    throw new RangeError(`Cannot ${act}: period must be a number of milliseconds above 0, got ${shown(period)}`);
  return {
    strategy: oneOf(act, "strategy", strategy, STRATEGIES),
    intensity,
    period,
    autoShutdown: oneOf(act, "autoShutdown", autoShutdown, SHUTDOWNS),
    startUp: oneOf(act, "startUp", startUp, START_UPS),
  };
}

/** An id that JavaScript moves to the front of a record. */
const INDEX = /^(?:0|[1-9]\d*)$/;

export function planChildren(act: string, children: Children, tree: TreePlan): Map<string, Plan> {
  if (typeof children !== "object" || children === null || Array.isArray(children))
    throw new TypeError(`Cannot ${act}: children must be an object of ids and children, got ${shown(children)}`);
  const plans = new Map<string, Plan>();
  for (const [id, child] of Object.entries(children)) {
    if (INDEX.test(id))
      throw new TypeError(
        `Cannot ${act}: an id must not be a whole number, as JavaScript does not keep the order of such keys, got ${JSON.stringify(id)}; write "child${id}"`,
      );
    plans.set(id, planChild(act, id, child, tree));
  }
  return plans;
}

export function planChild(act: string, id: string, child: AnyChild, tree: TreePlan): Plan {
  if (typeof id !== "string") throw new TypeError(`Cannot ${act}: an id must be a string, got ${shown(id)}`);
  const what = `child ${JSON.stringify(id)}`;
  if (typeof child === "function") return withOptions(act, what, {}, { kind: "body", body: child as ChildBody }, tree);
  if (typeof child !== "object" || child === null)
    throw new TypeError(`Cannot ${act}: ${what} must be a function or an object with a body, got ${shown(child)}`);
  return withOptions(act, what, child, contentOf(act, what, child), tree);
}

function contentOf(act: string, what: string, child: ChildSpec | TreeSpec): Content {
  if ("children" in child) {
    const options = planTree(act, child.options ?? {});
    return { kind: "tree", children: planChildren(act, child.children, options), options };
  }
  const { body } = child;
  if (typeof body !== "function")
    throw new TypeError(`Cannot ${act}: ${what} must have a body that is a function, got ${shown(body)}`);
  return { kind: "body", body };
}

function withOptions(act: string, what: string, options: ChildOptions, content: Content, tree: TreePlan): Plan {
  const { restart = "permanent", backoff, significant = false, startUp = tree.startUp } = options;
  const { shutdown = content.kind === "tree" ? "infinity" : 5000 } = options;
  if (backoff !== undefined) assertBackoff(`${act}, ${what}`, backoff);
  if (typeof significant !== "boolean")
    throw new TypeError(`Cannot ${act}: significant of ${what} must be true or false, got ${shown(significant)}`);
  const plan: Plan = {
    content,
    restart: oneOf(act, `restart of ${what}`, restart, RESTARTS),
    grace: graceOf(act, what, shutdown),
    backoff,
    significant,
    startUp: oneOf(act, `startUp of ${what}`, startUp, START_UPS),
  };
  if (significant && restart === "permanent")
    throw new TypeError(`Cannot ${act}: ${what} is significant, so restart must be "transient" or "temporary"`);
  if (significant && tree.autoShutdown === "never")
    throw new TypeError(`Cannot ${act}: ${what} is significant, so autoShutdown must not be "never"`);
  return plan;
}

function graceOf(act: string, what: string, shutdown: unknown): number {
  if (shutdown === "infinity") return Number.POSITIVE_INFINITY;
  if (shutdown === "kill") return 0;
  if (typeof shutdown === "number" && shutdown >= 0) return shutdown;
  throw new RangeError(
    `Cannot ${act}: shutdown of ${what} must be milliseconds, 0 or more, "infinity" or "kill", got ${shown(shutdown)}`,
  );
}

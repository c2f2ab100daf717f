// What a supervisor is told about a child, checked once and with its defaults.

import { settled } from "../operation/bridge.js";
import type { Operation, Routine } from "../operation/operation.js";
import { countOrInfinity } from "../structures/arguments.js";
import { shown } from "../structures/errors.js";
import { assertBackoff } from "./backoff.js";
import type { Exit } from "./exit.js";
import type {
  Actor,
  ActorSpec,
  AnyChild,
  Backoff,
  ChildBody,
  ChildContext,
  ChildOptions,
  Children,
  ChildSpec,
  PoolSpec,
  PoolTreeOptions,
  Restart,
  StartUp,
  Strategy,
  Supervisable,
  TreeOptions,
  TreeSpec,
  WorkerSpec,
} from "./types.js";

/** What runs in a child. */
export type Content = BodyContent | TreeContent;

export interface BodyContent {
  readonly kind: "body";
  readonly body: (...args: never[]) => unknown;
  /** What the body belongs to and outlives it, such as the mailbox of an actor. */
  readonly owner?: Owner;
}

/** What a child belongs to, and stays when the child is restarted. */
export interface Owner {
  /** Called before the first incarnation, and before one after `over`. */
  adopted(home: Home): void;
  /** Called in the step in which an incarnation ends. */
  ended(exit: Exit): void;
  /** Called when the child is not started again by itself. */
  over(exit: Exit): void;
}

/** The place of a child in its supervisor. */
export interface Home {
  terminate(): Operation<void>;
}

/** What can stand as a child and brings its own content and options. */
export interface SelfMade {
  asChild(): ChildOptions & { readonly content: BodyContent };
}

export interface TreeContent {
  readonly kind: "tree";
  readonly children: ReadonlyMap<string, Plan>;
  readonly options: TreePlan;
  /** What a pool starts; null for other trees. */
  readonly template: Template | null;
}

/** The children of a pool, checked. */
export interface Template {
  readonly plan: Plan;
  readonly max: number;
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
  countOrInfinity(act, "intensity", intensity, 0);
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
  if (isSelfMade(child)) return planMade(act, what, child, {}, tree);
  if ("worker" in child) {
    const { worker, ...options } = child;
    return planMade(act, what, workerOf(act, what, worker), options, tree);
  }
  const spec = child as Exclude<typeof child, Actor<never> | Supervisable>;
  return withOptions(act, what, spec, contentOf(act, what, spec), tree);
}

/** A child that brings its own content and options; `options` go before its own. */
function planMade(act: string, what: string, made: SelfMade, options: ChildOptions, tree: TreePlan): Plan {
  const { content, ...own } = made.asChild();
  return withOptions(act, what, { ...own, ...options }, content, tree);
}

/** The worker of a spec. The code of workers is loaded when a worker is first started, and only then. */
function workerOf(act: string, what: string, worker: WorkerSpec["worker"]): SelfMade {
  if (typeof worker === "object" && isSelfMade(worker)) return worker;
  if (typeof worker !== "string" && !(worker instanceof URL))
    throw new TypeError(`Cannot ${act}: the worker of ${what} must be a URL or made by worker(), got ${shown(worker)}`);
  // One worker for all incarnations, made when the first one begins.
  let made: Made | null = null;
  let home: Home | null = null;
  const owner: Owner = {
    adopted(place) {
      home = place;
      made?.owner.adopted(place);
    },
    ended: (exit) => made?.owner.ended(exit),
    over: (exit) => made?.owner.over(exit),
  };
  const body = function* (context: ChildContext): Routine<unknown> {
    const loaded = yield* settled(import("../worker.js"));
    if (made === null) {
      made = (loaded.worker(worker).asChild() as ReturnType<SelfMade["asChild"]>).content as Made;
      made.owner.adopted(home!);
    }
    return yield* made.body(context);
  };
  return { asChild: () => ({ startUp: "ready", content: { kind: "body", body, owner } }) };
}

/** What a worker brings as a child. */
interface Made extends BodyContent {
  readonly owner: Owner;
  readonly body: (context: ChildContext) => Routine<unknown>;
}

function isSelfMade(child: object): child is SelfMade {
  return "asChild" in child && typeof child.asChild === "function";
}

function contentOf(act: string, what: string, child: ChildSpec | TreeSpec | PoolSpec | ActorSpec): Content {
  if ("children" in child) {
    const options = planTree(act, child.options ?? {});
    return { kind: "tree", children: planChildren(act, child.children, options), options, template: null };
  }
  if ("template" in child) return planPool(act, child.template, child.options ?? {});
  if ("actor" in child) {
    if (isSelfMade(child.actor)) return child.actor.asChild().content;
    throw new TypeError(`Cannot ${act}: the actor of ${what} must be made by actor(), got ${shown(child.actor)}`);
  }
  const { body } = child;
  if (typeof body !== "function")
    throw new TypeError(`Cannot ${act}: ${what} must have a body that is a function, got ${shown(body)}`);
  return { kind: "body", body };
}

/** Checks the body and the options of a pool. */
export function planPool(act: string, body: unknown, options: PoolTreeOptions): TreeContent {
  if (typeof body !== "function")
    throw new TypeError(`Cannot ${act}: the body of a pool must be a function, got ${shown(body)}`);
  const { intensity, period, max = Number.POSITIVE_INFINITY, ...child } = options;
  const tree = planTree(act, {
    ...(intensity !== undefined && { intensity }),
    ...(period !== undefined && { period }),
  });
  countOrInfinity(act, "max", max, 1);
  const content: Content = { kind: "body", body: body as ChildBody };
  const plan = withOptions(act, "the body", child, content, tree);
  return { kind: "tree", children: new Map(), options: tree, template: { plan, max } };
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

// Random trees with random failures, against a small model of the supervisors of Erlang/OTP. All trees run side by side in one
// virtual time; at each tick each tree gets at most one order, so that what follows from one order is over before the next.

import fc from "fast-check";
import { type Channel, channel, go, type Routine, sleep } from "millrace";
import { type AnyChild, type Restart, type Strategy, type Supervisor, supervise } from "millrace/supervise";
import { expect, test } from "vitest";
import { scaled } from "../support/stress.js";
import { virtualTime } from "../support/virtual.js";
import { eventsOf } from "./stage.js";

const TREES = scaled(1_000, 10_000);
const SIDE_BY_SIDE = 250;
const TICKS = 8;

interface Leaf {
  readonly restart: Restart;
  /** The starts of it that fail, counted from 1 over all of its lives. */
  readonly failing: readonly number[];
}

interface Node {
  readonly restart: Restart;
  readonly strategy: Strategy;
  readonly intensity: number;
  readonly period: number;
  readonly children: readonly (Leaf | Node)[];
}

type Order = "fail" | "return";
/** At each tick, the leaf that gets an order. */
type Script = readonly { readonly leaf: number; readonly order: Order }[];

const restarts = fc.constantFrom<Restart>("permanent", "permanent", "transient", "temporary");
const leaves: fc.Arbitrary<Leaf> = fc.record({
  restart: restarts,
  failing: fc
    .uniqueArray(fc.integer({ min: 1, max: 5 }), { maxLength: 2 })
    .map((list) => (list.length === 2 ? list : [])),
});
const nodesOf = (children: fc.Arbitrary<Leaf | Node>): fc.Arbitrary<Node> =>
  fc.record({
    restart: restarts,
    strategy: fc.constantFrom<Strategy>("one-for-one", "one-for-all", "rest-for-one"),
    intensity: fc.integer({ min: 0, max: 3 }),
    period: fc.integer({ min: 1, max: 4 }),
    children: fc.array(children, { minLength: 1, maxLength: 4 }),
  });
const trees = nodesOf(fc.oneof({ weight: 3, arbitrary: leaves }, { weight: 1, arbitrary: nodesOf(leaves) }));
const scripts: fc.Arbitrary<Script> = fc.array(
  fc.record({ leaf: fc.nat(15), order: fc.constantFrom<Order>("fail", "fail", "return") }),
  { minLength: TICKS, maxLength: TICKS },
);

/** OTP in its simplest form: a tree of records, and the events in order. */
class Model {
  readonly events: string[] = [];
  time = 0;
  /** How often each leaf was started, by its path. */
  private readonly _starts = new Map<string, number>();
  private readonly _root: Kept;

  constructor(root: Node) {
    this._root = this._keep("root", root, null);
  }

  begin(): void {
    this._startAll(this._root);
  }

  order(path: string, order: Order): void {
    const leaf = this._find(this._root, path.split("/"));
    if (leaf?.running !== true) return;
    leaf.running = false;
    this._ended(leaf, order === "fail" ? "failed" : "done");
  }

  private _keep(id: string, spec: Leaf | Node, parent: Kept | null): Kept {
    return { id, spec, parent, running: false, lives: 0, times: [], children: [] };
  }

  private _path(kept: Kept): string {
    const { parent } = kept;
    return parent === null || parent.parent === null ? kept.id : `${this._path(parent)}/${kept.id}`;
  }

  private _find(from: Kept, [id, ...rest]: readonly string[]): Kept | undefined {
    const child = from.children.find((kept) => kept.id === id);
    return child === undefined || rest.length === 0 ? child : child.running ? this._find(child, rest) : undefined;
  }

  private _start(kept: Kept): boolean {
    const path = this._path(kept);
    kept.lives++;
    if ("children" in kept.spec) {
      if (!this._startAll(kept)) {
        this.events.push(`exited ${path} failed`);
        return false;
      }
    } else {
      const starts = (this._starts.get(path) ?? 0) + 1;
      this._starts.set(path, starts);
      if (kept.spec.failing.includes(starts)) {
        this.events.push(`exited ${path} failed`);
        return false;
      }
    }
    kept.running = true;
    this.events.push(`started ${path} ${kept.lives}`);
    return true;
  }

  /** Starts the static children of a supervisor, or none of them. */
  private _startAll(kept: Kept): boolean {
    const { children } = kept.spec as Node;
    kept.times = [];
    kept.children = children.map((spec, at) => this._keep(idOf(at), spec, kept));
    for (const child of kept.children) {
      if (this._start(child)) continue;
      this._stopAll(kept);
      return false;
    }
    kept.running = true;
    return true;
  }

  private _stop(kept: Kept): void {
    if (!kept.running) return;
    kept.running = false;
    if (kept.children.length > 0) this._stopAll(kept);
    this.events.push(`exited ${this._path(kept)} cancelled`);
  }

  private _stopAll(kept: Kept): void {
    for (const child of [...kept.children].reverse()) this._stop(child);
  }

  private _ended(kept: Kept, kind: string): void {
    this.events.push(`exited ${this._path(kept)} ${kind}`);
    const { restart } = kept.spec;
    if (restart === "permanent" || (restart === "transient" && kind === "failed")) this._restart(kept);
    else if (restart === "temporary") this._forget(kept);
  }

  private _forget(kept: Kept): void {
    const parent = kept.parent!;
    parent.children = parent.children.filter((child) => child !== kept);
  }

  private _restart(kept: Kept): void {
    const parent = kept.parent!;
    const { intensity, period, strategy } = parent.spec as Node;
    parent.times = [...parent.times, this.time].filter((time) => time >= this.time - period);
    if (parent.times.length > intensity) {
      this.events.push(`gave up ${this._path(kept)}`);
      parent.running = false;
      this._stopAll(parent);
      if (parent.parent !== null) this._ended(parent, "cancelled");
      return;
    }
    this.events.push(`restarting ${this._path(kept)} after 0`);
    const at = strategy === "one-for-all" ? 0 : parent.children.indexOf(kept);
    const group = strategy === "one-for-one" ? [kept] : parent.children.slice(at);
    for (const member of [...group].reverse()) {
      this._stop(member);
      if (member !== kept && member.spec.restart === "temporary") this._forget(member);
    }
    for (const member of group) {
      if (!parent.children.includes(member) || this._start(member)) continue;
      this._restart(member);
      return;
    }
  }
}

interface Kept {
  readonly id: string;
  readonly spec: Leaf | Node;
  readonly parent: Kept | null;
  running: boolean;
  lives: number;
  times: number[];
  children: Kept[];
}

const idOf = (at: number): string => "abcdefgh"[at]!;

/** A tree that runs, and the channels of its leaves by their paths. */
class Running {
  readonly paths: string[] = [];
  readonly supervisor: Supervisor;
  private readonly _orders = new Map<string, Channel<Order>>();

  constructor({ children, restart: _, ...options }: Node) {
    this.supervisor = supervise(this._children(children, ""), options);
    this.supervisor.exited().then(() => {});
  }

  order(path: string, order: Order): void {
    this._orders.get(path)?.trySend(order);
  }

  private _children(specs: readonly (Leaf | Node)[], above: string): Record<string, AnyChild> {
    return Object.fromEntries(specs.map((spec, at) => [idOf(at), this._child(spec, above + idOf(at))]));
  }

  private _child(spec: Leaf | Node, path: string): AnyChild {
    const { restart } = spec;
    if ("children" in spec) {
      const { strategy, intensity, period } = spec;
      return { restart, options: { strategy, intensity, period }, children: this._children(spec.children, `${path}/`) };
    }
    this.paths.push(path);
    const orders = channel<Order>();
    this._orders.set(path, orders);
    let starts = 0;
    // No `Error`, as stacks would take most of the time.
    const body = function* (): Routine<void> {
      if (spec.failing.includes(++starts)) throw "no start";
      if ((yield* orders.receive()) === "fail") throw "told to fail";
    };
    return { restart, body };
  }
}

type Case = { readonly tree: Node; readonly script: Script };

/** Runs trees side by side, and returns those whose events differ from the model's. */
async function differing(cases: readonly Case[], kinds: Set<string>): Promise<string[]> {
  using time = virtualTime();
  const all = cases.map(({ tree, script }) => ({ tree, script, model: new Model(tree), running: new Running(tree) }));
  for (const { model } of all) model.begin();
  const driver = go(function* (): Routine<void> {
    for (let tick = 1; tick <= TICKS; tick++) {
      yield* sleep(1);
      for (const { script, model, running } of all) {
        const { leaf, order } = script[tick - 1]!;
        const path = running.paths[leaf % running.paths.length]!;
        model.time = tick;
        model.order(path, order);
        running.order(path, order);
      }
    }
    yield* sleep(1);
  });
  await time.advance(TICKS + 2);
  await driver;
  const wrong: string[] = [];
  for (const { model, running, tree, script } of all) {
    const seen = eventsOf(running.supervisor);
    for (const event of model.events) kinds.add(event.split(" ")[0]!);
    if (JSON.stringify(seen) !== JSON.stringify(model.events))
      wrong.push(JSON.stringify({ tree, script, seen, expected: model.events }, null, 1));
    running.supervisor.stop().then(() => {});
  }
  await time.advance(10_000);
  return wrong;
}

test(
  `SV-1 to SV-20: ${TREES} random trees with random failures do what OTP does`,
  async () => {
    const cases = fc.sample(fc.record({ tree: trees, script: scripts }), { numRuns: TREES, seed: 20_261_130 });
    const kinds = new Set<string>();
    const wrong: string[] = [];
    for (let at = 0; at < cases.length; at += SIDE_BY_SIDE)
      wrong.push(...(await differing(cases.slice(at, at + SIDE_BY_SIDE), kinds)));
    expect([...kinds].sort()).toEqual(["exited", "gave", "restarting", "started"]);
    // The simplest one that differs.
    expect(wrong.sort((a, b) => a.length - b.length)[0]).toBe(undefined);
  },
  scaled(120_000, 600_000),
);

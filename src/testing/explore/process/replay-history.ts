// Routines with a past. A routine that waits is kept for whoever asks first what it does next; for all others it is begun anew,
// and told all that has happened to it.

import type { Operation } from "../../../operation/operation.js";
import { RETURN_AFTER } from "./cases.js";
import type { Trie } from "./local-lts.js";
import { completeCase } from "./operation-cases.js";
import { begun, type Cue, Live, type Start } from "./routine-run.js";
import type { Stage } from "./sandbox.js";

/** What is known of a program. */
interface Known {
  readonly trie: Trie;
  readonly stage: Stage;
  /** What tasks were started with, and where they stood then. */
  readonly variants: readonly (Start & { readonly root: number })[];
}

export class Pasts {
  private readonly _known: Known;
  /** For each node the routine that waits there. */
  private readonly _kept: Map<number, Live>;

  constructor(known: Known) {
    this._known = known;
    this._kept = new Map();
  }

  keep(node: number, live: Live): void {
    this._kept.set(node, live);
  }

  /** A routine that has the past of a node but for the last, which is to happen next. Where a task begins, its variant counts. */
  revive(node: number, variant: number): Live {
    const { trie } = this._known;
    const parent = trie.parent[node]!;
    const kept = this._kept.get(parent);
    if (kept !== undefined) {
      const input = trie.input[node]!;
      this._kept.delete(parent);
      kept.script.push({ node, at: input.at, value: trie.valueOf(parent, input) });
      return kept;
    }
    const path = this.pathTo(node);
    return this.live(trie.task[node]!, path, variant === -1 ? this.variantOf(path[0]!) : variant);
  }

  /** The nodes that lead to one, and itself. */
  pathTo(node: number): number[] {
    const path: number[] = [];
    for (let at = node; at !== -1; at = this._known.trie.parent[at]!) path.unshift(at);
    return path;
  }

  /** With what a task was started that began at a node. */
  variantOf(root: number): number {
    return this._known.variants.findIndex((variant) => variant.root === root);
  }

  /** A routine that is to go along a path. */
  live(task: number, path: readonly number[], variant: number): Live {
    const { trie, stage, variants } = this._known;
    const live = new Live(task, path[0]!);
    for (let at = 1; at < path.length; at++) {
      const happened = trie.input[path[at]!]!;
      live.script.push({ node: path[at]!, at: happened.at, value: trie.valueOf(path[at - 1]!, happened) });
    }
    const outer = stage.live;
    stage.live = live;
    live.routine = begun(variants[variant]!);
    stage.live = outer;
    return live;
  }
}

/** Lets happen to what a routine waits at what was to happen, or lets it return; false if it waits on. */
export function give(live: Live, operation: Operation<unknown>, { at, value }: Pick<Cue, "at" | "value">): boolean {
  live.returns = at < 0;
  if (at >= 0) return completeCase(operation, at, value);
  if (at <= RETURN_AFTER) completeCase(operation, RETURN_AFTER - at, value);
  return true;
}

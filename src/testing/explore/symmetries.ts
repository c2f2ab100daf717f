// The ways in which tasks of a program can change places together with their channels, as in a ring. Nobody says which these
// are: they are looked for once something has been learned, and what is learned after that must not contradict them.

import { STRIDE, Unmodelled } from "./forms.js";
import { LATER, type Learner } from "./learner.js";
import { Anew } from "./stage.js";
import { OUTSIDE, ofChannel, Symmetry } from "./symmetry.js";

/** No task is taken to change places with another. */
export const UNEVEN = "uneven";

/** More than so many nodes, or ways that are tried, or steps on one of them, are too many. */
const MOST_NODES = 5000;
const MOST_TRIED = 64;
const MOST_STEPS = 256;

export class Symmetries {
  readonly found: Symmetry[];
  /** For each node a number that it shares with those that stand in its place. */
  readonly ranks: number[];
  private readonly _learner: Learner;
  /** For each task that may change places the node of `main` at which it is started. */
  private readonly _starts: Map<number, number>;
  /** The tasks that speak of each channel. */
  private readonly _users: Map<number, Set<number>>;
  private _steps: number;

  constructor(learner: Learner) {
    this.found = [];
    this.ranks = [];
    this._learner = learner;
    this._starts = new Map();
    this._users = new Map();
    this._steps = 0;
  }

  /** Looks for symmetries in what has been learned by now; whether there are any. */
  find(): boolean {
    const { alike, stage, trie } = this._learner;
    if (alike.groups.length > 0 || trie.anyCancels || stage.invariants.size > 0 || trie.size > MOST_NODES) return false;
    this._survey();
    let tried = 0;
    for (const [task, start] of this._starts) {
      for (const [other, sameStart] of this._starts) {
        if (other <= task || start !== sameStart || this._has(task, other)) continue;
        if (++tried > MOST_TRIED) return this.found.length > 0;
        const symmetry = this._try(task, other);
        if (symmetry !== null) this.found.push(symmetry);
      }
    }
    return this.found.length > 0;
  }

  /** Tries what has been learned since, if anything has; begins anew if it contradicts. */
  extend(): boolean {
    const { trie } = this._learner;
    if (this.ranks.length === trie.size) return false;
    for (let node = this.ranks.length; node < trie.size; node++) {
      for (const symmetry of this.found) if (!this._follows(symmetry, node)) throw new Anew(UNEVEN);
      this.ranks.push(node);
      for (const symmetry of this.found) this._rank(node, symmetry.images[node]!);
    }
    return true;
  }

  private _rank(node: number, image: number): void {
    if (image !== OUTSIDE && image < this.ranks.length) {
      this.ranks[node] = this.ranks[image] = Math.min(this.ranks[node]!, this.ranks[image]!);
    }
  }

  private _follows(symmetry: Symmetry, node: number): boolean {
    try {
      return symmetry.follow(node);
    } catch (error) {
      if (error instanceof Unmodelled) return false;
      throw error;
    }
  }

  /** Begins anew if some serve for ever whose places others take that do not. */
  assertServing(): void {
    if (!this.found.every((symmetry) => symmetry.servesAlike())) throw new Anew(UNEVEN);
  }

  /** Who is started where by `main`, and who speaks of what. */
  private _survey(): void {
    const { trie, variants, stage } = this._learner;
    this._starts.clear();
    this._users.clear();
    for (let node = 0; node < trie.size; node++) {
      for (const variant of trie.effects[node]?.starts ?? []) {
        const { task } = variants[variant]!;
        // Who is started in several places may be another each time.
        if (trie.task[node] === 0) this._starts.set(task, this._starts.has(task) ? -1 : node);
      }
      const cases = trie.cases[node]!;
      for (let at = 0; at < cases.length; at += STRIDE) {
        if (ofChannel(cases[at]!, cases[at + 2]!)) this._usersOf(cases[at + 1]!).add(trie.task[node]!);
      }
    }
    for (const [task, node] of this._starts) if (node === -1 || stage.marked[task]) this._starts.delete(task);
  }

  private _usersOf(channel: number): Set<number> {
    let users = this._users.get(channel);
    if (users === undefined) this._users.set(channel, (users = new Set()));
    return users;
  }

  private _has(task: number, other: number): boolean {
    return this.found.some(({ tasks }) => tasks.to.get(task) === other);
  }

  /** One in which a task takes the place of another. */
  private _try(task: number, other: number): Symmetry | null {
    const symmetry = new Symmetry(this._learner, this._starts);
    this._steps = 0;
    try {
      return symmetry.place(task, other) ? this._complete(symmetry) : null;
    } catch (error) {
      // It may have been led to what no schedule leads to.
      if (error instanceof Unmodelled || error === LATER) return null;
      throw error;
    }
  }

  private _complete(symmetry: Symmetry): Symmetry | null {
    const task = this._next(symmetry);
    if (task === 0) return this._concludes(symmetry) ? symmetry : null;
    for (const other of this._candidates(symmetry, task)) {
      if (this._steps++ > MOST_STEPS) return null;
      const further = symmetry.copy();
      const whole = further.place(task, other) ? this._complete(further) : null;
      if (whole !== null) return whole;
    }
    return null;
  }

  /** Comes to `main`, whom everybody else has been placed before, and to all that was learned on the way. */
  private _concludes(symmetry: Symmetry): boolean {
    const { trie } = this._learner;
    const before = trie.size;
    let fits = symmetry.place(0, 0);
    for (let node = 0; fits && node < trie.size; node++) fits = symmetry.follow(node);
    // What `main` may return is what has been learned of it, and this it may not.
    if (!fits && trie.task.includes(0, before)) throw new Anew(UNEVEN);
    return fits && symmetry.servesAlike();
  }

  /** The task to be placed next: one that shares a channel with those that have been; `main` is last. */
  private _next({ tasks, channels }: Symmetry): number {
    const left = this._learner.stage.tasks.map(({ index }) => index).filter((task) => !tasks.to.has(task) && task > 0);
    const near = (task: number): boolean =>
      [...channels.to.keys()].some((channel) => this._users.get(channel)?.has(task));
    const movable = left.filter((task) => this._starts.has(task));
    return movable.find(near) ?? movable[0] ?? left[0] ?? 0;
  }

  /** Whose place a task may take: its own, or that which is free because of whoever took it, or another. */
  private _candidates({ tasks }: Symmetry, task: number): number[] {
    const start = this._starts.get(task);
    let free = task;
    for (let taker = tasks.from.get(free); taker !== undefined; taker = tasks.from.get(free)) free = taker;
    if (start === undefined) return [task];
    const others = [...this._starts].filter(([, other]) => other === start).map(([other]) => other);
    return [...new Set([task, free, ...others])].filter((other) => !tasks.from.has(other));
  }
}

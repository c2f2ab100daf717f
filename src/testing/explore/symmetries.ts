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
  /** How much had been learned when it was looked for symmetries. */
  private _sought: number;

  constructor(learner: Learner) {
    this.found = [];
    this.ranks = [];
    this._learner = learner;
    this._starts = new Map();
    this._users = new Map();
    this._steps = this._sought = 0;
  }

  /** Looks for symmetries in what has been learned by now; whether there are any. */
  find(): boolean {
    const { alike, stage, trie } = this._learner;
    if (this._sought === trie.size) return false;
    if (alike.groups.length > 0 || trie.anyCancels || stage.invariants.size > 0 || trie.size > MOST_NODES) return false;
    this._survey();
    this._seek();
    this._sought = trie.size;
    return this.found.length > 0;
  }

  private _seek(): void {
    let tried = 0;
    for (const [task, start] of this._starts) {
      for (const [other, sameStart] of this._starts) {
        const symmetry = new Symmetry(this._learner, this._starts);
        if (other <= task || start !== sameStart || this._has(task, other) || !symmetry.mayPlace(task, other)) continue;
        if (++tried > MOST_TRIED) return;
        const whole = this._try(symmetry, task, other);
        if (whole !== null) this.found.push(whole);
      }
    }
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
  private _try(symmetry: Symmetry, task: number, other: number): Symmetry | null {
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
    const candidates = this._candidates(symmetry, task);
    for (const [nth, other] of candidates.entries()) {
      if (this._steps++ > MOST_STEPS) return null;
      const further = nth === candidates.length - 1 ? symmetry : symmetry.copy();
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
    for (const channel of channels.to.keys()) {
      for (const user of this._users.get(channel) ?? []) if (!tasks.to.has(user) && this._starts.has(user)) return user;
    }
    for (const task of this._starts.keys()) if (!tasks.to.has(task)) return task;
    const { length } = this._learner.stage.tasks;
    for (let task = 1; task < length; task++) if (!tasks.to.has(task)) return task;
    return 0;
  }

  /** Whose place a task may take: its own, or that which is free because of whoever took it, or another. */
  private _candidates(symmetry: Symmetry, task: number): number[] {
    const start = this._starts.get(task);
    if (start === undefined) return symmetry.mayPlace(task, task) ? [task] : [];
    const { from } = symmetry.tasks;
    let free = task;
    for (let taker = from.get(free); taker !== undefined; taker = from.get(free)) free = taker;
    const candidates = free === task ? [task] : [free];
    for (const [other, same] of this._starts) if (same === start && other !== candidates[0]) candidates.push(other);
    return candidates.filter((other) => symmetry.mayPlace(task, other));
  }
}

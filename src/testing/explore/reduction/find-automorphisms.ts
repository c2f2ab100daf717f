// Automorphism detection: finds permutations of tasks, together with their channels, that map the program to itself. They are
// searched for in the local states so far, and checked on all local states that are unfolded later.
//
// A candidate maps one task to another. The channels that the two use determine the images of other tasks, and so on; where there
// is a choice, the search backtracks. Invariant: no automorphism in `found` contradicts any local state so far; where one
// does, the search restarts without it (as in counterexample-guided abstraction refinement).

import { KINDS, STRIDE, Unmodelled } from "../process/cases.js";
import { Refuted } from "../process/refinements.js";
import type { Unfolder } from "../process/unfolder.js";
import { Automorphism, type Began, OUTSIDE } from "./automorphism.js";

/**
 * No task is taken to change places with another; followed by a number: not before so many times more states are expanded than
 * when a symmetry was found that did not hold.
 */
export const NO_SYMMETRY = "uneven";

/** Expanded states before symmetry is looked for first: by then the tasks that `main` starts are known, and little is lost. */
const FIRST_SEEK = 2;
/** Retry after 4 times more states if there is none, up to 4 096: the attempts together cost little more than the last. */
export const SEEK_AGAIN = 4;
export const LAST_SEEK = 4096;
/** Retry after 16 times more states if an automorphism was contradicted: by then more behaviour is known. */
const SEEK_AFTER = 16;

/** How many states are expanded before symmetry is looked for, with what searches have found out before. */
export function firstSeek(marks: ReadonlySet<string | number>): number {
  if (marks.has(NO_SYMMETRY)) return Infinity;
  const failed = [...marks].filter((mark) => String(mark).startsWith(NO_SYMMETRY));
  const seek = Math.max(
    FIRST_SEEK,
    ...failed.map((mark) => Number(String(mark).slice(NO_SYMMETRY.length)) * SEEK_AFTER),
  );
  return seek > LAST_SEEK ? Infinity : seek;
}

/** Limits of the detection: local states and tasks of the program, candidates, and steps of the backtracking for each of them. */
const MOST_NODES = 5000;
const MOST_TASKS = 48;
const MOST_TRIED = 64;
const MOST_STEPS = 256;

export class Automorphisms {
  readonly found: Automorphism[];
  /** The orbit of each node: the least node that it is mapped to by the automorphisms and their compositions. */
  readonly ranks: number[];
  private readonly _unfolder: Unfolder;
  /** The start of each task that is started at one node only; and the tasks that start tasks. */
  private readonly _starts: Map<number, Began>;
  private readonly _starters: Set<number>;
  /** The tasks that use each channel, and each lock: see `asChannel`. */
  private readonly _users: Map<number, Set<number>>;
  private _steps: number;
  /** Nodes and expanded states at the last detection. */
  private _sought: number;
  private _expanded: number;

  constructor(unfolder: Unfolder) {
    this.found = [];
    this.ranks = [];
    this._unfolder = unfolder;
    this._starts = new Map();
    this._starters = new Set();
    this._users = new Map();
    this._steps = this._sought = this._expanded = 0;
  }

  /** Searches for automorphisms, with so many states expanded; whether there are any. */
  find(expanded: number): boolean {
    const { sandbox, lts } = this._unfolder;
    this._expanded = expanded;
    if (this._sought === lts.size || !this._isPossible()) return false;
    if (lts.size > MOST_NODES || sandbox.tasks.length > MOST_TASKS) return false;
    this._survey();
    this._seek();
    this._sought = lts.size;
    return this.found.length > 0;
  }

  /**
   * An invariant may speak of one task. Variants of local states are not compared. And a round that repeats another has no local state of its own, but a task that may be
   * cancelled before this round begins stands between the two: such programs are not reduced.
   */
  private _isPossible(): boolean {
    const { sandbox, lts, folds } = this._unfolder;
    if (lts.anyVariants) return false;
    return sandbox.invariants.size === 0 && !(folds && sandbox.tasks.some((task) => task.isCancellable));
  }

  /** A symmetry does not hold: the search restarts, and looks for symmetry only when more is known. */
  private _contradict(): never {
    throw new Refuted(`${NO_SYMMETRY} ${this._expanded}`);
  }

  private _seek(): void {
    let tried = 0;
    for (const [task, other] of this._pairs()) {
      if (this._has(task, other)) continue;
      const symmetry = new Automorphism(this._unfolder, this._starts);
      if (!symmetry.mayPlace(task, other)) continue;
      if (++tried > MOST_TRIED) return;
      const whole = this._try(symmetry, task, other);
      if (whole === null) continue;
      whole.unfolds = true;
      this.found.push(whole);
    }
  }

  /** Pairs of tasks that are started together, neighbours first: with these alone, states can be sorted. */
  private _pairs(): (readonly [task: number, other: number])[] {
    const pairs: (readonly [number, number])[] = [];
    for (const [task, { node }] of this._starts) {
      for (const [other, began] of this._starts) if (other > task && began.node === node) pairs.push([task, other]);
    }
    return pairs.sort(([one, to], [other, next]) => to - one - (next - other));
  }

  /** Checks the nodes that are new since the last call; false if there are none. Restarts the search on a contradiction. */
  extend(): boolean {
    const { lts } = this._unfolder;
    const from = this.ranks.length;
    if (from === lts.size) return false;
    if (!this._isPossible()) this._contradict();
    for (let node = from; node < lts.size; node++) {
      for (const symmetry of this.found) if (!this._follows(symmetry, node)) this._contradict();
    }
    for (let node = from; node < lts.size; node++) this.ranks.push(node);
    while (this._rankFrom(from));
    return true;
  }

  /** Merges the orbits of nodes and their images, from a node on; whether an orbit has changed. */
  private _rankFrom(from: number): boolean {
    const { ranks } = this;
    let news = false;
    for (let node = from; node < ranks.length; node++) {
      for (const { images } of this.found) {
        const image = images[node];
        if (image === undefined || image === OUTSIDE || ranks[image] === ranks[node]) continue;
        ranks[node] = ranks[image] = Math.min(ranks[node]!, ranks[image]!);
        news = true;
      }
    }
    return news;
  }

  private _follows(symmetry: Automorphism, node: number): boolean {
    try {
      return symmetry.follow(node);
    } catch (error) {
      if (error instanceof Unmodelled) return false;
      throw error;
    }
  }

  /** Restarts the search if an automorphism maps a daemon to another task: tasks may become daemons late. */
  assertDaemons(): void {
    if (!this.found.every((symmetry) => symmetry.mapsDaemonsToDaemons())) this._contradict();
  }

  /** Notes where tasks are started, and which channels they use. */
  private _survey(): void {
    const { lts, spawns } = this._unfolder;
    this._starts.clear();
    this._starters.clear();
    this._users.clear();
    const several = new Set<number>();
    for (let node = 0; node < lts.size; node++) {
      for (const variant of lts.starts(node)) {
        const { task } = spawns[variant]!;
        // A task that is started at several nodes may have another body each time.
        if (this._starts.has(task)) several.add(task);
        this._starts.set(task, { starter: lts.task(node), node });
        this._starters.add(lts.task(node));
      }
      const cases = lts.cases(node);
      for (let at = 0; at < cases.length; at += STRIDE) {
        const { target } = KINDS[cases[at]!]!;
        if (target === "channel") this._usersOf(cases[at + 1]!).add(lts.task(node));
        if (target === "lock") this._usersOf(asChannel(cases[at + 1]!)).add(lts.task(node));
      }
    }
    for (const task of several) this._starts.delete(task);
  }

  private _usersOf(channel: number): Set<number> {
    let users = this._users.get(channel);
    if (users === undefined) this._users.set(channel, (users = new Set()));
    return users;
  }

  private _has(task: number, other: number): boolean {
    return this.found.some(({ tasks }) => tasks.to.get(task) === other);
  }

  /** An automorphism that maps a task to another; null if none is found. */
  private _try(symmetry: Automorphism, task: number, other: number): Automorphism | null {
    this._steps = 0;
    return symmetry.place(task, other) ? this._complete(symmetry) : null;
  }

  private _complete(symmetry: Automorphism): Automorphism | null {
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

  /** Maps `main` to itself, after all other tasks, and checks what was added meanwhile. */
  private _concludes(symmetry: Automorphism): boolean {
    const { lts } = this._unfolder;
    let fits = symmetry.place(0, 0);
    for (let node = 0; fits && node < lts.size; node++) fits = symmetry.follow(node);
    return fits && symmetry.mapsDaemonsToDaemons();
  }

  /** The next task to be mapped: one that shares a channel with a mapped task, then any; tasks that start tasks come last. */
  private _next({ tasks, channels, locks }: Automorphism): number {
    const isFree = (task: number): boolean =>
      !tasks.to.has(task) && this._starts.has(task) && !this._starters.has(task);
    for (const channel of [...channels.to.keys(), ...[...locks.to.keys()].map(asChannel)]) {
      for (const user of this._users.get(channel) ?? []) if (isFree(user)) return user;
    }
    for (const task of this._starts.keys()) if (isFree(task)) return task;
    const { length } = this._unfolder.sandbox.tasks;
    for (let task = length - 1; task > 0; task--) if (!tasks.to.has(task)) return task;
    return 0;
  }

  /** The possible images of a task: itself, or the end of the chain that leads to it, which closes a cycle; then the others. */
  private _candidates(symmetry: Automorphism, task: number): number[] {
    const began = this._starts.get(task);
    if (began === undefined || this._starters.has(task)) return symmetry.mayPlace(task, task) ? [task] : [];
    const { from } = symmetry.tasks;
    let free = task;
    for (let taker = from.get(free); taker !== undefined; taker = from.get(free)) free = taker;
    const candidates = free === task ? [task] : [free];
    for (const [other, { node }] of this._starts) {
      if (node === began.node && other !== candidates[0]) candidates.push(other);
    }
    return candidates.filter((other) => symmetry.mayPlace(task, other));
  }
}

/** A lock, where locks are listed beside channels. */
const asChannel = (lock: number): number => -1 - lock;

// One state of a program: a vector of numbers, changed in place, and what its numbers mean.
//
// A component of the vector is where a task stands (its node, and one; 0 before it is started), what a channel holds (0 while
// it is open and empty), what is left of a timeout (and one; 0 before it begins), what is in a cell (and one), or how long a
// task has slept. All begin at 0, so a vector may grow while states that were stored before keep their meaning.

import { PARKED, type Trie } from "../process/local-lts.js";
import { RegionStates } from "../process/model-scopes.js";
import type { Learner } from "../process/unfolder.js";
import { Contents } from "./channel-contents.js";
import { grown } from "./numbers.js";

export class State {
  readonly learner: Learner;
  readonly trie: Trie;
  readonly contents: Contents;
  /** The vector. */
  state: Int32Array;
  /** How many components there are. */
  width: number;
  /** The component of each task, channel, timer, cell, and of the sleep of each task; -1 while it has none. */
  readonly ofTask: number[];
  readonly ofChannel: number[];
  readonly ofTimer: number[];
  readonly ofCell: number[];
  readonly ofSleep: number[];
  /** The component of what has become of each scope, and of why each task was cancelled. */
  readonly ofRegion: number[];
  readonly ofReason: number[];
  readonly regionStates: RegionStates;
  /** Tasks that the last event has started. */
  readonly started: number[];
  /** Tasks that it has cancelled, and that are to make a plain call on their way out. */
  readonly stopped: number[];
  /** What was changed since it was forgotten, and what it was before: a component and a value each. */
  changes: Int32Array;
  changed: number;
  private readonly _capacities: number[];

  constructor(learner: Learner) {
    this.learner = learner;
    this.trie = learner.trie;
    this.contents = new Contents();
    this.state = new Int32Array(16);
    this.width = 0;
    this.ofTask = [];
    this.ofChannel = [];
    this.ofTimer = [];
    this.ofCell = [];
    this.ofSleep = [];
    this.ofRegion = [];
    this.ofReason = [];
    this.regionStates = new RegionStates();
    this.started = [];
    this.stopped = [];
    this.changes = new Int32Array(64);
    this.changed = 0;
    this._capacities = [];
  }

  /** A point to which changes can be taken back. */
  mark(): number {
    return this.changed;
  }

  /** Takes back what was changed since a mark. */
  takeBack(mark: number): void {
    const { changes, state } = this;
    for (let at = this.changed - 2; at >= mark; at -= 2) state[changes[at]!] = changes[at + 1]!;
    this.changed = mark;
  }

  /** From here on nothing can be taken back that was changed before. */
  forget(): void {
    this.changed = 0;
  }

  /** The component of something, which gets one if it has none. */
  component(of: number[], index: number): number {
    const known = of[index];
    return known !== undefined && known !== -1 ? known : this._give(of, index);
  }

  private _give(of: number[], index: number): number {
    while (of.length <= index) of.push(-1);
    of[index] = this.width++;
    if (this.width > this.state.length) this.state = grown(this.state);
    return of[index]!;
  }

  /** A task comes to a node. */
  stand(task: number, node: number): void {
    this.set(this.component(this.ofTask, task), node + 1);
    const sleep = this.ofSleep[task];
    if (sleep !== undefined && sleep !== -1) this.set(sleep, 0);
  }

  set(component: number, value: number): void {
    const before = this.state[component]!;
    if (before === value) return;
    if (this.changed === this.changes.length) this.changes = grown(this.changes);
    this.changes[this.changed++] = component;
    this.changes[this.changed++] = before;
    this.state[component] = value;
  }

  /** Where a task stands; -1 before it is started. */
  nodeOf(task: number): number {
    const component = this.ofTask[task];
    return component === undefined || component === -1 ? -1 : this.state[component]! - 1;
  }

  holds(channel: number): number {
    const component = this.ofChannel[channel];
    return component === undefined || component === -1 ? 0 : this.state[component]!;
  }

  /** The value in a cell, as a number; -1 before it is made. */
  inCell(cell: number): number {
    return this._in(this.ofCell, cell) - 1;
  }

  capacity(channel: number): number {
    return this._capacities[channel] ?? (this._capacities[channel] = this.learner.stage.channels[channel]!.capacity);
  }

  /** What is in the component of something; 0 while it has none. */
  private _in(of: readonly number[], index: number): number {
    const component = of[index];
    return component === undefined || component === -1 ? 0 : this.state[component]!;
  }

  /** What is left of a timeout, and one. */
  timer(timer: number): number {
    return this._in(this.ofTimer, timer);
  }

  slept(task: number): number {
    return this._in(this.ofSleep, task);
  }

  /** What has become of a scope. */
  become(region: number): number {
    return this._in(this.ofRegion, region);
  }

  /** Why a task was cancelled, as a value; -1 if it was not. */
  reason(task: number): number {
    return this._in(this.ofReason, task) - 1;
  }

  /** Whether all in a scope are over. */
  ended(region: number): boolean {
    for (const task of this.learner.stage.regions[region]!.members) {
      if (this.nodeOf(task) !== -1 && !this.over(task)) return false;
    }
    return true;
  }

  over(task: number): boolean {
    const node = this.nodeOf(task);
    return node !== -1 && this.trie.kind[node] !== PARKED;
  }
}

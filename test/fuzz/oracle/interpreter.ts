// Explores all states of a program of the small language. It knows nothing of the model and of the scheduler.
//
// In the low semantics the states are those that the scheduler reaches under some order of ready tasks, where a task may give way
// after each operation. The high semantics has all that the documentation of `verify` allows: any operation may be late, and
// parked operations are served in any order. A verifier may find more than the low semantics, but never less; and never more than
// the high semantics.

import { type Compiled, compile } from "./bytecode.js";
import type { Program } from "./language.js";
import { OVER, PARKED, State } from "./state.js";
import { Busy, holds, Names, newFrame, newTask, type Semantics, Step } from "./step.js";

export type Kind = "deadlock" | "leak" | "stuck" | "throw" | "invariant" | "endless";

export interface Explored {
  /** What can go wrong. */
  readonly kinds: ReadonlySet<Kind>;
  /** What `main` may return. */
  readonly outcomes: ReadonlySet<string>;
  readonly states: number;
  /** Whether all states were visited. */
  readonly complete: boolean;
}

export interface ExploreOptions {
  readonly high: boolean;
  readonly givesWayAlways?: boolean;
  readonly maxStates: number;
}

export function explore(program: Program, options: ExploreOptions): Explored {
  return new Exploration(compile(program), options).run();
}

class Exploration {
  private readonly _compiled: Compiled;
  private readonly _options: ExploreOptions;
  private readonly _step: Step;
  private readonly _names: Names;
  private readonly _ids: Map<string, number>;
  private readonly _states: State[];
  /** For each state those that follow, and those that follow when time passes although other things can happen. */
  private readonly _next: number[][];
  private readonly _kinds: Set<Kind>;
  private readonly _outcomes: Set<string>;
  private _expanded: number;

  constructor(compiled: Compiled, options: ExploreOptions) {
    const { high, givesWayAlways = false } = options;
    const semantics: Semantics = { high, givesWayAlways, recycles: compiled.recycles };
    this._compiled = compiled;
    this._options = options;
    this._names = new Names();
    this._step = new Step(semantics, this._names);
    this._ids = new Map();
    this._states = [];
    this._next = [];
    this._kinds = new Set();
    this._outcomes = new Set();
    this._expanded = 0;
  }

  run(): Explored {
    const initial = new State();
    initial.tasks[this._names.id("T", -1, 0)] = newTask(0, [newFrame(this._compiled.main, [])], -1, false, null);
    this._add(initial);
    const complete = this._runOn();
    return { kinds: this._kinds, outcomes: this._outcomes, states: this._states.length, complete };
  }

  private _runOn(): boolean {
    try {
      if (!this._expandAll()) return false;
      if (!this._compiled.loops) return true;
      // A busy part of the program does not stop the clock.
      for (let passed = new Set<number>(); ; ) {
        const busy = this._bottoms()
          .flatMap((bottom) => this._busy(bottom))
          .filter((id) => !passed.has(id));
        if (busy.length === 0) break;
        for (const id of busy) {
          passed.add(id);
          this._step.each(
            this._states[id]!,
            (step) => step.pass(),
            (next) => this._follow(id, next),
          );
        }
        if (!this._expandAll()) return false;
      }
      for (const bottom of this._bottoms()) this._judgeBottom(bottom);
      return true;
    } catch (error) {
      if (!(error instanceof Busy)) throw error;
      this._kinds.add("endless");
      return false;
    }
  }

  private _add(state: State): number {
    const { key } = state;
    const known = this._ids.get(key);
    if (known !== undefined) return known;
    const id = this._states.push(state) - 1;
    this._ids.set(key, id);
    this._next.push([]);
    return id;
  }

  private _follow(from: number, next: State): void {
    this._next[from]!.push(this._add(next));
  }

  /** Explores what is not explored yet; false if there are too many states. */
  private _expandAll(): boolean {
    for (; this._expanded < this._states.length; this._expanded++) {
      if (this._states.length > this._options.maxStates) return false;
      this._expand(this._expanded);
    }
    return true;
  }

  private _expand(id: number): void {
    const state = this._states[id]!;
    if (this._isWrong(state)) return;
    let moves = false;
    for (const task of state.tasks) {
      if (task === undefined || task.status === PARKED || task.status === OVER) continue;
      moves = true;
      this._step.each(
        state,
        (step) => step.turn(task.id),
        (next) => this._follow(id, next),
      );
    }
    for (const { left, entry } of state.alarms) {
      if (left > 0) break;
      moves = true;
      this._step.each(
        state,
        (step) => step.ring(entry),
        (next) => this._follow(id, next),
      );
    }
    if (moves) return;
    if (state.settlers.length > 0)
      this._step.each(
        state,
        (step) => step.settle(),
        (next) => this._follow(id, next),
      );
    else if (state.alarms.length > 0)
      this._step.each(
        state,
        (step) => step.pass(),
        (next) => this._follow(id, next),
      );
    else this._judgeEnd(state);
  }

  /** Whether the state itself is a failure; what comes after it does not count. */
  private _isWrong(state: State): boolean {
    if (state.violated || !holds(state)) {
      this._kinds.add("invariant");
      return true;
    }
    const main = state.tasks[0]!;
    if (main.status !== OVER) return false;
    if (main.ended === "done") {
      this._outcomes.add(main.result);
      return false;
    }
    this._kinds.add("throw");
    return true;
  }

  private _judgeEnd({ tasks }: State): void {
    for (const task of tasks) {
      if (task === undefined) continue;
      if (task.ended === "failed" && !task.handled) this._kinds.add("throw");
      if (task.status === PARKED && task.id === 0) this._kinds.add("deadlock");
      else if (task.status === PARKED && !task.daemon && tasks[0]!.status === OVER) this._kinds.add("leak");
    }
  }

  /** What is wrong in a part of the state space that is never left. */
  private _judgeBottom(bottom: readonly number[]): void {
    const first = this._states[bottom[0]!]!;
    for (const task of first.tasks) {
      if (task === undefined) continue;
      const always = bottom.every((id) => this._states[id]!.tasks[task.id]?.key === task.key);
      if (!always) continue;
      if (task.status === PARKED && !task.daemon) this._kinds.add("stuck");
      if (task.ended === "failed" && !task.handled) this._kinds.add("throw");
    }
  }

  /** The states of a bottom component in which time has to pass although other things can happen. */
  private _busy(bottom: readonly number[]): number[] {
    const passes = bottom.some((id) => {
      const { tasks, settlers, alarms } = this._states[id]!;
      const rests = tasks.every((task) => task === undefined || task.status === PARKED || task.status === OVER);
      return rests && settlers.length === 0 && (alarms[0]?.left ?? 0) > 0;
    });
    return passes
      ? []
      : bottom.filter((id) => this._states[id]!.alarms.length > 0 && this._states[id]!.alarms[0]!.left > 0);
  }

  /** The bottom strongly connected components that have an edge (Tarjan 1972). */
  private _bottoms(): number[][] {
    const count = this._states.length;
    const entered = new Int32Array(count);
    const low = new Int32Array(count);
    const component = new Int32Array(count).fill(-1);
    const at = new Int32Array(count);
    const open: number[] = [];
    const bottoms: number[][] = [];
    let [time, components] = [0, 0];
    const path: number[] = [];
    const enter = (id: number): void => {
      entered[id] = low[id] = ++time;
      open.push(id);
      path.push(id);
    };
    for (let root = 0; root < count; root++) {
      if (entered[root] === 0) enter(root);
      while (path.length > 0) {
        const id = path[path.length - 1]!;
        const next = this._next[id]!;
        if (at[id]! < next.length) {
          const target = next[at[id]!++]!;
          if (entered[target] === 0) enter(target);
          else if (component[target] === -1) low[id] = Math.min(low[id]!, entered[target]!);
          continue;
        }
        path.pop();
        if (path.length > 0) low[path[path.length - 1]!] = Math.min(low[path[path.length - 1]!]!, low[id]!);
        if (low[id] !== entered[id]) continue;
        const members = open.splice(open.lastIndexOf(id));
        for (const member of members) component[member] = components;
        const isBottom = members.every((member) =>
          this._next[member]!.every((target) => component[target] === components),
        );
        if (isBottom && members.some((member) => this._next[member]!.length > 0)) bottoms.push(members);
        components++;
      }
    }
    return bottoms;
  }
}

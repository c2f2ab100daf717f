// Tasks that are alike: started side by side with the same body, they do the same with the same past, and nobody speaks of one
// of them. Then it does not matter which of them stands where, and of all states that differ only in that one is enough.
//
// That they are alike is taken for granted where they look it, and tried on everything that is learned; where it is not so a
// search begins anew, knowing it.

import { type Refinements, Refuted } from "./sandbox.js";

/** No tasks are taken to be alike. */
export const APART = "apart";

/** Tasks that are alike, and what each was started with. */
interface Group {
  readonly name: string;
  readonly tasks: number[];
  readonly spawns: number[];
  /** Whether there was another before that looked like it, and whose tasks were not alike. */
  readonly isSecond: boolean;
}

export class Alike {
  /** Those of which there are several. */
  readonly groups: number[][];
  private readonly _marks: Refinements;
  private readonly _byKey: Map<string, Group>;
  private readonly _byTask: (Group | undefined)[];
  private readonly _byVariant: (Group | undefined)[];
  /** One that turned out to be spoken of. */
  private _single: string | null;

  constructor(marks: Refinements) {
    this.groups = [];
    this._marks = marks;
    this._byKey = new Map();
    this._byTask = [];
    this._byVariant = [];
    this._single = null;
  }

  /** A task is started in a way that others may have been started in, too; the first way to have been like it, or itself. */
  add(key: string, name: string, task: number, variant: number): number {
    if (this._marks.has(APART) || this._isElsewhere(task)) return variant;
    const group = this._byKey.get(key);
    const differs = group !== undefined && this._marks.has(`${APART} ${group.name}`);
    if (group === undefined || differs) {
      const found = this._found(name, task, variant, differs);
      // One may be another than the rest; where that is like no other either, none is.
      if (group?.isSecond !== true) this._byKey.set(key, found);
      return variant;
    }
    group.tasks.push(task);
    group.spawns.push(variant);
    this._byTask[task] = this._byVariant[variant] = group;
    if (group.tasks.length === 2) this.groups.push(group.tasks);
    return group.spawns[0]!;
  }

  /** One that is started in several ways, whatever happened before, is like no other. */
  private _isElsewhere(task: number): boolean {
    if (this._byTask[task] === undefined) return false;
    this.single(task);
    return true;
  }

  private _found(name: string, task: number, variant: number, isSecond: boolean): Group {
    const group = { name, tasks: [task], spawns: [variant], isSecond };
    this._byTask[task] = this._byVariant[variant] = group;
    return group;
  }

  /** The first of those that a task is like. */
  firstOf(task: number): number {
    return this._byTask[task]?.tasks[0] ?? task;
  }

  /** The tasks that a task is like, itself among them. */
  like(task: number): readonly number[] {
    return this._byTask[task]?.tasks ?? [task];
  }

  /** The ways in which others were started that are taken to be like one. */
  others(variant: number): readonly number[] {
    return this._byVariant[variant]?.spawns.slice(1) ?? [];
  }

  /** Somebody speaks of a task. */
  single(task: number): void {
    const group = this._byTask[task];
    if (group !== undefined && group.tasks.length > 1) this._single = group.name;
  }

  /** Begins anew if somebody spoke of one of several. */
  assertNobody(): void {
    if (this._single !== null) throw new Refuted(`${APART} ${this._single}`);
  }

  /** They are not alike. */
  differ(task: number): never {
    throw new Refuted(`${APART} ${this._byTask[task]!.name}`);
  }

  isShared(task: number): boolean {
    return this.like(task).length > 1;
  }
}

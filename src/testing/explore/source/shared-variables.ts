// Finds the variables that tasks of a program share, in the source of the program. A variable is shared if one task writes to it
// and another one uses it; the bodies of tasks are the functions that are handed to other functions, such as `go`. It is a
// hidden state as well if a round of a loop changes it and it lives outside of the round.
//
// The analysis goes by names and errs towards sharing: it does not follow values. Then the program is run under every schedule
// instead of being modelled, which takes longer and assumes nothing.

import type { AnyNode, Node } from "acorn";
import {
  type Access,
  AT_ONCE,
  children,
  functionIn,
  LOOP,
  nameOf,
  Scopes,
  type Unit,
  type Variable,
} from "./scopes.js";

/** A variable that tasks share. */
export interface SharedVariable {
  readonly name: string;
  /** A write and another use: in which function, and at which line of the source. */
  readonly written: Place;
  readonly used: Place;
  /** Whether one task carries it from round to round of a loop. */
  readonly carried: boolean;
}

interface Place {
  readonly task: string;
  readonly line: number;
}

/** The parser, once it was needed: to import it again takes longer than to parse a small program. */
let acorn: Promise<typeof import("acorn")> | undefined;

/** The variables that the tasks of some source share; null if the source cannot be read. */
export async function sharedVariables(source: string): Promise<SharedVariable[] | null> {
  const { parse } = await (acorn ??= import("acorn"));
  const options = { ecmaVersion: "latest", allowAwaitOutsideFunction: true, locations: true } as const;
  for (const [before, after] of FORMS) {
    let program: AnyNode;
    try {
      program = parse(before + source + after, { ...options, sourceType: "module" }) as AnyNode;
    } catch {
      continue;
    }
    return new Analysis(program).shared();
  }
  return null;
}

/** The source of a function is that of an expression, or of a method. */
const FORMS = [
  ["(", "\n)"],
  ["({", "\n})"],
  ["(class {", "\n})"],
] as const;

class Analysis {
  private readonly _scopes: Scopes;
  /** The functions that are bodies of tasks, and those of them of which there may be several tasks. */
  private readonly _roots: Set<Unit>;
  private readonly _many: Set<Unit>;
  /** For each body of a task the functions that start such tasks. */
  private readonly _starters: Map<Unit, Set<Unit>>;
  /** The bodies of loops, of which each round is a new call. */
  private readonly _rounds: Set<Unit>;
  /** For each function the functions that call it. */
  private readonly _callers: Map<Unit, Set<Unit>>;
  /** Where the first task is started, in each function. */
  private readonly _firstStart: Map<Unit, number>;
  private readonly _main: Unit;

  constructor(root: AnyNode) {
    this._scopes = new Scopes(root);
    this._roots = new Set();
    this._many = new Set();
    this._starters = new Map();
    this._rounds = new Set();
    this._callers = new Map();
    this._firstStart = new Map();
    this._main = this._scopes.units[0]!;
    this._roots.add(this._main);
    this._findRoots(root, null);
    this._findReferences();
  }

  shared(): SharedVariable[] {
    const found: SharedVariable[] = [];
    for (const variable of this._scopes.variables) {
      const shared = this._carried(variable) ?? this._shared(variable);
      if (shared !== null) found.push(shared);
    }
    return found;
  }

  // Which functions are bodies of tasks.

  /** Functions that stand where a value stands, and not where they are called at once. */
  private _findRoots(node: AnyNode, parent: AnyNode | null): void {
    const given = functionIn(node);
    if (given !== null && node.type !== "FunctionDeclaration") {
      const unit = this._scopes.unitOf.get(given)!;
      const call = parent?.type === "CallExpression" ? parent : null;
      if (call !== null && call.callee !== node) this._handOver(unit, call);
      else if (call?.callee === node) this._calls(unit, unit.outer!);
      else if (parent?.type !== "VariableDeclarator" && unit !== this._main) this._addRoot(unit, node.start);
    }
    for (const child of children(given ?? node)) this._findRoots(child, given ?? node);
  }

  private _handOver(unit: Unit, call: AnyNode & { type: "CallExpression" }): void {
    const name = calleeOf(call);
    if (AT_ONCE.test(name)) {
      this._calls(unit, unit.outer!);
      return;
    }
    const first = call.arguments[0];
    const isLoop = LOOP.test(name) || (first !== undefined && LOOP.test(nameOf(first as AnyNode)));
    if (isLoop) this._rounds.add(unit);
    // A round of `yield* forever(…)` belongs to the task that loops.
    if (LOOP.test(name)) this._calls(unit, unit.outer!);
    else {
      this._addRoot(unit, call.start);
      this._aliases(unit, call);
    }
  }

  private _addRoot(unit: Unit, at: number, by: Unit | null = unit.outer, looped: boolean = unit.inLoop): void {
    const repeated = looped || (by !== null && this._isRepeated(by));
    if (this._roots.has(unit) || repeated) this._many.add(unit);
    this._roots.add(unit);
    if (by !== null) this._starters.set(unit, (this._starters.get(unit) ?? new Set()).add(by));
    // In a loop, what stands before the start comes after it in the next round.
    for (let starter = by; starter !== null; starter = this._roots.has(starter) ? null : starter.outer) {
      this._firstStart.set(starter, Math.min(this._firstStart.get(starter) ?? Infinity, looped ? 0 : at));
    }
  }

  /** Whether a function that is no body of a task is called in a loop. */
  private _isRepeated(unit: Unit): boolean {
    return !this._roots.has(unit) && (unit.inLoop || (unit.outer !== null && this._isRepeated(unit.outer)));
  }

  /** A task that changes what it is started with changes what the variables stand for that are given to it. */
  private _aliases({ node }: Unit, call: AnyNode & { type: "CallExpression" }): void {
    const nth = call.arguments.findIndex((argument) => this._isTask(argument as AnyNode, node));
    const given = call.arguments.slice(nth + 1);
    for (const [at, parameter] of (node?.params ?? []).entries()) {
      const argument = given[at];
      if (argument?.type !== "Identifier" || parameter.type !== "Identifier") continue;
      const variable = this._scopes.variableOf.get(argument);
      const own = this._scopes.variables.find(({ declared }) => declared === parameter);
      if (variable === undefined || own === undefined) continue;
      variable.accesses.push(...own.accesses.filter(({ within, writes }) => within && writes));
    }
  }

  private _isTask(argument: AnyNode, node: Node | null): boolean {
    if (functionIn(argument) === node) return true;
    const variable = argument.type === "Identifier" ? this._scopes.variableOf.get(argument) : undefined;
    return variable !== undefined && this._functionOf(variable)?.node === node;
  }

  private _calls(callee: Unit, caller: Unit): void {
    const callers = this._callers.get(callee) ?? new Set();
    this._callers.set(callee, callers.add(caller));
  }

  /** Functions with a name are called by it, or handed over by it. */
  private _findReferences(): void {
    for (const variable of this._scopes.variables) {
      const unit = this._functionOf(variable);
      if (unit === null) continue;
      for (const { node, unit: by, calls, looped } of variable.accesses) {
        if (calls) this._calls(unit, by);
        else this._reference(unit, by, node, looped);
      }
    }
  }

  private _reference(unit: Unit, by: Unit, node: Node, looped: boolean): void {
    const call = this._scopes.callOf.get(node);
    if (call !== undefined && AT_ONCE.test(calleeOf(call))) {
      this._calls(unit, by);
      return;
    }
    this._addRoot(unit, node.start, by, looped);
    if (call !== undefined) this._aliases(unit, call);
    // `go(forever, body)`: each round is a call of the body.
    if (this._scopes.loopArguments.has(node)) this._rounds.add(unit);
  }

  private _functionOf({ kind, init, declared }: Variable): Unit | null {
    const given = init === null ? null : functionIn(init);
    if (given !== null) return this._scopes.unitOf.get(given) ?? null;
    if (kind !== "function") return null;
    return this._scopes.units.find(({ node }) => node !== null && "id" in node && node.id === declared) ?? null;
  }

  // Which tasks use a variable.

  /** The bodies of the tasks that run a function. */
  private _tasksOf(unit: Unit, seen: Set<Unit> = new Set()): Set<Unit> {
    const tasks = new Set<Unit>();
    if (seen.has(unit)) return tasks;
    seen.add(unit);
    if (this._roots.has(unit)) tasks.add(unit);
    for (const caller of this._callers.get(unit) ?? []) for (const task of this._tasksOf(caller, seen)) tasks.add(task);
    return tasks;
  }

  private _shared(variable: Variable): SharedVariable | null {
    if (this._functionOf(variable) !== null) return null;
    const uses = variable.accesses.flatMap((access) =>
      [...this._tasksOf(access.unit)].map((task) => ({ access, task })),
    );
    for (const { access: write, task } of uses) {
      if (!write.writes || this._isBeforeTasks(variable, write)) continue;
      // The loop counts up its own copy.
      if (variable.perRound && write.unit === variable.unit) continue;
      for (const { access: use, task: other } of uses) {
        const apart = task !== other || (use.unit !== variable.unit && this._hasSeveral(task, variable));
        if (apart && !this._isBeforeTasks(variable, use)) return this._found(variable, write, use, false);
      }
    }
    return null;
  }

  /**
   * Whether several tasks of one body share a variable. The variable lives outside of the body, and the body is started several
   * times, or by a body of which that is true.
   */
  private _hasSeveral(task: Unit, variable: Variable, seen: Set<Unit> = new Set()): boolean {
    if (isInside(variable.unit, task) || seen.has(task)) return false;
    seen.add(task);
    if (this._many.has(task)) return true;
    for (const by of this._starters.get(task) ?? []) {
      for (const starter of this._tasksOf(by)) if (this._hasSeveral(starter, variable, seen)) return true;
    }
    return false;
  }

  /** Whether a function that declares a variable uses it before it starts any task. */
  private _isBeforeTasks({ unit }: Variable, { unit: by, node }: Access): boolean {
    return by === unit && node.start < (this._firstStart.get(unit) ?? Infinity) && this._firstStart.has(unit);
  }

  /** A variable that the rounds of a loop change, and that is not theirs. */
  private _carried(variable: Variable): SharedVariable | null {
    for (const round of this._rounds) {
      if (isInside(variable.unit, round)) continue;
      const within = variable.accesses.filter(({ unit }) => isInside(unit, round));
      const write = within.find(({ writes }) => writes);
      if (write !== undefined) return this._found(variable, write, within.find((use) => use !== write) ?? write, true);
    }
    return null;
  }

  private _found({ name }: Variable, write: Access, use: Access, carried: boolean): SharedVariable {
    return { name, written: this._placeOf(write), used: this._placeOf(use), carried };
  }

  private _placeOf({ node, unit }: Access): Place {
    const name = unit === this._main ? "main" : unit.name;
    return { task: name || "a task", line: node.loc!.start.line };
  }
}

const calleeOf = ({ callee }: AnyNode & { type: "CallExpression" }): string => nameOf(callee as AnyNode);

/** Whether a function is another one, or stands in it. */
function isInside(unit: Unit, outer: Unit): boolean {
  for (let at: Unit | null = unit; at !== null; at = at.outer) if (at === outer) return true;
  return false;
}

/** The variables in words: where each is written and used, and what to do. */
export function sharingText(shared: readonly SharedVariable[]): string {
  return shared
    .map(({ name, written, used, carried }) => {
      if (carried)
        return `${name}: changed by a round of a loop in ${written.task}, line ${written.line}; give it to loop() as its state`;
      return `${name}: written in ${written.task}, line ${written.line}; used in ${used.task}, line ${used.line}; declare it with cell()`;
    })
    .join(". ");
}

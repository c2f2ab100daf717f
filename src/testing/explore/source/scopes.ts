// The variables of a piece of source, each with the places at which it is read and written, and the functions that these are in.
// Only as much of JavaScript is known here as the question needs: a name that is not declared in the source is not a variable.

import type { AnyNode, Function as FunctionNode, Identifier, Node, Pattern } from "acorn";

/** A function of the source, or the source itself. */
export interface Unit {
  readonly node: FunctionNode | null;
  /** The function that it stands in; null for the source itself. */
  readonly outer: Unit | null;
  readonly name: string;
  /** The number of loops, of this function alone, around the place where it stands in its outer function. */
  readonly inLoop: boolean;
}

export interface Variable {
  readonly name: string;
  readonly unit: Unit;
  /** Where it is declared. */
  readonly declared: Node;
  /** Whether each round of a `for` loop has a copy of its own, which the loop itself counts up. */
  readonly perRound: boolean;
  /** What it is declared with, if that is an expression. */
  init: AnyNode | null;
  readonly kind: "variable" | "parameter" | "function";
  readonly accesses: Access[];
}

export interface Access {
  readonly node: Node;
  readonly unit: Unit;
  readonly writes: boolean;
  /** Whether the name is called: `name(…)`. */
  readonly calls: boolean;
  /** Whether what it stands for is changed, and not the variable. */
  readonly within: boolean;
  /** Whether it stands in a loop of its function. */
  readonly looped: boolean;
}

/** Methods of the language's own objects that change them. */
const CHANGING = new Set([
  ...["push", "pop", "shift", "unshift", "splice", "sort", "reverse", "fill", "copyWithin"],
  ...["set", "add", "delete", "clear", "append"],
]);

/** Functions that call what they are handed before they return, in the task that calls them. */
export const AT_ONCE: RegExp =
  /^(map|forEach|filter|reduce|reduceRight|some|every|find|findIndex|findLast|findLastIndex|flatMap|sort|toSorted|from|replace|invariant|entries|keys)$/;

/** The loops of which a verification folds the rounds. */
export const LOOP: RegExp = /^(forever|loop)$/;

/** The name by which a function is called. Modules that were compiled call `(0, module.name)(…)`. */
export function nameOf(node: AnyNode): string {
  if (node.type === "Identifier") return node.name;
  if (node.type === "SequenceExpression") return nameOf(node.expressions.at(-1)!);
  const { property } = node as { readonly property?: AnyNode };
  return node.type === "MemberExpression" && property?.type === "Identifier" ? property.name : "";
}

const names = (node: AnyNode, pattern: RegExp): boolean => pattern.test(nameOf(node));

interface Scope {
  readonly unit: Unit;
  readonly outer: Scope | null;
  readonly names: Map<string, Variable>;
  readonly isFunction: boolean;
  readonly perRound: boolean;
}

type Fields = Record<string, unknown>;
const isNode = (value: unknown): value is AnyNode => typeof value === "object" && value !== null && "type" in value;

const isFunction = (node: AnyNode): node is AnyNode & FunctionNode =>
  node.type === "FunctionDeclaration" || node.type === "FunctionExpression" || node.type === "ArrowFunctionExpression";

/** The function that an expression is. Bundlers wrap it so that it keeps its name: `__name(function () { … }, "name")`. */
export function functionIn(node: AnyNode): (AnyNode & FunctionNode) | null {
  if (isFunction(node)) return node;
  return node.type === "CallExpression" && names(node.callee as AnyNode, KEEPS_NAME)
    ? functionIn(node.arguments[0]!)
    : null;
}

const KEEPS_NAME = /^__name$/;

const isLoop = (node: AnyNode): boolean => /^(For|While|DoWhile|ForIn|ForOf)Statement$/.test(node.type);

/** The children of a node, in the order of the source. */
export function children(node: AnyNode): AnyNode[] {
  const found: AnyNode[] = [];
  for (const value of Object.values(node as unknown as Fields)) {
    if (isNode(value)) found.push(value);
    else if (Array.isArray(value)) found.push(...value.filter(isNode));
  }
  return found;
}

/** The names that a pattern binds. */
function* bound(pattern: Pattern): Generator<Identifier, void, undefined> {
  if (pattern.type === "Identifier") yield pattern;
  else if (pattern.type === "AssignmentPattern") yield* bound(pattern.left);
  else if (pattern.type === "RestElement") yield* bound(pattern.argument);
  else if (pattern.type === "ArrayPattern") for (const part of pattern.elements) if (part !== null) yield* bound(part);
  if (pattern.type !== "ObjectPattern") return;
  for (const property of pattern.properties)
    yield* bound(property.type === "RestElement" ? property.argument : property.value);
}

/** The variables of a source, and its functions. */
export class Scopes {
  readonly variables: Variable[];
  readonly units: Unit[];
  /** For each function that stands in the source, its unit. */
  readonly unitOf: Map<Node, Unit>;
  /** For each argument of a call, the call. */
  readonly callOf: Map<Node, AnyNode & { type: "CallExpression" }>;
  /** For each name in the source its variable. */
  readonly variableOf: Map<Node, Variable>;
  /** Names of functions that a loop is called with, or that are started with it: `go(forever, round)`. */
  readonly loopArguments: Set<Node>;
  private _looped: boolean;

  constructor(root: AnyNode) {
    this.variables = [];
    this.units = [];
    this.unitOf = new Map();
    this.variableOf = new Map();
    this.callOf = new Map();
    this.loopArguments = new Set();
    this._looped = false;
    const unit: Unit = { node: null, outer: null, name: "", inLoop: false };
    const scope: Scope = { unit, outer: null, names: new Map(), isFunction: true, perRound: false };
    this._hoist(root, scope);
    this._visit(root, scope, false);
  }

  /** Declares what belongs to the whole of a function: `var`, and functions; and what belongs to a block. */
  private _hoist(node: AnyNode, scope: Scope): void {
    for (const child of children(node)) this._declare(child, scope, true);
  }

  private _declare(node: AnyNode, scope: Scope, isDirect: boolean): void {
    if (node.type === "FunctionDeclaration") {
      if (node.id != null && isDirect) this._add(scope, node.id, "function", null);
      return;
    }
    if (isFunction(node)) return;
    if (node.type === "ClassDeclaration" && isDirect && node.id != null) this._add(scope, node.id, "function", null);
    if (node.type === "VariableDeclaration" && (isDirect || node.kind === "var")) {
      const to = node.kind === "var" ? functionScope(scope) : scope;
      for (const { id, init } of node.declarations)
        for (const name of bound(id)) this._add(to, name, "variable", id.type === "Identifier" ? (init ?? null) : null);
    }
    for (const child of children(node)) this._declare(child, scope, false);
  }

  private _add(scope: Scope, id: Identifier, kind: Variable["kind"], init: AnyNode | null): void {
    if (scope.names.has(id.name)) return;
    const { unit, perRound } = scope;
    const variable: Variable = { name: id.name, unit, declared: id, perRound, init, kind, accesses: [] };
    scope.names.set(id.name, variable);
    this.variables.push(variable);
  }

  private _visit(node: AnyNode, scope: Scope, looped: boolean): void {
    this._looped = looped;
    if (isFunction(node)) {
      this._visitFunction(node, scope, looped);
      return;
    }
    if (node.type === "Identifier") {
      this._access(node, scope, false, false, false);
      return;
    }
    if (node.type === "VariableDeclarator") {
      for (const name of bound(node.id)) this._access(name, scope, node.init != null || looped, false, false, true);
      this._visitPattern(node.id, scope, looped);
      if (node.init != null) this._visit(node.init, scope, looped);
      return;
    }
    if (node.type === "AssignmentExpression") {
      this._assign(node.left, scope, looped);
      this._visit(node.right, scope, looped);
      return;
    }
    if (node.type === "UpdateExpression" || (node.type === "UnaryExpression" && node.operator === "delete")) {
      this._assign(node.argument, scope, looped);
      return;
    }
    if (node.type === "CallExpression") {
      this._call(node, scope, looped);
      return;
    }
    if (node.type === "MemberExpression") {
      this._visit(node.object, scope, looped);
      if (node.computed) this._visit(node.property, scope, looped);
      return;
    }
    if (node.type === "Property" || node.type === "MethodDefinition" || node.type === "PropertyDefinition") {
      if (node.computed) this._visit(node.key, scope, looped);
      if (node.value != null) this._visit(node.value, scope, looped);
      return;
    }
    if (node.type === "LabeledStatement") {
      this._visit(node.body, scope, looped);
      return;
    }
    if (node.type === "BreakStatement" || node.type === "ContinueStatement") return;
    if (node.type === "ForInStatement" || node.type === "ForOfStatement") {
      this._visitForEach(node, scope);
      return;
    }
    const opensBlock =
      node.type === "BlockStatement" || node.type === "ForStatement" || node.type === "SwitchStatement";
    const loops = looped || isLoop(node);
    const inner =
      opensBlock || node.type === "CatchClause" ? this._block(node, scope, node.type === "ForStatement") : scope;
    for (const child of children(node)) this._visit(child, inner, loops);
  }

  private _block(node: AnyNode, scope: Scope, perRound: boolean): Scope {
    const inner: Scope = { unit: scope.unit, outer: scope, names: new Map(), isFunction: false, perRound };
    if (node.type === "CatchClause" && node.param != null)
      for (const name of bound(node.param)) this._add(inner, name, "variable", null);
    this._hoist(node, inner);
    return inner;
  }

  private _visitForEach(node: AnyNode & { type: "ForInStatement" | "ForOfStatement" }, scope: Scope): void {
    const inner = this._block(node, scope, true);
    this._visit(node.right, scope, false);
    if (node.left.type === "VariableDeclaration") this._visit(node.left, inner, true);
    else this._assign(node.left, inner, true);
    this._visit(node.body, inner, true);
  }

  private _visitFunction(node: FunctionNode, scope: Scope, looped: boolean): void {
    const name = "id" in node && node.id != null ? node.id.name : "";
    const unit: Unit = { node, outer: scope.unit, name, inLoop: looped };
    this.units.push(unit);
    this.unitOf.set(node, unit);
    const inner: Scope = { unit, outer: scope, names: new Map(), isFunction: true, perRound: false };
    if (node.type === "FunctionExpression" && node.id != null) this._add(inner, node.id, "function", null);
    for (const parameter of node.params) for (const id of bound(parameter)) this._add(inner, id, "parameter", null);
    for (const parameter of node.params) this._visitPattern(parameter, inner, false);
    if (node.body.type !== "BlockStatement") {
      this._visit(node.body, inner, false);
      return;
    }
    this._hoist(node.body, inner);
    for (const statement of node.body.body) this._visit(statement, inner, false);
  }

  /** The expressions in a pattern: defaults and computed keys. */
  private _visitPattern(pattern: AnyNode, scope: Scope, looped: boolean): void {
    if (pattern.type === "AssignmentPattern") {
      this._visitPattern(pattern.left, scope, looped);
      this._visit(pattern.right, scope, looped);
    } else if (pattern.type !== "Identifier") {
      for (const child of children(pattern)) if (child.type !== "Identifier") this._visitPattern(child, scope, looped);
    }
  }

  private _assign(target: AnyNode, scope: Scope, looped: boolean): void {
    this._looped = looped;
    if (target.type === "Identifier") {
      this._access(target, scope, true, false, false);
      return;
    }
    if (target.type === "MemberExpression") {
      const root = rootOf(target);
      // `cell.value = …` writes to a cell, unless the variable is known to be an object of the program.
      const isCell = !target.computed && target.property.type === "Identifier" && target.property.name === "value";
      if (root !== null) this._access(root, scope, true, false, true, false, isCell);
      if (root === null) this._visit(target.object, scope, looped);
      if (target.computed) this._visit(target.property, scope, looped);
      return;
    }
    if (target.type === "ArrayPattern" || target.type === "ObjectPattern") {
      for (const child of children(target))
        this._assign(child.type === "Property" ? child.value : child, scope, looped);
    } else if (target.type === "AssignmentPattern") {
      this._assign(target.left, scope, looped);
      this._visit(target.right, scope, looped);
    } else if (target.type === "RestElement") {
      this._assign(target.argument, scope, looped);
    }
  }

  private _call(node: AnyNode & { type: "CallExpression" }, scope: Scope, looped: boolean): void {
    const { callee } = node;
    if (callee.type === "Identifier") this._access(callee, scope, false, true, false);
    else if (callee.type === "MemberExpression" && !callee.computed && callee.property.type === "Identifier") {
      const root = rootOf(callee);
      const changes = CHANGING.has(callee.property.name);
      if (root !== null) this._access(root, scope, changes, false, changes);
      else this._visit(callee.object, scope, looped);
    } else this._visit(callee as AnyNode, scope, looped);
    if (names(callee as AnyNode, LOOP) || node.arguments.some((argument) => names(argument, LOOP)))
      for (const argument of node.arguments) this.loopArguments.add(argument);
    for (const argument of node.arguments) this.callOf.set(argument, node);
    // What is called for each element runs as often as a loop.
    const eachElement = names(callee as AnyNode, AT_ONCE);
    for (const argument of node.arguments)
      this._visit(argument, scope, looped || (eachElement && isFunction(argument)));
  }

  private _access(
    id: Identifier,
    scope: Scope,
    writes: boolean,
    calls: boolean,
    within: boolean,
    declares = false,
    isCell = false,
  ): void {
    let at: Scope | null = scope;
    while (at !== null && !at.names.has(id.name)) at = at.outer;
    const variable = at?.names.get(id.name);
    if (variable === undefined || (declares && variable.declared === id)) return;
    this.variableOf.set(id, variable);
    if (within && !isOwn(variable, isCell)) return;
    variable.accesses.push({ node: id, unit: scope.unit, writes, calls, within, looped: this._looped });
  }
}

/** The variable at the root of `a.b[0].c`; null for the member of something else. */
function rootOf(member: AnyNode): Identifier | null {
  let at: AnyNode = member;
  while (at.type === "MemberExpression") at = at.object as AnyNode;
  return at.type === "Identifier" ? at : null;
}

/** Whether a variable stands for an object of the language, and not for a channel, a cell or a lock, as far as its declaration shows. */
function isOwn({ init, kind }: Variable, isCell: boolean): boolean {
  if (kind === "parameter") return !isCell;
  if (init === null) return false;
  if (init.type === "ObjectExpression") return true;
  if (init.type === "ArrayExpression") return !isCell;
  if (init.type === "NewExpression")
    return (
      init.callee.type === "Identifier" && /^(Map|Set|WeakMap|WeakSet|Array|[A-Za-z0-9]*Array)$/.test(init.callee.name)
    );
  return init.type === "CallExpression" && !isCell && rootName(init.callee as AnyNode) === "Array";
}

const rootName = (node: AnyNode): string => (node.type === "Identifier" ? node.name : (rootOf(node)?.name ?? ""));

function functionScope(scope: Scope): Scope {
  let at = scope;
  while (!at.isFunction) at = at.outer!;
  return at;
}

// Turns the declarations that tsc has written to dist/types into the declarations that are shipped. `stripInternal` would leave
// classes that implement the interfaces of their internal members, and that override members which are gone. So this removes, in
// the files that the entry points reach:
//
// - members tagged `@internal`, and what overrides them in subclasses; a constructor becomes private;
// - `implements` of interfaces that no entry point exports;
// - files that no entry point reaches;
// - the comments of what users cannot name: it is not exported, and no exported class or interface extends it.
//
// Members tagged `@protected` become protected: the package itself uses them everywhere, but only subclasses of users may.
// Private members move to the end of their class, as the errors of the compiler list the first members that a value lacks.

import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const root = fileURLToPath(new URL("../", import.meta.url));

/** Interfaces of the language that the shipped classes may name in `implements`. */
const STANDARD = ["PromiseLike", "Iterable", "AsyncIterable", "Disposable", "AsyncDisposable"];

/**
 * Types of the host that the declarations mention. Where a library or Node's types declare them in full, these add nothing.
 * Without either, the package still type-checks. Declarations of one interface must have the same type parameters.
 */
const globals = `interface AbortSignal {}
interface Event {}
interface EventTarget {}
interface ReadableStream<R = any> {}
interface WritableStream<W = any> {}
`;

interface Edit {
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

/** A comment, with the rest of its line. */
const COMMENT = /\/\*\*[\s\S]*?\*\/\s*/g;

function tagged(node: ts.Node, tag: string): boolean {
  return ts.getJSDocTags(node).some(({ tagName }) => tagName.text === tag);
}

/** Edits the declarations in a folder, of which `entries` are the entry points. */
export function ship(folder: string, entries: readonly string[]): void {
  const program = ts.createProgram([...entries], {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    lib: ["lib.es2023.d.ts", "lib.esnext.disposable.d.ts", "lib.dom.d.ts"],
    noLib: false,
    types: [],
  });
  const checker = program.getTypeChecker();
  const files = program.getSourceFiles().filter(({ fileName }) => !relative(folder, fileName).startsWith(".."));
  const reached = new Set(files.map(({ fileName }) => resolve(fileName)));
  const exported = new Set<ts.Symbol>();
  for (const entry of entries) {
    const module = checker.getSymbolAtLocation(program.getSourceFile(entry)!);
    for (const symbol of module === undefined ? [] : checker.getExportsOfModule(module)) exported.add(aliased(symbol));
  }
  const shown = new Set([...exported].flatMap((symbol) => [symbol, ...basesOf(symbol)]));
  const edited = files.map((file) => [file.fileName, edit(file)] as const);
  for (const [name, text] of edited) writeFileSync(name, text);
  for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    const path = join(folder, name);
    if (statSync(path).isFile() && !reached.has(path)) rmSync(path);
  }
  writeFileSync(join(folder, "globals.d.ts"), globals);

  function aliased(symbol: ts.Symbol): ts.Symbol {
    return symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
  }

  function edit(file: ts.SourceFile): string {
    const edits: Edit[] = [];
    ts.forEachChild(file, (node) => {
      if (ts.isClassDeclaration(node)) editClass(node, edits);
      if (ts.isInterfaceDeclaration(node)) for (const member of node.members) editMember(member, edits);
    });
    let text = file.text;
    for (const { from, to, text: replacement } of edits.sort((a, b) => b.from - a.from)) {
      text = text.slice(0, from) + replacement + text.slice(to);
    }
    return references(file, text) + withoutComments(file, text);
  }

  /** The classes and interfaces that a class or an interface extends. */
  function basesOf(symbol: ts.Symbol): ts.Symbol[] {
    const type = checker.getDeclaredTypeOfSymbol(symbol);
    const bases = type.isClassOrInterface() ? checker.getBaseTypes(type) : [];
    return bases.flatMap(({ symbol: base }) => (base === undefined ? [] : [base, ...basesOf(base)]));
  }

  /** The text of a file without the comments of what is not shown. */
  function withoutComments(file: ts.SourceFile, text: string): string {
    const hidden = new Set<string>();
    for (const statement of file.statements) {
      const named = ts.isVariableStatement(statement) ? statement.declarationList.declarations[0]! : statement;
      const { name } = named as { name?: ts.Identifier };
      const symbol = name && checker.getSymbolAtLocation(name);
      if (symbol !== undefined && !shown.has(symbol)) hidden.add(symbol.name);
    }
    let made = "";
    let from = 0;
    for (const statement of ts.createSourceFile(file.fileName, text, ts.ScriptTarget.ES2022).statements) {
      const named = ts.isVariableStatement(statement) ? statement.declarationList.declarations[0]! : statement;
      const { name } = named as { name?: ts.Identifier };
      if (name === undefined || !hidden.has(name.text)) continue;
      made += text.slice(from, statement.pos) + text.slice(statement.pos, statement.end).replace(COMMENT, "");
      from = statement.end;
    }
    return made + text.slice(from);
  }

  function references(file: ts.SourceFile, text: string): string {
    const lines: string[] = [];
    if (/\b(?:Async)?Disposable\b|Symbol\.(?:asyncD|d)ispose\b/.test(text)) {
      lines.push(`/// <reference lib="esnext.disposable" />\n`);
    }
    if (/\b(?:AbortSignal|Event|EventTarget|ReadableStream|WritableStream)\b/.test(text)) {
      const path = join(relative(join(file.fileName, ".."), folder), "globals.d.ts").replaceAll("\\", "/");
      lines.push(`/// <reference path="${path}" />\n`);
    }
    return lines.join("");
  }

  function editClass(node: ts.ClassDeclaration, edits: Edit[]): void {
    for (const clause of node.heritageClauses ?? []) {
      if (clause.token !== ts.SyntaxKind.ImplementsKeyword) continue;
      const kept = clause.types.filter(({ expression }) => {
        const symbol = checker.getSymbolAtLocation(expression);
        return symbol !== undefined && (STANDARD.includes(symbol.name) || exported.has(aliased(symbol)));
      });
      const text = kept.length === 0 ? "" : ` implements ${kept.map((type) => type.getText()).join(", ")}`;
      edits.push({ from: clause.pos, to: clause.end, text });
    }
    const hidden: string[] = [];
    for (const member of node.members) {
      if (ts.isConstructorDeclaration(member) && tagged(member, "internal")) {
        edits.push({ from: member.pos, to: member.end, text: "" });
        hidden.push("\n    private constructor();");
      } else if (!isInternal(member, node) && ts.getCombinedModifierFlags(member) & ts.ModifierFlags.Private) {
        edits.push({ from: member.pos, to: member.end, text: "" });
        hidden.push(`\n    ${member.getText()}`);
      } else {
        editMember(member, edits, node);
      }
    }
    if (hidden.length > 0) edits.push({ from: node.members.end, to: node.members.end, text: hidden.join("") });
  }

  function editMember(member: ts.ClassElement | ts.TypeElement, edits: Edit[], parent?: ts.ClassDeclaration): void {
    if (isInternal(member, parent)) edits.push({ from: member.pos, to: member.end, text: "" });
    else if (isProtected(member, parent)) {
      edits.push({ from: member.getStart(), to: member.getStart(), text: "protected " });
    }
  }

  /** Whether a member is tagged as internal, or overrides a member that is. */
  function isInternal(member: ts.Declaration, parent: ts.ClassDeclaration | undefined): boolean {
    return tagged(member, "internal") || inherits(member, parent, "internal");
  }

  function isProtected(member: ts.Declaration, parent: ts.ClassDeclaration | undefined): boolean {
    return tagged(member, "protected") || inherits(member, parent, "protected");
  }

  function inherits(member: ts.Declaration, parent: ts.ClassDeclaration | undefined, tag: string): boolean {
    const { name } = member as { name?: ts.PropertyName };
    if (parent === undefined || name === undefined || !ts.isIdentifier(name)) return false;
    const type = checker.getTypeAtLocation(parent);
    const bases = type.isClassOrInterface() ? checker.getBaseTypes(type) : [];
    return bases.some((base) =>
      base
        .getProperty(name.text)
        ?.declarations?.some(
          (declaration) => tagged(declaration, tag) || inherits(declaration, classOf(declaration), tag),
        ),
    );
  }

  function classOf(declaration: ts.Declaration): ts.ClassDeclaration | undefined {
    return ts.isClassDeclaration(declaration.parent) ? declaration.parent : undefined;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const entries = Object.values(exports as Record<string, string | { types: string }>).flatMap((entry) =>
    typeof entry === "string" ? [] : [join(root, entry.types)],
  );
  ship(join(root, "dist/types"), entries);
}

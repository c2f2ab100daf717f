// Turns the declarations that tsc has written to dist/types into the declarations that are shipped. `stripInternal` would leave
// classes that implement the interfaces of their internal members, and that override members which are gone. So this removes, in
// the files that the entry points reach:
//
// - members tagged `@internal`, and what overrides them in subclasses; a constructor becomes private;
// - `implements` of interfaces that no entry point exports;
// - the comments of what users cannot name: it is not exported, and no exported class or interface extends it;
// - then, what the exports of the entry points do not mention, imports of it, and files that are empty.
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

/** The declarations that the entry points reach. */
interface Declarations {
  readonly checker: ts.TypeChecker;
  readonly files: readonly ts.SourceFile[];
  /** What the entry points export. */
  readonly exported: ReadonlySet<ts.Symbol>;
  /** The symbol for which a symbol stands that was imported or is exported again. */
  readonly aliased: (symbol: ts.Symbol) => ts.Symbol;
}

function load(folder: string, entries: readonly string[]): Declarations {
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
  const aliased = (symbol: ts.Symbol): ts.Symbol =>
    symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
  const exported = new Set<ts.Symbol>();
  for (const entry of entries) {
    const module = checker.getSymbolAtLocation(program.getSourceFile(entry)!);
    for (const symbol of module === undefined ? [] : checker.getExportsOfModule(module)) exported.add(aliased(symbol));
  }
  return { checker, files, exported, aliased };
}

/** Edits the declarations in a folder, of which `entries` are the entry points. */
export function ship(folder: string, entries: readonly string[]): void {
  write(withoutInternals(load(folder, entries)));
  const shipped = withoutUnused(load(folder, entries), entries);
  for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    const path = join(folder, name);
    if (statSync(path).isFile() && !shipped.has(path)) rmSync(path);
  }
  write(new Map([...shipped].map(([path, text]) => [path, references(folder, path, text) + withTabs(text)])));
  writeFileSync(join(folder, "globals.d.ts"), globals);
}

function write(files: ReadonlyMap<string, string>): void {
  for (const [path, text] of files) writeFileSync(path, text);
}

function references(folder: string, path: string, text: string): string {
  const lines: string[] = [];
  if (/\b(?:Async)?Disposable\b|Symbol\.(?:asyncD|d)ispose\b/.test(text)) {
    lines.push(`/// <reference lib="esnext.disposable" />\n`);
  }
  if (/\b(?:AbortSignal|Event|EventTarget|ReadableStream|WritableStream)\b/.test(text)) {
    const to = join(relative(join(path, ".."), folder), "globals.d.ts").replaceAll("\\", "/");
    lines.push(`/// <reference path="${to}" />\n`);
  }
  return lines.join("");
}

/** The text with indentation by tabs. */
function withTabs(text: string): string {
  return text.replace(/^(?: {4})+/gm, (spaces) => "\t".repeat(spaces.length / 4));
}

/** The files without what the exports of the entry points do not mention. */
function withoutUnused(
  { checker, files, exported, aliased }: Declarations,
  entries: readonly string[],
): Map<string, string> {
  const used = new Set<ts.Node>();
  const left = [...exported];
  for (let symbol = left.pop(); symbol !== undefined; symbol = left.pop()) {
    for (const declaration of symbol.declarations ?? []) use(statementOf(declaration));
  }
  const kept = new Map<string, string>();
  for (const file of files) {
    const text = entries.includes(file.fileName) ? file.text : usedText(file);
    if (text !== "") kept.set(resolve(file.fileName), `${text.trim()}\n`);
  }
  return kept;

  function use(statement: ts.Node): void {
    if (used.has(statement) || !files.includes(statement.getSourceFile())) return;
    used.add(statement);
    const visit = (node: ts.Node): void => {
      const symbol = ts.isIdentifier(node) ? checker.getSymbolAtLocation(node) : undefined;
      if (symbol !== undefined) left.push(aliased(symbol));
      ts.forEachChild(node, visit);
    };
    visit(statement);
  }

  /** What is used of a file; empty if nothing is. */
  function usedText(file: ts.SourceFile): string {
    const [imports, others] = [true, false].map((isImport) =>
      file.statements.filter((statement) => ts.isImportDeclaration(statement) === isImport),
    ) as [ts.ImportDeclaration[], ts.Statement[]];
    let text = "";
    for (const statement of others) {
      if (ts.isExportDeclaration(statement)) text += withNames(statement, isUsed);
      else if (used.has(statement)) text += statement.getFullText();
    }
    if (text.replace("export {};", "").trim() === "") return "";
    // Links in comments use imports, too.
    const isMentioned = (name: ts.ImportSpecifier): boolean =>
      isUsed(name) && new RegExp(`\\b${name.name.text}\\b`).test(text);
    return imports.map((statement) => withNames(statement, isMentioned)).join("") + text;
  }

  /** Whether what a name stands for is used, or is of another package. */
  function isUsed({ name }: ts.ImportSpecifier | ts.ExportSpecifier): boolean {
    const own = aliased(checker.getSymbolAtLocation(name)!).declarations?.filter((at) =>
      files.includes(at.getSourceFile()),
    );
    return own === undefined || own.length === 0 || own.some((at) => used.has(statementOf(at)));
  }
}

/** The text of a statement with the names that pass a test; empty if none does. */
function withNames<S extends ts.ImportSpecifier | ts.ExportSpecifier>(
  statement: ts.ImportDeclaration | ts.ExportDeclaration,
  test: (name: S) => boolean,
): string {
  const clause = ts.isExportDeclaration(statement) ? statement.exportClause : statement.importClause?.namedBindings;
  const text = statement.getFullText();
  if (clause === undefined || !(ts.isNamedImports(clause) || ts.isNamedExports(clause))) return text;
  const elements: readonly unknown[] = clause.elements;
  const names = (elements as readonly S[]).filter(test);
  if (names.length === elements.length) return text;
  if (names.length === 0) return "";
  const [start, end] = [clause.elements.pos, clause.elements.end].map((at) => at - statement.pos);
  return `${text.slice(0, start)} ${names.map((name) => name.getText()).join(", ")} ${text.slice(end).trimStart()}`;
}

/** The statement of a file that a declaration is in. */
function statementOf(declaration: ts.Node): ts.Node {
  let node = declaration;
  while (node.parent !== undefined && !ts.isSourceFile(node.parent)) node = node.parent;
  return node;
}

/** The files without what users cannot use or name. */
function withoutInternals({ checker, files, exported, aliased }: Declarations): Map<string, string> {
  const shown = new Set([...exported].flatMap((symbol) => [symbol, ...basesOf(symbol)]));
  return new Map(files.map((file) => [file.fileName, edit(file)]));

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
    return withoutComments(file, text);
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

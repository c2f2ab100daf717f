// The core of the package as one script: what `millrace` consists of, and what its other entry points use of it. A process that
// imports the package reads this file and its entry point, and no more. Each bundler drops what a page does not use of it, see
// `chunks.ts`.

import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import type { Plugin } from "esbuild";
import ts from "typescript";

/** The names under which the core exports what its modules export. */
export class Core {
  private readonly _folder: string;
  private readonly _modules: Set<string>;
  /** The name in the core, by module and name there. */
  private readonly _names: Map<string, string>;

  /**
   * @param faces - Modules that only export what others do. What they import is the core, but for modules that need Node.
   * @param parts - Modules of the core that are entry points, too.
   */
  constructor(folder: string, faces: readonly string[], parts: readonly string[]) {
    this._folder = folder;
    this._modules = new Set();
    this._names = new Map();
    for (const module of [...faces, ...parts]) this._add(join(folder, module));
    for (const module of faces) this._modules.delete(join(folder, module));
    for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" }).sort()) {
      const module = join(folder, name);
      if (name.endsWith(".js") && name !== "core.js" && !this._modules.has(module)) this.rewritten(module);
    }
    for (const module of parts) this.face(join(folder, module));
  }

  /** The module that exports all that the modules in question use of the core. */
  script(): string {
    // The host comes first, as it makes the symbols that classes use.
    const host = join(this._folder, "scheduler/host.js");
    const names = [...this._names].sort(([a], [b]) => Number(b.startsWith(host)) - Number(a.startsWith(host)));
    const lines = names.map(([key, name]) => {
      const [module, own] = key.split("\n") as [string, string];
      return `export { ${own === name ? own : `${own} as ${name}`} } from "./${relative(this._folder, module)}";`;
    });
    return `${lines.join("\n")}\n`;
  }

  /** Notes what a module uses of the core, and returns its text with imports of the core. */
  rewritten(module: string): string {
    const text = readFileSync(module, "utf8");
    let made = "";
    let from = 0;
    for (const statement of parse(text).statements) {
      const target = targetOf(module, statement);
      // What a face exports of another face stands in both, so that a process reads one file less.
      const isFace = ts.isExportDeclaration(statement) && statement.exportClause === undefined;
      if (target === undefined || !(isFace || this._modules.has(target))) continue;
      made += text.slice(from, statement.pos) + (isFace ? this.rewritten(target) : this._statement(target, statement));
      from = statement.end;
    }
    return made + text.slice(from);
  }

  /** The text of an entry point that exports what a module of the core does. */
  face(module: string): string {
    const exported = parse(readFileSync(module, "utf8")).statements.flatMap((statement) => exportedBy(statement));
    const names = exported.map((name) => [this._nameOf(module, name), name] as const);
    return `export { ${names.map(([inCore, name]) => `${inCore} as ${name}`).join(", ")} } from "./core.js";\n`;
  }

  /** Makes a bundler take the core for what it is: a file beside the bundle. */
  plugin(): Plugin {
    return {
      name: "core",
      setup: ({ onLoad, onResolve }) => {
        onResolve({ filter: /^\.\/core\.js$/ }, () => ({ path: "./core.js", external: true }));
        onLoad({ filter: /[\\/]build[\\/].*\.js$/ }, ({ path }) => ({
          contents: this._modules.has(path) ? this.face(path) : this.rewritten(path),
          loader: "js",
        }));
      },
    };
  }

  private _statement(target: string, statement: ts.Statement): string {
    const exports = ts.isExportDeclaration(statement);
    const clause = exports ? statement.exportClause : (statement as ts.ImportDeclaration).importClause?.namedBindings;
    if (clause === undefined || !(ts.isNamedImports(clause) || ts.isNamedExports(clause))) {
      throw new Error(`Cannot build: an import from ${relative(this._folder, target)} must name what it imports`);
    }
    const names = clause.elements.map(({ propertyName, name }) => {
      const inCore = this._nameOf(target, (propertyName ?? name).text);
      return inCore === name.text ? inCore : `${inCore} as ${name.text}`;
    });
    return `\n${exports ? "export" : "import"} { ${names.join(", ")} } from "./core.js";`;
  }

  private _nameOf(module: string, own: string): string {
    const key = `${module}\n${own}`;
    let name = this._names.get(key);
    if (name === undefined) {
      const taken = [...this._names.values()];
      name = own;
      for (let nth = 2; taken.includes(name); nth++) name = `${own}${nth}`;
      this._names.set(key, name);
    }
    return name;
  }

  private _add(module: string): void {
    if (this._modules.has(module)) return;
    const text = readFileSync(module, "utf8");
    if (/\bfrom "node:/.test(text)) return;
    this._modules.add(module);
    for (const statement of parse(text).statements) {
      const target = targetOf(module, statement);
      if (target !== undefined) this._add(target);
    }
  }
}

/** The module of the package from which a statement imports. */
function targetOf(module: string, statement: ts.Statement): string | undefined {
  if (!ts.isImportDeclaration(statement) && !ts.isExportDeclaration(statement)) return undefined;
  const { moduleSpecifier } = statement;
  if (moduleSpecifier === undefined || !ts.isStringLiteral(moduleSpecifier)) return undefined;
  return moduleSpecifier.text.startsWith(".") ? join(dirname(module), moduleSpecifier.text) : undefined;
}

/** The names that a statement exports by declaring them. */
function exportedBy(statement: ts.Statement): string[] {
  if (!ts.canHaveModifiers(statement)) return [];
  if (ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) !== true) return [];
  if (ts.isVariableStatement(statement)) {
    return statement.declarationList.declarations.map(({ name }) => (name as ts.Identifier).text);
  }
  return [(statement as ts.FunctionDeclaration | ts.ClassDeclaration).name!.text];
}

function parse(text: string): ts.SourceFile {
  return ts.createSourceFile("module.js", text, ts.ScriptTarget.ES2022);
}

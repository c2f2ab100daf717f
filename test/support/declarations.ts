// The shipped declarations as an editor sees them: errors, completions and hovers of snippets that import the package.

import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** The options of a strict project that names no library but the given ones, and has no types of Node. */
function optionsFor(lib: readonly string[], bundled: boolean): ts.CompilerOptions {
  return {
    strict: true,
    noEmit: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    types: [],
    target: ts.ScriptTarget.ES2022,
    module: bundled ? ts.ModuleKind.ESNext : ts.ModuleKind.NodeNext,
    moduleResolution: bundled ? ts.ModuleResolutionKind.Bundler : ts.ModuleResolutionKind.NodeNext,
    lib: lib.map((name) => `lib.${name}.d.ts`),
  };
}

/**
 * An empty project with the package in its `node_modules`. Each snippet is a file. A snippet that is new makes the compiler check
 * everything again, so `write` those that are known.
 */
export class Project implements Disposable {
  private readonly _folder: string;
  private readonly _texts: Map<string, string>;
  private readonly _service: ts.LanguageService;

  constructor(lib: readonly string[] = ["es2022", "dom"], bundled: boolean = false) {
    this._folder = realpathSync(mkdtempSync(join(tmpdir(), "millrace-types-")));
    this._texts = new Map();
    const installed = join(this._folder, "node_modules/millrace");
    mkdirSync(installed, { recursive: true });
    cpSync(join(root, "dist/types"), join(installed, "dist/types"), { recursive: true });
    cpSync(join(root, "package.json"), join(installed, "package.json"));
    const options = optionsFor(lib, bundled);
    const read = (name: string): string | undefined => this._texts.get(name) ?? ts.sys.readFile(name);
    this._service = ts.createLanguageService({
      getScriptFileNames: () => [...this._texts.keys()],
      getScriptVersion: () => "0",
      getScriptSnapshot: (name) => {
        const text = read(name);
        return text === undefined ? undefined : ts.ScriptSnapshot.fromString(text);
      },
      getCurrentDirectory: () => this._folder,
      getCompilationSettings: () => options,
      getDefaultLibFileName: ts.getDefaultLibFilePath,
      directoryExists: ts.sys.directoryExists,
      getDirectories: ts.sys.getDirectories,
      readDirectory: ts.sys.readDirectory,
      fileExists: (name) => this._texts.has(name) || ts.sys.fileExists(name),
      readFile: read,
    });
  }

  /** Adds a snippet to the project, and returns the name of its file. */
  write(text: string): string {
    for (const [name, known] of this._texts) if (known === text) return name;
    const name = join(this._folder, `${this._texts.size}.mts`);
    this._texts.set(name, text);
    return name;
  }

  /** The errors of a snippet, each with its elaboration. */
  errors(text: string): string[] {
    return this._service
      .getSemanticDiagnostics(this.write(text))
      .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"));
  }

  /** The errors in a snippet and in all declarations of the package that it reaches. */
  allErrors(text: string): string[] {
    this.write(text);
    const files = this._service.getProgram()!.getSourceFiles();
    const own = files.map(({ fileName }) => fileName).filter((name) => name.startsWith(this._folder));
    return own
      .flatMap((name) => [
        ...this._service.getSyntacticDiagnostics(name),
        ...this._service.getSemanticDiagnostics(name),
      ])
      .map(({ file, messageText }) => `${file?.fileName}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}`);
  }

  /** The names that an editor offers at the end of a snippet. */
  completions(text: string): string[] {
    const found = this._service.getCompletionsAtPosition(this.write(text), text.length, undefined);
    return found === undefined ? [] : found.entries.map(({ name }) => name).sort();
  }

  /** What an editor shows for the constant `it`, without the breaks of its lines. */
  hover(text: string): string {
    const info = this._service.getQuickInfoAtPosition(this.write(text), text.indexOf("const it") + 6);
    return ts.displayPartsToString(info?.displayParts).replace(/\s+/g, " ");
  }

  [Symbol.dispose](): void {
    this._service.dispose();
    rmSync(this._folder, { recursive: true, force: true });
  }
}

// Every TypeScript snippet of the README, of docs/ and of the JSDoc in src/ is a program: it is checked as strictly as the
// sources are, run against what is shipped, and what it prints is compared with what it says it prints.
//
// Where a line reads `console.log(x); // expected`, the comment is what that line prints; if it prints more than once, the
// outputs are joined by commas. A `text` block directly below a snippet is what the snippet's last other `console.log` prints,
// with the name of a file in place of the path. A snippet that begins with the path of an example is a quotation: it stands in
// that file, with `// …` for what is left out. All other snippets run one after the other in one process, which is quick, and also shows that
// none leaves anything behind that would disturb the next.

import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { afterAll, describe, expect, test } from "vitest";
import { PATIENCE } from "../support/patience.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

interface Snippet {
  /** Where it stands, for the name of its test. */
  readonly place: string;
  /** A name that no file has, in a folder from which imports resolve as from the package itself. */
  readonly file: string;
  readonly text: string;
  /** The lines of the `text` block below it. */
  readonly shows: string[];
  /** The line of its end, counted from 0. */
  readonly end: number;
}

/** What a line of a snippet prints: the comment at its end. */
interface Claim {
  readonly line: number;
  readonly expected: string;
}

interface Outcome {
  readonly printed: Record<string, string[]>;
  readonly error?: string;
}

const LINE = /console\.log\(.*?\s\/\/ (.+)$/;
/** A place in a file, as a report prints it: where the snippet is run, the lines are others. */
const PLACE = /\S+\.m?[jt]s:\d+:\d+/g;

function sources(): string[] {
  const within = (folder: string, ending: string): string[] =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(ending))
      .sort()
      .map((name) => join(root, folder, name));
  return [join(root, "README.md"), ...within("docs", ".md"), ...within("src", ".ts")];
}

/** The ```ts blocks of a file; in sources, those of the JSDoc comments, without their stars. */
function snippetsOf(path: string): Snippet[] {
  const found: Snippet[] = [];
  const inSource = path.endsWith(".ts");
  let open: { line: number; lines: string[] } | null = null;
  let below: string[] | null = null;
  readFileSync(path, "utf8")
    .split("\n")
    .forEach((raw, index) => {
      const line = inSource ? raw.replace(/^ *\* ?/, "") : raw;
      if (below !== null) {
        if (line.trim() === "```") below = null;
        else below.push(line);
      } else if (open === null) {
        if (/^\s*```(ts|typescript)\b/.test(line)) open = { line: index + 1, lines: [] };
        const above = found.at(-1);
        if (line === "```text" && above?.end === index - 2 && otherLog(above) >= 0) below = above.shows;
      } else if (line.trim() === "```") {
        const place = `${relative(root, path)}:${open.line}`;
        const file = join(root, "test", "package", `${place.replace(/\W/g, "-")}.snippet.ts`);
        found.push({ place, file, text: open.lines.join("\n"), end: index, shows: [] });
        open = null;
      } else {
        open.lines.push(line);
      }
    });
  return found;
}

function claimsOf({ text }: Snippet): Claim[] {
  return text.split("\n").flatMap((content, line) => {
    const match = LINE.exec(content);
    return match === null ? [] : [{ line, expected: match[1]! }];
  });
}

/** One program over all snippets, none of which is on disk: what each is told by the compiler. */
function typeErrors(snippets: readonly Snippet[]): Map<string, string[]> {
  const { config } = ts.readConfigFile(join(root, "tsconfig.all.json"), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent({ ...config, include: [], files: [] }, ts.sys, root);
  const texts = new Map(snippets.map(({ file, text }) => [file, text]));
  const host = ts.createCompilerHost({ ...options, noEmit: true });
  const { fileExists, readFile, getSourceFile } = host;
  host.fileExists = (file) => texts.has(file) || fileExists(file);
  host.readFile = (file) => texts.get(file) ?? readFile(file);
  host.getSourceFile = (file, language, ...rest) => {
    const text = texts.get(file);
    return text === undefined
      ? getSourceFile(file, language, ...rest)
      : ts.createSourceFile(file, text, language, true);
  };
  const program = ts.createProgram([...texts.keys()], { ...options, noEmit: true }, host);
  return new Map(
    snippets.map(({ file }) => {
      const source = program.getSourceFile(file);
      const diagnostics = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
      return [file, diagnostics.map((found) => describeDiagnostic(found))];
    }),
  );
}

function describeDiagnostic(found: ts.Diagnostic): string {
  const message = ts.flattenDiagnosticMessageText(found.messageText, "\n");
  if (found.file === undefined || found.start === undefined) return message;
  const { line } = found.file.getLineAndCharacterOfPosition(found.start);
  return `line ${line + 1}: ${message}`;
}

/** As it is run: every print says from which line it comes. */
function compiled({ text }: Snippet): string {
  const marked = text
    .split("\n")
    .map((line, index) => line.replaceAll("console.log(", `globalThis.printFrom(${index}, `))
    .join("\n");
  const { options } = ts.convertCompilerOptionsFromJson(
    { target: "ES2022", module: "ESNext", verbatimModuleSyntax: true, useDefineForClassFields: false },
    root,
  );
  return ts.transpileModule(marked, { compilerOptions: options }).outputText;
}

/** Runs the files it is given one after the other, and writes what each printed as one line of JSON. */
const RUNNER = `
import { formatWithOptions } from "node:util";
import { setTimeout as quiet } from "node:timers/promises";

let outcome;
globalThis.printFrom = (line, ...values) => {
  const text = formatWithOptions({ breakLength: Infinity, compact: 3, depth: 6 }, ...values);
  (outcome.printed[line] ??= []).push(text);
};
const fail = (error) => { outcome.error ??= String(error?.stack ?? error); };
process.on("unhandledRejection", fail);
process.on("uncaughtException", fail);
for (const file of process.argv.slice(2)) {
  outcome = { printed: {} };
  await import(file).catch(fail);
  await quiet(1);
  process.stdout.write(JSON.stringify(outcome) + "\\n");
}
// What is written to a full pipe is written later, and an exit would lose it.
process.stdout.write("", () => process.exit(0));
`;

function runAll(snippets: readonly Snippet[], folder: string): Promise<Outcome[]> {
  const runner = join(folder, "runner.mjs");
  writeFileSync(runner, RUNNER);
  const files = snippets.map((snippet, index) => {
    const file = join(folder, `${index}.mjs`);
    writeFileSync(file, compiled(snippet));
    return file;
  });
  return new Promise((resolve) => {
    execFile(process.execPath, [runner, ...files], { cwd: root, timeout: PATIENCE }, (error, stdout, stderr) => {
      const outcomes = stdout
        .trim()
        .split("\n")
        .filter(Boolean)
        .map((line) => JSON.parse(line) as Outcome);
      const reason = `it did not end${stderr === "" ? "" : `: ${stderr}`}${error === null ? "" : ` (${error.message})`}`;
      while (outcomes.length < snippets.length) outcomes.push({ printed: {}, error: reason });
      resolve(outcomes);
    });
  });
}

/** Quotes as the house writes them. */
const plain = (text: string): string => text.replaceAll("'", '"').trim();

/** The last line of a snippet that prints without saying what; -1 if there is none. */
function otherLog({ text }: Snippet): number {
  return text.split("\n").findLastIndex((line) => line.includes("console.log(") && !LINE.test(line));
}

/** The program of the README in which a proof finds a bug, with the line that its text says to add. */
function repaired(broken: Snippet): Snippet {
  const loop = "yield* answer.send(reply);\n";
  const text = broken.text
    .replace(loop, `${loop}    answer.close();\n`)
    .replace(/if \(.*verdict\.report\);/, "console.log(verdict.status); // proved");
  return { ...broken, place: "README.md, repaired", file: broken.file.replace("README", "REPAIRED"), text, shows: [] };
}

/** The file that a snippet quotes, if it does. */
const quoted = ({ text }: Snippet): string | undefined => /^\/\/ (examples\/\S+)\n/.exec(text)?.[1];

const all = sources().flatMap(snippetsOf);
const quotations = all.filter((snippet) => quoted(snippet) !== undefined);
const snippets = all.filter((snippet) => quoted(snippet) === undefined);
snippets.push(...snippets.filter(({ place, shows }) => place.startsWith("README") && shows.length > 0).map(repaired));
// In a folder of the package, so that a snippet's imports resolve as the package itself and its tools do.
mkdirSync(join(root, "build"), { recursive: true });
const folder = mkdtempSync(join(root, "build", "snippets-"));
const running = runAll(snippets, folder);
const errors = typeErrors(snippets);
const outcomes = await running;

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("Every snippet is a program that does what it says", () => {
  test("there are snippets in the README, in docs/ and in the sources", () => {
    for (const start of ["README.md", "docs/", "src/"]) {
      expect(
        snippets.some(({ place }) => place.startsWith(start)),
        start,
      ).toBe(true);
    }
  });

  test.each(snippets.map((snippet, index) => [snippet.place, snippet, outcomes[index]!] as const))(
    "%s",
    (_place, snippet, outcome) => {
      // 1. It is whole: what it uses it imports.
      expect(snippet.text).toMatch(/from "millrace(\/\w+)?"/);
      // 2. It is well typed.
      expect(errors.get(snippet.file)).toEqual([]);
      // 3. It ends, and does not fail.
      expect(outcome.error).toBeUndefined();
      // 4. It prints what its comments and the block below it say, and has at least one of these.
      const claims = claimsOf(snippet);
      expect(claims.length + snippet.shows.length).toBeGreaterThan(0);
      const printed = claims.map(({ line }) => plain(outcome.printed[line]?.join(", ") ?? "(nothing)"));
      expect(printed).toEqual(claims.map(({ expected }) => plain(expected)));
      if (snippet.shows.length > 0) {
        const place = (line: string): string => line.replace(PLACE, "a line").trimEnd();
        const printed = outcome.printed[otherLog(snippet)]?.join("\n").split("\n") ?? [];
        expect(printed.map(place)).toEqual(snippet.shows.map(place));
      }
    },
  );
});

describe("Every quotation stands in the file that it names", () => {
  test.each(quotations.map((snippet) => [snippet.place, quoted(snippet)!, snippet] as const))(
    "%s in %s",
    (_place, path, { text }) => {
      const file = readFileSync(join(root, path), "utf8");
      const parts = text
        .split("\n")
        .slice(1)
        .join("\n")
        .split(/^ *\/\/ …$/m);
      expect(parts.filter((part) => !file.includes(part.replace(/^\n+|\n+$/g, "")))).toEqual([]);
    },
  );
});

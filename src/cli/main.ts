// The command `npx millrace verify file.ts`: verifies the programs that a file exports, and prints the verdicts.

import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import type { Routine } from "../operation/operation.js";
import { plain } from "../testing/report/json.js";
import { toMermaid } from "../testing/report/mermaid.js";
import { boundOf, effortOf } from "../testing/report/report.js";
import type { Verdict, VerifyOptions } from "../testing/report/verdict.js";
import { verify } from "../testing/verify.js";

const HELP = `Usage: millrace verify <file> [options]

Verifies every generator function that a file exports. Each must be a closed program, which creates its channels itself.

  --name <export>       verify only this export; may be given several times
  --engine <engine>     model or runs; by default the model, and runs if it does not support the program
  --max-states <n>      store at most n states
  --max-events <n>      explore at most n events
  --max-ms <n>          spend at most n milliseconds on each program
  --no-leaks            do not report tasks that are still parked at the end
  --no-unperformed      do not report operations that are made and never performed
  --json                print each verdict as one line of JSON
  --mermaid             print a failing schedule as a Mermaid sequence diagram, after its report
  --help                print this text

Exit code: 0 when everything is proved, 1 when a program fails, 2 when a limit was reached or the arguments are wrong.
`;

/** Thrown for wrong arguments; its message is printed with the help. */
class Misuse extends Error {}

interface Command {
  readonly file: string;
  readonly names: readonly string[];
  readonly json: boolean;
  readonly mermaid: boolean;
  readonly options: VerifyOptions<unknown>;
}

type Program = () => Routine<unknown>;

/** Runs the command with its arguments, and returns the exit code. */
export async function main(args: readonly string[], print: (text: string) => void): Promise<number> {
  try {
    const command = read(args);
    if (command !== null) return await verifyAll(command, print);
    print(HELP);
    return 0;
  } catch (error) {
    if (!(error instanceof Misuse)) throw error;
    print(`${error.message}\n\n${HELP}`);
    return 2;
  }
}

function read(args: readonly string[]): Command | null {
  const { values, positionals } = parse(args);
  if (values.help === true || args.length === 0) return null;
  const [command, file, ...more] = positionals;
  if (command !== "verify") throw new Misuse(`Cannot run ${command ?? "nothing"}: the only command is verify`);
  if (file === undefined) throw new Misuse("Cannot verify: name the file that exports the programs");
  if (more.length > 0) throw new Misuse(`Cannot verify ${more.join(" ")}: name only one file`);
  const { engine } = values;
  const options = {
    ...limit("maxStates", values["max-states"]),
    ...limit("maxEvents", values["max-events"]),
    ...limit("maxMs", values["max-ms"]),
    ...(values["no-leaks"] === true && { leaks: false }),
    ...(values["no-unperformed"] === true && { unperformed: false }),
    ...(engine !== undefined && { engine: engine as "model" }),
  };
  return { file, names: values.name ?? [], json: values.json === true, mermaid: values.mermaid === true, options };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        ...{ name: { type: "string", multiple: true }, engine: { type: "string" }, json: { type: "boolean" } },
        ...{
          "max-states": { type: "string" },
          "max-events": { type: "string" },
          "max-ms": { type: "string" },
          "no-leaks": { type: "boolean" },
        },
        ...{ "no-unperformed": { type: "boolean" }, mermaid: { type: "boolean" }, help: { type: "boolean" } },
      },
    });
  } catch (error) {
    throw new Misuse((error as Error).message);
  }
}

function limit(name: "maxStates" | "maxEvents" | "maxMs", text: string | undefined): VerifyOptions<unknown> {
  if (text === undefined) return {};
  const value = Number(text);
  if (value > 0) return { [name]: value };
  throw new Misuse(`Cannot verify: a limit must be a number above 0, got ${text}`);
}

async function verifyAll(
  { file, names, json, mermaid, options }: Command,
  print: (text: string) => void,
): Promise<number> {
  const programs = programsOf(await load(file), names, file);
  const verdicts: Verdict<unknown>[] = [];
  for (const [name, program] of programs) {
    const verdict = await decide(program, { name, ...options });
    verdicts.push(verdict);
    print(json ? `${JSON.stringify({ name, ...plain(verdict) })}\n` : `${summary(name, verdict)}\n`);
    if (mermaid && !json && verdict.status === "failed") print(`\n${toMermaid(verdict.schedule)}\n\n`);
  }
  if (verdicts.some(({ status }) => status === "failed")) return 1;
  return verdicts.every(({ status }) => status === "proved") ? 0 : 2;
}

async function decide(program: Program, options: VerifyOptions<unknown>): Promise<Verdict<unknown>> {
  try {
    return await verify(program, options);
  } catch (error) {
    if (error instanceof TypeError && error.message.startsWith("Cannot verify")) throw new Misuse(error.message);
    throw error;
  }
}

function summary(name: string, verdict: Verdict<unknown>): string {
  if (verdict.status === "failed") return verdict.report;
  if (verdict.status === "bounded") return `? ${name}: bounded, ${boundOf(verdict)} (${effortOf(verdict)})`;
  return `✓ ${name}: proved, ${effortOf(verdict)}`;
}

async function load(file: string): Promise<Record<string, unknown>> {
  const url = pathToFileURL(resolve(file)).href;
  try {
    await readTypeScript(file);
    return (await import(url)) as Record<string, unknown>;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ERR_MODULE_NOT_FOUND" && message.startsWith(`Cannot find module '${resolve(file)}'`)) {
      throw new Misuse(`Cannot verify ${file}: the file does not exist`);
    }
    if (isOfCommonJs(error as NodeJS.ErrnoException)) {
      throw new Misuse(
        `Cannot verify ${file}: millrace consists of ES modules; set "type": "module" in the package.json of the file, or rename the file to .mts`,
      );
    }
    if (code !== "ERR_UNKNOWN_FILE_EXTENSION") throw error;
    throw new Misuse(
      `Cannot verify ${file}: this version of Node does not run TypeScript; install tsx next to millrace`,
    );
  }
}

/** Whether an error says that a file was read as CommonJS. Each version of Node has other words for it. */
function isOfCommonJs({ code, name, message }: NodeJS.ErrnoException): boolean {
  if (code?.startsWith("ERR_REQUIRE_") === true || code === "ERR_VM_MODULE_LINK_FAILURE") return true;
  if (/^request for '.*' is from a module not been linked/.test(message)) return true;
  return name === "SyntaxError" && /import statement outside a module|Unexpected token 'export'/.test(message);
}

/**
 * TypeScript needs tsx where Node does not strip types itself. Registering tsx here makes the file use this copy of
 * millrace.
 */
async function readTypeScript(file: string): Promise<void> {
  if (!/\.[cm]?tsx?$/.test(file)) return;
  const tsx = "tsx/esm/api";
  try {
    const { register } = (await import(tsx)) as { register: () => void };
    register();
  } catch {
    // Without tsx, Node has to read the file itself.
  }
}

function programsOf(module: Record<string, unknown>, names: readonly string[], file: string): [string, Program][] {
  for (const name of names) {
    if (!isProgram(module[name]))
      throw new Misuse(`Cannot verify ${name}: ${file} exports no generator function of that name`);
  }
  const found = Object.entries(module).filter(
    ([name, value]) => isProgram(value) && (names.length === 0 || names.includes(name)),
  );
  if (found.length === 0) throw new Misuse(`Cannot verify ${file}: it exports no generator function`);
  return found as [string, Program][];
}

function isProgram(value: unknown): boolean {
  const kind = Object.prototype.toString.call(value);
  return kind === "[object GeneratorFunction]" || kind === "[object AsyncGeneratorFunction]";
}

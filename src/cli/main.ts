// The command: `npx millrace verify file.ts` verifies what a file exports, and prints what was found.

import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import type { Routine } from "../operation/operation.js";
import { plain } from "../testing/report/json.js";
import { toMermaid } from "../testing/report/mermaid.js";
import { effortOf } from "../testing/report/report.js";
import type { Verdict, VerifyOptions } from "../testing/report/verdict.js";
import { verify } from "../testing/verify.js";

const HELP = `Usage: millrace verify <file> [options]

Verifies every generator function that a file exports: each is a closed program that makes its channels itself.

  --name <export>       only this export; may be given several times
  --engine <engine>     model or runs; by default the model, and runs if it does not support the program
  --max-states <n>      how many states are stored at the most
  --max-ms <n>          how many milliseconds a program may take
  --no-leaks            tasks that are still parked at the end are no failure
  --json                verdicts as JSON, one to a line
  --mermaid             a schedule that fails as a Mermaid sequence diagram, after its report
  --help                this text

Exit code: 0 when everything is proved, 1 when something fails, 2 when a limit was reached, or on misuse.
`;

/** Something was asked for that cannot be done. */
class Misuse extends Error {}

interface Asked {
  readonly file: string;
  readonly names: readonly string[];
  readonly json: boolean;
  readonly mermaid: boolean;
  readonly options: VerifyOptions<unknown>;
}

type Program = () => Routine<unknown>;

/** Runs the command with its arguments; answers the exit code. */
export async function main(args: readonly string[], print: (text: string) => void): Promise<number> {
  try {
    const asked = read(args);
    if (asked !== null) return await verifyAll(asked, print);
    print(HELP);
    return 0;
  } catch (error) {
    if (!(error instanceof Misuse)) throw error;
    print(`${error.message}\n\n${HELP}`);
    return 2;
  }
}

function read(args: readonly string[]): Asked | null {
  const { values, positionals } = parse(args);
  if (values.help === true || args.length === 0) return null;
  const [command, file, ...more] = positionals;
  if (command !== "verify") throw new Misuse(`Cannot run ${command ?? "nothing"}: the command is verify`);
  if (file === undefined) throw new Misuse("Cannot verify: give the file that exports the programs");
  if (more.length > 0) throw new Misuse(`Cannot verify ${more.join(" ")}: give one file`);
  const { engine } = values;
  const options = {
    ...limit("maxStates", values["max-states"]),
    ...limit("maxMs", values["max-ms"]),
    ...(values["no-leaks"] === true && { leaks: false }),
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
        ...{ "max-states": { type: "string" }, "max-ms": { type: "string" }, "no-leaks": { type: "boolean" } },
        ...{ mermaid: { type: "boolean" }, help: { type: "boolean" } },
      },
    });
  } catch (error) {
    throw new Misuse((error as Error).message);
  }
}

function limit(name: "maxStates" | "maxMs", text: string | undefined): VerifyOptions<unknown> {
  if (text === undefined) return {};
  const value = Number(text);
  if (value > 0) return { [name]: value };
  throw new Misuse(`Cannot verify: a limit must be a number above 0, got ${text}`);
}

async function verifyAll(
  { file, names, json, mermaid, options }: Asked,
  print: (text: string) => void,
): Promise<number> {
  const programs = programsOf(await load(file), names, file);
  const verdicts: Verdict<unknown>[] = [];
  for (const [name, program] of programs) {
    const verdict = await decide(program, { name, ...options });
    verdicts.push(verdict);
    print(json ? `${JSON.stringify({ name, ...plain(verdict) })}\n` : `${told(name, verdict)}\n`);
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

function told(name: string, verdict: Verdict<unknown>): string {
  if (verdict.status === "failed") return verdict.report;
  if (verdict.status === "bounded") return `? ${name}: bounded, ${verdict.reason} (${effortOf(verdict.covered)})`;
  return `✓ ${name}: proved, ${effortOf(verdict)}`;
}

async function load(file: string): Promise<Record<string, unknown>> {
  const url = pathToFileURL(resolve(file)).href;
  try {
    await readTypeScript(file);
    return (await import(url)) as Record<string, unknown>;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ERR_MODULE_NOT_FOUND" && message.includes(resolve(file))) {
      throw new Misuse(`Cannot verify ${file}: there is no such file`);
    }
    if (code === "ERR_REQUIRE_CYCLE_MODULE") {
      throw new Misuse(
        `Cannot verify ${file}: millrace is ES modules; say "type": "module" in its package.json, or name it .mts`,
      );
    }
    if (code !== "ERR_UNKNOWN_FILE_EXTENSION") throw error;
    throw new Misuse(`Cannot verify ${file}: this Node does not run TypeScript; install tsx beside millrace`);
  }
}

/** TypeScript needs tsx where Node does not strip types by itself; it is to share this copy of millrace. */
async function readTypeScript(file: string): Promise<void> {
  if (!/\.[cm]?tsx?$/.test(file)) return;
  const tsx = "tsx/esm/api";
  try {
    const { register } = (await import(tsx)) as { register: () => void };
    register();
  } catch {
    // Then it is up to Node.
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

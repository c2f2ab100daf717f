// Other engines than the one that runs the tests, to run scripts in.

import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { PATIENCE } from "./patience.js";

const node = (version: number): readonly [string, ...string[]] => {
  return ["npx", "--prefer-offline", "-y", "-p", `node@${version}`, "node"];
};

/** The engines, and the command and the first arguments with which each is started. */
export const engines: Readonly<Record<string, readonly [command: string, ...args: string[]]>> = {
  "this version of Node": [process.execPath],
  "Node 22": node(22),
  "Node 24": node(24),
  "Node 26": node(26),
  Bun: [fileURLToPath(new URL("../../node_modules/.bin/bun", import.meta.url))],
};

/** The path of an engine; npx is asked for it once, as it takes longer than most scripts. */
const paths = new Map<string, Promise<string>>();

/** Finds an engine, or fetches it. */
export function pathOf(engine: string): Promise<string> {
  const known = paths.get(engine) ?? find(engine);
  paths.set(engine, known);
  return known;
}

async function find(engine: string): Promise<string> {
  const [command, ...args] = engines[engine]!;
  if (args.length === 0) return command;
  try {
    return (
      await promisify(execFile)(command, [...args, "-p", "process.execPath"], { timeout: PATIENCE })
    ).stdout.trim();
  } catch (cause) {
    throw new Error(`Cannot find ${engine}: npx must be able to fetch it`, { cause });
  }
}

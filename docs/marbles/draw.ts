// `npm run marbles` draws the pictures of the docs. Each picture shows a run of a real program in virtual time. A test draws the
// pictures again and compares.

import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { codeOf, draw, type Scene } from "./scene.ts";
import { scenes as conveying } from "./scenes/conveying.ts";
import { scenes as spreading } from "./scenes/spreading.ts";
import { scenes as steps } from "./scenes/steps.ts";
import { scenes as streams } from "./scenes/streams.ts";
import { scenes as supervision } from "./scenes/supervision.ts";
import { scenes as timed } from "./scenes/timed.ts";
import { scenes as tools } from "./scenes/tools.ts";
import { scenes as work } from "./scenes/work.ts";

const files: Readonly<Record<string, readonly Scene[]>> = {
  conveying,
  spreading,
  steps,
  streams,
  supervision,
  timed,
  tools,
  work,
};

/** Returns the SVG text of each picture by the name of its file. */
export async function drawAll(): Promise<Map<string, string>> {
  const drawn = new Map<string, string>();
  for (const [file, scenes] of Object.entries(files)) {
    const code = codeOf(file, readFileSync(new URL(`./scenes/${file}.ts`, import.meta.url), "utf8"));
    for (const scene of scenes) drawn.set(`${scene.name}.svg`, await draw(scene, code.get(scene.name)!));
  }
  return drawn;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [name, text] of await drawAll()) writeFileSync(new URL(`./${name}`, import.meta.url), text);
}

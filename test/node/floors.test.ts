// Holds the plan of the house: what may import what, who may touch the host, and how long a file may be.

import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";

const folder = new URL("../../src/", import.meta.url);
const files = readdirSync(folder).filter((file) => file.endsWith(".ts"));
const text = (file: string): string => readFileSync(new URL(file, folder), "utf8");

const floors = [
  ["list", "ring", "heap", "errors", "host", "path", "transducer"],
  ["alarms", "buffer", "queue"],
  ["scheduler"],
  ["report", "perform", "transform"],
  ["await"],
  ["operation"],
  ["ends", "once"],
  ["basic", "choice", "chan"],
  ["bridge", "select", "transform-chan", "task"],
  ["channel", "clock", "go", "promise-channel", "receive-any"],
  ["run", "scope"],
  ["transducers", "host-entry", "index"],
];

function floorOf(file: string): number {
  return floors.findIndex((floor) => floor.includes(file));
}

/** What a file imports from src, type-only imports and re-exports included. */
function importsOf(file: string): string[] {
  const code = text(file);
  return [...code.matchAll(/^\s*(?:import|export)\b[^;]*?\bfrom\s+"\.\/([\w-]+)\.js"/gms)].map((match) => match[1]!);
}

/** The code without comments and strings, so that only what runs is searched. */
function codeOf(file: string): string {
  return text(file)
    .replace(/\/\*[\s\S]*?\*\//g, "")
    .replace(/\/\/.*$/gm, "")
    .replace(/"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`/g, '""');
}

describe.each(files)("src/%s", (file) => {
  const name = file.replace(/\.ts$/, "");

  test("stands on a floor", () => {
    expect(floorOf(name)).toBeGreaterThanOrEqual(0);
  });

  test("imports only from floors below its own", () => {
    const breaches = importsOf(file)
      .filter((imported) => floorOf(imported) >= floorOf(name))
      .map((imported) => `${name} -> ${imported}`);
    expect(breaches).toEqual([]);
  });

  test("lists what it exports", () => {
    expect(codeOf(file)).not.toMatch(/export\s*\*/);
  });

  test("is no longer than a reader can hold", () => {
    expect(text(file).trimEnd().split("\n").length).toBeLessThanOrEqual(330);
  });
});

describe.each(files.filter((file) => file !== "host.ts"))("src/%s", (file) => {
  test("leaves the host to host.ts", () => {
    const host =
      /\b(setTimeout|clearTimeout|setInterval|MessageChannel|setImmediate|queueMicrotask|Date|process)\b(?!\s*[:?])|\bperformance\.now\b|\bMath\.random\b/g;
    const touched = [...codeOf(file).matchAll(host)]
      .filter((match) => codeOf(file)[match.index - 1] !== ".")
      .map((match) => match[0]);
    expect(touched).toEqual([]);
  });
});

test("the floors name no file that is not there", () => {
  expect(floors.flat().filter((name) => !files.includes(`${name}.ts`))).toEqual([]);
});

// Holds the plan of the house: what may import what, who may touch the host, and how long a file may be.

import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const folder = new URL("../../src/", import.meta.url);
const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));
const text = (file: string): string => readFileSync(new URL(file, folder), "utf8");

const floors = [
  ["list", "ring", "heap", "errors", "host", "path", "transducer", "owned"],
  ["alarms", "buffer", "queue", "roles"],
  ["scheduler"],
  ["chance", "report", "perform", "transform"],
  ["await"],
  ["operation"],
  ["ends", "feed", "once"],
  ["take"],
  ["basic", "choice", "chan", "derive", "upon"],
  ["bridge", "select", "transform-chan", "task"],
  ["channel", "clock", "go", "promise-channel", "receive-any"],
  ["run", "scope"],
  ["transducers", "host-entry"],
  ["testing/cell", "testing/decisions", "testing/isolate", "testing/schedule", "testing/values"],
  ["testing/loop"],
  ["testing/mermaid", "testing/outcomes", "testing/verdict"],
  ["testing/json", "testing/report", "testing/token"],
  ["testing/failure", "testing/shrink"],
  ["testing/faults"],
  ["testing/world"],
  ["testing/play", "testing/verbs"],
  ["testing/simulate"],
  [
    "testing/explore/clocks",
    "testing/explore/edges",
    "testing/explore/events",
    "testing/explore/numbers",
    "testing/explore/packing",
    "testing/explore/contents",
    "testing/explore/place",
    "testing/explore/permutations",
    "testing/explore/tree",
  ],
  ["testing/leaks"],
  ["testing/explore/forms"],
  ["testing/explore/live"],
  ["testing/explore/stand-ins"],
  ["testing/explore/scopes"],
  ["testing/explore/stage", "testing/explore/trie"],
  ["testing/explore/alike", "testing/explore/driver"],
  ["testing/explore/same", "testing/explore/pasts"],
  ["testing/explore/learner"],
  ["testing/explore/symmetry"],
  ["testing/explore/symmetries"],
  ["testing/explore/state"],
  ["testing/explore/late"],
  ["testing/explore/model"],
  ["testing/explore/cancels", "testing/explore/canonical"],
  ["testing/explore/futures", "testing/explore/graph"],
  [
    "testing/explore/history",
    "testing/explore/independence",
    "testing/explore/judge",
    "testing/explore/moves",
    "testing/explore/store",
  ],
  [
    "testing/explore/audit",
    "testing/explore/runs",
    "testing/explore/search",
    "testing/explore/soundings",
    "testing/explore/stubborn",
    "testing/explore/story",
    "testing/explore/stuck",
  ],
  ["testing/explore/telling"],
  ["testing/explore/portfolio", "testing/explore/running", "testing/explore/states", "testing/explore/traces"],
  ["testing/explore/proof", "testing/explore/replayed"],
  ["testing/replay", "testing/verify"],
  ["testing", "vitest", "cli/main"],
  ["cli/bin"],
  ["flow/named", "flow/release", "flow/settle"],
  ["sync/line", "sync/whole"],
  ["sync/counter", "sync/permits"],
  ["sync/lease", "sync/stock"],
  ["sync/barrier", "sync/condition", "sync/latch", "sync/mutex", "sync/pool", "sync/rate-limiter", "sync/rw-lock"],
  ["sync/semaphore", "sync/wait-group"],
  ["flow/listening", "flow/outlets", "flow/sources", "flow/subscription", "flow/watch"],
  ["flow/from-event", "flow/observe"],
  [
    ...["flow/combine-latest", "flow/concat", "flow/partition", "flow/race", "flow/split", "flow/streams", "flow/zip"],
    ...["flow/collect", "flow/from", "flow/merge", "flow/mix", "flow/pipe", "flow/produce", "flow/spread"],
    ...["flow/through"],
  ],
  ["flow/broadcast", "flow/publish"],
  ["flow/crew", "flow/fan-in", "flow/group", "flow/retry", "flow/workers", "sync/flight"],
  ["flow/flat-pipeline", "flow/pipeline", "sync/once", "sync/singleflight"],
  ["flow/ahead", "flow/ms"],
  ["flow/batch", "flow/buffer", "flow/debounce", "flow/delay", "flow/sample", "flow/throttle"],
  ["flow/stream"],
  ["index", "node/from-readable", "node/to-readable", "node/to-writable"],
  ["node/lines"],
  ["node"],
];

/** What combinators and tools may use beside the public face: containers, words for messages, who owns a channel. */
const beside = ["list", "ring", "errors", "owned", "transducer"];

function floorOf(file: string): number {
  return floors.findIndex((floor) => floor.includes(file));
}

interface Import {
  readonly from: string;
  readonly names: readonly string[];
}

/** What a file imports from src, type-only imports and re-exports included. */
function importsOf(file: string): Import[] {
  const found = text(file).matchAll(/^\s*(?:import|export)\b([^;]*?)\bfrom\s+"(\.[\w./-]+)\.js"/gms);
  return [...found].map(([, names, path]) => ({
    from: fileURLToPath(new URL(path!, new URL(file, folder))).slice(fileURLToPath(folder).length),
    names: [...names!.replace(/\btype\b/g, "").matchAll(/(\w+)(?:\s+as\s+\w+)?/g)].map((match) => match[1]!),
  }));
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
      .filter(({ from }) => floorOf(from) >= floorOf(name))
      .map(({ from }) => `${name} -> ${from}`);
    expect(breaches).toEqual([]);
  });

  test("lists what it exports", () => {
    expect(codeOf(file)).not.toMatch(/export\s*\*/);
  });

  test("is no longer than a reader can hold", () => {
    expect(text(file).trimEnd().split("\n").length).toBeLessThanOrEqual(330);
  });
});

// The command is a program of its own, and takes its arguments from the process.
describe.each(files.filter((file) => file !== "host.ts" && file !== "cli/bin.ts"))("src/%s", (file) => {
  test("leaves the host to host.ts", () => {
    const host =
      /\b(setTimeout|clearTimeout|setInterval|MessageChannel|setImmediate|queueMicrotask|Date|process)\b(?!\s*[:?|])|\bperformance\.now\b|\bMath\.random\b/g;
    const touched = [...codeOf(file).matchAll(host)]
      .filter((match) => codeOf(file)[match.index - 1] !== ".")
      .map((match) => match[0]);
    expect(touched).toEqual([]);
  });
});

const combinators = /^(?:flow|sync|node)\//;
const face = new Set(["index.ts", "transducers.ts"].flatMap(importsOf).flatMap(({ names }) => names));
for (const [, name] of text("transducers.ts").matchAll(/^export function (\w+)/gm)) face.add(name!);

describe.each(files.filter((file) => combinators.test(file)))("src/%s", (file) => {
  test("CB-1: stands on the public face only", () => {
    const inner = importsOf(file)
      .filter(({ from }) => !combinators.test(from) && !beside.includes(from))
      .flatMap(({ from, names }) => names.filter((name) => !face.has(name)).map((name) => `${name} of ${from}`));
    expect(inner).toEqual([]);
  });
});

test("Node's own modules are imported in src/node and by the command only", () => {
  const importing = files.filter((file) => /\bfrom "node:/.test(text(file)));
  expect(importing.filter((file) => !/^(?:node|cli)\//.test(file))).toEqual([]);
});

test("the floors name no file that is not there", () => {
  expect(floors.flat().filter((name) => !files.includes(`${name}.ts`))).toEqual([]);
});

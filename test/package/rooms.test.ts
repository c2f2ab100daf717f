// The architecture: which folder of src/ may import from which, and which file may use the host. docs/internals.md says the same.

import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const folder = new URL("../../src/", import.meta.url);
const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));
const text = (file: string): string => readFileSync(new URL(file, folder), "utf8");

const core = ["structures", "scheduler", "operation"];
const basics = [...core, "task", "channel", "choice", "derived", "time", "lifetime"];
const flow = [...basics, "flow/ends"];
const testing = [...basics, "testing/program", "testing/report", "testing/simulation"];
const model = [...testing, "testing/explore/process", "testing/explore/semantics"];
const searching = [...model, "testing/explore/reduction", "testing/explore/search"];

/** Each room, and the rooms that it may import from. Task, channel and choice do not know each other. */
const rooms: Readonly<Record<string, readonly string[]>> = {
  structures: [],
  scheduler: ["structures"],
  operation: ["structures", "scheduler"],
  task: core,
  channel: core,
  choice: core,
  derived: [...core, "channel"],
  time: [...core, "task", "channel", "choice"],
  lifetime: [...core, "task", "channel", "time"],
  "flow/ends": basics,
  "flow/bridge": flow,
  "flow/view": flow,
  "flow/time": flow,
  "flow/spread": flow,
  "flow/work": flow,
  flow: [...flow, "flow/bridge", "flow/view", "flow/time", "flow/spread", "flow/work", ""],
  sync: flow,
  supervise: flow,
  "supervise/actor": [...flow, "supervise"],
  "remote/port": flow,
  remote: [...flow, "supervise", "remote/port"],
  worker: [...flow, "flow/work", "supervise", "remote/port", "remote"],
  nats: [...flow, "supervise", "supervise/actor", "remote"],
  node: flow,
  "testing/program": basics,
  "testing/report": basics,
  "testing/simulation": [...basics, "testing/program", "testing/report"],
  "testing/explore/process": testing,
  "testing/explore/semantics": model,
  "testing/explore/reduction": model,
  "testing/explore/search": [...model, "testing/explore/reduction"],
  "testing/explore/counterexample": searching,
  "testing/explore/validation": searching,
  "testing/explore/stateless": searching,
  "testing/explore/proof": [...searching, "testing/explore/counterexample", "testing/explore/validation"],
  "testing/explore/source": [],
  testing: [
    ...searching,
    "testing/explore/counterexample",
    "testing/explore/stateless",
    "testing/explore/proof",
    "testing/explore/source",
  ],
  cli: ["operation", "testing", "testing/report"],
};

/** What combinators and tools may use beside the public face: containers, weak references, messages, who owns a channel, who keeps permits, random delays, contexts and turns of the host. */
const beside = ["structures/list", "structures/ring", "structures/errors", "structures/arguments"];
beside.push(
  "structures/named",
  "structures/readable",
  "structures/shared",
  "structures/weak",
  "structures/kill",
  "channel/transducer",
  "task/work",
  "task/current",
  "operation/lost",
  "scheduler/contexts",
  "scheduler/kept-permits",
  "scheduler/stand-ins",
  "scheduler/turns",
  "time/jitter",
  "operation/ownership",
  "operation/notify",
  "operation/held",
  "operation/later",
  "channel/iterate",
);

/** The folder of a file; empty for the entry points, which may import from every room. */
function roomOf(file: string): string {
  return file.slice(0, Math.max(0, file.lastIndexOf("/")));
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

  test("a file imports only from rooms that its own room may use", () => {
    const room = roomOf(name);
    const allowed = ["", room, ...(rooms[room] ?? [])];
    const breaches = importsOf(file)
      .map(({ from }) => from)
      .filter((from) => room !== "" && (from === "index" || !allowed.includes(roomOf(from))));
    expect(breaches).toEqual([]);
  });

  test("a file lists what it exports", () => {
    // The entries of some hosts are the entry for all hosts, and more things that they do.
    if (!/^index-\w+\.ts$/.test(file)) expect(codeOf(file)).not.toMatch(/export\s*\*/);
  });
});

describe.each(Object.keys(rooms))("src/%s", (room) => {
  test("a room has no circle of imports", () => {
    const inside = files.map((file) => file.replace(/\.ts$/, "")).filter((file) => roomOf(file) === room);
    const circles: string[][] = [];
    const done = new Set<string>();
    const follow = (file: string, path: readonly string[]): void => {
      if (path.includes(file)) circles.push([...path.slice(path.indexOf(file)), file]);
      if (path.includes(file) || done.has(file)) return;
      for (const { from } of importsOf(`${file}.ts`)) if (roomOf(from) === room) follow(from, [...path, file]);
      done.add(file);
    };
    for (const file of inside) follow(file, []);
    expect(circles).toEqual([]);
  });

  test("a room says in one sentence what it is for, in its README and on the architecture page", () => {
    const readme = text(`${room}/README.md`);
    const [, title, sentence] = /^# (\S+)\n\n(.+)\n$/.exec(readme) ?? [];
    expect(title).toBe(room);
    expect(readFileSync(new URL("../../docs/internals.md", import.meta.url), "utf8")).toContain(sentence);
  });
});

test("every folder of src/ is a room", () => {
  const folders = new Set(files.map(roomOf));
  folders.delete("");
  expect([...folders].sort()).toEqual(Object.keys(rooms).sort());
});

// The command is a program of its own, and takes its arguments from the process. The warnings of development go to the process.
// A verification replaces the functions of the host, and has a limit of time; times of vitest are dates.
const beyond = ["scheduler/host.ts", "scheduler/whole-host.ts", "cli/bin.ts", "lifetime/warnings.ts"];
beyond.push("testing/simulation/host-calls.ts", "testing/simulation/limits.ts", "vitest.ts");
describe.each(files.filter((file) => !beyond.includes(file)))("src/%s", (file) => {
  test("only the files of the host use timers, clocks and chance of the host", () => {
    const host =
      /\b(setTimeout|clearTimeout|setInterval|MessageChannel|setImmediate|queueMicrotask|process)\b(?!\s*[:?|])|\bnew Date\(\)|\bDate\.now\b|\bperformance\.now\b|\bMath\.random\b/g;
    const touched = [...codeOf(file).matchAll(host)]
      .filter((match) => codeOf(file)[match.index - 1] !== ".")
      .map((match) => match[0]);
    expect(touched).toEqual([]);
  });
});

const combinators = /^(?:flow|sync|node|supervise|remote|worker|nats)\//;
const face = new Set(["index.ts", "transducers.ts"].flatMap(importsOf).flatMap(({ names }) => names));
for (const [, name] of text("transducers.ts").matchAll(/^export function (\w+)/gm)) face.add(name!);

describe.each(files.filter((file) => combinators.test(file)))("src/%s", (file) => {
  test("CB-1: a combinator imports only the public API", () => {
    const inner = importsOf(file)
      .filter(({ from }) => !combinators.test(from) && !beside.includes(from))
      .flatMap(({ from, names }) => names.filter((name) => !face.has(name)).map((name) => `${name} of ${from}`));
    expect(inner).toEqual([]);
  });
});

test("Node's own modules are imported in src/node, by the command, and by a file that only the entry for Node loads", () => {
  const importing = files.filter((file) => /\bfrom "node:/.test(text(file)));
  expect(importing.filter((file) => !/^(?:node|cli)\//.test(file))).toEqual(["lifetime/host-context.ts"]);
  const loading = files.filter((file) => importsOf(file).some(({ from }) => from === "lifetime/host-context"));
  expect(loading).toEqual(["index-node.ts"]);
});

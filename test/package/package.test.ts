// What is shipped, as its users get it: packed, installed into an empty project, imported, required, type-checked.

import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runInNewContext } from "node:vm";
import { transformSync } from "esbuild";
import * as millrace from "millrace";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import packageJson from "../../package.json" with { type: "json" };

const root = fileURLToPath(new URL("../../", import.meta.url));
const bin = (name: string): string => join(root, "node_modules", ".bin", name);

let project: string;
let tarball: string;

function exec(command: string, args: readonly string[], cwd: string): string {
  return execFileSync(command, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

/** Puts the tarball where npm would, with the dependencies that are here already: no registry is asked. */
function install(into: string): void {
  const modules = join(into, "node_modules");
  mkdirSync(join(modules, "millrace"), { recursive: true });
  exec("tar", ["-xzf", tarball, "-C", join(modules, "millrace"), "--strip-components=1"], into);
  cpSync(join(root, "node_modules", "tslib"), join(modules, "tslib"), { recursive: true });
}

function node(name: string, source: string): string {
  writeFileSync(join(project, name), source);
  return exec(process.execPath, [name], project).trim();
}

beforeAll(() => {
  project = mkdtempSync(join(tmpdir(), "millrace-package-"));
  const [packed] = JSON.parse(exec("npm", ["pack", "--ignore-scripts", "--json", "--pack-destination", project], root));
  tarball = join(project, packed.filename);
  writeFileSync(join(project, "package.json"), JSON.stringify({ name: "user", private: true, type: "module" }));
  install(project);
});
afterAll(() => rmSync(project, { recursive: true, force: true }));

describe("the installed package", () => {
  test("each entry point of the installed package can be imported", () => {
    const out = node(
      "import.mjs",
      `import { channel, go, CLOSED } from "millrace";
       import { map } from "millrace/transducers";
       import { replaceHost } from "millrace/host";
       import { toReadable } from "millrace/node";
       const c = channel(1, { transform: map((n) => n + 1) });
       go(function* () { for (const n of [1, 2, 3]) yield* c.send(n); c.close(); });
       console.log(await c.receive(), typeof replaceHost);
       for await (const n of toReadable(c)) console.log(n);
       console.log((await c.receive()) === CLOSED);`,
    );
    expect(out.split(/\s+/).join(" ")).toBe("2 function 3 4 true");
  });

  test("the installed package can be required and imported in one program, and is one package", () => {
    const out = node(
      "require.cjs",
      `const required = require("millrace");
       import("millrace").then(async (imported) => {
         const c = required.channel();
         imported.go(function* () { yield* c.send(1); });
         console.log(await required.go(function* () { return yield* c.receive(); }), required.CLOSED === imported.CLOSED);
       });`,
    );
    expect(out).toBe("1 true");
  });

  test("two copies of the package share one scheduler and take the objects of each other", () => {
    const other = join(project, "node_modules", "dependent");
    mkdirSync(other, { recursive: true });
    install(other);
    writeFileSync(join(other, "package.json"), JSON.stringify({ name: "dependent", type: "module", main: "index.js" }));
    writeFileSync(join(other, "index.js"), `export * from "millrace";`);
    const out = node(
      "copies.mjs",
      `import * as a from "millrace";
       import * as b from "dependent";
       const log = [];
       const c = a.channel();
       b.go(function* first() { log.push("first"); for (let n = 0; n < 3; n++) yield* c.send(n); c.close(); });
       a.go(function* second() { log.push("second"); });
       b.go(async function* third() { log.push("third"); });
       const got = await a.go(function* () {
         const got = [];
         for (;;) {
           const { key, value } = yield* b.select({ c, late: a.sleep(1000) });
           if (value === b.CLOSED) return got;
           got.push(key + value);
         }
       });
       const joined = await b.go(function* () { return yield* a.go(function* () { return yield* b.always(1); }); });
       const nested = await a.alt(b.alt(a.never(), b.always(2)), a.never());
       console.log(a.go !== b.go, a.CLOSED === b.CLOSED, a.EMPTY === b.EMPTY, log.join(), got.join(), joined, nested);`,
    );
    expect(out).toBe("true true true first,second,third c0,c1,c2 1 2");
  });

  test("two copies of the package keep one record of ownership: a combinator releases a channel of the other copy (CB-2)", () => {
    const out = node(
      "ownership.mjs",
      `import * as a from "millrace";
       import * as b from "dependent";
       import { map } from "millrace/transducers";
       const released = [];
       const release = () => released.push("released");
       const source = () => a.produce(function* (out) { for (let n = 0; yield* out.send(n); n++); }, { release });
       for await (const n of b.through(source(), map((n) => n))) if (n === 2) break;
       for await (const n of source()) break;
       const created = a.channel(1);
       created.trySend(1);
       for await (const n of b.through(created, map((n) => n))) break;
       await a.pause();
       console.log(released.join(), created.closed);`,
    );
    expect(out).toBe("released,released false");
  });

  test("the installed package type-checks in a strict program", () => {
    writeFileSync(
      join(project, "program.ts"),
      `import { channel, CLOSED, type Closed, go, type Routine, select, sleep, type Task } from "millrace";
       import { map } from "millrace/transducers";
       const numbers = channel<number>(3);
       const words = channel(1, { transform: map((n: number) => String(n)) });
       function* sum(from: typeof numbers): Routine<number> {
         let sum = 0;
         for (let n: number | Closed; (n = yield* from.receive()) !== CLOSED; ) sum += n;
         const first = yield* select({ words, late: sleep(5) });
         if (first.key === "words") { const word: string | Closed = first.value; console.log(word); }
         return sum;
       }
       export const task: Task<number> = go(sum, numbers);
       // @ts-expect-error a channel of numbers takes no strings
       numbers.trySend("text");`,
    );
    for (const [module, resolution] of [
      ["nodenext", "nodenext"],
      ["esnext", "bundler"],
    ]) {
      const flags = [
        "--noEmit",
        "--strict",
        "--exactOptionalPropertyTypes",
        "--target",
        "es2022",
        "--lib",
        "es2023,dom,esnext.disposable",
      ];
      const run = (): string =>
        exec(bin("tsc"), [...flags, "--module", module!, "--moduleResolution", resolution!, "program.ts"], project);
      expect(run).not.toThrow();
    }
  });

  test("optional peers do not stop npm from installing the package beside old versions of them", () => {
    const { peerDependencies, peerDependenciesMeta } = packageJson;
    // npm fails with ERESOLVE, or crashes, where the range of an optional peer excludes what is installed.
    expect(peerDependencies).toEqual({
      "@nats-io/jetstream": ">=3",
      "@nats-io/kv": ">=3",
      "@nats-io/nats-core": ">=3",
      "@nats-io/transport-node": ">=3",
      tsx: "*",
      vitest: ">=3",
    });
    for (const peer of Object.keys(peerDependencies)) {
      expect(peerDependenciesMeta[peer as keyof typeof peerDependenciesMeta]).toEqual({ optional: true });
    }
  });

  test("the package says where its docs are, and ships every page that its README links to, but those about itself", () => {
    const { homepage, repository, bugs } = packageJson;
    expect([homepage, repository.url, bugs].every((address) => address.includes("github.com/"))).toBe(true);
    const readme = readFileSync(join(root, "README.md"), "utf8");
    const pages = [...readme.matchAll(/\/blob\/main\/(docs\/[^)#\s]+\.md)/g)].map(([, path]) => path!);
    const files = exec("tar", ["-tzf", tarball], project).split("\n");
    expect(pages.length).toBeGreaterThan(10);
    const online = pages.filter((page) => !files.includes(`package/${page}`));
    expect(online.sort()).toEqual(["docs/goker.md", "docs/internals.md"]);
  });

  test("a page of the package links to pages of the package, and to others by their address", () => {
    const docs = join(project, "node_modules/millrace/docs");
    const pages = readdirSync(docs);
    const dead = pages.flatMap((page) => {
      const links = [...readFileSync(join(docs, page), "utf8").matchAll(/\]\(([^)#:\s]+\.md)/g)].map(([, to]) => to!);
      return links.filter((to) => !existsSync(join(docs, to))).map((to) => `${page}: ${to}`);
    });
    expect(dead).toEqual([]);
  });

  test("the package has no source maps, which would be two thirds of it", () => {
    const files = exec("tar", ["-tzf", tarball], project).trim().split("\n");
    expect(files.filter((file) => file.endsWith(".map"))).toEqual([]);
    const scripts = files.filter((file) => file.endsWith(".js")).map((file) => file.replace("package/", ""));
    const read = (file: string): string => readFileSync(join(project, "node_modules/millrace", file), "utf8");
    expect(scripts.filter((file) => /^\/\/# sourceMappingURL/m.test(read(file)))).toEqual([]);
  });

  test("dist/node.js imports built-in modules with the prefix node:, which bundlers for browsers go by", () => {
    const built = readFileSync(join(project, "node_modules/millrace/dist/node.js"), "utf8");
    const imported = [...built.matchAll(/from ?"([^."][^"]*)"/g)].map(([, name]) => name!);
    expect(imported.length).toBeGreaterThan(0);
    expect(imported.filter((name) => !name.startsWith("node:") && name !== "tslib")).toEqual([]);
  });

  test("the packed file satisfies publint", () => {
    expect(() => exec(bin("publint"), ["run", tarball, "--strict"], project)).not.toThrow();
  });

  test("the packed file satisfies arethetypeswrong for ES modules", () => {
    expect(() =>
      exec(bin("attw"), [tarball, "--profile", "esm-only", "--no-emoji", "--no-color"], project),
    ).not.toThrow();
  });
});

describe("dist", () => {
  const dist = join(root, "dist");
  const scripts = readdirSync(dist).filter((file) => file.endsWith(".js"));
  const read = (file: string): string => readFileSync(join(dist, file), "utf8");

  test("dist imports the helpers of tslib, and contains none", () => {
    const modules = scripts.filter((file) => !file.includes("global"));
    expect(modules.some((file) => /from ?"tslib"/.test(read(file)))).toBe(true);
    for (const file of modules)
      expect(read(file)).not.toMatch(/var __(?:awaiter|asyncGenerator|using|addDisposableResource)\b/);
  });

  test("dist has no top-level await, so that it can be required", () => {
    // esbuild refuses to make a CommonJS module of such a script.
    const modules = scripts.filter((file) => file !== "cli.js");
    for (const file of modules) expect(() => transformSync(read(file), { format: "cjs" }), file).not.toThrow();
  });

  test("classes and functions of dist have names, which reports show", async () => {
    const core: Record<string, unknown> = await import(new URL("../../dist/core.js", import.meta.url).href);
    const named = Object.entries(core).filter(([, value]) => typeof value === "function") as [string, Function][];
    expect(named.length).toBeGreaterThan(100);
    // A class that mentions itself gets an underscore from the bundler, and a name that is there twice gets a number.
    const plain = (name: string): string => name.replace(/^_|\d+$/g, "");
    expect(named.filter(([name, value]) => plain(value.name) !== plain(name)).map(([name]) => name)).toEqual([]);
  });

  test("dist has a script that defines the global millrace", async () => {
    const context: Record<string, unknown> = { performance, setTimeout, clearTimeout, MessageChannel, AbortController };
    runInNewContext(`${read("millrace.global.js")}\n globalThis.shared = millrace;`, context);
    const { shared } = context as { shared: typeof import("millrace") };
    expect(Object.keys(shared)).toEqual(
      expect.arrayContaining(["channel", "go", "select", "alt", "timeout", "CLOSED"]),
    );
    expect(typeof (context as { millrace?: unknown }).millrace).toBe("object");
    const sum = runInNewContext(
      `(() => {
         const c = millrace.channel();
         millrace.go(function* () { for (let n = 1; n <= 4; n++) yield* c.send(n); c.close(); });
         return millrace.go(function* () {
           let sum = 0;
           for (let n; (n = yield* c.receive()) !== millrace.CLOSED; ) sum += n;
           return sum;
         });
       })()`,
      context,
    );
    expect(await sum).toBe(10);
  });

  test("the packed file has no tests and no sources, and every file that package.json names", () => {
    const files = exec("tar", ["-tzf", tarball], project).trim().split("\n");
    const names = files.map((file) => file.replace(/^package\//, ""));
    expect(names.filter((name) => /^(?:src|test|bench|build|node_modules)\//.test(name))).toEqual([]);
    const { exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    const named = Object.values(exports as Record<string, string | Record<string, string>>).flatMap((entry) =>
      typeof entry === "string" ? [entry] : Object.values(entry),
    );
    expect(named.map((name) => name.replace("./", "")).filter((name) => !names.includes(name))).toEqual([]);
  });
});

/** The fields that a class defines rather than assigns: at the top of its body nothing else ends in a semicolon. */
function definedFields(type: Function): string[] {
  const source = type
    .toString()
    .replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "")
    .replace(/"[^"\n]*"|`[^`]*`/g, '""');
  const fields: string[] = [];
  let depth = 0;
  let member = "";
  for (const character of source) {
    if ("{([".includes(character)) depth++;
    else if ("})]".includes(character)) depth--;
    else if (depth === 1 && character === ";") fields.push(member.trim());
    member = depth !== 1 || "{};".includes(character) ? "" : member + character;
  }
  return fields;
}

describe("class fields are assigned, not defined (useDefineForClassFields is off)", () => {
  const classesOf = (m: typeof import("millrace")): Function[] => {
    const c = m.channel<number>(1);
    const made = [
      c,
      c.send(1),
      c.receive(),
      m.always(1),
      m.never(),
      m.sleep(1),
      m.timeout(1),
      m.select({ c, d: m.never() }),
    ];
    return [
      m.Operation,
      m.Task,
      m.DeadlockError,
      m.promiseChannel().constructor,
      ...made.map((value) => value.constructor),
    ];
  };

  test("the check of class fields finds a field that is defined", () => {
    const type = new Function("return class { a; b = 5; method() { return 1; } get c() { return 2; } }")();
    expect(definedFields(type)).toEqual(["a", "b = 5"]);
  });

  test("class fields of dist are assigned, not defined", async () => {
    const built: typeof import("millrace") = await import(new URL("../../dist/index.js", import.meta.url).href);
    for (const type of classesOf(built)) expect([type.name, definedFields(type)]).toEqual([type.name, []]);
  });

  test("class fields of what the test runner runs are assigned, not defined", () => {
    for (const type of classesOf(millrace)) expect([type.name, definedFields(type)]).toEqual([type.name, []]);
  });
});

test("tasks of combinators in dist are named after their combinators, whatever the bundler renames", async () => {
  const built: typeof import("millrace") = await import(new URL("../../dist/index.js", import.meta.url).href);
  const { channel, flatPipeline, never, pipe, pipeline, run } = built;
  const stuck = run(function* main() {
    pipe(channel<number>(), channel<number>());
    pipeline(1, channel<number>(), (value) => value);
    flatPipeline(1, channel<number>(), function* () {});
    yield* never();
  });
  const error = await stuck.then(
    () => null,
    (reason: InstanceType<typeof built.DeadlockError>) => reason,
  );
  expect(error?.tasks.map(({ name }) => name)).toEqual([
    ...["main#0", "main#0/pipe#0", "main#0/pipeline#1", "main#0/flatPipeline#2"],
  ]);
  expect(error?.tasks[0]?.waitsFor).toBe("never");
});

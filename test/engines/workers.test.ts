// Cloudflare Workers, in their own runtime workerd. A timer, a turn and a promise belong there to the request that made them,
// and are dropped with it. Each test serves one worker; its table is a list of requests that must not break each other.

import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { PATIENCE } from "../support/patience.js";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** The worker under test: a route for each way to wait. `control` uses no millrace. */
const WORKER = `
  import { alt, channel, CLOSED, go, never, pause, run, scope, select, settled, sleep, withTimeout } from "millrace";
  import { replaceHost } from "millrace/host";

  const later = (ms, value) => new Promise((resolve) => setTimeout(resolve, ms, value));
  const handOver = (count, form) => {
    const numbers = channel();
    if (form === "sync") go(function* () { for (let n = 0; n < count; n++) yield* numbers.send(n); numbers.close(); });
    else go(async function* () { for (let n = 0; n < count; n++) yield* numbers.send(n); numbers.close(); });
    const sync = function* () { let sum = 0; for (let n; (n = yield* numbers.receive()) !== CLOSED; ) sum++; return sum; };
    const async = async function* () { let sum = 0; for (let n; (n = yield* numbers.receive()) !== CLOSED; ) sum++; return sum; };
    return go(form === "sync" ? sync : async);
  };
  const routes = {
    control: async (ms) => { await later(ms); return "control " + ms; },
    sleep: async (ms) => { await sleep(ms); return "slept " + ms; },
    gosleep: async (ms) => { await go(function* () { yield* sleep(ms); }); return "slept " + ms; },
    asyncsleep: async (ms) => { await go(async function* () { yield* sleep(ms); }); return "slept " + ms; },
    steps: (ms) => go(function* () {
      for (let n = 0; n < 5; n++) { yield* sleep(ms / 5); yield* pause(); }
      return "slept " + ms;
    }),
    race: (ms) => alt(settled(later(50, "answered")), sleep(ms).map(() => "late")),
    gorace: (ms) => go(function* () {
      const first = yield* select({ answer: settled(later(50, "answered")), late: sleep(ms) });
      return first.key;
    }),
    limit: (ms) => withTimeout(ms, never()).then(() => "never", (error) => error.name),
    scope: (ms) => scope(function* (s) {
      s.go(function* () { yield* sleep(ms); });
      const task = s.go(function* () { yield* sleep(10 * ms); });
      yield* sleep(ms);
      task.cancel();
      return "scope";
    }),
    deadlock: () => run(function* stuck() { yield* channel().receive(); }).then(() => "over", (error) => error.name),
    sync: async (count) => String(await handOver(count, "sync")),
    async: async (count) => String(await handOver(count, "async")),
    // A clock that stands still while code runs, as in production.
    frozen: async () => {
      const at = Date.now();
      const restore = replaceHost({ now: () => at });
      let ticks = 0;
      const interval = setInterval(() => ticks++, 5);
      let running = true;
      const numbers = channel();
      go(function* () { while (running) yield* numbers.send(1); });
      go(function* () { while (running) yield* numbers.receive(); });
      await later(200);
      running = false;
      clearInterval(interval);
      restore[Symbol.dispose]();
      return ticks > 0 ? "ticks" : "ticks: " + ticks;
    },
    // Leaves a busy program behind that has used up its slice.
    abandon: async () => {
      const numbers = channel();
      go(function* () { for (let n = 0; n < 1e5; n++) yield* numbers.send(n); });
      go(function* () { for (let n = 0; n < 1e5; n++) yield* numbers.receive(); });
      go(async function* () { for (let n = 0; n < 1e5; n++) yield* pause(); });
      go(function* () { yield* sleep(50); });
      await null;
      return "abandoned";
    },
  };
  export default {
    async fetch(request) {
      const [, route, argument] = new URL(request.url).pathname.split("/");
      return new Response(await routes[route](Number(argument)));
    },
  };
`;

interface Server {
  readonly url: string;
  readonly stop: () => void;
  readonly log: () => string;
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

/** Bundles the worker from the sources, and serves it with workerd. */
async function serve(compatibilityDate: string): Promise<Server> {
  const folder = mkdtempSync(join(tmpdir(), "millrace-workers-"));
  const bundled = await build({
    stdin: { contents: WORKER, resolveDir: root },
    // The package says that only files of dist/ have side effects, so esbuild would drop the call in this one.
    ignoreAnnotations: true,
    alias: { millrace: join(root, "src/index-whole.ts"), "millrace/host": join(root, "src/host-entry.ts") },
    bundle: true,
    format: "esm",
    target: "es2022",
    write: false,
  });
  const port = await freePort();
  writeFileSync(join(folder, "worker.mjs"), bundled.outputFiles[0]!.text);
  writeFileSync(
    join(folder, "config.capnp"),
    `using Workerd = import "/workerd/workerd.capnp";
     const config :Workerd.Config = (
       services = [(name = "main", worker = .main)],
       sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")],
     );
     const main :Workerd.Worker = (
       modules = [(name = "worker", esModule = embed "worker.mjs")], compatibilityDate = "${compatibilityDate}",
     );`,
  );
  const process = spawn(join(root, "node_modules/.bin/workerd"), ["serve", join(folder, "config.capnp")]);
  let log = "";
  process.stdout.on("data", (text) => (log += text));
  process.stderr.on("data", (text) => (log += text));
  const stop = (): void => {
    process.kill();
    rmSync(folder, { recursive: true, force: true });
  };
  const server = { url: `http://127.0.0.1:${port}`, stop, log: () => log };
  await answers(server, process, () => log);
  return server;
}

/** Waits until the worker answers; fails clearly if workerd cannot be started. */
async function answers({ url, stop }: Server, process: ChildProcess, log: () => string): Promise<void> {
  let failed: unknown;
  process.on("error", (error) => (failed = error));
  for (const begun = performance.now(); performance.now() - begun < PATIENCE; ) {
    if (failed !== undefined || process.exitCode !== null) break;
    const answer = await fetch(`${url}/control/0`).catch(() => undefined);
    if (answer !== undefined) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  stop();
  throw new Error(`Cannot start workerd: the npm package "workerd" must be able to run here, got ${failed ?? log()}`);
}

describe.each(["2026-11-01", "2025-08-01", "2025-01-01"])("workerd with the compatibility date %s", (date) => {
  let server: Server;
  beforeAll(async () => {
    server = await serve(date);
  });
  afterAll(() => server?.stop());

  /** Asks for a page; returns its text, and the status of a request that failed. */
  const ask = async (path: string, signal?: AbortSignal): Promise<string> => {
    const limit = AbortSignal.timeout(PATIENCE);
    const answer = await fetch(`${server.url}/${path}`, { signal: signal ? AbortSignal.any([signal, limit]) : limit });
    const text = await answer.text();
    return answer.ok ? text : `${answer.status} ${text} ${server.log().slice(-2000)}`;
  };
  const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

  test.each([
    ["control/10", "control 10"],
    ["sleep/20", "slept 20"],
    ["gosleep/20", "slept 20"],
    ["asyncsleep/20", "slept 20"],
    ["steps/50", "slept 50"],
    ["race/500", "answered"],
    ["race/5", "late"],
    ["gorace/500", "answer"],
    ["limit/20", "TimeoutError"],
    ["scope/20", "scope"],
    ["deadlock/", "DeadlockError"],
    ["sync/100000", "100000"],
    ["async/50000", "50000"],
    ["frozen/", "ticks"],
  ])("a lone request /%s is answered", async (path, text) => {
    expect(await ask(path)).toBe(text);
    expect(await ask(path)).toBe(text);
  });

  test.each([
    ["control/100", "control/150"],
    ["sleep/100", "sleep/150"],
    ["gosleep/100", "gosleep/150"],
    ["asyncsleep/100", "asyncsleep/150"],
    ["steps/100", "steps/300"],
    ["race/500", "sleep/400"],
    ["gorace/500", "gosleep/400"],
    ["scope/50", "scope/100"],
    ["sync/300000", "sync/300000"],
    ["async/100000", "async/100000"],
    ["sync/300000", "sleep/100"],
    ["deadlock/", "deadlock/"],
  ])("a request /%s that ends first does not break a request /%s", async (first, second) => {
    const one = ask(first);
    await wait(20);
    const other = ask(second);
    expect([await one, await other].filter((text) => /^\d+ /.test(text) && !/^\d+$/.test(text))).toEqual([]);
  });

  test("a request after one that lost a timer is answered", async () => {
    expect(await ask("race/3000")).toBe("answered");
    expect(await ask("sleep/20")).toBe("slept 20");
    expect(await ask("gosleep/20")).toBe("slept 20");
  });

  test("twenty requests that sleep at the same time are answered", async () => {
    const times = Array.from({ length: 20 }, (_, n) => 20 + 10 * n);
    const texts = await Promise.all(times.map((ms) => ask(`gosleep/${ms}`)));
    expect(texts).toEqual(times.map((ms) => `slept ${ms}`));
  });

  test("a request whose client goes away does not break another one", async () => {
    const controller = new AbortController();
    const gone = ask("gosleep/1000", controller.signal).catch(() => "gone");
    await wait(20);
    const other = ask("gosleep/400");
    await wait(50);
    controller.abort();
    expect([await gone, await other]).toEqual(["gone", "slept 400"]);
    expect(await ask("sleep/20")).toBe("slept 20");
  });

  test("a request that leaves a busy program behind does not break those that follow", async () => {
    for (let n = 0; n < 3; n++) {
      expect(await ask("abandon/")).toBe("abandoned");
      expect(
        await Promise.all([ask("gosleep/30"), ask("asyncsleep/30"), ask("sync/10000"), ask("async/10000")]),
      ).toEqual(["slept 30", "slept 30", "10000", "10000"]);
    }
  });
});

// Workers in threads and in processes of Node, from start to end.

import { pathToFileURL } from "node:url";
import { afterEach, describe, expect, test } from "vitest";
import { CLOSED, never, select, sleep, withTimeout } from "../../../src/index.js";
import { PeerLostError } from "../../../src/remote.js";
import { supervise } from "../../../src/supervise.js";
import { type Worker, type WorkerOptions, worker, workerOf } from "../../../src/worker.js";
import { PATIENCE } from "../../support/patience.js";
import { fileOf, type Kind, kinds, running, start } from "./start.js";

/** Starts a worker that does a deed. */
async function doing<T = unknown>(deed: string, kind: Kind, options?: WorkerOptions): Promise<Worker<T>> {
  const one = start<T>(kind, "all.ts", options);
  expect(await one.connection.channel("log").receive()).toBe("begun");
  await one.connection.channel<string>("deed").send(deed);
  return one;
}

afterEach(async () => {
  while (running > 0) await sleep(10);
});

describe.each(kinds)("a worker in a %s", (kind) => {
  test("expose() runs main with a connection, and what main returns is the exit", async () => {
    const one = start<number>(kind, "all.ts");
    const log = one.connection.channel<string>("log");
    expect(await log.receive()).toBe("begun");
    await one.connection.channel<string>("deed").send("return");
    expect(await log.receive()).toBe("ended");
    expect(await one.exited()).toEqual({ kind: "done", value: 42 });
    expect(await log.receive()).toBe(CLOSED);
    expect(String(one)).toBe("Worker all.ts done");
  });

  test("what main throws is the exit, with its name, message and code", async () => {
    const one = await doing("fail", kind);
    const exit = await one.exited();
    expect(exit).toMatchObject({ kind: "failed", error: { message: "main has failed", code: "E_MAIN" } });
    expect((exit as { error: unknown }).error).toBeInstanceOf(RangeError);
  });

  test("a worker whose main has ended stays while it serves a name", async () => {
    const one = await doing<string>("serve", kind);
    expect(await one.connection.channel("log").receive()).toBe("ended");
    expect(await one.connection.ask("double", 21)).toBe(42);
    expect((await select({ exited: one.exited(), late: sleep(20) })).key).toBe("late");
    await one.connection.ask("stop serving", undefined);
    expect(await one.exited()).toEqual({ kind: "done", value: "served" });
  });

  test("stop() cancels main, whose finally blocks run, and then the worker ends", async () => {
    const one = start(kind, "all.ts");
    const log = one.connection.channel<string>("log");
    expect(await log.receive()).toBe("begun");
    const stopped = one.stop("enough").then();
    expect(await log.receive()).toBe("ended");
    expect(await stopped).toEqual({ kind: "cancelled", reason: "enough" });
    expect(await one.stop()).toEqual({ kind: "cancelled", reason: "enough" });
    expect(one.connection.closed).toBe(true);
  });

  test.each(["spin", "hang"])("stop() kills a worker that does not stop within its grace: %s", async (deed) => {
    const one = await doing(deed, kind, { shutdown: 50 });
    const waiting = one.connection
      .channel("silent")
      .receive()
      .then(undefined, (error: unknown) => error);
    await sleep(50);
    expect(await one.stop()).toEqual({ kind: "killed" });
    // This side has ended the connection, or the other side was lost before.
    expect([CLOSED, "PeerLostError"]).toContain(((await waiting) as Error).name ?? (await waiting));
  });

  test("await using stops it", async () => {
    let exited: PromiseLike<unknown>;
    {
      await using one = start(kind, "all.ts");
      await one.connection.channel<string>("log").receive();
      exited = one.exited().then();
    }
    expect(await exited).toEqual({ kind: "cancelled", reason: undefined });
  });

  test("a file that cannot be loaded fails the worker", async () => {
    const one = start(kind, "no such file.ts");
    const exit = await one.exited();
    expect(exit.kind).toBe("failed");
    expect((exit as { error: unknown }).error).toBeInstanceOf(PeerLostError);
  });

  test("a supervisor starts a worker, restarts it when it dies, and stops it", async () => {
    const one = start(kind, "all.ts");
    const log: string[] = [];
    const tree = supervise({ one }, { intensity: 3 });
    await tree.ready();
    expect(tree.child("one")?.status).toBe("running");
    const first = one.connection;
    expect(await first.channel("log").receive()).toBe("begun");
    await first.channel<string>("deed").send("exit");
    await first.whenClosed();
    const second = await withTimeout(PATIENCE, one.connected());
    log.push(String(await second.channel("log").receive()));
    expect(log).toEqual(["begun"]);
    expect(tree.child("one")?.restarts).toBe(1);
    expect(second).not.toBe(first);
    expect(await tree.stop()).toMatchObject({ kind: "cancelled" });
    expect(await one.exited()).toMatchObject({ kind: "cancelled" });
    await expect(one.connected()).rejects.toThrow("was cancelled");
  });

  test("a supervisor kills a worker that computes for ever when its grace is over", async () => {
    const one = start(kind, "all.ts", { shutdown: 50 });
    const tree = supervise({ one });
    await tree.ready();
    expect(await one.connection.channel("log").receive()).toBe("begun");
    await one.connection.channel<string>("deed").send("spin");
    await sleep(20);
    const child = tree.child("one")!;
    const exit = child.exited().then();
    await tree.stop();
    expect(await exit).toEqual({ kind: "killed" });
  });

  test("a supervisor starts the file of a spec with a worker", async () => {
    const tree = supervise({ one: { worker: start(kind, "all.ts"), shutdown: 1000 } });
    await tree.ready();
    expect(tree.child("one")?.status).toBe("running");
    await tree.stop();
  });

  test("a worker that cannot start fails the start of its supervisor", async () => {
    const tree = supervise({ one: start(kind, "no such file.ts") }, { intensity: 0 });
    await expect(tree.ready()).rejects.toThrow(/^Cannot start child "?one"?/);
  });
});

test("kill() ends a worker at once, and its exit says so", async () => {
  const one = await doing("hang", "thread");
  const silent = one.connection.channel("silent").receive();
  const lost = expect(silent).rejects.toThrow(PeerLostError);
  one.kill();
  expect(await one.exited()).toEqual({ kind: "killed" });
  await lost;
});

test("a worker that is stopped in the step in which it was started leaves no thread", async () => {
  const one = start("thread", "all.ts");
  void one.connection;
  expect(await one.stop("at once")).toEqual({ kind: "cancelled", reason: "at once" });
});

test("a supervisor starts the file of a spec with a URL", async () => {
  const tree = supervise({ one: { worker: fileOf("all.ts") }, two: { worker: pathToFileURL(fileOf("all.ts")) } });
  await tree.ready();
  expect(tree.count()).toMatchObject({ active: 2 });
  const exit = tree.child("one")!.exited().then();
  await tree.stop("over");
  expect(await exit).toMatchObject({ kind: "cancelled" });
  expect(() => supervise({ one: { worker: 5 as never } })).toThrow(
    'Cannot supervise: the worker of child "one" must be a URL or made by worker(), got 5',
  );
});

test("workerOf() gives the worker of a child that was given by its address, also after a restart", async () => {
  const tree = supervise({ one: { worker: pathToFileURL(fileOf("all.ts")) }, idle: () => never() });
  expect(workerOf(tree.child("one")!)).toBe(undefined);
  await tree.ready();
  const child = tree.child("one")!;
  const one = workerOf(child)!;
  const first = one.connection;
  expect(await first.channel("log").receive()).toBe("begun");
  one.kill();
  await first.whenClosed();
  const second = await one.connected();
  expect(await second.channel("log").receive()).toBe("begun");
  expect([second === first, workerOf(child) === one, child.restarts]).toEqual([false, true, 1]);
  expect(workerOf(tree.child("idle")!)).toBe(undefined);
  expect(() => workerOf(undefined as never)).toThrow(
    "Cannot find worker: child must be a child of a supervisor, got undefined",
  );
  const exit = one.exited().then();
  await tree.stop();
  expect((await exit).kind).toBe("cancelled");
});

test.each([
  ["restart", { restart: "transient" }],
  ["backoff", { backoff: { min: 1, max: 10 } }],
  ["significant", { significant: true, restart: undefined }],
])("a worker that stands alone refuses %s, and one that is a child has it", async (option, options) => {
  const one = start("thread", "all.ts", options as WorkerOptions);
  const message = `Cannot start worker all.ts: ${option} is an option of a child; pass the worker to supervise()`;
  expect(() => one.connection).toThrow(message);
  expect(() => one.exited()).toThrow(message);
  if (option === "significant") return;
  const tree = supervise({ one: start("thread", "all.ts", options as WorkerOptions) });
  await tree.ready();
  await tree.stop();
});

test("a worker that runs, or is a child, cannot become a child", async () => {
  const one = start("thread", "all.ts");
  void one.connection;
  expect(() => supervise({ one })).toThrow(/^Cannot supervise: worker all.ts must not run or be a child already/);
  await one.stop();
});

// Source, options, message.
const wrong: Record<string, [unknown, unknown, string]> = {
  "no source": [
    undefined,
    undefined,
    "Cannot start worker: its source must be a URL, a path or a function, got undefined",
  ],
  "a function that starts nothing": [
    () => ({}),
    undefined,
    "Cannot start worker: the function must return a Worker or the ChildProcess of fork(), got an object (Object)",
  ],
  "a kind that is none": [
    "a.js",
    { kind: "fiber" },
    'Cannot start worker: kind must be "thread" or "process", got "fiber"',
  ],
  "options that are none": ["a.js", 5, "Cannot start worker: options must be an object, got 5"],
};

test.each(Object.entries(wrong))("worker() refuses %s in words", (_, [source, options, message]) => {
  expect(() => void worker(source as string, options as WorkerOptions).connection).toThrow(new TypeError(message));
});

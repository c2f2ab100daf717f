// Starts a thread or a process. Node's modules are asked for when they are needed, so that this file can be loaded in a page.

import type { PortLike } from "../remote/port/port.js";
import { shown, textOf } from "../structures/errors.js";
import type { WorkerOptions, WorkerSource } from "./types.js";

/** What has been started. */
export interface Spawned {
  readonly like: PortLike;
  /** Whether its end is told, and not only that it was killed here. */
  readonly tellsEnd: boolean;
  /** Calls back once it has ended. */
  whenGone(then: () => void): void;
  kill(): void;
}

/** A thread of Node or a child process. */
interface Emitter {
  on(event: string, listener: (...values: never[]) => void): unknown;
  kill?(signal: string): void;
  terminate?(): unknown;
}

/** A worker of a page. */
interface PageWorker extends EventTarget {
  terminate(): void;
}

type NodeThreads = { readonly Worker: new (url: URL | string, options?: object) => Emitter & PortLike };
type NodeProcesses = {
  fork(path: URL | string, args: readonly string[], options: object): Emitter & PortLike;
};

/** A module of Node, where there is Node or what imitates it. */
export function builtin<T>(name: string): T | undefined {
  const host = globalThis as { process?: { getBuiltinModule?(name: string): T | undefined } };
  return host.process?.getBuiltinModule?.(name);
}

/** Starts what a source says. */
export function spawn(source: WorkerSource, options: WorkerOptions, name: string): Spawned {
  const like = typeof source === "function" ? source() : start(located(source), options, name);
  const known = like as Partial<Emitter> & Partial<PageWorker>;
  if (typeof known.on === "function") return ofNode(like as Emitter & PortLike);
  if (typeof known.terminate === "function") return ofPage(like as PageWorker & PortLike);
  throw new TypeError(
    `Cannot start worker: the function must return a Worker or the ChildProcess of fork(), got ${shown(like)}`,
  );
}

function start(url: URL | string, { kind = "thread", host = {} }: WorkerOptions, name: string): PortLike {
  if (kind === "process") {
    const processes = builtin<NodeProcesses>("node:child_process");
    if (processes === undefined)
      throw new Error('Cannot start worker: this host must have processes for kind "process", got none');
    const { argv, ...options } = host;
    return processes.fork(url, (argv as readonly string[] | undefined) ?? [], options);
  }
  const threads = builtin<NodeThreads>("node:worker_threads");
  if (threads !== undefined) return new threads.Worker(url, { name, ...host });
  const Page = (globalThis as { Worker?: new (url: URL | string, options: object) => PortLike }).Worker;
  if (Page === undefined) throw new Error("Cannot start worker: this host must have threads, got none");
  return new Page(url, { type: "module", name, ...host });
}

function ofNode(like: Emitter & PortLike): Spawned {
  let gone = false;
  const waiting: (() => void)[] = [];
  const end = (): void => {
    gone = true;
    for (const then of waiting.splice(0)) then();
  };
  like.on("exit", end);
  // Without a listener an error would be thrown here. The connection has its own, as long as it is open.
  like.on("error", () => {
    if ((like as { pid?: unknown }).pid === undefined && like.kill !== undefined) end();
  });
  return {
    like,
    tellsEnd: true,
    whenGone: (then) => void (gone ? then() : waiting.push(then)),
    kill: () => void (like.kill !== undefined ? like.kill("SIGKILL") : like.terminate!()),
  };
}

/** The end of a worker of a page is told by nothing, so it is gone when it is terminated. */
function ofPage(like: PageWorker & PortLike): Spawned {
  let gone = false;
  const waiting: (() => void)[] = [];
  return {
    like,
    tellsEnd: false,
    whenGone: (then) => void (gone ? then() : waiting.push(then)),
    kill() {
      if (gone) return;
      gone = true;
      like.terminate();
      // The port of the connection listens to it.
      like.dispatchEvent(new Event("close"));
      for (const then of waiting.splice(0)) then();
    },
  };
}

/** An address as hosts take it: a URL as an object, and a path as it is. */
function located(source: unknown): URL | string {
  if (source instanceof URL) return source;
  if (typeof source !== "string")
    throw new TypeError(`Cannot start worker: its source must be a URL, a path or a function, got ${shown(source)}`);
  return /^[a-z][a-z+.-]+:/i.test(source) ? new URL(source) : source;
}

/** The name of a worker: of its file, or of the function that starts it. */
export function nameOf(source: WorkerSource): string {
  if (typeof source === "function") return source.name || "worker";
  const path = textOf(source).replace(/[?#].*$/, "");
  return /^(?:data|blob):/.test(path) ? "worker" : (/([^/\\]+)$/.exec(path)?.[1] ?? "worker");
}

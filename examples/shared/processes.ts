// Processes that a program starts, and a NATS server among them. None is left behind: they end with the program, however it ends.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** A process that has said that it is ready. */
export interface Started {
  readonly child: ChildProcess;
  /** What it printed first. */
  readonly line: string;
}

/** Where a NATS server listens, and keeps its files. */
export interface NatsPlace {
  readonly port: number;
  readonly folder: string;
}

const READY = "Server is ready";

/**
 * The program of a process that outlives this one for a moment. It reads the ids of processes, each with a + when it has begun and a -
 * when it has ended. When the other end of the pipe is gone, it kills those that are left.
 */
const KEEPER = `
  const left = new Set();
  let text = "";
  process.stdin.on("data", (chunk) => {
    const lines = (text + chunk).split("\\n");
    text = lines.pop();
    for (const line of lines) line[0] === "+" ? left.add(Number(line)) : left.delete(-Number(line));
  });
  process.stdin.on("end", () => {
    for (const id of left) try { process.kill(id, "SIGKILL"); } catch {}
  });
`;

/** Disposing of it asks all to end, the last one first, and waits until they have. */
export class Processes implements AsyncDisposable {
  private readonly _running: Set<ChildProcess>;
  /** Kills what is left when this process has ended, also if it was killed. */
  private readonly _keeper: ChildProcess;

  constructor() {
    this._running = new Set();
    // A group of its own: Ctrl-C is for the others.
    this._keeper = spawn(process.execPath, ["-e", KEEPER], { stdio: ["pipe", "ignore", "ignore"], detached: true });
    this._keeper.stdin!.on("error", () => {});
    this._keeper.unref();
    (this._keeper.stdin as Socket).unref();
  }

  /**
   * Starts a program of the examples, and resolves when it has printed a line.
   *
   * @param print - Called with each further line.
   */
  async program(file: URL, args: readonly string[], print: (line: string) => void = () => {}): Promise<Started> {
    const child = this._spawn(process.execPath, ["--import", "tsx", fileURLToPath(file), ...args], "inherit");
    const first = new Promise<string>((resolve) => {
      let said: (line: string) => void = (line) => {
        said = print;
        resolve(line);
      };
      createInterface({ input: child.stdout! }).on("line", (line) => said(line));
    });
    const ended = once(child, "exit") as Promise<[number | null]>;
    const line = await Promise.race([first, ended]);
    if (typeof line !== "string") throw new Error(`Cannot start ${args[0]}: it ended with ${line[0]}`);
    return { child, line };
  }

  /** Starts a NATS server, and resolves when it is ready. What a server with the same folder has stored is there. */
  async nats({ port, folder }: NatsPlace): Promise<ChildProcess> {
    const child = this._spawn(natsServer(), ["-a", "127.0.0.1", "-p", String(port), "-js", "-sd", folder], "pipe");
    // It is read to the end: a server that cannot write its log ends.
    let said = "";
    const ready = new Promise<boolean>((resolve) => {
      child.stderr!.on("data", (text) => {
        if (!said.includes(READY)) said += text;
        if (said.includes(READY)) resolve(true);
      });
      child.once("close", () => resolve(false));
    });
    if (!(await ready)) throw new Error(`Cannot start nats-server: ${said}`);
    return child;
  }

  /** Ends a process by a signal, and waits until it has. */
  async end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
    this._running.delete(child);
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill(signal);
    await ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of [...this._running].reverse()) await this.end(child, "SIGTERM");
    this._keeper.stdin!.end();
  }

  private _spawn(command: string, args: string[], errors: "inherit" | "pipe"): ChildProcess {
    const child = spawn(command, args, { stdio: ["ignore", "pipe", errors] });
    const { pid } = child;
    if (pid === undefined) return child;
    this._running.add(child);
    this._keeper.stdin!.write(`+${pid}\n`);
    child.once("exit", () => {
      this._running.delete(child);
      this._keeper.stdin!.write(`-${pid}\n`);
    });
    return child;
  }
}

/** The file of the server, if it is installed. */
export function findNatsServer(): string | undefined {
  const named = process.env.NATS_SERVER;
  // Debian's is not in the path of every user.
  const places = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin"].map((place) => join(place, "nats-server"));
  return (named === undefined ? places : [named]).find((place) => existsSync(place));
}

export function natsServer(): string {
  const server = findNatsServer();
  const named = process.env.NATS_SERVER;
  if (server === undefined)
    throw new Error(
      `Cannot start the processes: there is no nats-server${named === undefined ? "" : ` at ${named}`}. On Debian and Ubuntu: apt-get install nats-server. Elsewhere: docs.nats.io, and NATS_SERVER is its path`,
    );
  return server;
}

/** A port that is free at the moment. */
export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

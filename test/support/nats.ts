// A NATS server for tests: found or installed, started on a free port of the loopback interface with a folder of its own, and killed.

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect as dial } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findNatsServer, freePort, natsServer } from "../../examples/shared/processes.js";

/** Finds the server, or installs Debian's. */
function program(): string {
  if (findNatsServer() === undefined && process.getuid?.() === 0 && existsSync("/usr/bin/apt-get")) {
    const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
    // Another run may be installing at the same time.
    const wait = "-oDPkg::Lock::Timeout=600";
    execFileSync("apt-get", [wait, "update", "-qq"], { stdio: "inherit" });
    execFileSync("apt-get", [wait, "install", "-y", "-qq", "nats-server"], { stdio: "inherit", env });
  }
  return natsServer();
}

function reachable(port: number): Promise<boolean> {
  return new Promise((tell) => {
    const socket = dial(port, "127.0.0.1");
    socket.once("data", () => {
      socket.destroy();
      tell(true);
    });
    socket.once("error", () => tell(false));
    socket.once("close", () => tell(false));
  });
}

const pause = (ms: number): Promise<void> => new Promise((over) => setTimeout(over, ms));

export class NatsServer {
  readonly url: string;
  readonly webUrl: string;
  private readonly _folder: string;
  private readonly _port: number;
  private _process: ChildProcess | null = null;

  private constructor(folder: string, port: number, webPort: number) {
    this.url = `nats://127.0.0.1:${port}`;
    this.webUrl = `ws://127.0.0.1:${webPort}`;
    this._folder = folder;
    this._port = port;
  }

  /**
   * Starts a server.
   *
   * @param more - More lines of its configuration.
   */
  static async start(more: string = ""): Promise<NatsServer> {
    const folder = await mkdtemp(join(tmpdir(), "millrace-nats-"));
    const [port, webPort] = [await freePort(), await freePort()];
    const server = new NatsServer(folder, port, webPort);
    const config = `
      listen: "127.0.0.1:${port}"
      jetstream { store_dir: "${join(folder, "store")}" }
      websocket { listen: "127.0.0.1:${webPort}", no_tls: true }
      ${more}
    `;
    await writeFile(join(folder, "nats.conf"), config);
    await server.begin();
    return server;
  }

  /** Starts the process, and waits until it answers. */
  async begin(): Promise<void> {
    const child = spawn(program(), ["-c", join(this._folder, "nats.conf")], { stdio: "ignore" });
    this._process = child;
    while (!(await reachable(this._port))) {
      if (child.exitCode !== null) throw new Error(`Cannot start nats-server: it exited with ${child.exitCode}`);
      await pause(20);
    }
  }

  /** Kills the process without warning, and waits for its end. */
  async kill(): Promise<void> {
    const child = this._process;
    this._process = null;
    if (child === null || child.exitCode !== null) return;
    const ended = new Promise((end) => child.once("exit", end));
    child.kill("SIGKILL");
    await ended;
  }

  async stop(): Promise<void> {
    await this.kill();
    await rm(this._folder, { recursive: true, force: true });
  }
}

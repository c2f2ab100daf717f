// The processes of the cluster, and what is done to them.

import type { ChildProcess } from "node:child_process";
import type { NatsPlace, Processes } from "../shared/processes.ts";
import type { Door } from "./load.ts";

const PROGRAM = new URL("node.ts", import.meta.url);
/** Longer than a lease. */
const PAUSED = 1_500;

interface Node extends Door {
  readonly name: string;
  child: ChildProcess;
  port: number;
}

/** Disposing of it ends the nodes, and then their server. */
export class Cluster implements AsyncDisposable {
  readonly servers: string;
  readonly nodes: Node[];
  private readonly _processes: Processes;
  private readonly _place: NatsPlace;
  private readonly _rooms: readonly string[];
  /** The node that hosted each room last. */
  private readonly _hosts: Map<string, string>;
  private _server: ChildProcess | null;
  private _faults: number;

  constructor(processes: Processes, place: NatsPlace, rooms: readonly string[]) {
    this.servers = `nats://127.0.0.1:${place.port}`;
    this.nodes = [];
    this._processes = processes;
    this._place = place;
    this._rooms = rooms;
    this._hosts = new Map();
    this._server = null;
    this._faults = 0;
  }

  async start(names: readonly string[]): Promise<void> {
    this._server = await this._processes.nats(this._place);
    this.nodes.push(...(await Promise.all(names.map(async (name) => ({ name, ...(await this._begin(name)) })))));
  }

  /** Kills the host of a room, and starts it again. */
  async killNode(): Promise<string> {
    const { node, what } = this._victim();
    await this._processes.end(node.child, "SIGKILL");
    Object.assign(node, await this._begin(node.name));
    return `killed ${what}, and started it again`;
  }

  /** Kills the server, and starts it again, with its files. */
  async killServer(): Promise<string> {
    await this._processes.end(this._server!, "SIGKILL");
    this._server = await this._processes.nats(this._place);
    return "killed the NATS server, and started it again";
  }

  /** Stops the host of a room for longer than its lease. It does not know that it is none any more when it goes on. */
  async pauseNode(): Promise<string> {
    const { node, what } = this._victim();
    node.child.kill("SIGSTOP");
    await new Promise((over) => setTimeout(over, PAUSED));
    node.child.kill("SIGCONT");
    return `paused ${what}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.nodes.map(({ child }) => this._processes.end(child, "SIGTERM")));
    if (this._server !== null) await this._processes.end(this._server, "SIGTERM");
  }

  private _victim(): { readonly node: Node; readonly what: string } {
    const host = this._hosts.get(this._rooms[this._faults++ % this._rooms.length]!);
    const node = this.nodes.find(({ name }) => name === host) ?? this.nodes[0]!;
    const hosted = this._rooms.filter((room) => this._hosts.get(room) === node.name);
    return { node, what: `${node.name}, the host of ${hosted.join(", ") || "no room"}` };
  }

  private async _begin(name: string): Promise<{ child: ChildProcess; port: number }> {
    const { child, line } = await this._processes.program(PROGRAM, [name, this.servers, ...this._rooms], (line) => {
      const room = /^hosts (.*)$/.exec(line)?.[1];
      if (room !== undefined) this._hosts.set(room, name);
    });
    return { child, port: Number(line) };
  }
}

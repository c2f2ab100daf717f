// The media that the tests of ports run over: each opens two real ends.

import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Worker } from "node:worker_threads";
import { WebSocket, WebSocketServer } from "ws";
import { type Port, type PortLike, portOf } from "../../../src/remote/port/port.js";

export interface Ends {
  readonly here: Port;
  /** What was passed to `portOf` here. */
  readonly like: unknown;
  dispose(): void | Promise<unknown>;
}

/** Sends back what it gets. */
export function echo(port: Port): void {
  port.start({
    message(data) {
      if ((data as { deed?: string }).deed === "close" || data === CLOSE) port.close();
      else port.post(data);
    },
    ended() {},
  });
}

/** What makes the peer close its end. */
export const CLOSE = '{"deed":"close"}';

const peer = new URL("peer.ts", import.meta.url);

/** Starts a file of TypeScript in a thread, which takes no loaders by its arguments. */
function thread(url: URL): Worker {
  const script = `import("tsx/esm/api").then(({ register }) => (register(), import(${JSON.stringify(url)})))`;
  return new Worker(script, { eval: true });
}

export const media: Record<string, () => Promise<Ends>> = {
  async "message ports"() {
    const { port1, port2 } = new MessageChannel();
    echo(portOf(port2));
    return { here: portOf(port1), like: port1, dispose: () => port1.close() };
  },
  async thread() {
    const like = thread(peer);
    return { here: portOf(like), like, dispose: () => like.terminate() };
  },
  async process() {
    const like: ChildProcess = fork(peer, { execArgv: ["--import", "tsx"] });
    return { here: portOf(like), like, dispose: () => void like.kill("SIGKILL") };
  },
  async "web socket"() {
    const http = createServer();
    const server = new WebSocketServer({ server: http });
    http.listen(0, "127.0.0.1");
    await once(http, "listening");
    server.on("connection", (socket) => echo(portOf(socket as PortLike)));
    const like = new WebSocket(`ws://127.0.0.1:${(http.address() as AddressInfo).port}`);
    const dispose = (): void => {
      like.terminate();
      for (const client of server.clients) client.terminate();
      server.close();
      http.close();
    };
    return { here: portOf(like as PortLike), like, dispose };
  },
};

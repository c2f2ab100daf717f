// The contract of connections over a thread, a process and a web socket.

import { fork } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Worker } from "node:worker_threads";
import { afterAll, beforeAll } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import type { PortLike } from "../../../src/remote.js";
import { contract } from "../../remote/contract.js";
import { builtFile } from "../../support/built-file.js";

const http = createServer();
const server = new WebSocketServer({ server: http });
let relay: string;
let url: string;

beforeAll(async () => {
  relay = builtFile(new URL("relay.ts", import.meta.url));
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  url = `ws://127.0.0.1:${(http.address() as AddressInfo).port}`;
});

afterAll(() => {
  server.close();
  http.close();
});

const arriving = async (): Promise<WebSocket> => ((await once(server, "connection")) as [WebSocket])[0];

contract({
  name: "a thread",
  format: "clone",
  cuts: true,
  open() {
    const thread = new Worker(relay);
    const { port1, port2 } = new MessageChannel();
    thread.postMessage(port2, [port2 as never]);
    const end = (): void => void thread.terminate();
    return { here: thread, there: port1, cut: end, dispose: end };
  },
});

contract({
  name: "a process",
  format: "json",
  cuts: true,
  async open() {
    const arrival = arriving();
    const child = fork(relay, [url]);
    const there = await arrival;
    const end = (): void => void child.kill("SIGKILL");
    return { here: child, there: there as PortLike, cut: end, dispose: end };
  },
});

contract({
  name: "a web socket",
  format: "text",
  cuts: true,
  async open() {
    const arrival = arriving();
    const here = new WebSocket(url);
    const there = await arrival;
    return {
      here: here as PortLike,
      there: there as PortLike,
      cut: () => (here as unknown as { _socket: { destroy(): void } })._socket.destroy(),
      dispose() {
        here.terminate();
        there.terminate();
      },
    };
  },
});

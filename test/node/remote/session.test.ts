// A session over the package `ws`, whose sockets are cut while values flow.

import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { CLOSED, go, sleep } from "../../../src/index.js";
import { acceptor, type Connection, connect } from "../../../src/remote.js";

const made: { close(): void }[] = [];

afterEach(() => {
  for (const one of made.splice(0)) one.close();
});

test("values flow both ways while the sockets are cut again and again: none is lost, none comes twice (RM-11)", async () => {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  made.push(server);
  await once(server, "listening");
  const COUNT = 3000;
  let connections = 0;
  const { accept } = acceptor((connection: Connection) => {
    connections++;
    made.push(connection);
    go(function* () {
      const up = connection.channel<number>("up");
      const down = connection.channel<number>("down");
      for (let n; (n = yield* up.receive()) !== CLOSED; ) yield* down.send(n * 2);
      down.close();
    }).catch(() => {});
  });
  server.on("connection", accept);
  const { port } = server.address() as AddressInfo;
  let sockets = 0;
  const client = connect(
    () => {
      sockets++;
      return new WebSocket(`ws://127.0.0.1:${port}`);
    },
    { limits: { handshake: 60_000 } },
  );
  made.unshift(client);
  const up = client.channel<number>("up", { window: 32 });
  const down = client.channel<number>("down", { window: 32 });
  const writer = go(function* () {
    for (let n = 0; n < COUNT; n++) {
      if (n % 100 === 0) yield* sleep(5);
      yield* up.send(n);
    }
    up.close();
  });
  let over = false;
  const cutter = go(function* () {
    while (!over) {
      yield* sleep(5);
      // Without a closing handshake, as when a cable is pulled.
      for (const socket of server.clients) socket.terminate();
      const before = got.length;
      yield* sleep(60);
      // However slow the machine is: the next cut comes when something has come through.
      while (!over && got.length === before) yield* sleep(5);
    }
  });
  const got: number[] = [];
  for await (const n of down) got.push(n);
  over = true;
  await writer;
  await cutter;
  expect(got).toEqual(Array.from({ length: COUNT }, (_, n) => n * 2));
  expect(connections).toBe(1);
  expect(sockets).toBeGreaterThan(1);
});

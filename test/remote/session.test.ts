// Connections that go on over a new socket when one breaks.

import { afterEach, expect, test } from "vitest";
import { type Channel, CLOSED, go, sleep, withTimeout } from "../../src/index.js";
import {
  type AcceptOptions,
  acceptor,
  type Connection,
  type ConnectOptions,
  connect,
  PeerLostError,
} from "../../src/remote.js";
import { socketPair, type TestSocket } from "./sockets.js";

const LIMIT = 30_000;
const made: Connection[] = [];

/** A server, and a client whose sockets can be cut. */
function served(
  handle: (connection: Connection) => void,
  accepting: AcceptOptions = {},
  connecting: ConnectOptions = {},
) {
  const { accept } = acceptor((connection) => {
    made.push(connection);
    handle(connection);
  }, accepting);
  const net = { sockets: [] as TestSocket[], down: false };
  const client = connect(() => {
    if (net.down) throw new Error("the network is down");
    const [near, far] = socketPair();
    net.sockets.push(near);
    accept(far);
    return near;
  }, connecting);
  made.push(client);
  return { client, net, cut: () => net.sockets.at(-1)!.cut() };
}

afterEach(() => {
  for (const connection of made.splice(0)) connection.close();
});

test("values that were under way when the socket broke are sent again, and none comes twice (RM-11)", async () => {
  let into: Channel<number> | undefined;
  let back: Channel<number> | undefined;
  const { client, cut, net } = served((connection) => {
    into = connection.channel<number>("up", { window: 16 });
    back = connection.channel<number>("down");
  });
  const COUNT = 2000;
  const out = client.channel<number>("up");
  const echoed = client.channel<number>("down", { window: 16 });
  const writer = go(function* () {
    for (let n = 0; n < COUNT; n++) yield* out.send(n);
    out.close();
  });
  while (into === undefined) await sleep(1);
  const echo = go(function* () {
    for (let n; (n = yield* into!.receive()) !== CLOSED; ) yield* back!.send(n);
    back!.close();
  });
  const got: number[] = [];
  for await (const n of echoed) {
    got.push(n);
    if (n % 97 === 0) cut();
  }
  await writer;
  await echo;
  expect(got).toEqual(Array.from({ length: COUNT }, (_, n) => n));
  expect(net.sockets.length).toBeGreaterThan(COUNT / 97 / 2);
});

test("a question waits while the network is down, and is asked once (RM-11)", async () => {
  let asked = 0;
  const { client, cut, net } = served((connection) => {
    connection.serve("count", () => ++asked);
  });
  expect(await client.ask("count", 0)).toBe(1);
  net.down = true;
  cut();
  const waiting = go(() => client.ask("count", 0));
  await sleep(20);
  expect(waiting.status).toBe("parked");
  net.down = false;
  expect(await withTimeout(LIMIT, waiting)).toBe(2);
  expect(asked).toBe(2);
});

test("a network that is down for too long is the end on both sides (RM-11)", async () => {
  let server: Connection | undefined;
  const { client, cut, net } = served(
    (connection) => {
      server = connection;
    },
    { within: 30 },
    { within: 30 },
  );
  const waiting = go(() => client.channel<number>("numbers").receive());
  while (server === undefined) await sleep(1);
  net.down = true;
  cut();
  await expect(withTimeout(LIMIT, waiting)).rejects.toThrow("the connection was broken for 30 ms");
  expect((await withTimeout(LIMIT, server.whenClosed())).kind).toBe("failed");
  expect((await client.whenClosed()).kind).toBe("failed");
});

test("a server that has forgotten the session ends it", async () => {
  let forgotten: Connection | undefined;
  const first = acceptor(
    (connection) => {
      made.push(connection);
      forgotten = connection;
    },
    { within: 30 },
  );
  const second = acceptor((connection) => void made.push(connection));
  let accept = first.accept;
  let last: TestSocket | undefined;
  const client = connect(() => {
    const [near, far] = socketPair();
    last = near;
    accept(far);
    return near;
  });
  made.push(client);
  while (made.length < 2) await sleep(1);
  const waiting = go(() => client.channel<number>("numbers").receive());
  await sleep(5);
  ({ accept } = second);
  last!.cut();
  await expect(withTimeout(LIMIT, waiting)).rejects.toThrow("the other side has given the session up");
  await withTimeout(LIMIT, forgotten!.whenClosed());
});

test("closing on either side ends the session on the other", async () => {
  for (const side of ["client", "server"]) {
    let server: Connection | undefined;
    const { client, net } = served((connection) => {
      server = connection;
    });
    while (server === undefined) await sleep(1);
    const [closing, other] = side === "client" ? [client, server] : [server, client];
    closing.close();
    const exit = await withTimeout(LIMIT, other.whenClosed());
    expect((exit as { error: unknown }).error).toBeInstanceOf(PeerLostError);
    expect(net.sockets).toHaveLength(1);
  }
});

test("a socket that is silent is replaced", async () => {
  const { client, net } = served(
    (connection) => void connection.serve("double", (n: number) => n * 2),
    { limits: { heartbeat: 10 } },
    { limits: { heartbeat: 10 } },
  );
  expect(await client.ask("double", 1)).toBe(2);
  // It stays open, but nothing gets through.
  const [silent] = net.sockets;
  silent!.other!.other = undefined;
  silent!.other = undefined;
  expect(await withTimeout(LIMIT, client.ask("double", 2))).toBe(4);
  expect(net.sockets.length).toBeGreaterThan(1);
});

test.each([
  ["a message of no kind", "X 1"],
  ["a missing message", "D 5 0 []"],
  ["a receipt for what was not sent", "A 99"],
  ["a number that is none", "D one 0 []"],
  ["a second greeting", "S other 0"],
])("%s ends the session", async (_, text) => {
  let server: Connection | undefined;
  const { accept } = acceptor((connection) => {
    made.push(connection);
    server = connection;
  });
  const [near, far] = socketPair();
  accept(far);
  near.send("S  0");
  while (server === undefined) await sleep(1);
  near.send(text);
  const exit = await withTimeout(LIMIT, server.whenClosed());
  expect(String((exit as { error: unknown }).error)).toContain("broke the protocol of sessions");
});

test("a message that comes twice is received once (RM-11)", async () => {
  let asked = 0;
  let server: Connection | undefined;
  const { accept } = acceptor((connection) => {
    made.push(connection);
    server = connection;
    connection.serve("count", () => ++asked);
  });
  const [near, far] = socketPair();
  accept(far);
  near.send("S  0");
  for (const text of ['D 1 0 [[0,"millrace",1,""]]', 'D 2 0 [[11,1,"count",0]]', 'D 3 0 [[11,2,"count",0]]']) {
    near.send(text);
    near.send(text);
  }
  while (asked < 2) await sleep(1);
  await sleep(5);
  expect(asked).toBe(2);
  expect(server?.closed).toBe(false);
});

test("a plain socket is a connection of its own", async () => {
  const { accept } = acceptor((connection) => {
    made.push(connection);
    connection.serve("double", (n: number) => n * 2);
  });
  const [near, far] = socketPair();
  accept(far);
  const client = connect(near);
  made.push(client);
  expect(await client.ask("double", 4)).toBe(8);
});

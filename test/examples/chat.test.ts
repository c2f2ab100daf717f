// The chat of examples/chat, as several WebSocket clients see it. One of them does not read.

import { once } from "node:events";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { addressOf, type Guest } from "../../examples/chat/guest.ts";
import { type Delivery, GOING_DOWN, TOO_SLOW } from "../../examples/chat/message.ts";
import { type Program, startProgram } from "../support/program.ts";

let program: Program;

// Each test has a room of its own.
let room = "";
let rooms = 0;

beforeAll(async () => {
  program = await startProgram("examples/chat/main.ts");
});

beforeEach(() => {
  room = `room ${++rooms}`;
});

afterEach(() => {
  for (const client of clients.splice(0)) client.socket.terminate();
});

afterAll(async () => {
  if (program.process.exitCode === null) await program.stop();
});

interface Client {
  readonly socket: WebSocket;
  readonly received: Delivery[];
  /** Resolves when the client has received a message that `test` accepts. */
  receives(test: (message: Delivery) => boolean): Promise<Delivery>;
  /** The code with which the socket was closed. */
  readonly closed: Promise<number>;
}

const clients: Client[] = [];

/** Opens a socket, and waits for the message that announces its guest. */
async function join(guest: Partial<Guest> & { name: string }): Promise<Client> {
  const socket = new WebSocket(addressOf(program.line, { room, policy: "slide", pace: 0, ...guest }));
  const received: Delivery[] = [];
  const waiting = new Set<() => void>();
  socket.on("message", (data) => {
    received.push(JSON.parse(String(data)) as Delivery);
    for (const look of waiting) look();
  });
  const client: Client = {
    socket,
    received,
    receives: (test) =>
      new Promise((resolve) => {
        const look = (): void => {
          const found = received.find(test);
          if (found === undefined) return;
          waiting.delete(look);
          resolve(found);
        };
        waiting.add(look);
        look();
      }),
    closed: once(socket, "close").then(([code]) => code as number),
  };
  clients.push(client);
  await client.receives(({ kind }) => kind === "joined");
  return client;
}

const text = (wanted: string) => (message: Delivery) => message.kind === "said" && message.text === wanted;
const texts = ({ received }: Client): string[] =>
  received.flatMap((message) => (message.kind === "said" ? [message.text] : []));

describe("npm run chat", () => {
  test("a line of one guest reaches all guests of the room, in one order, and no other room", async () => {
    const [ann, bob, cid] = [
      await join({ name: "ann" }),
      await join({ name: "bob" }),
      await join({ name: "cid", room: "inn" }),
    ];
    for (let n = 0; n < 50; n++) (n % 2 === 0 ? ann : bob).socket.send(`${n}`);
    ann.socket.send("end");
    bob.socket.send("end");
    await Promise.all(
      [ann, bob].map((client) => client.receives(() => texts(client).filter((t) => t === "end").length === 2)),
    );

    expect(texts(ann)).toEqual(texts(bob));
    expect(texts(ann)).toHaveLength(52);
    const evens = texts(ann).filter((t) => Number(t) % 2 === 0);
    expect(evens).toEqual(Array.from({ length: 25 }, (_, n) => `${2 * n}`));
    cid.socket.send("alone");
    await cid.receives(text("alone"));
    expect(texts(cid)).toEqual(["alone"]);
  });

  test("guests see who joins and leaves and who is present, and a name is given once in a room", async () => {
    const ann = await join({ name: "ann" });
    const other = await join({ name: "ann" });
    expect(other.received[0]).toMatchObject({ kind: "joined", name: "ann 2", people: ["ann", "ann 2"] });
    await ann.receives(({ name }) => name === "ann 2");
    other.socket.close();
    expect(await ann.receives(({ kind }) => kind === "left")).toMatchObject({ name: "ann 2", people: ["ann"] });
  });

  test("a slow guest misses the oldest or the newest lines, by choice, and sees how many; other guests miss none", async () => {
    const ann = await join({ name: "ann" });
    const slow = await join({ name: "slow", pace: 40 });
    const late = await join({ name: "late", pace: 40, policy: "drop" });
    for (let n = 1; n <= 200; n++) ann.socket.send(`${n}`);
    await ann.receives(text("200"));
    expect(texts(ann)).toHaveLength(200);

    const last = await slow.receives(text("200"));
    expect(last.missed).toBeGreaterThan(20);
    // 200 lines, and two guests that joined.
    expect(slow.received.length + last.missed).toBe(202);
    // The newest lines are missed: the guest has received only the lines that there was room for.
    expect(texts(late).slice(0, 3)).toEqual(["1", "2", "3"]);
    ann.socket.send("end");
    const end = await late.receives(text("end"));
    expect(texts(late)).not.toContain("200");
    expect(late.received.length + end.missed).toBe(202);
  });

  test("a guest that does not read is disconnected, if it chose so, and delays no other guest", async () => {
    const ann = await join({ name: "ann" });
    const stuck = await join({ name: "stuck", policy: "disconnect" });
    stuck.socket.pause();
    const gone = ann.receives(({ kind }) => kind === "left");
    let over = false;
    gone.then(() => (over = true));
    // The network buffers some megabytes for this guest. Ann sends her next line when she has received the one before.
    for (let n = 0; !over && n < 2000; n++) {
      ann.socket.send(`${n} ${"x".repeat(50_000)}`);
      await ann.receives(({ kind }) => kind === "left" || texts(ann).length > n);
    }

    expect(await gone).toMatchObject({ name: "stuck", people: ["ann"] });
    expect(ann.received.at(-1)!.missed).toBe(0);
  });

  test("a guest that is disconnected gets the reason", async () => {
    const ann = await join({ name: "ann" });
    const slow = await join({ name: "slow", policy: "disconnect", pace: 500 });
    for (let n = 1; n <= 200; n++) ann.socket.send(`${n}`);
    expect(await slow.closed).toBe(TOO_SLOW);
  });

  test("a server that gets SIGTERM says good-bye to all guests, also to one that does not read, and ends", async () => {
    const ann = await join({ name: "ann" });
    const stuck = await join({ name: "stuck" });
    stuck.socket.pause();
    expect(await program.stop("SIGINT")).toBe(0);
    expect(await ann.closed).toBe(GOING_DOWN);
  });
});

// The chat of examples/chat, as several clients over WebSocket see it, one of which does not read.

import { once } from "node:events";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { addressOf, type Guest } from "../../examples/chat/guest.ts";
import { GOING_DOWN, TOO_SLOW, type Told } from "../../examples/chat/line.ts";
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
  readonly told: Told[];
  /** Resolves when he has been told something that `test` accepts. */
  hears(test: (told: Told) => boolean): Promise<Told>;
  readonly over: Promise<number>;
}

const clients: Client[] = [];

/** Opens a socket, and waits until its own name was announced. */
async function join(guest: Partial<Guest> & { name: string }): Promise<Client> {
  const socket = new WebSocket(addressOf(program.line, { room, policy: "slide", pace: 0, ...guest }));
  const told: Told[] = [];
  const waiting = new Set<() => void>();
  socket.on("message", (data) => {
    told.push(JSON.parse(String(data)) as Told);
    for (const look of waiting) look();
  });
  const client: Client = {
    socket,
    told,
    hears: (test) =>
      new Promise((resolve) => {
        const look = (): void => {
          const found = told.find(test);
          if (found === undefined) return;
          waiting.delete(look);
          resolve(found);
        };
        waiting.add(look);
        look();
      }),
    over: once(socket, "close").then(([code]) => code as number),
  };
  clients.push(client);
  await client.hears(({ kind }) => kind === "joined");
  return client;
}

const text = (wanted: string) => (told: Told) => told.kind === "said" && told.text === wanted;
const texts = ({ told }: Client): string[] => told.flatMap((line) => (line.kind === "said" ? [line.text] : []));

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
      [ann, bob].map((client) => client.hears(() => texts(client).filter((t) => t === "end").length === 2)),
    );

    expect(texts(ann)).toEqual(texts(bob));
    expect(texts(ann)).toHaveLength(52);
    const evens = texts(ann).filter((t) => Number(t) % 2 === 0);
    expect(evens).toEqual(Array.from({ length: 25 }, (_, n) => `${2 * n}`));
    cid.socket.send("alone");
    await cid.hears(text("alone"));
    expect(texts(cid)).toEqual(["alone"]);
  });

  test("guests see who joins and leaves and who is present, and a name is given once in a room", async () => {
    const ann = await join({ name: "ann" });
    const other = await join({ name: "ann" });
    expect(other.told[0]).toMatchObject({ kind: "joined", name: "ann 2", people: ["ann", "ann 2"] });
    await ann.hears(({ name }) => name === "ann 2");
    other.socket.close();
    expect(await ann.hears(({ kind }) => kind === "left")).toMatchObject({ name: "ann 2", people: ["ann"] });
  });

  test("a slow guest misses the oldest or the newest lines, by choice, and sees how many; other guests miss none", async () => {
    const ann = await join({ name: "ann" });
    const slow = await join({ name: "slow", pace: 40 });
    const late = await join({ name: "late", pace: 40, policy: "drop" });
    for (let n = 1; n <= 200; n++) ann.socket.send(`${n}`);
    await ann.hears(text("200"));
    expect(texts(ann)).toHaveLength(200);

    const last = await slow.hears(text("200"));
    expect(last.missed).toBeGreaterThan(20);
    // 200 lines, and two who joined.
    expect(slow.told.length + last.missed).toBe(202);
    // The newest are the first to be missed: after those there was room for he has heard nothing yet.
    expect(texts(late).slice(0, 3)).toEqual(["1", "2", "3"]);
    ann.socket.send("end");
    const end = await late.hears(text("end"));
    expect(texts(late)).not.toContain("200");
    expect(late.told.length + end.missed).toBe(202);
  });

  test("a guest that does not read is disconnected, if it chose so, and delays no other guest", async () => {
    const ann = await join({ name: "ann" });
    const stuck = await join({ name: "stuck", policy: "disconnect" });
    stuck.socket.pause();
    const gone = ann.hears(({ kind }) => kind === "left");
    let over = false;
    gone.then(() => (over = true));
    // The network holds some megabytes for him; ann says no more than she has heard.
    for (let n = 0; !over && n < 2000; n++) {
      ann.socket.send(`${n} ${"x".repeat(50_000)}`);
      await ann.hears(({ kind }) => kind === "left" || texts(ann).length > n);
    }

    expect(await gone).toMatchObject({ name: "stuck", people: ["ann"] });
    expect(ann.told.at(-1)!.missed).toBe(0);
  });

  test("a guest that is disconnected gets the reason", async () => {
    const ann = await join({ name: "ann" });
    const slow = await join({ name: "slow", policy: "disconnect", pace: 500 });
    for (let n = 1; n <= 200; n++) ann.socket.send(`${n}`);
    expect(await slow.over).toBe(TOO_SLOW);
  });

  test("a server that gets SIGTERM says good-bye to all guests, also to one that does not read, and ends", async () => {
    const ann = await join({ name: "ann" });
    const stuck = await join({ name: "stuck" });
    stuck.socket.pause();
    expect(await program.stop("SIGINT")).toBe(0);
    expect(await ann.over).toBe(GOING_DOWN);
  });
});

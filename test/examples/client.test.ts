// The client of examples/client: with a connection of the test in virtual time, under every schedule, and over TCP.

import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { createInterface } from "node:readline";
import { CLOSED, channel, go, type Operation, scope, settled, sleep } from "millrace";
import { choose, now, simulate, type Verdict, verify } from "millrace/testing";
import { describe, expect, test } from "vitest";
import { Client, type Connection, type Message } from "../../examples/client/client.ts";
import { connectTo } from "../../examples/client/tcp.ts";
import { PATIENCE } from "../support/patience.ts";

const options = { timeout: 1_000, heartbeat: 10_000 };

/** A peer in the same program: `serve` gets the ends of each connection that is opened. */
function connecting(serve: (incoming: Connection["incoming"], outgoing: Connection["outgoing"], nth: number) => void) {
  let opened = 0;
  return function* () {
    const [there, back] = [channel<Message>(0, { name: "there" }), channel<Message>(0, { name: "back" })];
    serve(there, back, ++opened);
    return { outgoing: there, incoming: back };
  };
}

/** A peer that answers each message in capitals. */
const shouting = connecting((incoming, outgoing) => {
  go(function* peer() {
    for (let message; (message = yield* incoming.receive()) !== CLOSED; ) {
      yield* outgoing.send({ ...message, text: message.text.toUpperCase() });
    }
  });
});

/** Asks in a scope whose end also ends the client. */
const asking = (client: Client, ...questions: string[]): Operation<string[]> =>
  scope(function* (s) {
    s.go(() => client.run());
    const answers: string[] = [];
    for (const question of questions) {
      const answer = s.go(function* () {
        try {
          return yield* client.ask(question);
        } catch (error) {
          return (error as Error).name === "TimeoutError" ? "too late" : (error as Error).message;
        }
      });
      answers.push(yield* answer);
    }
    s.cancel();
    return answers;
  });

/** What a proved program returns. */
function outcomesOf<T>(verdict: Verdict<T>): T[] {
  if (verdict.status === "proved") return [...verdict.outcomes];
  throw new Error(verdict.status === "failed" ? verdict.report : verdict.reason);
}

describe("Client", () => {
  test("yields the answer to each question", async () => {
    const { outcomes } = await simulate(function* () {
      return (yield* asking(new Client({ ...options, connect: shouting }), "a", "b")).join();
    });
    expect([...outcomes]).toEqual(["A,B"]);
  });

  test("a question that was on its way when the connection is lost fails, and the next uses a new connection", async () => {
    const connect = () =>
      connecting((incoming, outgoing, nth) => {
        go(function* peer() {
          for (let message; (message = yield* incoming.receive()) !== CLOSED; ) {
            if (nth === 1) break; // hangs up instead of answering
            yield* outgoing.send(message);
          }
          outgoing.close();
        });
      });
    const { outcomes } = await simulate(function* () {
      return (yield* asking(new Client({ ...options, connect: connect() }), "a", "b")).join("; ");
    });
    expect([...outcomes]).toEqual(["Connection lost before the answer; b"]);
  });

  test("a question that is not answered in time fails with a TimeoutError", async () => {
    const deaf = connecting((incoming) => {
      go(function* peer() {
        while ((yield* incoming.receive()) !== CLOSED);
      });
    });
    const { outcomes, elapsed } = await simulate(function* () {
      return (yield* asking(new Client({ ...options, connect: deaf }), "a")).join();
    });
    expect([...outcomes]).toEqual(["too late"]);
    expect(elapsed).toBe(1_000);
  });

  test("a connection that cannot be opened is tried again, with growing delays", async () => {
    const { outcomes, elapsed } = await simulate(function* () {
      let attempts = 0;
      const connect = function* () {
        if (++attempts < 5) throw new Error("refused");
        return yield* shouting();
      };
      return (yield* asking(new Client({ ...options, timeout: 60_000, connect }), "a")).join();
    });
    expect([...outcomes]).toEqual(["A"]);
    expect(elapsed).toBeGreaterThan(0);
    expect(elapsed).toBeLessThanOrEqual(100 + 200 + 400 + 800);
  });

  test("a silent peer is asked for a sign of life, and given up after twice the heartbeat", async () => {
    const { outcomes } = await simulate(function* () {
      const log: string[] = [];
      const connect = connecting((incoming, outgoing, nth) => {
        log.push(`opened after ${Math.floor(now() / 1000)} s`);
        go(function* peer() {
          for (let message; (message = yield* incoming.receive()) !== CLOSED; ) {
            if (nth === 1 && now() < 15_000) yield* outgoing.send(message); // then it is silent
          }
        });
      });
      yield* scope(function* (s) {
        const client = new Client({ ...options, connect });
        s.go(() => client.run());
        yield* sleep(35_000);
        s.cancel();
      });
      return log.join(", ");
    });
    expect([...outcomes]).toEqual(["opened after 0 s, opened after 30 s"]);
  });

  test("every schedule: a question is answered or fails, also when the peer hangs up at any time", async () => {
    const verdict = await verify(function* () {
      const connect = connecting((incoming, outgoing, nth) => {
        go(function* peer() {
          for (let message; (message = yield* incoming.receive()) !== CLOSED; ) {
            if (nth === 1 && (yield* choose("answer", "hang up")) === "hang up") break;
            yield* outgoing.send(message);
          }
          outgoing.close();
        });
      });
      return (yield* asking(new Client({ ...options, connect, chance: () => 0.5 }), "a", "b")).join("; ");
    });
    const lost = "Connection lost before the answer";
    expect(outcomesOf(verdict).sort()).toEqual([`${lost}; b`, `a; ${lost}`, "a; b"].sort());
  });

  test("works over TCP, with a server that ends the first connection", async () => {
    const sockets: Socket[] = [];
    const server = createServer((socket) => {
      sockets.push(socket);
      createInterface(socket).on("line", (line) => {
        if (sockets.length === 1) socket.destroy();
        else socket.write(`${line.toUpperCase().replace("ID", "id").replace("TEXT", "text")}\n`);
      });
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const client = new Client({ timeout: 2 * PATIENCE, heartbeat: 2 * PATIENCE, connect: () => connectTo(port) });
    expect(await asking(client, "a", "b")).toEqual(["Connection lost before the answer", "B"]);
    await go(function* () {
      yield* settled(new Promise((resolve) => server.close(resolve)));
    });
  });
});

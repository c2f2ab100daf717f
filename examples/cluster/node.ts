// A node: `node --import tsx examples/cluster/node.ts NAME nats://127.0.0.1:4222 ROOM…`. Clients connect over TCP to the port that it
// prints. All that it needs to go on elsewhere is on the bus, so it may be killed at any time.

import { type AddressInfo, createServer, type Socket } from "node:net";
import { CLOSED, go, never, type Operation, type Routine, scope, settled, withTimeout } from "millrace";
import { type Bus, natsBus } from "millrace/nats";
import { lines } from "millrace/node";
import { ask, type ChildContext, type Reply, supervise } from "millrace/supervise";
import { serve } from "../bank/serve.ts";
import type { Message } from "../client/client.ts";
import type { Answer, Request, Results } from "./protocol.ts";
import { EMPTY, logOf, roomActor, type Say } from "./room.ts";

/** Milliseconds after which the lease of a host that gives no sign of life is over. */
const LEASE = 1_000;
/** Milliseconds that a request may take. */
const LIMIT = 1_500;

/** Hosts a room when no other node does, for as long as it may. */
function* hosting(bus: Bus, name: string, room: string): Routine<never> {
  const log = logOf(bus, room);
  for (;;) {
    using hosted = yield* bus.host<Say>(room, (lease) => roomActor(log, name, lease), { lease: LEASE });
    console.log(`hosts ${room}`);
    yield* hosted.whenOver();
  }
}

function perform(bus: Bus, request: Request): Operation<Results[Request["do"]]> {
  switch (request.do) {
    case "login":
      return sessionOf(bus, request.user)
        .set(request.session)
        .map(() => null);
    case "whoami":
      return sessionOf(bus, request.user)
        .get()
        .map((session) => session ?? null);
    case "say": {
      const { room, id, from, text } = request;
      return ask(bus.address<Say>(room), (reply: Reply<number>) => ({ id, from, text, reply }));
    }
    case "read":
      return logOf(bus, request.room)
        .get()
        .map((log = EMPTY) => log.lines);
  }
}

function sessionOf(bus: Bus, user: string) {
  return bus.register<string>(`session-${user}`);
}

function* answer(bus: Bus, request: Request): Routine<Answer> {
  try {
    return { done: yield* withTimeout(LIMIT, perform(bus, request)) };
  } catch (error) {
    return { unknown: String(error) };
  }
}

/** Answers the requests of a connection, all at the same time. */
function* talk(bus: Bus, socket: Socket): Routine<void> {
  const write = (message: Message): boolean => socket.write(`${JSON.stringify(message)}\n`);
  try {
    yield* scope(function* (tasks): Routine<void> {
      const incoming = lines(socket);
      for (let line; (line = yield* incoming.receive()) !== CLOSED; ) {
        const { id, text } = JSON.parse(line) as Message;
        if (id === 0) write({ id, text: "still here" });
        else
          tasks.go(function* () {
            write({ id, text: JSON.stringify(yield* answer(bus, JSON.parse(text) as Request)) });
          });
      }
      tasks.cancel("the client has left");
    });
  } catch {
    // The connection broke.
  } finally {
    socket.destroy();
  }
}

/** Listens, prints the port, and serves what connects. */
function* listen(bus: Bus, { ready }: ChildContext): Routine<void> {
  yield* scope(function* (tasks): Routine<void> {
    const server = createServer((socket) => {
      tasks.go(talk, bus, socket);
    });
    try {
      yield* settled(new Promise<void>((open) => server.listen(0, "127.0.0.1", open)));
      console.log((server.address() as AddressInfo).port);
      ready();
      yield* never();
    } finally {
      server.close();
    }
  });
}

const [, , name = "", servers = "", ...rooms] = process.argv;
const bus = await go(() => natsBus({ servers, name: "cluster", connection: { reconnectTimeWait: 100 } }));
const tree = supervise(
  {
    listen: { body: (context: ChildContext) => listen(bus, context), startUp: "ready" },
    rooms: { children: Object.fromEntries(rooms.map((room) => [room, () => hosting(bus, name, room)])) },
  },
  { name, intensity: 100 },
);
process.exitCode = await serve(tree);
await bus[Symbol.asyncDispose]();

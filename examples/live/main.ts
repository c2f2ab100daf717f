// npm run live [-- port]: prices over WebSocket, each subscriber with a policy of its own, and a network that can be cut.
// market.ts makes the prices. A page asks for a subscription, and the answer is a channel.

import { type AsyncRoutine, go, scope, settled } from "millrace";
import { acceptor } from "millrace/remote";
import { WebSocketServer } from "ws";
import { pageFile, send } from "../shared/page.ts";
import { openServer, untilStopped } from "../shared/server.ts";
import { Market, type Wish } from "./market.ts";

const PAGE = new URL("page/", import.meta.url);

await go(main, untilStopped(), Number(process.argv[2] ?? 0));

async function* main(stopped: Promise<void>, port: number): AsyncRoutine<void> {
  await using site = await openServer((request, response) => {
    send(response, pageFile(PAGE, new URL(request.url ?? "/", "http://127.0.0.1").pathname));
  }, port);
  process.stdout.write(`${site.url}\n`);
  const sockets = new WebSocketServer({ server: site.server });
  // When the scope is cancelled, each connection is closed. A page that is cut off learns that its session is over.
  yield* scope(function* (tasks) {
    const market = new Market();
    const { accept } = acceptor((connection) => {
      connection.serve("subscribe", (wish: Wish) => market.subscribe(wish));
      tasks.go(function* () {
        try {
          yield* connection.whenClosed();
        } finally {
          connection.close(new Error("the server is going down"));
        }
      });
    });
    sockets.on("connection", accept);
    tasks.go(() => market.open());
    yield* settled(stopped);
    tasks.cancel("the server is going down");
  });
  for (const socket of sockets.clients) socket.terminate();
}

// npm run chat [-- port]: chat rooms over WebSocket, in which a slow guest does not delay the other guests.
// hall.ts shows the idea: all rooms, made of a mix and a publisher. serve.ts is the task of one guest.

import { type AsyncRoutine, CLOSED, go, scope, select, settled } from "millrace";
import { pageFile, send } from "../shared/page.ts";
import { openServer, untilStopped } from "../shared/server.ts";
import { connections } from "./connection.ts";
import { Hall } from "./hall.ts";
import { serve } from "./serve.ts";

const PAGE = new URL("page/", import.meta.url);

await go(main, untilStopped(), Number(process.argv[2] ?? 0));

async function* main(stopped: Promise<void>, port: number): AsyncRoutine<void> {
  await using site = await openServer((request, response) => {
    send(response, pageFile(PAGE, new URL(request.url ?? "/", "http://127.0.0.1").pathname));
  }, port);
  process.stdout.write(`${site.url}\n`);
  // Each guest has a task in this scope. When the scope is cancelled, each task closes its socket, and then the scope ends.
  yield* scope(function* (guests) {
    const hall = new Hall();
    const next = select({ stop: settled(stopped), connection: connections(site.server) });
    for (;;) {
      const { key, value } = yield* next;
      if (key === "stop" || value === CLOSED) break;
      guests.go(serve, hall, value);
    }
    guests.cancel("the server is going down");
  });
}

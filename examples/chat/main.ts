// npm run chat [-- port]: rooms to talk in, over WebSocket.

import { type AsyncRoutine, CLOSED, go, scope, select, settled } from "millrace";
import { pageFile, send } from "../shared/page.ts";
import { openServer, untilStopped } from "../shared/server.ts";
import { attend } from "./attend.ts";
import { Hall } from "./hall.ts";
import { visitors } from "./visitor.ts";

const PAGE = new URL("page/", import.meta.url);

await go(main, untilStopped(), Number(process.argv[2] ?? 0));

async function* main(stopped: Promise<void>, port: number): AsyncRoutine<void> {
  await using site = await openServer((request, response) => {
    send(response, pageFile(PAGE, new URL(request.url ?? "/", "http://127.0.0.1").pathname));
  }, port);
  process.stdout.write(`${site.url}\n`);
  // Everybody who is in is in the scope; when it is cancelled each says good-bye, and it ends when all have.
  yield* scope(function* (guests) {
    const hall = new Hall();
    const next = select({ stop: settled(stopped), visitor: visitors(site.server) });
    for (;;) {
      const { key, value } = yield* next;
      if (key === "stop" || value === CLOSED) break;
      guests.go(attend, hall, value);
    }
    guests.cancel("the server is going down");
  });
}

// npm run autocomplete [-- port]: a web page that completes what you type, with an unreliable server.
// page/app.ts shows the idea: the answer races a deadline and the next key. service.ts is the server.

import { openServer, untilStopped } from "../shared/server.ts";
import { Service } from "./service.ts";

const stopped = untilStopped();
await using site = await openServer(new Service().answer, Number(process.argv[2] ?? 0));
process.stdout.write(`${site.url}\n`);
await stopped;

// npm run autocomplete [-- port]: a field that completes what is typed, before a server that is not always well.

import { openServer, untilStopped } from "../shared/server.ts";
import { Service } from "./service.ts";

const stopped = untilStopped();
await using site = await openServer(new Service().answer, Number(process.argv[2] ?? 0));
process.stdout.write(`${site.url}\n`);
await stopped;

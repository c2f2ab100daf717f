// npm run page [-- port]: the same race in a browser, with a deadline to move.

import { untilStopped } from "../shared/server.ts";
import { openServices } from "./services.ts";
import { openSite } from "./site.ts";

const port = Number(process.argv[2] ?? 0);
const stopped = untilStopped();

await using services = await openServices();
await using site = await openSite(services.all, port);
process.stdout.write(`${site.url}\n`);
await stopped;

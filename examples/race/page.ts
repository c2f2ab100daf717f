// npm run page [-- port]: the same race in a web page, with a deadline that can be moved.

import { readFile } from "node:fs/promises";
import { type Content, pageFile, send } from "../shared/page.ts";
import { openServer, untilStopped } from "../shared/server.ts";
import { startServices } from "./services/start.ts";

const FOLDER = new URL("display/page/", import.meta.url);
const RACE = new URL("race.ts", import.meta.url);

const port = Number(process.argv[2] ?? 0);
const stopped = untilStopped();

await using services = await startServices();
await using site = await openServer((request, response) => {
  send(response, fileFor(new URL(request.url ?? "/", "http://127.0.0.1").pathname));
}, port);
process.stdout.write(`${site.url}\n`);
await stopped;

async function fileFor(path: string): Promise<Content | undefined> {
  if (path === "/services.json") return ["application/json", JSON.stringify(services.all)];
  if (path === "/race.ts") return ["text/plain; charset=utf-8", await readFile(RACE)];
  return pageFile(FOLDER, path);
}

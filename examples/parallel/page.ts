// npm run parallel:page [-- port]: the same work in a web page, whose worker compresses and hashes the files that the server has.
// page/app.ts shows the idea: the worker's channel stands in a select with the button; page/worker.ts is what the worker runs.

import { readFile } from "node:fs/promises";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { type Content, pageFile, send } from "../shared/page.ts";
import { openServer, untilStopped } from "../shared/server.ts";
import { filesIn } from "./digests.ts";

const FOLDER = new URL("page/", import.meta.url);

const LIBRARY = fileURLToPath(new URL("../../node_modules/typescript/lib", import.meta.url));

const { paths } = filesIn(LIBRARY);
const names = paths.map((path) => relative(LIBRARY, path));

const stopped = untilStopped();
await using site = await openServer(
  (request, response) => {
    send(response, fileFor(new URL(request.url ?? "/", "http://127.0.0.1").pathname));
  },
  Number(process.argv[2] ?? 0),
);
process.stdout.write(`${site.url}\n`);
await stopped;

async function fileFor(path: string): Promise<Content | undefined> {
  if (path === "/files.json") return ["application/json", JSON.stringify(names)];
  const [, at] = /^\/files\/(\d+)$/.exec(path) ?? [];
  if (at === undefined) return pageFile(FOLDER, path);
  const file = paths[Number(at)];
  return file === undefined ? undefined : ["application/octet-stream", await readFile(file)];
}

// One search service, in a process of its own. Its parent hands it the corpus, is told the port, and ends it by letting go.

import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setImmediate as turn } from "node:timers/promises";
import { alt, type Channel, CLOSED, go, promiseChannel, type Routine, settled, timeout } from "millrace";
import type { Search } from "./engine.ts";
import { ENGINES } from "./engines/index.ts";
import type { Fate } from "./fate.ts";
import type { Feature } from "./feature.ts";
import { tidy } from "./question.ts";

const REMEMBERED = 500;
const PATIENCE = 300;

const fates = new Map<string, Channel<Fate>>();
const known = ENGINES[process.argv[2] ?? ""];
if (known === undefined) throw new Error(`Cannot serve: no engine is called ${process.argv[2]}`);
const [[features], engine] = await Promise.all([once(process, "message") as Promise<[Feature[]]>, known.load()]);
const search = engine(features);

const server = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://127.0.0.1");
  const fate = fateOf(searchParams.get("race") ?? "");
  const question = tidy(searchParams.get("question") ?? "");
  if (pathname === "/fate") go(testify, fate, response);
  else if (pathname === "/search" && question !== "") go(serve, search(question), fate, response);
  else reply(response, pathname === "/search" ? 400 : 404, {});
});

process.once("disconnect", () => process.exit());
server.listen(0, "127.0.0.1", () => process.send?.((server.address() as AddressInfo).port));

/** Searches a slice at a time, and stops when the client has hung up meanwhile. */
function* serve(work: Search, fate: Channel<Fate>, response: ServerResponse): Routine<void> {
  const started = performance.now();
  const tell = (end: Fate["end"], read: number) => fate.trySend({ end, read, ms: performance.now() - started });
  for (let read = 0; ; ) {
    yield* settled(turn());
    if (response.closed) return void tell("stopped", read);
    const step = work.next();
    if (step.done) {
      reply(response, 200, step.value);
      return void tell("answered", 1);
    }
    read = step.value;
  }
}

function* testify(fate: Channel<Fate>, response: ServerResponse): Routine<void> {
  const told = yield* alt(fate.receive(), timeout(PATIENCE).receive());
  reply(response, 200, told === CLOSED ? { end: "never arrived", read: 0, ms: 0 } : told);
}

/** Made by whichever asks first, the search or the question what became of it. */
function fateOf(race: string): Channel<Fate> {
  const known = fates.get(race);
  if (known !== undefined) return known;
  const fate = promiseChannel<Fate>();
  fates.set(race, fate);
  const [oldest] = fates.keys();
  if (fates.size > REMEMBERED && oldest !== undefined) fates.delete(oldest);
  return fate;
}

function reply(response: ServerResponse, status: number, body: object): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(text),
    "cache-control": "no-store",
    "access-control-allow-origin": "*",
  });
  response.end(text);
}

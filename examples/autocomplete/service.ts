// The server's side: it answers late or not at all, notices when the page hangs up, and tells the page what it saw.

import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import {
  type Broadcast,
  broadcast,
  type Channel,
  CLOSED,
  type Closed,
  channel,
  go,
  type Routine,
  select,
  settled,
  sleep,
  sliding,
} from "millrace";
import { readFeatures } from "../race/services/features.ts";
import { pageFile, send } from "../shared/page.ts";
import { fateIn, isMood, type MoodName } from "./mood.ts";
import type { Seen } from "./seen.ts";
import { type Suggestion, suggestions } from "./suggestion.ts";

const PAGE = new URL("page/", import.meta.url);

export class Service {
  private readonly _find: (typed: string) => Suggestion[];
  private readonly _seen: Channel<Seen>;
  private readonly _watched: Broadcast<Seen>;
  private _requests: number;

  constructor() {
    this._find = suggestions(readFeatures());
    this._seen = channel(sliding(64));
    this._watched = broadcast(this._seen);
    this._requests = 0;
  }

  readonly answer = ({ url = "/" }: IncomingMessage, response: ServerResponse): void => {
    const { pathname, searchParams } = new URL(url, "http://127.0.0.1");
    const mood = searchParams.get("mood");
    if (pathname === "/seen") go(this._tell.bind(this), response);
    else if (pathname !== "/suggest") send(response, pageFile(PAGE, pathname));
    else go(this._serve.bind(this), searchParams.get("query") ?? "", isMood(mood) ? mood : "moody", response);
  };

  private *_serve(query: string, mood: MoodName, response: ServerResponse): Routine<void> {
    const id = ++this._requests;
    const start = performance.now();
    const tell = (state: Seen["state"]) =>
      this._seen.trySend({ id, query, state, ms: Math.round(performance.now() - start) });
    tell("working");
    const { ms, fails } = fateIn(mood);
    const { key } = yield* select({ hungUp: settled(once(response, "close")), done: sleep(ms) });
    if (key === "hungUp") return void tell("aborted");
    if (fails) response.writeHead(503).end();
    else send(response, ["application/json", JSON.stringify(this._find(query))]);
    tell(fails ? "failed" : "answered");
  }

  /** Server-sent events: everything that is seen from now on, until the page is closed. */
  private *_tell(response: ServerResponse): Routine<void> {
    response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
    response.flushHeaders();
    using seen = this._watched.subscribe({ policy: "slide", capacity: 64 });
    const hungUp = settled(once(response, "close"));
    for (;;) {
      const { key, value } = yield* select({ hungUp, seen });
      if (key === "hungUp" || value === CLOSED) return;
      response.write(`data: ${JSON.stringify(value satisfies Exclude<Seen | Closed, Closed>)}\n\n`);
    }
  }
}

// The server: it answers late or fails, stops when the page aborts a request, and publishes the state of each request.

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
import { type ConditionName, conditionFrom, randomOutcome } from "./condition.ts";
import type { RequestState } from "./request-state.ts";
import { type Suggestion, suggestions } from "./suggestion.ts";

const PAGE = new URL("page/", import.meta.url);

export class Service {
  private readonly _find: (typed: string) => Suggestion[];
  private readonly _states: Channel<RequestState>;
  private readonly _published: Broadcast<RequestState>;
  private _requests: number;

  constructor() {
    this._find = suggestions(readFeatures());
    this._states = channel(sliding(64));
    this._published = broadcast(this._states);
    this._requests = 0;
  }

  readonly answer = ({ url = "/" }: IncomingMessage, response: ServerResponse): void => {
    const { pathname, searchParams } = new URL(url, "http://127.0.0.1");
    const condition = conditionFrom(searchParams.get("condition"));
    if (pathname === "/requests") go(this._streamStates.bind(this), response);
    else if (pathname !== "/suggest") send(response, pageFile(PAGE, pathname));
    else go(this._serve.bind(this), searchParams.get("query") ?? "", condition, response);
  };

  private *_serve(query: string, condition: ConditionName, response: ServerResponse): Routine<void> {
    const id = ++this._requests;
    const start = performance.now();
    const report = (state: RequestState["state"]) =>
      this._states.trySend({ id, query, state, ms: Math.round(performance.now() - start) });
    report("working");
    const { ms, fails } = randomOutcome(condition);
    const { key } = yield* select({ disconnected: settled(once(response, "close")), done: sleep(ms) });
    if (key === "disconnected") return void report("aborted");
    if (fails) response.writeHead(503).end();
    else send(response, ["application/json", JSON.stringify(this._find(query))]);
    report(fails ? "failed" : "answered");
  }

  /** Server-sent events: every state that is published from now on, until the page is closed. */
  private *_streamStates(response: ServerResponse): Routine<void> {
    response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
    response.flushHeaders();
    using states = this._published.subscribe({ policy: "slide", capacity: 64 });
    const disconnected = settled(once(response, "close"));
    for (;;) {
      const { key, value } = yield* select({ disconnected, states });
      if (key === "disconnected" || value === CLOSED) return;
      response.write(`data: ${JSON.stringify(value satisfies Exclude<RequestState | Closed, Closed>)}\n\n`);
    }
  }
}

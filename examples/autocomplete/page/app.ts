// The page: after a pause in typing it asks the server for suggestions. The answer races a deadline and the next key.

import {
  CLOSED,
  type Closed,
  forEach,
  fromEvent,
  go,
  type Operation,
  type ReceiveChannel,
  type Routine,
  scope,
  select,
  settled,
  sleep,
  sliding,
  stream,
} from "millrace";
import { byId, element } from "../../shared/dom.ts";
import type { RequestState } from "../request-state.ts";
import type { Suggestion } from "../suggestion.ts";
import { Combobox } from "./combobox.ts";
import { RequestList } from "./request-list.ts";

/** How long the pause in typing must be before the page asks the server, in milliseconds. */
const PAUSE = 150;
/** After this many milliseconds the page stops waiting for the answer: a second, unless it is opened with `?deadline=5000`. */
const DEADLINE = Number(new URLSearchParams(location.search).get("deadline") ?? 1000);

const page = byId("page", HTMLElement);
const input = byId("field", HTMLInputElement);
const status = byId("status", HTMLElement);
const conditions = byId("conditions", HTMLFormElement);
const combobox = new Combobox(input, byId("list", HTMLElement), ({ path, url }) => {
  const link = Object.assign(element("a", "link", path), { href: url, target: "_blank", rel: "noreferrer" });
  byId("choice", HTMLElement).replaceChildren("You chose ", link);
});
const requests = new RequestList(byId("requests", HTMLElement));

const queries = stream(fromEvent(input, "input", { buffer: sliding(1) }))
  .debounce(PAUSE)
  .map(() => input.value.trim())
  .channel();
go(complete, queries);
go(showRequests, fromEvent(new EventSource("/requests"), "message"));

/** Completes one query after the other. A key that is pressed meanwhile aborts the running request. */
function* complete(queries: ReceiveChannel<string>): Routine<void> {
  for (let query: string | Closed; (query = yield* queries.receive()) !== CLOSED; ) {
    if (query === "" || query === combobox.chosen) {
      show("idle", "");
      continue;
    }
    show("asking", "Asking …");
    const newer = fromEvent(input, "input");
    try {
      const { key, value } = yield* select({ newer, answer: suggest(query), late: sleep(DEADLINE) });
      if (key === "answer") found(query, value);
      if (key === "late") show("late", "No answer in time. Type on to ask again.");
    } catch (error) {
      show("failed", `${(error as Error).message} Type on to ask again.`);
    } finally {
      newer.cancel();
    }
  }
}

/** Asks the server. If this operation loses the race, its scope is cancelled, which aborts the request. */
function suggest(query: string): Operation<Suggestion[]> {
  const condition = String(new FormData(conditions).get("condition"));
  return scope(function* ({ signal }) {
    const response = yield* settled(fetch(`/suggest?${new URLSearchParams({ query, condition })}`, { signal }));
    if (!response.ok) throw new Error(`The server failed, with ${response.status}.`);
    return (yield* settled(response.json())) as Suggestion[];
  });
}

function found(query: string, suggestions: Suggestion[]): void {
  const count = suggestions.length === 1 ? "1 suggestion" : `${suggestions.length} suggestions`;
  show("found", suggestions.length === 0 ? `Nothing begins with “${query}”.` : `${count}.`);
  combobox.show(suggestions, query);
}

function show(state: "idle" | "asking" | "found" | "late" | "failed", text: string): void {
  page.dataset.state = state;
  status.textContent = text;
  if (state !== "asking") combobox.show([], "");
}

/** Shows the states of requests that the server publishes. */
function* showRequests(messages: ReceiveChannel<MessageEvent<string>>): Routine<void> {
  yield* forEach(messages, ({ data }) => requests.show(JSON.parse(data) as RequestState));
}

// The page: what is typed, once the typist rests, is asked of the server. Its answer races the deadline and the next key.

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
import type { Seen } from "../seen.ts";
import type { Suggestion } from "../suggestion.ts";
import { Combobox } from "./combobox.ts";
import { Lanes } from "./lanes.ts";

const REST = 150;
const DEADLINE = 1000;

const page = byId("page", HTMLElement);
const input = byId("field", HTMLInputElement);
const status = byId("status", HTMLElement);
const moods = byId("moods", HTMLFormElement);
const combobox = new Combobox(input, byId("list", HTMLElement), ({ path, url }) => {
  const link = Object.assign(element("a", "link", path), { href: url, target: "_blank", rel: "noreferrer" });
  byId("choice", HTMLElement).replaceChildren("You chose ", link);
});
const lanes = new Lanes(byId("lanes", HTMLElement));

const queries = stream(fromEvent(input, "input", { buffer: sliding(1) }))
  .debounce(REST)
  .map(() => input.value.trim())
  .channel();
go(complete, queries);
go(watch, fromEvent(new EventSource("/seen"), "message"));

/** Completes one query after the other. What is typed meanwhile ends the request that is on. */
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

/** Asks the server, and hangs up when it loses. */
function suggest(query: string): Operation<Suggestion[]> {
  const mood = String(new FormData(moods).get("mood"));
  return scope(function* ({ signal }) {
    const response = yield* settled(fetch(`/suggest?${new URLSearchParams({ query, mood })}`, { signal }));
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

/** What the server saw, as it tells it. */
function* watch(messages: ReceiveChannel<MessageEvent<string>>): Routine<void> {
  yield* forEach(messages, ({ data }) => lanes.show(JSON.parse(data) as Seen));
}

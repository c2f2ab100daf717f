// The page: one visit to a room after the other. Once the socket is open, the events of the socket and of the page are
// merged into one channel.

import { CLOSED, fromEvent, go, merge, nextEvent, type ReceiveChannel, type Routine, select } from "millrace";
import { byId } from "../../shared/dom.ts";
import { addressOf, guestFrom } from "../guest.ts";
import { type Delivery, GOING_DOWN, TOO_SLOW } from "../message.ts";
import { Log } from "./log.ts";

const page = byId("page", HTMLElement);
const joinForm = byId("join", HTMLFormElement);
const sayForm = byId("say", HTMLFormElement);
const text = byId("text", HTMLInputElement);
const people = byId("people", HTMLElement);
const missed = byId("missed", HTMLElement);
const status = byId("status", HTMLElement);
const log = new Log(byId("log", HTMLElement));

// A submitted form must not load a new page. preventDefault() works only while the event is dispatched, so no task can call it.
for (const form of [joinForm, sayForm]) form.addEventListener("submit", (event) => event.preventDefault());
go(visits, fromEvent(joinForm, "submit"));

/** Joins a room after each submit of the form. */
function* visits(joins: ReceiveChannel<Event>): Routine<void> {
  while ((yield* joins.receive()) !== CLOSED) {
    const entries = [...new FormData(joinForm)].map(([name, value]) => [name, String(value)]);
    const guest = guestFrom(new URLSearchParams(entries));
    page.dataset.state = "connecting";
    status.textContent = "Connecting …";
    status.textContent = yield* visit(guest.room, new WebSocket(addressOf(location.href, guest)));
    page.dataset.state = "out";
  }
}

/** One visit. Returns the reason why it ended, as a text for the page. */
function* visit(room: string, socket: WebSocket): Routine<string> {
  // The first message may follow the opening before this task has its next turn.
  const message = fromEvent(socket, "message");
  const closed = fromEvent(socket, "close");
  const first = yield* select({ opened: nextEvent(socket, "open"), closed });
  if (first.key === "closed") {
    for (const events of [message, closed]) events.cancel(); // this task goes on, and would keep them
    return "The server cannot be reached.";
  }

  enter(room);
  const events = merge({
    message,
    closed,
    said: fromEvent(sayForm, "submit"),
    burst: fromEvent(byId("burst", HTMLButtonElement), "click"),
    leave: fromEvent(byId("leave", HTMLButtonElement), "click"),
  });
  try {
    for (;;) {
      const event = yield* events.receive();
      if (event === CLOSED) return "";
      if (event.key === "message") show(JSON.parse(event.value.data) as Delivery);
      if (event.key === "said") say(socket);
      if (event.key === "burst") for (let n = 1; n <= 40; n++) socket.send(`thing ${n}`);
      if (event.key === "leave") return "You have left.";
      if (event.key === "closed") return reasonFor(event.value.code);
    }
  } finally {
    events.cancel();
    socket.close();
  }
}

function enter(room: string): void {
  page.dataset.state = "in";
  byId("room-name", HTMLElement).textContent = room;
  people.textContent = "";
  missed.textContent = "";
  status.textContent = "";
  log.clear();
  text.focus();
}

function show(delivery: Delivery): void {
  log.show(delivery);
  missed.textContent = delivery.missed === 0 ? "" : `you missed ${delivery.missed}`;
  if (delivery.kind !== "said") people.textContent = delivery.people.join(", ");
}

function say(socket: WebSocket): void {
  if (text.value.trim() !== "") socket.send(text.value);
  text.value = "";
}

function reasonFor(code: number): string {
  if (code === TOO_SLOW) return "You were too slow and have been disconnected.";
  return code === GOING_DOWN ? "The server is going down." : "The connection is lost.";
}

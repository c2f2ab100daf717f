// The page: one visit to a room after the other. What comes over the socket and what is done at the page is one flow.

import { CLOSED, fromEvent, go, merge, type ReceiveChannel, type Routine } from "millrace";
import { byId } from "../../shared/dom.ts";
import { addressOf, guestFrom } from "../guest.ts";
import { GOING_DOWN, TOO_SLOW, type Told } from "../line.ts";
import { Lines } from "./lines.ts";

const page = byId("page", HTMLElement);
const door = byId("door", HTMLFormElement);
const mouth = byId("mouth", HTMLFormElement);
const text = byId("text", HTMLInputElement);
const people = byId("people", HTMLElement);
const missed = byId("missed", HTMLElement);
const status = byId("status", HTMLElement);
const lines = new Lines(byId("lines", HTMLElement));

// Forms are not sent, and that has to be said before the event is over.
for (const form of [door, mouth]) form.addEventListener("submit", (event) => event.preventDefault());
go(live, fromEvent(door, "submit"));

function* live(joins: ReceiveChannel<Event>): Routine<void> {
  while ((yield* joins.receive()) !== CLOSED) {
    const entries = [...new FormData(door)].map(([name, value]) => [name, String(value)]);
    const guest = guestFrom(new URLSearchParams(entries));
    enter(guest.room);
    status.textContent = yield* visit(new WebSocket(addressOf(location.href, guest)));
    page.dataset.state = "out";
  }
}

/** One visit; returns why it is over. */
function* visit(socket: WebSocket): Routine<string> {
  const events = merge({
    told: fromEvent(socket, "message"),
    over: fromEvent(socket, "close"),
    said: fromEvent(mouth, "submit"),
    chatter: fromEvent(byId("chatter", HTMLButtonElement), "click"),
    leave: fromEvent(byId("leave", HTMLButtonElement), "click"),
  });
  try {
    for (;;) {
      const event = yield* events.receive();
      if (event === CLOSED) return "";
      if (event.key === "told") hear(JSON.parse(event.value.data) as Told);
      if (event.key === "said") say(socket);
      if (event.key === "chatter") for (let n = 1; n <= 40; n++) socket.send(`thing ${n}`);
      if (event.key === "leave") return "You have left.";
      if (event.key === "over") return farewell(event.value.code);
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
  lines.clear();
  text.focus();
}

function hear(told: Told): void {
  lines.show(told);
  missed.textContent = told.missed === 0 ? "" : `you missed ${told.missed}`;
  if (told.kind !== "said") people.textContent = told.people.join(", ");
}

function say(socket: WebSocket): void {
  if (text.value.trim() !== "") socket.send(text.value);
  text.value = "";
}

function farewell(code: number): string {
  if (code === TOO_SLOW) return "You were too slow, and had to leave.";
  return code === GOING_DOWN ? "The server is going down." : "The connection is lost.";
}

// The page: what is typed, ticked and moved becomes a wish for a race, and only the newest wish counts.

import {
  CLOSED,
  type Closed,
  channel,
  go,
  type ReceiveChannel,
  type Routine,
  settled,
  sleep,
  sliding,
  unbounded,
} from "millrace";
import { byId, element } from "../../shared/dom.ts";
import { fateOf } from "../fate.ts";
import type { Lap } from "../lap.ts";
import { tidy } from "../question.ts";
import { type Outcome, race } from "../race.ts";
import type { Service } from "../service.ts";
import { Board } from "./board.ts";
import { Gate } from "./gate.ts";
import { MARKS, place, time } from "./scale.ts";
import { hitItem, verdict } from "./verdict.ts";

interface Wish {
  question: string;
  services: Service[];
  deadline: number;
  /** How long it has to stand before anybody is asked, in milliseconds. */
  patience: number;
}

const services = (await (await fetch("/services.json")).json()) as Service[];
const wishes = channel<Wish>(sliding(1));
const page = byId("page", HTMLElement);
const form = byId("form", HTMLFormElement);
const input = byId("question", HTMLInputElement);
const hits = byId("hits", HTMLOListElement);
const status = byId("status", HTMLElement);
const board = new Board(byId("lanes", HTMLUListElement), services, () => wish(0));
const gate = new Gate(
  byId("deadline", HTMLInputElement),
  byId("gate-label", HTMLElement),
  byId("board", HTMLElement),
  () => wish(150),
);

input.addEventListener("input", () => wish(200));
form.addEventListener("submit", (event) => {
  event.preventDefault();
  wish(0);
});
drawMarks();
byId("source", HTMLElement).textContent = await (await fetch("/race.ts")).text();
go(heed, wishes);
wish(200);

function wish(patience: number): void {
  wishes.trySend({ question: tidy(input.value), services: board.entrants, deadline: gate.deadline, patience });
}

/** Races for the newest wish; a newer one cancels the race that is on. */
function* heed(wishes: ReceiveChannel<Wish>): Routine<void> {
  let newest = yield* wishes.receive();
  while (newest !== CLOSED) {
    const racing = go(hold, newest);
    newest = yield* wishes.receive();
    racing.cancel("there is a newer wish");
  }
}

function* hold({ question, services, deadline, patience }: Wish): Routine<void> {
  yield* sleep(patience); // whoever types on cancels it here, before anybody was asked
  if (question === "" || services.length === 0) return idle(question);
  const heat = { id: crypto.randomUUID(), question, deadline };
  const laps = channel<Lap>(unbounded());
  begin();
  const animation = go(animate);
  const showing = go(show, laps);
  const racing = go(race, services, heat, laps);
  try {
    const outcome = yield* racing;
    laps.close();
    const left = yield* showing;
    end(outcome, left, deadline);
    yield* hear(left, heat.id);
  } finally {
    for (const task of [racing, showing, animation]) task.cancel();
  }
}

/** Draws the lanes as they are left, and returns how. */
function* show(laps: ReceiveChannel<Lap>): Routine<Lap[]> {
  const left: Lap[] = [];
  for (let lap: Lap | Closed; (lap = yield* laps.receive()) !== CLOSED; ) {
    left.push(lap);
    board.leave(lap);
  }
  return left;
}

function* animate(): Routine<void> {
  for (;;) {
    yield* settled(new Promise(requestAnimationFrame));
    board.grow();
  }
}

/** Asks the servers of those who were cancelled what they made of it. */
function* hear(laps: Lap[], id: string): Routine<void> {
  for (const { service, end } of laps) {
    const fate = end === "cancelled" ? yield* fateOf(service, id) : undefined;
    if (fate !== undefined) board.testify(service, fate);
  }
}

function idle(question: string): void {
  page.dataset.state = "idle";
  board.clear();
  hits.replaceChildren();
  status.textContent =
    question === "" ? "Ask something about the web platform." : "Nobody is in the race: let a service take part.";
}

function begin(): void {
  page.dataset.state = "running";
  board.start();
}

function end(outcome: Outcome, laps: Lap[], deadline: number): void {
  page.dataset.state = outcome.end;
  board.finish(outcome, laps);
  status.textContent = verdict(outcome, laps, deadline);
  hits.replaceChildren(...(outcome.end === "won" ? outcome.answer.hits.map(hitItem) : []));
}

function drawMarks(): void {
  const marks = MARKS.map((ms) => {
    const mark = element("span", "mark", time(ms));
    mark.style.setProperty("--at", String(place(ms)));
    return mark;
  });
  byId("marks", HTMLElement).append(...marks);
}

// The page. Each change of the question, of the services or of the deadline requests a new race; only the newest request counts.

import { CLOSED, channel, go, type ReceiveChannel, type Routine, settled, sleep, sliding } from "millrace";
import { byId, element } from "../../../shared/dom.ts";
import { type Outcome, race } from "../../race.ts";
import { cleanText, type Question } from "../../services/question.ts";
import { type Service, serverReport } from "../../services/service.ts";
import { formatTime, summary } from "../text.ts";
import { hitItem } from "./hits.ts";
import { MARKS, positionOf } from "./scale.ts";
import { DeadlineSlider } from "./slider.ts";
import { Table } from "./table.ts";

interface RaceRequest {
  question: Question;
  services: Service[];
  /** Milliseconds to wait before the race, in case a newer request follows. */
  delay: number;
}

const services = (await (await fetch("/services.json")).json()) as Service[];
const requests = channel<RaceRequest>(sliding(1));
const page = byId("page", HTMLElement);
const form = byId("form", HTMLFormElement);
const input = byId("question", HTMLInputElement);
const hits = byId("hits", HTMLOListElement);
const status = byId("status", HTMLElement);
const table = new Table(byId("rows", HTMLUListElement), services, () => requestRace(0));
const slider = new DeadlineSlider(
  byId("deadline", HTMLInputElement),
  byId("deadline-label", HTMLElement),
  byId("race", HTMLElement),
  () => requestRace(150),
);

input.addEventListener("input", () => requestRace(200));
form.addEventListener("submit", (event) => {
  event.preventDefault();
  requestRace(0);
});
drawMarks();
byId("source", HTMLElement).textContent = await (await fetch("/race.ts")).text();
go(runNewest, requests);
requestRace(200);

function requestRace(delay: number): void {
  const question = { id: crypto.randomUUID(), text: cleanText(input.value), deadline: slider.deadline };
  requests.trySend({ question, services: table.services, delay });
}

/** Runs a race for the newest request. A newer request cancels the race that is running. */
function* runNewest(requests: ReceiveChannel<RaceRequest>): Routine<void> {
  let newest = yield* requests.receive();
  while (newest !== CLOSED) {
    const running = go(runRace, newest);
    newest = yield* requests.receive();
    running.cancel("there is a newer request");
  }
}

function* runRace({ question, services, delay }: RaceRequest): Routine<void> {
  yield* sleep(delay); // if the user types on, the task is cancelled here, before it has sent any request
  if (question.text === "" || services.length === 0) return showIdle(question);
  showStart();
  const animation = go(animate);
  try {
    const outcome = yield* race(question, services, (result) => table.showResult(result));
    showOutcome(outcome, question);
    yield* showReports(outcome, question);
  } finally {
    animation.cancel();
  }
}

function* animate(): Routine<void> {
  for (;;) {
    yield* settled(new Promise(requestAnimationFrame));
    table.extendBars();
  }
}

/** Asks the server of each cancelled service what it did. */
function* showReports({ results }: Outcome, question: Question): Routine<void> {
  for (const { service, status } of results) {
    const report = status === "cancelled" ? yield* serverReport(service, question) : undefined;
    if (report !== undefined) table.showReport(service, report);
  }
}

function showIdle({ text }: Question): void {
  page.dataset.state = "idle";
  table.clear();
  hits.replaceChildren();
  status.textContent = text === "" ? "Ask something about the web platform." : "Select at least one service.";
}

function showStart(): void {
  page.dataset.state = "running";
  table.start();
}

function showOutcome(outcome: Outcome, question: Question): void {
  page.dataset.state = outcome.end === "nothing found" ? "nothing" : outcome.end;
  table.showWinner(outcome);
  status.textContent = summary(outcome, question) + (outcome.end === "won" ? countCancelled(outcome) : "");
  hits.replaceChildren(...(outcome.winner?.answer?.hits.map(hitItem) ?? []));
}

function countCancelled({ results }: Outcome): string {
  const count = results.filter(({ status }) => status === "cancelled").length;
  if (count === 0) return "";
  return count === 1 ? " One other request was cancelled." : ` ${count} other requests were cancelled.`;
}

function drawMarks(): void {
  const marks = MARKS.map((ms) => {
    const mark = element("span", "mark", formatTime(ms));
    mark.style.setProperty("--at", String(positionOf(ms)));
    return mark;
  });
  byId("marks", HTMLElement).append(...marks);
}

// npm start -- "a question": two races in the terminal. A service wins the first race, the deadline wins the second one.

import { type AsyncRoutine, type Routine, run } from "millrace";
import { coloursFor } from "./display/colours.ts";
import { type FinishedRace, raceReport } from "./display/terminal.ts";
import { race } from "./race.ts";
import { cleanText, MAX_LENGTH, oneLine, type Question } from "./services/question.ts";
import { type ServerReport, type Service, serverReport } from "./services/service.ts";
import { startServices } from "./services/start.ts";

const input = process.argv.length > 2 ? process.argv.slice(2).join(" ") : "abort signal";
const text = cleanText(input);
/** Milliseconds in which the services have to answer in the first race. */
const DEADLINE = Number(process.env.RACE_DEADLINE ?? 1000);
const print = (line: string): boolean => process.stdout.write(`${line}\n`);
// A reader such as `head` may close the pipe early. That is no error.
process.stdout.on("error", () => process.exit());

if (text === "") {
  process.stderr.write('There is no question. Ask about the web platform: npm start -- "abort signal"\n');
  process.exitCode = 2;
} else {
  if (text !== oneLine(input)) print(`(The question was cut to ${MAX_LENGTH} characters.)`);
  process.exitCode = await run(main, text);
}

async function* main(text: string): AsyncRoutine<number> {
  const colours = coloursFor(process.stdout);
  print(colours.faint("Starting five search services, each in a process of its own …"));
  await using services = await startServices();

  const first = yield* raceWithReports({ id: "first", text, deadline: DEADLINE }, services.all);
  print(raceReport(first, colours));

  print(colours.faint("Once more, with a short deadline, and only with the services that have no index:"));
  const slow = services.all.filter(({ hasIndex }) => !hasIndex);
  const second = yield* raceWithReports({ id: "second", text, deadline: 10 }, slow);
  print(raceReport(second, colours));

  return first.outcome.results.every(({ status }) => status === "failed") ? 1 : 0;
}

/** Runs one race, and then asks the server of each cancelled service what it did. */
function* raceWithReports(question: Question, services: Service[]): Routine<FinishedRace> {
  const outcome = yield* race(question, services);
  const reports = new Map<Service, ServerReport>();
  for (const { service, status } of outcome.results) {
    const report = status === "cancelled" ? yield* serverReport(service, question) : undefined;
    if (report !== undefined) reports.set(service, report);
  }
  return { question, outcome, reports };
}

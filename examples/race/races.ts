// The two races of the terminal: a service wins the first one, the deadline wins the second one.

import type { AsyncRoutine, Routine } from "millrace";
import type { Colours } from "./display/colours.ts";
import { type FinishedRace, raceReport } from "./display/terminal.ts";
import { race } from "./race.ts";
import { cleanText, MAX_LENGTH, oneLine, type Question } from "./services/question.ts";
import { type ServerReport, type Service, serverReport } from "./services/service.ts";
import type { Services } from "./services/start.ts";

/** What the races need. */
export interface Racing {
  readonly colours: Colours;
  /** Milliseconds in which the services have to answer in the first race. */
  readonly deadline: number;
  start(): Promise<Services>;
  print(line: string): void;
  printError(line: string): void;
}

/** Runs both races for what was typed, and returns the exit code. */
export async function* races(
  input: string,
  { colours, deadline, start, print, printError }: Racing,
): AsyncRoutine<number> {
  const text = cleanText(input);
  if (text === "") {
    printError('There is no question. Ask about the web platform: npm start -- "abort signal"');
    return 2;
  }
  if (text !== oneLine(input)) print(`(The question was cut to ${MAX_LENGTH} characters.)`);
  print(colours.faint("Starting five search services, each in a process of its own …"));
  await using services = await start();

  const first = yield* raceWithReports({ id: "first", text, deadline }, services.all);
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

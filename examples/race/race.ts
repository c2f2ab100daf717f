// The race: several search services get the same question at once, and the first answer wins.
// The terminal (main.ts) and the web page (page.ts) both run this file.

import type { Routine, SendChannel } from "millrace";
import { alt, CLOSED, channel, collect, pause, scope, settled, timeout } from "millrace";
import type { Question } from "./services/question.ts";
import { type Answer, type Service, searchUrl } from "./services/service.ts";

/** What became of one service. */
export interface Result {
  service: Service;
  status: "answered" | "found nothing" | "failed" | "cancelled";
  answer?: Answer;
  /** Milliseconds from the start of the race to this result. */
  time: number;
}

/** How the race ended, and what became of each service. */
export interface Outcome {
  end: "won" | "nothing found" | "deadline";
  winner?: Result;
  /** One result for each service, in the order in which they came in. */
  results: Result[];
}

/** Asks all services at once, and returns when each of them has answered, has failed or is cancelled. */
export function* race(question: Question, services: Service[], onResult?: (result: Result) => void): Routine<Outcome> {
  const started = performance.now();
  const outcome: Outcome = { end: "nothing found", results: [] };
  const results = channel<Result>(services.length); // room for all results, so sending one never has to wait
  const add = (result: Result) => {
    result.time = performance.now() - started;
    outcome.results.push(result);
    onResult?.(result);
  };

  yield* scope(function* (tasks) {
    const deadline = timeout(question.deadline); // a channel that closes when the time is up
    for (const service of services) tasks.go(ask, service, question, results, tasks.signal);
    yield* pause(); // every task starts and sends its request, however short the deadline is

    while (outcome.results.length < services.length) {
      const next = yield* alt(results.receive(), deadline.receive());
      if (next === CLOSED) {
        outcome.end = "deadline";
        break;
      }
      add(next);
      if (next.status === "answered") {
        outcome.end = "won";
        outcome.winner = next;
        break;
      }
    }
    tasks.cancel("the race is over"); // cancels the tasks that are still running, and aborts their requests
    deadline.cancel(); // no timer is left behind
  });

  // The scope has ended, so all its tasks have ended. The channel holds the results that came after the end of the race.
  results.close();
  for (const result of yield* collect(results)) add(result);
  return outcome;
}

/** Asks one service, and sends a result in every case: after an answer, after a failure, and when it is cancelled. */
function* ask(service: Service, question: Question, results: SendChannel<Result>, signal: AbortSignal): Routine<void> {
  const result: Result = { service, status: "cancelled", time: 0 };
  try {
    const response = yield* settled(fetch(searchUrl(service, question), { signal }));
    if (!response.ok) throw new Error(`${service.name} responded with status ${response.status}`);
    result.answer = (yield* settled(response.json())) as Answer;
    result.status = result.answer.hits.length > 0 ? "answered" : "found nothing";
  } catch {
    result.status = "failed";
  } finally {
    results.trySend(result);
  }
}

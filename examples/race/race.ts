// One question, several services: the first to find something wins. Runs as it stands in Node and in browsers.

import {
  alt,
  CLOSED,
  channel,
  pause,
  type ReceiveChannel,
  type Routine,
  type SendChannel,
  scope,
  settled,
  timeout,
} from "millrace";
import type { Answer } from "./answer.ts";
import type { Heat } from "./heat.ts";
import type { Lap } from "./lap.ts";
import { type Service, searchUrl } from "./service.ts";

/** The first answer with something in it; or that there is none, or that the deadline came first. */
export type Outcome = { end: "won"; service: Service; answer: Answer } | { end: "nothing" } | { end: "late" };

/** Called once for each service, as it leaves the race. */
type Out = (service: Service, end: Lap["end"]) => void;

type Entry = { service: Service; answer: Answer };

/** Races the services, cancels whoever is still at it when the race is decided, and returns the outcome when all are out. */
export function* race(services: Service[], heat: Heat, laps: SendChannel<Lap>): Routine<Outcome> {
  const started = performance.now();
  const out: Out = (service, end) => laps.trySend({ service, end, ms: performance.now() - started });
  return yield* scope(function* (s) {
    const late = timeout(heat.deadline);
    const answers = channel<Entry>();
    for (const service of services) s.go(enter, service, heat, answers, out);
    yield* pause(); // everybody is asked before anybody looks at the clock
    const outcome = yield* decide(services.length, answers, late);
    s.cancel("the race is decided");
    return outcome;
  });
}

function* decide(open: number, answers: ReceiveChannel<Entry>, late: ReceiveChannel<never>): Routine<Outcome> {
  for (; open > 0; open--) {
    const next = yield* alt(answers.receive(), late.receive());
    if (next === CLOSED) return { end: "late" };
    if (next.answer.hits.length > 0) return { end: "won", ...next };
  }
  return { end: "nothing" };
}

/** One service's part; it drops out without spoiling the race when it fails or finds nothing. */
function* enter(service: Service, heat: Heat, answers: SendChannel<Entry>, out: Out): Routine<void> {
  let answer: Answer = { hits: [], matches: 0 };
  let end: Lap["end"] = "cancelled";
  try {
    answer = yield* ask(service, heat);
    end = answer.hits.length > 0 ? "found" : "nothing";
  } catch {
    end = "failed";
  } finally {
    out(service, end);
  }
  yield* answers.send({ service, answer });
}

/** Asks one service, and hangs up when it is cancelled before the answer is in. */
function* ask(service: Service, { question, id }: Heat): Routine<Answer> {
  const line = new AbortController();
  try {
    const response = yield* settled(fetch(searchUrl(service, question, id), { signal: line.signal }));
    if (!response.ok) throw new Error(`Cannot ask ${service.name}: ${response.status} ${response.statusText}`);
    return (yield* settled(response.json())) as Answer;
  } finally {
    line.abort();
  }
}

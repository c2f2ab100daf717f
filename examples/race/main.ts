// npm start -- "a question": two races in the terminal, one that a service wins and one that the deadline wins.

import { type AsyncRoutine, CLOSED, type Closed, channel, type Routine, run, unbounded } from "millrace";
import { type Fate, fateOf } from "./fate.ts";
import type { Heat } from "./heat.ts";
import { inkFor } from "./ink.ts";
import type { Lap } from "./lap.ts";
import { LONGEST, line, tidy } from "./question.ts";
import { race } from "./race.ts";
import { type Finish, report } from "./report.ts";
import type { Service } from "./service.ts";
import { openServices } from "./services.ts";

const asked = process.argv.length > 2 ? process.argv.slice(2).join(" ") : "abort signal";
const question = tidy(asked);
const print = (text: string): boolean => process.stdout.write(`${text}\n`);
// Whoever reads may have read enough, as `head` does.
process.stdout.on("error", () => process.exit());

if (question === "") {
  process.stderr.write('There is no question. Ask about the web platform: npm start -- "abort signal"\n');
  process.exitCode = 2;
} else {
  if (question !== line(asked)) print(`(The question was cut to ${LONGEST} characters.)`);
  process.exitCode = await run(main, question);
}

async function* main(question: string): AsyncRoutine<number> {
  const ink = inkFor(process.stdout);
  await using services = await openServices();

  const first = yield* hold(services.all, { id: "first", question, deadline: 1000 });
  print(report(first, ink));

  print(ink.faint("Once more, with little time, among those that have no index ready:"));
  const unprepared = services.all.filter(({ prepared }) => !prepared);
  const second = yield* hold(unprepared, { id: "second", question, deadline: 10 });
  print(report(second, ink));

  return first.laps.every(({ end }) => end === "failed") ? 1 : 0;
}

/** Holds one race, and asks the servers of those who were cancelled what they made of it. */
function* hold(services: Service[], heat: Heat): Routine<Finish> {
  const posted = channel<Lap>(unbounded());
  const outcome = yield* race(services, heat, posted);
  posted.close();
  const laps: Lap[] = [];
  const fates = new Map<Service, Fate>();
  for (let lap: Lap | Closed; (lap = yield* posted.receive()) !== CLOSED; ) {
    laps.push(lap);
    const fate = lap.end === "cancelled" ? yield* fateOf(lap.service, heat.id) : undefined;
    if (fate !== undefined) fates.set(lap.service, fate);
  }
  return { heat, outcome, laps, fates };
}

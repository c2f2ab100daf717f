// What a race looks like in a terminal.

import { features, type Hit } from "./answer.ts";
import { describeFate, type Fate } from "./fate.ts";
import type { Heat } from "./heat.ts";
import type { Ink } from "./ink.ts";
import type { Lap } from "./lap.ts";
import type { Outcome } from "./race.ts";
import type { Service } from "./service.ts";

/** A finished race; `fates` holds what the servers made of being cancelled. */
export interface Finish {
  heat: Heat;
  outcome: Outcome;
  laps: Lap[];
  fates: Map<Service, Fate>;
}

const SHOWN = 3;

export function report({ heat, outcome, laps, fates }: Finish, ink: Ink): string {
  const title = `${ink.strong(`“${heat.question}”`)}  ${ink.faint(`${laps.length} services, ${heat.deadline} ms at most`)}`;
  const rows = laps.map((lap) => row(lap, outcome, fates.get(lap.service), ink));
  return ["", title, "", ...rows, "", ...verdict(heat, outcome, laps, ink), ""].join("\n");
}

function row(lap: Lap, outcome: Outcome, fate: Fate | undefined, ink: Ink): string {
  const won = outcome.end === "won" && outcome.service === lap.service;
  const [mark, word, tint] = won
    ? ["✓", "won", ink.good]
    : lap.end === "cancelled"
      ? ["×", "cancelled", ink.faint]
      : lap.end === "failed"
        ? ["!", "failed", ink.bad]
        : lap.end === "nothing"
          ? ["–", "found nothing", ink.faint]
          : ["–", "answered second", ink.faint];
  const left = `${mark} ${lap.service.name.padEnd(11)}${ms(lap.ms).padStart(10)}  ${word}`;
  return `  ${tint(left)}${fate === undefined ? "" : ink.faint(`, its server ${describeFate(fate)}`)}`;
}

function verdict(heat: Heat, outcome: Outcome, laps: Lap[], ink: Ink): string[] {
  if (outcome.end === "late")
    return [`  ${ink.bad(`The deadline won: nobody had an answer within ${heat.deadline} ms.`)}`];
  if (outcome.end === "nothing") {
    const unreachable = laps.every(({ end }) => end === "failed");
    return [
      unreachable ? `  ${ink.bad("No service could be reached.")}` : "  All answered, and nobody found anything.",
    ];
  }
  const { hits, matches } = outcome.answer;
  const lap = laps.find(({ service }) => service === outcome.service);
  return [
    `  ${ink.good(outcome.service.name)} answered first, after ${ms(lap?.ms ?? 0)}, with ${features(matches)}. The best:`,
    ...hits.slice(0, SHOWN).flatMap((hit) => ["", ...describeHit(hit, ink)]),
  ];
}

function describeHit({ path, about, url, support }: Hit, ink: Ink): string[] {
  const versions = Object.entries(support).map(([browser, version]) => `${browser} ${version}`);
  return [
    `    ${ink.strong(path)}${about === "" ? "" : `  ${about}`}`,
    ...[versions.join(", "), url].filter((line) => line !== "").map((line) => `      ${ink.faint(line)}`),
  ];
}

function ms(time: number): string {
  return `${time.toFixed(1)} ms`;
}

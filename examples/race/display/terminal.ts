// The report on a race in the terminal.

import type { Outcome, Result } from "../race.ts";
import type { Question } from "../services/question.ts";
import type { Hit, ServerReport, Service } from "../services/service.ts";
import type { Colours } from "./colours.ts";
import { formatTime, serverSummary, summary } from "./text.ts";

export interface FinishedRace {
  question: Question;
  outcome: Outcome;
  /** What the servers of the cancelled services did. */
  reports: Map<Service, ServerReport>;
}

const MAX_HITS = 3;

type RowStyle = [mark: string, word: string, tint: keyof Colours];
const WON: RowStyle = ["✓", "won", "good"];
const ROWS: Record<Result["status"], RowStyle> = {
  answered: ["–", "answered too late", "faint"],
  "found nothing": ["–", "found nothing", "faint"],
  failed: ["!", "failed", "bad"],
  cancelled: ["×", "cancelled", "faint"],
};

export function raceReport({ question, outcome, reports }: FinishedRace, colours: Colours): string {
  const { results, winner, end } = outcome;
  const terms = `${results.length} services, deadline ${formatTime(question.deadline)}`;
  const title = `${colours.strong(`“${question.text}”`)}  ${colours.faint(terms)}`;
  const rows = results.map((result) => resultRow(result, result === winner, reports.get(result.service), colours));
  const tint = end === "won" ? colours.good : end === "deadline" ? colours.bad : colours.strong;
  const hits = winner?.answer?.hits.slice(0, MAX_HITS) ?? [];
  return [
    "",
    title,
    "",
    ...rows,
    "",
    `  ${tint(summary(outcome, question))}${hits.length > 0 ? " The best ones:" : ""}`,
    ...hits.flatMap((hit) => hitLines(hit, colours)),
    "",
  ].join("\n");
}

function resultRow(
  { service, status, time }: Result,
  won: boolean,
  report: ServerReport | undefined,
  colours: Colours,
): string {
  const [mark, word, tint] = won ? WON : ROWS[status];
  const row = `${mark} ${service.name.padEnd(11)}${`${time.toFixed(1)} ms`.padStart(10)}  ${word}`;
  return `  ${colours[tint](row)}${report === undefined ? "" : colours.faint(`, its server ${serverSummary(report)}`)}`;
}

function hitLines({ path, about, url, support }: Hit, colours: Colours): string[] {
  const versions = Object.entries(support).map(([browser, version]) => `${browser} ${version}`);
  const details = [versions.join(", "), url].filter((line) => line !== "");
  return [
    "",
    `    ${colours.strong(path)}${about === "" ? "" : `  ${about}`}`,
    ...details.map((line) => `      ${colours.faint(line)}`),
  ];
}

// Sentences that the terminal and the page have in common.

import type { Outcome } from "../race.ts";
import type { Question } from "../services/question.ts";
import type { ServerReport } from "../services/service.ts";

/** How a race ended, in one sentence. */
export function summary({ end, winner, results }: Outcome, { deadline }: Question): string {
  if (end === "deadline") return `The deadline won: no service answered within ${formatTime(deadline)}.`;
  if (winner?.answer === undefined) {
    const unreachable = results.every(({ status }) => status === "failed");
    return unreachable ? "No service could be reached." : "No service found anything.";
  }
  const { service, time, answer } = winner;
  return `${service.name} answered first, after ${formatTime(time)}, with ${countFeatures(answer.matches)}.`;
}

/** What a server did, as the rest of a sentence that begins with "server". */
export function serverSummary({ status, progress, time }: ServerReport): string {
  if (status === "no request") return "received no request";
  if (status === "answered") return "had already answered";
  return `stopped after ${Math.round(time)} ms at ${Math.floor(progress * 100)} %`;
}

export function countFeatures(count: number): string {
  return count === 1 ? "1 feature" : `${count} features`;
}

/** A time with two or three digits, in milliseconds or in seconds. */
export function formatTime(ms: number): string {
  if (ms >= 999.5) return `${Number((ms / 1000).toFixed(2))} s`;
  return ms < 9.95 && !Number.isInteger(ms) ? `${ms.toFixed(1)} ms` : `${Math.round(ms)} ms`;
}

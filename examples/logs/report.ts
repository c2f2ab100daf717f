import { table } from "../shared/table.ts";
import type { PathTally, Tally } from "./tally.ts";

const CLASSES: Record<number, string> = {
  1: "informational",
  2: "success",
  3: "redirection",
  4: "client error",
  5: "server error",
};
const STEPS = "▁▂▃▄▅▆▇█";
const WIDTH = 56;
const SHOWN = 6;

const whole = new Intl.NumberFormat("en");

/** The counts as text. */
export function report(tally: Tally): string {
  if (tally.count === 0) return "No requests.\n";
  const parts = [statuses(tally), slowest(tally), traffic(tally)];
  return `${parts.join("\n\n")}\n`;
}

/** The first problems as text, and the number of the remaining problems. */
export function problemReport({ problems }: Tally): string {
  if (problems.length === 0) return "";
  const shown = problems.slice(0, SHOWN).map(({ where, what }) => `  ${where}: ${what}`);
  const more = problems.length - shown.length;
  return `\nCould not be read:\n${shown.join("\n")}\n${more > 0 ? `  and ${whole.format(more)} more\n` : ""}`;
}

function statuses({ classes, count }: Tally): string {
  const rows = [...classes]
    .sort(([a], [b]) => a - b)
    .map(([digit, n]) => {
      return [`${digit}xx`, CLASSES[digit] ?? "", whole.format(n), `${((n / count) * 100).toFixed(1)} %`];
    });
  return `${whole.format(count)} requests\n${table(rows)}`;
}

function slowest({ paths }: Tally): string {
  const mean = (path: PathTally): number => path.ms / path.count;
  const first = [...paths.values()].sort((a, b) => mean(b) - mean(a)).slice(0, SHOWN);
  const rows = first.map((path) => [path.path, whole.format(path.count), time(mean(path)), time(path.worst)]);
  return `Slowest paths\n${table([["", "requests", "mean", "worst"], ...rows])}`;
}

function time(ms: number): string {
  return `${ms.toFixed(0)} ms`;
}

/** Requests per minute: a curve of the whole time, and the busiest minute. */
function traffic({ minutes }: Tally): string {
  const [first, last] = [...minutes.keys()].reduce(
    ([low, high], minute) => [Math.min(low, minute), Math.max(high, minute)],
    [Infinity, -Infinity],
  );
  const span = Math.ceil((last + 1 - first) / WIDTH);
  const sums = new Array<number>(Math.ceil((last + 1 - first) / span)).fill(0);
  for (const [minute, n] of minutes) sums[Math.floor((minute - first) / span)]! += n;
  const most = Math.max(...sums);
  const curve = sums.map((sum) => (sum === 0 ? " " : STEPS[Math.ceil((sum / most) * STEPS.length) - 1])).join("");
  const [busiest, n] = [...minutes].reduce((a, b) => (b[1] > a[1] ? b : a));
  return [
    "Requests per minute",
    `  ${curve}`,
    `  ${clock(first)} to ${clock(last)}, at most ${Math.round(most / span)} on average over ${span} min`,
    `  the busiest minute was ${clock(busiest)}, with ${n}`,
  ].join("\n");
}

function clock(minute: number): string {
  return new Date(minute * 60_000).toISOString().slice(0, 16).replace("T", " ");
}

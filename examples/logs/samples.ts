// Generated access logs of a shop: one week of two servers, rotated and compressed as by logrotate, with twenty minutes of
// overload on the fifth day. They are the same in every run.

import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { seeded } from "../shared/seeded.ts";

type Route = readonly [path: string, weight: number, ms: number];

const ROUTES: readonly Route[] = [
  ["/", 20, 12],
  ["/products/#", 34, 35],
  ["/search?q=#", 16, 140],
  ["/cart", 9, 28],
  ["/checkout", 4, 310],
  ["/api/stock/#", 22, 9],
  ["/api/orders/#", 7, 75],
  ["/reports/month/#", 1, 1900],
  ["/assets/app.js", 14, 2],
  ["/wp-login.php", 2, 3],
];
const WEIGHT = ROUTES.reduce((sum, [, weight]) => sum + weight, 0);
const AGENTS = [
  "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
  "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15",
  "curl/8.5.0",
];
const MONDAY = Date.UTC(2025, 4, 12);
const DAY = 86_400_000;
const OVERLOADED_DAY = 4;

/** The folders of the two servers. The first call writes them into the temporary folder of the system. */
export function sampleFolders(linesPerFile = 20_000): string[] {
  const folder = join(tmpdir(), `millrace-sample-logs-${linesPerFile}`);
  if (!existsSync(folder)) write(folder, linesPerFile);
  return ["north", "south"].map((server) => join(folder, server));
}

function write(folder: string, linesPerFile: number): void {
  const draft = mkdtempSync(`${folder}-`);
  for (const [index, server] of ["north", "south"].entries()) {
    mkdirSync(join(draft, server));
    for (let day = 0; day < 7; day++) {
      const text = Buffer.from(oneDay(day, linesPerFile, seeded(100 * index + day)));
      const age = 6 - day; // the files of the last two days are not compressed yet
      const [name, bytes] =
        age < 2 ? [["access.log", "access.log.1"][age]!, text] : [`access.log.${age}.gz`, gzipSync(text)];
      // In one compressed file the end is missing, as if the disk had been full.
      const kept = server === "south" && age === 5 ? bytes.subarray(0, bytes.length * 0.7) : bytes;
      writeFileSync(join(draft, server, name), kept);
    }
  }
  // All files appear at once. If another process has written them in the meantime, its files are used.
  try {
    renameSync(draft, folder);
  } catch {
    rmSync(draft, { recursive: true });
  }
}

function oneDay(day: number, lines: number, random: () => number): string {
  const times = Array.from({ length: lines }, () => timeOfDay(random)).sort((a, b) => a - b);
  const text = times.map((time) => line(MONDAY + day * DAY + time, day, random)).join("\n");
  // In some files the last line is cut, as often happens when files are rotated.
  return day % 3 === 0 ? text.slice(0, -60) : `${text}\n`;
}

/** A random time of day: few requests at night, most in the evening. */
function timeOfDay(random: () => number): number {
  for (;;) {
    const time = random() * DAY;
    if (random() < 0.55 - 0.45 * Math.cos(((time / DAY - 0.13) * 2 * Math.PI) % (2 * Math.PI))) return time;
  }
}

function line(at: number, day: number, random: () => number): string {
  const [path, , usual] = route(random);
  const minuteOfDay = (at % DAY) / 60_000;
  const overloaded = day === OVERLOADED_DAY && minuteOfDay > 1140 && minuteOfDay < 1160;
  const ms = usual * (0.4 + 1.2 * random() ** 3) * (overloaded ? 12 : 1);
  const status = statusOf(path, overloaded, random());
  const address = `203.0.113.${Math.floor(random() * 250)}`;
  const agent = AGENTS[Math.floor(random() * AGENTS.length)];
  const target = path.replace("#", String(Math.floor(random() * 5000)));
  const bytes = Math.floor(200 + random() * 30_000);
  return `${address} - - [${stamp(at)}] "GET ${target} HTTP/1.1" ${status} ${bytes} "-" "${agent}" ${(ms / 1000).toFixed(3)}`;
}

function route(random: () => number): Route {
  let left = random() * WEIGHT;
  return ROUTES.find(([, weight]) => (left -= weight) < 0) ?? ROUTES[0]!;
}

function statusOf(path: string, overloaded: boolean, chance: number): number {
  if (path === "/wp-login.php") return 404;
  if (overloaded && chance < 0.4) return 503;
  if (chance > 0.998) return 500;
  if (chance > 0.99) return 404;
  return chance > 0.93 ? 304 : 200;
}

/** The time in the format of access logs, such as 12/May/2025:06:25:14 +0000. */
function stamp(at: number): string {
  const [, day, month, year, time] = new Date(at).toUTCString().match(/(\d+) (\w+) (\d+) ([\d:]+)/)!;
  return `${day}/${month}/${year}:${time} +0000`;
}

import { table } from "../shared/table.ts";
import type { Crawl } from "./crawl.ts";
import type { Site } from "./site.ts";
import type { Visit } from "./visit.ts";

const SLOWEST = 3;

/** The most that were asked for in any one second. */
export function busiestSecond({ asked }: Site): number {
  let most = 0;
  for (let first = 0, last = 0; last < asked.length; last++) {
    while (asked[last]!.at - asked[first]!.at >= 1000) first++;
    most = Math.max(most, last - first + 1);
  }
  return most;
}

/** What the crawl found, and what the site says of the crawler. */
export function report({ visits, forbidden, end }: Crawl, site: Site): string {
  const pages = visits.filter(({ failure }) => failure === undefined);
  const broken = visits.filter(({ failure }) => failure !== undefined);
  broken.sort((a, b) => path(a.url).localeCompare(path(b.url), "en", { numeric: true }));
  const repeated = visits.filter(({ attempts }) => attempts > 1);
  const slowest = [...pages].sort((a, b) => b.ms - a.ms).slice(0, SLOWEST);
  return [
    headline(end),
    `${pages.length} pages, the farthest ${Math.max(...visits.map(({ depth }) => depth))} links away`,
    `${repeated.length} were asked for again, because the server was not well`,
    `${forbidden.size} forbidden by robots.txt`,
    `\n${broken.length} broken links`,
    table(broken.map((visit) => [path(visit.url), visit.failure ?? "", origin(visit)])),
    "\nSlowest pages",
    table(slowest.map(({ url, ms }) => [path(url), `${Math.round(ms)} ms`])),
    `\nThe site was asked ${site.asked.length} times, ${busiestSecond(site)} times in the busiest second, and had ${site.mostAtOnce} requests at once.\n`,
  ].join("\n");
}

function headline(end: Crawl["end"]): string {
  if (end === "complete") return "The whole site, as far as it may be crawled:";
  return end === "deadline" ? "Time is up. Until then:" : "Interrupted. Until then:";
}

function origin({ from, attempts }: Visit): string {
  const tried = attempts > 1 ? `, asked ${attempts} times` : "";
  return `linked from ${from === undefined ? "nowhere" : path(from)}${tried}`;
}

function path(url: URL): string {
  return url.pathname + url.search;
}

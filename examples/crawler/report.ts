import { table } from "../shared/table.ts";
import type { Crawl } from "./crawl.ts";
import type { Site } from "./site.ts";
import type { Visit } from "./visit.ts";

const SLOWEST = 3;

/** The largest number of requests within one second. */
export function busiestSecond({ requests }: Site): number {
  let most = 0;
  for (let first = 0, last = 0; last < requests.length; last++) {
    while (requests[last]!.at - requests[first]!.at >= 1000) first++;
    most = Math.max(most, last - first + 1);
  }
  return most;
}

/** A text with the results of the crawl, and with the requests that the site has counted. */
export function report({ visits, forbidden, end }: Crawl, site: Site): string {
  const pages = visits.filter(({ failure }) => failure === undefined);
  const broken = visits.filter(({ failure }) => failure !== undefined);
  broken.sort((a, b) => path(a.url).localeCompare(path(b.url), "en", { numeric: true }));
  const repeated = visits.filter(({ attempts }) => attempts > 1);
  const slowest = [...pages].sort((a, b) => b.ms - a.ms).slice(0, SLOWEST);
  return [
    headline(end),
    `${pages.length} pages, the farthest ${Math.max(...visits.map(({ depth }) => depth))} links away`,
    `${repeated.length} requested again after a server error`,
    `${forbidden.size} forbidden by robots.txt`,
    `\n${broken.length} broken links`,
    table(broken.map((visit) => [path(visit.url), visit.failure ?? "", origin(visit)])),
    "\nSlowest pages",
    table(slowest.map(({ url, ms }) => [path(url), `${Math.round(ms)} ms`])),
    `\nThe site received ${site.requests.length} requests, at most ${busiestSecond(site)} in one second and ${site.maxConcurrent} at the same time.\n`,
  ].join("\n");
}

function headline(end: Crawl["end"]): string {
  if (end === "complete") return "The crawl is complete:";
  return end === "deadline" ? "The deadline has passed. Until then:" : "Interrupted. Until then:";
}

function origin({ from, attempts }: Visit): string {
  const tried = attempts > 1 ? `, ${attempts} attempts` : "";
  return `linked from ${from === undefined ? "nowhere" : path(from)}${tried}`;
}

function path(url: URL): string {
  return url.pathname + url.search;
}

// A site to crawl, with generated pages: links that form loops, dead links, pages that fail, and one slow page. It records
// all requests, to check that the crawler keeps to its limits.

import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout } from "node:timers/promises";
import { seeded } from "../shared/seeded.ts";
import { type LocalServer, openServer } from "../shared/server.ts";

export interface SiteOptions {
  readonly pages: number;
  /** The response time of the slow page, in milliseconds. */
  readonly slow: number;
}

/** A running site, with a record of the requests that it has received. */
export interface Site extends LocalServer {
  /** The time of each request, in milliseconds, and its path. */
  readonly requests: readonly { readonly at: number; readonly path: string }[];
  /** The largest number of requests that ran at the same time. */
  readonly maxConcurrent: number;
}

/** Page 7 is slow, every 13th page fails twice before it works, page 29 always fails, and page 31 never answers. */
const SLOW = 7;
const UNRELIABLE = 13;
const BROKEN = 29;
const SILENT = 31;

const ROBOTS = "User-agent: *\nDisallow: /private/\n";

export async function openSite({ pages, slow }: SiteOptions): Promise<Site> {
  const requests: { at: number; path: string }[] = [];
  const failures = new Map<number, number>();
  let running = 0;
  let maxConcurrent = 0;

  async function answer({ url = "/" }: IncomingMessage, response: ServerResponse): Promise<void> {
    requests.push({ at: performance.now(), path: url });
    maxConcurrent = Math.max(maxConcurrent, ++running);
    response.once("close", () => running--);
    const number = url === "/" ? 0 : Number(/^\/page\/(\d+)$/.exec(url)?.[1] ?? Number.NaN);
    if (url === "/robots.txt") return reply(response, 200, ROBOTS);
    if (!(number < pages)) return reply(response, 404, "There is no such page.");
    if (number === SILENT) return;
    if (fails(number)) return reply(response, 503, "Please try again later.");
    await setTimeout(number === SLOW ? slow : 5 + (number % 10) * 8);
    reply(response, 200, pageOf(number, pages));
  }

  function fails(number: number): boolean {
    const before = failures.get(number) ?? 0;
    failures.set(number, before + 1);
    return number === BROKEN || (number > 0 && number % UNRELIABLE === 0 && before < 2);
  }

  const { url, server, [Symbol.asyncDispose]: dispose } = await openServer(answer);
  return {
    url,
    server,
    requests,
    get maxConcurrent() {
      return maxConcurrent;
    },
    [Symbol.asyncDispose]: dispose,
  };
}

function reply(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { "content-type": status === 200 && body.startsWith("<") ? "text/html" : "text/plain" });
  response.end(body);
}

/** Each page links to its two children in a binary tree (so all pages can be reached), to the start page, and to random pages. */
function pageOf(number: number, pages: number): string {
  const random = seeded(number);
  const links = ["/", `/page/${2 * number + 1}`, `/page/${2 * number + 2}#top`, "mailto:miller@example.org"].filter(
    (_link, at) => !(at === 1 || at === 2) || 2 * number + at < pages,
  );
  for (let n = 0; n < 4; n++) links.push(`../page/${1 + Math.floor(random() * (pages - 1))}`);
  if (number % 41 === 5) links.push(`/gone/${number}`);
  if (number % 19 === 6) links.push("/private/diary", "https://example.org/elsewhere");
  const items = links.map((link) => `<li><a href="${link}">${link}</a></li>`).join("\n");
  return `<!doctype html><title>Page ${number}</title>\n<ul>\n${items}\n</ul>\n`;
}

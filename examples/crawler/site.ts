// A site to crawl, made up of numbers: pages with links that loop, links that lead nowhere, servers' moods, and one page that
// takes its time. It counts how often it is asked, because that is what a crawler must be careful about.

import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout } from "node:timers/promises";
import { seeded } from "../shared/seeded.ts";
import { type LocalServer, openServer } from "../shared/server.ts";

export interface SiteOptions {
  readonly pages: number;
  /** How long the slow page takes, in milliseconds. */
  readonly slow: number;
}

/** A site under observation. */
export interface Site extends LocalServer {
  /** When it was asked, in milliseconds, and for what. */
  readonly asked: readonly { readonly at: number; readonly path: string }[];
  /** Requests under way at once, at most. */
  readonly mostAtOnce: number;
}

/** Page 7 is slow, each 13th fails twice before it works, page 29 always fails, and page 31 never answers. */
const SLOW = 7;
const MOODY = 13;
const BROKEN = 29;
const SILENT = 31;

const ROBOTS = "User-agent: *\nDisallow: /private/\n";

export async function openSite({ pages, slow }: SiteOptions): Promise<Site> {
  const asked: { at: number; path: string }[] = [];
  const failures = new Map<number, number>();
  let atOnce = 0;
  let mostAtOnce = 0;

  async function answer({ url = "/" }: IncomingMessage, response: ServerResponse): Promise<void> {
    asked.push({ at: performance.now(), path: url });
    mostAtOnce = Math.max(mostAtOnce, ++atOnce);
    response.once("close", () => atOnce--);
    const number = url === "/" ? 0 : Number(/^\/page\/(\d+)$/.exec(url)?.[1] ?? Number.NaN);
    if (url === "/robots.txt") return reply(response, 200, ROBOTS);
    if (!(number < pages)) return reply(response, 404, "There is no such page.");
    if (number === SILENT) return;
    if (fails(number)) return reply(response, 503, "Later, please.");
    await setTimeout(number === SLOW ? slow : 5 + (number % 10) * 8);
    reply(response, 200, pageOf(number, pages));
  }

  function fails(number: number): boolean {
    const before = failures.get(number) ?? 0;
    failures.set(number, before + 1);
    return number === BROKEN || (number > 0 && number % MOODY === 0 && before < 2);
  }

  const { url, server, [Symbol.asyncDispose]: dispose } = await openServer(answer);
  return {
    url,
    server,
    asked,
    get mostAtOnce() {
      return mostAtOnce;
    },
    [Symbol.asyncDispose]: dispose,
  };
}

function reply(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { "content-type": status === 200 && body.startsWith("<") ? "text/html" : "text/plain" });
  response.end(body);
}

/** Each page leads to the two after it in a tree, so that all are reached, back home, and to some that chance picks. */
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

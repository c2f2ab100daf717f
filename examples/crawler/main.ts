// npm run crawl: crawls a local site of 300 pages within a rate limit, each page once, and stops when it is done.
// crawl.ts shows the idea: a task for each page, all in one scope. site.ts is the site, on this machine.

import { type AsyncRoutine, CLOSED, go, type ReceiveChannel, type Routine, ticker } from "millrace";
import { Crawler } from "./crawl.ts";
import { report } from "./report.ts";
import { openSite } from "./site.ts";

const interrupted = new AbortController();
// The first Ctrl-C ends the crawl, and a second Ctrl-C ends the process.
process.once("SIGINT", () => interrupted.abort());
process.exitCode = await go(main, interrupted.signal);

async function* main(signal: AbortSignal): AsyncRoutine<number> {
  await using site = await openSite({ pages: 300, slow: 1200 });
  const crawler = new Crawler({ rate: 100, concurrency: 8, depth: 12, timeout: 2000, deadline: 30_000 });
  process.stdout.write(`Crawling ${site.url} at 100 requests a second, 8 at the same time.\n`);
  using seconds = ticker(1000);
  go(printProgress, crawler, seconds);
  const crawl = yield* crawler.crawl(new URL(site.url), signal);
  process.stdout.write(`\n${report(crawl, site)}`);
  return crawl.end === "complete" ? 0 : 130;
}

/** Prints a line after each second. */
function* printProgress(crawler: Crawler, seconds: ReceiveChannel<number>): Routine<void> {
  while ((yield* seconds.receive()) !== CLOSED)
    process.stdout.write(`${crawler.visits.length} visited, ${crawler.waiting} to go\n`);
}

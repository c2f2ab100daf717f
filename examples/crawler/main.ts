// npm run crawl: crawls a site of some hundred pages on loopback, no faster than it was told to.

import { type AsyncRoutine, CLOSED, go, type ReceiveChannel, type Routine, ticker } from "millrace";
import { Crawler } from "./crawl.ts";
import { report } from "./report.ts";
import { openSite } from "./site.ts";

const interrupted = new AbortController();
// The first Ctrl-C ends the crawl, a second one the process.
process.once("SIGINT", () => interrupted.abort());
process.exitCode = await go(main, interrupted.signal);

async function* main(signal: AbortSignal): AsyncRoutine<number> {
  await using site = await openSite({ pages: 300, slow: 1200 });
  const crawler = new Crawler({ rate: 100, atOnce: 8, depth: 12, patience: 2000, deadline: 30_000 });
  process.stdout.write(`Crawling ${site.url} at 100 requests a second, 8 at once.\n`);
  using seconds = ticker(1000);
  go(tell, crawler, seconds);
  const crawl = yield* crawler.crawl(new URL(site.url), signal);
  process.stdout.write(`\n${report(crawl, site)}`);
  return crawl.end === "complete" ? 0 : 130;
}

/** A line for each second that passes. */
function* tell(crawler: Crawler, seconds: ReceiveChannel<number>): Routine<void> {
  while ((yield* seconds.receive()) !== CLOSED)
    process.stdout.write(`${crawler.visits.length} visited, ${crawler.waiting} to go\n`);
}

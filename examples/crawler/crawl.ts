// A crawler with manners. The classic trap is its end: workers that take from a queue and also fill it cannot close it,
// because an empty queue does not mean that nobody is about to fill it. Here there is no queue. Each page is a task of one
// scope, which starts the tasks of the pages that it found before it ends; so the scope is over exactly when nothing waits
// and nothing is under way. That tasks are many does not matter: one that waits for its turn is a few hundred bytes.

import {
  aborted,
  RateLimiter,
  type Routine,
  retry,
  type Scope,
  Semaphore,
  scope,
  select,
  TimeoutError,
} from "millrace";
import { linksIn } from "./links.ts";
import { allowedBy } from "./robots.ts";
import { ask, reasonFor, ServerError, type Visit } from "./visit.ts";

export interface Manners {
  /** Requests in a second, at most, repeated ones included. */
  readonly rate: number;
  /** Requests at once, at most. */
  readonly atOnce: number;
  /** How many links away from the start pages are asked for. */
  readonly depth: number;
  /** After so many milliseconds one request is given up. */
  readonly patience: number;
  /** After so many milliseconds the whole crawl is. */
  readonly deadline: number;
}

/** What was found, and whether that is all there is within the depth. */
export interface Crawl {
  readonly visits: readonly Visit[];
  /** What robots.txt forbids. */
  readonly forbidden: ReadonlySet<string>;
  readonly end: "complete" | "deadline" | "interrupted";
}

/** Visits a site, from a page on. */
export class Crawler {
  readonly visits: Visit[];
  readonly forbidden: Set<string>;
  private readonly _manners: Manners;
  private readonly _places: Semaphore;
  private readonly _limiter: RateLimiter;
  private readonly _known: Set<string>;
  private _allowed: (path: string) => boolean;

  constructor(manners: Manners) {
    this.visits = [];
    this.forbidden = new Set();
    this._manners = manners;
    this._places = new Semaphore(manners.atOnce);
    // Two at once make good for timers that are a little late; with one the rate would fall behind.
    this._limiter = new RateLimiter({ limit: manners.rate, per: 1000, burst: 2 });
    this._known = new Set();
    this._allowed = () => true;
  }

  /** Pages that are known and have not been visited yet. */
  get waiting(): number {
    return this._known.size - this.visits.length;
  }

  /** Crawls until nothing is left, or the time is up, or the signal is aborted. */
  *crawl(start: URL, signal: AbortSignal): Routine<Crawl> {
    const everything = scope((pages) => this._start(pages, start), { deadline: this._manners.deadline });
    let end: Crawl["end"] = "complete";
    try {
      const { key } = yield* select({ complete: everything, interrupted: aborted(signal) });
      end = key;
    } catch (error) {
      if (!(error instanceof TimeoutError)) throw error;
      end = "deadline";
    }
    return { visits: this.visits, forbidden: this.forbidden, end };
  }

  private *_start(pages: Scope, start: URL): Routine<void> {
    yield* this._limiter.acquire();
    try {
      this._allowed = allowedBy(yield* ask(new URL("/robots.txt", start), this._manners.patience));
    } catch {
      // A site without one allows everything.
    }
    this._meet(pages, start, undefined, 0);
  }

  /** Starts a visit, unless the page has been met before, is elsewhere, too far away or forbidden. */
  private _meet(pages: Scope, url: URL, from: URL | undefined, depth: number): void {
    if (this._known.has(url.href) || depth > this._manners.depth) return;
    if (from !== undefined && url.origin !== from.origin) return;
    if (!this._allowed(url.pathname)) return void this.forbidden.add(url.href);
    this._known.add(url.href);
    pages.go(() => this._visit(pages, { url, from, depth, attempts: 0, ms: 0 }));
  }

  private *_visit(pages: Scope, visit: Visit): Routine<void> {
    const { patience } = this._manners;
    try {
      const html = yield* retry(() => this._attempt(visit), {
        attempts: 4,
        delay: 100,
        factor: 2,
        when: (error) => error instanceof ServerError,
      });
      for (const link of linksIn(html, visit.url)) this._meet(pages, link, visit.url, visit.depth + 1);
    } catch (error) {
      visit.failure = reasonFor(error, patience);
    }
    this.visits.push(visit);
  }

  /** Every attempt waits for its turn; one that waits to be repeated keeps no place from others. */
  private *_attempt(visit: Visit): Routine<string> {
    using _place = yield* this._places.acquire();
    yield* this._limiter.acquire();
    visit.attempts++;
    const begin = performance.now();
    try {
      return yield* ask(visit.url, this._manners.patience);
    } finally {
      visit.ms = performance.now() - begin;
    }
  }
}

// A crawler that keeps to limits. The difficult part is its end: workers that take pages from a queue and also add pages to
// it cannot close the queue, because a worker may still add pages to an empty queue. This crawler has no queue. Each page is
// a task in one scope, and starts the tasks of the pages that it links to before it ends. So the scope ends exactly when no
// page waits and no request is running. Many tasks cost little: a task that waits for its turn takes a few hundred bytes.

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
import { fetchPage, reasonFor, ServerError, type Visit } from "./visit.ts";

export interface Limits {
  /** The maximum number of requests in a second, repeated requests included. */
  readonly rate: number;
  /** The maximum number of requests at the same time. */
  readonly concurrency: number;
  /** The maximum number of links between the start and a page. */
  readonly depth: number;
  /** After this many milliseconds a request is aborted. */
  readonly timeout: number;
  /** After this many milliseconds the whole crawl is cancelled. */
  readonly deadline: number;
}

/** The result of a crawl: all visits, and the reason why it ended. */
export interface Crawl {
  readonly visits: readonly Visit[];
  /** The addresses that were not visited because robots.txt forbids them. */
  readonly forbidden: ReadonlySet<string>;
  readonly end: "complete" | "deadline" | "interrupted";
}

/** Visits all pages of a site that can be reached from a start page. */
export class Crawler {
  readonly visits: Visit[];
  readonly forbidden: Set<string>;
  private readonly _limits: Limits;
  private readonly _slots: Semaphore;
  private readonly _limiter: RateLimiter;
  private readonly _found: Set<string>;
  private _allowed: (path: string) => boolean;

  constructor(limits: Limits) {
    this.visits = [];
    this.forbidden = new Set();
    this._limits = limits;
    this._slots = new Semaphore(limits.concurrency);
    // A burst of 2 makes up for timers that fire a little late. With 1 the crawler would be slower than the rate.
    this._limiter = new RateLimiter({ limit: limits.rate, per: 1000, burst: 2 });
    this._found = new Set();
    this._allowed = () => true;
  }

  /** The number of pages that were found and have not been visited yet. */
  get waiting(): number {
    return this._found.size - this.visits.length;
  }

  /** Crawls until all pages are visited, the deadline has passed, or the signal is aborted. */
  *crawl(start: URL, signal: AbortSignal): Routine<Crawl> {
    const everything = scope((pages) => this._start(pages, start), { deadline: this._limits.deadline });
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
      this._allowed = allowedBy(yield* fetchPage(new URL("/robots.txt", start), this._limits.timeout));
    } catch {
      // Without a robots.txt everything is allowed.
    }
    this._visitOnce(pages, start, undefined, 0);
  }

  /** Starts a visit, unless the page was found before, is on another site, too many links away, or forbidden. */
  private _visitOnce(pages: Scope, url: URL, from: URL | undefined, depth: number): void {
    if (this._found.has(url.href) || depth > this._limits.depth) return;
    if (from !== undefined && url.origin !== from.origin) return;
    if (!this._allowed(url.pathname)) return void this.forbidden.add(url.href);
    this._found.add(url.href);
    pages.go(() => this._visit(pages, { url, from, depth, attempts: 0, ms: 0 }));
  }

  private *_visit(pages: Scope, visit: Visit): Routine<void> {
    const { timeout } = this._limits;
    try {
      const html = yield* retry(() => this._attempt(visit), {
        attempts: 4,
        delay: 100,
        factor: 2,
        when: (error) => error instanceof ServerError,
      });
      for (const link of linksIn(html, visit.url)) this._visitOnce(pages, link, visit.url, visit.depth + 1);
    } catch (error) {
      visit.failure = reasonFor(error, timeout);
    }
    this.visits.push(visit);
  }

  /** Requests the page once, within the limits. Between two attempts the visit holds no slot. */
  private *_attempt(visit: Visit): Routine<string> {
    using _slot = yield* this._slots.acquire();
    yield* this._limiter.acquire();
    visit.attempts++;
    const begin = performance.now();
    try {
      return yield* fetchPage(visit.url, this._limits.timeout);
    } finally {
      visit.ms = performance.now() - begin;
    }
  }
}

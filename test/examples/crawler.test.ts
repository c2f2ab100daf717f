// The crawler of examples/crawler keeps to its limits, as the record of the site shows.

import { go, run } from "millrace";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Crawl, Crawler, type Limits } from "../../examples/crawler/crawl.ts";
import { linksIn } from "../../examples/crawler/links.ts";
import { busiestSecond, report } from "../../examples/crawler/report.ts";
import { allowedBy } from "../../examples/crawler/robots.ts";
import { openSite, type Site } from "../../examples/crawler/site.ts";
import { PATIENCE } from "../support/patience.ts";

const LIMITS: Limits = { rate: 400, concurrency: 4, depth: 20, timeout: 3_000, deadline: PATIENCE };

const forever = new AbortController().signal;

const paths = (crawl: Crawl, broken: boolean): string[] =>
  crawl.visits.filter(({ failure }) => (failure !== undefined) === broken).map(({ url }) => url.pathname);

describe("npm run crawl", () => {
  let site: Site;
  let crawl: Crawl;

  beforeAll(async () => {
    site = await openSite({ pages: 90, slow: 1_000 });
    const crawler = new Crawler(LIMITS);
    crawl = await run(() => crawler.crawl(new URL(site.url), forever));
  });

  afterAll(() => site[Symbol.asyncDispose]());

  test("the crawler visits every page once, and ends when no page waits and no request is under way", () => {
    const all = Array.from({ length: 90 }, (_, n) => (n === 0 ? "/" : `/page/${n}`));
    // Page 29 always fails and page 31 never answers. Pages that only these two link to are not found.
    const readable = all.filter((_, n) => n !== 29 && n !== 31);

    expect(crawl.end).toBe("complete");
    expect(readable).toEqual(expect.arrayContaining(paths(crawl, false)));
    expect(paths(crawl, false).length).toBeGreaterThan(80);
    expect(new Set(crawl.visits.map(({ url }) => url.href)).size).toBe(crawl.visits.length);
    expect(crawl.visits.reduce((sum, { attempts }) => sum + attempts, 1)).toBe(site.requests.length);
  });

  test("the crawler tells dead links, failures and silence apart, and asks a failing server again", () => {
    const visits = new Map(crawl.visits.map((visit) => [visit.url.pathname, visit]));
    expect(visits.get("/gone/5")?.failure).toBe("404 Not Found");
    expect(visits.get("/page/29")).toMatchObject({ failure: "503 Service Unavailable", attempts: 4 });
    expect(visits.get("/page/31")).toMatchObject({ failure: "no answer within 3000 ms", attempts: 1 });
    expect(visits.get("/page/13")).toMatchObject({ attempts: 3 });
    expect(visits.get("/page/13")?.failure).toBeUndefined();

    const text = report(crawl, site);
    expect(text).toMatch(/\/gone\/5 +404 Not Found +linked from \/page\/5\n/);
    expect(text).toMatch(/Slowest pages\n {2}\/page\/7 +\d+ ms\n/);
  });

  test("the crawler requests no page that robots.txt forbids, and no other site", () => {
    expect([...crawl.forbidden].map((href) => new URL(href).pathname)).toEqual(["/private/diary"]);
    expect(site.requests.filter(({ path }) => path.startsWith("/private/"))).toEqual([]);
    expect(new Set(crawl.visits.map(({ url }) => url.origin)).size).toBe(1);
  });

  test("the crawler keeps its rate, and its number of requests at once", async () => {
    await using site = await openSite({ pages: 90, slow: 300 });
    const crawler = new Crawler({ ...LIMITS, rate: 50, depth: 5 });
    const { end } = await run(() => crawler.crawl(new URL(site.url), forever));

    expect(end).toBe("complete");
    expect(site.requests.length).toBeGreaterThan(60);
    // The crawler keeps the rate when it sends requests. Requests may arrive late, and so more of them in one second.
    expect(busiestSecond(site)).toBeLessThanOrEqual(50 + 2 + LIMITS.concurrency);
    expect(site.maxConcurrent).toBeLessThanOrEqual(LIMITS.concurrency);
  });

  test("the crawler requests no page beyond its depth", async () => {
    await using site = await openSite({ pages: 90, slow: 300 });
    const crawler = new Crawler({ ...LIMITS, depth: 1 });
    const { visits } = await run(() => crawler.crawl(new URL(site.url), forever));

    expect(Math.max(...visits.map(({ depth }) => depth))).toBe(1);
    expect(visits.length).toBeLessThan(12);
  });

  test("a deadline or a signal ends the crawl with the pages found, and no request follows", async () => {
    await using site = await openSite({ pages: 90, slow: 150 });
    const late = new Crawler({ ...LIMITS, rate: 20, deadline: 1_000 });
    const cut = await go(() => late.crawl(new URL(site.url), forever));
    expect(cut.end).toBe("deadline");
    expect(cut.visits.length).toBeLessThan(60);

    const interrupted = new Crawler({ ...LIMITS, rate: 20 });
    const found = await go(() => interrupted.crawl(new URL(site.url), AbortSignal.timeout(300)));
    expect(found.end).toBe("interrupted");
    // Requests that were sent before the end may still arrive.
    const pass = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
    await (await fetch(site.url)).text();
    await pass(100);
    const before = site.requests.length;
    await pass(200);
    expect(site.requests.length).toBe(before);
  });

  test("linksIn() resolves links against their page, without fragments, and each once", () => {
    const html =
      '<a href="b#x">b</a><A HREF="/c?d=1&amp;e=2">c</A><a href="b">b</a><a name="n">n</a><a href="http://[">bad</a>';
    expect(linksIn(html, new URL("http://site.example/a/")).map(String)).toEqual([
      "http://site.example/a/b",
      "http://site.example/c?d=1&e=2",
    ]);
  });

  test("allowedBy() reads the rules of robots.txt for all agents only", () => {
    const allowed = allowedBy(
      "User-agent: other\nDisallow: /\n\nUser-agent: *\nDisallow: /tmp/ # gone soon\nDisallow:\n",
    );
    expect(allowed("/")).toBe(true);
    expect(allowed("/tmp/x")).toBe(false);
  });
});

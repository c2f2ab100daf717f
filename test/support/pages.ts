// An example that serves a page, and pages of Chromium that look at it. A page that complains fails its test.

import { type Browser, type BrowserContext, chromium, type Page } from "playwright";
import { afterAll, afterEach, beforeAll, expect } from "vitest";
import install, { launchOptions } from "./chromium.ts";
import { PATIENCE } from "./patience.ts";
import { type Program, startProgram } from "./program.ts";

/** What a test of a page starts from. */
export interface Pages {
  /** Opens the example's page in a window of its own, with a query such as `?a=b`. */
  open(query?: string): Promise<Page>;
  readonly program: Program;
}

/** Serves an example, with its arguments, while the tests of a file run. Complaints that `expected` matches are none. */
export function pagesOf(main: string, expected: RegExp = /^$/, args: readonly string[] = []): Pages {
  let browser: Browser;
  let context: BrowserContext | undefined;
  let program: Program;
  const faults: string[] = [];

  beforeAll(async () => {
    program = await startProgram(main, ...args);
    install();
    browser = await chromium.launch(launchOptions());
  });

  afterAll(async () => {
    await browser?.close();
    expect(await program.stop(), "the page's server ends by itself when it is told to").toBe(0);
  });

  afterEach(async () => {
    await context?.close();
    context = undefined;
    expect(faults.splice(0)).toEqual([]);
  });

  function complain(text: string): void {
    if (!expected.test(text)) faults.push(text);
  }

  return {
    get program() {
      return program;
    },
    async open(query = "") {
      context ??= await browser.newContext({ reducedMotion: "reduce" });
      const page = await context.newPage();
      page.setDefaultTimeout(PATIENCE);
      page.on("pageerror", (error) => complain(String(error)));
      page.on("console", (message) => message.type() === "error" && complain(message.text()));
      await page.goto(program.line + query);
      return page;
    },
  };
}

/** By how many pixels a page is wider than its window. */
export function overflow(page: Page): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
}

/** The colours of the ground, in light and in dark. */
export async function grounds(page: Page): Promise<Set<string>> {
  const seen = new Set<string>();
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    seen.add(await page.evaluate(() => getComputedStyle(document.body).backgroundColor));
  }
  return seen;
}

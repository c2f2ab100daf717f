import type { Page } from "playwright";
import { beforeEach, describe, expect, test } from "vitest";
import { grounds, overflow, pagesOf } from "../support/pages.ts";
import { PATIENCE } from "../support/patience.ts";

const WITHOUT_INDEX = ["scan", "cold lunr"];
const WITH_INDEX = ["minisearch", "lunr", "flexsearch"];

const pages = pagesOf("examples/race/page.ts");
let page: Page;

beforeEach(async () => {
  // At the end of its scale the deadline is so far away that a service wins however slow the machine is.
  page = await pages.open(`?longest=${PATIENCE}`);
  // The page asks for its services, and listens when it has them.
  await row("scan").waitFor();
});

const ended = (state: string) => page.waitForSelector(`#page[data-state="${state}"]`);
const status = () => page.getByRole("status").textContent();
const row = (name: string) => page.locator(`[data-service="${name}"]`);
const rows = (state: string) => page.locator(`[data-service][data-state="${state}"]`);

/** Moves the deadline to one end of the scale. */
async function deadline(end: "Home" | "End"): Promise<void> {
  await page.getByLabel("Deadline").press(end);
}

async function select(...names: string[]): Promise<void> {
  for (const name of [...WITH_INDEX, ...WITHOUT_INDEX]) {
    await page.getByLabel(`${name} takes part`, { exact: true }).setChecked(names.includes(name));
  }
}

describe("npm run page", () => {
  test("a typed question starts a race: one service wins, and the names of the cancelled ones are struck out", async () => {
    await deadline("End");
    await page.getByLabel("Ask about the web platform").fill("intersection observer");
    await page.getByText("IntersectionObserver").first().waitFor();
    await ended("won");

    expect(await rows("won").count()).toBe(1);
    expect(await rows("won").locator(".word").textContent()).toBe("first");
    expect(await status()).toMatch(/^\w+ answered first, after [\d.]+ m?s, with \d+ features\./);
    for (const name of WITHOUT_INDEX) {
      expect(await row(name).getAttribute("data-state")).toBe("cancelled");
      expect(await row(name).locator(".word").textContent()).toBe("cancelled");
      expect(
        await row(name)
          .locator(".name")
          .evaluate((node) => getComputedStyle(node).textDecorationLine),
      ).toBe("line-through");
    }
    expect(await page.locator(".hit a").first().getAttribute("href")).toMatch(/^https:\/\/developer\.mozilla\.org\//);
  });

  test("a deadline of 1 ms wins against all services", async () => {
    await deadline("Home");
    await expect.poll(status).toBe("The deadline won: no service answered within 1 ms.");
    await ended("deadline");

    expect(await page.getByLabel("Deadline").getAttribute("aria-valuetext")).toBe("1 ms");
    expect(await rows("cancelled").count()).toBe(5);
    expect(await page.locator(".hit").count()).toBe(0);
  });

  test("the server of a cancelled service stops, and reports its progress", async () => {
    await deadline("End");
    await select("scan", "cold lunr");
    await page.getByRole("button", { name: "Race again" }).click();
    await row("scan").locator(".word", { hasText: "first" }).waitFor();

    await expect
      .poll(() => row("cold lunr").locator(".note").textContent())
      .toMatch(/^server stopped after \d+ ms at \d+ %$/);
    expect(await rows("off").count()).toBe(3);
  });

  test("a newer question cancels the running race", async () => {
    const aborted: string[] = [];
    page.on("requestfailed", (request) => aborted.push(new URL(request.url()).searchParams.get("question") ?? ""));
    await deadline("End");
    await select("scan");
    const question = page.getByLabel("Ask about the web platform");
    // It has no answer, so it is still running however late the newer one comes.
    await page.route(/question=older/, () => {});
    const asked = page.waitForRequest((request) => request.url().includes("question=older"));
    await question.fill("older");
    await asked;
    await question.fill("grid");
    await page.getByText("css.properties.").first().waitFor();

    await expect.poll(() => aborted).toContain("older");
    expect(aborted).not.toContain("grid");
  });

  test("a question without an answer, no question and no service have a message each", async () => {
    await deadline("End");
    await select("minisearch", "scan");
    const question = page.getByLabel("Ask about the web platform");
    await question.fill("zzzzqqqxxjjj");
    await ended("nothing");
    expect(await status()).toBe("No service found anything.");

    await question.fill("");
    await ended("idle");
    expect(await status()).toBe("Ask something about the web platform.");

    await question.fill("grid");
    await ended("won");
    await select();
    await ended("idle");
    expect(await status()).toBe("Select at least one service.");
  });

  test("the page of the race runs the built modules, and sends requests to this machine only", async () => {
    const urls: URL[] = [];
    page.on("request", (request) => urls.push(new URL(request.url())));
    await page.reload();
    // Whichever wins: on a busy machine it may be the deadline.
    await page.waitForSelector('#page:is([data-state="won"], [data-state="deadline"])');

    expect(urls.map(({ pathname }) => pathname)).toContain("/dist/index.js");
    expect(new Set(urls.filter(({ protocol }) => protocol !== "data:").map(({ hostname }) => hostname))).toEqual(
      new Set(["127.0.0.1"]),
    );
  });

  test("the page of the race fits a narrow screen without scrolling sideways, in both colour schemes", async () => {
    await page.setViewportSize({ width: 320, height: 700 });
    for (const end of ["Home", "End"] as const) {
      await deadline(end);
      expect(await overflow(page)).toBe(0);
    }
    expect((await grounds(page)).size).toBe(2);
  });
});

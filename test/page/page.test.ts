import type { Page } from "playwright";
import { beforeEach, describe, expect, test } from "vitest";
import { grounds, overflow, pagesOf } from "../support/pages.ts";

const UNPREPARED = ["scan", "cold lunr"];
const PREPARED = ["minisearch", "lunr", "flexsearch"];

const pages = pagesOf("examples/race/page.ts");
let page: Page;

beforeEach(async () => {
  page = await pages.open();
});

const decided = (state: string) => page.waitForSelector(`#page[data-state="${state}"]`);
const status = () => page.getByRole("status").textContent();
const lane = (name: string) => page.locator(`[data-service="${name}"]`);
const lanes = (state: string) => page.locator(`[data-service][data-state="${state}"]`);

/** Moves the deadline to one end of its scale. */
async function deadline(end: "Home" | "End"): Promise<void> {
  await page.getByLabel("Deadline").press(end);
}

async function letRun(...names: string[]): Promise<void> {
  for (const name of [...PREPARED, ...UNPREPARED]) {
    await page.getByLabel(`${name} takes part`, { exact: true }).setChecked(names.includes(name));
  }
}

describe("npm run page", () => {
  test("a typed question is raced for: one wins, the others are struck out as cancelled", async () => {
    await deadline("End");
    await page.getByLabel("Ask about the web platform").fill("intersection observer");
    await page.getByText("IntersectionObserver").first().waitFor();
    await decided("won");

    expect(await lanes("won").count()).toBe(1);
    expect(await lanes("won").locator(".word").textContent()).toBe("first");
    expect(await status()).toMatch(/^\w+ answered first, after [\d.]+ m?s, with \d+ features\./);
    for (const name of UNPREPARED) {
      expect(await lane(name).getAttribute("data-state")).toBe("cancelled");
      expect(await lane(name).locator(".word").textContent()).toBe("cancelled");
      expect(
        await lane(name)
          .locator(".name")
          .evaluate((node) => getComputedStyle(node).textDecorationLine),
      ).toBe("line-through");
    }
    expect(await page.locator(".hit a").first().getAttribute("href")).toMatch(/^https:\/\/developer\.mozilla\.org\//);
  });

  test("a deadline of 1 ms wins against everybody", async () => {
    await deadline("Home");
    await decided("late");

    expect(await page.getByLabel("Deadline").getAttribute("aria-valuetext")).toBe("1 ms");
    expect(await status()).toBe("The deadline won: nobody had an answer within 1 ms.");
    expect(await lanes("cancelled").count()).toBe(5);
    expect(await page.locator(".hit").count()).toBe(0);
  });

  test("the server of a loser notices that it was cancelled, and stops", async () => {
    await deadline("End");
    await letRun("scan", "cold lunr");
    await page.getByRole("button", { name: "Race again" }).click();
    await lane("scan").locator(".word", { hasText: "first" }).waitFor();

    await expect
      .poll(() => lane("cold lunr").locator(".note").textContent())
      .toMatch(/^server stopped after \d+ ms at \d+ %$/);
    expect(await lanes("out").count()).toBe(3);
  });

  test("a newer question cancels the race that is on", async () => {
    const aborted: string[] = [];
    page.on("requestfailed", (request) => aborted.push(new URL(request.url()).searchParams.get("question") ?? ""));
    await deadline("End");
    await letRun("scan");
    const question = page.getByLabel("Ask about the web platform");
    const asked = page.waitForRequest((request) => request.url().includes("question=older"));
    await question.fill("older");
    await asked;
    await question.fill("grid");
    await page.getByText("css.properties.").first().waitFor();

    expect(aborted).toContain("older");
    expect(aborted).not.toContain("grid");
  });

  test("a question without an answer, and no question, are told apart", async () => {
    await deadline("End");
    await letRun("minisearch", "scan");
    const question = page.getByLabel("Ask about the web platform");
    await question.fill("zzzzqqqxxjjj");
    await decided("nothing");
    expect(await status()).toBe("All answered, and nobody found anything.");

    await question.fill("");
    await decided("idle");
    expect(await status()).toBe("Ask something about the web platform.");

    await question.fill("grid");
    await decided("won");
    await letRun();
    await decided("idle");
    expect(await status()).toBe("Nobody is in the race: let a service take part.");
  });

  test("it runs the shipped modules, and asks nobody but this machine", async () => {
    const urls: URL[] = [];
    page.on("request", (request) => urls.push(new URL(request.url())));
    await page.reload();
    await decided("won");

    expect(urls.map(({ pathname }) => pathname)).toContain("/dist/index.js");
    expect(new Set(urls.filter(({ protocol }) => protocol !== "data:").map(({ hostname }) => hostname))).toEqual(
      new Set(["127.0.0.1"]),
    );
  });

  test("it fits a narrow screen without scrolling sideways, in both colour schemes", async () => {
    await page.setViewportSize({ width: 320, height: 700 });
    for (const end of ["Home", "End"] as const) {
      await deadline(end);
      expect(await overflow(page)).toBe(0);
    }
    expect((await grounds(page)).size).toBe(2);
  });
});

import type { Page, Route } from "playwright";
import { beforeEach, describe, expect, test } from "vitest";
import { grounds, overflow, pagesOf } from "../support/pages.ts";
import { PATIENCE } from "../support/patience.ts";

// Some tests need a server that fails, and Chromium logs every response with status 503.
const pages = pagesOf("examples/autocomplete/main.ts", /status of 503/);
let page: Page;
let asked: string[];

/** A page that waits for each answer however slow the machine is, unless a test is about its deadline. */
beforeEach(async () => {
  await opened(PATIENCE);
});

async function opened(deadline: number): Promise<void> {
  page = await pages.open(`?deadline=${deadline}`);
  asked = [];
  page.on("request", (request) => {
    const { pathname, searchParams } = new URL(request.url());
    if (pathname === "/suggest") asked.push(searchParams.get("query") ?? "");
  });
}

const field = () => page.getByRole("combobox");
// Texts are filled in at once: the pauses between the keys of a busy machine would send a request for a part of the text.

/** For when another element had the focus: Playwright then starts at the beginning of the field. */
const typeOn = async (key: string) => {
  await field().press("End");
  await field().press(key);
};
const options = () => page.getByRole("option");
const status = () => page.getByRole("status").textContent();
const condition = (name: string) => page.getByLabel(name, { exact: true }).check();
const state = (name: string) => page.waitForSelector(`#page[data-state="${name}"]`);
/** The state of the request for a query, as the server published it. */
const seen = (query: string) =>
  page
    .locator(".request")
    .filter({ has: page.getByText(query, { exact: true }) })
    .locator(".word")
    .first();
/** The name of the option that a screen reader announces as active. */
const active = async () => {
  const id = await field().getAttribute("aria-activedescendant");
  return id === null ? null : page.locator(`#${id} .name`).textContent();
};

describe("npm run autocomplete", () => {
  test("a burst of keys sends one request, after the last key", async () => {
    await condition("quick");
    await field().focus();
    // Timed in the page, so that on a busy machine too each key comes before the pause is over.
    await field().evaluate(async (input: HTMLInputElement) => {
      for (const key of "abort") {
        input.value += key;
        input.dispatchEvent(new InputEvent("input"));
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    });
    await options().first().waitFor();

    expect(asked).toEqual(["abort"]);
    // The server tells its states by a connection of its own.
    await seen("abort")
      .filter({ hasText: /^answered after \d+ ms$/ })
      .waitFor();
    expect(await status()).toMatch(/^\d suggestions\.$/);
    expect(await options().first().textContent()).toMatch(/^abort/i);
  });

  test("a newer key aborts the running request, and the server sees it", async () => {
    await condition("slow");
    await field().fill("gr");
    await seen("gr").filter({ hasText: "working" }).waitFor();
    await condition("quick");
    await typeOn("i");
    await seen("gr").filter({ hasText: "aborted" }).waitFor();
    await options().first().waitFor();

    expect(asked).toEqual(["gr", "gri"]);
    for (const text of await options().allTextContents()) expect(text).toMatch(/^gri/i);
  });

  test("an answer that arrives after a newer key is not shown", async () => {
    const held = new Promise<Route>((resolve) => page.route(/query=gr&/, resolve));
    await page.evaluate(() => {
      const list = document.getElementById("list")!;
      new MutationObserver(() => (list.dataset.shown += list.textContent)).observe(list, { childList: true });
    });
    await condition("quick");
    await field().fill("gr");
    const late = await held;
    await typeOn("i");
    await late.fulfill({ json: [{ name: "grstale", path: "api.grstale", url: "" }] }).catch(() => {});
    await page.getByRole("option", { name: /^gri/i }).first().waitFor();

    expect(await page.locator("#list").getAttribute("data-shown")).not.toContain("stale");
  });

  test("a request to a slow server is aborted after a second, and the server sees it", async () => {
    await opened(1000);
    await condition("slow");
    await field().fill("grid");
    await state("late");

    expect(await status()).toBe("No answer in time. Type on to ask again.");
    await seen("grid")
      .filter({ hasText: /^aborted after \d+ ms$/ })
      .waitFor();
  });

  test("a failed request shows a message, and the next key works", async () => {
    await condition("down");
    await field().fill("gri");
    await state("failed");
    expect(await status()).toBe("The server failed, with 503. Type on to ask again.");

    await condition("quick");
    await typeOn("d");
    await options().first().waitFor();
    expect(asked).toEqual(["gri", "grid"]);
  });

  test("the arrow keys move through the list and the text, and Enter takes the active entry without a request", async () => {
    await condition("quick");
    await field().fill("abort");
    await options().first().waitFor();
    expect(await field().getAttribute("aria-expanded")).toBe("true");
    expect(await active()).toBeNull();

    const names = await page.locator(".option .name").allTextContents();
    await field().press("ArrowDown");
    await field().press("ArrowDown");
    expect(await active()).toBe(names[1]);
    expect(await page.locator('[role=option][aria-selected="true"]').count()).toBe(1);
    await field().press("ArrowUp");
    await field().press("ArrowUp");
    expect(await active()).toBeNull();
    await field().press("ArrowUp");
    expect(await active()).toBe(names.at(-1));

    const before = asked.length;
    await field().press("Enter");
    expect(await field().inputValue()).toBe(names.at(-1));
    expect(await field().getAttribute("aria-expanded")).toBe("false");
    expect(await page.locator("#choice a").getAttribute("href")).toMatch(/^https:\/\/developer\.mozilla\.org\//);
    await state("idle");
    expect(asked.length).toBe(before);
  });

  test("Escape closes the list, a second Escape empties the field, and a click takes an entry", async () => {
    await condition("quick");
    await field().fill("abort");
    await options().first().waitFor();
    await field().press("Escape");
    expect(await field().getAttribute("aria-expanded")).toBe("false");
    expect(await field().inputValue()).toBe("abort");
    await field().press("ArrowDown");
    expect(await active()).toMatch(/^abort/i);
    await field().press("Escape");
    await field().press("Escape");
    expect(await field().inputValue()).toBe("");
    await state("idle");

    await field().fill("intersection");
    await options().first().click();
    expect(await field().inputValue()).toMatch(/^Intersection/);
    expect(await page.evaluate(() => document.activeElement?.id)).toBe("field");
  });

  test("a text without suggestions shows a message", async () => {
    await condition("quick");
    await field().fill("qqqq");
    await state("found");

    expect(await status()).toBe("Nothing begins with “qqqq”.");
    expect(await field().getAttribute("aria-expanded")).toBe("false");
  });

  test("the page of autocomplete fits a narrow screen without scrolling sideways, in both colour schemes", async () => {
    await page.setViewportSize({ width: 320, height: 700 });
    await condition("quick");
    await field().fill("inter");
    await options().first().waitFor();

    expect(await overflow(page)).toBe(0);
    expect((await grounds(page)).size).toBe(2);
  });
});

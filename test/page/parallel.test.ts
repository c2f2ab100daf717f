import type { Page } from "playwright";
import { describe, expect, test } from "vitest";
import { grounds, overflow, pagesOf } from "../support/pages.ts";

const pages = pagesOf("examples/parallel/page.ts");

const status = (page: Page) => page.getByRole("status").textContent();
const ended = (page: Page, state: string) => page.waitForSelector(`#page[data-state="${state}"]`);
const start = (page: Page) => page.getByRole("button", { name: "Start" }).click();

describe("npm run parallel:page", () => {
  test("a worker makes the digests, and the page shows how far it is", async () => {
    const page = await pages.open();
    await start(page);
    await ended(page, "done");
    expect(await status(page)).toMatch(/^\d+ files, [\d.]+ MB, [\d.]+ MB compressed\.$/);
    expect(await page.getByRole("progressbar").evaluate((bar: HTMLProgressElement) => bar.value)).toBe(1);
    expect(await page.locator(".digest").count()).toBe(10);
    expect(await page.locator(".hash").first().textContent()).toMatch(/^[0-9a-f]{64}$/);
  });

  test("the button cancels the work, and starts it again in the same worker", async () => {
    const page = await pages.open();
    for (let round = 0; round < 2; round++) {
      // In the page, so that it is clicked before the work is done however slow this test is.
      await page.evaluate(() => {
        document.getElementById("page")!.dataset.state = "idle";
        const button = document.querySelector("button")!;
        new MutationObserver((_, observer) => {
          observer.disconnect();
          button.click();
        }).observe(document.querySelector("#digests")!, { childList: true });
      });
      await start(page);
      await ended(page, "cancelled");
      expect(await status(page)).toMatch(/^Cancelled after \d of \d+ files\.$/);
    }
    expect(page.workers()).toHaveLength(1);
  });

  test("the page of the worker fits a narrow screen without scrolling sideways, in both colour schemes", async () => {
    const page = await pages.open();
    await page.setViewportSize({ width: 320, height: 700 });
    await start(page);
    await page.locator(".digest").first().waitFor();
    expect(await overflow(page)).toBe(0);
    expect((await grounds(page)).size).toBe(2);
  });
});

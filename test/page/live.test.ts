import type { Page } from "playwright";
import { describe, expect, test } from "vitest";
import { grounds, overflow, pagesOf } from "../support/pages.ts";

const pages = pagesOf("examples/live/main.ts");

const count = async (page: Page): Promise<number> => Number(await page.locator("#received").textContent());

/** Waits until the journal has more prices. */
async function grown(page: Page, from: number): Promise<number> {
  await page.waitForFunction((least) => Number(document.querySelector("#received")?.textContent) > least, from);
  return count(page);
}

describe("npm run live, in a page", () => {
  test("the network is cut and restored: the journal misses no price and shows none twice", async () => {
    const page = await pages.open();
    let seen = await grown(page, 20);
    for (let round = 0; round < 3; round++) {
      await page.getByRole("button", { name: "Cut the network" }).click();
      await page.locator("[data-quiet=yes]").waitFor();
      const during = await count(page);
      await page.getByRole("button", { name: "Restore the network" }).click();
      seen = await grown(page, during + 50);
      expect(await page.locator("#gaps").textContent()).toBe("0");
    }
    expect(seen).toBeGreaterThan(100);
    expect(await page.locator("#board .symbol").allTextContents()).toHaveLength(4);
    await expect.poll(async () => Number(await page.locator("#skipped").textContent())).toBeGreaterThan(0);
    expect(await page.getByRole("status").textContent()).toBe("");
  });

  test("two pages have subscriptions of their own, and one that is cut does not delay the other", async () => {
    const one = await pages.open();
    const other = await pages.open();
    await grown(one, 5);
    await grown(other, 5);
    await one.getByRole("button", { name: "Cut the network" }).click();
    await one.locator("[data-quiet=yes]").waitFor();
    const before = await count(other);
    await grown(other, before + 50);
    await one.locator("[data-network=down][data-quiet=yes]").waitFor();
  });

  test("the page of live prices fits a narrow screen without scrolling sideways, in both colour schemes", async () => {
    const page = await pages.open();
    await page.setViewportSize({ width: 320, height: 700 });
    await grown(page, 5);
    expect(await overflow(page)).toBe(0);
    expect((await grounds(page)).size).toBe(2);
  });
});

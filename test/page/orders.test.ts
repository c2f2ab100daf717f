import type { Page } from "playwright";
import { describe, expect, test } from "vitest";
import { grounds, overflow, pagesOf } from "../support/pages.ts";

const pages = pagesOf("examples/orders/main.ts", /^$/, ["--serve"]);

async function opened(): Promise<Page> {
  const page = await pages.open();
  await page.waitForSelector("body[data-connected]");
  return page;
}

const ended = '.order:is([data-state="confirmed"], [data-state="rejected"])';

describe("npm run orders -- --serve, in a page", () => {
  test("an order is shown live, with the events of all services behind it, in their order", async () => {
    const page = await opened();
    await page.click("#place");
    const order = page.locator('.order[data-state="confirmed"]').last();
    await order.waitFor();
    await order.locator("summary").click();
    await expect.poll(() => order.locator(".event").count()).toBe(5);
    expect(await order.locator(".events .service").allTextContents()).toContain("billing");
    expect((await order.locator(".type").allTextContents())[0]).toBe("placed");
    expect((await order.locator(".type").allTextContents()).at(-1)).toBe("confirmed");
    const after = (await order.locator(".after").allTextContents()).map(Number.parseFloat);
    expect(after).toEqual([...after].sort((one, other) => one - other));
    expect(await order.locator(".dot").count()).toBe(5);
  });

  test("two hundred orders at once are all counted, and the page keeps only the newest", async () => {
    const page = await opened();
    await page.click("#rush");
    await page.waitForFunction(() => {
      const number = (id: string): number => Number(document.getElementById(id)?.textContent);
      return number("confirmed") + number("rejected") + number("cancelled") >= 200 && number("open") < 5;
    });
    expect(await page.locator(".order").count()).toBeLessThanOrEqual(40);
    expect(await page.locator(ended).count()).toBeGreaterThan(30);
  });

  test("the page of orders fits a narrow screen without scrolling sideways, in both colour schemes", async () => {
    const page = await opened();
    await page.setViewportSize({ width: 320, height: 640 });
    const order = page.locator(ended).last();
    await order.waitFor();
    await order.locator("summary").click();
    expect(await overflow(page)).toBe(0);
    expect((await grounds(page)).size).toBe(2);
  });
});

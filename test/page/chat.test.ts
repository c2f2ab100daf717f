import type { Page } from "playwright";
import { describe, expect, test } from "vitest";
import { grounds, overflow, pagesOf } from "../support/pages.ts";

const pages = pagesOf("examples/chat/main.ts");

/** Opens a page and goes in. */
async function join(name: string, room: string, pace = "0", policy = "slide"): Promise<Page> {
  const page = await pages.open();
  await page.getByLabel("Your name").fill(name);
  await page.getByLabel("Room", { exact: true }).fill(room);
  await page.getByLabel("Your connection needs").selectOption(pace);
  await page.getByLabel("If it is too slow").selectOption(policy);
  await page.getByRole("button", { name: "Join" }).click();
  await page.getByRole("log").getByText(`${name} joined`).waitFor();
  return page;
}

async function say(page: Page, text: string): Promise<void> {
  await page.getByLabel("Say something").fill(text);
  await page.getByLabel("Say something").press("Enter");
}

const heard = (page: Page, text: string) => page.locator(".line").filter({ hasText: text }).first().waitFor();
const people = (page: Page) => page.locator("#people").textContent();

describe("npm run chat, in a page", () => {
  test("two guests in a room see the lines of each other, and who joins and leaves", async () => {
    const ann = await join("ann", "one");
    const bob = await join("bob", "one");
    expect(await people(bob)).toBe("ann, bob");
    await say(ann, "hello <b>bob</b>");
    await heard(bob, "hello <b>bob</b>");
    await say(bob, "hello ann");
    await heard(ann, "hello ann");
    expect(await ann.locator(".line .name").allTextContents()).toEqual(["ann", "bob"]);

    await bob.getByRole("button", { name: "Leave" }).click();
    await bob.getByRole("status").getByText("You have left.").waitFor();
    await ann.getByText("bob left").waitFor();
    expect(await people(ann)).toBe("ann");
  });

  test("a slow guest misses lines, and the page shows how many and where", async () => {
    const ann = await join("ann", "two");
    const slow = await join("slow", "two", "100");
    await ann.getByRole("button", { name: "Say 40 things" }).click();
    await heard(ann, "thing 40");
    expect(await ann.locator(".line").count()).toBe(40);
    await heard(slow, "thing 40");

    const gaps = await slow.locator(".gap").allTextContents();
    const missed = gaps.reduce((sum, gap) => sum + Number(/^missed (\d+)$/.exec(gap)![1]), 0);
    expect(missed + (await slow.locator(".line").count())).toBe(40);
    expect(missed).toBeGreaterThan(0);
    expect(await slow.locator("#missed").textContent()).toBe(`you missed ${missed}`);
    expect(await ann.locator(".gap").count()).toBe(0);
  });

  test("a guest that chose to be disconnected when slow is disconnected, and can join again", async () => {
    const ann = await join("ann", "three");
    const slow = await join("slow", "three", "2000", "disconnect");
    await ann.getByRole("button", { name: "Say 40 things" }).click();
    await slow.getByText("You were too slow and have been disconnected.").waitFor();
    await ann.getByText("slow left").waitFor();

    await slow.getByRole("button", { name: "Join" }).click();
    await slow.getByRole("log").getByText("slow joined").waitFor();
  });

  test("nothing can be said before the connection is open, and a server that cannot be reached is told", async () => {
    const page = await pages.open();
    let open = (): void => {};
    const opened = new Promise<void>((resolve) => (open = resolve));
    await page.routeWebSocket(/./, async (socket) => {
      await opened;
      await socket.close({ code: 1013 });
    });
    await page.getByRole("button", { name: "Join" }).click();
    await page.getByText("Connecting …").waitFor();
    expect(await page.getByLabel("Say something").isVisible()).toBe(false);
    open();
    await page.getByText("The server cannot be reached.").waitFor();
    expect(await page.getByRole("button", { name: "Join" }).isVisible()).toBe(true);
  });

  test("the page of the chat fits a narrow screen without scrolling sideways, in both colour schemes", async () => {
    const page = await pages.open();
    await page.setViewportSize({ width: 320, height: 700 });
    expect(await overflow(page)).toBe(0);
    await page.getByRole("button", { name: "Join" }).click();
    await say(page, "w".repeat(200));
    await heard(page, "www");
    expect(await overflow(page)).toBe(0);
    expect((await grounds(page)).size).toBe(2);
  });
});

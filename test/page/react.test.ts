// The hooks of examples/react in a page, in React's StrictMode, which mounts every component twice.

import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { type Browser, chromium, type Page } from "playwright";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import install, { launchOptions } from "../support/chromium.ts";
import { PATIENCE } from "../support/patience.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

const PAGE = `
import { StrictMode, useState } from "react";
import { createRoot } from "react-dom/client";
import { sleep, watch } from "millrace";
import { useTask, useWatch } from "./examples/react/use-task.ts";

const log = (globalThis.log = []);
const count = (globalThis.count = watch(0));

function Clock({ name }) {
  const [ticks, setTicks] = useState(0);
  useTask(function* () {
    log.push(name + " began");
    try {
      for (let n = 1; ; n++) {
        yield* sleep(5);
        setTicks(n);
      }
    } finally {
      log.push(name + " ended");
    }
  }, [name]);
  return <output>{name + (ticks > 1 ? " ticks" : "")}, count {useWatch(count)}</output>;
}

const root = createRoot(document.body);
globalThis.show = (name) => root.render(<StrictMode>{name && <Clock name={name} />}</StrictMode>);
`;

let browser: Browser;
let script: string;
let page: Page;
const complaints: string[] = [];

beforeAll(async () => {
  install();
  browser = await chromium.launch(launchOptions());
  const { outputFiles } = await build({
    stdin: { contents: PAGE, resolveDir: root, loader: "tsx" },
    bundle: true,
    write: false,
    logLevel: "error",
    jsx: "automatic",
    define: { "process.env.NODE_ENV": '"development"' },
  });
  script = outputFiles[0]!.text;
});

afterAll(() => browser?.close());

beforeEach(async () => {
  await page?.close();
  page = await browser.newPage();
  page.on("pageerror", (error) => complaints.push(String(error)));
  await page.addScriptTag({ content: script });
});

const log = () => page.evaluate(() => (globalThis as unknown as { log: string[] }).log);
const show = (name: string | null) =>
  page.evaluate((name) => (globalThis as unknown as { show(name: string | null): void }).show(name), name);
const shows = (text: string) => page.locator("output", { hasText: text }).waitFor({ timeout: PATIENCE });

describe("useTask()", () => {
  test("runs one task while the component is shown, and cancels it when it is not", async () => {
    await show("a");
    await shows("a ticks");
    await show(null);
    await page.waitForFunction("globalThis.log.includes('a ended')");
    // StrictMode has cancelled the first task before its first turn, so it never ran.
    expect(await log()).toEqual(["a began", "a ended"]);
    expect(complaints).toEqual([]);
  });

  test("cancels the task and starts another when a dependency changes", async () => {
    await show("a");
    await shows("a ticks");
    await show("b");
    await shows("b ticks");
    expect((await log()).sort()).toEqual(["a began", "a ended", "b began"]);
    expect(complaints).toEqual([]);
  });
});

describe("useWatch()", () => {
  test("renders the latest value", async () => {
    await show("a");
    await shows("count 0");
    await page.evaluate("globalThis.count.set(7)");
    await shows("count 7");
    expect(complaints).toEqual([]);
  });
});

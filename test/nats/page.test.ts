// A bus in a page, over NATS's own WebSocket listener.

import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";
import { chromium } from "playwright";
import { expect, test } from "vitest";
import { go, withTimeout } from "../../src/index.js";
import { natsBus } from "../../src/nats.js";
import install, { launchOptions } from "../support/chromium.js";
import { NatsServer } from "../support/nats.js";

test("a page and a process share channels, topics, questions and registers", async () => {
  const built = buildSync({
    stdin: {
      contents: `import { natsBus } from "./nats.ts"; globalThis.natsBus = natsBus;`,
      resolveDir: fileURLToPath(new URL("../../src", import.meta.url)),
    },
    bundle: true,
    format: "esm",
    write: false,
    external: ["@nats-io/transport-node"],
  });
  install();
  const server = await NatsServer.start();
  const browser = await chromium.launch(launchOptions());
  const bus = await go(() => natsBus({ servers: server.url, name: "page" }));
  try {
    bus.serve("double", (n: number) => n * 2);
    await bus.register<string>("title").set("hello");
    const jobs = bus.channel<number>("jobs", { capacity: 4 });
    await jobs.send(5);
    const page = await browser.newPage();
    await page.addScriptTag({ content: built.outputFiles[0]!.text, type: "module" });
    await page.waitForFunction("globalThis.natsBus !== undefined");
    const seen = page.evaluate(async (servers) => {
      const { natsBus: open } = globalThis as unknown as { natsBus: typeof natsBus };
      const there = await open({ servers, name: "page" });
      const job = await there.channel<number>("jobs", { capacity: 4 }).receive();
      const answer = await there.ask<number, number>("double", 21);
      const title = await there.register<string>("title").get();
      const position = await there.topic<string>("news").publish("from a page");
      await there.channel<string>("meet").send("met");
      await there[Symbol.asyncDispose]();
      return [job, answer, title, position];
    }, server.webUrl);
    expect(await withTimeout(120_000, bus.channel<string>("meet").receive())).toBe("met");
    expect(await seen).toEqual([5, 42, "hello", 1]);
    expect(await withTimeout(60_000, bus.topic<string>("news").subscribe({ from: "all" }).receive())).toBe(
      "from a page",
    );
  } finally {
    await bus[Symbol.asyncDispose]();
    await browser.close();
    await server.stop();
  }
});

// The HTTP service of examples/service, over HTTP.

import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { go, type Routine, sleep, type Task } from "millrace";
import { describe, expect, test } from "vitest";
import { serve } from "../../examples/service/service.ts";

interface Running {
  readonly url: string;
  readonly stop: AbortController;
  readonly task: Task<void>;
}

/** Starts a service; `log` gets what becomes of its requests. */
async function start(log: string[], { limit = 10_000, grace = 10_000 } = {}): Promise<Running> {
  const stop = new AbortController();
  const answer = function* (path: string, signal: AbortSignal): Routine<string> {
    let how = "cancelled";
    log.push(`${path} begins`);
    try {
      if (path === "/broken") throw new Error("broken");
      yield* sleep(Number(path.slice(1)));
      how = "done";
      return `slept ${path.slice(1)} ms`;
    } finally {
      log.push(`${path} ${signal.aborted ? "aborted" : how}`);
    }
  };
  let task: Task<void> | undefined;
  const server = await new Promise<Server>((started) => {
    task = go(serve, { answer, limit, grace, stop: stop.signal, started });
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, stop, task: task! };
}

/** Waits until the log has a line. */
async function seen(log: readonly string[], line: string): Promise<void> {
  while (!log.includes(line)) await sleep(1);
}

describe("serve()", () => {
  test("answers requests; one that fails gets 500, and one that takes too long 504", async () => {
    const { url, stop, task } = await start([], { limit: 20 });
    const get = async (path: string) => {
      const response = await fetch(url + path);
      return `${response.status} ${await response.text()}`;
    };
    expect(await get("/1")).toBe("200 slept 1 ms");
    expect(await get("/broken")).toBe("500 ");
    expect(await get("/60000")).toBe("504 ");
    stop.abort();
    await task;
  });

  test("once it is stopped, a request that has begun is answered, and no connection is accepted", async () => {
    const log: string[] = [];
    const { url, stop, task } = await start(log);
    const answered = fetch(`${url}/50`).then((response) => response.text());
    await seen(log, "/50 begins");
    stop.abort();
    expect(await answered).toBe("slept 50 ms");
    await task;
    expect(log).toEqual(["/50 begins", "/50 done"]);
    await expect(fetch(`${url}/1`)).rejects.toThrow();
  });

  test("after the grace period, requests that are still running are cancelled", async () => {
    const log: string[] = [];
    const { url, stop, task } = await start(log, { grace: 5 });
    const answered = fetch(`${url}/60000`).catch(() => "connection closed");
    await seen(log, "/60000 begins");
    stop.abort();
    await task;
    expect(await answered).toBe("connection closed");
    expect(log).toEqual(["/60000 begins", "/60000 aborted"]);
  });

  test("a request is cancelled when its client hangs up", async () => {
    const log: string[] = [];
    const { url, stop, task } = await start(log);
    const client = new AbortController();
    const answered = fetch(`${url}/60000`, { signal: client.signal }).catch(() => "left");
    await seen(log, "/60000 begins");
    client.abort();
    expect(await answered).toBe("left");
    await seen(log, "/60000 aborted");
    stop.abort();
    await task;
  });
});

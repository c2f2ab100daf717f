// The contract in Chromium, over workers, shared workers, frames and web sockets; and how their end is found out, with and without
// locks (D14).

import { afterEach, describe, expect, inject, test } from "vitest";
import { connect, PeerLostError } from "../../src/remote.js";
import { type Worker as Hired, type WorkerOptions, worker } from "../../src/worker.js";
import { contract } from "./contract.js";

const farSide = inject("farSide");

/** A frame that has said that it is ready. */
async function frame(origin: string): Promise<HTMLIFrameElement> {
  const made = document.createElement("iframe");
  if (origin === location.origin) made.srcdoc = await (await fetch(farSide)).text();
  else made.src = farSide;
  const ready = new Promise<void>((resolve) => {
    const listener = ({ source, data }: MessageEvent): void => {
      if (source !== made.contentWindow || data !== "ready") return;
      removeEventListener("message", listener);
      resolve();
    };
    addEventListener("message", listener);
  });
  document.body.append(made);
  await ready;
  return made;
}

contract({
  name: "a web worker",
  format: "clone",
  cuts: false,
  open() {
    const here = new Worker(new URL("./page/relay-worker.ts", import.meta.url), { type: "module" });
    const { port1, port2 } = new MessageChannel();
    here.postMessage(port2, [port2]);
    return { here, there: port1, dispose: () => here.terminate() };
  },
});

contract({
  name: "a shared worker",
  format: "clone",
  cuts: false,
  open() {
    const { port: here } = new SharedWorker(new URL("./page/relay-worker.ts", import.meta.url), { type: "module" });
    const { port1, port2 } = new MessageChannel();
    here.postMessage(port2, [port2]);
    return { here, there: port1 };
  },
});

describe.each([
  ["the same origin", location.origin],
  ["another origin", farSide],
])("a frame of %s", (name, origin) => {
  contract({
    name: `a frame of ${name}`,
    format: "clone",
    cuts: false,
    async open() {
      const made = await frame(origin);
      const { port1, port2 } = new MessageChannel();
      made.contentWindow!.postMessage({ relay: port2 }, origin, [port2]);
      return { here: made.contentWindow!, hereOptions: { origin }, there: port1, dispose: () => made.remove() };
    },
  });
});

let pairs = 0;
contract({
  name: "a web socket",
  format: "text",
  cuts: false,
  open() {
    const url = `${farSide.replace("http", "ws")}/${pairs++}`;
    const here = new WebSocket(url);
    const there = new WebSocket(url);
    return {
      here,
      there,
      dispose() {
        here.close();
        there.close();
      },
    };
  },
});

/** Whether this page and the other side are without locks. */
const ways = ["with locks", "without locks"] as const;

function withoutLocks(way: (typeof ways)[number]): void {
  if (way === "without locks") Object.defineProperty(navigator, "locks", { value: undefined, configurable: true });
}

const opened: Hired[] = [];
afterEach(async () => {
  delete (navigator as { locks?: unknown }).locks;
  for (const one of opened.splice(0)) await one.stop();
});

/** Waits until this page watches the lock of the other side. */
async function watched(way: (typeof ways)[number]): Promise<void> {
  const waits = async (): Promise<boolean> => {
    const { pending } = await navigator.locks.query();
    return pending!.some(({ name, mode }) => mode === "shared" && name!.startsWith("millrace-"));
  };
  if (way === "with locks") while (!(await waits())) await new Promise((resolve) => setTimeout(resolve, 5));
}

describe.each(ways)("the end of the other side, %s", (way) => {
  const cause = way === "with locks" ? "it has ended" : /^no sign of life/;

  async function start(options?: WorkerOptions): Promise<Hired> {
    withoutLocks(way);
    const url = new URL("./page/worker.ts", import.meta.url);
    const one = worker(() => new Worker(url, { type: "module", name: way }), {
      limits: { heartbeat: 10_000 },
      ...options,
    });
    opened.push(one);
    expect(await one.connection.channel("log").receive()).toBe("begun");
    return one;
  }

  test("of a web worker that closes itself", async () => {
    const one = await start(way === "with locks" ? {} : { limits: { heartbeat: 200 } });
    const exit = one.exited().then();
    const silent = one.connection
      .channel("silent")
      .receive()
      .then(undefined, (error: unknown) => error);
    await watched(way);
    await one.connection.channel<string>("deed").send("close");
    const error = (await silent) as Error;
    expect(error).toBeInstanceOf(PeerLostError);
    expect((error.cause as Error).message).toMatch(cause);
    expect(await exit).toMatchObject({ kind: "failed", error: { name: "PeerLostError" } });
  });

  test.each([
    ["the same origin", location.origin],
    ["another origin", farSide],
  ])("of a frame of %s that is removed", async (_, origin) => {
    withoutLocks(way);
    const made = await frame(origin);
    const seen = way === "with locks" && origin === location.origin;
    const connection = connect(made.contentWindow!, { origin, limits: { heartbeat: seen ? 10_000 : 200 } });
    made.contentWindow!.postMessage({ connect: way }, origin);
    const log = connection.channel("log");
    expect(await log.receive()).toBe("begun");
    if (seen) await watched(way);
    made.remove();
    const error = (await log.receive().then(undefined, (thrown: unknown) => thrown)) as Error;
    expect(error).toBeInstanceOf(PeerLostError);
    // A lock of another origin is not seen.
    expect((error.cause as Error).message).toMatch(seen ? "it has ended" : /^no sign of life/);
  });

  test("of a web worker: what main returns and throws, and an error that nothing catches", async () => {
    const one = await start();
    await one.connection.channel<string>("deed").send("return");
    expect(await one.exited()).toEqual({ kind: "done", value: 42 });
    const two = await start();
    await two.connection.channel<string>("deed").send("throw");
    expect(await two.exited()).toMatchObject({ kind: "failed", error: { message: "main has failed" } });
    const three = await start();
    const exit = three.exited().then();
    await three.connection.channel<string>("deed").send("throw later");
    expect(await exit).toMatchObject({ kind: "failed", error: { cause: { message: "thrown outside of main" } } });
  });

  test("of a web worker that stops when it is asked to", async () => {
    const one = await start();
    expect(await one.stop("enough")).toEqual({ kind: "cancelled", reason: "enough" });
  });

  test("of a web worker that computes for ever, and is killed", async () => {
    const one = await start({ shutdown: 20 });
    const spinning = new BroadcastChannel("spinning");
    const begun = new Promise((resolve) => (spinning.onmessage = resolve));
    await one.connection.channel<string>("deed").send("spin");
    // It would stop if it were asked to before it computes.
    await begun;
    spinning.close();
    expect(await one.stop()).toEqual({ kind: "killed" });
  });
});

test("a script that cannot be loaded fails its worker", async () => {
  const one = worker(new URL("/no-such-file.js", location.href));
  expect(await one.exited()).toMatchObject({ kind: "failed", error: { name: "PeerLostError" } });
});

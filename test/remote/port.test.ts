// What is recognised as a port, and how two windows come to a port that is theirs alone. Windows are imitated here: real ones are in
// test/page/.

import { describe, expect, test } from "vitest";
import { type PortLike, portOf } from "../../src/remote/port/port.js";
import { type OwnWindow, type WindowLike, WindowPort } from "../../src/remote/port/window.js";

const method = (): void => {};
const target = { addEventListener: method, removeEventListener: method };
const emitter = { on: method, off: method };

// Shape, name, format, trusted, tellsEnd.
const shapes: Record<string, [object, string, string, boolean, boolean]> = {
  "a port of Node": [
    { ...emitter, postMessage: method, start: method, close: method },
    "message port",
    "clone",
    true,
    true,
  ],
  "a port of a browser": [
    { ...target, postMessage: method, start: method, close: method },
    "message port",
    "clone",
    false,
    false,
  ],
  "a port of a browser that tells its end": [
    { ...target, postMessage: method, start: method, close: method, onclose: null },
    "message port",
    "clone",
    false,
    true,
  ],
  "a thread of Node": [
    { ...emitter, postMessage: method, terminate: method, threadId: 3 },
    "thread 3",
    "clone",
    true,
    true,
  ],
  "a worker of a page": [{ ...target, postMessage: method, terminate: method }, "web worker", "clone", true, false],
  "a child process": [
    { ...emitter, pid: 12, send: method, disconnect: method, connected: true },
    "process 12",
    "json",
    true,
    true,
  ],
  process: [
    { ...emitter, pid: 12, send: method, disconnect: method, connected: true, nextTick: method },
    "parent process",
    "json",
    true,
    true,
  ],
  "a web socket": [
    { ...target, send: method, close: method, readyState: 1, url: "wss://a.example/" },
    "web socket wss://a.example/",
    "text",
    false,
    false,
  ],
};

test.each(Object.entries(shapes))("portOf() recognises %s by its shape", (_, [like, ...rest]) => {
  const { name, format, trusted, tellsEnd } = portOf(like as PortLike);
  expect([name, format, trusted, tellsEnd]).toEqual(rest);
});

test("portOf() recognises the global scope of a worker", () => {
  const self: Record<string, unknown> = { ...target, postMessage: method, close: method };
  self.self = self;
  expect(portOf(self as never).name).toBe("page of the worker");
});

const rule =
  "port must be a MessagePort, a Worker, parentPort or self of a worker, a ChildProcess of fork(), process, a Window or a WebSocket";
const form = 'origin of a window must be one origin, such as "https://app.example"';
const page: Record<string, unknown> = { postMessage: method };
page.window = page;

// What is passed, its options, and the message.
const refused: Record<string, [unknown, object | undefined, string]> = {
  null: [null, undefined, `${rule}, got null; parentPort is null outside a thread`],
  "a number": [5, undefined, `${rule}, got 5`],
  "an object": [{}, undefined, `${rule}, got an object (Object)`],
  "a shared worker": [
    { ...target, port: { postMessage: method } },
    undefined,
    `${rule}, got an object (Object); pass its port`,
  ],
  "a broadcast channel": [
    { ...target, postMessage: method, close: method },
    undefined,
    `${rule}, got an object (Object); it has no peer of its own, so pass a MessagePort`,
  ],
  "a process without a channel": [
    { ...emitter, pid: 1 },
    undefined,
    "a process must have a channel to its parent, as of fork(), got one without",
  ],
  "a window without an origin": [page, undefined, `${form}, got undefined`],
  "a window with any origin": [page, { origin: "*" }, `${form}, got "*"`],
  "a window with an opaque origin": [page, { origin: "null" }, `${form}, got "null"`],
  "a window with a URL": [
    page,
    { origin: "https://a.example/x" },
    `${form}, got "https://a.example/x"; write "https://a.example"`,
  ],
  "a window of a file": [page, { origin: "file:///" }, `${form}, got "file:///"`],
};

test.each(Object.entries(refused))("portOf() refuses %s in words", (_, [like, options, message]) => {
  expect(() => portOf(like as PortLike, options)).toThrow(new TypeError(`Cannot connect: ${message}`));
});

/** A window that is seen by another: what is posted to it carries the origin and the window of the sender. */
class FakeWindow {
  readonly listeners = new Set<(event: MessageEvent) => void>();
  readonly MessageChannel: typeof MessageChannel = MessageChannel;
  readonly MessagePort: typeof MessagePort = MessagePort;
  readonly origin: string;
  readonly crypto: OwnWindow["crypto"];

  constructor(origin: string, random: number) {
    this.origin = origin;
    this.crypto = { getRandomValues: (bytes) => (bytes as unknown as Uint8Array).fill(random) as never };
  }
  addEventListener(_: "message", listener: (event: MessageEvent) => void): void {
    this.listeners.add(listener);
  }
  removeEventListener(_: "message", listener: (event: MessageEvent) => void): void {
    this.listeners.delete(listener);
  }
  /** Delivers a message as if it came from a window. */
  deliver(data: unknown, source: unknown, origin: string, ports: readonly MessagePort[] = []): void {
    for (const listener of this.listeners) listener({ data, source, origin, ports } as unknown as MessageEvent);
  }
}

/** How `from` sees `to`. */
class View implements WindowLike {
  readonly sent: unknown[] = [];
  back: unknown;
  constructor(
    readonly from: FakeWindow,
    readonly to: FakeWindow,
  ) {}
  postMessage(message: unknown, targetOrigin: string, transfer: Transferable[] = []): void {
    this.sent.push(message);
    if (targetOrigin !== this.to.origin) return;
    queueMicrotask(() => this.to.deliver(message, this.back, this.from.origin, transfer as MessagePort[]));
  }
}

function windows(one: number, other: number): { views: [View, View]; fakes: [FakeWindow, FakeWindow] } {
  const a = new FakeWindow("https://a.example", one);
  const b = new FakeWindow("https://b.example", other);
  const views: [View, View] = [new View(a, b), new View(b, a)];
  views[0].back = views[1];
  views[1].back = views[0];
  return { views, fakes: [a, b] };
}

const portTo = (view: View): WindowPort => new WindowPort(view, view.to.origin, view.from);

/** Waits for the next message of a port. */
function received(port: WindowPort): { messages: unknown[]; ends: unknown[]; next: () => Promise<unknown> } {
  const messages: unknown[] = [];
  const ends: unknown[] = [];
  let wake: (value: unknown) => void = () => {};
  port.start({
    message(data) {
      messages.push(data);
      wake(data);
    },
    ended: (cause) => ends.push(cause?.message),
  });
  port.ref();
  const next = (): Promise<unknown> =>
    new Promise((resolve) => {
      wake = resolve;
    });
  return { messages, ends, next };
}

describe.each([
  ["the lower nonce starts first", 1, 2],
  ["the higher nonce starts first", 2, 1],
])("two windows, %s", (_, one, other) => {
  test.each(["at once", "later"])("they find each other when the second starts %s", async (start) => {
    const { views } = windows(one, other);
    const first = portTo(views[0]);
    const here = received(first);
    first.post("to the second");
    if (start === "later") await new Promise((resolve) => setTimeout(resolve, 5));
    const second = portTo(views[1]);
    const there = received(second);
    const both = Promise.all([here.next(), there.next()]);
    second.post("to the first");
    expect(await both).toEqual(["to the first", "to the second"]);
    first.close();
    second.close();
  });
});

test("a window that is closed before the other is there: what was posted still arrives, and then its end", async () => {
  for (const [one, other] of [
    [1, 2],
    [2, 1],
  ] as const) {
    const { views, fakes } = windows(one, other);
    const first = portTo(views[0]);
    const here = received(first);
    first.post("the last");
    first.close();
    first.post("too late");
    const second = portTo(views[1]);
    const there = received(second);
    expect(await there.next()).toBe("the last");
    second.close();
    expect([here.messages, here.ends, there.messages]).toEqual([[], [], ["the last"]]);
    expect(fakes[0].listeners.size).toBe(0);
  }
});

test("a port is taken only from the window, of the origin, and for the nonce of this side (X7)", async () => {
  const { views, fakes } = windows(1, 2);
  const [own] = fakes;
  const mine = portTo(views[0]);
  const { messages } = received(mine);
  const [mark, , nonce] = views[0].sent[0] as string[];
  const peer = "f".repeat(32);
  const offers: [unknown, unknown, string][] = [
    [[mark, "port", peer, nonce], {}, "https://b.example"],
    [[mark, "port", peer, nonce], views[0], "https://evil.example"],
    [[mark, "port", peer, peer], views[0], "https://b.example"],
    [[mark, "port", 5, nonce], views[0], "https://b.example"],
    [["other", "port", peer, nonce], views[0], "https://b.example"],
    [{ 0: mark, 1: "port", 2: peer, 3: nonce }, views[0], "https://b.example"],
  ];
  const channels = [...offers, null].map(() => new MessageChannel());
  for (const [n, offer] of offers.entries()) own.deliver(offer[0], offer[1], offer[2], [channels[n]!.port1]);
  own.deliver([mark, "port", peer, nonce], views[0], "https://b.example", []);
  const good = channels.at(-1)!;
  own.deliver([mark, "port", peer, nonce], views[0], "https://b.example", [good.port1]);
  for (const [n, { port2 }] of channels.entries()) port2.postMessage(n);
  while (messages.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(messages).toEqual([offers.length]);
  mine.close();
  for (const { port1, port2 } of channels) {
    port1.close();
    port2.close();
  }
});

test("another page in the same window ends the port of the page before", async () => {
  const { views } = windows(1, 2);
  const first = portTo(views[0]);
  const here = received(first);
  const second = portTo(views[1]);
  received(second);
  second.post("one");
  await here.next();
  views[1].from.listeners.clear(); // the page is gone, and nothing tells it
  views[0].from.deliver([...(views[0].sent[0] as string[]).slice(0, 2), "9".repeat(32)], views[0], "https://b.example");
  expect(here.ends).toEqual(["window https://b.example has loaded another page"]);
  second.close();
});

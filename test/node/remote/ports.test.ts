// Ports over real media of Node: two message ports, a thread, a process and a web socket.

import { execFile, fork } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { afterEach, describe, expect, test } from "vitest";
import { go } from "../../../src/index.js";
import type { Port } from "../../../src/remote/port/port.js";
import { connect } from "../../../src/remote.js";
import { CLOSE, type Ends, media } from "./media.js";

/** What a port tells, to be waited for. */
class Log {
  readonly messages: unknown[] = [];
  readonly ends: (Error | undefined)[] = [];
  private _wake: () => void = () => {};

  constructor(port: Port) {
    port.start({
      message: (data) => {
        this.messages.push(data);
        this._wake();
      },
      ended: (cause) => {
        this.ends.push(cause);
        this._wake();
      },
    });
    port.ref();
  }

  async until(holds: () => boolean): Promise<void> {
    while (!holds()) {
      if (this.ends.length > 0) throw new Error("the port has ended before", { cause: this.ends[0] });
      await new Promise<void>((resolve) => {
        this._wake = resolve;
      });
    }
  }

  messagesOf(count: number): Promise<void> {
    return this.until(() => this.messages.length >= count);
  }

  end(): Promise<void> {
    return this.until(() => this.ends.length > 0);
  }
}

let opened: Ends | undefined;
afterEach(async () => {
  await opened?.dispose();
  opened = undefined;
});

async function open(name: string): Promise<{ port: Port; log: Log; like: unknown }> {
  opened = await media[name]!();
  return { port: opened.here, log: new Log(opened.here), like: opened.like };
}

const formats: Record<string, Port["format"]> = {
  "message ports": "clone",
  thread: "clone",
  process: "json",
  "web socket": "text",
};

describe.each(Object.keys(media))("%s", (name) => {
  const message = (n: number): unknown => (formats[name] === "text" ? `${n}` : [n]);
  const close = formats[name] === "text" ? CLOSE : { deed: "close" };

  test("a port delivers all messages in order, also those posted at once", async () => {
    const { port, log } = await open(name);
    expect(port.format).toBe(formats[name]);
    const sent = Array.from({ length: 1000 }, (_, n) => message(n));
    for (const each of sent) port.post(each);
    await log.messagesOf(1000);
    expect(log.messages).toEqual(sent);
  });

  test("the end is told once, after all messages, and what is posted later is dropped (F2)", async () => {
    const { port, log } = await open(name);
    for (let n = 0; n < 100; n++) port.post(message(n));
    // What a thread calls its port is a part of the thread, which has to exit to end it.
    port.post(name === "thread" ? { deed: "exit" } : close);
    await log.end();
    expect(log.messages).toHaveLength(100);
    port.post(message(100));
    port.close();
    await new Promise((resolve) => setImmediate(resolve));
    expect(log.ends).toHaveLength(1);
    expect(log.messages).toHaveLength(100);
  });

  test("a port that was closed here tells nothing", async () => {
    const { port, log } = await open(name);
    port.post(message(1));
    await log.messagesOf(1);
    port.post(message(2));
    port.close();
    port.post(message(3));
    await opened!.dispose();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect([log.messages.length, log.ends]).toEqual([1, []]);
  });

  test("a port that has ended before it is started tells so (F3)", async () => {
    opened = await media[name]!();
    const first = new Log(opened.here);
    opened.here.post(message(1));
    await first.messagesOf(1);
    const gone = new Promise<void>((resolve) => {
      const { like } = opened as { like: { once?(event: string, then: () => void): void } };
      like.once?.(name === "thread" || name === "process" ? "exit" : "close", resolve);
    });
    opened.here.post(name === "thread" ? { deed: "exit" } : close);
    await Promise.all([gone, first.end()]);
    if (name === "message ports") return; // nothing can be read of a port that has closed
    const { portOf } = await import("../../../src/remote/port/port.js");
    const late = new Log(portOf(opened.like as never));
    await late.end();
    expect(late.ends[0]?.message).toMatch(/has exited|is closed/);
  });
});

describe.each(["message ports", "thread"])("%s", (name) => {
  test("what cannot be cloned is thrown at the sender, and the port stays usable (F5)", async () => {
    const { port, log } = await open(name);
    expect(() => port.post(() => {})).toThrow(expect.objectContaining({ name: "DataCloneError" }));
    port.post([1]);
    await log.messagesOf(1);
    expect(log.messages).toEqual([[1]]);
  });

  test("what is transferred is gone here (D8)", async () => {
    const { port, log } = await open(name);
    const bytes = new Uint8Array([1, 2, 3]);
    port.post(bytes, [bytes.buffer]);
    expect(bytes.byteLength).toBe(0);
    await log.messagesOf(1);
    expect(log.messages).toEqual([new Uint8Array([1, 2, 3])]);
  });
});

// Medium, what the peer does, and what is known of it then.
const deaths: readonly [string, string, RegExp][] = [
  ["thread", "exit", /^thread \d+ has exited with code 7$/],
  ["thread", "throw", /^thrown by the peer$/],
  ["thread", "spin", /^thread \d+ has exited with code 1$/],
  ["process", "exit", /^process \d+ has exited with code 7$/],
  ["process", "throw", /^process \d+ has exited with code 1$/],
  ["process", "spin", /^process \d+ has exited by SIGKILL$/],
  // A process that takes long to exit is not waited for.
  ["process", "close", /^process \d+ has (?:exited with code 0|closed its channel)$/],
  ["web socket", "cut", /^web socket ws:.* has closed with code 1006$/],
];

test.each(deaths)("%s: the cause of the end is known after %s (F1)", async (name, deed, cause) => {
  const { port, log, like } = await open(name);
  port.post(formats[name] === "text" ? "1" : [1]);
  await log.messagesOf(1);
  if (deed === "cut") (like as { _socket: { destroy(): void } })._socket.destroy();
  else port.post({ deed });
  if (deed === "spin") {
    // It cannot be asked to end any more.
    const { terminate, kill } = like as { terminate?(): void; kill?(signal: string): void };
    if (name === "thread") terminate!.call(like);
    else kill!.call(like, "SIGKILL");
  }
  await log.end();
  expect(log.ends[0]?.message).toMatch(cause);
});

test("a process whose ports are idle ends by itself, and one that refers to a port stays (D12, RM-10)", async () => {
  const script = (then: string): string => `
    import { Worker } from "node:worker_threads";
    import { portOf } from "${new URL("../../../src/remote/port/port.ts", import.meta.url)}";
    const { port1, port2 } = new MessageChannel();
    const thread = new Worker("setInterval(() => {}, 1000)", { eval: true });
    for (const like of [port1, port2, thread]) {
      const port = portOf(like);
      port.start({ message: (data) => { console.log(data); process.exit(0); }, ended() {} });
      if (like === port1) { ${then} }
    }
    setTimeout(() => port2.postMessage("late"), 1000).unref();
  `;
  const run = (then: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const args = ["--import", "tsx", "--input-type=module", "-e", script(then)];
      execFile(process.execPath, args, (error, out) => (error === null ? resolve(out) : reject(error)));
    });
  // The timer is not referred to, so only the port can keep the process until the message comes.
  expect(await run("port.ref(); setInterval(() => {}, 50).unref();")).toBe("late\n");
  expect(await run("")).toBe("");
});

test("nothing that arrives becomes code, no process sends more than JSON, and no buffer is without a bound (X4, X6)", () => {
  const folder = new URL("../../../src/", import.meta.url);
  const files = ["remote", "worker"].flatMap((room) =>
    readdirSync(new URL(room, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts"))
      .map((name) => readFileSync(new URL(`${room}/${name}`, folder), "utf8")),
  );
  expect(files.length).toBeGreaterThan(25);
  const forbidden = /\beval\b|\bnew Function\b|\bimport\(|["']node:v8["']|\bdeserialize\b|\bunbounded\(/;
  const code = files.map((text) => text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/\/\/.*$/gm, ""));
  expect(code.filter((text) => forbidden.test(text))).toEqual([]);
});

test("over a process whose channel could carry more than JSON, a value must be JSON (X4)", async () => {
  const child = fork(new URL("peer.ts", import.meta.url), { execArgv: ["--import", "tsx"], serialization: "advanced" });
  const connection = connect(child, { limits: { handshake: 60_000 } });
  await expect(go(() => connection.ask("any", new Map()))).rejects.toThrow("over this port a value must be JSON, got");
  connection.close();
  child.kill("SIGKILL");
});

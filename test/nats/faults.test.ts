// A NATS bus when something fails: the server is killed, a process is paused or killed, a consumer is deleted, a peer is hostile.

import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { jetstreamManager } from "@nats-io/jetstream";
import { connect, type Msg, type NatsConnection } from "@nats-io/transport-node";
import { buildSync } from "esbuild";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { CLOSED, go, now, type Operation, select, sleep, withTimeout } from "../../src/index.js";
import { type Bus, type Delivery, NoResponderError, natsBus, type Register } from "../../src/nats.js";
import { PeerLostError } from "../../src/remote.js";
import { actor, ask, type Reply } from "../../src/supervise.js";
import { NatsServer } from "../support/nats.js";
import { PATIENCE } from "../support/patience.js";
import { scaled, spaced } from "../support/stress.js";

const within = <T>(operation: Operation<T>): Operation<T> => withTimeout(PATIENCE, operation);

let server: NatsServer;
let count = 0;
let name = "";
const opened: Bus[] = [];
const children: ChildProcess[] = [];

/** The program of the children, in a folder in which no package is installed. */
const folder = mkdtempSync(join(tmpdir(), "millrace-child-"));

function build(file: string, external: string[]): void {
  const entry = fileURLToPath(new URL("child.ts", import.meta.url));
  const options = { bundle: true, platform: "node", format: "cjs", external } as const;
  buildSync({ ...options, entryPoints: [entry], outfile: join(folder, file) });
}

beforeAll(async () => {
  build("child.cjs", []);
  build("missing.cjs", ["@nats-io/kv"]);
  server = await NatsServer.start();
});
afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true });
});
beforeEach(() => {
  name = `f${++count}`;
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  for (const bus of opened.splice(0)) await bus[Symbol.asyncDispose]();
});

async function open(): Promise<Bus> {
  const bus = await go(() => natsBus({ servers: server.url, name }));
  opened.push(bus);
  return bus;
}

/** A connection to the server without a bus. */
async function raw<T>(use: (nc: NatsConnection) => Promise<T>): Promise<T> {
  const nc = await connect({ servers: server.url });
  try {
    return await use(nc);
  } finally {
    await nc.close();
  }
}

/** Starts a process that uses the bus. */
function child(role: string): { readonly process: ChildProcess; line(): Promise<string>; tell(): void } {
  const file = join(folder, role === "missing" ? "missing.cjs" : "child.cjs");
  const started = spawn(process.execPath, [file, role, server.url, name], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  children.push(started);
  const lines = createInterface({ input: started.stdout! })[Symbol.asyncIterator]();
  return {
    process: started,
    line: async () => (await lines.next()).value ?? "ended",
    tell: () => started.stdin!.write("go on\n"),
  };
}

describe("a NATS bus", () => {
  const SENDS = scaled(300, 3000);
  test.each([
    ["BU-13", 1],
    ["BU-17, in batches", 8],
  ])(
    `%s: the server is killed three times during ${spaced(SENDS)} sends: what was sent is received, once (N11)`,
    async (_, batch) => {
      const [here, there] = [await open(), await open()];
      const options = { capacity: 100, ack: "take", ackWait: 10_000, batch } as const;
      let sent = 0;
      const writers = Array.from({ length: 8 }, (_, writer) =>
        go(function* () {
          const out = here.channel<number>("jobs", options);
          for (let n = writer; n < SENDS; n += 8) {
            expect(yield* out.send(n)).toBe(true);
            sent++;
          }
        }),
      );
      const got: number[] = [];
      const reader = go(function* () {
        const into = there.channel<number>("jobs", options);
        while (got.length < SENDS) got.push((yield* into.receive()) as number);
      });
      for (let kill = 1; kill <= 3; kill++) {
        while (sent < (kill * SENDS) / 4) await sleep(1);
        await server.kill();
        await server.begin();
      }
      for (const writer of writers) await within(writer);
      await within(reader);
      const jobs = there.channel<number>("jobs", options);
      // A server that was killed may never deliver again what it has not seen acknowledged; it has had twice the time for it.
      const late = now() + 2.4 * options.ackWait;
      for (let left = 1; left > 0 && now() < late; ) {
        const { pending, inFlight } = await within(jobs.stats());
        left = pending + inFlight;
        // Nothing comes a second time.
        if (left > 0) expect((await select({ jobs, late: sleep(50) })).key).toBe("late");
      }
      expect(got.sort((a, b) => a - b)).toEqual(Array.from({ length: SENDS }, (_, n) => n));
    },
  );

  test("BU-14: after a restart of the server, all that waited goes on", async () => {
    const [here, there] = [await open(), await open()];
    const news = there.topic<number>("news").subscribe({ from: "all" });
    await here.topic<number>("news").publish(1);
    expect(await within(news.receive())).toBe(1);
    using levels = there.register<number>("level").changes();
    await here.register<number>("level").set(1);
    while ((await within(levels.receive())) !== 1);
    there.serve("double", (n: number) => n * 2);
    const received = go(() => there.channel<string>("meet").receive());
    await there.host("echo", () => actor(({ n, reply }: { n: number; reply: Reply<number> }) => reply(n)));
    await server.kill();
    const published = go(() => here.topic<number>("news").publish(2));
    const set = go(() => here.register<number>("level").set(2));
    await server.begin();
    expect(await within(published)).toBe(2);
    await within(set);
    expect(await within(news.receive())).toBe(2);
    expect(await within(levels.receive())).toBe(2);
    expect(await within(here.channel<string>("meet").send("hello"))).toBe(true);
    expect(await within(received)).toBe("hello");
    // The other bus may connect later than this one.
    for (;;) {
      const answer = await within(here.ask("double", 21)).then(undefined, () => sleep(20));
      if (answer === 42) break;
    }
    expect(await within(ask(here.address("echo"), (reply: Reply<number>) => ({ n: 7, reply })))).toBe(7);
  });

  test("BU-14: a consumer that is deleted fails the channel, and so does a stream (N7)", async () => {
    const here = await open();
    const jobs = here.channel<number>("jobs", { capacity: 4 });
    const other = here.channel<number>("other", { capacity: 4 });
    await other.send(1);
    await jobs.stats();
    const waiting = within(jobs.receive()).then(
      () => null,
      (error: unknown) => error,
    );
    await sleep(50);
    await raw(async (nc) => {
      const jsm = await jetstreamManager(nc);
      await jsm.consumers.delete(`mr=${name}=q=jobs`, "takers");
      await jsm.streams.delete(`mr=${name}=q=other`);
    });
    expect(await waiting).toBeInstanceOf(PeerLostError);
    await expect(within(jobs.receive())).rejects.toBeInstanceOf(PeerLostError);
    await expect(within(other.send(2))).rejects.toBeInstanceOf(PeerLostError);
  });

  test("BU-5: a process that is paused beyond the time of its lease: another one takes over, and its late ack is ignored", async () => {
    const here = await open();
    const options = { capacity: 4, ack: "manual", ackWait: 2000 } as const;
    const jobs = here.channel<string>("jobs", options);
    await jobs.send("job");
    const paused = child("take");
    expect(await paused.line()).toBe("took job 1");
    paused.process.kill("SIGSTOP");
    const delivery = (await within(jobs.deliveries().receive())) as Delivery<string>;
    expect([delivery.value, delivery.count]).toEqual(["job", 2]);
    // The lease there is certainly over. The one here is renewed.
    for (let rounds = 0; rounds < 20; rounds++) {
      await sleep(100);
      delivery.extend();
    }
    paused.process.kill("SIGCONT");
    paused.tell();
    expect(await paused.line()).toBe("ack false");
    // It is still this process that holds the value, as long as its lease lasts.
    if (delivery.extend()) expect((await jobs.stats()).inFlight).toBe(1);
    delivery.ack();
  });

  test("BU-12: an actor moves when the process of its host is killed or paused, and each host has a higher token", async () => {
    const here = await open();
    const address = here.address<{ reply: Reply<number> }>("room");
    const token = (): Operation<number> => within(ask(address, (reply: Reply<number>) => ({ reply })));
    const first = child("host");
    const firstToken = Number(await first.line());
    expect(await token()).toBe(firstToken);
    const second = child("host");
    first.process.kill("SIGKILL");
    const secondToken = Number(await second.line());
    expect(secondToken).toBeGreaterThan(firstToken);
    expect(await token()).toBe(secondToken);
    second.process.kill("SIGSTOP");
    const make = ({ token }: { token: number }) => actor(({ reply }: { reply: Reply<number> }) => reply(token));
    const third = await within(here.host("room", make, { lease: 2500 }));
    expect(third.token).toBeGreaterThan(secondToken);
    second.process.kill("SIGCONT");
    expect(await second.line()).toBe("over");
    expect(await token()).toBe(third.token);
    third[Symbol.dispose]();
  });

  test("BU-12: names that several processes want at the same moment are spread over them", async () => {
    const buses = [await open(), await open()];
    // Both have used what they share.
    for (const bus of buses) (await within(bus.host("warm", () => actor(() => {}))))[Symbol.dispose]();
    const names = Array.from({ length: 16 }, (_, n) => `room${n}`);
    const hosts = new Map<string, Bus>();
    const tasks = buses.flatMap((bus) =>
      names.map((room) =>
        go(function* () {
          yield* bus.host(room, () => actor(() => {}));
          expect(hosts.has(room)).toBe(false);
          hosts.set(room, bus);
        }),
      ),
    );
    while (hosts.size < names.length) await sleep(5);
    for (const task of tasks) task.cancel();
    for (const task of tasks) await task.then(undefined, () => {});
    for (const bus of buses) expect([...hosts.values()].filter((host) => host === bus).length).toBeGreaterThan(1);
  });

  test("BU-13: a write that is sent again after the server was killed is done once, also if it was written over", async () => {
    const bus = await open();
    const writes: Record<string, (register: Register<string>) => Operation<unknown>> = {
      set: (register) => register.set("old"),
      update: (register) => register.update(() => "old"),
      delete: (register) => register.delete(),
    };
    const registers = Object.keys(writes).map((what) => bus.register<string>(what));
    await raw(async (nc) => {
      for (const register of registers) await register.set("oldest");
      const sent = nc.subscribe(`$KV.mr-${name}-registers.*`, { max: registers.length });
      await nc.flush();
      for (const register of registers) await writes[register.name]!(register);
      const messages: Msg[] = [];
      for await (const message of sent) messages.push(message);
      for (const value of ["newer", "newest"]) for (const register of registers) await register.set(value);
      await server.kill();
      await server.begin();
      // As a process does that has no answer.
      for (const { subject, data, headers } of messages) {
        let answer: Msg | null = null;
        while (answer === null)
          answer = await nc.request(subject, data, { headers: headers!, timeout: 1000 }).catch(() => null);
        expect(answer.json(), subject).toMatchObject({ duplicate: true });
      }
    });
    for (const register of registers) expect(await register.get(), register.name).toBe("newest");
  });

  test("a bus can be closed while its server is gone and the lease of an actor that it hosts is lost", async () => {
    const unhandled: unknown[] = [];
    const note = (error: unknown): unknown => unhandled.push(error);
    process.on("unhandledRejection", note);
    try {
      const bus = await open();
      const hosting = await bus.host("room", () => actor(() => {}), { lease: 300 });
      await server.kill();
      await within(hosting.whenOver());
      await bus[Symbol.asyncDispose]();
      await new Promise((turn) => setTimeout(turn));
      expect(unhandled).toEqual([]);
    } finally {
      process.off("unhandledRejection", note);
      await server.begin();
    }
  });

  test("BU-10: a question fails when the process that handles it is lost", async () => {
    const here = await open();
    const serving = child("serve");
    expect(await serving.line()).toBe("serving");
    // The server may not know yet that the process serves the name.
    const ask = async (): Promise<unknown> => {
      for (;;) {
        const failure = await within(here.ask("slow", 1)).then(
          () => null,
          (error: unknown) => error,
        );
        if (!(failure instanceof NoResponderError)) return failure;
        await sleep(10);
      }
    };
    const waiting = ask();
    expect(await serving.line()).toBe("asked");
    serving.process.kill("SIGKILL");
    expect(await waiting).toBeInstanceOf(PeerLostError);
  });

  test("a package that is not installed is named", async () => {
    expect(await child("missing").line()).toBe(
      "Error: Cannot open bus: the package @nats-io/kv must be installed, got none; run npm install @nats-io/kv",
    );
  });

  test("a server that is not there, and options that are wrong", async () => {
    await expect(go(() => natsBus({ servers: "nats://127.0.0.1:1" }))).rejects.toThrow();
    const wrong: [object, string][] = [
      [{ servers: [] }, "servers"],
      [{ servers: 5 }, "servers"],
      [{ servers: "x", storage: "tape" }, "storage"],
      [{ servers: "x", replicas: 2 }, "replicas"],
      [{ servers: "x", connection: 5 }, "connection"],
      [{ servers: "x", name: "a.b" }, "a name must have"],
    ];
    for (const [options, word] of wrong) expect(() => natsBus(options as never)).toThrow(word);
  });

  test("BU-16: what a peer sends that is no message of a bus does no harm", async () => {
    const here = await open();
    const jobs = here.channel<unknown>("jobs", { capacity: 8, deadLetter: "dead" });
    const dead = here.channel<unknown>("dead", { capacity: 8 });
    here.serve("double", (n: number) => n * 2);
    await jobs.send(1);
    await raw(async (nc) => {
      // An answer must not be a way to send to other subjects.
      nc.publish(`mr.${name}.s.double`, "21", { reply: `mr.${name}.q.jobs` });
      nc.publish(`mr.${name}.s.double`, "21", { reply: `$JS.API.STREAM.PURGE.mr=${name}=q=jobs` });
      nc.publish(`mr.${name}.s.double`, "no JSON", { reply: "somewhere" });
      nc.publish(`mr.${name}.d.double`, "nothing");
      nc.publish(`mr.${name}.w.meet`, "?");
      nc.publish(`mr.${name}.q.jobs`, "no JSON");
      nc.publish(`mr.${name}.q.jobs`, '{"__proto__":{"polluted":true}}');
      await nc.flush();
    });
    expect(await within(here.ask("double", 4))).toBe(8);
    // Answers to the questions above would have been stored before this value.
    await within(jobs.send(2));
    expect(await jobs.stats()).toMatchObject({ pending: 4 });
    expect(await within(go(() => jobs.receive()))).toBe(1);
    expect(await within(go(() => jobs.receive()))).toBe(2);
    const waiting = go(() => jobs.receive());
    const got = await go(function* () {
      return [yield* within(dead.receive()), yield* within(dead.receive())];
    });
    expect(got).toMatchObject([{ value: "no JSON" }, { value: '{"__proto__":{"polluted":true}}' }]);
    waiting.cancel();
    await waiting.then(undefined, () => {});
    expect(({} as { polluted?: boolean }).polluted).toBe(undefined);
    expect(await jobs.stats()).toMatchObject({ pending: 0 });
  });

  test("BU-8: a closed channel stays closed for a process that comes later", async () => {
    const here = await open();
    const jobs = here.channel<number>("jobs", { capacity: 4 });
    await jobs.send(1);
    jobs.close();
    const meet = here.channel<number>("meet");
    meet.close(new Error("enough"));
    await here[Symbol.asyncDispose]();
    const there = await open();
    const late = there.channel<number>("jobs", { capacity: 4 });
    await within(late.whenClosed());
    expect(await late.send(2)).toBe(false);
    const got = await go(function* () {
      return [yield* within(late.receive()), yield* within(late.receive())];
    });
    expect(got).toEqual([1, CLOSED]);
    await within(there.channel<number>("meet").whenClosed());
    await expect(within(there.channel<number>("meet").receive())).rejects.toThrow("enough");
  });
});

/** The permissions of docs/operations.md. */
const permissions = (user: string): string => `{
  user: "${user}", password: "secret"
  permissions {
    publish: ["mr.shop.>", "$KV.>", "$JS.API.>", "$JS.ACK.>", "_INBOX_web.>", "_INBOX_worker.>"]
    subscribe: ["mr.shop.>", "_INBOX_${user}.>"]
  }
}`;

test("X9: the permissions of the operations page suffice, and no other user reads an answer (N13)", async () => {
  const guarded = await NatsServer.start(`
    accounts { shop { jetstream: enabled, users: [${permissions("web")}, ${permissions("worker")}] } }
  `);
  const as = (user: string) => ({ user, pass: "secret", inboxPrefix: `_INBOX_${user}` });
  const join = (user: string): Operation<Bus> => natsBus({ servers: guarded.url, name: "shop", connection: as(user) });
  try {
    const web = await go(() => join("web"));
    const worker = await go(() => join("worker"));
    opened.push(web, worker);
    worker.serve("double", (n: number) => n * 2);
    await worker.register<number>("level").set(3);
    await within(web.channel<number>("jobs", { capacity: 4 }).send(1));
    expect(await within(worker.channel<number>("jobs", { capacity: 4 }).receive())).toBe(1);
    expect(await within(web.ask("double", 21))).toBe(42);
    expect(await within(web.register("level").get())).toBe(3);
    const hosting = await within(
      worker.host("echo", () => actor(({ reply }: { reply: Reply<string> }) => reply("here"))),
    );
    expect(await within(ask(web.address("echo"), (reply: Reply<string>) => ({ reply })))).toBe("here");
    hosting[Symbol.dispose]();
    const spy = await connect({ servers: guarded.url, ...as("worker") });
    const refused = new Promise((tell) => spy.subscribe("_INBOX_web.>", { callback: (error) => tell(error) }));
    expect(String(await refused)).toContain("Permissions Violation");
    await spy.close();
    await expect(connect({ servers: guarded.url })).rejects.toThrow(/auth/i);
  } finally {
    for (const bus of opened.splice(0)) await bus[Symbol.asyncDispose]();
    await guarded.stop();
  }
});

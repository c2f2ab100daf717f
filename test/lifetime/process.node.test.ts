// How a process ends: each claim runs a small script of its own against the built package.

import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { PATIENCE } from "../support/patience.js";

const dist = new URL("../../dist/index-node.js", import.meta.url).href;

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

let folder: string;
let scripts = 0;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "millrace-ends-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a script with everything of millrace in `m`; one that does not end by itself is killed, with code -1. */
async function script(source: string): Promise<Ended> {
  const file = join(folder, `script-${scripts++}.mjs`);
  writeFileSync(file, `import * as m from ${JSON.stringify(dist)};\n${source}`);
  return new Promise((resolve) => {
    execFile(process.execPath, [file], { timeout: PATIENCE }, (error, out, err) => {
      const code = error === null ? 0 : typeof error.code === "number" ? error.code : -1;
      resolve({ code, out: out.trim(), err });
    });
  });
}

describe.concurrent("DeadlockError at the empty event loop (EN-2)", () => {
  test("awaiting a receive without a sender ends the process with code 1, and the error names the receive (EN-2)", async () => {
    const { code, err } = await script(`
      const silent = m.channel(0, { name: "silent" });
      await silent.receive();
    `);
    expect(code).toBe(1);
    expect(err).toContain(
      "DeadlockError: Deadlock: the event loop is empty, and plain code still awaits receive from silent",
    );
  });

  test("the DeadlockError of a join names the task, its operation and the line where it was started (EN-2)", async () => {
    const { code, err } = await script(`
      const never = m.channel(0, { name: "never" });
      const task = m.go(function* worker() { yield* never.receive(); });
      await task;
    `);
    expect(code).toBe(1);
    expect(err).toMatch(/worker#0 {2}blocked {2}receive from never {2}started .*script-\d+\.mjs:4/);
  });

  test("the DeadlockError of a join names an async body too (EN-2)", async () => {
    const { code, err } = await script(`
      const never = m.channel(0, { name: "never" });
      await m.go(async function* worker() { yield* never.receive(); });
    `);
    expect(code).toBe(1);
    expect(err).toContain("worker#0  blocked  receive from never");
  });

  test("the DeadlockError at the empty event loop can be caught, and the program goes on (EN-2)", async () => {
    const { code, out } = await script(`
      const a = m.channel();
      try { await a.receive(); } catch (error) { console.log(error instanceof m.DeadlockError, error.tasks.length); }
      m.go(function* () { yield* a.send(5); });
      console.log(await a.receive());
    `);
    expect([code, out]).toEqual([0, "true 0\n5"]);
  });

  test("for await over a channel that is never closed ends with a DeadlockError (EN-2)", async () => {
    const { code, err } = await script(`
      const numbers = m.channel(2);
      numbers.trySend(1);
      for await (const n of numbers) console.log(n);
    `);
    expect(code).toBe(1);
    expect(err).toContain("DeadlockError");
  });
});

describe.concurrent("AbortSignal.timeout() at the empty event loop (EN-4)", () => {
  const waits: Readonly<Record<string, string>> = {
    "an await in plain code": "await m.aborted(signal); console.log('late');",
    "a scope in plain code": `
      await m.scope(function* () { yield* m.never(); }, { signal }).then(() => {}, (error) => console.log("late"));`,
    "a go block": "m.go(function* () { yield* m.aborted(signal); console.log('late'); });",
    "a case of a select":
      "m.go(function* () { console.log((yield* m.select({ late: m.aborted(signal), never: m.never() })).key); });",
  };

  test.each(Object.entries(waits))("%s that waits for the signal keeps the process alive (EN-4)", async (_, source) => {
    const made = "const signal = AbortSignal.timeout(60);";
    expect(await script(`${made}${source}`)).toMatchObject({ code: 0, out: "late" });
    const any = "const signal = AbortSignal.any([new AbortController().signal, AbortSignal.timeout(60)]);";
    expect(await script(`${any}${source}`)).toMatchObject({ code: 0, out: "late" });
  });

  test("a wait that was given up keeps the process no longer (EN-4)", async () => {
    const { code } = await script(`
      const signal = AbortSignal.timeout(${2 * PATIENCE});
      await m.select({ gone: m.aborted(signal), soon: m.sleep(1) });
    `);
    expect(code).toBe(0);
  });

  test("a signal that is aborted by no timer is still a deadlock (EN-2)", async () => {
    const { code, err } = await script("await m.aborted(new AbortController().signal);");
    expect(code).toBe(1);
    expect(err).toContain("plain code still awaits an abort signal");
  });
});

describe.concurrent("run() deadlock (EN-1)", () => {
  test("run() lists the deadlocked tasks, where they were started, and the cycle of the dining philosophers (EN-1)", async () => {
    const { code, out } = await script(`
      function* philosopher(left, right) {
        yield* left.send("mine");
        yield* m.pause();
        yield* right.send("mine");
        yield* right.receive();
        yield* left.receive();
      }
      const dinner = m.run(function* main() {
        const forks = [0, 1, 2].map((n) => m.channel(1, { name: "fork " + n }));
        const seats = forks.map((fork, n) => m.go(philosopher, fork, forks[(n + 1) % 3]));
        for (const seat of seats) yield* seat;
      });
      await dinner.catch((error) => {
        console.log(JSON.stringify({ name: error.name, tasks: error.tasks, cycle: error.cycle, message: error.message }));
      });
    `);
    expect(code).toBe(0);
    const error = JSON.parse(out);
    expect(error.name).toBe("DeadlockError");
    const seat = (n: number): unknown => expect.stringMatching(new RegExp(`philosopher#${n}$`));
    expect(error.tasks.slice(1)).toEqual(
      [0, 1, 2].map((n) => ({
        name: seat(n),
        waitsFor: `send to fork ${(n + 1) % 3}`,
        waitsOn: [seat((n + 1) % 3)],
        startedAt: expect.stringMatching(/script-\d+\.mjs:\d+/),
      })),
    );
    expect([...error.cycle].sort()).toEqual([seat(0), seat(1), seat(2)]);
    expect(error.message).toContain("cycle: ");
  });

  test("run() reports a deadlock at once, although a far timer is set outside (EN-1)", async () => {
    const { code, out } = await script(`
      const outside = setTimeout(() => {}, 1e6);
      m.go(function* () { yield* m.sleep(1e6); });
      const error = await m.run(function* () { yield* m.channel().receive(); }).catch((error) => error);
      console.log(error.name);
      process.exit(0);
    `);
    expect([code, out]).toEqual([0, "DeadlockError"]);
  });

  test("a deadlock of run() that is not handled ends the process with code 1 (EN-1)", async () => {
    const { code, err } = await script(`m.run(function* main() { yield* m.channel().receive(); });`);
    expect(code).toBe(1);
    expect(err).toContain("everything in the program is parked");
    expect(err).toContain("main#0");
  });
});

describe.concurrent("no false alarm", () => {
  test.each([
    ["sleeping", `console.log(await m.go(function* () { yield* m.sleep(50); return "ok"; }));`],
    ["plain sleep", `await m.sleep(50); console.log("ok");`],
    ["run asleep", `console.log(await m.run(function* () { yield* m.sleep(50); return "ok"; }));`],
    [
      "a promise that settles",
      `const late = new Promise((resolve) => setTimeout(resolve, 50, "ok"));
       console.log(await m.run(function* () { return yield* m.settled(late); }));`,
    ],
    [
      "a raw await in an async body",
      `const late = () => new Promise((resolve) => setTimeout(resolve, 50, "ok"));
       console.log(await m.run(async function* () { yield* m.pause(); return await late(); }));`,
    ],
    [
      "a raw await in a child while main is parked",
      `const c = m.channel();
       const late = () => new Promise((resolve) => setTimeout(resolve, 50, "ok"));
       console.log(await m.run(async function* () {
         m.go(async function* () { yield* c.send(await late()); });
         return yield* c.receive();
       }));`,
    ],
    [
      "a callback of the host that sends",
      `const c = m.channel(1);
       setTimeout(() => c.trySend("ok"), 50);
       console.log(await c.receive());`,
    ],
    [
      "I/O in an async body",
      `import { readFile } from "node:fs/promises";
       console.log(await m.run(async function* () { await readFile(process.argv[1]); return "ok"; }));`,
    ],
    [
      "a consumer of a ticker, left parked at the end of run",
      `await m.run(function* main() {
         const ticks = m.ticker(1);
         m.go(function* () { for (;;) if ((yield* ticks.receive()) === m.CLOSED) return; });
         yield* m.sleep(20);
         ticks.cancel();
       });
       console.log("ok");`,
    ],
  ])("%s", async (_, source) => {
    const { code, out, err } = await script(source);
    expect([code, out, err]).toEqual([0, "ok", ""]);
  });
});

describe.concurrent("the process ends by itself (EN-3, EN-4)", () => {
  test("a process with parked consumers left ends with code 0 and prints nothing (EN-3)", async () => {
    const { code, out, err } = await script(`
      const jobs = m.channel();
      for (let n = 0; n < 3; n++) m.go(function* () { for (;;) yield* jobs.receive(); });
      for (let n = 0; n < 3; n++) m.go(async function* () { for (;;) yield* jobs.receive(); });
      await m.go(function* () { for (let n = 0; n < 10; n++) yield* jobs.send(n); });
      console.log("done");
    `);
    expect([code, out, err]).toEqual([0, "done", ""]);
  });

  test("a far timeout that lost its select does not keep the process alive (EN-4)", async () => {
    const { code, out } = await script(`
      const c = m.channel(1);
      c.trySend(1);
      const parked = m.channel();
      const task = m.go(function* () { return (yield* m.select({ parked, late: m.sleep(1e9) })).key; });
      await m.select({ c, late: m.timeout(1e9) });
      setTimeout(() => parked.trySend(1), 20);
      console.log(await task);
    `);
    expect([code, out]).toEqual([0, "parked"]);
  });

  test("a timeout or a ticker without a receiver does not keep the process alive (EN-4)", async () => {
    const { code } = await script(`m.timeout(1e9); m.ticker(1000); m.sleep(1e9);`);
    expect(code).toBe(0);
  });

  test("a task that was cancelled in a far sleep does not keep the process alive (EN-4)", async () => {
    const { code, err } = await script(`
      const task = m.go(function* () { yield* m.sleep(1e9); });
      await m.sleep(5);
      task.cancel();
    `);
    expect([code, err]).toEqual([0, ""]);
  });

  test("a timer that a task waits for keeps the process alive (EN-4)", async () => {
    const { code, out } = await script(`m.go(function* () { yield* m.sleep(100); console.log("woke"); });`);
    expect([code, out]).toEqual([0, "woke"]);
  });
});

describe.concurrent("a failure that noneParked joined (GO-2)", () => {
  test.each(["function*", "async function*"])(
    "a failed %s that no task joined is one unhandled rejection (GO-2)",
    async (form) => {
      const { out } = await script(`
      process.on("unhandledRejection", (error) => console.log("unhandled", error.message));
      m.go(${form} () { throw new Error("lost"); });
      await m.sleep(50);
    `);
      expect(out).toBe("unhandled lost");
    },
  );

  test("a failed task that no task joined ends the process with code 1 by default (GO-2)", async () => {
    const { code, err } = await script(`m.go(function* () { throw new Error("lost"); });`);
    expect(code).toBe(1);
    expect(err).toContain("Error: lost");
  });

  test("a failed task that is joined late is handled late (GO-2)", async () => {
    const { out } = await script(`
      process.on("unhandledRejection", (error) => console.log("unhandled", error.message));
      process.on("rejectionHandled", () => console.log("handled"));
      const task = m.go(function* () { throw new Error("lost"); });
      await m.sleep(20);
      await task.then(undefined, (error) => console.log("joined", error.message));
      await m.sleep(20);
    `);
    expect(out.split("\n").sort()).toEqual(["handled", "joined lost", "unhandled lost"]);
  });

  test("a failed task that is joined in the same turn is not reported (GO-2)", async () => {
    const { code, out, err } = await script(`
      const task = m.go(function* () { throw new Error("met"); });
      await task.then(undefined, (error) => console.log("joined", error.message));
    `);
    expect([code, out, err]).toEqual([0, "joined met", ""]);
  });
});

describe("timers under full load (GO-5)", () => {
  test.each([
    ["sync bodies", "m.go(function* () { while (!over) yield* m.always(0); });"],
    ["async bodies", "m.go(async function* () { while (!over) yield* m.always(0); });"],
    ["plain awaits", "(async () => { while (!over) await m.always(0); })();"],
    [
      "sync bodies that hand over",
      "const c = m.channel(); m.go(function* () { while (!over) yield* c.send(0); }); m.go(function* () { while (!over) yield* c.receive(); });",
    ],
    [
      "async bodies that hand over",
      "const c = m.channel(); m.go(async function* () { while (!over) yield* c.send(0); }); m.go(async function* () { while (!over) yield* c.receive(); });",
    ],
    [
      "plain awaits that hand over",
      "const c = m.channel(); (async () => { while (!over) await c.send(0); })(); (async () => { while (!over) await c.receive(); })();",
    ],
    ["a spawner", "const next = function* () { if (!over) m.go(next); }; m.go(next);"],
  ])("a timer of 10 ms fires in time beside %s", async (_, work) => {
    const { code, out } = await script(`
      let over = false;
      const start = performance.now();
      // Should the timers never fire, the work ends by itself.
      const watch = () => { if (performance.now() - start > 60_000) over = true; };
      m.go(function* () { while (!over) { watch(); yield* m.pause(); } });
      ${work}
      const late = [];
      await new Promise((resolve) => {
        // Milliseconds of this process: those of others that share the processor do not count.
        const used = () => process.cpuUsage().user / 1000;
        let last = used();
        const beat = () => {
          late.push(used() - last);
          last = used();
          if (late.length < 10 && !over) setTimeout(beat, 10); else resolve();
        };
        setTimeout(beat, 10);
      });
      const inTime = !over;
      over = true;
      late.sort((a, b) => a - b);
      console.log(JSON.stringify({ inTime, median: late[Math.floor(late.length / 2)], count: late.length }));
      setTimeout(() => process.exit(0), 10);
    `);
    expect(code).toBe(0);
    const { inTime, median, count } = JSON.parse(out);
    expect([inTime, count]).toEqual([true, 10]);
    expect(median).toBeLessThan(100);
  });

  test("an async body makes progress beside a sync body that never parks (GO-5)", async () => {
    const { out } = await script(`
      let over = false;
      const start = performance.now();
      let alone = false;
      m.go(function* () { while (!over) { if (performance.now() - start > 60_000) alone = over = true; yield* m.always(0); } });
      const task = m.go(async function* () { for (let n = 0; n < 1000; n++) yield* m.pause(); over = true; });
      await task;
      console.log(alone);
    `);
    expect(out).toBe("false");
  });
});

describe.concurrent("timers that do not keep the process alive (EN-4)", () => {
  const background: [string, string][] = [
    ["a task that sleeps with unref", `m.go(function* () { for (;;) yield* m.sleep(60_000, { unref: true }); });`],
    [
      "a loop of plain code over a ticker with unref",
      `(async () => { for await (const _ of m.ticker(60_000, { unref: true })); })();`,
    ],
    ["a plain await of a sleep with unref", `m.sleep(60_000, { unref: true }).then(() => console.log("woke"));`],
    ["a select with a sleep with unref", `m.alt(m.sleep(60_000, { unref: true }), m.channel().receive()).then();`],
    [
      "an idle resource of a pool",
      `const pool = new m.Pool({ create: () => 1, max: 1, idle: 60_000 }); (await pool.acquire()).release();`,
    ],
    [
      "a closed program that sleeps with unref",
      `m.run(function* main() { yield* m.sleep(60_000, { unref: true }); });`,
    ],
  ];
  test.each(background)("the process ends without an error beside %s (EN-4)", async (_, source) => {
    const { code, out, err } = await script(`${source}\nawait m.sleep(5);\nconsole.log("main");`);
    expect([code, out, err]).toEqual([0, "main", ""]);
  });

  test("a background sleep wakes while something else keeps the process alive, and others still keep it alive (EN-4)", async () => {
    const { code, out } = await script(`
      let ticks = 0;
      m.go(function* () { for (;;) { yield* m.sleep(5, { unref: true }); ticks++; } });
      while (ticks <= 3) await m.sleep(5);
      console.log("woke");
      m.go(function* () { yield* m.sleep(30); console.log("kept alive"); });
    `);
    expect([code, out]).toEqual([0, "woke\nkept alive"]);
  });

  test("a closed program whose task sleeps in the background is in no deadlock (EN-1)", async () => {
    const { code, out } = await script(`
      const alive = setInterval(() => {}, 60);
      console.log(await m.run(function* main() { yield* m.sleep(20, { unref: true }); return "woke"; }));
      clearInterval(alive);
    `);
    expect([code, out]).toEqual([0, "woke"]);
  });
});

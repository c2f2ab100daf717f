// The reports of programs with a fault, as a terminal shows them: each says what to fix.

import { type Channel, channel, go, Mutex, pause, type Routine, sleep } from "millrace";
import { cell, choose, type Failed, forever, invariant, loop, type Step, type Verdict, verify } from "millrace/testing";
import { describe, expect, test } from "vitest";
import { shownName, withShownNames } from "../../src/testing/report/loop-names.js";
import { type TaskState, unserved, type Want } from "../../src/testing/report/unserved.js";

/** The report of a program, without what differs from machine to machine. */
async function reportOn(main: () => Routine<unknown>, options: object = {}): Promise<string> {
  const verdict: Verdict<unknown> = await verify(main, options);
  if (verdict.status !== "failed") return verdict.status;
  return verdict.report
    .replace(/, [\d.]+ ms\)/g, ")")
    .replace(/replay\("[^"]*"/g, 'replay("…"')
    .replace(/[^\s(]*reports\.test\.ts:(\d+):\d+/g, "reports.test.ts:LINE");
}

/** The same program, for the engine that runs every schedule: it has a channel of a kind that the model does not have. */
function whole(main: () => Routine<unknown>): () => Routine<unknown> {
  const copy = function* (): Routine<unknown> {
    channel<number>(0, { maxPending: 9 });
    return yield* main();
  };
  return Object.defineProperty(copy, "name", { value: main.name || "main" });
}

interface Account {
  readonly lock: Channel<{ readonly balance: number }>;
}

/** Two transfers that take the same two accounts in opposite order. */
function* accounts(): Routine<void> {
  const ann: Account = { lock: channel(1) };
  const bob: Account = { lock: channel(1) };
  yield* ann.lock.send({ balance: 100 });
  yield* bob.lock.send({ balance: 50 });
  const transfer = function* transfer(from: Account, to: Account): Routine<void> {
    const source = yield* from.lock.receive();
    const target = yield* to.lock.receive();
    if (typeof source === "symbol" || typeof target === "symbol") return;
    yield* from.lock.send({ balance: source.balance - 10 });
    yield* to.lock.send({ balance: target.balance + 10 });
  };
  const both = [go(transfer, ann, bob), go(transfer, bob, ann)];
  for (const task of both) yield* task;
}

interface Packet {
  readonly seq: number;
  readonly bit: number;
}

/** A receiver that does not compare the bit of a packet. */
function* protocol(): Routine<void> {
  const wire = channel<Packet>(0, { name: "wire" });
  const acks = channel<{ readonly bit: number }>(0, { name: "acks" });
  go(function* sender() {
    for (let seq = 0; seq < 2; seq++) {
      for (let bit = -1; bit !== seq % 2; ) {
        yield* wire.send({ seq, bit: seq % 2 });
        const lost = yield* choose(false, true);
        const ack = yield* acks.receive();
        if (!lost && typeof ack === "object") bit = ack.bit;
      }
    }
    wire.close();
  });
  let expected = 0;
  for (;;) {
    const packet = yield* wire.receive();
    if (typeof packet === "symbol") return;
    if (packet.seq !== expected) throw new Error(`got ${packet.seq} instead of ${expected}`);
    expected++;
    yield* acks.send({ bit: packet.bit });
  }
}

/** A worker that fails while `main` waits for its answer. */
function* workerDies(): Routine<void> {
  const jobs = channel<{ readonly id: number; readonly user: { readonly name: string } | null }>(0, { name: "jobs" });
  const answers = channel<string>(0, { name: "answers" });
  go(function* worker() {
    const job = yield* jobs.receive();
    if (typeof job === "object") yield* answers.send(job.user!.name);
  });
  yield* jobs.send({ id: 1, user: null });
  yield* answers.receive();
}

/** The first answer wins; the search that loses is left behind. */
function* firstAnswer(): Routine<void> {
  const answers = channel<string>();
  const ask = function* ask(server: string): Routine<void> {
    yield* answers.send(`from ${server}`);
  };
  const search = go(function* search() {
    go(ask, "a");
    go(ask, "b");
    return yield* answers.receive();
  });
  yield* search;
}

/** Two endless servers, one of which loses its token. */
function* losesToken(): Routine<void> {
  const tokens = channel<number>();
  const ticks = channel<number>();
  go(forever, function* waitsForToken() {
    yield* tokens.receive();
  });
  go(forever, function* ticking() {
    yield* ticks.send(1);
  });
  go(forever, function* counting() {
    yield* ticks.receive();
  });
  yield* tokens.send(1);
}

/** A task that ends without releasing its lock. */
function* lockLost(): Routine<void> {
  const lock = new Mutex({ name: "m" });
  yield* go(function* taker() {
    yield* lock.lock();
  });
  using _ = yield* lock.lock();
}

describe("the report", () => {
  test("a worker that failed is the first line, and not the task that waits for its answer", async () => {
    expect(await reportOn(workerDies)).toMatchInlineSnapshot(`
      "✗ workerDies: throw, shortest schedule has 1 event (2 states)
          worker#0    failed   TypeError: Cannot read properties of null (reading 'name')  at reports.test.ts:LINE
          workerDies  blocked  receive from answers  reports.test.ts:LINE
          no task is left that sends to answers (worker#0 has failed)
             schedule
          1. workerDies  send {"id":1,"user":null} to jobs, taken by worker#0
          replay("…", main)"
    `);
  });

  test("in the engine that runs every schedule, the failed worker is the first line as well", async () => {
    expect(await reportOn(whole(workerDies))).toMatchInlineSnapshot(`
      "✗ workerDies: throw, found by run 1; first in, first out
          worker#0      failed   TypeError: Cannot read properties of null (reading 'name')  at reports.test.ts:LINE
          workerDies#0  blocked  receive from answers
          no task is left that sends to answers (worker#0 has failed)
             schedule                                                worker#0                     workerDies#0
          1. worker#0      receive {"id":1,"user":null} from jobs    jobs ? {"id":1,"user":null}
          2. workerDies#0  send {"id":1,"user":null} to jobs                                      jobs ! {"id":1,"user":null}
          replay("…", main)"
    `);
  });

  test("a protocol that repeats a packet is shown with the numbers of its packets", async () => {
    expect(await reportOn(protocol)).toMatchInlineSnapshot(`
      "✗ protocol: throw, shortest schedule has 4 events (10 states)
          protocol  failed   Error: got 0 instead of 1  at reports.test.ts:LINE
          sender#0  blocked  its turn  reports.test.ts:LINE
             schedule
          1. sender#0  send {"seq":0,"bit":0} to wire, taken by protocol
          2. sender#0  choose true
          3. protocol  send {"bit":0} to acks, taken by sender#0
          4. sender#0  send {"seq":0,"bit":0} to wire, taken by protocol
          replay("…", main)"
    `);
    expect(await reportOn(whole(protocol))).toMatchInlineSnapshot(`
      "✗ protocol: throw, found by run 2; 1 decisions differ from first in, first out
          protocol#0  failed   Error: got 1 instead of 2  at reports.test.ts:LINE
              schedule                                           sender#0                  protocol#0
           1. sender#0    send {"seq":0,"bit":0} to wire         wire ! {"seq":0,"bit":0}
           2. sender#0    choose false                           choose false
           3. protocol#0  receive {"seq":0,"bit":0} from wire                              wire ? {"seq":0,"bit":0}
           4. protocol#0  send {"bit":0} to acks                                           acks ! {"bit":0}
           5. sender#0    receive {"bit":0} from acks            acks ? {"bit":0}
           6. sender#0    send {"seq":1,"bit":1} to wire         wire ! {"seq":1,"bit":1}
           7. sender#0    choose true                            choose true
           8. protocol#0  receive {"seq":1,"bit":1} from wire                              wire ? {"seq":1,"bit":1}
           9. protocol#0  send {"bit":1} to acks                                           acks ! {"bit":1}
          10. sender#0    receive {"bit":1} from acks            acks ? {"bit":1}
          11. sender#0    send {"seq":1,"bit":1} to wire         wire ! {"seq":1,"bit":1}
          12. sender#0    choose false                           choose false
          13. protocol#0  receive {"seq":1,"bit":1} from wire                              wire ? {"seq":1,"bit":1}
          replay("…", main)"
    `);
  });

  test("two transfers that lock each other out are shown with their cycle and balances", async () => {
    expect(await reportOn(accounts)).toMatchInlineSnapshot(`
      "✗ accounts: deadlock, shortest schedule has 4 events (9 states)
          accounts    blocked  join transfer#0         reports.test.ts:LINE
          transfer#0  blocked  receive from channel#1  reports.test.ts:LINE
          transfer#1  blocked  receive from channel#0  reports.test.ts:LINE
          cycle: transfer#0 → transfer#1 → transfer#0
             schedule
          1. accounts    send {"balance":100} to channel#0
          2. accounts    send {"balance":50} to channel#1
          3. transfer#0  receive {"balance":100} from channel#0
          4. transfer#1  receive {"balance":50} from channel#1
          replay("…", main)"
    `);
  });
});

/** A reader that does not take the lock. */
function* forgetsLock(): Routine<void> {
  const [left, right] = [cell(0), cell(0)];
  const lock = new Mutex();
  invariant("while a reader looks, left equals right", () => !reading.value || left.value === right.value);
  const reading = cell(false);
  const writer = go(function* writer() {
    using _ = yield* lock.lock();
    left.value = 1;
    yield* sleep(1);
    right.value = 1;
  });
  const reader = go(function* reader() {
    yield* pause();
    reading.value = true;
    yield* pause();
    reading.value = false;
  });
  yield* writer;
  yield* reader;
}

/** A program that fails by one of its choices. */
function* choosesLate(): Routine<void> {
  const answer = yield* choose("early", "late");
  if (answer === "late") throw new Error("too late");
}

describe("the steps", () => {
  test("an invariant that does not hold is shown with the values of cells, and with their writes as steps", async () => {
    expect(await reportOn(forgetsLock)).toMatchInlineSnapshot(`
      "✗ forgetsLock: invariant, shortest schedule has 4 events (12 states)
          Error: while a reader looks, left equals right does not hold
          forgetsLock  blocked  join writer#0  reports.test.ts:LINE
          writer#0     blocked  sleep of 1 ms
          reader#1     blocked  its turn       reports.test.ts:LINE
          cell 0 is 1, written by writer#0 in step 2
          cell 1 is 0
          cell 2 is true, written by reader#1 in step 4
             schedule                          writer#0      reader#1
          1. writer#0  lock mutex#0            lock mutex#0
          2. writer#0  write 1 to cell 0       cell 0 = 1
          3. reader#1  pause                                 pause
          4. reader#1  write true to cell 2                  cell 2 = true
          replay("…", main)"
    `);
    expect(await reportOn(whole(forgetsLock))).toMatchInlineSnapshot(`
      "✗ forgetsLock: invariant, found by run 1; first in, first out
          Error: while a reader looks, left equals right does not hold
          cell 0 is 1, written by writer#0 in step 1
          cell 1 is 0
          cell 2 is true, written by reader#1 in step 2
             schedule                          writer#0    reader#1
          1. writer#0  write 1 to cell 0       cell 0 = 1
          2. reader#1  write true to cell 2                cell 2 = true
          replay("…", main)"
    `);
  });

  test("a choice is a step", async () => {
    expect(await reportOn(choosesLate)).toMatchInlineSnapshot(`
      "✗ choosesLate: throw, shortest schedule has 1 event (3 states)
          choosesLate  failed   Error: too late  at reports.test.ts:LINE
             schedule
          1. choosesLate  choose "late"
          replay("…", main)"
    `);
    expect(await reportOn(whole(choosesLate))).toMatchInlineSnapshot(`
      "✗ choosesLate: throw, found by run 2; 1 decisions differ from first in, first out
          choosesLate#0  failed   Error: too late  at reports.test.ts:LINE
             schedule
          1. choosesLate#0  choose "late"
          replay("…", main)"
    `);
  });
});

describe("the last lines on what waits", () => {
  test("a search that loses is told that the receiver of its answer is done", async () => {
    expect(await reportOn(firstAnswer)).toMatchInlineSnapshot(`
      "✗ firstAnswer: leak, shortest schedule has 2 events (5 states)
          search#0/ask#1  blocked  send "from b" to channel#0  reports.test.ts:LINE
          no task is left that receives from channel#0 (search#0 is done)
             schedule
          1. search#0/ask#0  send "from a" to channel#0, taken by search#0
          2. firstAnswer     join search#0
          replay("…", main)"
    `);
    expect(await reportOn(whole(firstAnswer))).toMatchInlineSnapshot(`
      "✗ firstAnswer: leak, found by run 1; first in, first out
          search#0/ask#1  blocked  send to channel#1  started search (reports.test.ts:LINE)
          no task is left that receives from channel#1 (search#0 is done)
             schedule                                           search#0/ask#0        search#0
          1. search#0/ask#0  send "from a" to channel#1         channel#1 ! "from a"
          2. search#0        receive "from a" from channel#1                          channel#1 ? "from a"
          replay("…", main)"
    `);
  });

  test("a server that waits for a token for ever is told that the task that sent tokens is done", async () => {
    expect(await reportOn(losesToken)).toMatchInlineSnapshot(`
      "✗ losesToken: stuck, shortest schedule has 1 event (2 states)
          waitsForToken#0  blocked  receive from channel#0  reports.test.ts:LINE
          no task is left that sends to channel#0 (losesToken is done)
          meanwhile other tasks go on: ticking#1, counting#2
             schedule                                                     losesToken     waitsForToken#0
          1. losesToken  send 1 to channel#0, taken by waitsForToken#0    channel#0 ! 1  channel#0 ? 1
          replay("…", main)"
    `);
  });

  test("a task that waits for a lock is told which task has ended with it", async () => {
    expect(await reportOn(lockLost)).toMatchInlineSnapshot(`
      "✗ lockLost: deadlock, shortest schedule has 2 events (3 states)
          lockLost  blocked  lock mutex m, held by taker#0  reports.test.ts:LINE
          no task is left that releases mutex m (taker#0 is done)
             schedule                  taker#0       lockLost
          1. taker#0   lock mutex m    lock mutex m
          2. lockLost  join taker#0                  join taker#0
          replay("…", main)"
    `);
    expect(await reportOn(whole(lockLost))).toMatchInlineSnapshot(`
      "✗ lockLost: deadlock, found by run 1; first in, first out
          lockLost#0  blocked  lock mutex m, held by taker#0, which is over
          replay("…", main)"
    `);
  });

  const ended = (task: string): TaskState => ({ task, ended: "is done" });
  const alive = (task: string): TaskState => ({ task, ended: null });
  const sent = (task: string): Step => ({ task, what: "", cells: {}, channel: "jobs", act: "send" });
  const handed = (task: string, peer: string): Step => ({ ...sent(task), peer });
  const receives: Want = { task: "worker", channel: "jobs", end: "receive" };
  const sends: Want = { task: "main", channel: "jobs", end: "send" };

  test.each<[string, Want[], Step[], TaskState[], boolean, string[]]>([
    [
      "all senders are over",
      [receives],
      [sent("a")],
      [alive("worker"), ended("a"), alive("b")],
      false,
      ["no task is left that sends to jobs (a is done)"],
    ],
    [
      "a receiver is over",
      [sends],
      [handed("main", "w")],
      [alive("main"), ended("w")],
      false,
      ["no task is left that receives from jobs (w is done)"],
    ],
    ["a sender is parked elsewhere", [receives], [sent("a")], [alive("worker"), alive("a")], false, []],
    [
      "a sender goes on elsewhere for ever",
      [receives],
      [sent("a")],
      [alive("worker"), alive("a")],
      true,
      ["no task sends to jobs any more"],
    ],
    [
      "none has sent, and all others are over",
      [receives],
      [],
      [alive("worker"), ended("main")],
      false,
      ["no task is left that sends to jobs (main is done)"],
    ],
    [
      "none has sent, and others are parked",
      [receives],
      [],
      [alive("worker"), alive("main")],
      false,
      ["no task sends to jobs: the others are over or wait elsewhere"],
    ],
    [
      "none has sent, and others go on",
      [receives],
      [],
      [alive("worker"), alive("main")],
      true,
      ["no task sends to jobs"],
    ],
    ["there is no other task", [receives], [], [alive("worker")], false, ["no task is left that sends to jobs"]],
    [
      "five senders are over",
      [receives],
      [..."abcde"].map(sent),
      [alive("worker"), ...[..."abcde"].map(ended)],
      false,
      ["no task is left that sends to jobs (a is done, b is done, c is done, 2 more are over)"],
    ],
  ])("%s", (_, wants, steps, tasks, goesOn, notes) => {
    expect(unserved(wants, steps, tasks, goesOn)).toEqual(notes);
  });
});

describe("a task whose body is a loop", () => {
  /** Two servers that run for ever, and one that counts; one of them starts a task, and makes a channel. */
  function* servers(): Routine<void> {
    const questions = channel<number>();
    go(forever, function* answers() {
      yield* questions.receive();
    });
    go(loop, 0, function* counts(n: number) {
      const replies = channel<number>();
      go(function* asks() {
        yield* replies.receive();
      });
      yield* replies.receive();
      return n;
    });
    yield* channel<number>(0, { name: "lost" }).receive();
  }

  test.each([
    ["model", servers],
    ["runs", whole(servers)],
  ])(
    "has the name of the body that it runs again and again, and what it makes has that too (%s)",
    async (engine, main) => {
      const { schedule, ...verdict } = (await verify(main)) as Failed;
      expect(verdict).toMatchObject({ kind: "deadlock", engine });
      const names = schedule.waiting.map(({ task }) => task).sort();
      expect(names).toEqual(["answers#0", "counts#1", "counts#1/asks#0", expect.stringMatching(/^servers/)]);
      const waits = schedule.waiting.find(({ task }) => task === "counts#1")!.waitsFor;
      expect(waits).toBe("receive from counts#1/channel#0");
      expect(JSON.stringify(schedule)).not.toMatch(/forever|loop/);
    },
  );

  test.each([
    ["serve#1", "forever#1"],
    ["forever#11", "forever#11"],
    ["serve#1/count#2/channel#0", "forever#1/loop#2/channel#0"],
    ["main#0/forever#1", "main#0/forever#1"],
  ])("%s is shown for %s", (shown, name) => {
    const loops = new Map([
      ["forever#1", "serve"],
      ["forever#1/loop#2", "count"],
    ]);
    expect(shownName(name, loops)).toBe(shown);
    if (!name.startsWith("main")) expect(withShownNames(`join ${name}`, loops)).toBe(`join ${shown}`);
  });
});

describe("the tasks that failed", () => {
  const joined = function* (): Routine<void> {
    const lost = channel<number>();
    const inner = go(function* inner() {
      throw new RangeError("too many");
    });
    const outer = go(function* outer() {
      yield* inner;
    });
    yield* pause();
    try {
      yield* outer;
    } catch {}
    yield* lost.receive();
  };

  test.each([
    ["model", joined],
    ["runs", whole(joined)],
  ])("a failure that a task rethrows counts once, for the task that threw it first (%s)", async (engine, main) => {
    const verdict = await verify(main);
    expect(verdict).toMatchObject({ status: "failed", kind: "deadlock", engine });
    const { schedule } = verdict as Failed;
    expect(schedule.failed).toMatchObject([{ task: "inner#0", error: new RangeError("too many") }]);
    expect(schedule.failed[0]!.at).toMatch(/reports\.test\.ts:\d+:\d+$/);
    const { failed } = JSON.parse(JSON.stringify(verdict)).schedule;
    expect(failed).toMatchObject([{ task: "inner#0", error: { name: "RangeError", message: "too many" } }]);
  });
});

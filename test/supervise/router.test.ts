import { go, now, type Routine, sleep } from "millrace";
import { actor, ask, monitor, type Reply, type Route, router } from "millrace/supervise";
import { describe, expect, test } from "vitest";
import { inVirtualTime } from "./stage.js";

type Job = { readonly ms: number; readonly by?: (name: string) => void; readonly fail?: true };

describe("router()", () => {
  const worker = (job: Job, { self }: { self: { name: string } }) => {
    job.by?.(self.name);
    if (job.fail) throw new Error("a bad job");
    return sleep(job.ms);
  };
  const quiet = { name: "w" } as const;

  test("AC-14 (R1): round robin gives each of n messages to another actor", async () => {
    const seen = await inVirtualTime(function* (): Routine<string[]> {
      const names: string[] = [];
      const target = router<Job>(4, worker, { ...quiet, route: "round-robin" });
      for (let n = 0; n < 8; n++) yield* target.send({ ms: 1, by: (name) => names.push(name) });
      yield* sleep(10);
      yield* target.stop();
      return names;
    });
    expect(seen.slice(0, 4).sort()).toEqual(["w-1", "w-2", "w-3", "w-4"]);
    expect(seen.slice(4).sort()).toEqual(["w-1", "w-2", "w-3", "w-4"]);
  });

  test("AC-14: idle first: no message waits while an actor is free", async () => {
    const ms = await inVirtualTime(function* (): Routine<number> {
      const target = router<Job>(2, worker);
      const before = now();
      // One actor has a long job, the other one all the short ones.
      for (const ms of [100, 10, 10, 10, 10, 10]) yield* target.send({ ms });
      target.close();
      yield* target.exited();
      return now() - before;
    });
    expect(ms).toBe(100);
  });

  test("AC-14: a function routes each key to one actor, and when an actor leaves only its keys move", async () => {
    const [before, after] = await inVirtualTime(function* (): Routine<Map<string, string>[]> {
      const where = new Map<string, string>();
      type Keyed = Job & { key: string };
      const target = router<Keyed>(5, worker, { ...quiet, route: ({ key }) => key });
      const keys = Array.from({ length: 200 }, (_, n) => `key ${n}`);
      const send = function* (): Routine<Map<string, string>> {
        where.clear();
        for (const key of keys) yield* target.send({ key, ms: 0, by: (name) => where.set(key, name) });
        yield* sleep(5);
        return new Map(where);
      };
      const first = yield* send();
      const end = monitor(target);
      yield* target.send({ key: "key 0", ms: 0, fail: true });
      yield* sleep(1);
      void end;
      const second = yield* send();
      yield* target.stop();
      return [first, second];
    });
    const gone = before!.get("key 0");
    expect(new Set(before!.values()).size).toBe(5);
    const moved = [...before!].filter(([key, name]) => after!.get(key) !== name);
    expect(moved.every(([, name]) => name === gone)).toBe(true);
    expect([...after!.values()]).not.toContain(gone);
  });

  test.each<Route<Job>>(["idle", "round-robin", "random"])(
    "AC-14 (R1): an actor that ends leaves, the others go on, and the router ends with the last (%s)",
    async (route) => {
      const seen = await inVirtualTime(function* (): Routine<unknown[]> {
        const names: string[] = [];
        const target = router<Job>(2, worker, { ...quiet, route });
        const end = go(function* () {
          return yield* target.exited();
        });
        yield* target.send({ ms: 0, fail: true });
        yield* sleep(1);
        for (let n = 0; n < 4; n++) yield* target.send({ ms: 0, by: (name) => names.push(name) });
        yield* sleep(1);
        yield* target.send({ ms: 0, fail: true });
        const { kind } = yield* end;
        return [new Set(names).size, names.length, kind, target.closed, target.trySend({ ms: 0 })];
      });
      expect(seen).toEqual([1, 4, "failed", true, false]);
    },
  );

  test.each<Route<Question>>(["idle", "round-robin", "random", () => "one"])(
    "AC-14: a router can be asked, and a question fails with the actor that had it (%s)",
    async (route) => {
      const seen = await inVirtualTime(function* (): Routine<unknown[]> {
        const target = router<Question>(
          2,
          ({ n, reply }: Question) => {
            if (n < 0) throw new Error("negative");
            return sleep(1).map(() => reply(n * 2));
          },
          { route },
        );
        const end = go(function* () {
          return yield* target.exited();
        });
        const question = (n: number) => ask(target, (reply: Reply<number>): Question => ({ n, reply }));
        const answer = yield* question(21);
        let error = "";
        try {
          yield* question(-1);
        } catch (thrown) {
          error = String(thrown);
        }
        const again = yield* question(4);
        yield* target.stop();
        return [answer, error, again, (yield* end).kind];
      });
      expect(seen).toEqual([42, "Error: negative", 8, "cancelled"]);
    },
  );

  test("AC-14 (R1): what `broadcast` selects goes to every actor, and a question of it is answered once", async () => {
    const seen = await inVirtualTime(function* (): Routine<unknown[]> {
      const log: string[] = [];
      type Order = { readonly all: boolean; readonly reply?: Reply<string> };
      const target = router<Order>(
        3,
        ({ reply }, { self }) => {
          log.push(self.name);
          reply?.(self.name);
        },
        { name: "w", route: "round-robin", broadcast: ({ all }) => all, mailbox: 1 },
      );
      yield* sleep(1);
      // Each actor waits for the first, and its mailbox holds the second.
      const accepted = [1, 2, 3].map(() => target.trySend({ all: true }));
      accepted.push(yield* target.send({ all: true }));
      yield* sleep(1);
      const all = log.splice(0).sort().join(" ");
      const answer = yield* ask(target, (reply: Reply<string>): Order => ({ all: true, reply }));
      yield* sleep(1);
      const again = log.splice(0).sort().join(" ");
      yield* target.send({ all: false });
      yield* sleep(1);
      yield* target.stop();
      return [...accepted, all, answer, again, log.length, target.trySend({ all: true })];
    });
    const three = "w-1 w-1 w-1 w-2 w-2 w-2 w-3 w-3 w-3";
    expect(seen).toEqual([true, true, false, true, three, "w-1", "w-1 w-2 w-3", 1, false]);
  });

  test("AC-14: a router is closed when close() is called or the last actor has ended, and not before", async () => {
    const seen = await inVirtualTime(function* (): Routine<unknown[]> {
      const log: unknown[] = [];
      for (const close of [true, false]) {
        const target = router<Job>(2, worker, { ...quiet, route: "round-robin" });
        const closing = go(function* () {
          yield* target.whenClosed();
        });
        const end = go(function* () {
          return (yield* target.exited()).kind;
        });
        yield* target.send({ ms: 0, fail: true });
        yield* sleep(1);
        log.push(closing.status, target.closed);
        if (close) log.push(target.close(), target.close());
        else yield* target.send({ ms: 0, fail: true });
        yield* sleep(1);
        log.push(closing.status, target.closed, yield* end, yield* target.send({ ms: 0 }));
      }
      return log;
    });
    expect(seen).toEqual([
      ...["parked", false, true, false, "done", true, "done", false],
      ...["parked", false, "done", true, "failed", false],
    ]);
  });

  test.each<Exclude<Route<Job>, "idle">>(["round-robin", "random", () => "one"])(
    "AC-14 (R2): a router of other actors: they come and go, and are not stopped with it (%s)",
    async (route) => {
      const seen = await inVirtualTime(function* (): Routine<unknown[]> {
        const names: string[] = [];
        const job = (fail?: true): Job => ({ ms: 0, by: (name) => names.push(name), ...(fail && { fail }) });
        const make = (name: string) => actor<Job>(worker, { name });
        const [one, other] = [make("one"), make("other")];
        const target = router([one], { route, name: "group" });
        const log: unknown[] = [yield* target.send(job())];
        const membership = target.add(other);
        for (let n = 0; n < 40; n++) yield* target.send(job());
        yield* sleep(1);
        log.push(names.every((name) => ["one", "other"].includes(name)));
        membership[Symbol.dispose]();
        names.length = 0;
        for (let n = 0; n < 4; n++) yield* target.send(job());
        yield* sleep(1);
        log.push(names.join(" "));
        const failing = monitor(one);
        yield* target.send(job(true));
        log.push((yield* failing).kind, yield* target.send(job()), target.trySend(job()), target.closed);
        try {
          yield* ask(target, (_: Reply<void>) => job());
        } catch (error) {
          log.push(String(error));
        }
        target.add(other);
        log.push(yield* target.send(job()));
        const exit = yield* target.stop("enough");
        log.push(exit, target.closed, yield* target.send(job()), yield* other.send(job()));
        yield* other.stop();
        return log;
      });
      expect(seen).toEqual([
        ...[true, true, "one one one one", "failed", false, false, false],
        "Error: Cannot ask group: there is no actor that takes the question",
        ...[true, { kind: "cancelled", reason: "enough" }, true, false, true],
      ]);
    },
  );

  test.each<[actors: unknown, options: unknown, message: string]>([
    [
      [],
      { route: "idle" },
      'Cannot make router: route must not be "idle" for actors that have mailboxes of their own, got "idle"',
    ],
    [[1], {}, "Cannot add to router: it must be an actor, got 1"],
    [2, { broadcast: () => true }, 'Cannot make router: with broadcast, route must not be "idle", got "idle"'],
    [[], { broadcast: 1 }, "Cannot make router: broadcast must be a function, got 1"],
  ])("AC-14: router(%o, %o) is refused", (actors, options, message) => {
    const make = (): unknown =>
      typeof actors === "number" ? router(actors, worker, options as object) : router(actors as [], options as object);
    expect(make).toThrow(message);
  });

  test.each<[n: unknown, options: unknown, message: string]>([
    [0, {}, "Cannot make router: n must be a whole number, 1 or more, got 0"],
    [
      1,
      { route: "best" },
      'Cannot make router: route must be "idle", "round-robin", "random" or a function, got "best"',
    ],
    [1, { mailbox: -1 }, "Cannot make router: mailbox must be a whole number, 0 or more, got -1"],
  ])("AC-14: router(%o, …, %o) is refused", (n, options, message) => {
    expect(() => router(n as number, worker, options as object)).toThrow(message);
  });
});

type Question = { readonly n: number; readonly reply: Reply<number> };

// Supervised programs under every schedule, and in virtual time with children that are killed at random.

import { CLOSED, channel, go, never, now, pause, type Routine, sleep } from "millrace";
import { actor, ask, type Mailbox, type Reply, type Strategy, supervise } from "millrace/supervise";
import { simulate, verify } from "millrace/testing";
import { describe, expect, test } from "vitest";

/** Two children, of which the first fails once; it yields what has started. */
function tree(strategy: Strategy) {
  return function* main(): Routine<string> {
    const started = channel<string>(8);
    const child = (name: string) =>
      function* ({ incarnation }: { incarnation: number }): Routine<void> {
        yield* started.send(`${name}${incarnation}`);
        yield* sleep(name === "a" && incarnation === 1 ? 1 : 100);
        if (name === "a" && incarnation === 1) throw new Error("once");
        yield* never();
      };
    const sup = supervise({ a: child("a"), b: child("b") }, { strategy });
    yield* sup.ready();
    yield* sleep(10);
    yield* sup.stop();
    started.close();
    const names: string[] = [];
    for (let name: string | typeof CLOSED; (name = yield* started.receive()) !== CLOSED; ) names.push(name);
    return names.join(" ");
  };
}

describe("verify() of supervised programs", () => {
  test.each<[strategy: Strategy, seen: string]>([
    ["one-for-one", "a1 b1 a2"],
    ["one-for-all", "a1 b1 a2 b2"],
    ["rest-for-one", "a1 b1 a2 b2"],
  ])("a small tree restarts the same children under every schedule (%s)", async (strategy, seen) => {
    const verdict = await verify(tree(strategy));
    expect(verdict.status).toBe("proved");
    expect(verdict.status === "proved" && [...verdict.outcomes]).toEqual([seen]);
  });

  test("a question between two actors is answered under every schedule", async () => {
    type Question = { readonly n: number; readonly reply: Reply<number> };
    const verdict = await verify(function* main(): Routine<unknown> {
      const doubler = actor<Question>(function* doubler(mailbox: Mailbox<Question>) {
        for (let message: Question | typeof CLOSED; (message = yield* mailbox.receive()) !== CLOSED; )
          message.reply(message.n * 2);
      });
      const client = actor<never>(function* client() {
        return yield* ask(doubler, (reply: Reply<number>): Question => ({ n: 21, reply }));
      });
      const exit = yield* client.exited();
      yield* doubler.stop();
      return exit.kind === "done" ? exit.value : exit.kind;
    });
    expect(verdict.status).toBe("proved");
    expect(verdict.status === "proved" && [...verdict.outcomes]).toEqual([42]);
  });

  test("a question and the failure of the actor: answered or told, under every schedule", async () => {
    const verdict = await verify(function* main(): Routine<unknown> {
      const target = actor<Reply<string> | "fail">((message: Reply<string> | "fail") => {
        if (message === "fail") throw new Error("told");
        message("answered");
      });
      const end = go(function* (): Routine<string> {
        return (yield* target.exited()).kind;
      });
      go(function* breaker(): Routine<void> {
        yield* target.send("fail");
      });
      yield* pause();
      let outcome: string;
      try {
        outcome = yield* ask(target, (reply: Reply<string>) => reply);
      } catch (error) {
        outcome = (error as Error).message;
      }
      yield* end;
      return outcome;
    });
    expect(verdict.status).toBe("proved");
    expect(verdict.status === "proved" && [...verdict.outcomes].sort()).toEqual(["answered", "told"]);
  });

  test("what it cannot explore to the end is bounded, and says why", async () => {
    const verdict = await verify(tree("one-for-all"), { maxEvents: 20 });
    expect(verdict.status).toBe("bounded");
    expect(verdict.status === "bounded" && verdict.reason).not.toBe("");
  });
});

test("SV-24: what a program leaves behind is told by the names of the children and actors, as leaks are", async () => {
  const verdict = await verify(
    function* main(): Routine<void> {
      const idle = function* (): Routine<void> {
        yield* never();
      };
      const sup = supervise({ a: idle, inner: { children: { b: idle } } }, { name: "app" });
      yield* sup.ready();
      const clerk = actor<number>(() => {}, { name: "clerk" });
      yield* clerk.send(1);
    },
    { leaks: true },
  );
  const report = verdict.status === "failed" ? verdict.report : "";
  expect(verdict.status === "failed" && verdict.kind).toBe("leak");
  for (const name of ["app#0", "app#0/a#0", "app#0/inner#1", "app#0/inner#1/b#0", "clerk#1"])
    expect(report).toContain(name);
});

describe("simulate() of supervised programs", () => {
  test("children that are killed at random are restarted, and no acknowledged message is lost", async () => {
    type Deposit = { readonly amount: number; readonly reply: Reply<void> };
    const simulation = await simulate(
      function* main(): Routine<string> {
        let balance = 0;
        const bank = actor<Deposit>(
          function* bank(mailbox) {
            for (let next: Deposit | typeof CLOSED; (next = yield* mailbox.receive()) !== CLOSED; ) {
              yield* sleep(3);
              balance += next.amount;
              next.reply();
            }
          },
          { name: "bank" },
        );
        const sup = supervise({ bank }, { intensity: 1_000 });
        yield* sup.ready();
        let acknowledged = 0;
        let failed = 0;
        for (let n = 0; n < 20; n++) {
          try {
            yield* ask(bank, (reply: Reply<void>): Deposit => ({ amount: 1, reply }));
            acknowledged++;
          } catch {
            failed++;
          }
        }
        const { restarts } = sup.child("bank")!;
        yield* sup.stop();
        if (acknowledged !== balance) throw new Error(`${acknowledged} acknowledged, ${balance} done`);
        return `${restarts > 0 ? "restarted" : "not restarted"}, ${failed > 0 ? "some failed" : "none failed"}`;
      },
      { faults: { bank: { kill: 0.5, killMs: 40 } }, schedules: 200 },
    );
    expect([...simulation.outcomes].sort()).toContain("not restarted, none failed");
    expect([...simulation.outcomes]).toContain("restarted, some failed");
  });

  test("SV-22: delays with jitter are those of the seed", async () => {
    const delays = async (seed: number): Promise<unknown[]> => {
      const simulation = await simulate(
        function* main(): Routine<string> {
          const client = {
            *body(): Routine<never> {
              yield* sleep(1);
              throw new Error("again");
            },
            backoff: { min: 10, max: 1_000, jitter: 1 },
          };
          const sup = supervise({ client }, { intensity: 3, period: 1e9 });
          yield* sup.exited();
          const found: number[] = [];
          for (let event; typeof (event = sup.events.tryReceive()) === "object"; )
            if (event.type === "restarting") found.push(event.delay);
          return found.join(" ");
        },
        { schedules: 3, seed },
      );
      return [...simulation.outcomes];
    };
    const [first, again, other] = [await delays(1), await delays(1), await delays(2)];
    expect(first).toHaveLength(3);
    expect(again).toEqual(first);
    expect(other).not.toEqual(first);
  });

  test("a child that is always killed has its restarts, and is then given up", async () => {
    const simulation = await simulate(
      function* main(): Routine<unknown> {
        const sup = supervise(
          {
            *worker() {
              yield* never();
            },
          },
          { intensity: 2 },
        );
        const start = now();
        const exit = yield* sup.exited();
        const { restarts } = sup.child("worker")!;
        return `${exit.kind} after ${restarts} restarts, in ${now() - start > 30 ? "more" : "less"} than 30 ms`;
      },
      { faults: { worker: { kill: 1, killMs: 10 } }, schedules: 100 },
    );
    expect([...simulation.outcomes]).toEqual(["cancelled after 2 restarts, in less than 30 ms"]);
  });

  test.each([
    [{ worker: { kill: 2 } }, "Cannot plan faults for worker: kill must be from 0 to 1, got 2"],
    [{ worker: { kill: 1, killMs: 0 } }, "Cannot plan faults for worker: killMs must be above 0, got 0"],
  ])("a plan %o is refused", (faults, message) => {
    expect(() => simulate(function* main() {}, { faults })).toThrow(message);
  });
});

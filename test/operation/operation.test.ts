import {
  aborted,
  alt,
  always,
  CLOSED,
  channel,
  go,
  guard,
  never,
  type Operation,
  pause,
  promiseChannel,
  select,
  settled,
  sleep,
  withNack,
} from "millrace";
import { replaceHost, usePolicy } from "millrace/host";
import { describe, expect, test } from "vitest";
import { ask, forms, giving, goForms, noneParked, queues } from "../support/model.js";
import { seeded, virtualTime } from "../support/virtual.js";

describe.each(forms)("$form", ({ start }) => {
  test("OP-1: creating an operation performs nothing", async () => {
    using time = virtualTime();
    const ch = channel<number>(1);
    ch.trySend(1);
    let made = 0;
    ch.receive();
    ch.send(2);
    ch.receive().map(() => made++);
    select({ ch, send: ch.send(3), g: guard(() => always(made++)), n: withNack(() => always(made++)), late: sleep(5) });
    alt(ch, ch.send(4));
    await time.settle();
    expect([ch.length, made, time.timers]).toEqual([1, 0, 0]);
    expect(queues(ch)).toEqual(noneParked);
  });

  test("OP-1: an operation may be performed again after it completed: a send, a receive, a select, a mapped one", async () => {
    using time = virtualTime();
    const ch = channel<number>(1);
    const got: unknown[] = [];
    start(function* () {
      const send = ch.send(7);
      const receive = ch.receive();
      const mapped = ch.receive().map((value) => [value]);
      const either = select({ ch }, { mode: "priority" });
      for (let n = 0; n < 3; n++) {
        for (const operation of [receive, mapped, either]) {
          got.push(yield* ask(send), yield* ask<unknown>(operation));
        }
      }
    });
    await time.settle();
    const round = [true, 7, true, [7], true, { key: "ch", value: 7 }];
    expect(got).toEqual([...round, ...round, ...round]);
  });

  test("OP-1: an operation that parked and completed may be performed again", async () => {
    using time = virtualTime();
    const ch = channel<number>();
    const got: unknown[] = [];
    start(function* () {
      const receive = ch.receive();
      const either = alt(ch.receive(), never());
      for (let n = 0; n < 3; n++) got.push(yield* ask(receive), yield* ask(either));
    });
    for (let n = 0; n < 6; n++) {
      await time.settle();
      expect(ch.trySend(n)).toBe(true);
    }
    await time.settle();
    expect(got).toEqual([0, 1, 2, 3, 4, 5]);
  });

  test("OP-1: performing an operation while it is parked throws a TypeError, and the first performance is unharmed", async () => {
    using time = virtualTime();
    const makes = [
      (ch: ReturnType<typeof channel<number>>): Operation<unknown> => ch.receive(),
      (ch: ReturnType<typeof channel<number>>): Operation<unknown> => ch.receive().map((value) => value),
      (ch: ReturnType<typeof channel<number>>): Operation<unknown> => alt(ch, never()),
      (ch: ReturnType<typeof channel<number>>): Operation<unknown> => select({ ch }).map(({ value }) => value),
    ];
    for (const make of makes) {
      const ch = channel<number>();
      const operation = make(ch);
      const got: unknown[] = [];
      for (let n = 0; n < 2; n++) {
        start(function* () {
          try {
            got.push(yield* ask(operation));
          } catch (error) {
            got.push(error);
          }
        });
      }
      await time.settle();
      expect(got.length, make.toString()).toBe(1);
      expect(got[0]).toBeInstanceOf(TypeError);
      expect((got[0] as Error).message).toMatch(/parked/);
      expect(queues(ch)).toEqual({ senders: 0, receivers: 1 });
      ch.trySend(5);
      await time.settle();
      expect(got[1]).toBe(5);
    }
  });

  test("OP-1: an operation that is parked as a case throws when it is performed alone, or in another select", async () => {
    using time = virtualTime();
    const ch = channel<number>();
    const receive = ch.receive();
    const errors: unknown[] = [];
    let first: unknown;
    start(function* () {
      first = yield* ask(select({ receive, silent: channel<number>() }));
    });
    await time.settle();
    for (const operation of [
      receive,
      receive.map(String),
      alt(receive, never()),
      select({ receive }),
      guard(() => receive),
    ]) {
      start(function* () {
        try {
          yield* ask<unknown>(operation);
        } catch (error) {
          errors.push(error);
        }
      });
    }
    await time.settle();
    expect(errors.length).toBe(5);
    for (const error of errors) expect(error).toBeInstanceOf(TypeError);
    expect(queues(ch)).toEqual({ senders: 0, receivers: 1 });
    ch.trySend(1);
    await time.settle();
    expect(first).toEqual({ key: "receive", value: 1 });
  });

  test("OP-3: Operation.map(f) runs f once, only if the operation wins, and composes", async () => {
    using time = virtualTime();
    const [a, b] = [channel<number>(), channel<number>()];
    const ran: string[] = [];
    let got: unknown;
    start(function* () {
      got = yield* ask(
        alt(
          a.receive().map((value) => giving(ran.push("a"), value)),
          b
            .receive()
            .map((value) => giving(ran.push("b1"), [value]))
            .map((value) => giving(ran.push("b2"), { value })),
        ),
      );
    });
    await time.settle();
    expect(ran).toEqual([]);
    b.trySend(3);
    expect(ran).toEqual([]);
    await time.settle();
    expect(ran).toEqual(["b1", "b2"]);
    expect(got).toEqual({ value: [3] });
    expect(queues(a)).toEqual(noneParked);
  });

  test("OP-3: an exception of map's function is the performing task's, whether the operation parked or not; the peer has its value across", async () => {
    using time = virtualTime();
    for (const early of [true, false]) {
      const ch = channel<number>();
      const log: unknown[] = [];
      const send = () =>
        start(function* () {
          log.push(yield* ask(ch.send(1)));
        });
      if (early) send();
      await time.settle();
      start(function* () {
        try {
          yield* ask(
            ch.receive().map(() => {
              throw new Error("in map");
            }),
          );
        } catch (error) {
          log.push((error as Error).message);
        }
      });
      await time.settle();
      if (!early) send();
      await time.settle();
      expect(log.sort()).toEqual(["in map", true]);
      expect(queues(ch)).toEqual(noneParked);
    }
  });

  test("OP-4: guard(make) builds its operation anew each time it is performed", async () => {
    using time = virtualTime();
    let made = 0;
    const guarded = guard(() => always(++made));
    const got: unknown[] = [];
    start(function* () {
      got.push(yield* ask(guarded), yield* ask(guarded));
      got.push((yield* ask(select({ guarded, silent: channel() }))).value);
      got.push(yield* ask(guarded.map((n) => n * 10)));
    });
    await time.settle();
    expect(got).toEqual([1, 2, 3, 40]);
  });

  test("OP-4: guard(make) makes once for a performance that parks, too", async () => {
    using time = virtualTime();
    let made = 0;
    const ch = channel<number>();
    const got: unknown[] = [];
    start(function* () {
      const guarded = guard(() => giving(made++, ch.receive()));
      got.push(yield* ask(guarded), yield* ask(guarded));
    });
    await time.settle();
    expect(made).toBe(1);
    ch.trySend(1);
    await time.settle();
    expect(made).toBe(2);
    ch.trySend(2);
    await time.settle();
    expect([got, made]).toEqual([[1, 2], 2]);
  });

  test("OP-4: what make throws is the performer's, also when it is a case, and nothing stays registered", async () => {
    using time = virtualTime();
    const ch = channel<number>();
    const failing = guard<number>(() => {
      throw new Error("in make");
    });
    const errors: string[] = [];
    for (const operation of [failing, select({ ch, failing }, { mode: "priority" }), guard(() => 3 as never)]) {
      start(function* () {
        try {
          yield* ask<unknown>(operation);
        } catch (error) {
          errors.push((error as Error).message);
        }
      });
    }
    await time.settle();
    expect(errors.slice(0, 2)).toEqual(["in make", "in make"]);
    expect(errors[2]).toMatch(/must return an operation/);
    expect(queues(ch)).toEqual(noneParked);
  });

  test("OP-4: withNack(make): lost becomes ready exactly when another case won, at once or later", async () => {
    using time = virtualTime();
    for (const parks of [false, true]) {
      for (const nackWins of [false, true]) {
        const [mine, other] = [channel<number>(1), channel<number>(1)];
        let lost = 0;
        let won: unknown;
        const asking = withNack((nack) => {
          go(function* () {
            yield* nack;
            lost++;
          });
          return mine.receive();
        });
        const decide = () => (nackWins ? mine : other).trySend(1);
        if (!parks) decide();
        start(function* () {
          won = (yield* ask(select({ asking, other }, { mode: "priority" }))).key;
        });
        await time.settle();
        if (parks) {
          expect([won, lost]).toEqual([undefined, 0]);
          decide();
          await time.settle();
        }
        expect([won, lost]).toEqual(nackWins ? ["asking", 0] : ["other", 1]);
        expect([queues(mine), queues(other)]).toEqual([noneParked, noneParked]);
      }
    }
  });

  test("OP-4: withNack(make) loses to a default", async () => {
    using time = virtualTime();
    let lost = false;
    const asking = withNack((nack) => {
      go(function* () {
        yield* nack;
        lost = true;
      });
      return never();
    });
    let got: unknown;
    start(function* () {
      got = yield* ask(select({ asking }, { default: 0 }));
    });
    await time.settle();
    expect([got, lost]).toEqual([{ key: "default", value: 0 }, true]);
  });

  test("OP-5: always(v) is ready and never() is not", async () => {
    using time = virtualTime();
    const got: unknown[] = [];
    start(function* () {
      got.push(yield* ask(always("v")));
      got.push(yield* ask(alt(never(), always(undefined))));
      yield* ask(never());
      got.push("never");
    });
    await time.settle();
    expect(got).toEqual(["v", undefined]);
  });

  test("OP-5: alt() with no operations is never(); alt(op) is op", async () => {
    using time = virtualTime();
    const got: unknown[] = [];
    const ch = channel<number>(1);
    ch.trySend(1);
    start(function* () {
      got.push(yield* ask(alt(ch)));
      got.push(yield* ask(alt(alt(), always(2))));
      got.push(yield* ask(alt()));
    });
    await time.settle();
    expect(got).toEqual([1, 2]);
    const operation = always(1);
    expect(alt(operation)).toBe(operation);
    let empty: unknown = "parked";
    start(function* () {
      empty = yield* ask(select({}));
    });
    await time.settle();
    expect(empty).toBe("parked");
  });

  test("OP-5: nesting flattens: every branch of nested alternatives has the same chance", async () => {
    using _ = virtualTime(5);
    const counts = new Map<string, number>();
    const rounds = 8000;
    await start(function* () {
      const nested = alt(always("a"), alt(always("b"), alt(always("c"), always("d"))));
      for (let n = 0; n < rounds; n++) {
        const got = yield* ask(nested);
        counts.set(got, (counts.get(got) ?? 0) + 1);
      }
    });
    expect([...counts.keys()].sort()).toEqual(["a", "b", "c", "d"]);
    // 4.4 standard deviations of a binomial with p = 1/4.
    const most = 4.4 * Math.sqrt((rounds * 3) / 16);
    for (const seen of counts.values()) expect(Math.abs(seen - rounds / 4)).toBeLessThan(most);
  });

  test("OP-5: nesting under select and map flattens too, and keeps the names", async () => {
    using _ = virtualTime(6);
    const counts = new Map<string, number>();
    const rounds = 6000;
    await start(function* () {
      const inner = select({ x: always(1), y: always(2) }).map(({ key }) => key.toUpperCase());
      const outer = select({ inner, z: always("Z") });
      for (let n = 0; n < rounds; n++) {
        const { key, value } = yield* ask(outer);
        counts.set(`${key} ${value}`, (counts.get(`${key} ${value}`) ?? 0) + 1);
      }
    });
    expect([...counts.keys()].sort()).toEqual(["inner X", "inner Y", "z Z"]);
    const most = 4.4 * Math.sqrt((rounds * 2) / 9);
    for (const seen of counts.values()) expect(Math.abs(seen - rounds / 3)).toBeLessThan(most);
  });

  test("OP-5: a nested choice that means something by its order keeps its order", async () => {
    using _ = virtualTime();
    const seen = new Set<number>();
    await start(function* () {
      const first = select({ a: always(1), b: always(2) }, { mode: "priority" }).map(({ value }) => value);
      for (let n = 0; n < 100; n++) seen.add(yield* ask(alt(first, always(3))));
    });
    expect([...seen].sort()).toEqual([1, 3]);
  });

  test("settled(promise) yields its value or throws its rejection, in a go block and in a select", async () => {
    using time = virtualTime();
    const got: unknown[] = [];
    start(function* () {
      got.push(yield* ask(settled(Promise.resolve(1))));
      got.push((yield* ask(select({ p: settled(Promise.resolve(2)), n: never() }))).value);
      try {
        yield* ask(settled(Promise.reject(new Error("rejected"))));
      } catch (error) {
        got.push((error as Error).message);
      }
    });
    await time.settle();
    await time.settle();
    expect(got).toEqual([1, 2, "rejected"]);
  });

  test("aborted(signal) yields the reason, before and after it parks, and leaves the signal when it loses", async () => {
    using time = virtualTime();
    const controller = new AbortController();
    const { signal } = controller;
    let listeners = 0;
    const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)];
    signal.addEventListener = (...args: unknown[]) => giving(listeners++, add(...(args as Parameters<typeof add>)));
    signal.removeEventListener = (...args: unknown[]) =>
      giving(listeners--, remove(...(args as Parameters<typeof remove>)));
    const ch = channel<number>();
    const got: unknown[] = [];
    start(function* () {
      got.push((yield* ask(select({ gone: aborted(signal), ch }))).key);
      got.push(listeners);
      got.push(yield* ask(aborted(signal)), yield* ask(aborted(signal)));
    });
    await time.settle();
    ch.trySend(1);
    await time.settle();
    controller.abort("reason");
    await time.settle();
    expect(got).toEqual(["ch", 0, "reason", "reason"]);
  });
});

describe.each(goForms)("$form", ({ start }) => {
  test("OP-4: withNack(make): lost becomes ready when the task is cancelled", async () => {
    using time = virtualTime();
    let lost = false;
    const ch = channel<number>();
    const task = start(function* () {
      yield* ask(
        withNack((nack) => {
          go(function* () {
            yield* nack;
            lost = true;
          });
          return ch.receive();
        }),
      );
    });
    await time.settle();
    expect([lost, queues(ch).receivers]).toEqual([false, 1]);
    task.cancel();
    await time.settle();
    expect([lost, queues(ch)]).toEqual([true, noneParked]);
  });

  test("OP-3: map's function runs in the task that performs it, not in the peer's", async () => {
    using time = virtualTime();
    const ch = channel<number>();
    const log: string[] = [];
    start(function* () {
      yield* ask(ch.receive().map(() => log.push("2 mapped")));
      log.push("3 received");
    });
    start(function* () {
      yield* ask(ch.send(1));
      log.push("1 sender runs on");
    });
    await time.settle();
    expect(log).toEqual(["1 sender runs on", "2 mapped", "3 received"]);
  });

  test("OP-3: map's function does not run for a task that is cancelled before it resumes", async () => {
    using time = virtualTime();
    const ch = channel<number>();
    let ran = 0;
    const task = start(function* () {
      yield* ask(ch.receive().map(() => ran++));
    });
    await time.settle();
    task.cancel();
    ch.trySend(1);
    await time.settle();
    expect(ran).toBe(0);
  });
});

describe("operations", () => {
  test("OP-2: every operation says what it waits for, in one line", () => {
    const ch = channel<number>(0, { name: "orders" });
    const describeIt = (operation: Operation<unknown>): string => operation.waitsFor().what;
    expect(describeIt(ch.send(1))).toBe("send to orders");
    expect(describeIt(ch.receive())).toBe("receive from orders");
    expect(describeIt(ch.receive().map(String))).toBe("receive from orders");
    expect(describeIt(alt(ch.receive(), ch.send(1)))).toBe("receive from orders or send to orders");
    expect(describeIt(ch.whenClosed())).toContain("orders");
    for (const operation of [always(1), never(), sleep(1), pause(), promiseChannel().receive(), select({})]) {
      expect(describeIt(operation)).toMatch(/^\S.*\S$/);
    }
  });

  test("OP-13: an exception while cases are built leaves nothing registered", async () => {
    using time = virtualTime();
    const ch = channel<number>();
    const broken = {
      receive(): never {
        throw new Error("while building");
      },
    };
    expect(() => select({ ch, s: ch.send(1), broken })).toThrow("while building");
    expect(() => alt(ch, ch.send(1), broken)).toThrow("while building");
    for (const wrong of [undefined, null, 3, "ch", {}, () => 1, Promise.resolve()]) {
      expect(() => select({ ch, wrong: wrong as never })).toThrow(TypeError);
      expect(() => select({ ch, wrong: wrong as never })).toThrow("wrong");
      expect(() => alt(ch, wrong as never)).toThrow(TypeError);
    }
    expect(() => select(null as never)).toThrow(TypeError);
    expect(() => select({ ch }, { mode: "first" as never })).toThrow("mode");
    await time.settle();
    expect(queues(ch)).toEqual(noneParked);
  });

  test("OP-13: an exception while cases queue up leaves nothing registered", async () => {
    using _ = virtualTime();
    const ch = channel<number>();
    const full = channel<number>(0, { name: "full", maxPending: 0 });
    for (const operation of [
      select({ ch, full }),
      alt(ch, alt(full, ch.send(1))),
      select({ g: guard(() => alt(ch, full)) }),
    ]) {
      await expect(operation.then()).rejects.toThrow("full");
      expect([queues(ch), queues(full)]).toEqual([noneParked, noneParked]);
    }
  });

  test("OP-13: guard(), settled() and aborted() refuse at once what they cannot use", () => {
    expect(() => settled(3 as never)).toThrow(TypeError);
    expect(() => settled(undefined as never)).toThrow(TypeError);
    expect(() => aborted({} as never)).toThrow(TypeError);
  });

  test("OP-15: the random source is replaceable: the same seed gives the same choices, another one others", async () => {
    const choices = async (seed: number): Promise<string> => {
      using _ = replaceHost({ random: seeded(seed) });
      let all = "";
      for (let n = 0; n < 100; n++) all += await alt(always("a"), always("b"), always("c"));
      return all;
    };
    expect(await choices(1)).toBe(await choices(1));
    expect(await choices(1)).not.toBe(await choices(2));
  });

  test("OP-15: a policy decides every choice, and is gone when it is disposed of", async () => {
    const asked: number[] = [];
    {
      using _ = usePolicy({ next: () => 0, choose: (cases) => giving(asked.push(cases), cases - 1) });
      expect(await alt(always("a"), always("b"), always("c"))).toBe("c");
    }
    expect(asked).toEqual([3]);
    using _ = replaceHost({ random: () => 0 });
    expect(await alt(always("a"), always("b"))).toBe("a");
    expect(asked).toEqual([3]);
  });

  test("OP-1: a lost performance leaves the operation free to be performed again", async () => {
    using time = virtualTime();
    const [ch, other] = [channel<number>(), channel<number>()];
    const receive = ch.receive();
    const got: unknown[] = [];
    go(function* () {
      got.push(yield* select({ receive, other }));
      got.push(yield* receive);
    });
    await time.settle();
    other.trySend(1);
    await time.settle();
    ch.trySend(2);
    await time.settle();
    expect(got).toEqual([{ key: "other", value: 1 }, 2]);
    ch.close();
    expect(await receive).toBe(CLOSED);
  });
});

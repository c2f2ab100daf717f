// The faults of the others that must not be found here (docs: what to beat). Each title names the peer and its fault.

import {
  type AsyncRoutine,
  alt,
  always,
  CancelledError,
  type Channel,
  CLOSED,
  type Closed,
  channel,
  EMPTY,
  go,
  pause,
  type Routine,
  receiveAny,
  run,
  select,
  sleep,
  type Task,
  timeout,
} from "millrace";
import { take } from "millrace/transducers";
import { describe, expect, test } from "vitest";
import { virtualTime } from "../support/virtual.js";

describe("core.async", () => {
  test("alts! with a put and a take of one channel met itself and resumed the go block twice", async () => {
    using time = virtualTime();
    const numbers = channel<number>();
    let resumed = 0;
    const task = go(function* (): Routine<unknown> {
      const choice = yield* select({ take: numbers, put: numbers.send(1) });
      resumed++;
      return choice;
    });
    await time.settle();
    expect([task.status, resumed]).toEqual(["parked", 0]);
    numbers.trySend(2);
    expect(await task).toEqual({ key: "take", value: 2 });
    expect([resumed, numbers.tryReceive()]).toEqual([1, EMPTY]);
  });

  test("the completion of a transducer ran again on every take after the close", async () => {
    let completions = 0;
    const numbers = channel<number, number>(10, {
      transform: (next) => ({
        ...next,
        "@@transducer/result": (result) => {
          completions++;
          return next["@@transducer/result"](next["@@transducer/step"](result, 99) as typeof result);
        },
      }),
    });
    numbers.trySend(1);
    numbers.close();
    const got = [1, 2, 3, 4, 5].map(() => numbers.tryReceive());
    expect(got).toEqual([1, 99, CLOSED, CLOSED, CLOSED]);
    expect(completions).toBe(1);
  });

  test("a completion that threw never let readers see the end", async () => {
    using time = virtualTime();
    const error = new Error("completion");
    const numbers = channel<number, number>(10, {
      transform: (next) => ({
        ...next,
        "@@transducer/result": () => {
          throw error;
        },
      }),
    });
    const reader = numbers.receive().then();
    await time.settle();
    numbers.close();
    await expect(reader).rejects.toBe(error);
    await expect(numbers.receive().then()).rejects.toBe(error);
  });

  test("a terminating transducer told parked putters true though their values were lost (ClojureScript: they hang)", async () => {
    using time = virtualTime();
    const numbers = channel<number, number>(1, { transform: take<number>(2) });
    const sends = [1, 2, 3, 4].map((n) => numbers.send(n).then());
    await time.settle();
    const got = [numbers.tryReceive(), numbers.tryReceive(), numbers.tryReceive()];
    expect(await Promise.all(sends)).toEqual([true, true, false, false]);
    expect(got).toEqual([1, 2, CLOSED]);
  });

  test("timeouts were shared within 10 ms, and anyone could close them", async () => {
    using time = virtualTime();
    const [a, b] = [timeout(100), timeout(100)];
    expect(a).not.toBe(b);
    a.cancel();
    const first = a.receive().then(() => time.now());
    await time.advance(99);
    expect([a.closed, b.closed]).toEqual([false, false]);
    await time.advance(1);
    expect(await first).toBe(100);
  });

  test("callbacks recursed until the stack overflowed", async () => {
    using time = virtualTime();
    const numbers = channel<number>();
    let received = 0;
    for (let n = 0; n < 100_000; n++) {
      numbers.receive().then(() => {
        received++;
      });
    }
    await time.settle();
    numbers.close();
    await time.settle();
    expect(received).toBe(100_000);
  });

  test("exceptions in go blocks vanished", async () => {
    using time = virtualTime();
    const error = new Error("seen");
    const task = go(function* (): Routine<void> {
      yield* pause();
      throw error;
    });
    await time.settle();
    expect(time.reported).toEqual([error]);
    await expect(task.then()).rejects.toBe(error);
  });

  test("a go block could not be cancelled", async () => {
    using time = virtualTime();
    const task = go(function* (): Routine<void> {
      yield* channel<number>().receive();
    });
    await time.settle();
    task.cancel();
    await expect(task.then()).rejects.toBeInstanceOf(CancelledError);
  });

  test("the 1025th pending operation threw", async () => {
    using time = virtualTime();
    const numbers = channel<number>();
    const sends = Array.from({ length: 5_000 }, (_, n) => numbers.send(n).then());
    await time.settle();
    const got = Array.from({ length: 5_000 }, () => numbers.tryReceive());
    expect(got.every((value, n) => value === n)).toBe(true);
    expect((await Promise.all(sends)).every(Boolean)).toBe(true);
  });

  test("nil could not be put", async () => {
    using _ = virtualTime();
    const anything = channel<unknown>(3);
    for (const value of [null, undefined, Number.NaN]) expect(anything.trySend(value)).toBe(true);
    expect([await anything.receive(), await anything.receive(), await anything.receive()]).toEqual([
      null,
      undefined,
      Number.NaN,
    ]);
  });

  test("a go block ended at every function boundary", async () => {
    using time = virtualTime();
    const numbers = channel<number>();
    function* three(): Routine<number> {
      let sum = 0;
      for (let n = 0; n < 3; n++) sum += (yield* numbers.receive()) as number;
      return sum;
    }
    const task = go(function* (): Routine<number> {
      return (yield* three()) + (yield* three());
    });
    await time.settle();
    go(function* (): Routine<void> {
      for (let n = 1; n <= 6; n++) yield* numbers.send(n);
    });
    expect(await task).toBe(21);
  });
});

describe("Go", () => {
  test("a send on a closed channel and a second close panicked", async () => {
    using _ = virtualTime();
    const numbers = channel<number>();
    expect([numbers.close(), numbers.close()]).toEqual([true, false]);
    expect([numbers.trySend(1), await numbers.send(1), (await select({ send: numbers.send(1) })).value]).toEqual([
      false,
      false,
      false,
    ]);
  });

  test("closing under a parked sender panicked in the sender", async () => {
    using time = virtualTime();
    const numbers = channel<number>();
    const sent = numbers.send(1).then();
    await time.settle();
    numbers.close();
    expect([numbers.tryReceive(), await sent, numbers.tryReceive()]).toEqual([1, true, CLOSED]);
  });

  test("any live timer hid a deadlock", async () => {
    using time = virtualTime();
    const outside = go(function* (): Routine<void> {
      yield* sleep(1e9);
    });
    const dead = run(function* main(): Routine<void> {
      yield* channel<number>().receive();
    });
    const told = expect(dead).rejects.toThrow("Deadlock");
    await time.settle();
    await time.settle();
    await told;
    expect(time.now()).toBe(0);
    outside.cancel();
  });

  test("a dynamic list of cases needed reflection", async () => {
    using _ = virtualTime();
    const channels = Array.from({ length: 50 }, () => channel<number>(1));
    channels[37]!.trySend(5);
    const cases = Object.fromEntries(channels.map((c, at) => [at, c]));
    expect(await select(cases)).toEqual({ key: "37", value: 5 });
    channels[12]!.trySend(6);
    expect(await alt(...channels)).toBe(6);
  });

  test("select could not wait for a join, nor take the first in order", async () => {
    using time = virtualTime();
    const task = go(function* (): Routine<string> {
      yield* sleep(5);
      return "joined";
    });
    const choice = select({ silent: channel<number>(), task }).then();
    await time.advance(5);
    expect(await choice).toEqual({ key: "task", value: "joined" });
    for (let n = 0; n < 50; n++) {
      expect((await select({ a: always(1), b: always(2) }, { mode: "priority" })).key).toBe("a");
    }
  });
});

describe("Fibers, tokio", () => {
  test("a random starting point favoured the case behind one that was not ready", async () => {
    using _ = virtualTime(17);
    const rounds = 30_000;
    let first = 0;
    await go(function* (): Routine<void> {
      const choice = select({ a: always(1), dead1: channel(), dead2: channel(), b: always(2) });
      for (let n = 0; n < rounds; n++) if ((yield* choice).key === "a") first++;
    });
    expect(Math.abs(first - rounds / 2)).toBeLessThan(4.4 * Math.sqrt(rounds / 4));
  });

  test("Fibers kept the timer of a losing wrapped sleep", async () => {
    using time = virtualTime();
    const numbers = channel<number>();
    const choice = alt(
      numbers.receive().map(String),
      alt(
        sleep(1e6)
          .map(() => "late")
          .map((word) => word),
      ),
    ).then();
    await time.settle();
    expect(time.timers).toBe(1);
    numbers.trySend(1);
    await time.settle();
    expect([await choice, time.timers]).toEqual(["1", 0]);
  });
});

describe("kanal, jox, Kotlin", () => {
  test("kanal: a losing case lost its value", async () => {
    using _ = virtualTime(2);
    const [a, b] = [channel<number>(1000), channel<number>(1000)];
    for (let n = 0; n < 1000; n++) {
      a.trySend(n);
      b.trySend(n);
    }
    const got: Record<"a" | "b", unknown[]> = { a: [], b: [] };
    await go(function* (): Routine<void> {
      for (let n = 0; n < 2000; n++) {
        const { key, value } = yield* select({ a, b });
        got[key].push(value);
      }
    });
    const all = Array.from({ length: 1000 }, (_, n) => n);
    expect([got.a, got.b]).toEqual([all, all]);
  });

  test("jox: a closed channel starved a select loop", async () => {
    using _ = virtualTime(2);
    const [over, live] = [channel<number>(), channel<number>()];
    over.close();
    go(function* (): Routine<void> {
      for (let n = 0; n < 100; n++) yield* live.send(n);
      live.close();
    });
    const seen = await go(function* (): Routine<number> {
      const inbox = receiveAny({ over, live });
      let seen = 0;
      while ((yield* inbox) !== CLOSED) seen++;
      return seen;
    });
    expect(seen).toBe(100);
  });

  test("Kotlin: two clauses on one channel were refused", async () => {
    using _ = virtualTime();
    const numbers = channel<number>(1);
    numbers.trySend(3);
    const { value } = await select({ a: numbers, b: numbers });
    expect([value, numbers.tryReceive()]).toEqual([3, EMPTY]);
  });
});

describe("js-csp, @thi.ng/csp, medium", () => {
  test("a losing timeout left its timer behind", async () => {
    using time = virtualTime();
    const numbers = channel<number>(1);
    await go(function* (): Routine<void> {
      for (let n = 0; n < 1000; n++) {
        numbers.trySend(n);
        yield* select({ numbers, late: timeout(60_000) });
      }
    });
    await time.settle();
    expect(time.timers).toBe(0);
  });

  test("@thi.ng/csp: with overlapping selects no value was ever delivered", async () => {
    using time = virtualTime(4);
    const [a, b, c] = [channel<number>(), channel<number>(), channel<number>()];
    const got: number[] = [];
    const pairs: [Channel<number>, Channel<number>][] = [
      [a, b],
      [b, c],
      [c, a],
    ];
    for (const [one, other] of pairs) {
      go(function* (): Routine<void> {
        for (let n = 0; n < 20; n++) got.push((yield* alt(one, other)) as number);
      });
    }
    for (const to of [a, b, c]) {
      go(async function* (): AsyncRoutine<void> {
        for (let n = 0; n < 20; n++) yield* to.send(n);
      });
    }
    await time.settle();
    expect(got.length).toBe(60);
    expect(got.reduce((sum, n) => sum + n, 0)).toBe(570);
  });

  test("medium: with a select beside it a plain take never returned", async () => {
    using time = virtualTime();
    const numbers = channel<number>();
    const choosing = select({ numbers, other: channel<number>() }).then();
    const plain = numbers.receive().then();
    await time.settle();
    numbers.trySend(1);
    numbers.trySend(2);
    expect([await choosing, await plain]).toEqual([{ key: "numbers", value: 1 }, 2]);
  });

  test("undefined could not be sent", async () => {
    using time = virtualTime();
    const anything = channel<undefined>();
    const received = anything.receive().then((value) => ["got", value]);
    await time.settle();
    expect(anything.trySend(undefined)).toBe(true);
    expect(await received).toEqual(["got", undefined]);
    expect((await select({ a: channel<undefined>(), b: always(undefined) })).key).toBe("b");
  });

  test("a parked operation could not be cancelled", async () => {
    using time = virtualTime();
    const numbers = channel<number>();
    const task = go(function* (): Routine<boolean> {
      return yield* numbers.send(1);
    });
    await time.settle();
    task.cancel();
    expect(numbers.tryReceive()).toBe(EMPTY);
  });
});

describe("Effection, chan, @nodeguy/channel", () => {
  test("race over ready queues lost the losing values", async () => {
    using _ = virtualTime(8);
    const [a, b] = [channel<string>(1), channel<string>(1)];
    a.trySend("a");
    b.trySend("b");
    const first = await alt(a, b);
    const second = await alt(a, b);
    expect([first, second].sort()).toEqual(["a", "b"]);
  });

  test("a select that lost swallowed the next message", async () => {
    using time = virtualTime();
    const [a, b] = [channel<number>(), channel<number>()];
    const choice = select({ a, b }).then();
    await time.settle();
    b.trySend(1);
    await choice;
    const next = a.receive().then();
    await time.settle();
    expect(a.trySend(2)).toBe(true);
    expect(await next).toBe(2);
  });
});

describe("Effect", () => {
  const forms = [
    {
      form: "function*",
      *hop(from: Channel<number>, to: Channel<number>): Routine<number> {
        for (let n: number | Closed; (n = yield* from.receive()) !== CLOSED; ) {
          if (n === 0) return 0;
          yield* to.send(n - 1);
        }
        return 1;
      },
    },
    {
      form: "async function*",
      async *hop(from: Channel<number>, to: Channel<number>): AsyncRoutine<number> {
        for (let n: number | Closed; (n = yield* from.receive()) !== CLOSED; ) {
          if (n === 0) return 0;
          yield* to.send(n - 1);
        }
        return 1;
      },
    },
  ];

  test.each(forms)(
    "a ring of 1000 tasks over rendezvous queues overflowed the stack and hung ($form)",
    async ({ hop }) => {
      const links = Array.from({ length: 1000 }, () => channel<number>());
      const tasks: Task<number>[] = links.map((from, at) => go(hop, from, links[(at + 1) % 1000]!));
      await links[0]!.send(100_000);
      expect(await Promise.race(tasks)).toBe(0);
      for (const task of tasks) task.cancel();
      await Promise.allSettled(tasks);
    },
  );

  test("a forked task that died was reported to nobody", async () => {
    using time = virtualTime();
    const parent = go(function* (): Routine<void> {
      go(function* child(): Routine<void> {
        throw new Error("child");
      });
      yield* pause();
    });
    await parent;
    await time.settle();
    expect(time.reported).toEqual([new Error("child")]);
  });
});

describe("ten JavaScript peers", () => {
  test("waiter queues were arrays that were shifted: four hundred thousand waiters were never released", async () => {
    using _ = virtualTime();
    const numbers = channel<number>();
    let released = 0;
    const count = 400_000;
    const start = performance.now();
    for (let n = 0; n < count; n++) {
      go(function* (): Routine<void> {
        yield* numbers.receive();
        released++;
      });
    }
    await go(function* (): Routine<void> {
      for (let n = 0; n < count; n++) yield* numbers.send(n);
      yield* pause();
    });
    expect(released).toBe(count);
    // A shifted array takes minutes: this bound is for that, not for speed.
    expect(performance.now() - start).toBeLessThan(20_000);
  });

  test("while they were busy not one timer fired", async () => {
    let fired = 0;
    let over = false;
    const numbers = channel<number>();
    go(function* (): Routine<void> {
      while (!over) yield* numbers.send(1);
      numbers.close();
    });
    const start = performance.now();
    const beat = (): void => {
      if (++fired === 5) over = true;
      else setTimeout(beat, 5);
    };
    setTimeout(beat, 5);
    await go(function* (): Routine<void> {
      while ((yield* numbers.receive()) !== CLOSED) if (performance.now() - start > 10_000) over = true;
    });
    expect(fired).toBe(5);
  });

  test("no library reported a deadlock", async () => {
    using time = virtualTime();
    const dead = run(async function* main(): AsyncRoutine<void> {
      yield* channel<number>(0, { name: "silent" }).receive();
    });
    const told = expect(dead).rejects.toThrow("receive from silent");
    await time.settle();
    await time.settle();
    await told;
  });
});

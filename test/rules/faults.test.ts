// Faults that other libraries and languages have or had, and that millrace does not. Each title claims what holds here, and
// names the peer and its fault in brackets.

import {
  type AsyncRoutine,
  alt,
  always,
  broadcast,
  CancelledError,
  type Channel,
  CLOSED,
  type Closed,
  channel,
  EMPTY,
  go,
  mix,
  pause,
  publish,
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
import { all, outcome } from "../support/flow.js";
import { CROWD, scaled, spaced } from "../support/stress.js";
import { virtualTime } from "../support/virtual.js";

describe("core.async", () => {
  test("a select() of both ends of one channel never meets itself (core.async: alts! did, and resumed twice)", async () => {
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

  test("the completion step of a transform runs once (core.async: again at every take after the close)", async () => {
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

  test("a completion step that throws closes the channel with its error (core.async: readers never saw the end)", async () => {
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

  test("parked sends complete with false when a transform ends (core.async: true; ClojureScript: they hung)", async () => {
    using time = virtualTime();
    const numbers = channel<number, number>(1, { transform: take<number>(2) });
    const sends = [1, 2, 3, 4].map((n) => numbers.send(n).then());
    await time.settle();
    const got = [numbers.tryReceive(), numbers.tryReceive(), numbers.tryReceive()];
    expect(await Promise.all(sends)).toEqual([true, true, false, false]);
    expect(got).toEqual([1, 2, CLOSED]);
  });

  test("each timeout() is a channel of its own, and cannot be closed early (core.async: shared within 10 ms, and closable)", async () => {
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

  test(`${spaced(CROWD)} callbacks of one channel do not grow the stack when it closes (core.async: the stack overflowed)`, async () => {
    using time = virtualTime();
    const numbers = channel<number>();
    let received = 0;
    for (let n = 0; n < CROWD; n++) {
      numbers.receive().then(() => {
        received++;
      });
    }
    await time.settle();
    numbers.close();
    await time.settle();
    expect(received).toBe(CROWD);
  });

  test("an exception of a go block is reported and is thrown to every join (core.async: it vanished)", async () => {
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

  test("Task.cancel() ends a go block that is parked (core.async: no cancellation)", async () => {
    using time = virtualTime();
    const task = go(function* (): Routine<void> {
      yield* channel<number>().receive();
    });
    await time.settle();
    task.cancel();
    await expect(task.then()).rejects.toBeInstanceOf(CancelledError);
  });

  test("5 000 sends may be pending at one channel (core.async: the 1025th threw)", async () => {
    using time = virtualTime();
    const numbers = channel<number>();
    const sends = Array.from({ length: 5_000 }, (_, n) => numbers.send(n).then());
    await time.settle();
    const got = Array.from({ length: 5_000 }, () => numbers.tryReceive());
    expect(got.every((value, n) => value === n)).toBe(true);
    expect((await Promise.all(sends)).every(Boolean)).toBe(true);
  });

  test("null, undefined and NaN can be sent (core.async: nil cannot)", async () => {
    using _ = virtualTime();
    const anything = channel<unknown>(3);
    for (const value of [null, undefined, Number.NaN]) expect(anything.trySend(value)).toBe(true);
    expect([await anything.receive(), await anything.receive(), await anything.receive()]).toEqual([
      null,
      undefined,
      Number.NaN,
    ]);
  });

  test("a go block may delegate to functions that receive (core.async: <! only works in the go block itself)", async () => {
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
  test("a send on a closed channel yields false, and a second close() returns false (Go: both panic)", async () => {
    using _ = virtualTime();
    const numbers = channel<number>();
    expect([numbers.close(), numbers.close()]).toEqual([true, false]);
    expect([numbers.trySend(1), await numbers.send(1), (await select({ send: numbers.send(1) })).value]).toEqual([
      false,
      false,
      false,
    ]);
  });

  test("close() leaves the value of a parked sender to be received (Go: the sender panics)", async () => {
    using time = virtualTime();
    const numbers = channel<number>();
    const sent = numbers.send(1).then();
    await time.settle();
    numbers.close();
    expect([numbers.tryReceive(), await sent, numbers.tryReceive()]).toEqual([1, true, CLOSED]);
  });

  test("run() reports a deadlock while a timer outside is set (Go: any live timer hides it)", async () => {
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

  test("select() and alt() take a list of cases that is made at run time (Go: needs reflection)", async () => {
    using _ = virtualTime();
    const channels = Array.from({ length: 50 }, () => channel<number>(1));
    channels[37]!.trySend(5);
    const cases = Object.fromEntries(channels.map((c, at) => [at, c]));
    expect(await select(cases)).toEqual({ key: "37", value: 5 });
    channels[12]!.trySend(6);
    expect(await alt(...channels)).toBe(6);
  });

  test('select() joins a task as a case, and { mode: "priority" } takes the first ready case (Go: neither)', async () => {
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
  test("ready cases behind cases that are not ready are chosen uniformly (Fibers, tokio: a random start favours them)", async () => {
    using _ = virtualTime(17);
    const rounds = 30_000;
    let first = 0;
    await go(function* (): Routine<void> {
      const choice = select({ a: always(1), dead1: channel(), dead2: channel(), b: always(2) });
      for (let n = 0; n < rounds; n++) if ((yield* choice).key === "a") first++;
    });
    expect(Math.abs(first - rounds / 2)).toBeLessThan(4.4 * Math.sqrt(rounds / 4));
  });

  test("a mapped sleep that loses a choice leaves no timer (Fibers: kept the timer of a wrapped sleep)", async () => {
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
  test("a case that loses a select keeps its value in its channel (kanal: the value was lost)", async () => {
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

  test("receiveAny() drops a source that closed (jox: a closed channel starved a select loop)", async () => {
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

  test("select() takes two cases on one channel, and moves one value (Kotlin: refused)", async () => {
    using _ = virtualTime();
    const numbers = channel<number>(1);
    numbers.trySend(3);
    const { value } = await select({ a: numbers, b: numbers });
    expect([value, numbers.tryReceive()]).toEqual([3, EMPTY]);
  });
});

describe("js-csp, @thi.ng/csp, medium", () => {
  test("a timeout() that loses a select leaves no timer (js-csp, @thi.ng/csp, medium: the timer stayed)", async () => {
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

  test("overlapping choices of three tasks receive every value (@thi.ng/csp: none was delivered)", async () => {
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

  test("a receive parked behind a select on the same channel gets the next value (medium: it never returned)", async () => {
    using time = virtualTime();
    const numbers = channel<number>();
    const choosing = select({ numbers, other: channel<number>() }).then();
    const plain = numbers.receive().then();
    await time.settle();
    numbers.trySend(1);
    numbers.trySend(2);
    expect([await choosing, await plain]).toEqual([{ key: "numbers", value: 1 }, 2]);
  });

  test("undefined can be sent, received and chosen (js-csp, @thi.ng/csp, medium: it cannot)", async () => {
    using time = virtualTime();
    const anything = channel<undefined>();
    const received = anything.receive().then((value) => ["got", value]);
    await time.settle();
    expect(anything.trySend(undefined)).toBe(true);
    expect(await received).toEqual(["got", undefined]);
    expect((await select({ a: channel<undefined>(), b: always(undefined) })).key).toBe("b");
  });

  test("cancelling a task withdraws the send at which it is parked (js-csp, @thi.ng/csp, medium: impossible)", async () => {
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
  test("alt() over two channels that have values takes one and leaves the other (Effection: race lost it)", async () => {
    using _ = virtualTime(8);
    const [a, b] = [channel<string>(1), channel<string>(1)];
    a.trySend("a");
    b.trySend("b");
    const first = await alt(a, b);
    const second = await alt(a, b);
    expect([first, second].sort()).toEqual(["a", "b"]);
  });

  test("a case that lost a select receives nothing later (chan, @nodeguy/channel: it swallowed the next message)", async () => {
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
    "a ring of 1000 tasks passes a value on 100 000 times, in $form (Effect: the stack overflowed)",
    async ({ hop }) => {
      const links = Array.from({ length: 1000 }, () => channel<number>());
      const tasks: Task<number>[] = links.map((from, at) => go(hop, from, links[(at + 1) % 1000]!));
      await links[0]!.send(100_000);
      expect(await Promise.race(tasks)).toBe(0);
      for (const task of tasks) task.cancel();
      await Promise.allSettled(tasks);
    },
  );

  test("the error of a task that no task joins is reported (Effect: a forked task died silently)", async () => {
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
  const WAITERS = scaled(100_000, 400_000);

  test(`${spaced(WAITERS)} parked receivers are released in linear time (ten JavaScript peers: minutes)`, async () => {
    using _ = virtualTime();
    const numbers = channel<number>();
    let released = 0;
    const count = WAITERS;
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

  test("timers of the host fire while two tasks hand over without a pause (ten JavaScript peers: none fired)", async () => {
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

  test("run() reports a deadlock and names the channel (no JavaScript peer reports one)", async () => {
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

const inputs = () => [channel<string>(4), channel<string>(4)] as const;

describe("core.async: mult, pub and mix", () => {
  test("broadcast() goes on when the subscriber that it waits for is cancelled (core.async: mult stayed parked)", async () => {
    using time = virtualTime();
    const source = channel<number>();
    const cast = broadcast(source);
    const [slow, other] = [cast.subscribe(), cast.subscribe()];
    const got = all(other);
    await time.settle();
    source.trySend(1);
    await time.settle();
    expect(source.trySend(2)).toBe(false);
    slow.cancel();
    await time.settle();
    expect(source.trySend(2)).toBe(true);
    source.close();
    expect(await got).toEqual([1, 2]);
  });

  test("a subscription made after the end of broadcast() has the end or the error at once (core.async: a late tap never saw it)", async () => {
    using time = virtualTime();
    const cause = new Error("over");
    const [ended, failed] = [channel<number>(), channel<number>()];
    const casts = [broadcast(ended), broadcast(failed)];
    casts[1]!.subscribe();
    ended.close();
    failed.close(cause);
    await time.settle();
    expect(await Promise.all(casts.map((cast) => outcome(cast.subscribe().receive())))).toEqual([CLOSED, cause]);
    expect(time.reported).toEqual([]);
  });

  test("an error of the topic function of publish() is thrown to every subscriber (core.async: pub died silently)", async () => {
    using time = virtualTime();
    const error = new Error("topic");
    const source = channel<number>(1);
    const publisher = publish(source, (): string => {
      throw error;
    });
    const seen = ["a", "b"].map((topic) => outcome(publisher.subscribe(topic).receive()));
    source.trySend(1);
    expect(await Promise.all(seen)).toEqual([error, error]);
    expect(await outcome(publisher.subscribe("c").receive())).toBe(error);
    await time.settle();
    expect(time.reported).toEqual([]);
  });

  test("an input of mix() that is paused and soloed is read (core.async: it was not)", async () => {
    using time = virtualTime();
    const [a, b] = inputs();
    const hall = mix<string>();
    hall.add(a, { pause: true, mute: true, solo: true });
    hall.add(b);
    a.trySend("a");
    b.trySend("b");
    await time.settle();
    expect([hall.out.tryReceive(), hall.out.tryReceive(), b.length]).toEqual(["a", EMPTY, 0]);
  });

  test("mix().out closes when all inputs have ended, and with { close: false } stays open (core.async: it never closed)", async () => {
    using time = virtualTime();
    for (const close of [true, false]) {
      const [a, b] = inputs();
      const hall = mix<string>({ close });
      await time.settle();
      expect(hall.out.closed).toBe(false);
      hall.add(a);
      hall.add(b);
      a.close();
      await time.settle();
      expect(hall.out.tryReceive()).toBe(EMPTY);
      b.close();
      await time.settle();
      expect(hall.out.tryReceive()).toBe(close ? CLOSED : EMPTY);
    }
  });

  test("unsubscribeAll() frees a broadcast() that waits for a subscriber of publish() (core.async: unsub-all left mult parked)", async () => {
    using time = virtualTime();
    const source = channel<number>(2);
    const cast = broadcast(source);
    const publisher = publish(cast.subscribe(), () => "all");
    publisher.subscribe("all");
    for (const n of [1, 2]) source.trySend(n);
    await time.settle();
    publisher.unsubscribeAll("all");
    const next = publisher.subscribe("all");
    await time.settle();
    expect([next.tryReceive(), source.length]).toEqual([2, 0]);
  });
});

// What Go's own suite demands of channels (test/chan/*.go, runtime/chan_test.go), written anew for millrace. Not from there
// are the panics: here closing is news, so where Go panics a send yields false.

import {
  type AsyncRoutine,
  always,
  type Channel,
  CLOSED,
  type Closed,
  channel,
  EMPTY,
  go,
  type Operation,
  pause,
  type ReceiveChannel,
  type Routine,
  type SendChannel,
  select,
  type Task,
} from "millrace";
import { describe, expect, test } from "vitest";
import { seeded, virtualTime } from "../support/virtual.js";

/** Whether a program can go on: what select3.go calls blocking. */
async function blocks(time: ReturnType<typeof virtualTime>, operation: Operation<unknown>): Promise<boolean> {
  const task = go(function* (): Routine<unknown> {
    return yield* operation;
  });
  await time.settle();
  const parked = task.status === "parked";
  task.cancel();
  await time.settle();
  return parked;
}

function full(n: number): Channel<number> {
  const made = channel<number>(n);
  for (let at = 0; at < n; at++) made.trySend(at);
  return made;
}

function closed(n = 0): Channel<number> {
  const made = full(n);
  made.close();
  return made;
}

describe("fifo.go", () => {
  test.each([1, 10, 100])("a buffered channel of capacity %d is first in, first out", async (n) => {
    using _ = virtualTime();
    const numbers = channel<number>(n);
    await go(function* (): Routine<void> {
      for (let at = 0; at < n; at++) yield* numbers.send(at);
      for (let at = 0; at < n; at++) expect(yield* numbers.receive()).toBe(at);
    });
  });

  test("a rendezvous channel is first in, first out for senders that are parked, each behind the one before", async () => {
    using _ = virtualTime();
    const numbers = channel<number>();
    function* chain(value: number, before: ReceiveChannel<number>, after: SendChannel<number>): Routine<void> {
      yield* before.receive();
      expect(yield* numbers.receive()).toBe(value);
      yield* after.send(1);
    }
    const first = channel<number>();
    let before: Channel<number> = first;
    for (let n = 0; n < 10; n++) {
      const after = channel<number>();
      go(chain, n, before, after);
      before = after;
    }
    await go(function* (): Routine<void> {
      yield* first.send(0);
      for (let n = 0; n < 10; n++) yield* numbers.send(n);
      yield* before.receive();
    });
  });
});

describe("doubleselect.go", () => {
  test.each([1, 2, 3])("a select over one channel in many cases takes each value once (seed %d)", async (seed) => {
    using _ = virtualTime(seed);
    const most = 20_000;
    const inputs = [channel<number>(), channel<number>(), channel<number>(), channel<number>()];
    const output = channel<number>();
    go(function* sender(): Routine<void> {
      const [a, b, c, d] = inputs as [Channel<number>, Channel<number>, Channel<number>, Channel<number>];
      for (let n = 0; n < most; n++) yield* select({ a: a.send(n), b: b.send(n), c: c.send(n), d: d.send(n) });
      for (const input of inputs) input.close();
    });
    const relays = inputs.map((input) =>
      go(function* relay(): Routine<void> {
        for (let n: number | Closed; (n = yield* input.receive()) !== CLOSED; ) yield* output.send(n);
      }),
    );
    go(function* (): Routine<void> {
      for (const relay of relays) yield* relay;
      output.close();
    });
    const seen = new Uint8Array(most);
    await go(function* (): Routine<void> {
      for (let n: number | Closed; (n = yield* output.receive()) !== CLOSED; ) seen[n]!++;
    });
    expect(seen.every((times) => times === 1)).toBe(true);
  });
});

describe("select3.go: what blocks", () => {
  const never = (): { receive: () => Operation<never>; send: () => Operation<never> } => ({
    receive: () => select({}) as Operation<never>,
    send: () => select({}) as Operation<never>,
  });
  const table: [what: string, make: () => Operation<unknown>, blocks: boolean][] = [
    ["receive from nothing", () => never().receive(), true],
    ["send to nothing", () => never().send(), true],
    ["receive from an empty rendezvous channel", () => channel().receive(), true],
    ["send to a rendezvous channel without a receiver", () => channel<number>().send(7), true],
    ["receive from an empty buffer", () => channel(10).receive(), true],
    ["send to an empty buffer", () => channel<number>(10).send(7), false],
    ["receive from a buffer with one", () => full(1).receive(), false],
    ["send to a full buffer", () => full(10).send(7), true],
    ["receive from a full buffer", () => full(10).receive(), false],
    ["receive from a closed channel", () => closed().receive(), false],
    ["receive from a closed channel with values", () => closed(3).receive(), false],
    ["send to a closed channel (a panic in Go)", () => closed().send(7), false],
    ["select without cases", () => select({}), true],
    ["select without cases, with a default", () => select({}, { default: 1 }), false],
    ["select that receives from an empty channel", () => select({ a: channel() }), true],
    [
      "select that receives from an empty channel, with a default",
      () => select({ a: channel() }, { default: 1 }),
      false,
    ],
    ["select over two that block", () => select({ a: channel(), b: channel<number>().send(1) }), true],
    [
      "select over one that blocks and one that does not",
      () => select({ a: channel(), b: channel<number>(1).send(1) }),
      false,
    ],
    ["select that receives from a closed channel", () => select({ a: closed() }), false],
    ["select that sends to a closed channel", () => select({ a: closed().send(1) }), false],
    ["select that sends to a full buffer", () => select({ a: full(10).send(1) }), true],
    [
      "select that sends to a full buffer, with a default",
      () => select({ a: full(10).send(1) }, { default: 1 }),
      false,
    ],
  ];

  test.each(table)("%s", async (_, make, expected) => {
    using time = virtualTime();
    expect(await blocks(time, make())).toBe(expected);
  });

  test("a send and a receive by others unblock each other whatever the capacity", async () => {
    using time = virtualTime();
    for (const n of [0, 1, 10]) {
      const numbers = channel<number>(n);
      go(function* (): Routine<void> {
        yield* numbers.send(1);
      });
      expect(await blocks(time, numbers.receive())).toBe(false);
    }
  });
});

test("select6.go: a select that left a queue leaves it usable for those behind", async () => {
  using time = virtualTime();
  const [c1, c2, c3, c4] = [channel<boolean>(), channel<boolean>(), channel<boolean>(), channel<boolean>()];
  go(function* (): Routine<void> {
    yield* c1.receive();
  });
  go(function* (): Routine<void> {
    yield* select({ c1, c2 });
    yield* c3.send(true);
  });
  go(function* (): Routine<void> {
    yield* c2.receive();
  });
  go(function* (): Routine<void> {
    yield* select({ c1, c2 });
    yield* c4.send(true);
  });
  const main = go(function* (): Routine<unknown[]> {
    yield* c2.send(true);
    const first = yield* c3.receive();
    yield* c2.send(true);
    yield* c2.send(true);
    return [first, yield* c4.receive()];
  });
  await time.settle();
  expect(await main).toEqual([true, true]);
  expect(c1.trySend(true)).toBe(true);
  expect(c1.trySend(true)).toBe(false);
});

describe("select7.go", () => {
  type Take = (from: Channel<number>) => Routine<number | Closed>;
  const takes: [string, Take][] = [
    [
      "receive",
      function* (from) {
        return yield* from.receive();
      },
    ],
    [
      "select",
      function* (from) {
        return (yield* select({ from })).value;
      },
    ],
    [
      "select over two",
      function* (from) {
        return (yield* select({ from, other: channel<number>() })).value;
      },
    ],
    [
      "tryReceive in a loop",
      function* (from) {
        for (;;) {
          const value = from.tryReceive();
          if (value !== EMPTY) return value;
          yield* pause();
        }
      },
    ],
  ];
  type Give = (to: Channel<number>, value: number) => Routine<void>;
  const gives: [string, Give][] = [
    [
      "send",
      function* (to, value) {
        yield* to.send(value);
      },
    ],
    [
      "select",
      function* (to, value) {
        yield* select({ send: to.send(value) });
      },
    ],
    [
      "select over two",
      function* (to, value) {
        yield* select({ send: to.send(value), other: channel<number>().send(0) });
      },
    ],
    [
      "trySend in a loop",
      function* (to, value) {
        while (!to.trySend(value)) yield* pause();
      },
    ],
  ];
  const pairs = takes.flatMap(([taking, take]) => gives.map(([giving, give]) => ({ taking, giving, take, give })));
  // Two that only try never meet on a rendezvous channel: neither waits.
  const meeting = pairs.filter(({ taking, giving }) => !(taking.startsWith("try") && giving.startsWith("try")));

  test.each(meeting)("a $giving meets a $taking, whoever comes first", async ({ take, give }) => {
    using time = virtualTime();
    for (const receiverFirst of [true, false]) {
      const numbers = channel<number>();
      const task = go(function* (): Routine<number | Closed> {
        if (!receiverFirst) go(give, numbers, 7);
        yield* pause();
        const receiver = go(take, numbers);
        yield* pause();
        if (receiverFirst) go(give, numbers, 7);
        return yield* receiver;
      });
      await time.settle();
      expect(await task).toBe(7);
    }
  });
});

describe("sieve1.go", () => {
  const forms = [
    {
      form: "function*",
      *generate(to: SendChannel<number>): Routine<void> {
        for (let n = 2; yield* to.send(n); n++);
      },
      *filter(from: ReceiveChannel<number>, to: SendChannel<number>, prime: number): Routine<void> {
        for (let n: number | Closed; (n = yield* from.receive()) !== CLOSED; ) if (n % prime !== 0) yield* to.send(n);
      },
    },
    {
      form: "async function*",
      async *generate(to: SendChannel<number>): AsyncRoutine<void> {
        for (let n = 2; yield* to.send(n); n++);
      },
      async *filter(from: ReceiveChannel<number>, to: SendChannel<number>, prime: number): AsyncRoutine<void> {
        for (let n: number | Closed; (n = yield* from.receive()) !== CLOSED; ) if (n % prime !== 0) yield* to.send(n);
      },
    },
  ];

  test.each(forms)("a chain of filters in $form yields the first 100 primes", async ({ generate, filter }) => {
    const primes = await go(function* (): Routine<number[]> {
      const primes: number[] = [];
      let from = channel<number>();
      go(generate, from);
      while (primes.length < 100) {
        const prime = yield* from.receive();
        if (prime === CLOSED) break;
        primes.push(prime);
        const to = channel<number>();
        go(filter, from, to, prime);
        from = to;
      }
      return primes;
    });
    expect(primes.slice(0, 10)).toEqual([2, 3, 5, 7, 11, 13, 17, 19, 23, 29]);
    expect(primes.at(-1)).toBe(541);
  });
});

describe("powser1.go: power series whose coefficients flow through channels", () => {
  type Rational = readonly [numerator: bigint, denominator: bigint];
  type Series = ReceiveChannel<Rational>;

  const reduced = (a: bigint, b: bigint): Rational => {
    let [x, y] = [a < 0n ? -a : a, b];
    while (y !== 0n) [x, y] = [y, x % y];
    return [a / x, b / x];
  };
  const plus = ([a, b]: Rational, [c, d]: Rational): Rational => reduced(a * d + c * b, b * d);
  const times = ([a, b]: Rational, [c, d]: Rational): Rational => reduced(a * c, b * d);

  /** A series whose n-th coefficient is made of the n-th of others. */
  function derived(sources: readonly Series[], make: (n: number, coefficients: Rational[]) => Rational): Series {
    const out = channel<Rational>();
    go(function* (): Routine<void> {
      for (let n = 0; ; n++) {
        const coefficients: Rational[] = [];
        for (const source of sources) {
          const coefficient = yield* source.receive();
          if (coefficient === CLOSED) return;
          coefficients.push(coefficient);
        }
        if (!(yield* out.send(make(n, coefficients)))) return;
      }
    });
    return out;
  }

  const constant = (value: bigint): Series => derived([], (n) => [n === 0 ? value : 0n, 1n]);
  const geometric = (): Series => derived([], () => [1n, 1n]);
  const add = (f: Series, g: Series): Series => derived([f, g], (_, [a, b]) => plus(a!, b!));

  function multiply(f: Series, g: Series): Series {
    const [fs, gs]: [Rational[], Rational[]] = [[], []];
    return derived([f, g], (n, [a, b]) => {
      fs.push(a!);
      gs.push(b!);
      return fs.reduce<Rational>((sum, coefficient, at) => plus(sum, times(coefficient, gs[n - at]!)), [0n, 1n]);
    });
  }

  /** The integral of a series goes into `into`; it begins before the series does, which is what lets it feed on itself. */
  function integrate(first: bigint, f: Series, into: SendChannel<Rational>): void {
    go(function* (): Routine<void> {
      yield* into.send([first, 1n]);
      for (let n = 1n; ; n++) {
        const coefficient = yield* f.receive();
        if (coefficient === CLOSED || !(yield* into.send(times(coefficient, [1n, n])))) return;
      }
    });
  }

  function split(f: Series, ways: number): Series[] {
    const outs = Array.from({ length: ways }, () => channel<Rational>());
    go(function* (): Routine<void> {
      for (let value: Rational | Closed; (value = yield* f.receive()) !== CLOSED; ) {
        for (const out of outs) yield* out.send(value);
      }
    });
    return outs;
  }

  function* first(n: number, f: Series): Routine<string[]> {
    const coefficients: string[] = [];
    while (coefficients.length < n) {
      const coefficient = yield* f.receive();
      if (coefficient === CLOSED) break;
      const [a, b] = coefficient;
      coefficients.push(b === 1n ? `${a}` : `${a}/${b}`);
    }
    return coefficients;
  }

  test("power series add and multiply", async () => {
    using _ = virtualTime();
    expect(await go(first, 5, add(geometric(), constant(2n)))).toEqual(["3", "1", "1", "1", "1"]);
    expect(await go(first, 5, multiply(geometric(), geometric()))).toEqual(["1", "2", "3", "4", "5"]);
  });

  test("exp: the series that is its own derivative", async () => {
    using _ = virtualTime();
    const exp = channel<Rational>();
    const [out, back] = split(exp, 2);
    integrate(1n, back!, exp);
    expect(await go(first, 8, out!)).toEqual(["1", "1", "1/2", "1/6", "1/24", "1/120", "1/720", "1/5040"]);
  });

  test("tan: the series whose derivative is 1 + tan²", async () => {
    using _ = virtualTime();
    const tan = channel<Rational>();
    const [out, left, right] = split(tan, 3);
    integrate(0n, add(constant(1n), multiply(left!, right!)), tan);
    expect(await go(first, 10, out!)).toEqual(["0", "1", "0", "1/3", "0", "2/15", "0", "17/315", "0", "62/2835"]);
  });
});

describe("select fairness (fairness of runtime/chan_test.go)", () => {
  test.each([
    ["receive", 2],
    ["receive", 4],
    ["receive", 7],
    ["send", 4],
  ])("%s over %d channels that are always ready is uniform within 4.4 sigma (OP-7)", async (kind, n) => {
    using _ = virtualTime(20 + n);
    const rounds = 40_000;
    const counts = await go(function* (): Routine<number[]> {
      const channels = Array.from({ length: n }, () => channel<number>(1));
      const counts = new Array<number>(n).fill(0);
      if (kind === "receive") for (const c of channels) c.trySend(0);
      for (let round = 0; round < rounds; round++) {
        const cases = Object.fromEntries(
          channels.map((c, at) => [`${at}`, kind === "receive" ? c.receive() : c.send(0)]),
        );
        const at = Number((yield* select(cases)).key);
        counts[at]!++;
        if (kind === "receive") channels[at]!.trySend(0);
        else channels[at]!.tryReceive();
      }
      return counts;
    });
    const p = 1 / n;
    const sigma = Math.sqrt(rounds * p * (1 - p));
    for (const count of counts) expect(Math.abs(count - rounds * p)).toBeLessThan(4.4 * sigma);
  });

  test("ready cases are chosen uniformly with cases between them that are never ready (OP-7)", async () => {
    using _ = virtualTime(5);
    const rounds = 60_000;
    const dead = (): Channel<number> => channel<number>();
    const counts: Record<string, number> = { a: 0, b: 0, c: 0 };
    await go(function* (): Routine<void> {
      const choice = select({ a: always(1), x: dead(), y: dead(), z: dead(), b: always(2), c: always(3), w: dead() });
      for (let round = 0; round < rounds; round++) counts[(yield* choice).key]!++;
    });
    const sigma = Math.sqrt((rounds * 2) / 9);
    for (const count of Object.values(counts)) expect(Math.abs(count - rounds / 3)).toBeLessThan(4.4 * sigma);
  });
});

test("a select with the same channel in two cases, and as both ends, moves one value (OP-10)", async () => {
  using time = virtualTime();
  const numbers = channel<number>();
  const task = go(function* (): Routine<unknown> {
    return yield* select({ a: numbers, b: numbers, c: numbers.send(5) });
  });
  await time.settle();
  expect(task.status).toBe("parked");
  expect(numbers.trySend(1)).toBe(true);
  expect(numbers.trySend(2)).toBe(false);
  expect(numbers.tryReceive()).toBe(EMPTY);
  expect(["a", "b"]).toContain(((await task) as { key: string }).key);
});

describe("chan stress (TestSelectStress, TestMultiConsumer)", () => {
  test("four channels of different capacities, senders, receivers and two selects in each direction move everything", async () => {
    using _ = virtualTime(99);
    const rounds = 2_000;
    const channels = [0, 1, 2, 16].map((n) => channel<number>(n)) as [
      Channel<number>,
      Channel<number>,
      Channel<number>,
      Channel<number>,
    ];
    const tasks: Task<void>[] = [];
    for (const c of channels) {
      tasks.push(
        go(function* (): Routine<void> {
          for (let n = 0; n < rounds; n++) yield* c.send(0);
        }),
        go(async function* (): AsyncRoutine<void> {
          for (let n = 0; n < rounds; n++) yield* c.receive();
        }),
      );
    }
    const all = (use: (c: Channel<number>) => Operation<unknown>) =>
      function* (): Routine<void> {
        const left = [rounds, rounds, rounds, rounds];
        const open = new Map(channels.map((c, at) => [`${at}`, c]));
        while (open.size > 0) {
          const cases = Object.fromEntries([...open].map(([key, c]) => [key, use(c)]));
          const at = Number((yield* select(cases)).key);
          if (--left[at]! === 0) open.delete(`${at}`);
        }
      };
    tasks.push(go(all((c) => c.send(1))), go(all((c) => c.receive())));
    for (const task of tasks) await task;
    expect(channels.map((c) => c.length)).toEqual([0, 0, 0, 0]);
  });

  test("23 consumers share what 10 000 sends bring, each value once", async () => {
    using _ = virtualTime(3);
    const numbers = channel<number>(23);
    const out = channel<number>(23 * 5);
    const workers = Array.from({ length: 23 }, (_, at) =>
      go(function* (): Routine<void> {
        for (let n: number | Closed; (n = yield* numbers.receive()) !== CLOSED; ) {
          if (n % 23 === at) yield* pause();
          yield* out.send(n);
        }
      }),
    );
    go(function* (): Routine<void> {
      for (let n = 1; n <= 10_000; n++) yield* numbers.send(n);
      numbers.close();
      for (const worker of workers) yield* worker;
      out.close();
    });
    const [count, sum] = await go(function* (): Routine<[number, number]> {
      let [count, sum] = [0, 0];
      for (let n: number | Closed; (n = yield* out.receive()) !== CLOSED; count++) sum += n;
      return [count, sum];
    });
    expect([count, sum]).toEqual([10_000, 50_005_000]);
  });

  test("two tasks that select between sending and receiving on one channel pair with each other (TestSelfSelect, OP-11)", async () => {
    for (const capacity of [0, 10]) {
      using _ = virtualTime(capacity + 1);
      const c = channel<number>(capacity);
      const selector = (own: number) =>
        function* (): Routine<string> {
          for (let n = 0; n < 1000; n++) {
            const got = yield* select(n % 2 === 0 ? { send: c.send(own), c } : { c, send: c.send(own) });
            if (got.key === "c" && capacity === 0 && got.value === own) return "met itself";
          }
          return "fine";
        };
      const tasks = [go(selector(0)), go(selector(1))];
      expect(await Promise.all(tasks)).toEqual(["fine", "fine"]);
    }
  });
});

test("peano.go, goroutines.go: a chain of 10 000 go blocks passes one value along", async () => {
  const leftmost = channel<number>();
  let right = leftmost;
  let left = leftmost;
  for (let n = 0; n < 10_000; n++) {
    right = channel<number>();
    go(
      function* (to: Channel<number>, from: Channel<number>): Routine<void> {
        const value = yield* from.receive();
        if (value !== CLOSED) yield* to.send(value + 1);
      },
      left,
      right,
    );
    left = right;
  }
  go(function* (to: Channel<number>): Routine<void> {
    yield* to.send(0);
  }, right);
  expect(await leftmost.receive()).toBe(10_000);
});

test("nonblock.go: a try never parks, and succeeds exactly if a peer or a value is there", async () => {
  using time = virtualTime();
  for (const n of [0, 1]) {
    const numbers = channel<number>(n);
    expect(numbers.tryReceive()).toBe(EMPTY);
    expect(numbers.trySend(1)).toBe(n === 1);
    if (n === 1) expect([numbers.trySend(2), numbers.tryReceive(), numbers.tryReceive()]).toEqual([false, 1, EMPTY]);
    const receiver = go(function* (): Routine<unknown> {
      return yield* numbers.receive();
    });
    await time.settle();
    expect(numbers.trySend(3)).toBe(true);
    expect(await receiver).toBe(3);
    numbers.close();
    expect([numbers.trySend(4), numbers.tryReceive()]).toEqual([false, CLOSED]);
  }
});

test("perm.go, zerosize.go: closing while many are parked releases each once (TestClose)", async () => {
  using time = virtualTime();
  const random = seeded(11);
  for (let round = 0; round < 50; round++) {
    const numbers = channel<number>(Math.floor(random() * 3));
    const ends: unknown[] = [];
    const count = 1 + Math.floor(random() * 20);
    for (let n = 0; n < count; n++) {
      go(function* (): Routine<void> {
        ends.push(n % 2 ? (yield* select({ numbers, never: channel() })).value : yield* numbers.receive());
      });
    }
    await time.settle();
    numbers.close();
    await time.settle();
    expect(ends).toEqual(new Array(count).fill(CLOSED));
  }
});

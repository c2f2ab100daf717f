// Values in the model: what a task can tell apart leads to different behaviour, what it is given is as in production, and what one
// schedule changes stays unchanged in all others. Each program is also run on the real scheduler: what it returns there must be
// among the outcomes of its proof.

import { describe, expect, test } from "vitest";
import {
  type CancelledError,
  CLOSED,
  channel,
  from,
  go,
  promiseChannel,
  type Routine,
  scope,
  sleep,
} from "../../src/index.js";
import { cell, choose, daemon, forever, loop, replay, simulate, verify } from "../../src/testing.js";

type Program = () => Routine<unknown>;

/** A program that hands a value to a task and returns what `look` makes of it there. */
type Way = (make: () => Routine<unknown>, look: (value: unknown) => unknown) => Program;

const always = (value: unknown) =>
  function* (): Routine<unknown> {
    return value;
  };

const WAYS: Record<string, Way> = {
  "a sent value": (make, look) =>
    function* () {
      const values = channel<unknown>();
      go(function* () {
        yield* values.send(yield* make());
      });
      return look(yield* values.receive());
    },
  "a buffered value": (make, look) =>
    function* () {
      const values = channel<unknown>(1);
      go(function* () {
        yield* values.send(yield* make());
      });
      return look(yield* values.receive());
    },
  "a value of a promise channel": (make, look) =>
    function* () {
      const values = promiseChannel<unknown>();
      go(function* () {
        yield* values.send(yield* make());
      });
      return look(yield* values.receive());
    },
  "a value of trySend and tryReceive": (make, look) =>
    function* () {
      const values = channel<unknown>(1);
      const task = go(function* () {
        values.trySend(yield* make());
      });
      yield* task;
      return look(values.tryReceive());
    },
  "the result of a task": (make, look) =>
    function* () {
      return look(yield* go(make));
    },
  "the error of a task": (make, look) =>
    function* () {
      const task = go(function* () {
        throw yield* make();
      });
      try {
        yield* task;
      } catch (error) {
        return look(error);
      }
    },
  "the cause of a closed channel": (make, look) =>
    function* () {
      const values = channel<unknown>();
      go(function* () {
        values.close(yield* make());
      });
      try {
        yield* values.receive();
      } catch (error) {
        return look(error);
      }
    },
  "the reason of a cancelled task": (make, look) =>
    function* () {
      const task = go(sleep, 1000);
      task.cancel(yield* make());
      try {
        yield* task;
      } catch (error) {
        return look((error as CancelledError).cause);
      }
    },
  "the error of a scope": (make, look) =>
    function* () {
      try {
        yield* scope(function* (s) {
          s.go(function* () {
            throw yield* make();
          });
          yield* sleep(1);
        });
      } catch (error) {
        return look(error);
      }
    },
  "the value of a cell": (make, look) =>
    function* () {
      const shared = cell<unknown>(null);
      const task = go(function* () {
        shared.value = yield* make();
      });
      yield* task;
      return look(shared.value);
    },
  "the first value of a cell": (make, look) =>
    function* () {
      const shared = cell<unknown>(yield* make());
      return yield* go(function* () {
        return look(shared.value);
      });
    },
  "an argument of a task": (make, look) =>
    function* () {
      return yield* go(
        function* (value: unknown) {
          return look(value);
        },
        yield* make(),
      );
    },
  "the state of a loop": (make, look) =>
    function* () {
      const looks = channel<unknown>(1);
      go(loop<unknown>, yield* make(), function* (state) {
        yield* looks.send(look(state));
        return state;
      });
      return yield* looks.receive();
    },
};

/** All values that a program returns, as texts; a verdict that is no proof is one such text. */
async function outcomes(program: Program): Promise<string[]> {
  const verdict = await verify(program, { leaks: false, stuck: false });
  if (verdict.status !== "proved") return [verdict.status === "failed" ? verdict.report : verdict.reason];
  const { outcomes: seen } = await simulate(program, { schedules: 8 });
  const texts = new Set([...verdict.outcomes].map(String));
  for (const outcome of seen) expect(texts).toContain(String(outcome));
  return [...texts].sort();
}

const key = Symbol.for("millrace.test.key");
const unregistered = Symbol("unregistered");
const shared = { deep: true };

class Point {
  readonly x: number;

  constructor(x: number) {
    this.x = x;
  }
}

class Secret {
  readonly #n: number;

  constructor(n: number) {
    this.#n = n;
  }

  get n(): number {
    return this.#n;
  }
}

class StatusError extends Error {
  readonly status: number;

  constructor(status: number) {
    super("request failed");
    this.status = status;
  }
}

class Bag extends Map<string, number> {}

const circular = (n: number): object => {
  const made = { n };
  return Object.assign(made, { self: made });
};

/** Pairs of values that look alike, and what tells them apart. */
const PAIRS: readonly (readonly [string, () => unknown, () => unknown, (value: never) => unknown])[] = [
  ["fields of an error", () => new StatusError(404), () => new StatusError(500), (e: StatusError) => e.status],
  [
    "assigned fields of an error",
    () => Object.assign(new Error("failed"), { status: 404 }),
    () => Object.assign(new Error("failed"), { status: 500 }),
    (e: StatusError) => e.status,
  ],
  ["the name of an error", () => named("A"), () => named("B"), (e: Error) => e.name],
  ["the class of an error", () => new TypeError("x"), () => new RangeError("x"), (e: Error) => e instanceof TypeError],
  ["a cause", () => new Error("x", { cause: 1 }), () => new Error("x", { cause: 2 }), (e: Error) => e.cause],
  [
    "a cause that is undefined",
    () => new Error("x"),
    () => new Error("x", { cause: undefined }),
    (e: Error) => "cause" in e,
  ],
  [
    "collected errors",
    () => new AggregateError([new Error("a")]),
    () => new AggregateError([new Error("b")]),
    (e: AggregateError) => e.errors[0].message,
  ],
  ["symbol keys", () => ({ [key]: 1 }), () => ({ [key]: 2 }), (value: never) => value[key]],
  ["minus zero", () => 0, () => -0, (value: number) => Object.is(value, -0)],
  ["minus zero in data", () => [0], () => [-0], (value: number[]) => Object.is(value[0], -0)],
  ["NaN and a text", () => Number.NaN, () => "NaN", (value: unknown) => typeof value],
  ["a bigint", () => 1n, () => 1, (value: unknown) => typeof value],
  ["holes", () => [undefined], () => new Array<unknown>(1), (value: unknown[]) => 0 in value],
  ["properties of an array", () => [1], () => Object.assign([1], { more: 1 }), (value: object) => "more" in value],
  ["undefined fields", () => ({}), () => ({ a: undefined }), (value: object) => "a" in value],
  ["the order of keys", () => ({ a: 1, b: 1 }), () => ({ b: 1, a: 1 }), (value: object) => Object.keys(value)[0]],
  ["hidden fields", () => ({ a: 1 }), () => hidden({ a: 1 }), (value: object) => Object.keys(value).length],
  ["frozen data", () => ({ a: 1 }), () => Object.freeze({ a: 1 }), (value: object) => Object.isFrozen(value)],
  ["sealed data", () => [], () => Object.preventExtensions([]), (value: object) => Object.isExtensible(value)],
  ["no prototype", () => ({}), () => Object.create(null), (value: object) => Object.getPrototypeOf(value) === null],
  ["a prototype", () => ({ x: 1 }), () => new Point(1), (value: object) => value instanceof Point],
  ["fields of an instance", () => new Point(1), () => new Point(2), (value: Point) => value.x],
  ["private fields", () => new Secret(1), () => new Secret(2), (value: Secret) => value.n],
  ["getters", () => getter(1), () => getter(2), (value: { readonly x: number }) => value.x],
  ["functions", () => (n: number) => n + 1, () => (n: number) => n + 2, (value: (n: number) => number) => value(1)],
  ["symbols", () => unregistered, () => Symbol("unregistered"), (value: symbol) => value === unregistered],
  ["registered symbols", () => Symbol.for("a"), () => Symbol.for("b"), (value: symbol) => value.description],
  ["bytes", () => Uint8Array.of(1), () => Uint8Array.of(2), (value: Uint8Array) => value[0]],
  ["types of bytes", () => Uint8Array.of(1), () => Int8Array.of(1), (value: object) => value instanceof Int8Array],
  ["floats", () => Float64Array.of(0), () => Float64Array.of(-0), (value: Float64Array) => Object.is(value[0], -0)],
  [
    "a buffer",
    () => Uint8Array.of(1).buffer,
    () => Uint8Array.of(1, 2).buffer,
    (value: ArrayBuffer) => value.byteLength,
  ],
  [
    "a view",
    () => new DataView(Uint8Array.of(1, 2).buffer, 0, 1),
    () => new DataView(Uint8Array.of(1, 2).buffer, 1, 1),
    (value: DataView) => value.getUint8(0),
  ],
  ["a map", () => new Map([["a", 1]]), () => new Map([["a", 2]]), (value: Map<string, number>) => value.get("a")],
  ["the class of a map", () => new Map(), () => new Bag(), (value: object) => value instanceof Bag],
  ["a set", () => new Set([1]), () => new Set([2]), (value: Set<number>) => value.has(1)],
  ["a date", () => new Date(1), () => new Date(2), (value: Date) => Number(value)],
  ["a date that is none", () => new Date(Number.NaN), () => new Date(0), (value: Date) => Number(value)],
  ["flags", () => /a/, () => /a/g, (value: RegExp) => value.flags],
  ["the last index", () => /a/g, () => Object.assign(/a/g, { lastIndex: 1 }), (value: RegExp) => value.lastIndex],
  ["a URL", () => new URL("http://a"), () => new URL("http://b"), (value: URL) => value.host],
  ["boxed primitives", () => Object(1), () => Object(2), (value: object) => Number(value)],
  ["boxed texts", () => Object("a"), () => "a", (value: unknown) => typeof value],
  ["circles", () => circular(1), () => circular(2), (value: { readonly self: { readonly n: number } }) => value.self.n],
  [
    "shared parts",
    () => [shared, shared],
    () => [{ ...shared }, { ...shared }],
    ([one, other]: [unknown, unknown]) => one === other,
  ],
  ["a text like a shape", () => ({}), () => "\u0000{}", (value: unknown) => typeof value],
];

const named = (name: string): Error => Object.assign(new Error("x"), { name });
const hidden = (value: object): object => Object.defineProperty(value, "a", { enumerable: false });
const getter = (x: number): object => ({
  get x(): number {
    return x;
  },
});

describe("verify() tells apart", () => {
  for (const [way, program] of Object.entries(WAYS)) {
    test.each(PAIRS)(`%s in ${way}`, async (_, one, other, look) => {
      const both = function* (): Routine<unknown> {
        return (yield* choose(true, false)) ? one() : other();
      };
      const expected = [String(look(one() as never)), String(look(other() as never))].sort();
      expect(expected[0]).not.toBe(expected[1]);
      expect(await outcomes(program(both, look as never))).toEqual(expected);
    });
  }
});

/** Programs that compare objects, and all that they return. */
const IDENTITIES: Record<string, readonly [Program, unknown[]]> = {
  "two equal objects are not the same": [
    function* () {
      const values = channel<object>(2);
      yield* values.send({ a: 1 });
      yield* values.send({ a: 1 });
      const [one, other] = [yield* values.receive(), yield* values.receive()];
      return one === other;
    },
    [false],
  ],
  "one object sent twice is the same": [
    function* () {
      const values = channel<object>(2);
      const value = { a: 1 };
      yield* values.send(value);
      yield* values.send(value);
      const [one, other] = [yield* values.receive(), yield* values.receive()];
      return one === other;
    },
    [true],
  ],
  "equal objects of two tasks are not the same": [
    function* () {
      const values = channel<object>();
      for (let nth = 0; nth < 2; nth++) {
        go(function* () {
          yield* values.send({ a: 1 });
        });
      }
      const [one, other] = [yield* values.receive(), yield* values.receive()];
      return one === other;
    },
    [false],
  ],
  "an object in two messages is the same": [
    function* () {
      const values = channel<{ readonly part: object }>();
      go(function* () {
        const part = { a: 1 };
        yield* values.send({ part });
        yield* values.send({ part });
      });
      const [one, other] = [yield* values.receive(), yield* values.receive()];
      return one !== CLOSED && other !== CLOSED && one.part === other.part && one !== other;
    },
    [true],
  ],
  "a token that comes back is the token": [
    function* () {
      const [there, back] = [channel<object>(), channel<object | typeof CLOSED>()];
      go(function* () {
        yield* back.send(yield* there.receive());
      });
      const mine = {};
      yield* there.send(mine);
      return (yield* back.receive()) === mine;
    },
    [true],
  ],
  "a token in a message that comes back is the token": [
    function* () {
      const [there, back] = [channel<object>(), channel<{ readonly token: unknown }>()];
      go(function* () {
        yield* back.send({ token: yield* there.receive() });
      });
      const mine = {};
      yield* there.send(mine);
      const message = yield* back.receive();
      return message !== CLOSED && message.token === mine;
    },
    [true],
  ],
  "one of two equal tokens comes back": [
    function* () {
      const [there, back] = [channel<object>(2), channel<object | typeof CLOSED>()];
      const [mine, other] = [{}, {}];
      yield* there.send(mine);
      yield* there.send(other);
      for (let nth = 0; nth < 2; nth++) {
        go(function* () {
          yield* back.send(yield* there.receive());
        });
      }
      const first = yield* back.receive();
      return first === mine ? "mine" : first === other ? "other" : "neither";
    },
    ["mine", "other"],
  ],
  "a cause is the very error (CH-24)": [
    function* () {
      const values = channel<number>();
      const boom = new Error("boom");
      values.close(boom);
      try {
        yield* values.receive();
      } catch (error) {
        return error === boom;
      }
    },
    [true],
  ],
  "a cause of another task is the very error (CH-24)": [
    function* () {
      const values = channel<number>();
      const boom = new Error("boom");
      go(function* () {
        yield* sleep(yield* choose(1, 2));
        values.close(boom);
      });
      try {
        yield* values.receive();
      } catch (error) {
        return error === boom;
      }
    },
    [true],
  ],
  "an error of a task is the error that it threw": [
    function* () {
      const boom = new Error("boom");
      const task = go(function* () {
        throw boom;
      });
      try {
        yield* task;
      } catch (error) {
        return error === boom;
      }
    },
    [true],
  ],
  "a result is the same for each join": [
    function* () {
      const task = go(always([1]));
      const [one, other] = [yield* task, yield* task];
      return one === other;
    },
    [true],
  ],
  "a cell holds one object": [
    function* () {
      const value = cell<object>({});
      const [one, other] = [value.value, value.value];
      return one === other;
    },
    [true],
  ],
  "a mark of the end is found among equal objects": [
    function* () {
      const values = channel<object>();
      const end = {};
      go(function* () {
        yield* values.send({});
        if (yield* choose(true, false)) yield* values.send({});
        yield* values.send(end);
      });
      let count = 0;
      while ((yield* values.receive()) !== end) count++;
      return count;
    },
    [1, 2],
  ],
  "a symbol of another task": [
    function* () {
      const values = channel<unknown>();
      const end = Symbol();
      go(function* () {
        yield* values.send(yield* choose(end, Symbol()));
      });
      return (yield* values.receive()) === end;
    },
    [false, true],
  ],
  "keys of a map": [
    function* () {
      const [there, back] = [channel<object>(), channel<object>()];
      const names = new Map<unknown, string>();
      const [a, b] = [{}, {}];
      names.set(a, "a").set(b, "b");
      go(function* () {
        const [one, other] = [yield* there.receive(), yield* there.receive()];
        yield* back.send((yield* choose(one, other)) as object);
      });
      yield* there.send(a);
      yield* there.send(b);
      return names.get(yield* back.receive());
    },
    ["a", "b"],
  ],
};

describe("verify() compares objects as production does:", () => {
  test.each(Object.entries(IDENTITIES))("%s", async (_, [program, expected]) => {
    expect(await outcomes(program)).toEqual(expected.map(String).sort());
  });
});

/** Programs in which an object is changed, and all that they return. */
const CHANGES: Record<string, readonly [Program, unknown[]]> = {
  "a receiver may change data that it was handed": [
    function* () {
      const boxes = channel<{ n: number }>();
      go(function* () {
        yield* boxes.send({ n: yield* choose(1, 2) });
      });
      const box = yield* boxes.receive();
      if (box !== CLOSED) box.n += 10;
      return box !== CLOSED && box.n;
    },
    [11, 12],
  ],
  "a receiver that changes its map changes it for no other schedule": [
    function* () {
      const maps = channel<Map<number, number>>(1);
      yield* maps.send(new Map());
      const map = yield* maps.receive();
      const more = yield* choose(1, 2);
      if (map === CLOSED) return;
      for (let nth = 0; nth < more; nth++) map.set(nth, nth);
      return map.size;
    },
    [1, 2],
  ],
  "a receiver that changes its date, its set and its bytes": [
    function* () {
      const values = channel<[Date, Set<number>, Uint8Array]>(1);
      yield* values.send([new Date(1), new Set(), new Uint8Array(1)]);
      const received = yield* values.receive();
      if (received === CLOSED) return;
      const [date, set, bytes] = received;
      const by = yield* choose(1, 2);
      date.setTime(Number(date) + by);
      set.add(by);
      bytes[0]! += by;
      return [Number(date), ...set, ...bytes];
    },
    [
      [2, 1, 1],
      [3, 2, 2],
    ],
  ],
  "a sender that changes what it has sent changes it for its receiver": [
    function* () {
      const boxes = channel<{ n: number }>();
      const reader = go(function* () {
        const box = yield* boxes.receive();
        yield* sleep(1);
        return box !== CLOSED && box.n;
      });
      const box = { n: 1 };
      yield* boxes.send(box);
      box.n = 2;
      return yield* reader;
    },
    [2],
  ],
  "a sender sees what a receiver has changed": [
    function* () {
      const jobs = channel<{ done?: true }>();
      go(function* () {
        const job = yield* jobs.receive();
        yield* sleep(yield* choose(1, 3));
        if (job !== CLOSED) job.done = true;
      });
      const job: { done?: true } = {};
      yield* jobs.send(job);
      yield* sleep(2);
      return job.done === true;
    },
    [false, true],
  ],
  "a sender sees what a receiver has changed inside": [
    function* () {
      const [jobs, done] = [channel<{ part: number[] }>(), channel<true>()];
      go(function* () {
        const job = yield* jobs.receive();
        if (job !== CLOSED) job.part.push(1);
        yield* done.send(true);
      });
      const part: number[] = [];
      yield* jobs.send({ part });
      yield* done.receive();
      return part.length;
    },
    [1],
  ],
  "two receivers change one object": [
    function* () {
      const jobs = channel<{ n: number }>(2);
      const job = { n: 1 };
      yield* jobs.send(job);
      yield* jobs.send(job);
      let last = 0;
      for (let nth = 0; nth < 2; nth++) {
        yield* go(function* () {
          const own = yield* jobs.receive();
          if (own !== CLOSED) last = ++own.n;
        });
      }
      return last;
    },
    [3],
  ],
  "a receiver of a promise channel changes what others receive": [
    function* () {
      const lists = promiseChannel<number[]>();
      yield* lists.send([]);
      let last = 0;
      for (let nth = 0; nth < 2; nth++) {
        yield* go(function* () {
          const list = yield* lists.receive();
          if (list !== CLOSED) last = list.push(nth);
        });
      }
      return last;
    },
    [2],
  ],
  "what comes back changed is still the object": [
    function* () {
      const [there, back] = [channel<{ n: number }>(), channel<{ n: number }>()];
      go(function* () {
        const value = yield* there.receive();
        if (value === CLOSED) return;
        value.n++;
        yield* back.send(value);
      });
      const mine = { n: 1 };
      yield* there.send(mine);
      return (yield* back.receive()) === mine;
    },
    [true],
  ],
  "a joiner changes a result that another task joins": [
    function* () {
      const task = go(function* () {
        yield* sleep(1);
        return [0];
      });
      const joiner = go(function* () {
        (yield* task).push(1);
      });
      yield* joiner;
      return (yield* task).length;
    },
    [2],
  ],
  "an object in a cell is changed": [
    function* () {
      const list = cell<number[]>([]);
      list.value.push(1);
      return list.value.length;
    },
    [1],
  ],
  "an instance with private fields is changed": [
    function* () {
      class Counter {
        #n = 0;

        next(): number {
          return ++this.#n;
        }
      }
      const counters = channel<Counter>();
      go(function* () {
        yield* counters.send(new Counter());
      });
      const counter = yield* counters.receive();
      if (counter === CLOSED) return;
      const times = yield* choose(1, 2);
      let last = 0;
      for (let nth = 0; nth < times; nth++) last = counter.next();
      return last;
    },
    [1, 2],
  ],
  "a list that is an argument is filled by its task": [
    function* () {
      const list: number[] = [];
      const task = go(function* (all: number[]) {
        all.push(yield* choose(1, 2));
      }, list);
      yield* task;
      return list;
    },
    [[1], [2]],
  ],
};

describe("verify() changes objects as production does:", () => {
  test.each(Object.entries(CHANGES))("%s", async (_, [program, expected]) => {
    expect(await outcomes(program)).toEqual(expected.map(String).sort());
  });
});

/** True under one of 4 096 random schedules, so that no check by random schedules finds it. */
function* rarely(): Routine<boolean> {
  for (let tosses = 12; tosses > 0; tosses--) if (yield* choose(true, false)) return false;
  return true;
}

/** Programs that behave differently under one schedule, and all that they return. */
const RARE: Record<string, readonly [Program, unknown[]]> = {
  "one object is sent twice": [
    function* () {
      const values = channel<object>(2);
      const [one, other] = [{}, {}];
      yield* values.send(one);
      yield* values.send((yield* rarely()) ? one : other);
      const [first, second] = [yield* values.receive(), yield* values.receive()];
      return first === second;
    },
    [false, true],
  ],
  "a token is compared": [
    function* () {
      const [there, back] = [channel<object>(), channel<unknown>()];
      go(function* () {
        yield* back.send(yield* there.receive());
      });
      const mine = {};
      yield* there.send(mine);
      const token = yield* back.receive();
      return (yield* rarely()) && token === mine;
    },
    [false, true],
  ],
  "a sender looks at what it has sent": [
    function* () {
      const jobs = channel<{ done?: true }>();
      go(function* () {
        const job = yield* jobs.receive();
        yield* sleep(1);
        if (job !== CLOSED) job.done = true;
      });
      const job: { done?: true } = {};
      yield* jobs.send(job);
      yield* sleep(2);
      return (yield* rarely()) && job.done === true;
    },
    [false, true],
  ],
  "a receiver of a promise channel changes what it has received": [
    function* () {
      const lists = promiseChannel<number[]>();
      yield* lists.send([]);
      const list = yield* lists.receive();
      if ((yield* rarely()) && list !== CLOSED) list.push(1);
      const reader = go(function* () {
        const again = yield* lists.receive();
        return again !== CLOSED && again.length;
      });
      return yield* reader;
    },
    [0, 1],
  ],
  "a receiver changes its map": [
    function* () {
      const maps = channel<Map<number, number>>(1);
      yield* maps.send(new Map());
      const map = yield* maps.receive();
      const few = yield* rarely();
      if (map === CLOSED) return;
      return map.set(few ? 1 : 2, 0).size;
    },
    [1],
  ],
};

describe("verify() finds what one schedule of thousands shows:", () => {
  test.each(Object.entries(RARE))("%s", async (_, [program, expected]) => {
    expect(await outcomes(program)).toEqual(expected.map(String).sort());
  });
});

/** Programs that run for ever, or in which much is in turmoil; each is decided by the model. */
const ENDLESS: Record<string, Program> = {
  "a token that goes around": function* () {
    const [there, back] = [channel<object>(), channel<object | typeof CLOSED>()];
    go(forever, function* () {
      yield* back.send(yield* there.receive());
    });
    const mine = {};
    yield* forever(function* () {
      yield* there.send(mine);
      if ((yield* back.receive()) !== mine) throw new Error("another token");
    });
  },
  "jobs that each stage of a pipeline changes": function* () {
    const [first, second, third] = [channel<Job>(), channel<Job>(), channel<Job>()];
    go(forever, function* () {
      yield* first.send({ n: 1 });
    });
    for (const [from, to] of [
      [first, second],
      [second, third],
    ] as const) {
      go(forever, function* () {
        const job = yield* from.receive();
        if (job === CLOSED) return;
        job.n++;
        yield* to.send(job);
      });
    }
    yield* forever(function* () {
      const job = yield* third.receive();
      if (job !== CLOSED && job.n !== 3) throw new Error(`it is ${job.n}`);
    });
  },
  "a symbol that each round sends": function* () {
    const ticks = channel<symbol>();
    const tick = Symbol("tick");
    daemon(
      go(forever, function* () {
        yield* ticks.send(tick);
      }),
    );
    for (let nth = 0; nth < 2; nth++) if ((yield* ticks.receive()) !== tick) throw new Error("no tick");
  },
  "a loop of two states that receives a new function in each round": function* () {
    const steps = channel<() => number>();
    daemon(
      go(forever, function* () {
        yield* steps.send(() => 1);
      }),
    );
    yield* loop(0, function* (n) {
      const step = yield* steps.receive();
      return step === CLOSED ? n : (n + step()) % 3;
    });
  },
  "workers that change what they are given": function* () {
    const [jobs, results] = [channel<Job>(1), channel<Job>(1)];
    for (let nth = 0; nth < 2; nth++) {
      daemon(
        go(forever, function* () {
          const job = yield* jobs.receive();
          if (job === CLOSED) return;
          job.n += 10;
          yield* results.send(job);
        }),
      );
    }
    go(function* () {
      for (let n = 0; n < 2; n++) yield* jobs.send({ n });
    });
    let sum = 0;
    for (let nth = 0; nth < 2; nth++) sum += ((yield* results.receive()) as Job).n;
    if (sum !== 21) throw new Error(`it is ${sum}`);
  },
};

interface Job {
  n: number;
}

describe("verify() proves by the model a program with", () => {
  test.each(Object.entries(ENDLESS))("%s", async (_, program) => {
    expect(await verify(program)).toMatchObject({ status: "proved", engine: "model" });
  });
});

describe("verify() never takes two objects that a loop makes for one:", () => {
  test.each<[string, () => unknown]>([
    ["functions", () => () => 1],
    ["symbols", () => Symbol("tick")],
    ["instances of a class", () => new Point(1)],
    ["data", () => ({ a: 1 })],
  ])("%s", async (_, make) => {
    const program = function* (): Routine<unknown> {
      const values = channel<unknown>();
      daemon(
        go(forever, function* () {
          yield* values.send(make());
        }),
      );
      const [one, other] = [yield* values.receive(), yield* values.receive()];
      return one === other;
    };
    const verdict = await verify(program, { maxEvents: 20_000 });
    expect(verdict.status).not.toBe("failed");
    if (verdict.status === "proved") expect([...verdict.outcomes]).toEqual([false]);
  });
});

describe("verify() keeps the states of plain data few:", () => {
  test("equal messages of several tasks are one", async () => {
    const send = (make: (n: number) => unknown) =>
      function* (): Routine<void> {
        const values = channel<unknown>();
        for (let nth = 0; nth < 3; nth++) {
          go(function* () {
            for (let n = 0; n < 2; n++) yield* values.send(make(n));
          });
        }
        for (let nth = 0; nth < 6; nth++) yield* values.receive();
      };
    const [numbers, objects] = [await verify(send((n) => n)), await verify(send((n) => ({ n })))];
    expect(objects).toMatchObject({ status: "proved", states: numbers.status === "proved" && numbers.states });
  });

  test("a server that answers for ever with new objects is one round", async () => {
    const verdict = await verify(function* () {
      const [questions, answers] = [channel<{ readonly n: number }>(), channel<{ readonly n: number }>()];
      daemon(
        go(forever, function* () {
          const question = yield* questions.receive();
          if (question !== CLOSED) yield* answers.send({ n: question.n + 1 });
        }),
      );
      for (let nth = 0; nth < 3; nth++) {
        yield* questions.send({ n: 1 });
        yield* answers.receive();
      }
    });
    expect(verdict).toMatchObject({ status: "proved", engine: "model" });
  });
});

describe("the option outcomes of verify()", () => {
  const returns = (value: unknown) =>
    function* (): Routine<unknown> {
      return value;
    };

  test.each<[string, unknown, unknown, string]>([
    ["allows data of equal shape", { a: [1, { b: 2 }] }, { a: [1, { b: 2 }] }, "proved"],
    ["refuses data of another shape", { a: 1 }, { a: 2 }, "failed"],
    ["allows a map with equal entries", new Map([[1, [2]]]), new Map([[1, [2]]]), "proved"],
    ["allows an instance with equal fields", new Point(1), new Point(1), "proved"],
    ["refuses an instance of another class", new Point(1), { x: 1 }, "failed"],
    ["allows an equal error", new StatusError(404), new StatusError(404), "proved"],
    ["refuses an error with other fields", new StatusError(404), new StatusError(500), "failed"],
    ["allows a symbol that is the same", unregistered, unregistered, "proved"],
    ["refuses another symbol", unregistered, Symbol("unregistered"), "failed"],
    ["refuses minus zero for zero", 0, -0, "failed"],
  ])("%s, in both engines", async (_, allowed, returned, status) => {
    for (const engine of ["model", "runs"] as const) {
      const verdict = await verify(returns(returned), { outcomes: [allowed], engine });
      expect(verdict).toMatchObject({ status, ...(status === "failed" && { kind: "outcome" }) });
    }
  });

  test("has one entry for the symbols that all schedules return", async () => {
    const verdict = await verify(function* () {
      yield* choose(1, 2);
      return Symbol();
    });
    expect(verdict.status === "proved" && verdict.outcomes.size).toBe(1);
  });
});

describe("the option freeze of verify()", () => {
  const receiverWrites = function* (): Routine<unknown> {
    const boxes = channel<{ n: number }>();
    const done = channel<true>();
    go(function* () {
      const box = yield* boxes.receive();
      if (box !== CLOSED) box.n = 2;
      yield* done.send(true);
    });
    yield* boxes.send({ n: 1 });
    return yield* done.receive();
  };

  test("is off by default", async () => {
    expect(await verify(receiverWrites)).toMatchObject({ status: "proved" });
  });

  test("shows the TypeError of a receiver, though main waits for ever", async () => {
    const verdict = await verify(receiverWrites, { freeze: true });
    expect(verdict).toMatchObject({ status: "failed", kind: "throw" });
    if (verdict.status !== "failed") return;
    expect(verdict.cause).toBeInstanceOf(TypeError);
    expect(verdict.report).toContain("TypeError");
    await expect(replay(verdict.token, receiverWrites)).rejects.toMatchObject({ kind: "throw" });
  });
});

describe("verify() of a task that fails while another waits for it", () => {
  test("reports the error and not the deadlock", async () => {
    const verdict = await verify(function* () {
      const done = channel<true>();
      go(function* () {
        throw new Error("broken");
      });
      yield* done.receive();
    });
    expect(verdict).toMatchObject({ status: "failed", kind: "throw", cause: new Error("broken") });
  });
});

/** Where a program gives a value away that the model has no number for. */
const GIVEN: Readonly<Record<string, (odd: object) => unknown>> = {
  "an attempt to send it": (odd) => channel<object>(1).trySend(odd),
  "a cell of it": (odd) => cell(odd),
  "an iterable with it": (odd) => from([odd]),
};

test.each(Object.entries(GIVEN))("an error of the model is none that the program can catch: %s", async (_, give) => {
  const verdict = await verify(function* () {
    try {
      give(new WeakMap());
    } catch {
      return "caught";
    }
    return "given";
  });
  expect(verdict).toMatchObject({ status: "proved", engine: "runs", outcomes: new Set(["given"]) });
});

import {
  type AsyncRoutine,
  CLOSED,
  channel,
  collect,
  EMPTY,
  from,
  go,
  merge,
  type ObservableLike,
  type ReceiveChannel,
  type Routine,
  select,
  sleep,
  through,
} from "millrace";
import { map, take } from "millrace/transducers";
import { Observable, Subject } from "rxjs";
import { describe, expect, test } from "vitest";
import { read } from "../../support/flow.js";
import { virtualTime } from "../../support/virtual.js";

/** Counts up, and counts the calls of next() and return(). */
class Counter implements IterableIterator<number> {
  asked = 0;
  returned = 0;

  constructor(readonly end = Number.POSITIVE_INFINITY) {}

  [Symbol.iterator](): this {
    return this;
  }

  next(): IteratorResult<number, undefined> {
    this.asked++;
    return this.asked > this.end ? { done: true, value: undefined } : { done: false, value: this.asked };
  }

  return(): IteratorResult<number, undefined> {
    this.returned++;
    return { done: true, value: undefined };
  }
}

const expectFrom = (source: Parameters<typeof from>[0]) => expect(collect(from(source)).then());

describe("from(iterable)", () => {
  test.each<[string, Iterable<unknown>, unknown[]]>([
    ["an array", [1, undefined, null], [1, undefined, null]],
    ["a string by code points", "a𝄞b", ["a", "𝄞", "b"]],
    ["a Set", new Set([1, 2]), [1, 2]],
    ["a Map", new Map([["a", 1]]), [["a", 1]]],
    ["a generator", new Counter(2), [1, 2]],
    ["a typed array", new Uint8Array([7, 8]), [7, 8]],
    ["an empty array", [], []],
  ])("yields the values of %s and then ends", async (_, source, values) => {
    await expectFrom(source).resolves.toEqual(values);
  });

  test("asks for a value only when it is received", async () => {
    using time = virtualTime();
    const counter = new Counter();
    const numbers = from(counter);
    await time.settle();
    expect(counter.asked).toBe(0);
    expect([numbers.tryReceive(), counter.asked, await numbers.receive(), counter.asked]).toEqual([1, 1, 2, 2]);
  });

  test.each<[string, (numbers: ReceiveChannel<number>) => unknown]>([
    ["cancel()", (numbers) => numbers.cancel()],
    [
      "a break out of for await",
      async (numbers) => {
        for await (const n of numbers) if (n > 0) break;
      },
    ],
    ["a take that is done", (numbers) => collect(through(numbers, take(2))).then()],
    [
      "a step that throws",
      (numbers) =>
        collect(
          through(
            numbers,
            map((_: number): number => {
              throw 1;
            }),
          ),
        ).then(null, () => {}),
    ],
  ])("calls return() once and asks for nothing more after %s (CB-11)", async (_, leave) => {
    const counter = new Counter();
    const numbers = from(counter);
    await leave(numbers);
    const { asked } = counter;
    expect([counter.returned, numbers.closed, numbers.tryReceive(), counter.asked - asked]).toEqual([
      1,
      true,
      CLOSED,
      0,
    ]);
    numbers.cancel();
    expect(counter.returned).toBe(1);
  });

  test("does not call return() of an iterator that is done or has thrown", async () => {
    const counter = new Counter(2);
    await collect(from(counter));
    expect(counter.returned).toBe(0);
    const error = new Error("broken");
    const broken = new Counter();
    broken.next = () => {
      throw error;
    };
    const numbers = from(broken);
    await expect(numbers.receive().then()).rejects.toBe(error);
    await expect(numbers.receive().then()).rejects.toBe(error);
    numbers.cancel();
    expect([numbers.closed, broken.returned]).toEqual([true, 0]);
  });

  test("runs the finally block of a generator when it is left early", async () => {
    const log: string[] = [];
    function* body(): Generator<number> {
      try {
        yield 1;
        yield 2;
      } finally {
        log.push("finally");
      }
    }
    for await (const n of from(body())) {
      log.push(`got ${n}`);
      break;
    }
    expect(log).toEqual(["got 1", "finally"]);
  });

  test("takes no value for a select that another case wins", async () => {
    using _ = virtualTime();
    const [a, b] = [new Counter(), new Counter()];
    const choice = select({ a: from(a), b: from(b) });
    for (let n = 0; n < 20; n++) await choice;
    expect(a.asked + b.asked).toBe(20);
  });
});

describe("from(asyncIterable)", () => {
  test("yields its values and then ends, and asks for one value at a time, on demand", async () => {
    using time = virtualTime();
    let asked = 0;
    async function* body(): AsyncGenerator<number> {
      while (asked < 3) yield ++asked;
    }
    const numbers = from(body());
    await time.settle();
    expect([asked, numbers.tryReceive()]).toEqual([0, EMPTY]);
    await time.settle();
    // The answer to the try is kept for the next receiver.
    expect([asked, numbers.tryReceive(), asked]).toEqual([1, 1, 1]);
    const seen = read(numbers);
    await time.settle();
    expect([seen, asked]).toEqual([{ values: [2, 3], end: "closed" }, 3]);
  });

  test("keeps the answer for the next receiver if the select that asked for it takes another case (CB-4)", async () => {
    using time = virtualTime();
    let answer = (_: number): void => {};
    const slow: AsyncIterable<number> = {
      [Symbol.asyncIterator]: () => ({
        next: () =>
          new Promise<IteratorResult<number>>((resolve) => {
            answer = (value) => resolve({ done: false, value });
          }),
      }),
    };
    const numbers = from(slow);
    const choice = select({ numbers, late: sleep(5) }).then(({ key }) => key);
    await time.advance(5);
    expect(await choice).toBe("late");
    answer(1);
    await time.settle();
    expect(numbers.tryReceive()).toBe(1);
  });

  test("calls return() when it is left early, and neither waits for it nor reports its failure (CB-11)", async () => {
    using time = virtualTime();
    const log: string[] = [];
    const source: AsyncIterable<number> = {
      [Symbol.asyncIterator]: () => ({
        next: async () => ({ done: false, value: 1 }),
        return: async () => {
          log.push("return");
          throw new Error("noneParked hears");
        },
      }),
    };
    const numbers = from(source);
    await time.settle();
    expect(await numbers.receive()).toBe(1);
    numbers.cancel();
    await time.settle();
    expect([log, numbers.tryReceive(), time.reported]).toEqual([["return"], CLOSED, []]);
  });

  test("runs the finally block of an async generator that is left early, once its pending step is done", async () => {
    using time = virtualTime();
    const log: string[] = [];
    async function* body(): AsyncGenerator<number> {
      try {
        yield 1;
        await sleep(10);
        yield 2;
      } finally {
        log.push(`finally at ${time.now()}`);
      }
    }
    const numbers = from(body());
    const task = go(async function* (): AsyncRoutine<void> {
      for (;;) yield* numbers.receive();
    });
    await time.advance(5);
    task.cancel();
    numbers.cancel();
    expect(numbers.tryReceive()).toBe(CLOSED);
    await time.advance(10);
    expect(log).toEqual(["finally at 10"]);
  });

  test("throws its error to receivers, and does not call return() (CB-3)", async () => {
    using time = virtualTime();
    const error = new Error("broken");
    let returned = 0;
    const source: AsyncIterable<number> = {
      [Symbol.asyncIterator]: () => ({
        next: async () => {
          throw error;
        },
        return: async () => {
          returned++;
          return { done: true, value: undefined };
        },
      }),
    };
    const seen = read(from(source));
    await time.settle();
    expect([seen, returned]).toEqual([{ values: [], end: { cause: error } }, 0]);
  });

  test("ends with the error of a next() that throws in place of returning a promise", async () => {
    using time = virtualTime();
    const error = new Error("broken");
    const seen = read(
      from({
        [Symbol.asyncIterator]: () => ({
          next: () => {
            throw error;
          },
        }),
      }),
    );
    await time.settle();
    expect(seen.end).toEqual({ cause: error });
  });
});

describe("from(readableStream)", () => {
  /** A stream of numbers that notes the calls of pull() and cancel(). */
  function stream(end = Number.POSITIVE_INFINITY): { stream: ReadableStream<number>; log: unknown[] } {
    const log: unknown[] = [];
    let n = 0;
    const stream = new ReadableStream<number>(
      {
        pull(controller) {
          log.push("pull");
          if (++n > end) controller.close();
          else controller.enqueue(n);
        },
        cancel: (reason) => void log.push({ cancel: reason }),
      },
      { highWaterMark: 0 },
    );
    return { stream, log };
  }

  test("yields its values and then ends, and releases the lock of the stream", async () => {
    const { stream: source } = stream(3);
    const numbers = from(source);
    expect(source.locked).toBe(true);
    expect([await collect(numbers), source.locked]).toEqual([[1, 2, 3], false]);
  });

  test("pulls from the stream only when a value is received", async () => {
    using time = virtualTime();
    const { stream: source, log } = stream();
    const numbers = from(source);
    await time.settle();
    expect(log).toEqual([]);
    await numbers.receive();
    await time.settle();
    expect(log).toEqual(["pull"]);
  });

  test("passes the reason of a cancel to the stream, and releases its lock (CB-11)", async () => {
    using time = virtualTime();
    const { stream: source, log } = stream();
    const numbers = from(source);
    await numbers.receive();
    merge([numbers]).cancel("enough");
    expect([numbers.closed, source.locked]).toEqual([true, false]);
    await time.settle();
    expect(log).toEqual(["pull", { cancel: "enough" }]);
  });

  test("releases the lock when it is cancelled during a read, and reports nothing", async () => {
    using time = virtualTime();
    const log: unknown[] = [];
    const source = new ReadableStream<number>({ cancel: (reason) => void log.push(reason) });
    const numbers = from(source);
    const seen = read(numbers);
    await time.settle();
    numbers.cancel("enough");
    await time.settle();
    expect([seen.end, log, source.locked, time.reported]).toEqual(["closed", ["enough"], false, []]);
  });

  test("throws the error of the stream to receivers, and releases its lock (CB-3)", async () => {
    using time = virtualTime();
    const error = new Error("broken");
    const source = new ReadableStream<number>(
      {
        start(controller) {
          controller.enqueue(1);
        },
        pull(controller) {
          controller.error(error);
        },
      },
      { highWaterMark: 1 },
    );
    const seen = read(from(source));
    await time.settle();
    expect([seen.end, source.locked]).toEqual([{ cause: error }, false]);
  });

  test("refuses a stream that is locked", () => {
    const { stream: source } = stream();
    source.getReader();
    expect(() => from(source)).toThrow(TypeError);
  });
});

describe("from(observable)", () => {
  test("yields what an RxJS subject emits, and ends when the subject completes", async () => {
    using time = virtualTime();
    const subject = new Subject<number>();
    const numbers: ReceiveChannel<number> = from(subject);
    subject.next(1);
    const seen = read(numbers);
    subject.next(2);
    await time.settle();
    subject.complete();
    await time.settle();
    expect([seen, subject.observed]).toEqual([{ values: [1, 2], end: "closed" }, false]);
  });

  test("accepts an observable that emits and completes within subscribe()", async () => {
    let torn = 0;
    const cold = new Observable<number>((to) => {
      to.next(1);
      to.next(2);
      to.complete();
      return () => void torn++;
    });
    expect([await collect(from(cold)), torn]).toEqual([[1, 2], 1]);
  });

  test("throws the error of the observable to receivers, after the values before it (CB-3)", async () => {
    using time = virtualTime();
    const subject = new Subject<number>();
    const numbers = from(subject);
    const error = new Error("broken");
    subject.next(1);
    subject.error(error);
    const seen = read(numbers);
    await time.settle();
    expect(seen).toEqual({ values: [1], end: { cause: error } });
  });

  test("throws an error if the observable fails without a reason", async () => {
    const numbers = from<number>({ subscribe: (observer) => (observer as unknown as { error(): void }).error() });
    await expect(numbers.receive().then()).rejects.toThrow("The observable failed without an error");
  });

  test("unsubscribes in the step of a cancel, and passes values that were not received to onUndelivered (CB-2)", async () => {
    const subject = new Subject<number>();
    const lost: number[] = [];
    const numbers = from(subject, { onUndelivered: (n) => void lost.push(n) });
    subject.next(1);
    merge([numbers]).cancel();
    expect([subject.observed, lost]).toEqual([false, [1]]);
  });

  test("keeps as many values as the option buffer allows", async () => {
    const subject = new Subject<number>();
    const lost: number[] = [];
    const numbers = from(subject, { buffer: 1, onUndelivered: (n) => void lost.push(n) });
    for (const n of [1, 2, 3]) subject.next(n);
    expect([numbers.tryReceive(), numbers.tryReceive(), lost]).toEqual([1, EMPTY, [2, 3]]);
  });

  test("unsubscribes when its signal aborts, and earlier values can still be received", async () => {
    const leaving = new AbortController();
    const subject = new Subject<number>();
    const numbers = from(subject, { signal: leaving.signal });
    subject.next(1);
    leaving.abort();
    expect([subject.observed, numbers.tryReceive(), numbers.tryReceive()]).toEqual([false, 1, CLOSED]);
  });

  const observed: { [way: string]: (stop: () => void) => unknown } = {
    "a returned function": (stop) => ({ subscribe: () => stop }),
    "a returned subscription": (stop) => ({ subscribe: () => ({ unsubscribe: stop }) }),
    "the signal of subscribe()": (stop) => ({
      subscribe(_: unknown, { signal }: { signal: AbortSignal }) {
        signal.addEventListener("abort", stop);
      },
    }),
    "Symbol.observable": (stop) => ({
      [(Symbol as { observable?: symbol }).observable ?? "@@observable"]: () => ({ subscribe: () => stop }),
    }),
    "@@observable": (stop) => ({ "@@observable": () => ({ subscribe: () => stop }) }),
  };

  test.each(Object.keys(observed))("unsubscribes once when it is cancelled, by way of %s", (way) => {
    let stopped = 0;
    const numbers = from(observed[way]!(() => void stopped++) as never);
    expect(stopped).toBe(0);
    numbers.cancel();
    numbers.cancel();
    expect(stopped).toBe(1);
  });

  test("calls the interop method on its object", async () => {
    const store = {
      state: 7,
      "@@observable"() {
        const { state } = this;
        return { subscribe: (observer: { next(n: number): void }) => void observer.next(state) };
      },
    };
    expect(from(store as never).tryReceive()).toBe(7);
  });

  test("accepts an observable of the platform, if the platform has observables", async () => {
    using time = virtualTime();
    const target = new EventTarget() as EventTarget & { when?: (type: string) => ObservableLike<Event> };
    if (target.when === undefined) return;
    const events = from<Event>(target.when("x"));
    target.dispatchEvent(new Event("x"));
    await time.settle();
    expect((events.tryReceive() as Event).type).toBe("x");
    events.cancel();
  });
});

describe("from()", () => {
  test("returns a receive channel as it is, and does not own it", async () => {
    using _ = virtualTime();
    const mine = channel<number>(1);
    expect(from(mine)).toBe(mine);
    const view = from([1]);
    expect(from(view)).toBe(view);
    mine.trySend(1);
    for await (const _ of from(mine)) break;
    expect(mine.closed).toBe(false);
  });

  test("of an event target and a type listens as fromEvent() does", async () => {
    const target = new EventTarget();
    using events = from(target, "x", { buffer: 1 });
    for (let n = 0; n < 2; n++) target.dispatchEvent(new Event("x"));
    const first = events.tryReceive();
    expect([typeof first === "object" && first.type, events.tryReceive()]).toEqual(["x", EMPTY]);
  });

  test.each([[undefined], [null], [5], [{}], [() => {}]])("refuses %s", (given) => {
    expect(() => from(given as never)).toThrow(
      /^Cannot create channel: from\(\) takes an iterable, an async iterable, a ReadableStream or an observable, got /,
    );
  });

  test("does not starve other tasks if its source is always ready (GO-5)", async () => {
    using time = virtualTime();
    let turns = 0;
    const reader = go(function* (): Routine<void> {
      const numbers = from(new Counter());
      for (;;) yield* numbers.receive();
    });
    go(function* (): Routine<void> {
      for (; turns < 10; turns++) yield* sleep(0);
      reader.cancel();
    });
    await time.settle();
    await reader.then(null, () => {});
    expect(turns).toBe(10);
  });
});

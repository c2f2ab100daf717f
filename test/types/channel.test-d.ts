import {
  type AsyncRoutine,
  type Buffer,
  type Channel,
  type CLOSED,
  type Closed,
  channel,
  dropping,
  type Empty,
  fixed,
  go,
  type Operation,
  promiseChannel,
  type ReceiveChannel,
  type Routine,
  type SendChannel,
  sliding,
  type Task,
  unbounded,
  type Value,
} from "millrace";
import { compose, filter, flatMap, map, type Transducer } from "millrace/transducers";
import { expectTypeOf, test } from "vitest";

test("channel() infers what it carries", () => {
  expectTypeOf(channel<number>()).toEqualTypeOf<Channel<number>>();
  expectTypeOf(channel<string>(4)).toEqualTypeOf<Channel<string>>();
  expectTypeOf(channel(fixed<number>(2))).toEqualTypeOf<Channel<number>>();
  expectTypeOf(channel(dropping<number>(2))).toEqualTypeOf<Channel<number>>();
  expectTypeOf(channel(sliding<number>(2, (value) => expectTypeOf(value).toEqualTypeOf<number>()))).toEqualTypeOf<
    Channel<number>
  >();
  expectTypeOf(channel(unbounded<number>())).toEqualTypeOf<Channel<number>>();
  expectTypeOf(promiseChannel<Date>()).toEqualTypeOf<Channel<Date>>();
  expectTypeOf(channel()).toEqualTypeOf<Channel<unknown>>();
  expectTypeOf<Channel<number>>().not.toBeAny();
  channel<number>(1, { onUndelivered: (value) => expectTypeOf(value).toEqualTypeOf<number>() });
});

test("send, receive and their tries yield what the rules say", () => {
  const ch = channel<number>();
  expectTypeOf(ch.send(1)).toEqualTypeOf<Operation<boolean>>();
  expectTypeOf(ch.receive()).toEqualTypeOf<Operation<number | Closed>>();
  expectTypeOf(ch.trySend(1)).toEqualTypeOf<boolean>();
  expectTypeOf(ch.tryReceive()).toEqualTypeOf<number | Closed | Empty>();
  expectTypeOf(ch.whenClosed()).toEqualTypeOf<Operation<void>>();
  expectTypeOf(ch.close()).toEqualTypeOf<boolean>();
  expectTypeOf(ch.length).toEqualTypeOf<number>();
  expectTypeOf<typeof CLOSED>().toExtend<Closed>();
  expectTypeOf<Closed>().toExtend<typeof CLOSED>();
  // @ts-expect-error a channel of numbers takes no string
  ch.send("1");
  // @ts-expect-error nor does its try
  ch.trySend("1");
  // @ts-expect-error what it shows is for reading
  ch.closed = true;
});

test("CLOSED narrows away", () => {
  const body = function* (ch: ReceiveChannel<number>) {
    const value = yield* ch.receive();
    expectTypeOf(value).toEqualTypeOf<number | Closed>();
    expectTypeOf(value).not.toBeAny();
    return typeof value === "symbol" ? 0 : value;
  };
  expectTypeOf(go(body, channel<number>())).toEqualTypeOf<Task<number>>();
});

test("go blocks of both kinds infer through yield*, without annotations", () => {
  function* sync(ch: Channel<string>): Routine<number> {
    const sent = yield* ch.send("a");
    expectTypeOf(sent).toEqualTypeOf<boolean>();
    const word = yield* ch.receive();
    expectTypeOf(word).toEqualTypeOf<string | Closed>();
    return 1;
  }
  async function* async(ch: Channel<string>): AsyncRoutine<Date> {
    const word = yield* ch.receive();
    expectTypeOf(word).toEqualTypeOf<string | Closed>();
    const inner = yield* sync(ch);
    expectTypeOf(inner).toEqualTypeOf<number>();
    return new Date();
  }
  expectTypeOf(go(sync, channel<string>())).toEqualTypeOf<Task<number>>();
  expectTypeOf(go(async, channel<string>())).toEqualTypeOf<Task<Date>>();
  expectTypeOf(
    go(function* () {
      return yield* channel<boolean>().receive();
    }),
  ).toEqualTypeOf<Task<boolean | Closed>>();
  // @ts-expect-error the arguments are those of the body
  go(sync, channel<number>());
});

test("await and for await infer the same", async () => {
  const ch = channel<number>(1);
  expectTypeOf(async () => await ch.receive()).returns.toEqualTypeOf<Promise<number | Closed>>();
  expectTypeOf(async () => {
    for await (const value of ch) expectTypeOf(value).toEqualTypeOf<number>();
  }).returns.toEqualTypeOf<Promise<void>>();
});

interface Animal {
  name: string;
}
interface Dog extends Animal {
  bark(): void;
}

test("SendChannel is contravariant, ReceiveChannel and Operation are covariant, Channel is neither", () => {
  expectTypeOf<SendChannel<Animal>>().toExtend<SendChannel<Dog>>();
  expectTypeOf<SendChannel<Dog>>().not.toExtend<SendChannel<Animal>>();
  expectTypeOf<ReceiveChannel<Dog>>().toExtend<ReceiveChannel<Animal>>();
  expectTypeOf<ReceiveChannel<Animal>>().not.toExtend<ReceiveChannel<Dog>>();
  expectTypeOf<Channel<Dog>>().not.toExtend<Channel<Animal>>();
  expectTypeOf<Channel<Animal>>().not.toExtend<Channel<Dog>>();
  expectTypeOf<Operation<Dog>>().toExtend<Operation<Animal>>();
  expectTypeOf<Operation<Animal>>().not.toExtend<Operation<Dog>>();
  expectTypeOf<Channel<Dog>>().toExtend<SendChannel<Dog>>();
  expectTypeOf<Channel<Dog>>().toExtend<ReceiveChannel<Animal>>();
  expectTypeOf<ReceiveChannel<never>>().toExtend<ReceiveChannel<string>>();
  expectTypeOf<SendChannel<number>>().not.toHaveProperty("receive");
  expectTypeOf<ReceiveChannel<number>>().not.toHaveProperty("send");
});

test("a transform gives a channel two types: what goes in and what comes out", () => {
  const ch = channel(2, { transform: map((n: number) => `${n}`) });
  expectTypeOf(ch.send).parameter(0).toEqualTypeOf<number>();
  expectTypeOf(ch.receive()).toEqualTypeOf<Operation<string | Closed>>();
  expectTypeOf(ch).toExtend<SendChannel<number>>();
  expectTypeOf(ch).toExtend<ReceiveChannel<string>>();
  expectTypeOf(ch.capacity).toEqualTypeOf<number>();
  // @ts-expect-error strings come out, they do not go in
  ch.send("1");
  const composed = channel(2, {
    transform: compose(
      filter((value: number | string): value is number => typeof value === "number"),
      flatMap((n: number) => [new Date(n)]),
    ),
  });
  expectTypeOf(composed.send).parameter(0).toEqualTypeOf<number | string>();
  expectTypeOf(composed.receive()).toEqualTypeOf<Operation<Date | Closed>>();
  expectTypeOf(
    compose(
      map((n: number) => `${n}`),
      map((word: string) => word.length),
    ),
  ).toEqualTypeOf<Transducer<number, number>>();
  const shown = map((n: number) => `${n}`);
  const next = map((n: number) => n + 1);
  // @ts-expect-error the second step does not take what the first passes on
  compose(shown, next);
});

test("Value is to operations what Awaited is to promises", () => {
  expectTypeOf<Value<Operation<number>>>().toEqualTypeOf<number>();
  expectTypeOf<Value<Channel<number>>>().toEqualTypeOf<number | Closed>();
  expectTypeOf<Value<ReceiveChannel<string>>>().toEqualTypeOf<string | Closed>();
  expectTypeOf<Value<Task<Date>>>().toEqualTypeOf<Date>();
  expectTypeOf<Value<number>>().toEqualTypeOf<never>();
  expectTypeOf<Awaited<Operation<number>>>().toEqualTypeOf<number>();
});

test("Buffer is an interface that a class can implement", () => {
  class Mine implements Buffer<number> {
    length = 0;
    capacity = 1;
    full = false;
    push(_value: number): void {}
    shift(): number {
      return 0;
    }
  }
  expectTypeOf(channel(new Mine())).toEqualTypeOf<Channel<number>>();
});

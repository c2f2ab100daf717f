import {
  aborted,
  alt,
  always,
  type Channel,
  type Closed,
  channel,
  guard,
  never,
  type Operation,
  type ReceiveChannel,
  receiveAny,
  type Selected,
  select,
  settled,
  sleep,
  timeout,
  when,
  withNack,
} from "millrace";
import { expectTypeOf, test } from "vitest";

const numbers: Channel<number> = channel<number>();
const words: ReceiveChannel<string> = channel<string>();

test("select() yields a union discriminated by key", () => {
  const choice = select({ n: numbers, w: words.receive(), sent: numbers.send(1), late: sleep(5), out: timeout(5) });
  type Got = typeof choice extends Operation<infer T> ? T : never;
  expectTypeOf<Got["key"]>().toEqualTypeOf<"n" | "w" | "sent" | "late" | "out">();
  expectTypeOf<Extract<Got, { key: "n" }>["value"]>().toEqualTypeOf<number | Closed>();
  expectTypeOf<Extract<Got, { key: "w" }>["value"]>().toEqualTypeOf<string | Closed>();
  expectTypeOf<Extract<Got, { key: "sent" }>["value"]>().toEqualTypeOf<boolean>();
  expectTypeOf<Extract<Got, { key: "late" }>["value"]>().toEqualTypeOf<void>();
  expectTypeOf<Extract<Got, { key: "out" }>["value"]>().toEqualTypeOf<Closed>();
  const body = function* () {
    const got = yield* choice;
    switch (got.key) {
      case "n":
        expectTypeOf(got.value).toEqualTypeOf<number | Closed>();
        break;
      case "sent":
        expectTypeOf(got.value).toEqualTypeOf<boolean>();
        break;
      case "w":
      case "late":
      case "out":
        break;
      default:
        expectTypeOf(got).toEqualTypeOf<never>();
    }
    // @ts-expect-error no such case
    if (got.key === "absent") return;
  };
  expectTypeOf(body).toBeFunction();
});

test("select() with a default yields it under its own key", () => {
  const choice = select({ n: numbers }, { default: "none" });
  expectTypeOf(choice).toEqualTypeOf<
    Operation<Selected<{ n: Channel<number> }> | { readonly key: "default"; readonly value: string }>
  >();
  expectTypeOf(select({ n: numbers }, { mode: "fair" })).toEqualTypeOf<
    Operation<{ readonly key: "n"; readonly value: number | Closed }>
  >();
  // @ts-expect-error no such mode
  select({ n: numbers }, { mode: "first" });
  // @ts-expect-error a number is no case
  select({ n: 3 });
  // @ts-expect-error a promise is none either: settled() makes it one
  select({ p: Promise.resolve(1) });
});

test("select() under map", () => {
  expectTypeOf(select({ n: numbers }).map(({ key }) => key)).toEqualTypeOf<Operation<"n">>();
});

test("when() keeps the type of what it guards", () => {
  expectTypeOf(when(true, numbers)).toEqualTypeOf<Channel<number>>();
  expectTypeOf(select({ n: when(false, numbers.receive()) })).toEqualTypeOf<
    Operation<{ readonly key: "n"; readonly value: number | Closed }>
  >();
});

test("alt() yields the union of what its cases yield", () => {
  expectTypeOf(alt(numbers, words)).toEqualTypeOf<Operation<number | string | Closed>>();
  expectTypeOf(alt(numbers.receive().map(String), always(new Date()))).toEqualTypeOf<Operation<string | Date>>();
  expectTypeOf(alt(always(1), never())).toEqualTypeOf<Operation<number>>();
  expectTypeOf(alt()).toEqualTypeOf<Operation<never>>();
  expectTypeOf(alt(alt(always(1)), alt(always("a")))).toEqualTypeOf<Operation<number | string>>();
  expectTypeOf(alt(numbers)).not.toBeAny();
});

test("map, always, never, guard, withNack, settled and aborted infer their values", () => {
  expectTypeOf(always(1)).toEqualTypeOf<Operation<number>>();
  expectTypeOf(never()).toEqualTypeOf<Operation<never>>();
  expectTypeOf(always(1).map(String)).toEqualTypeOf<Operation<string>>();
  expectTypeOf(always(1).map((n) => ({ n }))).toEqualTypeOf<Operation<{ n: number }>>();
  expectTypeOf(guard(() => words.receive())).toEqualTypeOf<Operation<string | Closed>>();
  expectTypeOf(
    withNack((lost) => {
      expectTypeOf(lost).toEqualTypeOf<Operation<void>>();
      return always(1);
    }),
  ).toEqualTypeOf<Operation<number>>();
  expectTypeOf(settled(Promise.resolve(1))).toEqualTypeOf<Operation<number>>();
  expectTypeOf(aborted(new AbortController().signal)).toEqualTypeOf<Operation<unknown>>();
});

test("receiveAny() yields a union discriminated by key, or CLOSED", () => {
  const inbox = receiveAny({ numbers, words });
  expectTypeOf(inbox).toEqualTypeOf<
    Operation<
      { readonly key: "numbers"; readonly value: number } | { readonly key: "words"; readonly value: string } | Closed
    >
  >();
});

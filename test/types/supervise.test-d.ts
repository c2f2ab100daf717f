import { CLOSED, type Closed, type Operation, pause, type SendChannel } from "millrace";
import {
  type Actor,
  actor,
  ask,
  type Child,
  END,
  type Exit,
  type Mailbox,
  machine,
  monitor,
  pool,
  type Reply,
  registry,
  supervise,
} from "millrace/supervise";
import { describe, expectTypeOf, test } from "vitest";

type Message = { readonly type: "push"; readonly n: number } | { readonly type: "pop"; readonly reply: Reply<number> };

describe("actor()", () => {
  test("the parameter of a handler and of a behaviour is typed by the type of the messages", () => {
    const handled = actor<Message>((message) => {
      if (message.type === "push") expectTypeOf(message.n).toEqualTypeOf<number>();
      else message.reply(1);
    });
    expectTypeOf(handled).toEqualTypeOf<Actor<Message>>();
    const read = actor<number>(function* (mailbox) {
      for (let n: number | Closed; (n = yield* mailbox.receive()) !== CLOSED; ) expectTypeOf(n).toEqualTypeOf<number>();
    });
    expectTypeOf(read).toEqualTypeOf<Actor<number>>();
  });

  test("the type of the messages is inferred from an annotation", () => {
    expectTypeOf(actor((n: number) => void n)).toEqualTypeOf<Actor<number>>();
    expectTypeOf(
      actor(function* (mailbox: Mailbox<string>) {
        yield* mailbox.receive();
      }),
    ).toEqualTypeOf<Actor<string>>();
  });

  test("an actor is a channel for sending, and refuses other messages", () => {
    const target = actor<number>((n) => void n);
    expectTypeOf(target).toExtend<SendChannel<number>>();
    // @ts-expect-error it takes numbers
    target.trySend("one");
  });

  test("receiveIf() narrows", () => {
    actor<Message>(function* (mailbox) {
      const push = yield* mailbox.receiveIf((message) => message.type === "push");
      if (push !== CLOSED) expectTypeOf(push.n).toEqualTypeOf<number>();
    });
  });
});

test("ask() yields the type of the answer", () => {
  const target = actor<Message>(() => {});
  const answer = ask(target, (reply: Reply<number>): Message => ({ type: "pop", reply }));
  expectTypeOf(answer).toEqualTypeOf<Operation<number>>();
  // @ts-expect-error the actor answers with a number
  ask(target, (reply: Reply<string>) => ({ type: "pop", reply }));
});

describe("machine()", () => {
  test("a handler gets its message, and may go to the states that are there", () => {
    machine<"empty" | "filled", Message>({
      empty: {
        push(message) {
          expectTypeOf(message).toEqualTypeOf<Extract<Message, { type: "push" }>>();
          return "filled";
        },
      },
      filled: {
        *pop({ reply }, { become }) {
          yield* pause();
          reply(1);
          become("empty");
          // @ts-expect-error there is no such state
          become("overfull");
        },
        push: () => END,
      },
    });
  });

  test("the compiler refuses a message that the actor cannot get, and a state that is not there", () => {
    machine<"empty" | "filled", Message>({
      empty: {
        // @ts-expect-error there is no such message
        peek: () => "empty",
      },
      filled: {
        // @ts-expect-error there is no such state
        push: () => "overfull",
      },
    });
    // @ts-expect-error a state is missing
    machine<"empty" | "filled", Message>({ empty: {} });
  });
});

test("registry() knows the messages of each name", () => {
  const names = registry<{ counter: number; logger: string }>();
  expectTypeOf(names.get("logger")).toEqualTypeOf<Actor<string> | undefined>();
  // @ts-expect-error there is no such name
  names.get("other");
  const logger = actor((line: string) => void line);
  // @ts-expect-error the counter takes numbers
  names.register("counter", logger);
});

test("supervise(), pool() and monitor()", () => {
  const tree = supervise({ *a() {}, async b() {}, async *c() {}, d: actor<number>(() => {}), e: { children: {} } });
  expectTypeOf(tree.child("a")).toEqualTypeOf<Child | undefined>();
  const many = pool(function* (_, name: string, n: number) {
    yield* tree.ready();
    return [name, n];
  });
  many.start("a", 1);
  // @ts-expect-error an argument is missing
  many.start("a");
  expectTypeOf(monitor(tree)).toEqualTypeOf<Operation<Exit>>();
  // @ts-expect-error a body must wait for something
  supervise({ a: () => 1 });
});

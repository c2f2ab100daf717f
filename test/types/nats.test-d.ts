import { type Channel, CLOSED, type Closed, type Operation, type ReceiveChannel, type SendChannel } from "millrace";
import {
  type Bus,
  type BusChannel,
  type ChannelStats,
  type DeadLetter,
  type Delivery,
  type Hosting,
  localBus,
  natsBus,
  type Register,
  type Topic,
  type TopicSubscription,
} from "millrace/nats";
import type { StandardSchema } from "millrace/remote";
import { actor, ask, type Reply } from "millrace/supervise";
import { describe, expectTypeOf, test } from "vitest";

declare const jobSchema: StandardSchema<Job>;
declare const bus: Bus;

interface Job {
  readonly id: string;
  readonly text: string;
}

test("both buses have one type", () => {
  expectTypeOf(localBus).returns.toEqualTypeOf<Bus>();
  expectTypeOf(natsBus).returns.toEqualTypeOf<Operation<Bus>>();
  expectTypeOf(natsBus).toBeCallableWith({ servers: ["nats://one", "nats://other"], storage: "memory", replicas: 3 });
  // @ts-expect-error it needs the address of a server
  natsBus({});
  // @ts-expect-error there is no such storage
  natsBus({ servers: "nats://one", storage: "tape" });
});

describe("Bus.channel()", () => {
  test("is a channel of the values that it is given", () => {
    const jobs = bus.channel<Job>("jobs", { capacity: 8, batch: 64 });
    expectTypeOf(jobs).toEqualTypeOf<BusChannel<Job>>();
    expectTypeOf(jobs).toExtend<Channel<Job>>();
    expectTypeOf(jobs.receive()).toEqualTypeOf<Operation<Job | Closed>>();
    expectTypeOf(jobs.stats()).toEqualTypeOf<Operation<ChannelStats>>();
    expectTypeOf(jobs.deliveries()).toEqualTypeOf<ReceiveChannel<Delivery<Job>>>();
    // @ts-expect-error it takes jobs
    jobs.send("a job");
  });

  test("the type of the values is inferred from the schema, and from dedupe", () => {
    expectTypeOf(bus.channel("jobs", { schema: jobSchema })).toEqualTypeOf<BusChannel<Job>>();
    expectTypeOf(bus.channel("jobs", { capacity: 8, dedupe: ({ id }: Job) => id })).toEqualTypeOf<BusChannel<Job>>();
    bus.channel<Job>("jobs", { capacity: 8, dedupe: (job) => expectTypeOf(job).toEqualTypeOf<Job>() && job.id });
    // @ts-expect-error a name is a string
    bus.channel<Job>("jobs", { capacity: 8, dedupe: (job) => job.text.length });
    // @ts-expect-error the schema is one of other values
    bus.channel<string>("jobs", { schema: jobSchema });
  });

  test("refuses options that are none", () => {
    // @ts-expect-error there is no such way to acknowledge
    bus.channel("jobs", { capacity: 8, ack: "soon" });
    // @ts-expect-error the option is called maxDeliver
    bus.channel("jobs", { capacity: 8, maxDeliveries: 3 });
    // @ts-expect-error a channel of dead letters is given by its name
    bus.channel("jobs", { capacity: 8, deadLetter: bus.channel("dead") });
  });

  test("a delivery has the value with its lease, and a dead letter the value with its history", () => {
    const use = async () => {
      for await (const delivery of bus.channel<Job>("jobs", { capacity: 8, ack: "manual" }).deliveries()) {
        expectTypeOf(delivery.value).toEqualTypeOf<Job>();
        expectTypeOf(delivery.id).toEqualTypeOf<string | undefined>();
        expectTypeOf(delivery.ack()).toEqualTypeOf<boolean>();
        // @ts-expect-error it is read only
        delivery.count = 1;
      }
      const letter = await bus.channel<DeadLetter<Job>>("dead", { capacity: 8 }).receive();
      if (letter !== CLOSED) expectTypeOf(letter.value).toEqualTypeOf<Job>();
    };
    expectTypeOf(use).returns.toEqualTypeOf<Promise<void>>();
  });
});

describe("Bus.topic()", () => {
  test("publishes and yields values of one type", () => {
    const prices = bus.topic<number>("prices", { keep: 100 });
    expectTypeOf(prices).toEqualTypeOf<Topic<number>>();
    expectTypeOf(prices.publish(1)).toEqualTypeOf<Operation<number>>();
    const subscription = prices.subscribe({ from: 5 });
    expectTypeOf(subscription).toEqualTypeOf<TopicSubscription<number>>();
    expectTypeOf(subscription.receive()).toEqualTypeOf<Operation<number | Closed>>();
    // @ts-expect-error it takes numbers
    prices.publish("1");
    // @ts-expect-error there is no such beginning
    prices.subscribe({ from: "old" });
    // @ts-expect-error a subscription is for receiving
    subscription.send(1);
  });

  test("the type of the values is inferred from the schema", () => {
    expectTypeOf(bus.topic("jobs", { schema: jobSchema })).toEqualTypeOf<Topic<Job>>();
  });
});

describe("Bus.serve() and Bus.ask()", () => {
  test("the types of a question and its answer are given to ask()", () => {
    expectTypeOf(bus.ask<string, number>("length", "text")).toEqualTypeOf<Operation<number>>();
    expectTypeOf(bus.ask("length", "text")).toEqualTypeOf<Operation<unknown>>();
    // @ts-expect-error the question is a string
    bus.ask<string, number>("length", 5);
  });

  test("a handler may be a function, a promise, an operation or a routine", () => {
    bus.serve("length", (text: string) => text.length);
    bus.serve<string, number>("length", (text) => expectTypeOf(text).toEqualTypeOf<string>() && text.length);
    bus.serve("length", async (text: string, signal: AbortSignal) => (signal.aborted ? 0 : text.length));
    bus.serve<string, number>("length", (text) => bus.ask<string, number>("other", text));
    bus.serve<string, number>("length", function* (text) {
      return yield* bus.ask<string, number>("other", text);
    });
    // @ts-expect-error the answer is a number
    bus.serve<string, number>("length", (text) => text);
    // @ts-expect-error a name is a string
    bus.serve(5, (text: string) => text);
    // @ts-expect-error there is no such option
    bus.serve("length", (text: string) => text.length, { parallel: 3 });
  });
});

describe("Bus.register()", () => {
  test("a value may be missing", () => {
    const level = bus.register<number>("level");
    expectTypeOf(level).toEqualTypeOf<Register<number>>();
    expectTypeOf(level.get()).toEqualTypeOf<Operation<number | undefined>>();
    level.update((old) => expectTypeOf(old).toEqualTypeOf<number | undefined>() && 1);
    expectTypeOf(level.update((old = 0) => old + 1)).toEqualTypeOf<Operation<number>>();
    expectTypeOf(level.changes()).toExtend<ReceiveChannel<number | undefined>>();
    // @ts-expect-error the old value may be undefined
    level.update((old) => old + 1);
    // @ts-expect-error it holds a number
    level.set("high");
  });

  test("the type of the value is inferred from the schema", () => {
    expectTypeOf(bus.register("job", { schema: jobSchema })).toEqualTypeOf<Register<Job>>();
  });
});

describe("Bus.address() and Bus.host()", () => {
  type Message = { readonly add: number } | { readonly total: Reply<number> };

  test("an address takes the messages of its actor, and can be asked", () => {
    const counter = bus.address<Message>("counter");
    expectTypeOf(counter).toEqualTypeOf<SendChannel<Message>>();
    expectTypeOf(ask(counter, (total: Reply<number>) => ({ total }))).toEqualTypeOf<Operation<number>>();
    // @ts-expect-error there is no such message
    counter.send({ subtract: 1 });
  });

  test("the type of the messages is inferred from the actor", () => {
    const handle = (message: Message) => void message;
    expectTypeOf(bus.host("counter", actor(handle))).toEqualTypeOf<Operation<Hosting<Message>>>();
    const hosting = bus.host("counter", ({ token, signal }) => {
      expectTypeOf(token).toEqualTypeOf<number>();
      expectTypeOf(signal).toEqualTypeOf<AbortSignal>();
      return actor(handle);
    });
    expectTypeOf(hosting).toEqualTypeOf<Operation<Hosting<Message>>>();
    // @ts-expect-error it must make an actor
    bus.host("counter", () => 5);
  });
});

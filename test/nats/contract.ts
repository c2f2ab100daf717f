// What holds on every bus. A medium opens buses that share what they name, as two processes do; for the bus in one process both sides are
// one. What a medium does otherwise stands in its `differs`, and nowhere else.

import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import {
  alt,
  type Channel,
  CLOSED,
  channel,
  EMPTY,
  go,
  type Operation,
  type Routine,
  select,
  sleep,
  withTimeout,
} from "../../src/index.js";
import { type Bus, type BusChannel, type DeadLetter, type Delivery, NoResponderError } from "../../src/nats.js";
import { actor, ask, type Reply } from "../../src/supervise.js";
import { PATIENCE } from "../support/patience.js";
import { expectAnswers, expectChecked, numbers, serveAllKinds, serveNumbers, serveWork } from "../support/serving.js";

export interface Medium {
  readonly name: string;
  /** Opens a bus of a name; buses of one name share what they name. */
  open(name: string): Promise<Bus>;
  start?(): Promise<void>;
  stop?(): Promise<void>;
  /** What the medium does not do as the bus in one process does. */
  readonly differs: {
    /** trySend and tryReceive find nothing that is not here yet: what is on a server comes only to operations that wait. */
    readonly waits: boolean;
    /** Both buses are one object. */
    readonly single: boolean;
  };
}

/** The time limit of what a broken bus never does. */
const LIMIT = PATIENCE;

let count = 0;

export function contract(medium: Medium, races: number): void {
  describe(`a bus ${medium.name}`, () => {
    const opened: Bus[] = [];

    beforeAll(async () => medium.start?.());
    afterAll(async () => medium.stop?.());

    async function pair(): Promise<[Bus, Bus]> {
      const name = `b${++count}`;
      const here = await medium.open(name);
      const there = medium.differs.single ? here : await medium.open(name);
      opened.push(here, there);
      return [here, there];
    }

    afterEach(async () => {
      for (const bus of opened.splice(0)) await bus[Symbol.asyncDispose]();
    });

    /** Repeats a look until it holds. */
    async function until(holds: () => boolean | PromiseLike<boolean>): Promise<void> {
      while (!(await holds())) await sleep(5);
    }

    const within = <T>(operation: Operation<T>): Operation<T> => withTimeout(LIMIT, operation);

    describe.each([
      ["stores nothing", 0],
      ["stores 1 value", 1],
      ["stores 16 values", 16],
    ])("a channel that %s", (_, capacity) => {
      test("BU-2: values arrive in the order in which one sender has sent them", async () => {
        const [here, there] = await pair();
        const out = here.channel<number>("numbers", { capacity });
        const into = there.channel<number>("numbers", { capacity });
        const sender = go(function* () {
          for (let n = 0; n < 50; n++) if (!(yield* out.send(n))) throw new Error("refused");
        });
        const got = await go(function* () {
          const values: unknown[] = [];
          for (let n = 0; n < 50; n++) values.push(yield* within(into.receive()));
          return values;
        });
        expect(got).toEqual(Array.from({ length: 50 }, (_, n) => n));
        await sender;
      });

      test("BU-1: values are copied as JSON", async () => {
        const [here, there] = await pair();
        const sent = { text: 'ü\u0000"', list: [1, null, { deep: true }], left: undefined, when: new Date(0) };
        const send = go(() => here.channel<unknown>("values", { capacity }).send(sent));
        const got = await within(there.channel<unknown>("values", { capacity }).receive());
        expect(got).toEqual({ text: 'ü\u0000"', list: [1, null, { deep: true }], when: "1970-01-01T00:00:00.000Z" });
        expect(await send).toBe(true);
      });

      test.each([
        ["a function", () => {}, TypeError],
        ["undefined", undefined, TypeError],
        ["a bigint", 1n, TypeError],
        ["CLOSED", CLOSED, TypeError],
        ["a value that is too long", "x".repeat(1_000_001), RangeError],
      ])("send() of %s throws at once (N9)", async (_, value, error) => {
        const [here] = await pair();
        expect(() => here.channel<unknown>("values", { capacity }).send(value)).toThrow(error);
      });

      test("BU-2: a value goes to one of several receivers, and none is lost", async () => {
        const [here, there] = await pair();
        const out = here.channel<number>("numbers", { capacity });
        const seen: number[] = [];
        const receivers = [here, there, there].map((bus) =>
          go(function* () {
            const into = bus.channel<number>("numbers", { capacity });
            for (let value; (value = yield* into.receive()) !== CLOSED; ) seen.push(value);
          }),
        );
        for (let n = 0; n < 60; n++) await within(out.send(n));
        await until(() => seen.length === 60);
        out.close();
        for (const receiver of receivers) await within(receiver);
        expect(seen.sort((a, b) => a - b)).toEqual(Array.from({ length: 60 }, (_, n) => n));
      });

      test("BU-8: close() ends senders and receivers everywhere, after what was stored (N10)", async () => {
        const [here, there] = await pair();
        const out = here.channel<number>("numbers", { capacity });
        const into = there.channel<number>("numbers", { capacity });
        for (let n = 0; n < capacity; n++) await within(out.send(n));
        const closed = go(() => into.whenClosed());
        expect(out.close()).toBe(true);
        expect(out.close()).toBe(false);
        expect(await out.send(1)).toBe(false);
        await within(closed);
        expect(into.closed).toBe(true);
        expect(await into.send(1)).toBe(false);
        const got = await go(function* () {
          const values: number[] = [];
          for (let value; (value = yield* within(into.receive())) !== CLOSED; ) values.push(value);
          return values;
        });
        expect(got).toEqual(Array.from({ length: capacity }, (_, n) => n));
        expect(await within(out.receive())).toBe(CLOSED);
      });

      test("BU-8: close(cause) throws the cause to receivers", async () => {
        const [here, there] = await pair();
        const into = there.channel<number>("numbers", { capacity });
        const waiting = go(() => into.receive());
        here.channel<number>("numbers", { capacity }).close(new RangeError("enough"));
        await expect(within(waiting)).rejects.toThrow("enough");
      });

      test("BU-8: cancel() discards what is stored and ends senders", async () => {
        const [here, there] = await pair();
        const out = here.channel<number>("numbers", { capacity });
        const into = there.channel<number>("numbers", { capacity });
        for (let n = 0; n < capacity; n++) await within(out.send(n));
        const parked = go(() => out.send(99));
        into.cancel();
        expect(await within(parked)).toBe(false);
        await within(out.whenClosed());
        expect(await within(out.receive())).toBe(CLOSED);
        expect(await within(into.receive())).toBe(CLOSED);
      });

      test("BU-15: the end of a bus is the end of its channels, and of no other bus", async () => {
        const [here, there] = await pair();
        const mine = here.channel<number>("numbers", { capacity });
        const waiting = go(() => mine.receive());
        await sleep(1);
        here.close("done");
        expect(await within(waiting)).toBe(CLOSED);
        expect(await mine.send(1)).toBe(false);
        expect(await here.whenClosed()).toEqual({ kind: "cancelled", reason: "done" });
        expect(here.closed).toBe(true);
        expect(there.closed).toBe(medium.differs.single);
      });

      test("BU-2: select: in random races of both sides with local channels, what goes in comes out once", async () => {
        const [here, there] = await pair();
        const out = here.channel<number>("numbers", { capacity });
        const into = there.channel<number>("numbers", { capacity });
        const local = channel<number>();
        const seen = new Set<number>();
        const source = go(function* () {
          for (let n = 0; n < races; n++) {
            for (let sent = false; !sent; ) {
              const first = yield* select({
                far: out.send(n),
                local: local.send(n),
                late: sleep(n % 5 === 0 ? 0 : LIMIT),
              });
              sent = first.key !== "late";
            }
          }
        });
        let done = false;
        const sink = go(function* (): Routine<void> {
          for (let round = 0, quiet = 0; quiet < 20; round++) {
            const late = sleep(3);
            // In every other round only the channel of the bus is read, or it would never win.
            const { key, value } = yield* select(round % 2 === 0 ? { into, local, late } : { into, late });
            if (key === "late") {
              // What was sent by a case that had lost would come now.
              quiet = done && seen.size === races ? quiet + 1 : 0;
              continue;
            }
            if (seen.has(value as number)) throw new Error(`${String(value)} came twice`);
            seen.add(value as number);
          }
        });
        await withTimeout(LIMIT, source);
        done = true;
        await withTimeout(LIMIT, sink);
        expect(seen.size).toBe(races);
      });

      test("BU-2: a send that is cancelled while it is parked is not received", async () => {
        const [here, there] = await pair();
        const out = here.channel<string>("words", { capacity });
        const into = there.channel<string>("words", { capacity });
        for (let n = 0; n < capacity; n++) await within(out.send("stored"));
        expect((await select({ send: out.send("lost"), late: sleep(30) })).key).toBe("late");
        const task = go(() => out.send("cancelled"));
        await sleep(20);
        task.cancel();
        await task.then(undefined, () => {});
        const last = go(() => out.send("last"));
        const got = await go(function* () {
          const values: unknown[] = [];
          for (let n = 0; n <= capacity; n++) values.push(yield* within(into.receive()));
          return values;
        });
        expect(got).toEqual([...Array.from({ length: capacity }, () => "stored"), "last"]);
        await last;
      });
    });

    describe("a channel that stores values", () => {
      test("BU-3: a full channel parks its senders, and counts what is received and not done (N1, N2)", async () => {
        const [here, there] = await pair();
        const out = here.channel<number>("jobs", { capacity: 2, ack: "manual" });
        const into = there.channel<number>("jobs", { capacity: 2, ack: "manual" }).deliveries();
        await out.send(1);
        await out.send(2);
        let sent = false;
        const third = go(function* () {
          yield* out.send(3);
          sent = true;
        });
        const first = (await within(into.receive())) as Delivery<number>;
        await sleep(60);
        expect(sent).toBe(false);
        expect(await out.stats()).toEqual({ pending: 1, inFlight: 1, redelivered: 0 });
        expect(first.ack()).toBe(true);
        expect(first.ack()).toBe(false);
        await within(third);
        expect(sent).toBe(true);
      });

      test('BU-4: ack "next": what a task holds is done when it receives again or returns', async () => {
        const [here, there] = await pair();
        const out = here.channel<number>("jobs", { capacity: 4, ackWait: 60_000 });
        const into = there.channel<number>("jobs", { capacity: 4, ackWait: 60_000 });
        for (const n of [1, 2, 3]) await out.send(n);
        const worker = go(function* () {
          const one = yield* into.receive();
          const two = yield* into.receive();
          while ((yield* into.stats()).inFlight !== 1) yield* sleep(5);
          return [one, two];
        });
        expect(await within(worker)).toEqual([1, 2]);
        await until(async () => (await into.stats()).inFlight === 0);
        expect((await into.stats()).pending).toBe(1);
        expect(await within(into.receive())).toBe(3);
      });

      test.each(["fails", "is cancelled"])(
        'BU-4: ack "next": what a task holds comes again if the task %s',
        async (how) => {
          const [here, there] = await pair();
          const out = here.channel<number>("jobs", { capacity: 4, ackWait: 60_000 });
          const into = there.channel<number>("jobs", { capacity: 4, ackWait: 60_000 });
          await out.send(1);
          const worker = go(function* () {
            yield* into.receive();
            if (how === "fails") throw new Error("boom");
            yield* sleep(LIMIT);
          });
          if (how === "is cancelled") {
            await until(async () => (await into.stats()).inFlight === 1);
            worker.cancel();
          }
          await worker.then(undefined, () => {});
          expect(await within(go(() => into.receive()))).toBe(1);
        },
      );

      test('BU-4: ack "next": the same for an async task', async () => {
        const [here] = await pair();
        const jobs = here.channel<number>("jobs", { capacity: 4, ackWait: 60_000 });
        await jobs.send(1);
        const worker = go(async function* () {
          yield* jobs.receive();
          await null;
          throw new Error("boom");
        });
        await worker.then(undefined, () => {});
        expect(
          await within(
            go(async function* () {
              return yield* jobs.receive();
            }),
          ),
        ).toBe(1);
        await until(async () => (await jobs.stats()).inFlight + (await jobs.stats()).pending === 0);
      });

      test('BU-4: ack "next": the lease is renewed while a task holds the value', async () => {
        const [here] = await pair();
        const jobs = here.channel<number>("jobs", { capacity: 4, ackWait: 1000 });
        await jobs.send(1);
        const worker = go(function* () {
          yield* jobs.receive();
          yield* sleep(2500);
        });
        const other = await alt(
          worker,
          go(() => jobs.receive()),
        );
        expect(other).toBe(undefined);
      });

      test('BU-4: ack "take": a value is done when it is received', async () => {
        const [here] = await pair();
        const jobs = here.channel<number>("jobs", { capacity: 4, ack: "take", ackWait: 60_000 });
        await jobs.send(1);
        const worker = go(function* () {
          yield* jobs.receive();
          throw new Error("boom");
        });
        await worker.then(undefined, () => {});
        await until(async () => (await jobs.stats()).inFlight + (await jobs.stats()).pending === 0);
      });

      test("BU-5: nak() gives back at once or later, with the count; a value that is not acknowledged comes again (N4)", async () => {
        const [here, there] = await pair();
        const jobs = here.channel<string>("jobs", { capacity: 4, ack: "manual", ackWait: 400 });
        await jobs.send("job");
        const into = there.channel<string>("jobs", { capacity: 4, ack: "manual", ackWait: 400 }).deliveries();
        const receive = async (): Promise<Delivery<string>> => (await within(into.receive())) as Delivery<string>;
        const first = await receive();
        expect([first.value, first.count]).toEqual(["job", 1]);
        expect(first.nak()).toBe(true);
        expect(first.nak()).toBe(false);
        const second = await receive();
        expect(second.count).toBe(2);
        expect(second.nak(50)).toBe(true);
        const third = await receive();
        expect(third.count).toBe(3);
        const fourth = await receive();
        expect(fourth.count).toBe(4);
        // The lease of the third is over: what is done with it is ignored.
        expect([third.ack(), third.nak(), third.extend(), third.term()]).toEqual([false, false, false, false]);
        expect(fourth.extend()).toBe(true);
        expect(fourth.ack()).toBe(true);
        await until(async () => (await jobs.stats()).inFlight + (await jobs.stats()).pending === 0);
      });

      test.each(["manual", "next"] as const)(
        "BU-6: a dead letter is what was delivered maxDeliver times (%s) (N4)",
        async (ack) => {
          const [here, there] = await pair();
          const options = { capacity: 4, ack, ackWait: 60_000, maxDeliver: 2, deadLetter: "dead" } as const;
          const jobs = here.channel<string>("jobs", options);
          const dead = there.channel<DeadLetter<string>>("dead", { capacity: 100 });
          await jobs.send("poison");
          for (let n = 1; n <= 2; n++) {
            if (ack === "manual") {
              const delivery = (await within(jobs.deliveries().receive())) as Delivery<string>;
              expect(delivery.count).toBe(n);
              delivery.nak();
            } else {
              const worker = go(function* () {
                yield* within(jobs.receive());
                throw new Error("cannot");
              });
              await worker.then(undefined, () => {});
            }
          }
          expect(await within(dead.receive())).toEqual({
            channel: "jobs",
            value: "poison",
            deliveries: 2,
            reason: "it was delivered 2 times",
          });
          await until(async () => (await jobs.stats()).inFlight + (await jobs.stats()).pending === 0);
        },
      );

      test("BU-6: a dead letter is what was terminated, and what does not fit the schema", async () => {
        const [here] = await pair();
        const options = { capacity: 4, ack: "manual", deadLetter: "dead" } as const;
        const schema = numbers;
        const jobs = here.channel<unknown>("jobs", { ...options, schema });
        const dead = here.channel<DeadLetter>("dead", { capacity: 100 });
        await jobs.send("no number");
        await jobs.send(1);
        const delivery = (await within(jobs.deliveries().receive())) as Delivery<unknown>;
        expect(delivery.value).toBe(1);
        expect(delivery.term("never")).toBe(true);
        const letters = await go(function* () {
          return [yield* within(dead.receive()), yield* within(dead.receive())] as DeadLetter[];
        });
        expect(letters.map(({ value, deliveries }) => [value, deliveries])).toEqual([
          ["no number", 1],
          [1, 1],
        ]);
        expect(letters[0]!.reason).toContain("does not fit the schema");
        expect(letters[1]!.reason).toBe("never");
      });

      test("BU-6: without a dead letter, a value that does not fit the schema is thrown to its receiver, once", async () => {
        const [here] = await pair();
        const jobs = here.channel<number>("jobs", { capacity: 4, schema: numbers });
        await jobs.send("no number" as unknown as number);
        await jobs.send(2);
        await expect(within(go(() => jobs.receive()))).rejects.toThrow("does not fit the schema");
        expect(await within(go(() => jobs.receive()))).toBe(2);
      });

      test("BU-7: a value with a name that was sent before is accepted and not stored again (N3)", async () => {
        const [here, there] = await pair();
        const dedupe = ({ id }: { id: string }): string => id;
        const out = here.channel<{ id: string }>("jobs", { capacity: 8, dedupe });
        const also = there.channel<{ id: string }>("jobs", { capacity: 8, dedupe });
        for (const id of ["a", "b", "a"]) expect(await out.send({ id })).toBe(true);
        expect(await also.send({ id: "b" })).toBe(true);
        expect((await out.stats()).pending).toBe(2);
        expect(() => out.send({ id: 5 as unknown as string })).toThrow(TypeError);
      });

      test("BU-2: maxInFlight 1 keeps the order when a value is given back (N5)", async () => {
        const [here] = await pair();
        const jobs = here.channel<number>("jobs", { capacity: 8, ack: "manual", maxInFlight: 1 });
        for (const n of [1, 2, 3]) await jobs.send(n);
        const got: number[] = [];
        for (let round = 0; round < 5; round++) {
          const delivery = (await within(jobs.deliveries().receive())) as Delivery<number>;
          got.push(delivery.value);
          if (round === 0 || round === 2) delivery.nak();
          else delivery.ack();
        }
        expect(got).toEqual([1, 1, 2, 2, 3]);
      });

      test("while as many values are in flight as may be, a receiver waits, for as long as it takes (N6)", async () => {
        const [here] = await pair();
        const jobs = here.channel<number>("jobs", { capacity: 8, ack: "manual", maxInFlight: 1 });
        for (const n of [1, 2]) await jobs.send(n);
        const first = (await within(jobs.deliveries().receive())) as Delivery<number>;
        const second = go(() => jobs.deliveries().receive());
        // A request to the server ends with an error before.
        expect((await select({ second, late: sleep(3000) })).key).toBe("late");
        first.ack();
        expect(await within(second)).toMatchObject({ value: 2 });
      });

      test("BU-15: what a bus has fetched and not done is given back when it is closed", async () => {
        if (medium.differs.single) return;
        const [here, there] = await pair();
        const options = { capacity: 4, ack: "manual", ackWait: 60_000 } as const;
        await here.channel<number>("jobs", options).send(1);
        await within(there.channel<number>("jobs", options).deliveries().receive());
        await there[Symbol.asyncDispose]();
        const again = (await within(here.channel<number>("jobs", options).deliveries().receive())) as Delivery<number>;
        expect([again.value, again.count]).toEqual([1, 2]);
      });

      describe("with batch", () => {
        const options = { capacity: 100, batch: 8, ackWait: 60_000 } as const;
        const drained = (jobs: BusChannel<number>): Promise<void> =>
          until(async () => (await jobs.stats()).inFlight + (await jobs.stats()).pending === 0);

        test.each(["next", "take", "manual"] as const)(
          "BU-17: each value is received once, in order (%s)",
          async (ack) => {
            const [here, there] = await pair();
            const out = here.channel<number>("jobs", { ...options, ack });
            const into = there.channel<number>("jobs", { ...options, ack });
            const sent = Array.from({ length: 50 }, (_, n) => go(() => out.send(n)));
            for (const one of sent) expect(await within(one)).toBe(true);
            const { pending } = await out.stats();
            expect(pending).toBe(medium.differs.waits ? Math.ceil(50 / 8) : 50);
            const got = await go(function* () {
              const values: unknown[] = [];
              for (let n = 0; n < 50; n++) {
                if (ack === "manual") {
                  const delivery = (yield* within(into.deliveries().receive())) as Delivery<number>;
                  values.push(delivery.value);
                  delivery.ack();
                } else values.push(yield* within(into.receive()));
              }
              return values;
            });
            expect(got).toEqual(Array.from({ length: 50 }, (_, n) => n));
            await drained(out);
          },
        );

        test("BU-17: a full channel parks its senders, and no value is lost", async () => {
          const [here, there] = await pair();
          const out = here.channel<number>("jobs", { ...options, capacity: 2 });
          const into = there.channel<number>("jobs", { ...options, capacity: 2 });
          const sent = Array.from({ length: 40 }, (_, n) => go(() => out.send(n)));
          const got = await go(function* () {
            const values: unknown[] = [];
            for (let n = 0; n < 40; n++) values.push(yield* within(into.receive()));
            return values;
          });
          expect(got.sort((a, b) => Number(a) - Number(b))).toEqual(Array.from({ length: 40 }, (_, n) => n));
          for (const one of sent) expect(await within(one)).toBe(true);
        });

        test("BU-17: a value that is given back comes again, and no value that was done in this process", async () => {
          const [here] = await pair();
          const jobs = here.channel<number>("jobs", { ...options, ack: "manual" });
          for (const one of [1, 2, 3].map((n) => go(() => jobs.send(n)))) await within(one);
          const receive = async (): Promise<Delivery<number>> =>
            (await within(jobs.deliveries().receive())) as Delivery<number>;
          const deliveries = [await receive(), await receive(), await receive()];
          expect(deliveries.map(({ value, count }) => [value, count])).toEqual([
            [1, 1],
            [2, 1],
            [3, 1],
          ]);
          expect(deliveries.map((delivery) => (delivery.value === 2 ? delivery.nak() : delivery.ack()))).toEqual([
            true,
            true,
            true,
          ]);
          const again = await receive();
          expect([again.value, again.count]).toEqual([2, 2]);
          expect(again.ack()).toBe(true);
          await drained(jobs);
        });

        test("BU-17: another process gets all values of a batch that was not done", async () => {
          if (medium.differs.single) return;
          const [here, there] = await pair();
          const jobs = here.channel<number>("jobs", { ...options, ack: "manual" });
          for (const one of [1, 2, 3].map((n) => go(() => jobs.send(n)))) await within(one);
          const first = there.channel<number>("jobs", { ...options, ack: "manual" }).deliveries();
          expect(((await within(first.receive())) as Delivery<number>).ack()).toBe(true);
          await there[Symbol.asyncDispose]();
          const got: unknown[] = [];
          for (let n = 0; n < 3; n++) {
            const { value, count } = (await within(jobs.deliveries().receive())) as Delivery<number>;
            got.push([value, count]);
          }
          expect(got).toEqual([
            [1, 2],
            [2, 2],
            [3, 2],
          ]);
        });

        test("BU-17: while a task works on one value of a batch, the others keep their lease", async () => {
          if (medium.differs.single) return;
          const [here, there] = await pair();
          const slow = { ...options, ack: "manual", ackWait: 6000 } as const;
          const out = here.channel<number>("jobs", slow);
          const into = there.channel<number>("jobs", slow).deliveries();
          for (const one of [1, 2, 3].map((n) => go(() => out.send(n)))) await within(one);
          const got: unknown[] = [];
          for (let n = 0; n < 3; n++) {
            const delivery = (await within(into.receive())) as Delivery<number>;
            got.push([delivery.value, delivery.count]);
            // For all of them it takes longer than a lease lasts.
            await sleep(2500);
            delivery.ack();
          }
          expect(got).toEqual([
            [1, 1],
            [2, 1],
            [3, 1],
          ]);
          await drained(out);
        });

        test("BU-17: one value of a batch becomes a dead letter", async () => {
          const [here] = await pair();
          const jobs = here.channel<number>("jobs", { ...options, ack: "manual", maxDeliver: 2, deadLetter: "dead" });
          for (const one of [1, 2, 3].map((n) => go(() => jobs.send(n)))) await within(one);
          for (let n = 0; n < 4; n++) {
            const delivery = (await within(jobs.deliveries().receive())) as Delivery<number>;
            if (delivery.value === 2) delivery.nak();
            else delivery.ack();
          }
          const letter = await within(here.channel<DeadLetter<number>>("dead", { capacity: 100 }).receive());
          expect(letter).toMatchObject({ value: 2, deliveries: 2 });
          await drained(jobs);
        });
      });

      test("trySend() and tryReceive()", async () => {
        const [here] = await pair();
        const jobs = here.channel<number>("jobs", { capacity: 1 });
        expect(jobs.tryReceive()).toBe(EMPTY);
        expect(jobs.trySend(1)).toBe(!medium.differs.waits);
        if (medium.differs.waits) await jobs.send(1);
        expect(jobs.trySend(2)).toBe(false);
        expect(jobs.tryReceive()).toBe(medium.differs.waits ? EMPTY : 1);
      });
    });

    describe("a topic", () => {
      test("BU-9: every subscriber gets every value, with its position", async () => {
        const [here, there] = await pair();
        const news = here.topic<string>("news");
        const subscribers = [here, there].map((bus) => bus.topic<string>("news").subscribe({ from: "all" }));
        expect(await news.publish("one")).toBe(1);
        expect(await there.topic<string>("news").publish("two")).toBe(2);
        for (const subscriber of subscribers) {
          expect(subscriber.position).toBe(0);
          expect([await within(subscriber.receive()), subscriber.position]).toEqual(["one", 1]);
          expect([await within(subscriber.receive()), subscriber.position]).toEqual(["two", 2]);
        }
      });

      test.each([
        ["all", [1, 2, 3, 4]],
        [3, [3, 4]],
        [4, [4]],
        [5, []],
      ] as const)("BU-9: subscribe({ from: %s })", async (from, expected) => {
        const [here, there] = await pair();
        const news = here.topic<number>("news");
        for (const n of [1, 2, 3, 4]) await news.publish(n);
        const subscriber = there.topic<number>("news").subscribe({ from });
        const got: unknown[] = [];
        for (const _ of expected) got.push(await within(subscriber.receive()));
        await news.publish(5);
        got.push(await within(subscriber.receive()));
        expect(got).toEqual([...expected, 5]);
        expect(subscriber.position).toBe(5);
      });

      test('subscribe({ from: "new" }) begins with what is published after it', async () => {
        const [here] = await pair();
        const news = here.topic<number>("news");
        await news.publish(1);
        const subscriber = news.subscribe();
        await until(async () => {
          await news.publish(2);
          return subscriber.tryReceive() !== EMPTY;
        });
        expect(subscriber.position).toBeGreaterThan(1);
      });

      test("BU-9: keep: the oldest values are discarded, and the position says so", async () => {
        const [here] = await pair();
        const news = here.topic<number>("news", { keep: 3 });
        for (let n = 1; n <= 5; n++) await news.publish(n);
        const subscriber = news.subscribe({ from: 1 });
        expect([await within(subscriber.receive()), subscriber.position]).toEqual([3, 3]);
      });

      test("dedupe: a value with a name that was published before yields its position", async () => {
        const [here, there] = await pair();
        const dedupe = (value: { id: string }): string => value.id;
        const one = here.topic<{ id: string }>("news", { dedupe });
        const two = there.topic<{ id: string }>("news", { dedupe });
        expect([await one.publish({ id: "a" }), await one.publish({ id: "b" })]).toEqual([1, 2]);
        expect([await two.publish({ id: "a" }), await two.publish({ id: "c" })]).toEqual([1, 3]);
      });

      test("BU-9: a value that does not fit the schema ends the subscription with the error", async () => {
        const [here, there] = await pair();
        await here.topic<unknown>("news").publish("no number");
        const subscriber = (medium.differs.single ? here : there)
          .topic<number>("news", { schema: numbers })
          .subscribe({ from: "all" });
        if (medium.differs.single) return; // The same name yields the same topic, which has no schema.
        await expect(within(subscriber.receive())).rejects.toThrow("does not fit the schema");
      });

      test("a subscriber stands in a select, loses without losing a value, and ends with its bus", async () => {
        const [here] = await pair();
        const news = here.topic<number>("news");
        const subscriber = news.subscribe({ from: "all" });
        expect(await alt(subscriber.receive(), sleep(20))).toBe(undefined);
        for (const n of [1, 2, 3]) await news.publish(n);
        const got: unknown[] = [];
        while (got.length < 3) {
          const { key, value } = await select({ subscriber, late: sleep(0) });
          if (key === "subscriber") got.push(value);
        }
        expect(got).toEqual([1, 2, 3]);
        const waiting = go(() => subscriber.receive());
        await sleep(1);
        here.close();
        expect(await within(waiting)).toBe(CLOSED);
      });

      test.each([0, -1, 1.5, "old"])("subscribe({ from: %s }) throws", async (from) => {
        const [here] = await pair();
        expect(() => here.topic("news").subscribe({ from: from as number })).toThrow(RangeError);
      });
    });

    describe("a question", () => {
      test("BU-10: answers, errors, promises, operations and routines; questions go to any that serve", async () => {
        const [here, there] = await pair();
        serveAllKinds(there);
        await served(here, "throw", LIMIT);
        await expectAnswers(here);
      });

      test("BU-10: a name that no process serves is a NoResponderError, also after its service has ended (N8)", async () => {
        const [here, there] = await pair();
        await expect(within(here.ask("nobody", 1))).rejects.toBeInstanceOf(NoResponderError);
        const service = there.serve("name", () => 1);
        await served(here, "name", LIMIT);
        expect(() => there.serve("name", () => 2)).toThrow("served already");
        service[Symbol.dispose]();
        await until(async () => {
          const outcome = await within(here.ask("name", 1)).then(
            () => null,
            (error: unknown) => error,
          );
          return outcome instanceof NoResponderError;
        });
      });

      test("BU-10: a question that loses a select is cancelled where it is handled; concurrency bounds the work", async () => {
        const [here, there] = await pair();
        const work = serveWork(there, 3);
        await served(here, "work", 0);
        const asked = go(() => select({ late: here.ask("work", LIMIT * 10), now: work.begun.receive() }));
        expect((await asked).key).toBe("now");
        expect(await within(work.cancelled.receive())).toBe(LIMIT * 10);
        expect(await Promise.all([5, 4, 3, 2, 1, 0].map((n) => within(here.ask("work", n))))).toEqual([
          5, 4, 3, 2, 1, 0,
        ]);
        expect(work.most()).toBeLessThanOrEqual(3);
      });

      test("BU-10: a question that does not fit the schema is not handled, and its asker gets a TypeError", async () => {
        const [here, there] = await pair();
        const handled = serveNumbers(there);
        await served(here, "checked-slowly", 1);
        await expectChecked(here, handled);
      });

      test("BU-15: a question that waits throws when its bus is closed", async () => {
        const [here, there] = await pair();
        there.serve("slow", (ms: number) => sleep(ms));
        await served(here, "slow", 0);
        const waiting = go(() => here.ask("slow", LIMIT * 10));
        await sleep(20);
        here.close();
        await expect(within(waiting)).rejects.toThrow("closed");
        await expect(here.ask("slow", 1)).rejects.toThrow("closed");
      });
    });

    describe("a register", () => {
      test("BU-11: get(), set(), update(), delete()", async () => {
        const [here, there] = await pair();
        const one = here.register<{ n: number }>("config");
        const two = there.register<{ n: number }>("config");
        expect(await one.get()).toBe(undefined);
        await one.set({ n: 1 });
        expect(await two.get()).toEqual({ n: 1 });
        expect(await two.update((old) => ({ n: old!.n + 1 }))).toEqual({ n: 2 });
        expect(await one.get()).toEqual({ n: 2 });
        await expect(
          one.update(() => {
            throw new Error("no");
          }),
        ).rejects.toThrow("no");
        await two.delete();
        expect(await one.get()).toBe(undefined);
        expect(await one.update((old) => ({ n: old === undefined ? 9 : 0 }))).toEqual({ n: 9 });
      });

      test("BU-11: 8 writers that each count 50 times count to 400 (N12)", async () => {
        const [here, there] = await pair();
        const writers = Array.from({ length: 8 }, (_, writer) =>
          go(function* () {
            const counter = (writer % 2 === 0 ? here : there).register<number>("counter");
            for (let n = 0; n < 50; n++) yield* counter.update((old) => (old ?? 0) + 1);
          }),
        );
        for (const writer of writers) await within(writer);
        expect(await here.register("counter").get()).toBe(400);
      });

      test("BU-11: changes() begins with the value as it is, and never misses the last one (N12)", async () => {
        const [here, there] = await pair();
        const one = here.register<number>("level");
        await one.set(1);
        using changes = there.register<number>("level").changes();
        expect(await within(changes.receive())).toBe(1);
        const watching = go(function* () {
          let last: unknown;
          while (last !== 50) {
            const value = yield* changes.receive();
            if (value === CLOSED) throw new Error("ended");
            if (last !== undefined && (value as number) < (last as number)) throw new Error("went back");
            last = value;
          }
          return "all";
        });
        for (let n = 2; n <= 50; n++) await one.set(n);
        expect(await within(watching)).toBe("all");
        await one.delete();
        expect(await within(changes.receive())).toBe(undefined);
      });
    });

    describe("an address", () => {
      test("BU-12: messages reach the actor wherever it is hosted, and an ask is answered", async () => {
        const [here, there] = await pair();
        type Message = { add: number } | { total: Reply<number> };
        const counter = (): ReturnType<typeof actor<Message>> => {
          let total = 0;
          return actor((message: Message) => {
            if ("add" in message) total += message.add;
            else if (total < 0) message.total.fail(new RangeError("negative"));
            else message.total(total);
          });
        };
        const address = here.address<Message>("counter");
        const early = go(() => address.send({ add: 1 }));
        await sleep(20);
        const hosting = await within(there.host("counter", counter()));
        expect(await within(early)).toBe(true);
        expect(await within(address.send({ add: 2 }))).toBe(true);
        const total = (): Operation<number> => ask(address, (reply: Reply<number>) => ({ total: reply }));
        expect(await within(total())).toBe(3);
        await within(address.send({ add: -10 }));
        await expect(within(total())).rejects.toThrow("negative");
        hosting[Symbol.dispose]();
        await within(hosting.whenOver());
        expect((await hosting.actor.exited()).kind).toBe("cancelled");
      });

      test("BU-12: a name is hosted once; the next host has a higher token", async () => {
        const [here, there] = await pair();
        const made: number[] = [];
        const make = ({ token }: { token: number }): ReturnType<typeof actor<string>> => {
          made.push(token);
          return actor(() => {});
        };
        const first = await within(here.host("room", make));
        const waiting = go(() => there.host("room", make));
        expect(await alt(waiting, sleep(100))).toBe(undefined);
        expect(made).toEqual([first.token]);
        first[Symbol.dispose]();
        const second = await within(waiting);
        expect(second.token).toBeGreaterThan(first.token);
        // An actor that ends is hosted no more.
        const third = go(() => here.host("room", make));
        await second.actor.stop();
        await within(second.whenOver());
        expect((await within(third)).token).toBeGreaterThan(second.token);
      });

      test("BU-12: a send that waits for a host can be given up, and ends when the address is closed", async () => {
        const [here] = await pair();
        const address = here.address<string>("nobody");
        expect((await select({ send: address.send("lost"), late: sleep(20) })).key).toBe("late");
        const waiting = go(() => address.send("more"));
        await sleep(5);
        expect(address.close()).toBe(true);
        expect(await within(waiting)).toBe(false);
        expect(await address.send("x")).toBe(false);
      });
    });

    describe("arguments", () => {
      const names = ["", "a.b", "a b", "*", ">", "a\n", "ü", "x".repeat(129), 5, "a/b", "$JS"];
      test.each(names)("BU-1: a name cannot hold what means something in a subject: %j", async (name) => {
        const [here] = await pair();
        for (const use of [
          () => here.channel(name as string),
          () => here.channel("fine", { capacity: 1, deadLetter: name as string }),
          () => here.topic(name as string),
          () => here.register(name as string),
          () => here.serve(name as string, () => 1),
          () => here.ask(name as string, 1),
          () => here.address(name as string),
          () =>
            here.host(
              name as string,
              actor(() => {}),
            ),
        ])
          expect(use).toThrow("a name must have");
        await expect(medium.open(name as string)).rejects.toThrow(/name must/);
      });

      test.each([
        [{ capacity: -1 }, "capacity"],
        [{ ack: "take" }, "capacity 0"],
        [{ deadLetter: "dead" }, "capacity 0"],
        [{ capacity: 1, ack: "soon" }, "ack"],
        [{ capacity: 1, ackWait: 1 }, "ackWait"],
        [{ capacity: 1, maxDeliver: 0 }, "maxDeliver"],
        [{ capacity: 1, maxInFlight: 0 }, "maxInFlight"],
        [{ capacity: 1, dedupe: 5 }, "dedupe"],
        [{ capacity: 1, dedupeWindow: 1 }, "dedupeWindow"],
        [{ capacity: 1, batch: 0 }, "batch"],
        [{ batch: 2 }, "capacity 0"],
        [{ capacity: 1, batch: 2, dedupe: String }, "leave one out"],
        [{ capacity: 1, deadLetter: "jobs" }, "deadLetter"],
      ])("channel(%j) throws", async (options, word) => {
        const [here] = await pair();
        expect(() => here.channel("jobs", options as never)).toThrow(word);
      });

      test.each([
        [{ concurrency: 0 }, "concurrency must be 1 or more, got 0"],
        [{ schema: 5 }, "schema must follow Standard Schema (standardschema.dev), got 5"],
        [{ transfer: () => [] }, "the answers of a bus cross as JSON, got transfer; leave it out"],
      ])("serve(%j) throws", async (options, words) => {
        const [here] = await pair();
        expect(() => here.serve("name", () => 1, options as never)).toThrow(words);
      });

      test("a schema must follow Standard Schema", async () => {
        const [here] = await pair();
        const schema = { "~standard": { version: 1 } } as never;
        for (const use of [
          () => here.channel("x", { schema }),
          () => here.topic("x", { schema }),
          () => here.register("x", { schema }),
          () => here.serve("x", () => 1, { schema }),
        ])
          expect(use).toThrow("schema must follow Standard Schema");
      });

      test("receive() is for ack next and take, deliveries() for manual", async () => {
        const [here] = await pair();
        expect(() => here.channel("a", { capacity: 1, ack: "manual" }).receive()).toThrow("use deliveries()");
        expect(() => here.channel("b", { capacity: 1 }).deliveries()).toThrow('ack must be "manual"');
        expect(() => here.channel("c").deliveries()).toThrow("must store values");
      });

      test("BU-1: the same name yields the same thing", async () => {
        const [here] = await pair();
        expect(here.channel("x")).toBe(here.channel("x"));
        expect(here.topic("x")).toBe(here.topic("x"));
        expect(here.register("x")).toBe(here.register("x"));
        expect(here.address("x")).toBe(here.address("x"));
      });
    });
  });
}

/** Waits until a name is served. */
async function served(bus: Bus, name: string, question: unknown): Promise<void> {
  for (;;) {
    const outcome = await bus.ask(name, question).then(
      () => null,
      (error: unknown) => error,
    );
    if (!(outcome instanceof NoResponderError)) return;
    await sleep(5);
  }
}

export type { Channel };

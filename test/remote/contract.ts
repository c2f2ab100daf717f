// What holds over every transport: D1 to D14 of the statements about channels across runtimes. A transport gives two connected ports in
// this thread; tests that need the other side to be elsewhere have their own files.

import { afterEach, describe, expect, test } from "vitest";
import {
  alt,
  type Channel,
  CLOSED,
  channel,
  collect,
  from,
  go,
  type Routine,
  reduce,
  run,
  select,
  sleep,
  withTimeout,
} from "../../src/index.js";
import { type Connection, type ConnectOptions, connect, PeerLostError, type PortLike } from "../../src/remote.js";
import { ask, type Reply } from "../../src/supervise.js";
import { expectAnswers, expectChecked, serveAllKinds, serveNumbers, serveWork } from "../support/serving.js";
import { scaled } from "../support/stress.js";

/** Two ends of one medium. */
export interface Pair {
  readonly here: PortLike;
  readonly there: PortLike;
  readonly hereOptions?: ConnectOptions;
  readonly thereOptions?: ConnectOptions;
  /** Cuts the medium, as if the other side had died. Absent where a side cannot die alone. */
  readonly cut?: () => void;
  /** Frees what the medium holds. */
  dispose?(): void | Promise<void>;
}

export interface Transport {
  readonly name: string;
  /** What crosses: anything that is cloned, or JSON alone. */
  readonly format: "clone" | "json" | "text";
  /** Whether a pair can be cut. */
  readonly cuts: boolean;
  open(): Promise<Pair> | Pair;
}

/** The same test with a time limit that a broken channel meets. */
const LIMIT = 20_000;

/**
 * Tests a transport.
 *
 * @param races - How many random races there are.
 */
export function contract(transport: Transport, races = scaled(1000, 6000)): void {
  describe(`remote over ${transport.name}`, () => {
    const opened: { pair: Pair; connections: Connection[] }[] = [];

    async function open(options: ConnectOptions = {}): Promise<{ here: Connection; there: Connection; pair: Pair }> {
      const pair = await transport.open();
      const limits = { handshake: 60_000 };
      const here = connect(pair.here, { limits, ...options, ...pair.hereOptions });
      const there = connect(pair.there, { limits, ...options, ...pair.thereOptions });
      opened.push({ pair, connections: [here, there] });
      return { here, there, pair };
    }

    async function both<T>(
      name: string,
      window?: number,
    ): Promise<[Channel<T>, Channel<T>, Connection, Connection, Pair]> {
      const { here, there, pair } = await open();
      const options = window === undefined ? {} : { window };
      return [here.channel<T>(name, options), there.channel<T>(name, options), here, there, pair];
    }

    afterEach(async () => {
      for (const { pair, connections } of opened.splice(0)) {
        for (const connection of connections) connection.close();
        await pair.dispose?.();
      }
    });

    test("D3: values arrive in the order in which they were sent, from any number of senders (RM-1)", async () => {
      const [out, into] = await both<[number, number]>("numbers", 16);
      const senders = [0, 1, 2].map((sender) =>
        go(function* () {
          for (let n = 0; n < 200; n++) yield* out.send([sender, n]);
        }),
      );
      const next = [0, 0, 0];
      for (let count = 0; count < 600; count++) {
        const [sender, n] = (await into.receive()) as [number, number];
        expect(n).toBe(next[sender]!++);
      }
      for (const sender of senders) await sender;
    });

    test("D4: close() delivers what was sent, and then ends the receiver (RM-4)", async () => {
      const [out, into] = await both<number>("numbers", 4);
      const sender = go(function* () {
        for (let n = 0; n < 50; n++) yield* out.send(n);
        return out.close();
      });
      const got: number[] = [];
      for await (const n of into) got.push(n);
      expect(got).toEqual(Array.from({ length: 50 }, (_, n) => n));
      expect(await sender).toBe(true);
      expect(out.closed && into.closed).toBe(true);
      expect(await out.send(1)).toBe(false);
      expect(await into.send(1)).toBe(false);
      expect(await into.receive()).toBe(CLOSED);
      expect(await out.receive()).toBe(CLOSED);
    });

    test("D4: sends that are parked when the channel is closed are delivered (RM-4)", async () => {
      const [out, into] = await both<number>("numbers", 2);
      const sends = [1, 2, 3, 4, 5].map((n) => go(() => out.send(n)));
      await sleep(1);
      out.close();
      expect(await out.send(6)).toBe(false);
      const got: number[] = [];
      for await (const n of into) got.push(n);
      expect(got).toEqual([1, 2, 3, 4, 5]);
      for (const send of sends) expect(await send).toBe(true);
    });

    test("D5: close(cause) reproduces name, message, cause, code, data and errors, after what was sent (RM-4)", async () => {
      const [out, into] = await both<number>("numbers");
      await out.send(1);
      const cause = Object.assign(new AggregateError([new TypeError("one"), "two"], "both failed"), {
        name: "BrokenError",
        code: "E_BROKEN",
        data: { at: [1, 2] },
        cause: new RangeError("too far"),
      });
      out.close(cause);
      expect(await into.receive()).toBe(1);
      const error = (await into.receive().then(undefined, (thrown: unknown) => thrown)) as typeof cause;
      expect(error).toBeInstanceOf(AggregateError);
      expect(error).toMatchObject({
        name: "BrokenError",
        message: "both failed",
        code: "E_BROKEN",
        data: { at: [1, 2] },
      });
      expect(error.cause).toBeInstanceOf(RangeError);
      expect(error.errors[0]).toBeInstanceOf(TypeError);
      expect(error.errors[1]).toBe("two");
    });

    test("D1: at most `window` values are under way or stored, and D2: a slow reader stops a fast writer (RM-2)", async () => {
      const [out, into] = await both<number>("numbers", 8);
      let sent = 0;
      const writer = go(function* () {
        while (yield* out.send(sent)) sent++;
      });
      for (let read = 0; read < 100; read++) {
        expect(await into.receive()).toBe(read);
        await sleep(0);
        expect(sent).toBeLessThanOrEqual(read + 1 + 8);
        expect(into.length).toBeLessThanOrEqual(8);
      }
      into.cancel();
      await writer;
    });

    test("cancel() on one side ends the senders of the other, parked and to come (RM-4)", async () => {
      const [out, into] = await both<number>("numbers", 1);
      const writer = go(function* () {
        let count = 0;
        while (yield* out.send(count)) count++;
        return count;
      });
      expect(await into.receive()).toBe(0);
      into.cancel();
      expect(await writer).toBeLessThan(4);
      expect(out.closed).toBe(true);
      expect(await into.receive()).toBe(CLOSED);
    });

    test("cancel() passes what has arrived, and what still arrives, to onUndelivered (RM-4)", async () => {
      const { here, there } = await open();
      const undelivered: number[] = [];
      const out = here.channel<number>("numbers");
      const into = there.channel<number>("numbers", { window: 8, onUndelivered: (n) => undelivered.push(n) });
      for (const n of [1, 2, 3]) await out.send(n);
      expect(await into.receive()).toBe(1);
      while (into.length < 2) await sleep(1);
      into.cancel();
      expect([into.length, undelivered]).toEqual([0, [2, 3]]);
      // This side has not heard of it.
      expect(out.trySend(4)).toBe(true);
      while (undelivered.length < 3) await sleep(1);
      expect(undelivered).toEqual([2, 3, 4]);
      expect(() => here.channel("other", { onUndelivered: 1 as never })).toThrow("onUndelivered must be a function");
    });

    test("capacity 0: cancel() passes a value that was asked for to onUndelivered (RM-4)", async () => {
      const { here, there } = await open();
      const undelivered: number[] = [];
      const out = here.channel<number>("meet", { capacity: 0 });
      const into = there.channel<number>("meet", { capacity: 0, onUndelivered: (n) => undelivered.push(n) });
      const chosen = go(() => select({ send: out.send(1), late: sleep(LIMIT) }));
      const asking = go(() => into.receive());
      expect((await chosen).key).toBe("send");
      // The value is on its way.
      const isHere = into.length > 0 || asking.status === "done";
      asking.cancel();
      into.cancel();
      if (!isHere) {
        while (undelivered.length < 1) await sleep(1);
        expect(undelivered).toEqual([1]);
      }
    });

    test("whenClosed() completes on the other side", async () => {
      const [out, into] = await both<number>("numbers");
      const closed = go(() => into.whenClosed());
      out.close();
      await withTimeout(LIMIT, closed);
      expect(into.closed).toBe(true);
    });

    test("both sides send over one channel (RM-1)", async () => {
      const [one, other] = await both<string>("words");
      await one.send("ping");
      expect(await other.receive()).toBe("ping");
      await other.send("pong");
      expect(await one.receive()).toBe("pong");
    });

    test("a name can be used again when its channel has ended on both sides (RM-1)", async () => {
      const { here, there } = await open();
      for (let round = 0; round < 3; round++) {
        const out = here.channel<number>("again");
        const into = there.channel<number>("again");
        await out.send(round);
        expect(await into.receive()).toBe(round);
        out.close();
        expect(await into.receive()).toBe(CLOSED);
        expect(await out.receive()).toBe(CLOSED);
      }
    });

    test("a report says on which side the other end is, and the wait is external", async () => {
      const { here, there } = await open({ name: "the mill" });
      const words = here.channel<string>("words");
      there.serve("slow", () => sleep(LIMIT * 10));
      const waiting = [words.receive(), words.send("x"), here.ask("slow", 1)].map((operation) => operation.waitsFor());
      expect(waiting.map(({ what }) => what)).toEqual([
        "receive from words over the mill",
        "send to words over the mill",
        "an answer to slow over the mill",
      ]);
      expect(waiting.every(({ external }) => external)).toBe(true);
      // A closed program whose only task waits for the other side is in no deadlock.
      const program = run(function* main() {
        return yield* words.receive();
      });
      await sleep(5);
      await there.channel<string>("words").send("from over there");
      expect(await program).toBe("from over there");
    });

    test("names are text and nothing else: __proto__, constructor, an empty name (X1)", async () => {
      const { here, there } = await open();
      for (const name of ["__proto__", "constructor", "toString", ""]) {
        const into = there.channel<string>(name);
        await here.channel<string>(name).send(name);
        expect(await into.receive()).toBe(name);
      }
    });

    test("a remote case in a select waits, wins, and leaves no trace when it loses (D10, RM-2)", async () => {
      const [out, into] = await both<number>("numbers", 2);
      const local = channel<string>(1);
      local.trySend("here");
      expect((await select({ into, local }, { mode: "priority" })).key).toBe("local");
      await out.send(1);
      expect(await alt(into.receive(), sleep(LIMIT))).toBe(1);
      await out.send(2);
      await out.send(3);
      const full = await alt(
        out.send(4).map(() => "sent"),
        sleep(5).map(() => "full"),
      );
      expect(full).toBe("full");
      expect([await into.receive(), await into.receive()]).toEqual([2, 3]);
      await out.send(5);
      expect(await into.receive()).toBe(5);
    });

    test("D10: in random races between remote and local cases, what goes in comes out (RM-2)", async () => {
      const [out, into] = await both<number>("numbers", 4);
      const local = channel<number>();
      const seen = new Set<number>();
      const source = go(function* () {
        for (let n = 0; n < races; n++) {
          const first = yield* select({ remote: out.send(n), local: local.send(n) });
          if (!first.value) throw new Error("refused");
        }
        out.close();
        local.close();
      });
      const sink = go(function* (): Routine<void> {
        let left = 2;
        const open: Record<string, Channel<number>> = { into, local };
        while (left > 0) {
          const { key, value } = yield* select(open);
          if (value === CLOSED) {
            delete open[key];
            left--;
          } else if (seen.has(value as number)) throw new Error(`${String(value)} came twice`);
          else seen.add(value as number);
        }
      });
      await source;
      await sink;
      expect(seen.size).toBe(races);
    });

    test("capacity 0: a send completes only when the other side has taken the value (RM-3)", async () => {
      const { here, there } = await open();
      const out = here.channel<number>("meet", { capacity: 0 });
      const into = there.channel<number>("meet", { capacity: 0 });
      const order: string[] = [];
      const sender = go(function* () {
        for (let n = 0; n < 20; n++) {
          yield* out.send(n);
          order.push(`sent ${n}`);
        }
      });
      await sleep(5);
      expect(order).toEqual([]);
      for (let n = 0; n < 20; n++) {
        expect(await into.receive()).toBe(n);
        expect(order.length).toBeLessThanOrEqual(n + 1);
      }
      await sender;
      expect([out.capacity, into.capacity, into.length]).toEqual([0, 0, 0]);
    });

    test("capacity 0: one side that asks for it is enough (RM-3)", async () => {
      const { here, there } = await open();
      const out = here.channel<number>("meet");
      const into = there.channel<number>("meet", { capacity: 0 });
      const sent = go(() => out.send(1));
      expect(await alt(sent, sleep(10))).toBe(undefined);
      expect(await into.receive()).toBe(1);
      expect(await sent).toBe(true);
    });

    test("capacity 0: a send that loses a select, or whose task is cancelled, is not received (RM-3)", async () => {
      const { here, there } = await open();
      const out = here.channel<string>("meet", { capacity: 0 });
      const into = there.channel<string>("meet", { capacity: 0 });
      expect((await select({ send: out.send("lost"), late: sleep(5) })).key).toBe("late");
      const cancelled = go(() => out.send("cancelled"));
      await sleep(5);
      cancelled.cancel();
      await cancelled.then(undefined, () => {});
      // An answer comes after the withdrawal has arrived.
      there.serve("after", () => "after");
      await here.ask("after", 0);
      const chosen = go(() => select({ send: out.send("chosen"), late: sleep(LIMIT) }));
      expect(await into.receive()).toBe("chosen");
      expect((await chosen).key).toBe("send");
      expect(await alt(into.receive(), sleep(5))).toBe(undefined);
    });

    test("capacity 0: closing lets parked sends be taken; cancelling and the end of the medium do not (RM-4)", async () => {
      const { here, there } = await open();
      const out = here.channel<number>("meet", { capacity: 0 });
      const into = there.channel<number>("meet", { capacity: 0 });
      const sends = [1, 2].map((n) => go(() => out.send(n)));
      await sleep(2);
      out.close();
      expect([await into.receive(), await into.receive(), await into.receive()]).toEqual([1, 2, CLOSED]);
      for (const send of sends) expect(await send).toBe(true);
      const refused = here.channel<number>("refused", { capacity: 0 });
      const refusing = there.channel<number>("refused");
      const send = go(() => refused.send(1));
      await sleep(2);
      refusing.cancel();
      expect(await send).toBe(false);
    });

    test("D10, capacity 0: in random races of selects on both sides, what goes in comes out once (RM-3)", async () => {
      const { here, there } = await open();
      const count = races / 10;
      const outs = ["a", "b"].map((name) => here.channel<number>(name, { capacity: 0 }));
      const intos = ["a", "b"].map((name) => there.channel<number>(name, { capacity: 0 }));
      const seen = new Set<number>();
      const sender = go(function* () {
        for (let n = 0; n < count; n++) {
          // Each time longer: a machine may be so slow that nothing comes about within a millisecond.
          for (let [sent, wait] = [false, 1]; !sent; wait *= 2) {
            const { key } = yield* select({
              a: outs[0]!.send(n),
              b: outs[1]!.send(n),
              giveUp: n % 7 === 0 ? sleep(wait) : sleep(LIMIT),
            });
            sent = key !== "giveUp";
          }
        }
        for (const out of outs) out.close();
      });
      const receivers = [0, 1].map(() =>
        go(function* () {
          const open: Record<string, Channel<number>> = { a: intos[0]!, b: intos[1]! };
          let wait = 1;
          while (Object.keys(open).length > 0) {
            const chosen = yield* alt(select(open), sleep(wait));
            wait = chosen === undefined ? Math.min(2 * wait, 1000) : 1;
            if (chosen === undefined) continue;
            const { key, value: n } = chosen;
            if (n === CLOSED) delete open[key];
            else if (seen.has(n as number)) throw new Error(`${String(n)} came twice`);
            else seen.add(n as number);
          }
        }),
      );
      for (const task of [sender, ...receivers]) await task;
      expect(seen.size).toBe(count);
    });

    test("D7: a value that cannot cross is an error of its send; the channel and the credit stay (RM-7)", async () => {
      const [out, into] = await both<unknown>("values", 2);
      const bad: unknown[] = [() => 1, Symbol("s"), { deep: [{ f() {} }] }];
      if (transport.format === "clone") bad.push(new WeakMap(), (function* () {})());
      else bad.push(1n, new Map(), { deep: new Uint8Array(1) }, Promise.resolve());
      for (const value of bad) {
        await expect(go(() => out.send(value))).rejects.toThrow();
        expect(() => out.trySend(value)).toThrow();
      }
      for (const value of [1, { a: [2] }, null, "x", undefined]) {
        await out.send(value);
        expect(await into.receive()).toEqual(value);
      }
      expect((await out.send(1)) && (await out.send(2))).toBe(true);
    });

    if (transport.cuts) {
      test("D6: when the medium is cut, receivers get what had arrived, then PeerLostError; all that wait get it at once (RM-5)", async () => {
        const { here, there, pair } = await open();
        const into = here.channel<number>("in", { window: 8 });
        const out = here.channel<number>("out", { window: 1 });
        const far = there.channel<number>("in");
        there.channel<number>("out", { window: 1 });
        for (const n of [1, 2, 3]) await far.send(n);
        await out.send(1);
        expect(await into.receive()).toBe(1);
        while (into.length < 2) await sleep(1);
        there.serve("slow", () => sleep(LIMIT * 10));
        const parked = go(() => out.send(2));
        const asked = go(() => here.ask("slow", 1));
        const chosen = go(() => select({ send: out.send(3), other: here.ask("slow", 2) }));
        const errors = [parked, asked, chosen].map((task) =>
          withTimeout(LIMIT, task).then(undefined, (error: unknown) => error),
        );
        await sleep(5);
        pair.cut!();
        for (const error of errors) expect(await error).toBeInstanceOf(PeerLostError);
        expect([await into.receive(), await into.receive()]).toEqual([2, 3]);
        await expect(into.receive()).rejects.toBeInstanceOf(PeerLostError);
        await expect(out.send(4)).rejects.toBeInstanceOf(PeerLostError);
        await expect(here.ask("slow", 3)).rejects.toBeInstanceOf(PeerLostError);
        expect((await here.whenClosed()).kind).toBe("failed");
      });
    }

    test("close() of a connection delivers what was sent, and is an end with a cause on the other side (RM-5)", async () => {
      const { here, there } = await open();
      const out = here.channel<number>("numbers");
      const into = there.channel<number>("numbers");
      await out.send(1);
      await out.send(2);
      const waiting = go(() => out.receive());
      here.close(new Error("maintenance"));
      expect(await waiting).toBe(CLOSED);
      expect(await out.send(3)).toBe(false);
      expect(await here.whenClosed()).toMatchObject({ kind: "cancelled" });
      const exit = await withTimeout(LIMIT, there.whenClosed());
      expect(exit).toMatchObject({
        kind: "failed",
        error: { name: "PeerLostError", cause: { message: "maintenance" } },
      });
      expect([await into.receive(), await into.receive()]).toEqual([1, 2]);
      await expect(into.receive()).rejects.toThrow("maintenance");
    });

    test("ask: answers, errors, routines, promises and names that are not served (RM-6)", async () => {
      const { here, there } = await open();
      serveAllKinds(there);
      await expectAnswers(here);
      await expect(here.ask("constructor", 1)).rejects.toThrow("serves no such name");
    });

    test("ask: a question that does not fit the schema is not handled, and its asker gets a TypeError (RM-6)", async () => {
      const { here, there } = await open();
      await expectChecked(here, serveNumbers(there));
      const schema = { "~standard": {} } as never;
      for (const use of [() => here.channel("wrong", { schema }), () => here.serve("wrong", () => 1, { schema })])
        expect(use).toThrow("schema must follow Standard Schema");
    });

    test("ask: one that loses a select is cancelled on the other side; concurrency bounds the work (RM-6)", async () => {
      const { here, there } = await open();
      const work = serveWork(there, 3);
      expect((await select({ late: here.ask("work", LIMIT * 10), now: work.begun.receive() })).key).toBe("now");
      expect(await work.cancelled.receive()).toBe(LIMIT * 10);
      expect(await Promise.all([5, 4, 3, 2, 1, 0].map((n) => here.ask("work", n)))).toEqual([5, 4, 3, 2, 1, 0]);
      expect(work.most()).toBeLessThanOrEqual(3);
    });

    test("a value that is changed after it was sent, so that it cannot cross, closes its channel and no other (RM-7)", async () => {
      const [out, into, here, there] = await both<Record<string, unknown>>("values");
      const fine = here.channel<number>("fine");
      const fineThere = there.channel<number>("fine");
      const value: Record<string, unknown> = { n: 1 };
      await fine.send(0);
      // In one step: nothing is posted in between.
      expect([out.trySend({ n: 0 }), fine.trySend(1), out.trySend(value)]).toEqual([true, true, true]);
      value.n = transport.format === "clone" ? () => {} : 1n;
      expect(await into.receive()).toEqual({ n: 0 });
      expect([await fineThere.receive(), await fineThere.receive()]).toEqual([0, 1]);
      await withTimeout(LIMIT, out.whenClosed());
      expect(here.closed).toBe(false);
    });

    test("long texts arrive whole", async () => {
      const [out, into] = await both<string>("words", 64);
      const texts = Array.from({ length: 40 }, (_, n) => (n % 3 === 0 ? "\u0001" : "ü").repeat(n * 997));
      const sender = go(function* () {
        for (const text of texts) yield* out.send(text);
      });
      for (const text of texts) expect((await into.receive()) === text).toBe(true);
      await sender;
    });

    if (transport.format === "clone") {
      test("D8: a transferred buffer is empty on the side that sent it", async () => {
        const { here, there } = await open();
        const out = here.channel<Uint8Array<ArrayBuffer>>("bytes", { transfer: (value) => [value.buffer] });
        const into = there.channel<Uint8Array>("bytes");
        const bytes = new Uint8Array([1, 2, 3]);
        await out.send(bytes);
        expect(bytes.byteLength).toBe(0);
        expect([...((await into.receive()) as Uint8Array)]).toEqual([1, 2, 3]);
      });
    }

    test("D8: what `transfer` lists is moved with a question and with an answer, where the port moves anything", async () => {
      const { here, there } = await open();
      type Pixels = { readonly bytes: number[] | Uint8Array<ArrayBuffer> };
      const moved = (pixels: Pixels): Transferable[] => (Array.isArray(pixels.bytes) ? [] : [pixels.bytes.buffer]);
      const bytesOf = (...list: number[]): Pixels["bytes"] =>
        transport.format === "clone" ? new Uint8Array(list) : list;
      const answers: Pixels[] = [];
      there.serve(
        "invert",
        ({ bytes }: Pixels): Pixels => {
          answers.push({ bytes: bytesOf(...Array.from(bytes, (byte) => 255 - byte)) });
          return answers[0]!;
        },
        { transfer: moved },
      );
      const question: Pixels = { bytes: bytesOf(1, 2, 3) };
      const { bytes } = await here.ask<Pixels, Pixels>("invert", question, { transfer: moved });
      expect(Array.from(bytes)).toEqual([254, 253, 252]);
      const left = transport.format === "clone" ? 0 : 3;
      expect([question.bytes.length, answers[0]!.bytes.length]).toEqual([left, left]);
      await expect(go(() => here.ask("invert", 1, { transfer: () => 5 as never }))).rejects.toThrow(
        "Cannot ask invert: transfer must return a list, got 5",
      );
      expect(() => here.ask("invert", 1, { transfer: 5 as never })).toThrow("transfer must be a function");
      expect(() => there.serve("other", () => 1, { transfer: 5 as never })).toThrow("transfer must be a function");
    });

    test("D9: a channel that is sent over a channel works both ways, and closes both ways (RM-8)", async () => {
      const [out, into] = await both<{ question: string; reply: Channel<string> }>("questions");
      const reply = channel<string>();
      await out.send({ question: "how?", reply });
      const got = (await into.receive()) as { question: string; reply: Channel<string> };
      expect(got.question).toBe("how?");
      const sent = go(() => got.reply.send("so"));
      expect(await reply.receive()).toBe("so");
      expect(await sent).toBe(true);
      const back = go(() => reply.send("and?"));
      expect(await got.reply.receive()).toBe("and?");
      expect(await back).toBe(true);
      const waiting = go(() => got.reply.receive());
      reply.close(new RangeError("enough"));
      await expect(waiting).rejects.toThrow("enough");
      expect(got.reply.closed).toBe(true);
    });

    test("D9: a value leaves a channel that was sent only for a receive on the other side (RM-8)", async () => {
      const [out, into] = await both<Channel<number>>("channels");
      const jobs = channel<number>(8);
      for (const n of [1, 2, 3, 4]) jobs.trySend(n);
      await out.send(jobs);
      const far = (await into.receive()) as Channel<number>;
      expect(await far.receive()).toBe(1);
      await sleep(5);
      expect(jobs.length).toBe(3);
      expect(await jobs.receive()).toBe(2);
      jobs.close();
      expect([await far.receive(), await far.receive(), await far.receive()]).toEqual([3, 4, CLOSED]);
      expect(await far.send(5)).toBe(false);
    });

    test("D9: cancelling or closing the end that was sent does so with the channel (RM-8)", async () => {
      const [out, into] = await both<Channel<number>>("channels");
      const first = channel<number>(1, { name: "first" });
      const second = channel<number>(1, { name: "second" });
      await out.send(first);
      await out.send(second);
      const far = (await into.receive()) as Channel<number>;
      far.cancel();
      await withTimeout(LIMIT, first.whenClosed());
      const other = (await into.receive()) as Channel<number>;
      await other.send(7);
      other.close();
      expect([await second.receive(), await second.receive()]).toEqual([7, CLOSED]);
    });

    test("a question may hold a channel, and an answer, too; a reply of ask() answers from the other side", async () => {
      const { here, there } = await open();
      there.serve("numbers", (count: number) => from(Array.from({ length: count }, (_, n) => n)));
      there.serve("sum", function* ({ numbers }: { numbers: Channel<number> }) {
        return yield* reduce(numbers, (sum, n) => sum + n, 0);
      });
      const numbers = (await here.ask("numbers", 300)) as Channel<number>;
      expect(await collect(numbers)).toHaveLength(300);
      const given = channel<number>(4);
      const sum = go(() => here.ask("sum", { numbers: given }));
      for (const n of [1, 2, 3]) await given.send(n);
      given.close();
      expect(await sum).toBe(6);
      const mailbox = there.channel<{ n: number; reply: Reply<number> }>("mailbox");
      go(function* () {
        for (let message; (message = yield* mailbox.receive()) !== CLOSED; ) {
          if (message.n < 0) message.reply.fail(new RangeError("negative"));
          else message.reply(message.n * 2);
        }
      });
      const address = here.channel<{ n: number; reply: Reply<number> }>("mailbox");
      expect(await ask(address, (reply: Reply<number>) => ({ n: 21, reply }))).toBe(42);
      await expect(ask(address, (reply: Reply<number>) => ({ n: -1, reply }))).rejects.toThrow("negative");
    });

    test("D9: a channel that was passed on connects the first side and the third (RM-8)", async () => {
      const one = await open();
      const two = await open();
      const first = one.here.channel<Channel<string>>("pass");
      const middleIn = one.there.channel<Channel<string>>("pass");
      const middleOut = two.here.channel<Channel<string>>("pass");
      const last = two.there.channel<Channel<string>>("pass");
      const words = channel<string>(1);
      await first.send(words);
      const passing = (await middleIn.receive()) as Channel<string>;
      await middleOut.send(passing);
      const far = (await last.receive()) as Channel<string>;
      if (transport.format === "clone") {
        // The middle is gone; the channel is not.
        one.there.close();
        two.here.close();
        expect(() => passing.trySend("no")).toThrow("was sent to another side");
      }
      await far.send("over there");
      expect(await words.receive()).toBe("over there");
      const back = go(() => words.send("back"));
      expect(await far.receive()).toBe("back");
      await back;
      words.close();
      expect(await far.receive()).toBe(CLOSED);
    });

    test("D11: a thousand channels are opened and closed, and nothing is left of them", async () => {
      const { here, there } = await open();
      for (let round = 0; round < 1000; round++) {
        const out = here.channel<number>(`n${round % 7}`);
        const into = there.channel<number>(`n${round % 7}`);
        await out.send(round);
        out.close();
        expect(await into.receive()).toBe(round);
        expect(await into.receive()).toBe(CLOSED);
        expect(await out.receive()).toBe(CLOSED);
      }
      expect(String(here)).toContain("0 channels");
      expect(String(there)).toContain("0 channels");
    });
  });
}

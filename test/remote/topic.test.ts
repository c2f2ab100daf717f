// Topics over BroadcastChannel: what the medium can promise, in Node and in pages.

import { afterEach, describe, expect, test } from "vitest";
import { type Buffer, CLOSED, channel, dropping, go, run, select, sleep, sliding } from "../../src/index.js";
import { connect, type Topic, type TopicOptions, topic } from "../../src/remote.js";

const opened: Topic<never>[] = [];
let count = 0;

/** Topics of a name of their own. */
function topics<T>(many: number, options?: TopicOptions<T>): Topic<T>[] {
  const name = `millrace test ${++count}`;
  const made = Array.from({ length: many }, () => topic<T>(new BroadcastChannel(name), options));
  opened.push(...(made as Topic<never>[]));
  return made;
}

afterEach(() => {
  for (const one of opened.splice(0)) one.close();
});

/** A number from 1 on, by the interface that libraries of schemas share. */
const counting = {
  "~standard": {
    version: 1 as const,
    vendor: "test",
    validate: (value: unknown) =>
      typeof value === "number" && value > 0 ? { value } : { issues: [{ message: "must be above 0" }] },
  },
};

describe("topic()", () => {
  test("each subscription of the other topics gets each value, in order; the publisher gets none (RM-12)", async () => {
    const [one, two, three] = topics<number>(3) as [Topic<number>, Topic<number>, Topic<number>];
    const others = [two.subscribe(), two.subscribe(), three.subscribe()];
    const own = one.subscribe();
    for (let n = 0; n < 100; n++) expect(one.publish(n)).toBe(true);
    for (const other of others) for (let n = 0; n < 100; n++) expect(await other.receive()).toBe(n);
    two.publish(-1);
    expect(await own.receive()).toBe(-1);
  });

  test("a value may be whatever is cloned; what cannot be cloned is thrown to the publisher", async () => {
    const [one, two] = topics<unknown>(2) as [Topic<unknown>, Topic<unknown>];
    const values = two.subscribe();
    for (const value of [null, { a: [1] }, new Map([[1, new Uint8Array([2])]])]) {
      one.publish(value);
      expect(await values.receive()).toEqual(value);
    }
    expect(() => one.publish(() => {})).toThrow(expect.objectContaining({ name: "DataCloneError" }));
    expect(() => one.publish({ reply: channel() })).toThrow("a value must hold no channel");
    one.publish("after");
    expect(await values.receive()).toBe("after");
  });

  test.each<[string, () => number | Buffer<number> | undefined, number[]]>([
    ["sliding(3)", () => sliding(3), [197, 198, 199]],
    ["dropping(3)", () => dropping(3), [0, 1, 2]],
    ["3", () => 3, [0, 1, 2]],
    ["the default, sliding(128)", () => undefined, Array.from({ length: 128 }, (_, n) => n + 72)],
  ])("a subscriber that is slow delays nothing, and keeps what its buffer keeps: %s", async (_, buffer, kept) => {
    const [one, two] = topics<number>(2) as [Topic<number>, Topic<number>];
    const slow = two.subscribe(buffer());
    const fast = two.subscribe(200);
    for (let n = 0; n < 200; n++) one.publish(n);
    for (let n = 0; n < 200; n++) expect(await fast.receive()).toBe(n);
    two.close();
    const got: number[] = [];
    for await (const n of slow) got.push(n);
    expect(got).toEqual(kept);
  });

  test("a value that does not fit the schema, or has the key __proto__, is left out and told (X3, RM-12)", async () => {
    const refused: unknown[] = [];
    const [one, two] = topics<number>(2, { schema: counting, onRefused: (error) => refused.push(error) }) as [
      Topic<unknown>,
      Topic<number>,
    ];
    const numbers = two.subscribe();
    for (const value of [0, "1", JSON.parse('{"__proto__":{"polluted":1}}'), 1]) one.publish(value);
    expect(await numbers.receive()).toBe(1);
    expect(refused.map(String)).toEqual([
      expect.stringContaining("must be above 0"),
      expect.stringContaining("must be above 0"),
      expect.stringContaining("an object with the key __proto__"),
    ]);
    expect(({} as { polluted?: unknown }).polluted).toBe(undefined);
  });

  test("close() ends the subscriptions after what is stored; then nothing is published, and new ones are closed", async () => {
    const [one, two] = topics<number>(2) as [Topic<number>, Topic<number>];
    const first = two.subscribe();
    one.publish(1);
    expect(await first.receive()).toBe(1);
    const parked = go(() => first.receive());
    two.close();
    two.close();
    expect(await parked).toBe(CLOSED);
    expect([two.closed, two.publish(2), await two.subscribe().receive()]).toEqual([true, false, CLOSED]);
    expect(one.publish(3)).toBe(true);
  });

  test("cancel() unsubscribes; without subscriptions nothing is listened to and the process may end", () => {
    const listeners = new Set<unknown>();
    const calls: string[] = [];
    const port = {
      name: "by hand",
      postMessage() {},
      close: () => void calls.push("close"),
      addEventListener: (_: string, listener: unknown) => void listeners.add(listener),
      removeEventListener: (_: string, listener: unknown) => void listeners.delete(listener),
      ref: () => void calls.push("ref"),
      unref: () => void calls.push("unref"),
    };
    const made = topic(port);
    const [one, two] = [made.subscribe(), made.subscribe()];
    one.cancel();
    expect([listeners.size, calls]).toEqual([2, ["unref", "ref"]]);
    using _ = two;
    two.cancel();
    expect([listeners.size, calls]).toEqual([0, ["unref", "ref", "unref"]]);
    made.subscribe();
    made.close();
    expect([listeners.size, calls]).toEqual([0, ["unref", "ref", "unref", "ref", "unref", "close"]]);
  });

  test("a subscription is a case of a select, and a program that waits for it is in no deadlock", async () => {
    const [one, two] = topics<string>(2) as [Topic<string>, Topic<string>];
    const words = two.subscribe();
    expect((await select({ words, late: sleep(1) })).key).toBe("late");
    const program = run(function* () {
      return yield* words.receive();
    });
    await sleep(5);
    one.publish("news");
    expect(await program).toBe("news");
  });

  test("what is no BroadcastChannel is refused, and connect() says where one goes", () => {
    const { port1 } = new MessageChannel();
    for (const port of [null, {}, port1, "name"])
      expect(() => topic(port as never)).toThrow("Cannot open topic: port must be a BroadcastChannel, got");
    port1.close();
    const broadcast = new BroadcastChannel("refused");
    expect(() => connect(broadcast)).toThrow("; a BroadcastChannel goes to topic()");
    expect(() => topic(broadcast, { onRefused: 1 as never })).toThrow("onRefused must be a function");
    broadcast.close();
  });
});

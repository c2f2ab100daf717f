// The event store of examples/orders, with each SQLite driver that is there.

import { join } from "node:path";
import { CLOSED, collect, go, type Routine, scope, stream } from "millrace";
import { localBus } from "millrace/nats";
import { supervise } from "millrace/supervise";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { Checkpoint } from "../../../examples/orders/store/checkpoint.ts";
import { drivers, openDatabase } from "../../../examples/orders/store/database.ts";
import { type Decider, load, perform } from "../../../examples/orders/store/decide.ts";
import { outbox } from "../../../examples/orders/store/outbox.ts";
import { EventStore, type StoreOptions } from "../../../examples/orders/store/store.ts";
import { BusyError, ConflictError, type Stored } from "../../../examples/orders/store/types.ts";
import { View } from "../../../examples/orders/store/view.ts";
import { temporaryFolder } from "./temporary.ts";

type Counted = { readonly type: "added"; readonly data: number } | { readonly type: "poison"; readonly data: number };

const added = (data: number): Counted => ({ type: "added", data });
const poison: Counted = { type: "poison", data: 0 };

/** Makes SQLite refuse an event whose type is `poison`: that insert alone, or with it the whole transaction. */
function poisonous(path: string, what: "ABORT" | "ROLLBACK"): void {
  const database = openDatabase(path, "normal");
  database.exec(
    `CREATE TRIGGER poisonous BEFORE INSERT ON events WHEN NEW.type = 'poison' BEGIN SELECT RAISE(${what}, 'poisoned'); END`,
  );
  database.close();
}

const outcome = (promise: PromiseLike<unknown>): Promise<unknown> =>
  Promise.resolve(promise).then(
    () => "appended",
    (error: Error) => error.name,
  );

describe.each([...drivers.keys()])("the event store on %s", (driver) => {
  function open(path: string, options: StoreOptions = {}): EventStore<Counted> {
    const store = new EventStore<Counted>(path, { driver, ...options });
    onTestFinished(() => store[Symbol.asyncDispose]());
    return store;
  }

  const opened = (options: StoreOptions = {}): EventStore<Counted> => open(join(temporaryFolder(), "log.db"), options);

  test("append answers with the place of its last event, and read gives the events back", async () => {
    const store = opened();
    expect(await store.append("a", [added(1), added(2)])).toEqual({ version: 2, position: 2, repeated: false });
    expect(await store.append("b", [added(3)])).toEqual({ version: 1, position: 3, repeated: false });
    expect(await store.append("a", [added(4)])).toEqual({ version: 3, position: 4, repeated: false });
    expect(store.read("a").map(({ data, version, position }) => [data, version, position])).toEqual([
      [1, 1, 1],
      [2, 2, 2],
      [4, 3, 4],
    ]);
    expect(store.read("a", 2).map(({ data }) => data)).toEqual([4]);
    expect(store.readAll(1, 2).map(({ position }) => position)).toEqual([2, 3]);
    expect(store.head).toBe(4);
  });

  test("what was appended is there when the file is opened again", async () => {
    const path = join(temporaryFolder(), "log.db");
    const before = new EventStore<Counted>(path, { driver });
    await before.append("a", [added(1)], { key: "k" });
    await before[Symbol.asyncDispose]();
    const store = open(path);
    expect(store.head).toBe(1);
    expect(await store.append("a", [added(1)], { key: "k" })).toMatchObject({ version: 1, repeated: true });
    expect(await store.append("a", [added(2)], { expectedVersion: 1 })).toMatchObject({ version: 2, position: 2 });
  });

  test("appends that are ready together are committed together, and each is answered for itself", async () => {
    const store = opened();
    await Promise.all(Array.from({ length: 100 }, (_, n) => store.append(`s${n % 7}`, [added(n)])));
    expect(store.commits).toBe(1);
    expect(store.readAll().map(({ data }) => data)).toEqual(Array.from({ length: 100 }, (_, n) => n));
  });

  test("a hundred writers that append again when they are answered share each commit", async () => {
    const store = opened();
    await Promise.all(
      Array.from({ length: 100 }, (_, writer) =>
        go(function* () {
          for (let n = 0; n < 5; n++) yield* store.append(`s${writer}`, [added(n)], { expectedVersion: n });
        }),
      ),
    );
    expect(store.commits).toBe(5);
    expect(store.head).toBe(500);
  });

  test("a batch is as large as `batch` at most", async () => {
    const store = opened({ batch: 10 });
    await Promise.all(Array.from({ length: 100 }, (_, n) => store.append("s", [added(n)])));
    expect(store.commits).toBe(10);
  });

  test("a conflict rejects one append, and not its batch", async () => {
    const store = opened();
    await store.append("a", [added(1)]);
    const committed = store.commits;
    const outcomes = await Promise.all([
      outcome(store.append("a", [added(2)], { expectedVersion: 1 })),
      outcome(store.append("a", [added(3)], { expectedVersion: 1 })),
      outcome(store.append("b", [added(4)], { expectedVersion: 0 })),
      outcome(store.append("b", [added(5)], { expectedVersion: 0 })),
      outcome(store.append("b", [added(6)])),
    ]);
    expect(outcomes).toEqual(["appended", "ConflictError", "appended", "ConflictError", "appended"]);
    expect(store.commits).toBe(committed + 1);
    expect(store.readAll().map(({ data }) => data)).toEqual([1, 2, 4, 6]);
    const late = store.append("a", [added(7)], { expectedVersion: 1 });
    await expect(late).rejects.toThrow("Cannot append to a: version 1 was expected, and it is at 2");
  });

  test("an append that the database refuses takes nothing of its batch with it, and leaves none of its own events", async () => {
    const path = join(temporaryFolder(), "log.db");
    const store = open(path);
    poisonous(path, "ABORT");
    const outcomes = await Promise.all([
      outcome(store.append("a", [added(1)])),
      outcome(store.append("a", [added(2), added(3), poison])),
      outcome(store.append("a", [poison])),
      outcome(store.append("a", [added(4)])),
    ]);
    expect(outcomes.map((name) => name === "appended")).toEqual([true, false, false, true]);
    expect(store.commits).toBe(1);
    expect(store.readAll().map(({ data, version, position }) => [data, version, position])).toEqual([
      [1, 1, 1],
      [4, 2, 2],
    ]);
  });

  test("a commit that fails rejects its batch, and the writer is restarted", async () => {
    const path = join(temporaryFolder(), "log.db");
    const store = open(path);
    poisonous(path, "ROLLBACK");
    const tree = supervise({ writer: store.writer });
    onTestFinished(async () => void (await tree.stop()));
    await tree.ready();
    await store.append("a", [added(1)]);
    const outcomes = await Promise.all([
      outcome(store.append("a", [added(2)], { expectedVersion: 1 })),
      outcome(store.append("b", [poison])),
    ]);
    expect(outcomes).not.toContain("appended");
    expect(tree.child("writer")?.restarts).toBe(1);
    expect(await store.append("a", [added(3)], { expectedVersion: 1 })).toMatchObject({ version: 2, position: 2 });
  });

  test("an event that another process has written is noticed, though the version in memory is older", async () => {
    const path = join(temporaryFolder(), "log.db");
    const store = open(path);
    const other = open(path);
    await store.append("a", [added(1)]);
    await other.append("a", [added(2)]);
    await expect(store.append("a", [added(3)], { expectedVersion: 1 })).rejects.toThrow(ConflictError);
    await other.append("a", [added(4)]);
    expect(await store.append("a", [added(5)])).toMatchObject({ version: 4 });
    expect(store.read("a").map(({ version, data }) => [version, data])).toEqual([
      [1, 1],
      [2, 2],
      [3, 4],
      [4, 5],
    ]);
  });

  test("an append with the key of an earlier one stores nothing, and answers as that one did", async () => {
    const store = opened();
    const [one, two] = await Promise.all([
      store.append("a", [added(1), added(2)], { key: "k" }),
      store.append("a", [added(1), added(2)], { key: "k", expectedVersion: 0 }),
    ]);
    expect(one).toEqual({ version: 2, position: 2, repeated: false });
    expect(two).toEqual({ version: 2, position: 2, repeated: true });
    await store.append("a", [added(3)]);
    expect(await store.append("a", [added(1), added(2)], { key: "k" })).toEqual(two);
    await expect(store.append("b", [added(1)], { key: "k" })).rejects.toThrow(
      "Cannot append to b: the key k was used for an append to a",
    );
    expect(store.head).toBe(3);
  });

  test("what cannot be stored is refused at once, by name", () => {
    const store = opened();
    expect(() => store.append("a", [])).toThrow("Cannot append to a: there must be an event, got none");
    expect(() => store.append("a", [{ type: "added", data: undefined as never }])).toThrow(
      "Cannot append to a: the data of added must be JSON, got undefined",
    );
  });

  test.each([
    { overload: "wait", refused: 0 },
    { overload: "fail", refused: 5 },
  ] as const)(
    "with room for 4, ten appends at once that $overload: $refused are refused",
    async ({ overload, refused }) => {
      const store = opened({ capacity: 4 });
      await store.append("a", [added(0)]);
      const outcomes = await Promise.all(
        Array.from({ length: 10 }, (_, n) => outcome(store.append("a", [added(n)], { overload }))),
      );
      // The writer waits, so it takes the first one: five are on their way.
      const busy = outcomes.filter((name) => name === "BusyError").length;
      expect(Math.abs(busy - refused)).toBeLessThanOrEqual(refused === 0 ? 0 : 1);
      expect(store.head).toBe(11 - busy);
      expect(new BusyError("a", 4).message).toBe("Cannot append to a: 4 appends wait already, try again later");
    },
  );

  test("an append to a store that is closed fails", async () => {
    const store = new EventStore<Counted>(join(temporaryFolder(), "log.db"), { driver });
    await store[Symbol.asyncDispose]();
    await expect(store.append("a", [added(1)])).rejects.toThrow("Actor writer was cancelled");
  });

  test.each([0, 150, 300])(
    "a subscription after position %i has no gap and nothing twice while others append",
    async (after) => {
      const store = opened();
      const positions = await go(function* (): Routine<number[]> {
        return yield* scope(function* (s) {
          for (let n = 0; n < 200; n++) yield* store.append("past", [added(n)]);
          for (let w = 0; w < 4; w++)
            s.go(function* () {
              for (let n = 0; n < 100; n++) yield* store.append(`w${w}`, [added(n)]);
            });
          return yield* collect(
            stream(store.subscribe(after))
              .map(({ position }) => position)
              .take(400 - after)
              .channel(),
          );
        });
      });
      expect(positions).toEqual(Array.from({ length: 400 - after }, (_, n) => after + n + 1));
    },
  );

  test("a subscription that waits ends when it is cancelled, and when the store is closed", async () => {
    const store = new EventStore<Counted>(join(temporaryFolder(), "log.db"), { driver });
    const one = store.subscribe();
    const waiting = one.receive();
    one.cancel();
    expect(await waiting).toBe(CLOSED);
    const other = Promise.resolve(store.subscribe().receive());
    other.catch(() => {});
    await store[Symbol.asyncDispose]();
    await expect(other).rejects.toThrow("The store is closed");
  });

  test("a view applies each event once, though it fails in between, and goes on where it was when the file is opened again", async () => {
    const path = join(temporaryFolder(), "log.db");
    let fails = 3;
    function viewOf(store: EventStore<Counted>): View<Counted> {
      return new View(store, {
        name: "sums",
        schema: "CREATE TABLE IF NOT EXISTS sums (stream TEXT PRIMARY KEY, sum INTEGER, events INTEGER)",
        applying(database) {
          const add = database.prepare(
            "INSERT INTO sums VALUES (?, ?, 1) ON CONFLICT DO UPDATE SET sum = sum + excluded.sum, events = events + 1",
          );
          return ({ stream, data, position }) => {
            add.run(stream, data);
            if (position % 50 === 20 && fails-- > 0) throw new Error("the view fails");
          };
        },
      });
    }
    async function session(count: number): Promise<unknown[]> {
      const store = new EventStore<Counted>(path, { driver });
      const view = viewOf(store);
      const tree = supervise({ writer: store.writer, sums: () => view.follow() }, { intensity: 10 });
      await tree.ready();
      await Promise.all(Array.from({ length: count }, (_, n) => store.append(`s${n % 3}`, [added(n)])));
      await view.reached(store.head);
      const rows = view.database.prepare("SELECT sum, events FROM sums ORDER BY stream").all() as {
        sum: number;
        events: number;
      }[];
      await tree.stop();
      await store[Symbol.asyncDispose]();
      return rows.map(({ sum, events }) => [sum, events]);
    }
    const sumOf = (count: number, from: number): number =>
      Array.from({ length: count }, (_, n) => n).reduce((sum, n) => (n % 3 === from ? sum + n : sum), 0);
    // What the view has applied is forgotten with the position that could not be saved.
    const save = vi.spyOn(Checkpoint.prototype, "save").mockImplementationOnce(() => {
      throw new Error("the disk is full");
    });
    onTestFinished(() => save.mockRestore());
    expect(await session(90)).toEqual([0, 1, 2].map((n) => [sumOf(90, n), 30]));
    expect(await session(60)).toEqual([0, 1, 2].map((n) => [sumOf(90, n) + sumOf(60, n), 50]));
    expect(fails).toBeLessThanOrEqual(0);
  });

  test("an outbox publishes in order and at least once, though publishing fails", async () => {
    const store = opened();
    const published: number[] = [];
    let fails = 3;
    const kept = localBus().register<number>("out");
    function* publish(page: readonly Stored<Counted>[]): Routine<void> {
      for (const { position } of page) {
        if (position % 10 === 7 && fails-- > 0) throw new Error("the bus is down");
        published.push(position);
      }
    }
    const tree = supervise({ writer: store.writer, outbox: () => outbox(store, kept, publish) }, { intensity: 10 });
    onTestFinished(async () => void (await tree.stop()));
    await tree.ready();
    await Promise.all(Array.from({ length: 50 }, (_, n) => store.append("a", [added(n)])));
    await expect.poll(() => published.at(-1)).toBe(50);
    expect([...new Set(published)]).toEqual(Array.from({ length: 50 }, (_, n) => n + 1));
    expect(fails).toBeLessThanOrEqual(0);
    await expect.poll(() => kept.get()).toBe(50);
  });

  const counter: Decider<number, { readonly add: number; readonly most?: number }, Counted> = {
    name: "counter",
    initial: 0,
    evolve: (sum, { data }) => sum + data,
    decide: (sum, { add, most = Infinity }) => {
      if (add < 0) throw new RangeError(`Cannot add ${add}`);
      return sum + add > most ? [] : [added(add)];
    },
  };

  test("commands on one stream are decided one after the other, however they overlap", async () => {
    const store = opened();
    const commands = Array.from({ length: 5 }, () => go(() => perform(store, counter, "a", { add: 3, most: 10 })));
    const places = await Promise.all(commands);
    expect(places.filter((place) => place === null)).toHaveLength(2);
    expect(load(store, counter, "a")).toEqual({ state: 9, version: 3 });
    await expect(go(() => perform(store, counter, "a", { add: -1 }))).rejects.toThrow("Cannot add -1");
  });

  test("a long stream is read from its snapshot on", async () => {
    const store = opened();
    for (let n = 0; n < 10; n++)
      await store.append(
        "a",
        Array.from({ length: 10 }, () => added(1)),
      );
    expect(load(store, counter, "a")).toEqual({ state: 100, version: 100 });
    expect(store.snapshots.find("counter", "a")).toEqual({ state: 100, version: 100 });
    // A wrong snapshot shows that it is used.
    store.snapshots.save("counter", "a", { state: 1000, version: 100 });
    await go(() => perform(store, counter, "a", { add: 5 }));
    expect(load(store, counter, "a")).toEqual({ state: 1005, version: 101 });
  });
});

test("there is a driver, and one that is not there is an error that says what to do", () => {
  expect(drivers.size).toBeGreaterThan(0);
  expect(() => openDatabase(":memory:", "full", "postgres")).toThrow(
    "Cannot open :memory:: there is no postgres, use Node 22.13 or later, or `npm install libsql`",
  );
});

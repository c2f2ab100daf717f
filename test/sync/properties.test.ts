// Random commands against a slow but obvious model of queues. After each step, the permits that are free, held, and granted
// to tasks that have not resumed yet add up to the total.

import fc from "fast-check";
import { go, type Lease, Mutex, type Operation, RwLock, Semaphore, select, type Task, withTimeout } from "millrace";
import { flush, replaceHost } from "millrace/host";
import { describe, expect, test } from "vitest";
import { scaled } from "../support/stress.js";
import { seeded } from "../support/virtual.js";

const LINES = 3;

/** A lock or semaphore, as the model sees it. */
interface Thing {
  readonly total: number;
  ask(n: number): Operation<Lease>;
  tryAsk(n: number): Lease | undefined;
  readonly available: number;
}

interface Kind {
  readonly kind: string;
  /** How many permits a request for `n`, from 1 to 4, takes. */
  weight(n: number): number;
  make(): Thing;
}

const ALL = Number.MAX_SAFE_INTEGER;
const kinds: readonly Kind[] = [
  {
    kind: "Mutex",
    weight: () => 1,
    make() {
      const mutex = new Mutex();
      return {
        total: 1,
        ask: () => mutex.lock(),
        tryAsk: () => mutex.tryLock(),
        get available() {
          return mutex.locked ? 0 : 1;
        },
      };
    },
  },
  {
    kind: "Semaphore",
    weight: (n) => n,
    make() {
      const semaphore = new Semaphore(4);
      return {
        total: 4,
        ask: (n) => semaphore.acquire(n),
        tryAsk: (n) => semaphore.tryAcquire(n),
        get available() {
          return semaphore.available;
        },
      };
    },
  },
  {
    kind: "RwLock",
    weight: (n) => (n < 4 ? 1 : ALL),
    make() {
      const lock = new RwLock();
      return {
        total: ALL,
        ask: (n) => (n < 4 ? lock.read() : lock.write()),
        tryAsk: (n) => (n < 4 ? lock.tryRead() : lock.tryWrite()),
        get available() {
          return lock.writing ? 0 : ALL - lock.readers;
        },
      };
    },
  },
];

/** A request that a task waits with. Of several requests, the task gets the first that is granted. */
interface Ask {
  readonly on: number;
  readonly n: number;
}

class Client {
  readonly asks: readonly Ask[];
  state: "waiting" | "granted" | "holding" | "over";
  granted: Ask | null;
  cancelled: boolean;

  constructor(asks: readonly Ask[]) {
    this.asks = asks;
    this.state = "waiting";
    this.granted = null;
    this.cancelled = false;
  }
}

/** Queues as arrays. One grant leads to the next ones breadth first. */
class Model {
  readonly available: number[];
  readonly lines: { client: Client; n: number }[][];
  /** Granted, in the order in which they will resume. */
  ready: Client[];
  private readonly _weight: (n: number) => number;

  constructor(totals: number[], weight: (n: number) => number) {
    this.available = totals;
    this.lines = totals.map(() => []);
    this.ready = [];
    this._weight = weight;
  }

  fits({ on, n }: Ask): boolean {
    return this.lines[on]!.length === 0 && this.available[on]! >= this._weight(n);
  }

  take({ on, n }: Ask): void {
    this.available[on]! -= this._weight(n);
  }

  give({ on, n }: Ask): void {
    this.available[on]! += this._weight(n);
    this._serve([on]);
  }

  arrive(client: Client): void {
    const ask = client.asks.find((ask) => this.fits(ask));
    if (ask === undefined) {
      for (const { on, n } of client.asks) this.lines[on]!.push({ client, n });
      return;
    }
    this.take(ask);
    client.granted = ask;
    client.state = "holding";
  }

  cancel(client: Client): void {
    client.cancelled = true;
    if (client.state === "waiting") {
      client.state = "over";
      this._serve(this._leave(client));
    }
  }

  /** Resumes every granted task. */
  flush(): void {
    for (let client = this.ready.shift(); client !== undefined; client = this.ready.shift()) {
      client.state = client.cancelled ? "over" : "holding";
      if (client.cancelled) this.give(client.granted!);
    }
  }

  private _leave(client: Client): number[] {
    const left = client.asks
      .map(({ on }) => on)
      .filter((on) => this.lines[on]!.some((entry) => entry.client === client));
    for (const on of left) this.lines[on] = this.lines[on]!.filter((entry) => entry.client !== client);
    return left;
  }

  private _serve(due: number[]): void {
    for (let on = due.shift(); on !== undefined; on = due.shift()) {
      for (let head = this.lines[on]![0]; head !== undefined; head = this.lines[on]![0]) {
        if (this.available[on]! < this._weight(head.n)) break;
        const { client, n } = head;
        client.granted = { on, n };
        client.state = "granted";
        this.take(client.granted);
        this.ready.push(client);
        for (const other of this._leave(client)) if (!due.includes(other) && other !== on) due.push(other);
      }
    }
  }
}

type Command =
  | { do: "acquire"; asks: Ask[]; form: "alone" | "select" | "map" | "timeout" }
  | { do: "try"; ask: Ask }
  | { do: "release" | "cancel"; which: number; settles: boolean }
  | { do: "settle" };

const ask: fc.Arbitrary<Ask> = fc.record({ on: fc.nat(LINES - 1), n: fc.integer({ min: 1, max: 4 }) });
const settles = fc.boolean();
const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("acquire" as const),
      asks: fc.tuple(ask),
      form: fc.constantFrom("alone" as const, "map" as const, "timeout" as const),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("acquire" as const),
      asks: fc.uniqueArray(ask, { minLength: 2, maxLength: LINES, selector: ({ on }) => on }),
      form: fc.constant("select" as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("try" as const), ask }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant("release" as const), which: fc.nat(99), settles }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("cancel" as const), which: fc.nat(99), settles }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("settle" as const) }) },
);

interface Pair {
  readonly client: Client;
  readonly task: Task<void> | null;
  lease: Lease | null;
}

function perform({ asks, form }: Command & { do: "acquire" }, things: readonly Thing[]): Operation<Lease> {
  const operations = asks.map(({ on, n }) => things[on]!.ask(n));
  const [first] = operations;
  if (form === "map") return first!.map((lease) => lease);
  if (form === "timeout") return withTimeout(1e6, first!);
  if (form === "alone") return first!;
  // By priority, so that the model can tell which of several free permits is taken.
  return select(Object.fromEntries(operations.entries()), { mode: "priority" }).map(({ value }) => value);
}

/** Runs the commands on the library and on the model; every difference throws. */
function compare({ make, weight }: Kind, commands: readonly Command[], seed: number): void {
  // Nothing runs by itself and no slice of time ends, so flush() runs everything that is ready.
  using _ = replaceHost({ now: () => 0, random: seeded(seed), microtask: () => {}, turn: () => {} });
  const things = Array.from({ length: LINES }, make);
  const model = new Model(
    things.map(({ total }) => total),
    weight,
  );
  const pairs: Pair[] = [];
  const settle = (): void => {
    flush();
    model.flush();
  };
  const agree = (): void => {
    expect(things.map(({ available }) => available)).toEqual(model.available);
    expect(pairs.map(({ lease }) => lease?.held === true)).toEqual(
      pairs.map(({ client }) => client.state === "holding"),
    );
    things.forEach(({ total, available }, on) => {
      const out = pairs
        .filter(({ client: { state, granted } }) => (state === "holding" || state === "granted") && granted!.on === on)
        .reduce((sum, { client }) => sum + weight(client.granted!.n), 0);
      expect(available + out).toBe(total);
    });
  };
  const run = (at: Command): void => {
    switch (at.do) {
      case "acquire": {
        settle();
        const pair: Pair = {
          client: new Client(at.asks),
          task: go(function* () {
            const lease = yield* perform(at, things);
            pair.lease = lease;
          }),
          lease: null,
        };
        pairs.push(pair);
        model.arrive(pair.client);
        flush();
        return;
      }
      case "try": {
        const lease = things[at.ask.on]!.tryAsk(at.ask.n);
        expect(lease !== undefined).toBe(model.fits(at.ask));
        if (lease === undefined) return;
        const client = new Client([at.ask]);
        model.arrive(client);
        pairs.push({ client, task: null, lease });
        return;
      }
      case "release": {
        const holding = pairs.filter(({ client }) => client.state === "holding");
        const pair = holding[at.which % Math.max(1, holding.length)];
        if (pair === undefined) return;
        pair.client.state = "over";
        pair.lease!.release();
        pair.lease!.release();
        model.give(pair.client.granted!);
        break;
      }
      case "cancel": {
        const active = pairs.filter(
          ({ task, client }) => task !== null && ["waiting", "granted"].includes(client.state),
        );
        const pair = active[at.which % Math.max(1, active.length)];
        if (pair === undefined) return;
        pair.task!.cancel();
        model.cancel(pair.client);
        break;
      }
    }
    if (at.do === "settle" || at.settles) settle();
  };

  for (const at of commands) {
    run(at);
    agree();
  }
  // At the end all permits are returned.
  for (let at = 0; at < pairs.length; at++) {
    for (const { client, task } of pairs) {
      if (client.state !== "waiting" && client.state !== "granted") continue;
      task!.cancel();
      model.cancel(client);
      break;
    }
    settle();
    run({ do: "release", which: at, settles: true });
    agree();
  }
  expect(things.map(({ available }) => available)).toEqual(things.map(({ total }) => total));
}

describe.each(kinds)("$kind", (kind) => {
  test("grants permits as the model does, and loses and invents none, whichever tasks are cancelled at whatever time", () => {
    fc.assert(
      fc.property(fc.array(command, { maxLength: 80 }), fc.integer(), (commands, seed) =>
        compare(kind, commands, seed),
      ),
      { numRuns: scaled(100, 400) },
    );
  });
});

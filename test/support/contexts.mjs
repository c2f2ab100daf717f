// What an AsyncLocalStorage holds in every place where code of the user runs. It is a process of its own, so that it runs in every
// version of Node and in Bun: contexts.mjs <the package> <its testing entry> <transducers> <how a storage is first used>. It
// prints, for each place, which store was expected and which was there.

import { AsyncLocalStorage } from "node:async_hooks";

const [packed, testing, transducers, firstUse] = process.argv.slice(2);
const storage = new AsyncLocalStorage();
const seen = {};
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Notes which store is there, at a place that expects one. */
const see = (place, expected) => {
  seen[place] ??= [];
  const line = `${expected}: ${storage.getStore()}`;
  if (!seen[place].includes(line)) seen[place].push(line);
};

// A storage that is in use before the package is loaded.
if (firstUse === "before") storage.enterWith("main");

const m = await import(packed);
const { simulate, verify } = await import(testing);
const { map } = await import(transducers);

const before = firstUse === "before" ? "main" : undefined;
const early = [
  m.go(function* () {
    for (let n = 0; n < 40; n++, yield* m.sleep(1)) see("a block that was started outside any request", before);
  }),
  m.go(async function* () {
    for (let n = 0; n < 40; n++, yield* m.sleep(1)) see("an async block that was started outside any request", before);
  }),
];

// Blocks that change their own context.

const entering = [
  function* (id) {
    storage.enterWith(id);
    see("enterWith in the first step", id);
    yield* m.sleep(1);
    see("enterWith in the first step", id);
    storage.enterWith(`${id}2`);
    storage.enterWith(`${id}3`);
    yield* m.pause();
    see("enterWith in a later step", `${id}3`);
    m.go(function* () {
      see("a child after enterWith", `${id}3`);
    });
    storage.run("other", () => {});
    yield* m.sleep(2);
    see("enterWith in a later step", `${id}3`);
  },
  async function* (id) {
    storage.enterWith(id);
    yield* m.sleep(1);
    see("enterWith in the first step of an async block", id);
    yield* m.sleep(30);
    see("enterWith in the first step of an async block", id);
    storage.enterWith(`${id}2`);
    yield* m.sleep(30);
    see("enterWith in a later step of an async block", `${id}2`);
    await wait(1);
    see("enterWith in a later step of an async block", `${id}2`);
  },
  async function* (id) {
    await wait(1);
    storage.enterWith(id);
    yield* m.sleep(30);
    see("enterWith after an await", id);
    const inner = function* () {
      storage.enterWith(`${id}2`);
      yield* m.sleep(10);
      see("enterWith in a routine that an async block delegates to", `${id}2`);
    };
    yield* inner();
    yield* m.sleep(1);
    see("enterWith in a routine that an async block delegates to", `${id}2`);
  },
];
const enter = () =>
  Promise.all(entering.flatMap((body) => ["A", "B", "C"].map((id) => Promise.resolve(m.go(body, id)))));
if (firstUse === "enterWith") await enter();

// Three requests at once: each task waits in every way.

const meeting = m.channel();
const mutex = new m.Mutex();
const waits = {
  "the first step": () => [],
  sleep: () => [m.sleep(2), m.sleep(1)],
  "settled(promise)": () => [m.settled(wait(2))],
  "a send to a task of another request": () => [meeting.send(1)],
  "a receive from a task of another request": () => [meeting.receive()],
  pause: () => [m.pause()],
  "a select": () => [m.select({ late: m.sleep(2), never: m.never() })],
  "a lock that another request holds": () => [mutex.lock().map((lease) => m.upon(m.sleep(1), () => lease.release()))],
  "a join": (id) => [
    m.go(function* () {
      yield* m.sleep(1);
      see("a task that a task has started", id);
    }),
  ],
  "a scope": (id) => [
    m.scope(function* (scope) {
      see("the body of a scope", id);
      scope.go(async function* () {
        yield* m.sleep(1);
        await wait(1);
        see("a child of a scope", id);
      });
      yield* m.sleep(3);
      see("the body of a scope", id);
    }),
  ],
  "a pipeline": (id) => [
    m.collect(
      m.pipeline(2, m.from([1, 2, 3]), function* (n) {
        see("the stage of a pipeline", id);
        yield* m.sleep(1);
        see("the stage of a pipeline", id);
        return n;
      }),
    ),
  ],
  "a map": (id) => [m.sleep(1).map(() => see("the function of a map", id))],
  "many operations that complete at once": () => Array.from({ length: 300 }, () => m.always(1)),
  "a long wait": () => [m.sleep(40), m.sleep(1)],
};
const tasks = [];
for (const [name, operations] of Object.entries(waits)) {
  for (const id of ["A", "B", "C"]) {
    const request = () => {
      tasks.push(
        m.go(function* () {
          for (const operation of operations(id)) yield* operation;
          see(`function*, after ${name}`, id);
        }),
        m.go(async function* () {
          for (const operation of operations(id)) yield* operation;
          see(`async function*, after ${name}`, id);
        }),
        m.go(async function* () {
          await wait(1);
          for (const operation of operations(id)) await operation;
          see(`async function*, after an await of ${name}`, id);
        }),
        (async () => {
          for (const operation of operations(id)) await operation.map(() => see("the map of a plain await", id));
          see(`plain code, after an await of ${name}`, id);
        })(),
        (async () => {
          const seen = () => see("a function given to then", id);
          for (const operation of operations(id)) await operation.then(seen, seen);
        })(),
      );
      const parked = m.go(function* () {
        try {
          yield* m.never();
        } finally {
          see("the finally of a cancelled block", id);
        }
      });
      tasks.push(m.sleep(3).map(() => storage.run("canceller", () => parked.cancel())));
    };
    storage.run(id, request);
  }
}
storage.run("server", () => {
  const peers = 5 * 3;
  m.go(function* () {
    for (let n = 0; n < peers; n++) yield* meeting.receive();
  });
  m.go(function* () {
    for (let n = 0; n < peers; n++) yield* meeting.send(n);
  });
  tasks.push(
    m.go(function* () {
      for (let n = 0; n < 20; n++, yield* m.sleep(1)) see("a worker that serves all requests", "server");
    }),
  );
});
if (firstUse !== "enterWith") tasks.push(enter());
await Promise.all(tasks.map((task) => Promise.resolve(task)));
await Promise.all(early.map((task) => Promise.resolve(task)));
see("the main program", before);

// Callbacks: handed in at R, called in a step of X.

const R = (call) => storage.run("R", call);
const X = (call) => storage.run("X", call);
const called =
  (place, result) =>
  (...args) => {
    see(place, "R");
    return typeof result === "function" ? result(...args) : result;
  };

{
  const values = m.channel();
  R(() => m.upon(values.receive().map(called("the map of an operation of upon()")), called("upon()")));
  R(() =>
    m.upon(
      values.receive().map(() => {
        throw new Error("x");
      }),
      () => {},
      called("the second callback of upon()"),
    ),
  );
  X(() => values.trySend(1));
  X(() => values.trySend(1));
}
{
  const hooks = { onUndelivered: called("onUndelivered"), onCancel: called("onCancel") };
  const values = R(() => m.channel(1, hooks));
  X(() => values.trySend(1));
  X(() => values.cancel());
}
{
  const step = called("a transform", (n) => {
    if (n > 1) throw new Error("x");
    return n;
  });
  const values = R(() => m.channel(1, { transform: map(step), onError: called("onError") }));
  X(() => values.trySend(1));
  X(() => values.tryReceive());
  X(() => values.trySend(2));
}
for (const buffer of [
  R(() => m.sliding(1, called("the hook of sliding()"))),
  R(() => m.dropping(1, called("the hook of dropping()"))),
  R(() => m.unbounded({ highWater: 1, onHighWater: called("onHighWater") })),
]) {
  const values = m.channel(buffer);
  X(() => values.trySend(1));
  X(() => values.trySend(2));
}
for (const end of ["receiver", "sender"]) {
  const source = m.channel();
  const feed = {
    next: called("the next() of a feed", () => source.receive().map(called("the map of a feed's operation", (n) => n))),
    accept: called("the accept() of a feed", (n, to) => to.emit(n)),
    release: called("the release() of a feed"),
  };
  const derived = R(() => m.derive(feed));
  const reader = X(() =>
    m.go(function* () {
      yield* derived.receive();
      see("a reader of a feed", "X");
      derived.cancel();
    }),
  );
  if (end === "receiver") await m.pause();
  await storage.run("Y", () =>
    m.go(function* () {
      yield* source.send(1);
      see("a sender to a feed", "Y");
    }),
  );
  await reader;
}
{
  const source = m.channel();
  const long = R(() =>
    m
      .stream(source)
      .map(called("the map of a stream", (n) => n))
      .filter(called("the filter of a stream", true))
      .channel(),
  );
  const read = X(() =>
    m.go(function* () {
      yield* long.receive();
    }),
  );
  await m.pause();
  X(() => source.trySend(1));
  await read;
}
{
  const state = R(() => m.watch(0, { equals: called("the equals of a watch", false) }));
  const waiting = R(() =>
    m.go(function* () {
      yield* state.until(called("the test of until()", (n) => n === 2));
    }),
  );
  await m.pause();
  X(() => state.set(1));
  X(() => state.set(2));
  await waiting;
}
{
  const source = m.channel();
  const sent = storage.run("B", () => m.broadcast(source));
  const subscription = R(() => sent.subscribe({ policy: "drop", onMissed: called("onMissed") }));
  await X(() =>
    m.go(function* () {
      for (let n = 0; n < 4; n++) yield* source.send(n);
    }),
  );
  await m.pause();
  X(() => subscription.cancel());
  sent.cancel();
}
{
  const target = new EventTarget();
  const events = R(() =>
    m.fromEvent(target, "x", { buffer: 1, onUndelivered: called("onUndelivered of fromEvent()") }),
  );
  for (let n = 0; n < 3; n++) X(() => target.dispatchEvent(new Event("x")));
  X(() => events.cancel());
}
{
  const pool = R(
    () =>
      new m.Pool({
        max: 1,
        create: called("the create() of a pool", 1),
        validate: called("the validate() of a pool", true),
        destroy: called("the destroy() of a pool"),
      }),
  );
  const lease = await X(() => pool.acquire());
  const next = storage.run("Y", () => Promise.resolve(pool.acquire()));
  X(() => lease.release());
  (await next).discard();
  await X(() => pool.close());
}
{
  const calls = [
    m.once(called("once(), started by R", () => m.sleep(1))),
    m.singleflight(called("singleflight(), started by R", () => m.sleep(1))),
  ];
  for (const call of calls) {
    const operation = () => (typeof call === "function" ? call(1) : call);
    const first = R(() =>
      m.go(function* () {
        yield* operation();
        see("the first caller of a shared call", "R");
      }),
    );
    const second = X(() =>
      m.go(function* () {
        yield* operation();
        see("the second caller of a shared call", "X");
      }),
    );
    await first;
    await second;
  }
}
{
  const failing = called("the attempt of retry()", () => {
    throw new Error("x");
  });
  const operation = m.retry(failing, { attempts: 2, delay: 1, when: called("the when() of retry()", true) });
  await R(() =>
    m.go(function* () {
      yield* operation;
    }),
  ).then(
    () => {},
    () => {},
  );
}
{
  const group = m.group({ limit: 1 });
  const work = (id) =>
    m.go(function* () {
      yield* group.go(function* () {
        yield* m.sleep(1);
        see("a task of a group", id);
      });
      see("a starter in a group", id);
    });
  const both = [R(() => work("R")), X(() => work("X"))];
  for (const task of both) await task;
  await group.wait();
}
{
  const work = R(() =>
    m.pipeline(
      2,
      m.from([1, 2, 3]),
      called("a stage that returns a promise", async (n) => {
        await wait(2);
        see("a stage after its await", "R");
        return n;
      }),
      { onUndelivered: called("onUndelivered of a pipeline") },
    ),
  );
  await X(() =>
    m.go(function* () {
      yield* work.receive();
      yield* m.sleep(8);
      work.cancel();
    }),
  );
  await m.sleep(5);
}
{
  const [yes, no] = R(() =>
    m.split(
      m.from([1, 2]),
      called("the test of split()", (n) => n === 1),
    ),
  );
  await X(() =>
    m.go(function* () {
      yield* yes.receive();
      yield* no.receive();
    }),
  );
  const published = R(() =>
    m.publish(
      m.from([1, 2]),
      called("the topic of publish()", (n) => n),
    ),
  );
  await X(() =>
    m.go(function* () {
      yield* published.subscribe(2).receive();
    }),
  );
  const parts = R(() =>
    m.partition(
      m.from([1]),
      called("the key of partition()", (n) => n),
    ),
  );
  await X(() =>
    m.go(function* () {
      yield* (yield* parts.receive()).values.receive();
    }),
  );
}
{
  const source = m.channel();
  const sum = R(() =>
    m.go(function* () {
      yield* m.reduce(
        source,
        called("the step of reduce()", (a, b) => a + b),
        0,
      );
    }),
  );
  await m.pause();
  X(() => source.trySend(1));
  X(() => source.close());
  await sum;
}

// Programs that are run, simulated and verified.

const program = (place) =>
  function* () {
    const values = m.channel();
    const task = storage.run("P", () =>
      m.go(function* () {
        see(place, "P");
        yield* values.receive();
        see(place, "P");
      }),
    );
    storage.run("Q", () =>
      m.go(function* () {
        see(`${place}, another task`, "Q");
        yield* values.send(1);
      }),
    );
    yield* task;
  };
const asyncProgram = (place) =>
  async function* () {
    const values = m.channel();
    const task = storage.run("P", () =>
      m.go(async function* () {
        see(place, "P");
        yield* values.receive();
        see(place, "P");
      }),
    );
    yield* values.send(1);
    yield* task;
  };
await m.run(program("run()"));
await simulate(program("simulate()"), { schedules: 4 });
await simulate(asyncProgram("simulate(), async"), { schedules: 4 });
await verify(program("verify()"));
await verify(asyncProgram("verify(), async"));

console.log(JSON.stringify(seen));

// The time that V8 takes for the steps of a hand-over, without any library: `node bench/floors.mjs`. docs/speed.md cites it.

const N = 2_000_000;
let resolver;
const capture = (resolve) => {
  resolver = resolve;
};
const result = { value: true, done: true };
const resolved = Promise.resolve(result);
const ignore = (error) => {
  throw error;
};

/** A delegate of `yield*` with the given `next`. */
const delegate = (next) => ({
  next,
  throw: ignore,
  [Symbol.iterator]() {
    return this;
  },
  [Symbol.asyncIterator]() {
    return this;
  },
});

const atOnce = delegate(() => result);
const promised = delegate(() => resolved);

async function time(name, work, n = N) {
  let best = Number.POSITIVE_INFINITY; // of the processor, which hardly depends on what else the machine does
  for (let round = 0; round < 5; round++) {
    const start = process.cpuUsage();
    await work();
    const { user, system } = process.cpuUsage(start);
    best = Math.min(best, ((user + system) * 1e3) / n);
  }
  console.log(`${name.padEnd(72)} ${best.toFixed(1).padStart(6)} ns`);
}

await time("function*: yield* of an operation that completes at once", () => {
  const body = (function* () {
    for (let i = 0; i < N; i++) yield* atOnce;
  })();
  body.next();
});
await time("function*: a bare resume", () => {
  const body = (function* () {
    for (let i = 0; i < N; i++) yield;
  })();
  for (let i = 0; i < N; i++) body.next();
});
await time("async function: await of a resolved promise", async () => {
  for (let i = 0; i < N; i++) await resolved;
});
await time("async function*: yield* of an operation that completes at once", () =>
  (async function* () {
    for (let i = 0; i < N; i++) yield* atOnce;
  })().next(),
);
await time("async function*: yield* of a resolved promise", () =>
  (async function* () {
    for (let i = 0; i < N; i++) yield* promised;
  })().next(),
);

/** The receiver awaits a new promise and the sender resolves it: the minimum that a channel between the two must do. */
async function handOver(receive, send) {
  let waiting = null;
  const taking = () => {
    const value = new Promise(capture);
    waiting = resolver;
    return value;
  };
  const giving = () => {
    waiting?.(result);
    waiting = null;
    return resolved;
  };
  const received = receive(taking);
  send(giving);
  await received;
}

/**
 * The same with objects that begin to wait when they are awaited, as operations do: `await` calls their `then` in a microtask.
 * `later` says when the functions that `then` gets are called.
 */
function handOverByThenables(later) {
  let receiver = null;
  let sender = null;
  class Send {
    then(onValue) {
      this.onValue = onValue;
      if (receiver === null) {
        sender = this;
        return;
      }
      const to = receiver;
      receiver = null;
      later(to);
      later(this);
    }
  }
  class Receive {
    then(onValue) {
      this.onValue = onValue;
      if (sender === null) {
        receiver = this;
        return;
      }
      const from = sender;
      sender = null;
      later(from);
      later(this);
    }
  }
  const each = async (Operation) => {
    for (let i = 0; i < N; i++) await new Operation();
  };
  return Promise.all([each(Send), each(Receive)]);
}

const queue = [];
let turning = false;
/** Calls the functions in a turn, as the scheduler does: no code of the user runs inside other code. */
function inTurn(operation) {
  queue.push(operation);
  if (turning) return;
  turning = true;
  resolved.then(() => {
    turning = false;
    for (const one of queue.splice(0)) one.onValue(true);
  });
}

await time("async function: a hand-over by thenables, called back at once", () =>
  handOverByThenables((operation) => operation.onValue(true)),
);
await time("async function: a hand-over by thenables, called back in a turn", () => handOverByThenables(inTurn));
await time("async function: a hand-over by a pending promise", () =>
  handOver(
    async (taking) => {
      for (let i = 0; i < N; i++) await taking();
    },
    async (giving) => {
      for (let i = 0; i < N; i++) await giving();
    },
  ),
);
await time("async function*: a hand-over by a pending promise, through yield*", () =>
  handOver(
    (taking) => {
      const operation = delegate(taking);
      return (async function* () {
        for (let i = 0; i < N; i++) yield* operation;
      })().next();
    },
    (giving) => {
      const operation = delegate(giving);
      return (async function* () {
        for (let i = 0; i < N; i++) yield* operation;
      })().next();
    },
  ),
);

/** That many are parked at once: most of the time is the garbage collector's, which copies them twice. */
const PARKED = 1_000_000;
function* parkedBody() {
  yield;
}
async function parkedAsync(value) {
  await value;
}
await time(
  "function*: made and parked, a million of them",
  () => {
    const bodies = Array.from({ length: PARKED }, parkedBody);
    for (const body of bodies) body.next();
  },
  PARKED,
);
await time(
  "async function: made and parked, a million of them, and resumed",
  async () => {
    const resolvers = [];
    const calls = Array.from({ length: PARKED }, () => parkedAsync(new Promise((resolve) => resolvers.push(resolve))));
    for (const resolve of resolvers) resolve();
    await calls.at(-1);
  },
  PARKED,
);

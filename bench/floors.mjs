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

async function time(name, work) {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 5; round++) {
    const start = performance.now();
    await work();
    best = Math.min(best, ((performance.now() - start) * 1e6) / N);
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

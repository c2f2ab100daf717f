// js-csp: its processes are generators that yield operations.

import csp from "js-csp";

const { alts, chan, CLOSED, go, put, putAsync, take, takeAsync, timeout } = csp;
const { merge, mult, pipelineAsync } = csp.operations;

// A process returns its result on a channel.
const run = (main, ...args) => new Promise((resolve) => takeAsync(go(main, args), resolve));

function* produce(to, n) {
  for (let i = 0; i < n; i++) yield put(to, i);
}

function* consume(from, n) {
  let sum = 0;
  for (let i = 0; i < n; i++) sum += yield take(from);
  return sum;
}

function* relay(from, to, n, step) {
  for (let i = 0; i < n; i++) yield put(to, (yield take(from)) + step);
}

function* total(tasks) {
  let sum = 0;
  for (const task of tasks) sum += yield take(task);
  return sum;
}

function* spsc(capacity, n) {
  const values = chan(capacity);
  go(produce, [values, n]);
  return yield take(go(consume, [values, n]));
}

function* mpmc(n) {
  const values = chan(64);
  for (let i = 0; i < 4; i++) go(produce, [values, n / 4]);
  return yield* total([0, 1, 2, 3].map(() => go(consume, [values, n / 4])));
}

function* pingPong(n) {
  const ping = chan();
  const pong = chan();
  go(relay, [ping, pong, n, 0]);
  let sum = 0;
  for (let i = 0; i < n; i++) {
    yield put(ping, i);
    sum += yield take(pong);
  }
  return sum;
}

function* consumeChosen(next, n) {
  let sum = 0;
  for (let i = 0; i < n; i++) sum += (yield next()).value;
  return sum;
}

function* produceChosen(channels, n) {
  for (let i = 0; i < n; i++) yield alts(channels.map((channel) => [channel, i]));
}

function* selectReceive(n) {
  const channels = [chan(), chan(), chan(), chan()];
  for (const values of channels) go(produce, [values, n / 4]);
  return yield* consumeChosen(() => alts(channels), n);
}

function* selectBoth(n) {
  const channels = [chan(), chan(), chan(), chan()];
  for (let i = 0; i < 4; i++) go(produceChosen, [channels, n / 4]);
  return yield* total(channels.map(() => go(consumeChosen, [() => alts(channels), n / 4])));
}

function* child(i) {
  return i;
}

function* spawn(n) {
  let sum = 0;
  for (let i = 0; i < n; i++) sum += yield take(go(child, [i]));
  return sum;
}

function* ring(n) {
  const rounds = n / 1000;
  const first = chan();
  let last = first;
  for (let i = 1; i < 1000; i++) {
    const next = chan();
    go(relay, [last, next, rounds, 1]);
    last = next;
  }
  let token = 0;
  for (let i = 0; i < rounds; i++) {
    yield put(first, token);
    token = yield take(last);
  }
  return token;
}

function* numbers(to) {
  for (let i = 2; ; i++) yield put(to, i);
}

function* indivisible(prime, from, to) {
  while (true) {
    const i = yield take(from);
    if (i % prime !== 0) yield put(to, i);
  }
}

// At the end the processes are still parked. They are garbage-collected with their channels.
function* sieve(count) {
  let from = chan();
  go(numbers, [from]);
  let sum = 0;
  for (let i = 0; i < count; i++) {
    const prime = yield take(from);
    sum += prime;
    const to = chan();
    go(indivisible, [prime, from, to]);
    from = to;
  }
  return sum;
}

function* sleepCancel(n) {
  const values = chan();
  go(produce, [values, n]);
  return yield* consumeChosen(() => alts([values, timeout(60_000)]), n);
}

const silent = chan();

function* idleSelects(n) {
  const values = chan();
  go(produce, [values, n]);
  return yield* consumeChosen(() => alts([values, silent]), n);
}

function* pipeline(n) {
  const first = chan();
  let last = first;
  for (let i = 0; i < 4; i++) {
    const next = chan();
    go(relay, [last, next, n, 1]);
    last = next;
  }
  go(produce, [first, n]);
  return yield* consume(last, n);
}

function* workers(n) {
  const jobs = chan();
  const results = chan();
  for (let i = 0; i < 8; i++) go(relay, [jobs, results, n / 8, 1]);
  go(produce, [jobs, n]);
  return yield* consume(results, n);
}

function channels(n, meter) {
  const all = new Array(n);
  const stop = meter();
  for (let i = 0; i < n; i++) all[i] = chan();
  const measured = stop();
  return { ...measured, sum: all.reduce((sum, _, i) => sum + i, 0) };
}

function* parked(n, meter) {
  const channels = Array.from({ length: n / 1000 }, () => chan());
  const tasks = new Array(n);
  const stop = meter();
  for (let i = 0; i < n; i++) tasks[i] = go(consume, [channels[i % channels.length], 1]);
  const measured = stop();
  for (let i = 0; i < n; i++) yield put(channels[i % channels.length], i);
  return { ...measured, sum: yield* total(tasks) };
}

// A permit is a free place in the buffer. A yield of a value that is no instruction gives the other processes a turn.
function* hold(permits, n) {
  let sum = 0;
  for (let i = 0; i < n; i++) {
    yield put(permits, i);
    yield null;
    sum += yield take(permits);
  }
  return sum;
}

function* semaphore(n) {
  const permits = chan(4);
  return yield* total(Array.from({ length: 8 }, () => go(hold, [permits, n / 8])));
}

function* feed(to, n) {
  yield* produce(to, n);
  to.close();
}

function* drain(from) {
  let sum = 0;
  for (let i; (i = yield take(from)) !== CLOSED; ) sum += i;
  return sum;
}

function* flowWorkers(n, stage) {
  const jobs = chan();
  const results = chan();
  pipelineAsync(8, results, stage, jobs);
  go(feed, [jobs, n]);
  return yield* drain(results);
}

function answer(i, to) {
  putAsync(to, i + 1);
  to.close();
}

async function promise(i, to) {
  answer(await i, to);
}

function* broadcast(n) {
  const values = chan();
  const receivers = mult(values);
  const tasks = Array.from({ length: 100 }, () => {
    const mine = chan();
    mult.tap(receivers, mine);
    return go(drain, [mine]);
  });
  go(feed, [values, n / 100]);
  return yield* total(tasks);
}

function* merged(n) {
  const sources = [0, 1, 2, 3].map(() => chan());
  for (const source of sources) go(feed, [source, n / 4]);
  return yield* drain(merge(sources));
}

export const performs = {
  "spsc/0": (n) => run(spsc, 0, n),
  "spsc/64": (n) => run(spsc, 64, n),
  "spsc/128": (n) => run(spsc, 128, n),
  "mpmc/64": (n) => run(mpmc, n),
  "ping-pong": (n) => run(pingPong, n),
  "select-receive/4": (n) => run(selectReceive, n),
  "select-both/4": (n) => run(selectBoth, n),
  spawn: (n) => run(spawn, n),
  "ring/1000": (n) => run(ring, n),
  sieve: (n) => run(sieve, n),
  "sleep-cancel": (n) => run(sleepCancel, n),
  "idle-selects": (n) => run(idleSelects, n),
  "pipeline/4": (n) => run(pipeline, n),
  "workers/8": (n) => run(workers, n),
  "flow-workers/8": (n) => run(flowWorkers, n, answer),
  "flow-workers/8 (promises)": (n) => run(flowWorkers, n, promise),
  "merge/4": (n) => run(merged, n),
  "broadcast/100": (n) => run(broadcast, n),
  "semaphore/4": (n) => run(semaphore, n),
  channels,
  parked: (n, meter) => run(parked, n, meter),
};

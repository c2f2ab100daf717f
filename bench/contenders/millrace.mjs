// millrace with go blocks in the form function*, which is the fast form.

import { CLOSED, channel, go, pause, Semaphore, scope, select, timeout } from "millrace";
import { flows } from "./millrace-flow.mjs";

function* produce(to, n) {
  for (let i = 0; i < n; i++) yield* to.send(i);
}

function* consume(from) {
  let sum = 0;
  for (let i; (i = yield* from.receive()) !== CLOSED; ) sum += i;
  return sum;
}

function* work(from, to) {
  for (let i; (i = yield* from.receive()) !== CLOSED; ) yield* to.send(i + 1);
}

function* stage(from, to, step) {
  for (let i; (i = yield* from.receive()) !== CLOSED; ) yield* to.send(i + step);
  to.close();
}

function* total(tasks) {
  let sum = 0;
  for (const task of tasks) sum += yield* task;
  return sum;
}

function* spsc(capacity, n) {
  const values = channel(capacity);
  const consumer = go(consume, values);
  yield* go(produce, values, n);
  values.close();
  return yield* consumer;
}

function* mpmc(n) {
  const values = channel(64);
  const producers = [0, 1, 2, 3].map(() => go(produce, values, n / 4));
  const consumers = [0, 1, 2, 3].map(() => go(consume, values));
  for (const producer of producers) yield* producer;
  values.close();
  return yield* total(consumers);
}

function* pingPong(n) {
  const ping = channel();
  const pong = channel();
  go(stage, ping, pong, 0);
  let sum = 0;
  for (let i = 0; i < n; i++) {
    yield* ping.send(i);
    sum += yield* pong.receive();
  }
  ping.close();
  return sum;
}

const four = () => [channel(), channel(), channel(), channel()];

function* selectReceive(n) {
  const [a, b, c, d] = four();
  for (const values of [a, b, c, d]) go(produce, values, n / 4);
  return yield* consumeAny(a, b, c, d, n);
}

function* selectReused(n) {
  const [a, b, c, d] = four();
  for (const values of [a, b, c, d]) go(produce, values, n / 4);
  const any = select({ a: a.receive(), b: b.receive(), c: c.receive(), d: d.receive() });
  let sum = 0;
  for (let i = 0; i < n; i++) sum += (yield* any).value;
  return sum;
}

function* selectBoth(n) {
  const [a, b, c, d] = four();
  const consumers = [0, 1, 2, 3].map(() => go(consumeAny, a, b, c, d, n / 4));
  for (let i = 0; i < 4; i++) go(produceAny, a, b, c, d, n / 4);
  return yield* total(consumers);
}

function* consumeAny(a, b, c, d, n) {
  let sum = 0;
  for (let i = 0; i < n; i++) {
    sum += (yield* select({ a: a.receive(), b: b.receive(), c: c.receive(), d: d.receive() })).value;
  }
  return sum;
}

function* produceAny(a, b, c, d, n) {
  for (let i = 0; i < n; i++) {
    yield* select({ a: a.send(i), b: b.send(i), c: c.send(i), d: d.send(i) });
  }
}

function* child(i) {
  return i;
}

function* spawn(n) {
  let sum = 0;
  for (let i = 0; i < n; i++) sum += yield* go(child, i);
  return sum;
}

function* nothing() {}

function* scopes(n) {
  let sum = 0;
  for (let i = 0; i < n; i++) {
    yield* scope(nothing);
    sum += i;
  }
  return sum;
}

function* ring(n) {
  const first = channel();
  let last = first;
  for (let i = 1; i < 1000; i++) {
    const next = channel();
    go(stage, last, next, 1);
    last = next;
  }
  let token = 0;
  for (let i = 0; i < n / 1000; i++) {
    yield* first.send(token);
    token = yield* last.receive();
  }
  first.close();
  return token;
}

function* numbers(to) {
  for (let i = 2; ; i++) yield* to.send(i);
}

function* indivisible(prime, from, to) {
  for (let i; (i = yield* from.receive()) !== CLOSED; ) {
    if (i % prime !== 0) yield* to.send(i);
  }
}

// At the end the tasks are still parked. They are garbage-collected with their channels.
function* sieve(count) {
  let from = channel();
  go(numbers, from);
  let sum = 0;
  for (let i = 0; i < count; i++) {
    const prime = yield* from.receive();
    sum += prime;
    const to = channel();
    go(indivisible, prime, from, to);
    from = to;
  }
  return sum;
}

function* sleepCancel(n) {
  const values = channel();
  go(produce, values, n);
  let sum = 0;
  for (let i = 0; i < n; i++) {
    sum += (yield* select({ value: values.receive(), late: timeout(60_000).receive() })).value;
  }
  return sum;
}

const silent = channel();

function* idleSelects(n) {
  const busy = channel();
  go(produce, busy, n);
  let sum = 0;
  for (let i = 0; i < n; i++) {
    sum += (yield* select({ busy: busy.receive(), silent: silent.receive() })).value;
  }
  return sum;
}

function* pipeline(n) {
  const first = channel();
  let last = first;
  for (let i = 0; i < 4; i++) {
    const next = channel();
    go(stage, last, next, 1);
    last = next;
  }
  const consumer = go(consume, last);
  yield* go(produce, first, n);
  first.close();
  return yield* consumer;
}

function* workers(n) {
  const jobs = channel();
  const results = channel();
  const all = Array.from({ length: 8 }, () => go(work, jobs, results));
  const consumer = go(consume, results);
  yield* go(produce, jobs, n);
  jobs.close();
  for (const worker of all) yield* worker;
  results.close();
  return yield* consumer;
}

function* hold(permits, n) {
  let sum = 0;
  for (let i = 0; i < n; i++) {
    const lease = yield* permits.acquire();
    yield* pause();
    lease.release();
    sum += i;
  }
  return sum;
}

function* semaphore(n) {
  const permits = new Semaphore(4);
  return yield* total(Array.from({ length: 8 }, () => go(hold, permits, n / 8)));
}

function channels(n, meter) {
  const all = new Array(n);
  const stop = meter();
  for (let i = 0; i < n; i++) all[i] = channel();
  const measured = stop();
  return { ...measured, sum: all.reduce((sum, _, i) => sum + i, 0) };
}

function* wait(shared) {
  return yield* shared.receive();
}

function* parked(n, meter) {
  const channels = Array.from({ length: n / 1000 }, () => channel());
  const tasks = new Array(n);
  const stop = meter();
  for (let i = 0; i < n; i++) tasks[i] = go(wait, channels[i % channels.length]);
  while (tasks[n - 1].status !== "parked") yield* pause();
  const measured = stop();
  for (let i = 0; i < n; i++) yield* channels[i % channels.length].send(i);
  return { ...measured, sum: yield* total(tasks) };
}

function* release(n, meter) {
  const shared = channel();
  const tasks = Array.from({ length: n }, () => go(wait, shared));
  while (tasks[n - 1].status !== "parked") yield* pause();
  const stop = meter();
  for (let i = 0; i < n; i++) yield* shared.send(i);
  yield* tasks[n - 1];
  const measured = stop();
  return { ...measured, sum: yield* total(tasks) };
}

export const performs = {
  "spsc/0": (n) => go(spsc, 0, n),
  "spsc/64": (n) => go(spsc, 64, n),
  "spsc/128": (n) => go(spsc, 128, n),
  "mpmc/64": (n) => go(mpmc, n),
  "ping-pong": (n) => go(pingPong, n),
  "select-receive/4": (n) => go(selectReceive, n),
  "select-receive/4 (reused)": (n) => go(selectReused, n),
  "select-both/4": (n) => go(selectBoth, n),
  scope: (n) => go(scopes, n),
  spawn: (n) => go(spawn, n),
  "ring/1000": (n) => go(ring, n),
  sieve: (n) => go(sieve, n),
  "sleep-cancel": (n) => go(sleepCancel, n),
  "idle-selects": (n) => go(idleSelects, n),
  "pipeline/4": (n) => go(pipeline, n),
  "workers/8": (n) => go(workers, n),
  "semaphore/4": (n) => go(semaphore, n),
  ...flows(consume),
  channels,
  parked: (n, meter) => go(parked, n, meter),
  release: (n, meter) => go(release, n, meter),
};

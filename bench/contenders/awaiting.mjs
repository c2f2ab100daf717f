// The workloads for libraries with promises as operations, written once over an adapter for each library:
//
//   channel(capacity)  send(channel, value)  receive(channel)
//   value(received)                          takes the value from the result of receive(), if the result is an object
//   receiving(channels)  sending(channels)   selects: { next(…), value(chosen) }, if the library has a select
//   against(channel, ms)                     a select of the channel and a new timeout
//
// The promises of the libraries are used without a wrapper: a wrapper would cost more than some of the libraries. Loops count
// their rounds, because each library ends a channel in a different way. With `iterates` they are `for await` loops over the
// channels, where only receiving loops can be written so.

const itself = (received) => received;

export function awaiting({ channel, send, receive, value = itself, receiving, sending, against, iterates = false }) {
  async function produce(to, n) {
    for (let i = 0; i < n; i++) await send(to, i);
  }

  async function consumeEach(from, n) {
    let sum = 0;
    for (let i = 0; i < n; i++) sum += value(await receive(from));
    return sum;
  }

  async function consumeAll(from, n) {
    let sum = 0;
    let count = 0;
    for await (const received of from) {
      sum += received;
      if (++count === n) break;
    }
    return sum;
  }

  async function relayEach(from, to, n, step) {
    for (let i = 0; i < n; i++) await send(to, value(await receive(from)) + step);
  }

  async function relayAll(from, to, n, step) {
    let count = 0;
    for await (const received of from) {
      await send(to, received + step);
      if (++count === n) break;
    }
  }

  const consume = iterates ? consumeAll : consumeEach;
  const relay = iterates ? relayAll : relayEach;

  async function consumeChosen(choice, n) {
    let sum = 0;
    for (let i = 0; i < n; i++) sum += choice.value(await choice.next());
    return sum;
  }

  async function produceChosen(choice, n) {
    for (let i = 0; i < n; i++) await choice.next(i);
  }

  const spsc = (capacity) => async (n) => {
    const values = channel(capacity);
    produce(values, n);
    return await consume(values, n);
  };

  async function mpmc(n) {
    const values = channel(64);
    for (let i = 0; i < 4; i++) produce(values, n / 4);
    return await total([0, 1, 2, 3].map(() => consume(values, n / 4)));
  }

  async function pingPong(n) {
    const ping = channel(0);
    const pong = channel(0);
    relay(ping, pong, n, 0);
    let sum = 0;
    for (let i = 0; i < n; i++) {
      await send(ping, i);
      sum += value(await receive(pong));
    }
    return sum;
  }

  async function spawn(n) {
    const child = async (i) => i;
    let sum = 0;
    for (let i = 0; i < n; i++) sum += await child(i);
    return sum;
  }

  async function ring(n) {
    const rounds = n / 1000;
    const first = channel(0);
    let last = first;
    for (let i = 1; i < 1000; i++) {
      const next = channel(0);
      relay(last, next, rounds, 1);
      last = next;
    }
    let token = 0;
    for (let i = 0; i < rounds; i++) {
      await send(first, token);
      token = value(await receive(last));
    }
    return token;
  }

  // At the end the tasks are still parked. They are garbage-collected with their channels.
  async function sieve(count) {
    let from = channel(0);
    numbers(from);
    let sum = 0;
    for (let i = 0; i < count; i++) {
      const prime = value(await receive(from));
      sum += prime;
      const to = channel(0);
      indivisible(prime, from, to);
      from = to;
    }
    return sum;
  }

  async function numbers(to) {
    for (let i = 2; ; i++) await send(to, i);
  }

  async function indivisible(prime, from, to) {
    while (true) {
      const i = value(await receive(from));
      if (i % prime !== 0) await send(to, i);
    }
  }

  async function pipeline(n) {
    const first = channel(0);
    let last = first;
    for (let i = 0; i < 4; i++) {
      const next = channel(0);
      relay(last, next, n, 1);
      last = next;
    }
    produce(first, n);
    return await consume(last, n);
  }

  async function workers(n) {
    const jobs = channel(0);
    const results = channel(0);
    for (let i = 0; i < 8; i++) relay(jobs, results, n / 8, 1);
    produce(jobs, n);
    return await consume(results, n);
  }

  // A permit is a free place in the buffer.
  async function hold(permits, n) {
    let sum = 0;
    for (let i = 0; i < n; i++) {
      await send(permits, i);
      await null;
      sum += value(await receive(permits));
    }
    return sum;
  }

  async function semaphore(n) {
    const permits = channel(4);
    return await total(Array.from({ length: 8 }, () => hold(permits, n / 8)));
  }

  async function channels(n, meter) {
    const all = new Array(n);
    const stop = meter();
    for (let i = 0; i < n; i++) all[i] = channel(0);
    const measured = stop();
    return { ...measured, sum: all.reduce((sum, _, i) => sum + i, 0) };
  }

  async function parked(n, meter) {
    const channels = Array.from({ length: n / 1000 }, () => channel(0));
    const tasks = new Array(n);
    const stop = meter();
    for (let i = 0; i < n; i++) tasks[i] = consume(channels[i % channels.length], 1);
    const measured = stop();
    for (let i = 0; i < n; i++) await send(channels[i % channels.length], i);
    return { ...measured, sum: await total(tasks) };
  }

  async function release(n, meter) {
    const shared = channel(0);
    const tasks = Array.from({ length: n }, () => consume(shared, 1));
    const stop = meter();
    await produce(shared, n);
    await tasks[n - 1];
    const measured = stop();
    return { ...measured, sum: await total(tasks) };
  }

  async function selectReceive(n) {
    const channels = [0, 1, 2, 3].map(() => channel(0));
    for (const values of channels) produce(values, n / 4);
    return await consumeChosen(receiving(channels), n);
  }

  async function selectBoth(n) {
    const channels = [0, 1, 2, 3].map(() => channel(0));
    for (let i = 0; i < 4; i++) produceChosen(sending(channels), n / 4);
    return await total(channels.map(() => consumeChosen(receiving(channels), n / 4)));
  }

  async function sleepCancel(n) {
    const values = channel(0);
    produce(values, n);
    return await consumeChosen(against(values, 60_000), n);
  }

  const silent = channel(0);

  async function idleSelects(n) {
    const values = channel(0);
    produce(values, n);
    return await consumeChosen(receiving([values, silent]), n);
  }

  return {
    "spsc/0": spsc(0),
    "spsc/64": spsc(64),
    "spsc/128": spsc(128),
    "mpmc/64": mpmc,
    "ping-pong": pingPong,
    "select-receive/4": selectReceive,
    "select-both/4": selectBoth,
    spawn,
    "ring/1000": ring,
    sieve,
    "sleep-cancel": sleepCancel,
    "idle-selects": idleSelects,
    "pipeline/4": pipeline,
    "workers/8": workers,
    "semaphore/4": semaphore,
    channels,
    parked,
    release,
  };
}

const total = async (sums) => (await Promise.all(sums)).reduce((a, b) => a + b, 0);

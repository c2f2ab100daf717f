// The floor for libraries with generators: resumes without a scheduler, channels or waiting.

function* produce(n) {
  for (let i = 0; i < n; i++) yield i;
}

function* echo() {
  let value;
  while (true) value = yield value;
}

function* increment() {
  let value = -1;
  while (true) value = yield value + 1;
}

function* child(i) {
  return i;
}

function started(generator) {
  generator.next();
  return generator;
}

function spsc(n) {
  const values = produce(n);
  let sum = 0;
  for (let next; !(next = values.next()).done; ) sum += next.value;
  return sum;
}

function pingPong(n) {
  const ping = started(echo());
  const pong = started(echo());
  let sum = 0;
  for (let i = 0; i < n; i++) sum += pong.next(ping.next(i).value).value;
  return sum;
}

function spawn(n) {
  let sum = 0;
  for (let i = 0; i < n; i++) sum += child(i).next().value;
  return sum;
}

function ring(n) {
  const nodes = Array.from({ length: 999 }, () => started(increment()));
  let token = 0;
  for (let i = 0; i < n / 1000; i++) {
    for (const node of nodes) token = node.next(token).value;
  }
  return token;
}

function parked(n, meter) {
  const tasks = new Array(n);
  const stop = meter();
  for (let i = 0; i < n; i++) tasks[i] = started(echo());
  const measured = stop();
  let sum = 0;
  for (let i = 0; i < n; i++) sum += tasks[i].next(i).value;
  return { ...measured, sum };
}

export const performs = { "spsc/0": spsc, "ping-pong": pingPong, spawn, "ring/1000": ring, parked };

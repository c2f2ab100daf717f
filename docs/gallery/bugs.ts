// Real bugs of Go programs, as GoKer collected them (Yuan and others, "GoBench: a benchmark suite of real-world Go concurrency
// bugs", CGO 2021). Each is reduced to the goroutines and channels that matter, and is followed by its repair. docs/goker.md
// shows the programs, and tests verify them.

import { type Channel, CLOSED, channel, go, type Routine, select, sleep, timeout } from "millrace";
import { choose, DONE, loop } from "millrace/testing";

/** The error is sent by the task that would receive it. */
export function* moby33293() {
  const failed = channel<string>(0, { name: "failed" });
  if (yield* choose(false, true)) yield* failed.send("cannot read");
}

export function* moby33293Fixed() {
  const failed = channel<string>(1, { name: "failed" });
  if (yield* choose(false, true)) yield* failed.send("cannot read");
}

/** The result is never received. */
export function* moby4395() {
  const result = channel<string>(0, { name: "result" });
  go(function* work() {
    yield* result.send("done");
  });
}

export function* moby4395Fixed() {
  const result = channel<string>(1, { name: "result" });
  go(function* work() {
    yield* result.send("done");
  });
}

/** The request times out before its handler ends. */
export function* kubernetes5316() {
  const result = channel<string>(0, { name: "result" });
  const failed = channel<string>(0, { name: "failed" });
  go(function* handler() {
    yield* sleep(2);
    if (yield* choose(false, true)) yield* failed.send("cannot");
    else yield* result.send("object");
  });
  yield* select({ result, failed, late: timeout(1) });
}

export function* kubernetes5316Fixed() {
  const result = channel<string>(1, { name: "result" });
  const failed = channel<string>(1, { name: "failed" });
  go(function* handler() {
    yield* sleep(2);
    if (yield* choose(false, true)) yield* failed.send("cannot");
    else yield* result.send("object");
  });
  yield* select({ result, failed, late: timeout(1) });
}

/** The initial events of a watch are never received, so the watch never notices that its input is closed. */
export function* kubernetes38669() {
  const input = channel<number>(0, { name: "input" });
  const result = channel<number>(0, { name: "result" });
  go(function* process() {
    for (const event of [1, 2]) yield* result.send(event);
    while ((yield* input.receive()) !== CLOSED);
    result.close();
  });
  input.close();
}

export function* kubernetes38669Fixed() {
  const input = channel<number>(0, { name: "input" });
  const result = channel<number>(2, { name: "result" });
  go(function* process() {
    for (const event of [1, 2]) yield* result.send(event);
    while ((yield* input.receive()) !== CLOSED);
    result.close();
  });
  input.close();
}

/** The benchmark receives the signal to stop, and no longer receives from the current call. */
export function* grpc660() {
  const stop = channel<true>(0, { name: "stop" });
  go(function* helper() {
    yield* stop.send(true);
  });
  for (let n = 0; n < 3; n++) {
    const done = channel<true>(0, { name: "done" });
    go(function* call() {
      yield* done.send(true);
    });
    if ((yield* select({ stop, done })).key === "stop") return;
  }
  yield* stop.receive();
}

export function* grpc660Fixed() {
  const stop = channel<true>(0, { name: "stop" });
  go(function* helper() {
    yield* stop.send(true);
  });
  for (let n = 0; n < 3; n++) {
    const done = channel<true>(1, { name: "done" });
    go(function* call() {
      yield* done.send(true);
    });
    if ((yield* select({ stop, done })).key === "stop") return;
  }
  yield* stop.receive();
}

/** The dialer waits for a signal that the watcher never sends. */
export function* grpc1424() {
  const addresses = channel<string>(0, { name: "addresses" });
  const connected = channel<true>(1, { name: "connected" });
  go(function* dial() {
    const done = channel<true>(0, { name: "done" });
    go(function* watcher() {
      while ((yield* addresses.receive()) !== CLOSED);
    });
    yield* done.receive();
    connected.close();
  });
  addresses.close();
}

export function* grpc1424Fixed() {
  const addresses = channel<string>(0, { name: "addresses" });
  const connected = channel<true>(1, { name: "connected" });
  go(function* dial() {
    const done = channel<true>(0, { name: "done" });
    go(function* watcher() {
      while ((yield* addresses.receive()) !== CLOSED);
      done.close();
    });
    yield* done.receive();
    connected.close();
  });
  addresses.close();
}

/** The reader waits for data after the stream has been closed. */
export function* grpc1275() {
  const stream = channel<string>(0, { name: "stream" });
  const done = channel<true>(0, { name: "done" });
  go(function* reader() {
    yield* stream.receive();
    done.close();
  });
  yield* select({ done, late: timeout(300) });
}

export function* grpc1275Fixed() {
  const stream = channel<string>(0, { name: "stream" });
  const done = channel<true>(0, { name: "done" });
  go(function* reader() {
    yield* stream.receive();
    done.close();
  });
  yield* stream.send("end of stream");
  yield* select({ done, late: timeout(300) });
}

/** The status request is sent after the node has stopped. */
export function* etcd6857() {
  const status = channel<Channel<number>>(0, { name: "status" });
  const stop = channel<true>(0, { name: "stop" });
  const done = channel<true>(0, { name: "done" });
  go(node, status, stop, done);
  go(function* askStatus() {
    const reply = channel<number>(0, { name: "reply" });
    yield* status.send(reply);
    yield* reply.receive();
  });
  go(function* askToStop() {
    if ((yield* select({ stopped: stop.send(true), done })).key === "stopped") yield* done.receive();
  });
}

export function* etcd6857Fixed() {
  const status = channel<Channel<number>>(0, { name: "status" });
  const stop = channel<true>(0, { name: "stop" });
  const done = channel<true>(0, { name: "done" });
  go(node, status, stop, done);
  go(function* askStatus() {
    const reply = channel<number>(0, { name: "reply" });
    if ((yield* select({ asked: status.send(reply), done })).key === "asked") yield* reply.receive();
  });
  go(function* askToStop() {
    if ((yield* select({ stopped: stop.send(true), done })).key === "stopped") yield* done.receive();
  });
}

function* node(status: Channel<Channel<number>>, stop: Channel<true>, done: Channel<true>): Routine<void> {
  yield* loop(null, function* () {
    const asked = yield* select({ status, stop });
    if (asked.key === "status" && asked.value !== CLOSED) {
      yield* asked.value.send(1);
      return null;
    }
    done.close();
    return DONE;
  });
}

/** At its start the compactor sends to its own queue before the worker receives from the queue. */
export function* cockroach24808() {
  const suggestions = channel<string>(1, { name: "suggestions" });
  const stopper = channel<true>(0, { name: "stopper" });
  yield* suggestions.send("something");
  yield* suggestions.send("at start");
  go(compactor, suggestions, stopper);
  stopper.close();
}

export function* cockroach24808Fixed() {
  const suggestions = channel<string>(1, { name: "suggestions" });
  const stopper = channel<true>(0, { name: "stopper" });
  yield* suggestions.send("something");
  yield* select({ sent: suggestions.send("at start") }, { default: "there is one already" });
  go(compactor, suggestions, stopper);
  stopper.close();
}

function* compactor(suggestions: Channel<string>, stopper: Channel<true>): Routine<void> {
  yield* loop(null, function* () {
    return (yield* select({ suggestions, stopper })).key === "stopper" ? DONE : null;
  });
}

/** The cancelling task sends to one input after the other; the first is full while the processor reads the second. */
export function* cockroach35931() {
  const left = channel<string>(1, { name: "left" });
  const right = channel<string>(1, { name: "right" });
  go(processor, left, right);
  yield* left.send("a row");
  for (const input of [left, right]) yield* input.send("cancelled");
}

export function* cockroach35931Fixed() {
  const left = channel<string>(1, { name: "left" });
  const right = channel<string>(1, { name: "right" });
  go(processor, left, right);
  yield* left.send("a row");
  for (const input of [left, right]) {
    go(function* cancel() {
      yield* input.send("cancelled");
    });
  }
}

function* processor(left: Channel<string>, right: Channel<string>) {
  while ((yield* right.receive()) !== "cancelled");
  while ((yield* left.receive()) !== "cancelled");
}

/** The dispatcher closes the connection, and closing waits for the dispatcher. */
export function* syncthing5795() {
  const inbox = channel<string>(0, { name: "inbox" });
  const closed = channel<true>(0, { name: "closed" });
  const stopped = channel<true>(0, { name: "stopped" });
  const close = function* () {
    closed.close();
    yield* stopped.receive();
  };
  go(function* dispatcher() {
    while ((yield* select({ inbox, closed })).key === "inbox") yield* close();
    stopped.close();
  });
  yield* inbox.send("a message that is refused");
  yield* stopped.receive();
}

export function* syncthing5795Fixed() {
  const inbox = channel<string>(0, { name: "inbox" });
  const closed = channel<true>(0, { name: "closed" });
  const stopped = channel<true>(0, { name: "stopped" });
  const close = function* () {
    closed.close();
    yield* stopped.receive();
  };
  go(function* dispatcher() {
    while ((yield* select({ inbox, closed })).key === "inbox") go(close);
    stopped.close();
  });
  yield* inbox.send("a message that is refused");
  yield* stopped.receive();
}

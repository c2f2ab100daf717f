// Real bugs of Go programs, as GoKer keeps them (Yuan and others, "GoBench: a benchmark suite of real-world Go concurrency
// bugs", CGO 2021): each boiled down to the goroutines and channels that matter, and each with its repair. docs/goker.md shows
// them, and tests verify them.

import { type Channel, CLOSED, channel, go, type Routine, select, sleep, timeout } from "millrace";
import { choose, DONE, loop } from "millrace/testing";

/** Whoever is to hear of the error is main itself. */
export function* moby33293() {
  const failed = channel<string>();
  if (yield* choose(false, true)) yield* failed.send("cannot read");
}

export function* moby33293Fixed() {
  const failed = channel<string>(1);
  if (yield* choose(false, true)) yield* failed.send("cannot read");
}

/** Nobody asks how it went. */
export function* moby4395() {
  const result = channel<string>();
  go(function* work() {
    yield* result.send("done");
  });
}

export function* moby4395Fixed() {
  const result = channel<string>(1);
  go(function* work() {
    yield* result.send("done");
  });
}

/** The request is over before its handler is. */
export function* kubernetes5316() {
  const [result, failed] = [channel<string>(), channel<string>()];
  go(function* handler() {
    yield* sleep(2);
    if (yield* choose(false, true)) yield* failed.send("cannot");
    else yield* result.send("object");
  });
  yield* select({ result, failed, late: timeout(1) });
}

export function* kubernetes5316Fixed() {
  const [result, failed] = [channel<string>(1), channel<string>(1)];
  go(function* handler() {
    yield* sleep(2);
    if (yield* choose(false, true)) yield* failed.send("cannot");
    else yield* result.send("object");
  });
  yield* select({ result, failed, late: timeout(1) });
}

/** The initial events of a watch go to nobody, so that it never hears that it is to stop. */
export function* kubernetes38669() {
  const [input, result] = [channel<number>(), channel<number>()];
  go(function* process() {
    for (const event of [1, 2]) yield* result.send(event);
    while ((yield* input.receive()) !== CLOSED);
    result.close();
  });
  input.close();
}

export function* kubernetes38669Fixed() {
  const [input, result] = [channel<number>(), channel<number>(2)];
  go(function* process() {
    for (const event of [1, 2]) yield* result.send(event);
    while ((yield* input.receive()) !== CLOSED);
    result.close();
  });
  input.close();
}

/** A benchmark that is told to stop leaves the call that is under way. */
export function* grpc660() {
  const stop = channel<void>();
  go(function* helper() {
    yield* stop.send();
  });
  for (let n = 0; n < 3; n++) {
    const done = channel<void>();
    go(function* call() {
      yield* done.send();
    });
    if ((yield* select({ stop, done })).key === "stop") return;
  }
  yield* stop.receive();
}

export function* grpc660Fixed() {
  const stop = channel<void>();
  go(function* helper() {
    yield* stop.send();
  });
  for (let n = 0; n < 3; n++) {
    const done = channel<void>(1);
    go(function* call() {
      yield* done.send();
    });
    if ((yield* select({ stop, done })).key === "stop") return;
  }
  yield* stop.receive();
}

/** A connection waits for its balancer to say that it is done. It never does. */
export function* grpc1424() {
  const [addresses, connected] = [channel<string>(), channel<void>(1)];
  go(function* dial() {
    const done = channel<void>();
    go(function* watcher() {
      while ((yield* addresses.receive()) !== CLOSED);
    });
    yield* done.receive();
    connected.close();
  });
  addresses.close();
}

export function* grpc1424Fixed() {
  const [addresses, connected] = [channel<string>(), channel<void>(1)];
  go(function* dial() {
    const done = channel<void>();
    go(function* watcher() {
      while ((yield* addresses.receive()) !== CLOSED);
      done.close();
    });
    yield* done.receive();
    connected.close();
  });
  addresses.close();
}

/** A reader of a stream that nobody ends. */
export function* grpc1275() {
  const [stream, done] = [channel<string>(), channel<void>()];
  go(function* reader() {
    yield* stream.receive();
    done.close();
  });
  yield* select({ done, late: timeout(300) });
}

export function* grpc1275Fixed() {
  const [stream, done] = [channel<string>(), channel<void>()];
  go(function* reader() {
    yield* stream.receive();
    done.close();
  });
  yield* stream.send("end of stream");
  yield* select({ done, late: timeout(300) });
}

/** A node is asked for its status when it has just been stopped. */
export function* etcd6857() {
  const [status, stop, done] = [channel<Channel<number>>(), channel<void>(), channel<void>()];
  go(node, status, stop, done);
  go(function* askStatus() {
    const reply = channel<number>();
    yield* status.send(reply);
    yield* reply.receive();
  });
  go(function* askToStop() {
    if ((yield* select({ stopped: stop.send(), done })).key === "stopped") yield* done.receive();
  });
}

export function* etcd6857Fixed() {
  const [status, stop, done] = [channel<Channel<number>>(), channel<void>(), channel<void>()];
  go(node, status, stop, done);
  go(function* askStatus() {
    const reply = channel<number>();
    if ((yield* select({ asked: status.send(reply), done })).key === "asked") yield* reply.receive();
  });
  go(function* askToStop() {
    if ((yield* select({ stopped: stop.send(), done })).key === "stopped") yield* done.receive();
  });
}

function* node(status: Channel<Channel<number>>, stop: Channel<void>, done: Channel<void>): Routine<void> {
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

/** A second suggestion, before the one who takes suggestions has been started. */
export function* cockroach24808() {
  const [suggestions, stopper] = [channel<string>(1), channel<void>()];
  yield* suggestions.send("at start");
  yield* suggestions.send("on loading");
  go(compactor, suggestions, stopper);
  stopper.close();
}

export function* cockroach24808Fixed() {
  const [suggestions, stopper] = [channel<string>(1), channel<void>()];
  yield* suggestions.send("at start");
  yield* select({ sent: suggestions.send("on loading") }, { default: "there is one already" });
  go(compactor, suggestions, stopper);
  stopper.close();
}

function* compactor(suggestions: Channel<string>, stopper: Channel<void>): Routine<void> {
  yield* loop(null, function* () {
    return (yield* select({ suggestions, stopper })).key === "stopper" ? DONE : null;
  });
}

/** The receiver of both sides is the one that fills the first to the brim. */
export function* cockroach35931() {
  const [left, right] = [channel<string>(1), channel<string>(1)];
  yield* left.send("metadata");
  yield* left.send("more metadata");
  yield* right.send("metadata");
}

export function* cockroach35931Fixed() {
  const [left, right] = [channel<string>(2), channel<string>(1)];
  yield* left.send("metadata");
  yield* left.send("more metadata");
  yield* right.send("metadata");
}

/** The dispatcher closes the connection, which waits for the dispatcher. */
export function* syncthing5795() {
  const [inbox, closed, stopped] = [channel<string>(), channel<void>(), channel<void>()];
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
  const [inbox, closed, stopped] = [channel<string>(), channel<void>(), channel<void>()];
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

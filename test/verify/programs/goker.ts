// Real bugs of Go programs that wait for each other on channels, from GoKer (Yuan and others, CGO 2021), each with its repair.

import { type Channel, CLOSED, channel, go, type Routine, select, sleep, timeout } from "millrace";
import { choose, DONE, loop } from "millrace/testing";
import type { Known } from "./program.js";

/** An error is sent to a channel that nobody reads. */
export function* moby33293(): Routine<void> {
  const errors = channel<1>();
  if (yield* choose(false, true)) yield* errors.send(1);
}

/** A helper sends its result after everybody has left. */
export const moby4395 = (fixed: boolean) =>
  function* main(): Routine<void> {
    const result = channel<1>(fixed ? 1 : 0);
    go(function* helper() {
      yield* result.send(1);
    });
  };

/** A request times out, and its handler can never deliver the answer. */
export const kubernetes5316 = (fixed: boolean) =>
  function* main(): Routine<void> {
    const [result, error] = [channel<1>(fixed ? 1 : 0), channel<1>(fixed ? 1 : 0)];
    go(function* handler() {
      yield* sleep(2);
      yield* ((yield* choose(false, true)) ? error : result).send(1);
    });
    yield* select({ result, error, late: timeout(1) });
  };

/** A watcher with a full result channel never looks at its input again, so it never sees that it was closed. */
export const kubernetes38669 = (fixed: boolean) =>
  function* main(): Routine<void> {
    const [input, result] = [channel<1>(), channel<number>(fixed ? 2 : 0)];
    go(function* process() {
      for (const event of [1, 2]) yield* result.send(event);
      while ((yield* input.receive()) !== CLOSED);
      result.close();
    });
    input.close();
  };

/** A client stops while one of its calls is on its way: the caller never gets rid of it. */
export const grpc660 = (fixed: boolean) =>
  function* main(): Routine<void> {
    const stop = channel<1>();
    go(function* stopper() {
      yield* stop.send(1);
    });
    for (let call = 0; call < 3; call++) {
      const done = channel<1>(fixed ? 1 : 0);
      go(function* caller() {
        yield* done.send(1);
      });
      if ((yield* select({ stop, done })).key === "stop") return;
    }
    yield* stop.receive();
  };

/** The watcher of a load balancer ends without telling who waits for it. */
export const grpc1424 = (fixed: boolean) =>
  function* main(): Routine<void> {
    const [addresses, waiting] = [channel<1>(), channel<1>(1)];
    go(function* dial() {
      const done = channel<1>();
      go(function* watcher() {
        while ((yield* addresses.receive()) !== CLOSED);
        if (fixed) done.close();
      });
      yield* done.receive();
      waiting.close();
    });
    addresses.close();
  };

/** A reader of a stream waits for data that the closed stream never brings. */
export const grpc1275 = (fixed: boolean) =>
  function* main(): Routine<void> {
    const [data, done] = [channel<1>(), channel<1>()];
    go(function* reader() {
      yield* data.receive();
      done.close();
    });
    if (fixed) yield* data.send(1);
    yield* select({ done, late: timeout(300) });
  };

/** A node that was stopped is asked for its status. In Go it hung in 19 of 100 runs. */
export const etcd6857 = (fixed: boolean) =>
  function* main(): Routine<void> {
    const [status, stop, done] = [channel<Channel<1>>(), channel<1>(), channel<1>()];
    go(loop<null>, null, function* node() {
      const asked = yield* select({ status, stop });
      if (asked.key === "stop") {
        done.close();
        return DONE;
      }
      yield* (asked.value as Channel<1>).send(1);
      return null;
    });
    go(function* askForStatus() {
      const answer = channel<1>();
      if (!fixed) yield* status.send(answer);
      else if ((yield* select({ asked: status.send(answer), done })).key === "done") return;
      yield* answer.receive();
    });
    go(function* stopNode() {
      if ((yield* select({ told: stop.send(1), done })).key === "done") return;
      yield* done.receive();
    });
  };

/** A queue that is full already is sent to before anybody reads from it. */
export const cockroach24808 = (fixed: boolean) =>
  function* main(): Routine<void> {
    const [queue, stopper] = [channel<1>(1), channel<never>()];
    yield* queue.send(1);
    if (fixed) yield* select({ sent: queue.send(1) }, { default: null });
    else yield* queue.send(1);
    go(loop<null>, null, function* worker() {
      return (yield* select({ stopper, queue })).key === "stopper" ? DONE : null;
    });
    stopper.close();
  };

/** Both sides of a join are fed from one task, and the first fills up. */
export function* cockroach35931(): Routine<void> {
  const [left, right] = [channel<1>(1), channel<1>(1)];
  yield* left.send(1);
  yield* left.send(1);
  yield* right.send(1);
}

/** A connection closes itself from within the loop that it then waits for. */
export const syncthing5795 = (fixed: boolean) =>
  function* main(): Routine<void> {
    const [inbox, closed, stopped] = [channel<1>(), channel<1>(), channel<1>()];
    const close = function* (): Routine<void> {
      closed.close();
      yield* stopped.receive();
    };
    go(function* dispatcher() {
      while ((yield* select({ inbox, closed })).key === "inbox") {
        if (fixed) go(close);
        else yield* close();
      }
      stopped.close();
    });
    yield* inbox.send(1);
    yield* stopped.receive();
  };

const pair = (name: string, program: (fixed: boolean) => Known["main"], verdict: Known["verdict"]): Known[] => [
  { name, source: "GoKer", main: program(false), verdict },
  { name: `${name}, fixed`, source: "GoKer", main: program(true), verdict: "ok" },
];

export const goker: readonly Known[] = [
  { name: "moby 33293", source: "GoKer", main: moby33293, verdict: "deadlock" },
  ...pair("moby 4395", moby4395, "leak"),
  ...pair("kubernetes 5316", kubernetes5316, "leak"),
  ...pair("kubernetes 38669", kubernetes38669, "leak"),
  ...pair("grpc 660", grpc660, "leak"),
  ...pair("grpc 1424", grpc1424, "leak"),
  ...pair("grpc 1275", grpc1275, "leak"),
  ...pair("etcd 6857", etcd6857, "leak"),
  ...pair("cockroach 24808", cockroach24808, "deadlock"),
  { name: "cockroach 35931", source: "GoKer", main: cockroach35931, verdict: "deadlock" },
  ...pair("syncthing 5795", syncthing5795, "deadlock"),
];

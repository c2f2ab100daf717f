// Programs as they are written with the tools of the library: each is decided by the model, within few states, and so is its twin, which
// has one mistake.

import {
  Barrier,
  broadcast,
  type Channel,
  CLOSED,
  channel,
  collect,
  from,
  go,
  group,
  once,
  pause,
  pipeline,
  RateLimiter,
  type Routine,
  type Subscription,
  scope,
  singleflight,
  sleep,
  timeout,
} from "millrace";
import { cell, daemon, forever } from "millrace/testing";
import { type Twins, testTwins } from "./twins.js";

/** States within which each program is decided. */
const FEW = 12_000;

function* pool(fails: boolean): Routine<number> {
  const done = channel<number>(5);
  const workers = group({ limit: 3 });
  for (let job = 1; job <= 5; job++) {
    yield* workers.go(function* work() {
      yield* pause();
      if (fails && job === 4) throw new Error("job 4 fails");
      yield* done.send(job);
    });
  }
  yield* workers.wait();
  return done.length;
}

/** Three clients of two requests each, of which the last may go no earlier than after 20 ms. */
function* limited(deadline: number): Routine<string> {
  const limiter = new RateLimiter({ limit: 2, per: 10 });
  const late = timeout(deadline);
  const client = function* (): Routine<boolean> {
    yield* limiter.acquire();
    yield* limiter.acquire();
    return late.tryReceive() === CLOSED;
  };
  const clients = [go(client), go(client), go(client)];
  for (const task of clients) if (yield* task) throw new Error("a client is late");
  return "in time";
}

function* listening(readers: number): Routine<string> {
  const source = channel<number>();
  const news = broadcast(source);
  const read = function* (own: Subscription<number>): Routine<string> {
    return (yield* collect(own)).join("");
  };
  const subscriptions = [news.subscribe(), news.subscribe({ policy: "slide" }), news.subscribe()];
  const tasks = subscriptions.slice(0, readers).map((own) => go(read, own));
  for (const n of [1, 2]) yield* source.send(n);
  source.close();
  const got: string[] = [];
  for (const task of tasks) got.push(yield* task);
  return got.length === 3 && got[0] === "12" && got[2] === "12" ? "all" : got.join();
}

function* cached(isShared: boolean): Routine<string> {
  const queries = cell(0);
  const query = function* (key: string): Routine<string> {
    queries.value++;
    yield* sleep(5);
    return key;
  };
  const shared = singleflight(query);
  const ask = function* (): Routine<string> {
    return isShared ? yield* shared("user") : yield* query("user");
  };
  const tasks = [go(ask), go(ask), go(ask)];
  for (const task of tasks) yield* task;
  if (queries.value > 1) throw new Error("asked more than once");
  return "asked once";
}

function* connecting(fails: boolean): Routine<string> {
  const connected = once(function* () {
    yield* sleep(5);
    if (fails) throw new Error("no connection");
    return "connection";
  });
  const use = function* (): Routine<string> {
    return yield* connected;
  };
  const tasks = [go(use), go(use)];
  for (const task of tasks) yield* task;
  return yield* connected;
}

function* phases(walkers: number, parties: number): Routine<string> {
  const barrier = new Barrier(parties);
  const walk = function* (): Routine<void> {
    for (let phase = 1; phase <= 3; phase++) yield* barrier.wait();
  };
  const tasks = Array.from({ length: walkers }, () => go(walk));
  for (const task of tasks) yield* task;
  return "together";
}

function* staged(stalls: boolean): Routine<string> {
  const first = pipeline(from([1, 2, 3, 4]), 3, function* (n: number) {
    yield* pause();
    if (stalls && n === 3) yield* channel<never>().receive();
    return n;
  });
  const second = pipeline(first, 3, (n: number) => n * 2);
  const third = pipeline(second, 3, (n: number) => n + 1);
  return (yield* collect(third)).join();
}

/** A barber who answers each customer on a channel that the customer makes for the visit. */
function* barber(answers: boolean): Routine<string> {
  const chairs = channel<Channel<string>>(2);
  daemon(
    go(forever, function* work() {
      const customer = yield* chairs.receive();
      if (customer !== CLOSED && answers) yield* customer.send("cut");
    }),
  );
  const visit = function* (): Routine<string> {
    const own = channel<string>();
    if (!chairs.trySend(own)) return "full";
    return (yield* own.receive()) === CLOSED ? "closed" : "cut";
  };
  const customers = Array.from({ length: 4 }, () => go(visit));
  for (const customer of customers) yield* customer;
  return "home";
}

/** A token bucket that is filled by the clock, for ever. */
function* bucket(filled: boolean): Routine<void> {
  const tokens = channel<number>(2);
  go(forever, function* fill() {
    yield* timeout(5).receive();
    if (filled) tokens.trySend(1);
  });
  yield* forever(function* () {
    yield* tokens.receive();
  });
}

/** A server that starts a task for each request, which answers on the channel that the client has made for it. */
function* server(answers: boolean): Routine<never> {
  const requests = channel<Channel<string>>();
  daemon(
    go(forever, function* serve() {
      const reply = yield* requests.receive();
      if (reply === CLOSED) return;
      go(function* handle() {
        yield* pause();
        if (answers) yield* reply.send("ok");
      });
    }),
  );
  const client = function* (): Routine<void> {
    const own = channel<string>();
    yield* requests.send(own);
    yield* own.receive();
  };
  go(forever, client);
  return yield* forever(client);
}

/** A server that handles two requests at a time; a handler may need what comes with the next request. */
function* limitedServer(waits: boolean): Routine<never> {
  const requests = channel<number>();
  const handlers = group({ limit: 2 });
  go(forever, function* () {
    yield* requests.send(1);
  });
  return yield* forever(function* () {
    yield* requests.receive();
    yield* handlers.go(function* handle() {
      if (waits) yield* channel<never>().receive();
      yield* pause();
    });
  });
}

/** A scope in each round, one of whose tasks may fail. */
function* rounds(fails: boolean): Routine<never> {
  const jobs = channel<number>();
  go(forever, function* () {
    yield* jobs.send(1);
  });
  return yield* forever(function* () {
    yield* scope(function* (s) {
      const job = s.go(() => jobs.receive());
      s.go(function* () {
        yield* pause();
        if (fails) throw new Error("broken");
      });
      yield* job;
    });
  });
}

const programs: Readonly<Record<string, Twins>> = {
  "a pool of three workers for five jobs": {
    main: () => pool(false),
    outcomes: [5],
    twin: () => pool(true),
    fails: "throw",
  },
  "three clients of a rate limiter": {
    main: () => limited(21),
    outcomes: ["in time"],
    twin: () => limited(19),
    fails: "throw",
  },
  "three subscribers, one of which is slow": {
    main: () => listening(3),
    outcomes: ["all"],
    twin: () => listening(2),
    fails: "deadlock",
  },
  "a cache that shares its queries": {
    main: () => cached(true),
    outcomes: ["asked once"],
    twin: () => cached(false),
    fails: "throw",
  },
  "a connection that is made once": {
    main: () => connecting(false),
    outcomes: ["connection"],
    twin: () => connecting(true),
    fails: "throw",
  },
  "phases that end at a barrier": {
    main: () => phases(3, 3),
    outcomes: ["together"],
    twin: () => phases(3, 2),
    fails: "deadlock",
  },
  "a pipeline of three stages with three workers each": {
    main: () => staged(false),
    outcomes: ["3,5,7,9"],
    twin: () => staged(true),
    fails: "deadlock",
  },
  "a barber with a reply channel for each visit": {
    main: () => barber(true),
    outcomes: ["home"],
    twin: () => barber(false),
    fails: "deadlock",
  },
  "a server that starts a task for each request": {
    main: () => server(true),
    outcomes: [],
    twin: () => server(false),
    fails: "deadlock",
  },
  "a server that handles two requests at a time": {
    main: () => limitedServer(false),
    outcomes: [],
    twin: () => limitedServer(true),
    fails: "deadlock",
  },
  "a scope in each round of a loop": {
    main: () => rounds(false),
    outcomes: [],
    twin: () => rounds(true),
    fails: "throw",
  },
  "a token bucket that is filled by the clock": {
    main: () => bucket(true),
    outcomes: [],
    twin: () => bucket(false),
    fails: "stuck",
  },
};

testTwins(programs, FEW);

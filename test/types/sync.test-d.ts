import {
  always,
  Barrier,
  type Channel,
  type Closed,
  Condition,
  go,
  Latch,
  type Lease,
  Mutex,
  now,
  type Operation,
  Pool,
  type PoolLease,
  RateLimiter,
  type Routine,
  RwLock,
  Semaphore,
  select,
  sleep,
  type Task,
  WaitGroup,
  withTimeout,
} from "millrace";
import { expectTypeOf, test } from "vitest";

declare const words: Channel<string>;

test("what is waited for is an operation, and yields what it says, in both forms", () => {
  const [mutex, semaphore, lock] = [new Mutex(), new Semaphore(3), new RwLock({ name: "cache" })];
  const [latch, barrier, group, condition] = [new Latch(), new Barrier(2), new WaitGroup(), new Condition()];
  const limiter = new RateLimiter({ limit: 10, per: 1000 });
  go(function* () {
    const lease = yield* mutex.lock();
    expectTypeOf(lease).toEqualTypeOf<Lease>();
    expectTypeOf(yield* semaphore.acquire(2)).toEqualTypeOf<Lease>();
    expectTypeOf(yield* lock.read()).toEqualTypeOf<Lease>();
    expectTypeOf(yield* lock.write()).toEqualTypeOf<Lease>();
    expectTypeOf(yield* latch.wait()).toEqualTypeOf<void>();
    expectTypeOf(yield* barrier.wait()).toEqualTypeOf<number>();
    expectTypeOf(yield* group.wait()).toEqualTypeOf<void>();
    expectTypeOf(yield* condition.wait(lease)).toEqualTypeOf<void>();
    expectTypeOf(yield* condition.until(() => true)).toEqualTypeOf<void>();
    expectTypeOf(yield* limiter.acquire()).toEqualTypeOf<void>();
  });
  go(async function* () {
    using lease = yield* mutex.lock();
    expectTypeOf(lease).toEqualTypeOf<Lease>();
    expectTypeOf(yield* barrier.wait()).toEqualTypeOf<number>();
  });
  expectTypeOf(mutex.tryLock()).toEqualTypeOf<Lease | undefined>();
  expectTypeOf(semaphore.tryAcquire()).toEqualTypeOf<Lease | undefined>();
  expectTypeOf(lock.tryRead()).toEqualTypeOf<Lease | undefined>();
  expectTypeOf(limiter.tryAcquire()).toEqualTypeOf<boolean>();
  expectTypeOf<Lease>().toExtend<Disposable>();
  expectTypeOf(now()).toEqualTypeOf<number>();
});

test("they stand in a select beside channels and times", async () => {
  const mutex = new Mutex();
  const first = await select({ lock: mutex.lock(), word: words, late: sleep(1) });
  if (first.key === "lock") expectTypeOf(first.value).toEqualTypeOf<Lease>();
  if (first.key === "word") expectTypeOf(first.value).toEqualTypeOf<string | Closed>();
  expectTypeOf(withTimeout(5, mutex.lock())).toEqualTypeOf<Operation<Lease>>();
});

test("a wait group starts tasks as go does", () => {
  const group = new WaitGroup();
  expectTypeOf(
    group.go(function* (n: number) {
      yield* sleep(n);
      return "x";
    }, 1),
  ).toEqualTypeOf<Task<string>>();
  const nap = function* (ms: number): Routine<void> {
    yield* sleep(ms);
  };
  // @ts-expect-error the body wants a number
  group.go(nap, "1");
  expectTypeOf(go(function* () {}).whenOver()).toEqualTypeOf<Operation<void>>();
});

test("a pool infers what it lends, however it is made", () => {
  interface Connection {
    query(text: string): Promise<number>;
  }
  const connection: Connection = { query: async () => 1 };
  expectTypeOf(new Pool({ create: () => connection, max: 1 })).toEqualTypeOf<Pool<Connection>>();
  expectTypeOf(new Pool({ create: async () => connection, max: 1 })).toEqualTypeOf<Pool<Connection>>();
  expectTypeOf(new Pool({ create: () => always(connection), max: 1 })).toEqualTypeOf<Pool<Connection>>();
  const pool = new Pool({
    *create(): Routine<Connection> {
      yield* sleep(1);
      return connection;
    },
    destroy: (lent) => void lent.query("bye"),
    validate: async (lent) => (await lent.query("1")) === 1,
    max: 5,
    idle: 1000,
  });
  expectTypeOf(pool).toEqualTypeOf<Pool<Connection>>();
  expectTypeOf(pool.acquire()).toEqualTypeOf<Operation<PoolLease<Connection>>>();
  expectTypeOf(pool.close()).toExtend<Operation<void>>();
  expectTypeOf(pool).toExtend<AsyncDisposable>();
  // @ts-expect-error a pool has an upper bound
  new Pool({ create: () => connection });
});

test("what has no name for it is refused", () => {
  // @ts-expect-error a semaphore needs its number of permits
  new Semaphore();
  // @ts-expect-error a rate needs a period
  new RateLimiter({ limit: 1 });
  // @ts-expect-error a condition takes a lease, not a mutex
  new Condition().wait(new Mutex());
});

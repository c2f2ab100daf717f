import { channel, collect, forEach, from, go, merge, produce, sleep, through } from "millrace";
import { batch, compose, filter, map, take } from "millrace/transducers";
import { expect, test } from "vitest";

test("smoke", async () => {
  expect(
    await collect(
      through(
        from([1, 2, 3, 4, 5]),
        compose(
          filter((n: number) => n % 2 === 1),
          map((n) => n * n),
        ),
      ),
    ),
  ).toEqual([1, 9, 25]);
  expect(await collect(through(from([1, 2, 3, 4, 5]), batch(2)))).toEqual([[1, 2], [3, 4], [5]]);
  const c = channel<number>(2);
  c.trySend(1);
  expect(await collect(through(c, take(0)))).toEqual([]);
  expect(c.tryReceive()).toBe(1);
  const p = produce<number>(async function* (out) {
    for (let i = 0; i < 3; i++) {
      await 1;
      yield* sleep(1);
      yield* out.send(i);
    }
  });
  expect(await collect(p)).toEqual([0, 1, 2]);
  expect((await collect(merge([from([1, 2]), from([3])]))).sort()).toEqual([1, 2, 3]);
  expect(merge([]).closed).toBe(true);
  let returned = 0;
  function* nat() {
    try {
      for (let i = 0; ; i++) yield i;
    } finally {
      returned++;
    }
  }
  expect(await collect(through(from(nat()), take(3)))).toEqual([0, 1, 2]);
  expect(returned).toBe(1);
  for await (const n of from(nat())) if (n === 5) break;
  expect(returned).toBe(2);
  const never = go(function* () {
    return yield* collect(
      through(
        from(nat()),
        filter((n: number) => n < 0),
      ),
    );
  });
  await sleep(20);
  never.cancel();
  await expect(never.then()).rejects.toThrow();
  expect(returned).toBe(3);
  const broken = produce<number>(function* (out) {
    yield* out.send(1);
    throw new Error("x");
  });
  const seen: number[] = [];
  await expect(
    forEach(broken, (n) => {
      seen.push(n);
    }).then(),
  ).rejects.toThrow("x");
  expect(seen).toEqual([1]);
  async function* pages() {
    try {
      yield 1;
      yield 2;
      yield 3;
    } finally {
      returned++;
    }
  }
  expect(await collect(through(from(pages()), take(2)))).toEqual([1, 2]);
  expect(returned).toBe(4);
  expect(
    await collect(
      from(
        new ReadableStream({
          start(c) {
            c.enqueue(1);
            c.close();
          },
        }),
      ),
    ),
  ).toEqual([1]);
});

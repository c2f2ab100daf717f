import { type AsyncRoutine, alt, channel, go, run, select, sleep } from "millrace";
import { describe, expect, test } from "vitest";
import { virtualTime } from "../support/virtual.js";

describe("an operation is busy until its value is taken (OP-1, CH-27)", () => {
  test("awaited twice at once it throws, and no value is lost", async () => {
    const values = channel<number>(2);
    values.trySend(1);
    values.trySend(2);
    const once = values.receive();
    const [first, second] = await Promise.allSettled([once, once]);
    expect(first).toEqual({ status: "fulfilled", value: 1 });
    expect(second.status).toBe("rejected");
    expect(values.tryReceive()).toBe(2);
  });

  test.each(["function*", "async function*"])("shared by two selects in %s it gives each value once", async (form) => {
    using _ = virtualTime();
    const values = channel<number>();
    const shared = values.receive().map((value) => value);
    const bodies = {
      "function*": function* () {
        return yield* alt(shared, sleep(1000));
      },
      "async function*": async function* () {
        return yield* alt(shared, sleep(1000));
      },
    };
    const first = go(bodies[form as "function*"]);
    const second = go(function* () {
      // Its turn comes after the value for the first has been handed over, and before the first has taken it.
      yield* values.send(1);
      return yield* select({ shared }, { default: "none" });
    });
    const [one, two] = await Promise.allSettled([first, second]);
    expect(one).toEqual({ status: "fulfilled", value: 1 });
    expect(two.status).toBe("rejected");
  });
});

test("two programs of async bodies at once: neither is called dead while a task of unknown origin lives (EN-1)", async () => {
  using time = virtualTime();
  const main = async function* (): AsyncRoutine<number | symbol> {
    const values = channel<number>();
    await null;
    go(async function* () {
      yield* sleep(50);
      yield* values.send(7);
    });
    return yield* values.receive();
  };
  const both = Promise.all([run(main), run(main)]);
  await time.advance(100);
  expect(await both).toEqual([7, 7]);
});

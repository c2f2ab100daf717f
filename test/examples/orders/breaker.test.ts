import { type Routine, sleep } from "millrace";
import { simulate } from "millrace/testing";
import { expect, test } from "vitest";
import { Breaker } from "../../../examples/orders/web/breaker.ts";

test("a circuit opens after failures in a row, refuses for a while, lets one call through, and closes with its success", async () => {
  let log: string[] = [];
  const { outcomes } = await simulate(function* (): Routine<string> {
    log = [];
    const breaker = new Breaker("stock", { failures: 2, rest: 1000 });
    let fails = true;
    function* work(): Routine<string> {
      yield* sleep(10);
      if (fails) throw new Error("down");
      return "up";
    }
    function* call(): Routine<void> {
      const before = breaker.state;
      try {
        log.push(`${before}: ${yield* breaker.call(work)}`);
      } catch (error) {
        log.push(`${before}: ${(error as Error).message}`);
      }
    }
    for (let n = 0; n < 3; n++) yield* call();
    yield* sleep(1000);
    yield* call();
    yield* call();
    yield* sleep(1000);
    fails = false;
    yield* call();
    yield* call();
    return log.join("; ");
  });
  expect([...outcomes]).toEqual([
    [
      "closed: down",
      "closed: down",
      "open: stock does not answer, and is not asked for a while",
      "half-open: down",
      "open: stock does not answer, and is not asked for a while",
      "half-open: up",
      "closed: up",
    ].join("; "),
  ]);
});

// The combinators of millrace, read by a go block of either form: `consume(from)` adds up the received values.

import { batch, broadcast, go, merge, pipeline, stream } from "millrace";

const increment = (i) => i + 1;
const total = (values) => values.reduce((a, b) => a + b, 0);

/** A source that is a loop, as those of streams and observables are. */
function* numbers(n) {
  for (let i = 0; i < n; i++) yield i;
}

export function flows(consume) {
  const chained = (n) =>
    go(consume, stream(numbers(n)).map(increment).map(increment).map(increment).map(increment).channel());

  const spread = (stage) => (n) => go(consume, pipeline(8, numbers(n), stage, { ordered: false }));

  async function toAll(n) {
    const receivers = broadcast(numbers(n / 100));
    const sums = Array.from({ length: 100 }, () => go(consume, receivers.subscribe()));
    return total(await Promise.all(sums));
  }

  const gathered = (n) =>
    go(
      consume,
      stream(batch(numbers(n), 100, 50))
        .map(total)
        .channel(),
    );

  const merged = (n) => go(consume, merge([numbers(n / 4), numbers(n / 4), numbers(n / 4), numbers(n / 4)]));

  return {
    "flow-pipeline/4": chained,
    "flow-workers/8": spread(increment),
    "flow-workers/8 (promises)": spread(async (i) => i + 1),
    "broadcast/100": toAll,
    "batch/100": gathered,
    "merge/4": merged,
  };
}

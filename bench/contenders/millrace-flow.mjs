// The combinators of millrace between go blocks of either form: `feed(to, n)` sends values and closes the channel, and
// `consume(from)` adds up the received values.

import { batch, broadcast, channel, go, merge, pipeline, stream } from "millrace";

const increment = (i) => i + 1;
const total = (values) => values.reduce((a, b) => a + b, 0);

export function flows({ feed, consume }) {
  function fed(n) {
    const values = channel();
    go(feed, values, n);
    return values;
  }

  const chained = (n) =>
    go(consume, stream(fed(n)).map(increment).map(increment).map(increment).map(increment).channel());

  const spread = (stage) => (n) => go(consume, pipeline(8, fed(n), stage, { ordered: false }));

  async function toAll(n) {
    const values = channel();
    const receivers = broadcast(values);
    const sums = Array.from({ length: 100 }, () => go(consume, receivers.subscribe()));
    go(feed, values, n / 100);
    return total(await Promise.all(sums));
  }

  const gathered = (n) =>
    go(
      consume,
      stream(batch(fed(n), 100, 50))
        .map(total)
        .channel(),
    );

  const merged = (n) => go(consume, merge([fed(n / 4), fed(n / 4), fed(n / 4), fed(n / 4)]));

  return {
    "flow-pipeline/4": chained,
    "flow-workers/8": spread(increment),
    "flow-workers/8 (promises)": spread(async (i) => i + 1),
    "broadcast/100": toAll,
    "batch/100": gathered,
    "merge/4": merged,
  };
}

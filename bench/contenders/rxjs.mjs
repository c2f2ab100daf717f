// RxJS: observables push values and do not wait for their receivers. An operator queues the values that it cannot pass on yet.

import { bufferTime, firstValueFrom, map, merge, mergeMap, of, range, reduce, Subject } from "rxjs";

const increment = (i) => i + 1;
const sum = reduce((a, b) => a + b, 0);

const pipeline = (n) =>
  firstValueFrom(range(0, n).pipe(map(increment), map(increment), map(increment), map(increment), sum));

const workers = (stage) => (n) => firstValueFrom(range(0, n).pipe(mergeMap(stage, 8), sum));

async function broadcast(n) {
  const values = new Subject();
  const sums = Array.from({ length: 100 }, () => firstValueFrom(values.pipe(sum)));
  range(0, n / 100).subscribe(values);
  return (await Promise.all(sums)).reduce((a, b) => a + b);
}

const batch = (n) =>
  firstValueFrom(
    range(0, n).pipe(
      bufferTime(50, null, 100),
      map((group) => group.reduce((a, b) => a + b, 0)),
      sum,
    ),
  );

const merged = (n) => {
  const source = range(0, n / 4);
  return firstValueFrom(merge(source, source, source, source).pipe(sum));
};

export const performs = {
  "flow-pipeline/4": pipeline,
  "flow-workers/8": workers((i) => of(i + 1)),
  "flow-workers/8 (promises)": workers(async (i) => i + 1),
  "broadcast/100": broadcast,
  "batch/100": batch,
  "merge/4": merged,
};

// Checks whether a history of a register is linearizable: whether each operation can have happened at one moment between its call and
// its answer. The values that are written must differ from each other, which makes it easy (Gibbons and Korach, "Testing shared
// memories", 1997).
//
// A write and the reads of its value are a cluster. Let `from` be the first moment at which one of them has ended, and `to` the last at
// which one of them begins. If from < to, the register has the value all the time between them: a forward zone. Otherwise the cluster
// fits into any moment from `to` until `from`: a backward zone. The history is linearizable unless a read ends before its write begins,
// two forward zones overlap, or a backward zone lies inside a forward zone.

/** One operation on a register. An operation comes before another if it ends before the other begins. */
export interface Operation {
  readonly kind: "write" | "read";
  /** What was written, or read; null for the value of a register that was never written. */
  readonly value: string | null;
  readonly begin: number;
  /** When the answer came. Infinity if none came: such a write has happened at any time after its begin, or never. */
  readonly end: number;
}

interface Zone {
  readonly value: string | null;
  readonly from: number;
  readonly to: number;
}

/** Returns why a history is not linearizable, or null if it is. Takes time in proportion to n log n. */
export function violation(history: readonly Operation[]): string | null {
  const clusters = new Map<string | null, Operation[]>([
    [null, [{ kind: "write", value: null, begin: -Infinity, end: -Infinity }]],
  ]);
  for (const operation of history) {
    if (operation.kind !== "write") continue;
    if (clusters.has(operation.value)) throw new TypeError(`Cannot check: ${operation.value} is written twice`);
    clusters.set(operation.value, [operation]);
  }
  for (const operation of history) {
    // A read without an answer has read nothing.
    if (operation.kind !== "read" || operation.end === Infinity) continue;
    const cluster = clusters.get(operation.value);
    if (cluster === undefined) return `${operation.value} was read, and never written`;
    if (operation.end < cluster[0]!.begin) return `${operation.value} was read before it was written`;
    cluster.push(operation);
  }
  const forward: Zone[] = [];
  const backward: Zone[] = [];
  for (const [value, cluster] of clusters) {
    let [from, to] = [Infinity, -Infinity];
    for (const { begin, end } of cluster) [from, to] = [Math.min(from, end), Math.max(to, begin)];
    if (from === Infinity) continue; // a write without an answer, whose value was never read
    (from < to ? forward : backward).push({ value, from, to });
  }
  forward.sort((one, other) => one.from - other.from);
  for (let n = 1; n < forward.length; n++) {
    const [earlier, later] = [forward[n - 1]!, forward[n]!];
    if (later.from < earlier.to) return `${earlier.value} was the value before and after ${later.value}`;
  }
  for (const { value, from, to } of backward) {
    // The forward zones do not overlap: only the last one that begins before this zone can hold it.
    const around = forward[countBefore(forward, to) - 1];
    if (around !== undefined && from < around.to) return `${around.value} was the value before and after ${value}`;
  }
  return null;
}

/** How many of the zones, which are sorted, begin before a moment. */
function countBefore(zones: readonly Zone[], moment: number): number {
  let [low, high] = [0, zones.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (zones[middle]!.from < moment) low = middle + 1;
    else high = middle;
  }
  return low;
}

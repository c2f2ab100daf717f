// Meters: a workload that measures only a part of its run starts a meter before that part and stops it afterwards.
//
// Time and memory are never measured in the same run: a full garbage collection shrinks the young generation, and code that
// runs after it takes up to a third longer.

export const now = () => performance.now();

/** The bytes in use after a full garbage collection. */
export function heap() {
  globalThis.gc();
  return process.memoryUsage().heapUsed;
}

/** Starts to measure time. The returned function stops and returns { ns }. */
export function stopwatch() {
  const start = now();
  return () => ({ ns: (now() - start) * 1e6 });
}

/** Starts to measure the heap. The returned function stops and returns { bytes }. */
export function scales() {
  const before = heap();
  return () => ({ bytes: heap() - before });
}

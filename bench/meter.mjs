// Meters: what a workload that counts only a part of its run starts before that part and stops after it.
//
// Time and memory are never measured in the same run: a full collection on demand shrinks the young generation, and what
// follows it takes up to a third longer.

export const now = () => performance.now();

/** Bytes in use after a full collection. */
export function heap() {
  globalThis.gc();
  return process.memoryUsage().heapUsed;
}

/** Starts a stopwatch; the function returned stops it. */
export function stopwatch() {
  const start = now();
  return () => ({ ns: (now() - start) * 1e6 });
}

/** The same for the heap. */
export function scales() {
  const before = heap();
  return () => ({ bytes: heap() - before });
}

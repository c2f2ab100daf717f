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

/** Starts to measure time. The returned function stops and returns { ns, cpu }: the time, and that of the processor. */
export function stopwatch() {
  const cpu = process.cpuUsage();
  const start = now();
  return () => {
    const ns = (now() - start) * 1e6;
    const { user, system } = process.cpuUsage(cpu);
    return { ns, cpu: (user + system) * 1e3 };
  };
}

/** Starts to measure the heap. The returned function stops and returns { bytes }. */
export function scales() {
  const before = heap();
  return () => ({ bytes: heap() - before });
}

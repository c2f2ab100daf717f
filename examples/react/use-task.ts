// Go blocks in React components.

import { type AsyncRoutine, forEach, go, type Routine, type Watch } from "millrace";
import { type DependencyList, useCallback, useEffect, useSyncExternalStore } from "react";

/** Runs a go block while the component is shown. If a dependency changes, the block is cancelled and started again. */
export function useTask(body: () => Routine<unknown> | AsyncRoutine<unknown>, deps: DependencyList): void {
  useEffect(() => {
    const task = go(body);
    return () => task.cancel();
    // biome-ignore lint/correctness/useExhaustiveDependencies: the caller lists them.
  }, deps);
}

/** The value of a `watch`. The component is rendered again when it changes. */
export function useWatch<T>(watch: Watch<T>): T {
  const subscribe = useCallback(
    (changed: () => void) => {
      const changes = watch.changes();
      const task = go(function* () {
        yield* forEach(changes, changed);
      });
      return () => task.cancel();
    },
    [watch],
  );
  return useSyncExternalStore(subscribe, () => watch.value);
}

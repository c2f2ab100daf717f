import { CLOSED, type Closed, type OwnedChannel } from "../../channel/ends.js";
import { select } from "../../choice/select.js";
import { derive } from "../../derived/derive.js";
import type { Operation } from "../../operation/operation.js";
import { assertOptions } from "../../structures/arguments.js";
import type { FlowOptions } from "../ends/release.js";
import { type Input, sourceOf } from "../ends/source.js";
import { releaseOf } from "./sources.js";

/** What pauses a channel: a `watch(false)`, or anything that has its two members. */
export interface PauseSwitch {
  /** True while no values are to be taken. */
  readonly value: boolean;
  /** Waits for a value that passes a test. */
  until(test: (paused: boolean) => boolean): Operation<boolean>;
}

/**
 * Takes values of a source only while a switch is off. Put before `workers`, a pipeline or any other reader, it pauses the reader:
 * what is worked on is finished, and nothing more is taken. To resume, set the switch to false. To drain, close the source instead:
 * `workers` completes when the last value is done.
 *
 * It is a view: it has no task, and takes a value only when a receiver waits. No value is taken in the step in which the switch
 * becomes true.
 *
 * Closes when: the source has ended, or the switch is closed; with the cause if there is one. Cancelling it releases the source.
 *
 * @param source - A channel, a `Stream`, or anything iterable.
 * @param paused - A `watch<boolean>`.
 * @throws TypeError when `source` cannot be read, or `paused` is no watch.
 * @example
 * ```ts
 * import { channel, pausable, sleep, watch, workers } from "millrace";
 *
 * const jobs = channel<string>(8);
 * const paused = watch(true);
 * const done: string[] = [];
 * const working = workers(pausable(jobs, paused), 2, (job) => done.push(job)).then();
 * for (const job of ["a", "b"]) jobs.trySend(job);
 *
 * await sleep(5);
 * console.log(done); // []
 * paused.set(false);
 * jobs.close();
 * await working; // drained
 * console.log(done); // [ "a", "b" ]
 * ```
 */
export function pausable<T>(source: Input<T>, paused: PauseSwitch, options: FlowOptions = {}): OwnedChannel<T> {
  if (typeof paused?.until !== "function") {
    throw new TypeError("Cannot pause: paused must be a watch of a boolean");
  }
  assertOptions("pause", options);
  const from = sourceOf("pause", source);
  const resumed = paused.until((now) => !now);
  const next = select({ paused: paused.until(Boolean), value: from.receive() }, { mode: "priority" });
  return derive<boolean | { readonly key: string; readonly value: T | Closed | boolean }, T>({
    next: () => (paused.value ? resumed : next),
    accept(event, to) {
      if (typeof event !== "object" || event.key === "paused") return;
      if (event.value === CLOSED) to.end();
      else to.emit(event.value as T);
    },
    release: releaseOf([from], options),
  });
}

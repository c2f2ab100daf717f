import { CLOSED, type Closed, type OwnedChannel, type ReceiveChannel } from "../../channel/ends.js";
import { assertSteps, isReduced, type Transducer, type Transformer } from "../../channel/transducer.js";
import { derive, type Emitter, type Feed } from "../../derived/derive.js";
import { always } from "../../operation/basic.js";
import type { Operation } from "../../operation/operation.js";
import { shown } from "../../structures/errors.js";
import { causeOf, type FlowOptions, release, releases } from "../ends/release.js";
import { type Input, sourceOf, takeOver } from "../ends/source.js";

/**
 * Applies the steps of a transducer to the values of a channel. The emitter for the results is the state that the steps
 * thread through.
 */
class Through<In, Out> implements Feed<In | Closed, Out> {
  private readonly _receive: Operation<In | Closed>;
  private readonly _steps: Transformer<Emitter<Out>, In>;
  readonly release: ((reason: unknown) => void) | undefined;

  constructor(source: ReceiveChannel<In>, steps: Transformer<Emitter<Out>, In>, options: FlowOptions) {
    takeOver(source);
    this.release = releases(source, options) ? (reason) => release(source, options, reason) : undefined;
    this._receive = needsNoInput(steps) ? always(CLOSED) : source.receive();
    this._steps = steps;
  }

  next(): Operation<In | Closed> {
    return this._receive;
  }

  accept(value: In | Closed, to: Emitter<Out>): void {
    try {
      if (value !== CLOSED && !isReduced(this._steps["@@transducer/step"](to, value))) return;
    } catch (error) {
      this.failed(error, to);
      return;
    }
    this._steps["@@transducer/result"](to);
    to.end();
  }

  failed(cause: unknown, to: Emitter<Out>): void {
    try {
      this._steps["@@transducer/result"](to);
    } finally {
      // If the steps throw as well, the first error remains the cause.
      to.end(causeOf(cause));
    }
  }
}

/** Whether the steps are complete before their first input, as those of `take(0)` are. */
function needsNoInput(steps: Transformer<unknown, never>): boolean {
  return isReduced(steps["@@transducer/init"]());
}

/** Emits the results of the last step. */
const emitResults: Transformer<Emitter<unknown>, unknown> = {
  "@@transducer/init": () => ({ emit() {}, end() {} }),
  "@@transducer/step"(to, value) {
    to.emit(value);
    return to;
  },
  "@@transducer/result": (to) => to,
};

/**
 * Applies a transducer to a channel. It has no task and does not read ahead, so several composed steps cost one hand-over.
 *
 * Closes when: the source has ended, a step is complete, or a step throws. It first yields the values that the steps still
 * hold, and has the cause if there is one. If the steps are complete at the start, as those of `take(0)` are, it is closed
 * at once. When it closes or is cancelled, it releases its source.
 *
 * @param input - The channel to read.
 * @param transducer - Steps of `millrace/transducers`, or of any library that supports the common protocol.
 * @throws TypeError when `source` is not a receive channel, or `transducer` is not a function.
 * @example
 * ```ts
 * import { collect, from, through } from "millrace";
 * import { compose, filter, map } from "millrace/transducers";
 *
 * const odd = compose(filter((n: number) => n % 2 === 1), map((n) => n * n));
 * console.log(await collect(through(from([1, 2, 3, 4, 5]), odd))); // [ 1, 9, 25 ]
 * ```
 */
export function through<In, Out>(
  input: Input<In>,
  transducer: Transducer<In, Out>,
  options: FlowOptions = {},
): OwnedChannel<Out> {
  if (typeof transducer !== "function") {
    throw new TypeError(`Cannot transform: step must be a transducer function, got ${shown(transducer)}`);
  }
  const source = sourceOf("transform", input);
  const steps = transducer(emitResults as Transformer<Emitter<Out>, Out>);
  assertSteps("transform", steps);
  const seen = derive(new Through(source, steps, options));
  if (needsNoInput(steps)) seen.tryReceive(); // closes it: there is no end to wait for
  return seen;
}

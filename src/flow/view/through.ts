import { CLOSED, type Closed, type ReceiveChannel } from "../../channel/ends.js";
import { isReduced, type Transducer, type Transformer } from "../../channel/transducer.js";
import { derive, type Emitter, type Feed } from "../../derived/derive.js";
import { always } from "../../operation/basic.js";
import type { Operation } from "../../operation/operation.js";
import { shown } from "../../structures/errors.js";
import { assertSource, type FlowOptions, release } from "../ends/release.js";

/** The steps of a transducer over what comes from a channel; what they thread through is where results go. */
class Through<In, Out> implements Feed<In | Closed, Out> {
  private readonly _source: ReceiveChannel<In>;
  private readonly _receive: Operation<In | Closed>;
  private readonly _steps: Transformer<Emitter<Out>, In>;
  private readonly _options: FlowOptions;

  constructor(source: ReceiveChannel<In>, steps: Transformer<Emitter<Out>, In>, options: FlowOptions) {
    this._source = source;
    this._receive = wantsNothing(steps) ? always(CLOSED) : source.receive();
    this._steps = steps;
    this._options = options;
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
      // Of two errors the first is told.
      to.end(cause);
    }
  }

  release(reason: unknown): void {
    release(this._source, this._options, reason);
  }
}

/** Whether a recipe begins with its end, as take(0) does. */
function wantsNothing(steps: Transformer<unknown, never>): boolean {
  return isReduced(steps["@@transducer/init"]());
}

/** Where the results of the last step go. */
const last: Transformer<Emitter<unknown>, unknown> = {
  "@@transducer/init": () => ({ emit() {}, end() {} }),
  "@@transducer/step"(to, value) {
    to.emit(value);
    return to;
  },
  "@@transducer/result": (to) => to,
};

/**
 * A channel seen through a transducer: what is received from it went through the steps. It has no task and reads nothing
 * ahead, so several steps composed cost one hand-over.
 *
 * Closes when: the source has ended, or a step wants no more, or throws; after what the steps still held, with the cause if
 * there is one. It is closed at once when they want nothing, as `take(0)` does. Then, and when it is cancelled, it releases
 * its source.
 *
 * @param source - What to read.
 * @param transducer - Steps of `millrace/transducers`, or of any library that speaks the common protocol.
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
  source: ReceiveChannel<In>,
  transducer: Transducer<In, Out>,
  options: FlowOptions = {},
): ReceiveChannel<Out> {
  assertSource("transform", source);
  if (typeof transducer !== "function") {
    throw new TypeError(`Cannot transform: it takes a transducer, got ${shown(transducer)}`);
  }
  const steps = transducer(last as Transformer<Emitter<Out>, Out>);
  const seen = derive(new Through(source, steps, options));
  if (wantsNothing(steps)) seen.tryReceive(); // there is no end to wait for
  return seen;
}

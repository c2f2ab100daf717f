// The transducer of a channel. Each value that is sent passes through its steps, and the results go into the buffer. The
// transform is busy while a step runs, so that a step that uses its own channel finds the channel full and cannot corrupt it.

import { type Context, currentContext, within } from "../scheduler/contexts.js";
import type { Buffer } from "./buffer.js";
import { assertSteps, isReduced, type Transducer, type Transformer } from "./transducer.js";

/** The outcome of a step: the value was accepted, or it was accepted as the last one, or the step failed without `onError`. */
export type Step = "more" | "last" | { readonly error: unknown };

export class Transform {
  busy: boolean;
  private readonly _steps: Transformer<Buffer<unknown>, unknown>;
  private readonly _buffer: Buffer<unknown>;
  /** The context of the code that created the channel, in which the steps run. */
  private readonly _context: Context | null;
  private readonly _onError: ((error: unknown) => unknown) | undefined;

  constructor(
    transducer: Transducer<never, unknown>,
    buffer: Buffer<unknown>,
    onError: ((error: unknown) => unknown) | undefined,
  ) {
    this.busy = false;
    this._buffer = buffer;
    this._context = currentContext();
    this._onError = onError;
    this._steps = transducer<Buffer<unknown>>({
      "@@transducer/init": () => buffer,
      "@@transducer/step": (into, value) => {
        into.push(value);
        return into;
      },
      "@@transducer/result": (into) => into,
    }) as Transformer<Buffer<unknown>, unknown>;
    assertSteps("create channel", this._steps);
  }

  step(value: unknown): Step {
    return this._run(() => this._steps["@@transducer/step"](this._buffer, value));
  }

  /** Runs code during which no step can begin. */
  exclusively(work: () => void): void {
    this.busy = true;
    try {
      work();
    } finally {
      this.busy = false;
    }
  }

  /** Runs the completion step: values that the steps still hold go into the buffer. */
  complete(): Step {
    return this._run(() => this._steps["@@transducer/result"](this._buffer));
  }

  private _run(work: () => unknown): Step {
    this.busy = true;
    try {
      return isReduced(within(this._context, work, undefined)) ? "last" : "more";
    } catch (error) {
      return this._mend(error);
    } finally {
      this.busy = false;
    }
  }

  /** Lets `onError` replace the value for which a step failed. */
  private _mend(error: unknown): Step {
    if (this._onError === undefined) return { error };
    try {
      const instead = this._onError(error);
      if (instead !== undefined) this._buffer.push(instead);
      return "more";
    } catch (second) {
      return { error: second };
    }
  }
}

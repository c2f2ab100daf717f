// A transducer at the mouth of a channel: what a send offers goes through the steps, and what comes out goes into the
// buffer. It is busy while a step runs, so that a step which uses its own channel finds it full instead of corrupting it.

import type { Buffer } from "./buffer.js";
import { isReduced, type Transducer, type Transformer } from "./transducer.js";

/** What became of a value: taken, taken as the last one, or the step failed and nobody mended it. */
export type Step = "more" | "last" | { readonly error: unknown };

export class Transform {
  busy: boolean;
  private readonly _steps: Transformer<Buffer<unknown>, unknown>;
  private readonly _buffer: Buffer<unknown>;
  private readonly _onError: ((error: unknown) => unknown) | undefined;

  constructor(
    transducer: Transducer<never, unknown>,
    buffer: Buffer<unknown>,
    onError: ((error: unknown) => unknown) | undefined,
  ) {
    this.busy = false;
    this._buffer = buffer;
    this._onError = onError;
    this._steps = transducer<Buffer<unknown>>({
      "@@transducer/init": () => buffer,
      "@@transducer/step": (into, value) => {
        into.push(value);
        return into;
      },
      "@@transducer/result": (into) => into,
    }) as Transformer<Buffer<unknown>, unknown>;
  }

  step(value: unknown): Step {
    return this._run(() => this._steps["@@transducer/step"](this._buffer, value));
  }

  /** What the steps still hold goes into the buffer. */
  complete(): Step {
    return this._run(() => this._steps["@@transducer/result"](this._buffer));
  }

  private _run(work: () => unknown): Step {
    this.busy = true;
    try {
      return isReduced(work()) ? "last" : "more";
    } catch (error) {
      return this._mend(error);
    } finally {
      this.busy = false;
    }
  }

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

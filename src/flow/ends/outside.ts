import { Operation, type WaitsFor } from "../../operation/operation.js";
import { upon } from "../../operation/upon.js";

/** An event outside all go blocks that no task waits for. It never completes. */
class Outside extends Operation<never> {
  private readonly _what: string;

  constructor(what: string) {
    super();
    this._what = what;
  }

  poll(): boolean {
    return false;
  }

  block(): void {}

  override unblock(): void {}

  override waitsFor(): WaitsFor {
    return { what: this._what, external: true, host: true };
  }
}

/**
 * Notes that code outside all go blocks holds an end of a channel. Until the result is disposed of, `run` reports no deadlock of
 * the program that is running, as that code may wake its tasks.
 */
export function heldOutside(what: string): Disposable {
  return upon(new Outside(what), () => {});
}

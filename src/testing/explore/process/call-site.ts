// Where in its source a program stands: the innermost line of the stack that is not of this package.

import { capturedFrames, captureStack, isOfProgram, placeIn } from "../../../scheduler/call-site.js";

/** How many frames are captured: those of the package, and then the program's. */
const CAPTURED = 13;

/** Captures the call site of the program. Finding its line costs far more, and waits for `callSiteOf`. */
export function captureCallSite(): Error {
  return captureStack(CAPTURED);
}

/** The line from which this package was called, as `file:line:column`; undefined if the stack does not have it. */
export function callSiteOf(captured: Error): string | undefined {
  const frame = capturedFrames(captured).find(isOfProgram);
  return frame === undefined ? undefined : placeIn(frame);
}

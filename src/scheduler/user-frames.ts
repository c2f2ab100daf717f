// The lines of a program that made an operation, for reports: the innermost frames of the stack that are not of this package.
//
// An operation that the package makes for itself has no such lines: it is made in a routine of the package, while another operation
// is performed, or by a function that returns something else.

import { measureTailFrames } from "./call-chain.js";
import { capturedFrames, captureStack, isOfProgram, placeIn } from "./call-site.js";

/** How many frames are captured: those of the constructors and of the function that was called, and then the program's. */
const CAPTURED = 22;
/** How many frames of the program tell one place from another: a helper may be called from several places. */
const CALLERS = 3;
/**
 * The functions and methods that return an operation to the program. What all others make is for themselves: a combinator makes
 * the receives that its output performs later.
 */
export const DOORS: ReadonlySet<string> = /* @__PURE__ */ doors();

function doors(): Set<string> {
  const names =
    "send receive whenClosed map sleep pause select alt receiveAny scope withTimeout guard withNack always never settle choose " +
    "lock read write acquire wait until changed whenOver settled aborted once retry go join call start " +
    "collect reduce forEach first any all hedge latest exhaust workers release close drain ask";
  return new Set(names.split(" "));
}

/** Where an operation was made. */
export interface Origin {
  /** The functions of the package and the frames of the program, the innermost first, as one text. */
  readonly key: string;
  /** The innermost of them, as `file:line:column`. */
  readonly line: string;
}

/** Captures the stack in the constructor of an operation. */
export function captureOrigin(): Error {
  return captureStack(CAPTURED);
}

/** Returns where the program made an operation; null if the package made it for itself, or if the host has no stacks. */
export function originOf(captured: Error): Origin | null {
  // Without the frames of functions that end with a call, the function that the program has called is not known.
  if (measureTailFrames() === 0) return null;
  const frames = capturedFrames(captured);
  const first = frames.findIndex(isProgram);
  if (first === -1) return null;
  const inner = frames.slice(0, first).map(nameOf);
  if (!isDirect(inner)) return null;
  const callers = frames.slice(first, first + CALLERS);
  const end = callers.findIndex((frame) => !isProgram(frame));
  const own = end === -1 ? callers : callers.slice(0, end);
  return { key: [...inner, ...own].join("\n"), line: placeIn(own[0]!)! };
}

/**
 * Whether the program has called a function that returns an operation, or the constructor of a class of its own. The functions
 * of the package are given from the innermost to the one that was called. A bundler may have added a number to a name.
 */
function isDirect(names: readonly string[]): boolean {
  const called = names.at(-1) ?? "";
  return called === "new Operation" || DOORS.has(called.replace(/^.*\./, "").replace(/\d+$/, ""));
}

/** Whether a frame is of the program. Frames of functions that have awaited are no callers. */
function isProgram(frame: string): boolean {
  return isOfProgram(frame) && !/^at async [^(]/.test(frame);
}

/** The function of a frame; empty if it has no name. */
function nameOf(frame: string): string {
  return /^at (?:async )?(.+?)(?: \[as [^\]]*\])? \(/.exec(frame)?.[1] ?? /^([^@\s]*)@/.exec(frame)?.[1] ?? "";
}

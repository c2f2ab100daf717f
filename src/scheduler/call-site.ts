// The line of a program that calls the package, for reports.

/** A frame of a stack: `at f (file:1:2)` in V8 and Bun, `f@file:1:2` in Firefox and Safari. Only some hosts add a header. */
const FRAME = /^\s*at |@/;

/**
 * Returns the line of the stack from which the caller of `callSite` was called; undefined if the host has no stacks. The
 * caller must not end with `return callSite()`, or with another call in its `return`: JavaScriptCore removes the frame of a
 * function that ends with a call (tail call).
 */
export function callSite(): string | undefined {
  return stackFrames(4)[3];
}

/** Returns the innermost frames of the stack; none if the host has no stacks. The first frame is that of this function. */
export function stackFrames(most: number): string[] {
  const limit = Error.stackTraceLimit;
  limitStack(most);
  const { stack } = new Error();
  limitStack(limit);
  if (typeof stack !== "string") return [];
  return stack
    .split("\n")
    .filter((line) => FRAME.test(line))
    .map((line) => line.trim());
}

/** Limits the length of stacks. A host with frozen built-ins refuses; the stack is then longer than needed. */
function limitStack(frames: number): void {
  try {
    Error.stackTraceLimit = frames;
  } catch {}
}

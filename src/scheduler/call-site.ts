// The line of a program that calls the package, for reports.

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
  try {
    return framesOf(new Error().stack);
  } catch {
    // The program's own Error.prepareStackTrace has thrown.
    return [];
  } finally {
    limitStack(limit);
  }
}

/**
 * Returns the frames of a stack, the innermost first. V8 and Bun write `    at f (file:1:2)` below a header. Firefox writes
 * `f@file:1:2`, and JavaScriptCore does so, or `file:1:2` for a function without a name. A program may have replaced stacks by
 * values of its own.
 */
export function framesOf(stack: unknown): string[] {
  if (typeof stack !== "string") return [];
  const lines = stack.split("\n").filter((line) => line.trim() !== "");
  const frames = lines.filter((line) => /^\s*at /.test(line));
  return (frames.length > 0 || lines[0]?.startsWith("Error") ? frames : lines).map((line) => line.trim());
}

/** Limits the length of stacks. A host with frozen built-ins refuses; the stack is then longer than needed. */
function limitStack(frames: number): void {
  try {
    Error.stackTraceLimit = frames;
  } catch {}
}

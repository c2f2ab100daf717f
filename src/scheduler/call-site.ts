// Where in its source a program calls the package, for reports.

/** A frame of a stack: `at f (file:1:2)` in V8 and Bun, `f@file:1:2` in Firefox and Safari. Only some put a header first. */
const FRAME = /^\s*at |@/;

/**
 * Returns the line of the stack from which its caller was called; undefined where the host does not tell. A function that
 * calls it must not return its result, or that of another call, directly: JavaScriptCore takes a frame whose last act is a
 * call off the stack.
 */
export function callSite(): string | undefined {
  const limit = Error.stackTraceLimit;
  limitStack(3);
  const { stack } = new Error();
  limitStack(limit);
  const frames = stack?.split("\n").filter((line) => FRAME.test(line));
  return frames?.[2]?.trim();
}

/** The limit cannot be set where the host has frozen its own objects; then the stack is only longer than needed. */
function limitStack(frames: number): void {
  try {
    Error.stackTraceLimit = frames;
  } catch {}
}

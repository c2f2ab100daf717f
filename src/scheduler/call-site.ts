// The line of a program that calls the package, for reports.

/** How many frames are searched for the line of the program. */
const DEPTH = 24;
/** Where the files of this package are; null before it is known. */
let home: string | null = null;

/**
 * Returns the line of the stack from which the caller of `callSite` was called; undefined if the host has no stacks. The
 * caller must not end with `return callSite()`, or with another call in its `return`: JavaScriptCore removes the frame of a
 * function that ends with a call (tail call).
 */
export function callSite(): string | undefined {
  const line = stackFrames(4)[3];
  if (line === undefined || !isOfPackage(line)) return line;
  // A combinator starts the task: the line of the program is farther out.
  const outside = stackFrames(DEPTH).find(isOfProgram);
  return outside ?? line;
}

/** Captures the innermost frames of the stack. To find a line in them costs far more, and waits for `capturedFrames`. */
export function captureStack(most: number): Error {
  const limit = Error.stackTraceLimit;
  limitStack(most);
  const captured = new Error();
  limitStack(limit);
  return captured;
}

/** The frames of a stack that `captureStack` has captured. The first frame is that of `captureStack`. */
export function capturedFrames(captured: Error): string[] {
  try {
    return framesOf(captured.stack);
  } catch {
    // The program's own Error.prepareStackTrace has thrown.
    return [];
  }
}

/** Whether a frame is of the program: neither of this package nor of the host. */
export function isOfProgram(frame: string): boolean {
  return fileOf(frame) !== "" && !isOfPackage(frame);
}

/** The place in a frame, as `file:line:column`; undefined if it has none. */
export function placeIn(frame: string): string | undefined {
  return /([^\s(@]+:\d+:\d+)\)?$/.exec(frame)?.[1]?.replace(/^file:\/\//, "");
}

/** The file of a frame: `at f (file:1:2)`, `at file:1:2`, `f@file:1:2` or `file:1:2`; empty for code of the host. */
function fileOf(frame: string): string {
  const file = /(?:\(|at (?:async )?|@|^)([^()\s@]+):\d+:\d+\)?$/.exec(frame)?.[1] ?? "";
  // Tools that compile modules as they are loaded give some files as paths, and leave others as URLs.
  return file.startsWith("node:") ? "" : file.replace(/^file:\/\//, "");
}

/** Whether a frame is in this package. */
function isOfPackage(frame: string): boolean {
  home ||= homeOf(fileOf(stackFrames(1)[0] ?? ""));
  return home !== "" && fileOf(frame).startsWith(home);
}

/** The folder `src/` or `dist/` that this file is in; or this file alone, if it was bundled with others. */
function homeOf(file: string): string {
  return /^(.*[/\\])scheduler[/\\]call-site\.\w+$/.exec(file)?.[1] ?? /^(.*[/\\]dist[/\\])/.exec(file)?.[1] ?? file;
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

// Where in its source a program stands: the innermost line of the stack that is not of this package.

const here = fileOf(lineOf(new Error().stack, 1) ?? "");
/** The folder of this package's files, however they were bundled. */
const home: string = here.replace(/(?:testing\/explore\/\w+\/)?[^/\\]*$/, "");

function lineOf(stack: string | undefined, at: number): string | undefined {
  return stack?.split("\n")[at];
}

/** `at name (file:line:column)` or `at file:line:column`, or Firefox's `name@file:line:column`. */
function fileOf(line: string): string {
  return /(?:\(|at |@)([^()\s]+?):\d+:\d+\)?$/.exec(line.trim())?.[1] ?? "";
}

/** Captures the call site of the program. Finding its line costs far more, and waits for `callSiteOf`. */
export function captureCallSite(): Error {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 12;
  const error = new Error();
  Error.stackTraceLimit = limit;
  return error;
}

/** The line from which this package was called, as `file:line:column`; undefined if the stack does not have it. */
export function callSiteOf({ stack }: Error): string | undefined {
  for (const line of stack?.split("\n").slice(1) ?? []) {
    const file = fileOf(line);
    if (file !== "" && !file.startsWith("node:") && !file.startsWith(home)) {
      return /(?:\(|at |@)([^()\s]+:\d+:\d+)\)?$/.exec(line.trim())?.[1]?.replace(/^file:\/\//, "");
    }
  }
  return undefined;
}

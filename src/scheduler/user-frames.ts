// The lines of a program that made an operation, for reports: the innermost frames of the stack that are not of this package.
//
// An operation that the package makes for itself has no such lines: it is made in a routine of the package, while another operation
// is performed, or by a function that returns something else.

import { measureTailFrames } from "./call-chain.js";

/** How many frames are captured: those of the constructors and of the function that was called, and then the program's. */
const CAPTURED = 20;
/** How many frames of the program tell one place from another: a helper may be called from several places. */
const CALLERS = 3;
/**
 * The functions and methods that return an operation to the program. What all others make is for themselves: a combinator makes
 * the receives that its output performs later.
 */
export const DOORS: ReadonlySet<string> = /* @__PURE__ */ new Set(
  (
    "send receive whenClosed map sleep pause select alt receiveAny scope withTimeout guard withNack always never settle choose " +
    "lock read write acquire wait until changed whenOver settled aborted once retry go join call start " +
    "collect reduce forEach first any all hedge latest exhaust workers release close drain ask"
  ).split(" "),
);

/** Where an operation was made. */
export interface Origin {
  /** The functions of the package and the frames of the program, the innermost first, as one text. */
  readonly key: string;
  /** The innermost of them, as `file:line:column`. */
  readonly line: string;
}

/** Where the files of this package are: its folder, or this file alone if it was bundled with others; null before it is known. */
let home: string | null = null;

function homeOf(file: string): string {
  return /^(.*[/\\])scheduler[/\\]user-frames\.\w+$/.exec(file)?.[1] ?? /^(.*[/\\]dist[/\\])/.exec(file)?.[1] ?? file;
}

/** Captures the stack in the constructor of an operation. To find the line in it costs far more, and waits for `originOf`. */
export function captureOrigin(): Error {
  const limit = Error.stackTraceLimit;
  limitStack(CAPTURED);
  const captured = new Error();
  limitStack(limit);
  return captured;
}

/** Returns where the program made an operation; null if the package made it for itself, or if the host has no stacks. */
export function originOf(captured: Error): Origin | null {
  // Without the frames of functions that end with a call, the function that the program has called is not known.
  if (measureTailFrames() === 0) return null;
  home ??= homeOf(fileOf(framesOf(captureOrigin())[0] ?? ""));
  const frames = framesOf(captured);
  const first = frames.findIndex(isOfProgram);
  if (first === -1) return null;
  const inner = frames.slice(0, first).map(nameOf);
  if (!isDirect(inner)) return null;
  const callers = frames.slice(first, first + CALLERS);
  const end = callers.findIndex((frame) => !isOfProgram(frame));
  const own = end === -1 ? callers : callers.slice(0, end);
  const line = /([^\s(@]+:\d+:\d+)\)?$/.exec(own[0]!)![1]!;
  return { key: [...inner, ...own].join("\n"), line: line.replace(/^file:\/\//, "") };
}

/**
 * Whether the program has called a function that returns an operation, or the constructor of a class of its own. The functions
 * of the package are given from the innermost to the one that was called. A bundler may have added a number to a name.
 */
function isDirect(names: readonly string[]): boolean {
  const called = names.at(-1) ?? "";
  return called === "new Operation" || DOORS.has(called.replace(/^.*\./, "").replace(/\d+$/, ""));
}

function isOfProgram(frame: string): boolean {
  const file = fileOf(frame);
  return file !== "" && !file.startsWith(home!) && !/^at async [^(]/.test(frame);
}

/** The file of a frame, `at f (file:1:2)`, `at file:1:2` or `f@file:1:2`; empty for code of the host. */
function fileOf(frame: string): string {
  const file = /(?:\(|at (?:async )?|@)([^()\s@]+):\d+:\d+\)?$/.exec(frame)?.[1] ?? "";
  return file.startsWith("node:") ? "" : file;
}

/** The function of a frame; empty if it has no name. */
function nameOf(frame: string): string {
  return /^at (?:async )?(.+?)(?: \[as [^\]]*\])? \(/.exec(frame)?.[1] ?? /^([^@\s]*)@/.exec(frame)?.[1] ?? "";
}

function framesOf({ stack }: Error): string[] {
  return (typeof stack === "string" ? stack : "")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => /^at |@/.test(line));
}

/** Limits the length of stacks. A host with frozen built-ins refuses; the stack is then longer than needed. */
function limitStack(frames: number): void {
  try {
    Error.stackTraceLimit = frames;
  } catch {}
}

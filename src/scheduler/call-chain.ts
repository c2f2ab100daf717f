// Where the code of a task is: the positions of its routines, each of which delegates to the next with `yield*`. JavaScript shows
// them only in a stack trace, which costs far more than an operation. So they are read only while a cancelled task cleans up.

import { stackFrames } from "./call-site.js";
import { scheduler } from "./scheduler.js";

/** A frame of a stack, such as `at reader (file:///app/reader.ts:12:7)`, without its position, and its line and column. */
interface Position {
  readonly where: string;
  readonly line: number;
  readonly column: number;
}

/** The place of code that is not looked for. */
export const NOWHERE: readonly string[] = [];

const POSITION = /^(.*?):(\d+):(\d+)\)?$/;

/** The frames with a position, the innermost first. */
export function callChain(): string[] {
  return stackFrames(Infinity).filter((frame) => POSITION.test(frame));
}

/** The number of frames with a position, that of the caller included. */
export function depth(): number {
  return callChain().length;
}

/** 1, or 0 in JavaScriptCore, which removes the frame of a function that ends with a call (tail call). */
let tailFrames = -1;

export function measureTailFrames(): number {
  if (tailFrames < 0) tailFrames = tail() - depth();
  return tailFrames;
}

function tail(): number {
  return depth();
}

/**
 * The position of the code that performs an operation, if a cancelled task cleans up. `frames` is the number of functions of the
 * package between that code and this function, `tails` the number of these functions that end with the call.
 */
export function innermostPlace(frames: number, tails: number): readonly string[] {
  if (scheduler.cancelled.cleaning === 0) return NOWHERE;
  const at = 3 + frames - tails + tails * measureTailFrames();
  return callChain().slice(at, at + 1);
}

function positionOf(frame: string): Position {
  const [, where, line, column] = POSITION.exec(frame)!;
  return { where: where!, line: Number(line), column: Number(column) };
}

/**
 * Whether the code has gone back: it stands at an earlier place than before, or at the same one. The outermost routine whose place
 * has changed tells. If that is another routine, the routine that delegates to both has gone back; it is unknown if `whole` is
 * false, as the chains then consist of the innermost places only.
 */
export function goesBack(from: readonly string[], to: readonly string[], whole: boolean): boolean {
  let [at, then] = [from.length - 1, to.length - 1];
  while (at >= 0 && then >= 0 && from[at] === to[then]) {
    at--;
    then--;
  }
  if (at < 0 || then < 0) return true;
  const [before, after] = [positionOf(from[at]!), positionOf(to[then]!)];
  if (before.where !== after.where) return whole;
  return after.line < before.line || (after.line === before.line && after.column < before.column);
}

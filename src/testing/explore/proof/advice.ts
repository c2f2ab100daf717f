// What to write instead, for a program on which a search came to no end.

import { counted } from "../../report/report.js";
import type { Model } from "../semantics/model.js";

/** After so many operations, a task whose behaviour goes on is taken for a loop that never ends. */
const LONG = 50;

/**
 * Names the task that performed most operations one after another, if they are many: a loop of the language makes a new state in
 * each round. Undefined if no task did.
 */
export function adviceOn({ lts, unfolder }: Model): string | undefined {
  const depths = new Int32Array(lts.size);
  let deepest = 0;
  for (let node = 0; node < lts.size; node++) {
    const parent = lts.parent(node);
    if (parent !== -1) depths[node] = depths[parent]! + 1;
    if (depths[node]! > depths[deepest]!) deepest = node;
  }
  if (lts.size === 0 || depths[deepest]! < LONG) return undefined;
  const { name } = unfolder.sandbox.tasks[lts.task(deepest)]!;
  return `task ${name} performs ${counted(depths[deepest]!, "operation")} and goes on: write a loop that never ends with forever() or loop(), and give loop() a state of few values`;
}

// Supervisors. A dotted line shows a child that starts, a bar one that runs, with the number of its life.

import { never, type Routine, sleep } from "millrace";
import { type ChildContext, type Supervisor, supervise } from "millrace/supervise";
import { type Scene, scene } from "../scene.ts";
import type { Pen, Stage } from "../stage.ts";

/** Starts, and runs until it is stopped, or until it fails after `ms`. To stop takes time, too. */
function* live(pen: Pen, { incarnation, ready }: ChildContext, ms: number): Routine<void> {
  yield* pen.wait(sleep(10));
  ready();
  let failed = false;
  try {
    yield* pen.has(ms, String(incarnation));
    failed = true;
    pen.end("failed", "fails");
    throw new Error("failed");
  } finally {
    if (!failed) yield* pen.has(10, "…");
  }
}

/** Three children, of which `b` fails once. */
function three(stage: Stage): Record<string, (context: ChildContext) => Routine<void>> {
  const child = (name: string) => {
    const pen = stage.pen(name);
    return (context: ChildContext) =>
      live(pen, context, name === "b" && context.incarnation === 1 ? 60 : Number.POSITIVE_INFINITY);
  };
  return { a: child("a"), b: child("b"), c: child("c") };
}

/** Stops a tree at the end of the scene. */
function until(stage: Stage, tree: Supervisor): void {
  stage.go(function* end(): Routine<void> {
    try {
      yield* never();
    } finally {
      tree.stop().then(() => {});
    }
  });
}

const startUp = "ready";

export const scenes: readonly Scene[] = [
  scene({
    name: "one-for-one",
    says: "Only the child that has failed is started again.",
    run(_, stage) {
      const children = three(stage);

      // shown
      const tree = supervise(children, { strategy: "one-for-one", startUp });

      until(stage, tree);
    },
  }),
  scene({
    name: "one-for-all",
    says: "The other children are stopped, the youngest first, and then all are started in order.",
    run(_, stage) {
      const children = three(stage);

      // shown
      const tree = supervise(children, { strategy: "one-for-all", startUp });

      until(stage, tree);
    },
  }),
  scene({
    name: "rest-for-one",
    says: "The children that were started after the one that has failed are stopped, and started again with it.",
    run(_, stage) {
      const children = three(stage);

      // shown
      const tree = supervise(children, { strategy: "rest-for-one", startUp });

      until(stage, tree);
    },
  }),
  scene({
    name: "backoff",
    says: "Each restart comes later than the one before, until the child has run for a while.",
    run(_, stage) {
      const pen = stage.pen("client");
      const lives = [20, 20, 20, 60, 20];
      const body = (context: ChildContext) =>
        live(pen, context, lives[context.incarnation - 1] ?? Number.POSITIVE_INFINITY);

      // shown
      const backoff = { min: 10, max: 80, resetAfter: 50 };
      const tree = supervise({ client: { body, backoff, startUp: "ready" } }, { intensity: 10 });

      until(stage, tree);
    },
    frames: 36,
  }),
];

import { expect, test } from "vitest";
import { Path } from "../../src/scheduler/path.js";

const root = new Path(null, "", 0);

test("Path.toString() is the path of the parent, the name of the body and its index", () => {
  const main = new Path(root, "main", 0);
  const worker = new Path(main, "worker", 2);
  expect([String(root), String(main), String(worker)]).toEqual(["", "main#0", "main#0/worker#2"]);
});

test("Path.child() is the name of a child by its index, without a path of its own", () => {
  const main = new Path(root, "main", 0);
  expect([root.child("main", 1), main.child("channel", 3)]).toEqual(["main#1", "main#0/channel#3"]);
});

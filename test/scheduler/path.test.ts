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

test("a path of any depth has a name of bounded length, and holds few paths", () => {
  let path = root;
  for (let depth = 1; depth <= 10_000; depth++) {
    path = new Path(path, "heir", depth % 2);
    if (depth % 97 > 0) continue;
    expect(String(path).split("/").length).toBeLessThanOrEqual(33);
    let held = 0;
    for (let at: Path | null = path; at !== null; at = at.parent) held++;
    expect(held).toBeLessThanOrEqual(33);
  }
  expect(String(path)).toMatch(/^heir#1\/heir#0\/.*\/\(9968 more\)\/.*\/heir#0$/);
});

test.each([16, 17, 32, 33, 48, 49])("the name of a task at depth %i counts all its ancestors", (depth) => {
  let path = root;
  for (let at = 1; at <= depth; at++) path = new Path(path, `t${at}`, 0);
  const parts = String(path).split("/");
  const left = Number(/\((\d+) more\)/.exec(String(path))?.[1] ?? 0);
  expect([parts[0], parts.at(-1)]).toEqual(["t1#0", `t${depth}#0`]);
  expect(parts.filter((part) => part.startsWith("t")).length + left).toBe(depth);
});

import { expect, test } from "vitest";
import { append, type Link, List, move, shift, unlink } from "../../src/structures/list.js";

class Item implements Link {
  before: Link | null = null;
  after: Link | null = null;
}

function contents(list: List): Link[] {
  const links: Link[] = [];
  for (let at: Link = list.after; at !== list; at = at.after!) links.push(at);
  return links;
}

test("List: a link leaves the middle in one step and the others keep their order", () => {
  const list = new List();
  const [a, b, c] = [new Item(), new Item(), new Item()];
  for (const link of [a, b, c]) append(list, link);
  unlink(b);
  expect(contents(list)).toEqual([a, c]);
  expect(b.before).toBe(null);
  unlink(b);
  expect(shift(list)).toBe(a);
  expect(shift(list)).toBe(c);
  expect(shift(list)).toBe(null);
});

test("move() appends one whole list to another", () => {
  const [from, to] = [new List(), new List()];
  const [a, b, c] = [new Item(), new Item(), new Item()];
  append(to, a);
  append(from, b);
  append(from, c);
  move(from, to);
  expect(contents(to)).toEqual([a, b, c]);
  expect(from.empty).toBe(true);
});

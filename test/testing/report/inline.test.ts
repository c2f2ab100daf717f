// Values in a line of a report.

import { channel } from "millrace";
import { describe, expect, test } from "vitest";
import { inline } from "../../../src/testing/report/inline.js";

class Job {
  readonly id = 1;
  private readonly _parts = ["a"];
  get parts(): readonly string[] {
    return this._parts;
  }
}
class Registry extends Map<string, number> {}
class Empty {}

const ring: { readonly name: string; next?: unknown } = { name: "ring" };
ring.next = { back: ring };
const shared = { a: 1 };

const rows: readonly [what: string, value: unknown, text: string][] = [
  ["a number", 5, "5"],
  ["minus zero", -0, "-0"],
  ["a big integer", 10n, "10n"],
  ["a string", 'say "hi"', '"say \\"hi\\""'],
  ["undefined", undefined, "undefined"],
  ["null", null, "null"],
  ["a symbol", Symbol("done"), "Symbol(done)"],
  ["a function", function handler() {}, "function handler"],
  ["an object", { seq: 1, bit: 0 }, '{"seq":1,"bit":0}'],
  ["an empty object", {}, "{}"],
  ["an object without a prototype", Object.assign(Object.create(null), { a: 1 }), '{"a":1}'],
  ["an object with a key that JSON escapes", { 'a"b': 1 }, '{"a\\"b":1}'],
  ["a nested object", { user: { name: "ann", tags: ["x"] } }, '{"user":{"name":"ann","tags":["x"]}}'],
  ["an array", [1, "a", null, undefined], '[1,"a",null,undefined]'],
  ["an instance of a class", new Job(), 'Job {"id":1,"_parts":["a"]}'],
  ["an instance without fields", new Empty(), "Empty"],
  [
    "a map",
    new Map<unknown, unknown>([
      ["a", 1],
      [{ b: 2 }, 3],
    ]),
    'Map {"a" => 1,{"b":2} => 3}',
  ],
  ["a subclass of map", new Registry([["a", 1]]), 'Registry {"a" => 1}'],
  ["a set", new Set([1, 2]), "Set {1,2}"],
  ["a typed array", new Uint8Array([1, 2]), "Uint8Array [1,2]"],
  ["a view", new DataView(new ArrayBuffer(8)), "DataView (8 bytes)"],
  ["a date", new Date(0), "Date 1970-01-01T00:00:00.000Z"],
  ["an invalid date", new Date(Number.NaN), "Date (invalid)"],
  ["a regular expression", /a+/g, "/a+/g"],
  ["an error", new RangeError("too many"), "RangeError: too many"],
  ["a channel in an object", { reply: channel(0, { name: "replies" }) }, '{"reply":replies}'],
  ["an object that holds itself", ring, '{"name":"ring","next":{"back":[circular]}}'],
  ["an object that occurs twice", [shared, shared], '[{"a":1},{"a":1}]'],
  [
    "an object with a getter",
    {
      get now() {
        return 1;
      },
    },
    '{"now":(getter)}',
  ],
  [
    "a value that throws when it is looked at",
    new Proxy(
      {},
      {
        ownKeys: () => {
          throw new Error("no");
        },
      },
    ),
    "an object (Object)",
  ],
];

describe("a value in a report", () => {
  test.each(rows)("%s is shown in short", (_, value, text) => {
    expect(inline(value)).toBe(text);
  });

  const long: readonly [what: string, value: unknown, start: string][] = [
    ["string", "x".repeat(500), '"xxx'],
    ["array", Array.from({ length: 10_000 }, (_, at) => at), "[0,1,2"],
    ["object", Object.fromEntries(Array.from({ length: 10_000 }, (_, at) => [`key${at}`, at])), '{"key0":0,"key1":1'],
    ["map", new Map(Array.from({ length: 10_000 }, (_, at) => [at, at])), "Map {0 => 0,1 => 1"],
    ["typed array", new Float64Array(10_000), "Float64Array [0,0"],
    ["nested object", { a: { b: { c: { d: { e: { f: 1 } } } } } }, '{"a":{"b":{"c":{"d":…'],
  ];
  test.each(long)("a long %s is cut, with an ellipsis for the rest", (_, value, start) => {
    const text = inline(value);
    expect(text.startsWith(start)).toBe(true);
    expect(text).toContain("…");
    expect(text.length).toBeLessThan(70);
  });
});

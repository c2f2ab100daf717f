import { expect, test } from "vitest";
import {
  callSite,
  capturedFrames,
  captureStack,
  framesOf,
  isOfProgram,
  placeIn,
} from "../../src/scheduler/call-site.js";

const stacks: readonly (readonly [engine: string, stack: unknown, frame: string | undefined])[] = [
  [
    "V8",
    "Error\n    at callSite (file:///m.js:1:9)\n    at go (file:///m.js:2:3)\n    at user (file:///app.js:7:11)",
    "at user (file:///app.js:7:11)",
  ],
  [
    "V8, code outside functions",
    "Error\n    at callSite (m.js:1:9)\n    at go (m.js:2:3)\n    at file:///app.js:7:11",
    "at file:///app.js:7:11",
  ],
  [
    "V8, an error with a name of its own",
    "Error: \n    at callSite (m.js:1:9)\n    at go (m.js:2:3)\n    at async app.js:7:1",
    "at async app.js:7:1",
  ],
  [
    "Bun",
    "Error: \n    at callSite (/m.js:1:9)\n    at go (/m.js:2:3)\n    at user (/app.js:7:11)",
    "at user (/app.js:7:11)",
  ],
  [
    "Firefox",
    "callSite@https://a.example/m.js:1:9\ngo@https://a.example/m.js:2:3\nuser@https://a.example/app.js:7:11\n",
    "user@https://a.example/app.js:7:11",
  ],
  [
    "Firefox, a function without a name",
    "callSite@https://a.example/m.js:1:9\ngo@https://a.example/m.js:2:3\n@https://a.example/app.js:7:11\n",
    "@https://a.example/app.js:7:11",
  ],
  [
    "Firefox, an address with an at sign",
    "callSite@https://a.example/@m/m.js:1:9\ngo@https://a.example/@m/m.js:2:3\nuser@https://a.example/@b/app.js:7:11\n",
    "user@https://a.example/@b/app.js:7:11",
  ],
  [
    "Safari",
    "callSite@https://a.example/m.js:1:9\ngo@https://a.example/m.js:2:3\nuser@https://a.example/app.js:7:11",
    "user@https://a.example/app.js:7:11",
  ],
  [
    "Safari, code of a module",
    "callSite@https://a.example/m.js:1:9\ngo@https://a.example/m.js:2:3\nmodule code@https://a.example/app.js:7:11",
    "module code@https://a.example/app.js:7:11",
  ],
  [
    "Safari, a function without a name",
    "callSite@https://a.example/m.js:1:9\ngo@https://a.example/m.js:2:3\nhttps://a.example/app.js:7:11",
    "https://a.example/app.js:7:11",
  ],
  [
    "Safari, a minified package",
    "https://a.example/m.js:1:9\nhttps://a.example/m.js:1:30\nhttps://a.example/app.js:7:11\nforEach@[native code]",
    "https://a.example/app.js:7:11",
  ],
  [
    "Hermes",
    "Error\n    at callSite (address at main.bundle:1:9)\n    at go (address at main.bundle:1:20)\n    at user (address at main.bundle:1:30)",
    "at user (address at main.bundle:1:30)",
  ],
  ["no frames (--stack-trace-limit=0)", "Error", undefined],
  ["too few frames", "Error\n    at callSite (m.js:1:9)", undefined],
  ["no stacks", undefined, undefined],
  ["stacks that a program has replaced by objects", [{ getFileName: () => "app.js" }], undefined],
  ["an empty stack", "", undefined],
];

test.each(stacks)("the line that called the package is found in a stack of %s", (_, stack, frame) => {
  expect(framesOf(stack)[2]).toBe(frame);
});

test("callSite() names the line of the caller's caller on this engine", () => {
  function go(): string | undefined {
    const site = callSite();
    return site;
  }
  function user(): string | undefined {
    const site = go();
    return site;
  }
  expect(user()).toMatch(/user.*call-site\.test/);
});

test.each([
  ["returns no string", () => ({})],
  ["returns its frames", (_: Error, frames: unknown) => frames],
  [
    "throws",
    () => {
      throw new Error("prepareStackTrace");
    },
  ],
])("callSite() is undefined, and stacks keep their length, while Error.prepareStackTrace %s", (_, prepare) => {
  const { prepareStackTrace, stackTraceLimit } = Error;
  if (stackTraceLimit === undefined) return expect(callSite()).toBeDefined();
  Error.prepareStackTrace = prepare as typeof Error.prepareStackTrace;
  try {
    const site = callSite();
    expect(typeof site === "string" || site === undefined).toBe(true);
  } finally {
    Error.prepareStackTrace = prepareStackTrace;
  }
  expect(Error.stackTraceLimit).toBe(stackTraceLimit);
});

test("a file of the package is known as a path and as a URL, as tools that compile modules mix the two", () => {
  // The innermost frame is that of `captureStack` itself.
  const place = placeIn(capturedFrames(captureStack(1))[0]!)!;
  const places = place.startsWith("/") ? [place, `file://${place}`] : [place];
  expect(places.filter((each) => isOfProgram(`at run (${each})`))).toEqual([]);
  expect([isOfProgram("at main (file:///app.js:1:1)"), isOfProgram("at main (/app.js:1:1)")]).toEqual([true, true]);
});

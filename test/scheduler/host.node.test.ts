// Hosts that lack something, or whose functions throw: each in a process of its own.

import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";

const dist = new URL("../../dist/index.js", import.meta.url).href;

const hosts: readonly (readonly [lacks: string, setup: string, flags?: readonly string[]])[] = [
  ["nothing", ""],
  ["setImmediate", "delete globalThis.setImmediate;"],
  ["a setImmediate that does not throw", 'globalThis.setImmediate = () => { throw new Error("not supported"); };'],
  ["setImmediate and MessageChannel", "delete globalThis.setImmediate; delete globalThis.MessageChannel;"],
  ["performance", "delete globalThis.performance;"],
  ["WeakRef and FinalizationRegistry", "delete globalThis.WeakRef; delete globalThis.FinalizationRegistry;"],
  ["intrinsics that can be changed", "", ["--frozen-intrinsics", "--no-warnings"]],
];

/** Hands over values, sleeps, selects, computes for longer than a slice of time, and awaits in plain code. */
const program = `
  const m = await import(${JSON.stringify(dist)});
  const numbers = m.channel();
  let ticks = 0;
  const timer = setInterval(() => ticks++, 1);
  m.go(function* () {
    for (let n = 0; n < 50_000; n++) yield* numbers.send(n);
    numbers.close();
  });
  const sum = await m.go(function* () {
    let sum = 0;
    for (let n; (n = yield* numbers.receive()) !== m.CLOSED; ) sum += n;
    return sum;
  });
  const { key } = await m.select({ silent: m.channel(), late: m.sleep(5) });
  clearInterval(timer);
  console.log(sum, key, ticks > 0, await m.run(function* () { yield* m.sleep(1); return "done"; }));
`;

test.each(hosts.filter(([lacks]) => !lacks.startsWith("WeakRef")))(
  "go blocks, timers and run() work on a host that lacks %s",
  (_, setup, flags = []) => {
    const out = execFileSync(process.execPath, [...flags, "--input-type=module", "-e", setup + program], {
      encoding: "utf8",
      timeout: 30_000,
    });
    expect(out.trim()).toBe("1249975000 late true done");
  },
);

test("go blocks and timers work on a host that lacks WeakRef; only run() needs one", () => {
  const [, setup] = hosts.find(([lacks]) => lacks.startsWith("WeakRef"))!;
  const without = program.replace(/await m\.run\(.*\)\);/, '"done");');
  const out = execFileSync(process.execPath, ["--input-type=module", "-e", setup + without], {
    encoding: "utf8",
    timeout: 30_000,
  });
  expect(out.trim()).toBe("1249975000 late true done");
});

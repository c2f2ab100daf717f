// What the examples start ends with them.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";

test.each([
  ["a child that runs", false],
  ["a child that is stopped", true],
])("%s ends when its parent is killed", async (_, stopped) => {
  const program = fileURLToPath(new URL("parent.ts", import.meta.url));
  const parent = spawn(process.execPath, ["--import", "tsx", program], { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = (await once(createInterface({ input: parent.stdout }), "line")) as [string];
  const [port, id] = line.split(" ").map(Number) as [number, number];
  onTestFinished(() => {
    try {
      process.kill(id, "SIGKILL");
    } catch {
      // It has ended.
    }
  });
  const socket = connect(port, "127.0.0.1");
  await once(socket, "connect");
  // The end of a process may look like a fault of its connections, at which `once` would throw.
  const closed = new Promise((resolve) => socket.on("error", () => {}).once("close", resolve));
  if (stopped) process.kill(id, "SIGSTOP");
  parent.kill("SIGKILL");
  expect(await closed).toBeTypeOf("boolean");
});

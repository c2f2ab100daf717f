// D12: a process lives while an operation waits for the other side, and ends when all channels are idle.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const file = fileURLToPath(new URL("life.ts", import.meta.url));

async function outcome(kind: string): Promise<{ code: number; text: string }> {
  const child = spawn(process.execPath, ["--import", "tsx", file, kind], { stdio: ["ignore", "pipe", "pipe"] });
  let text = "";
  for (const output of [child.stdout, child.stderr]) {
    output.setEncoding("utf8");
    output.on("data", (part: string) => {
      text += part;
    });
  }
  const [code] = (await once(child, "close")) as [number];
  return { code, text: text.trim() };
}

test.each([
  ["idle", "ready"],
  ["receive", "a word"],
  ["lost", "PeerLostError"],
])(
  "D12: a process with a connection that is %s ends by itself, and not before it is done (RM-10)",
  async (kind, text) => {
    expect(await outcome(kind)).toEqual({ code: 0, text });
  },
);

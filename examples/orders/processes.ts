// Starts each part as a process of its own, on a NATS server that is started for them.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Running } from "./start.ts";
import { PARTS, type PartName } from "./system.ts";

export async function startProcesses(folder: string, scale: number): Promise<Running> {
  const started: ChildProcess[] = [];
  const stop = async (): Promise<void> => {
    for (const child of started.toReversed()) await ended(child);
    process.off("exit", killAll);
  };
  // If this process ends by a fault, no other one is left behind.
  const killAll = (): void => {
    for (const child of started) child.kill("SIGKILL");
  };
  process.once("exit", killAll);
  try {
    const servers = await startNats(folder, started);
    // The front is the last part. It may be open before the services are: what it is asked for waits on the bus.
    const lines = await Promise.all(PARTS.map((name) => startPart(name, servers, folder, scale, started)));
    const what = `Three services and a front, each a process, on ${servers}`;
    return { what, url: lines.at(-1)!, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startPart(
  name: PartName,
  servers: string,
  folder: string,
  scale: number,
  started: ChildProcess[],
): Promise<string> {
  const program = fileURLToPath(new URL("process.ts", import.meta.url));
  const child = spawn(process.execPath, ["--import", "tsx", program, name, servers, folder, String(scale)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  started.push(child);
  return firstLine(name, child);
}

/** Starts a server of its own, on a free port, with its files in the folder. */
async function startNats(folder: string, started: ChildProcess[]): Promise<string> {
  // Debian's is not in the path of every user.
  const places = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin"].map((place) => join(place, "nats-server"));
  const server = [process.env.NATS_SERVER, ...places].find((place) => place !== undefined && existsSync(place));
  if (server === undefined)
    throw new Error(
      "Cannot start the services: there is no nats-server. On Debian and Ubuntu: apt-get install nats-server. Elsewhere: docs.nats.io, and NATS_SERVER is its path",
    );
  const port = await freePort();
  const child = spawn(server, ["-a", "127.0.0.1", "-p", String(port), "-js", "-sd", join(folder, "nats")], {
    stdio: "pipe",
  });
  started.push(child);
  for await (const text of child.stderr!) if (String(text).includes("Server is ready")) break;
  child.stderr!.resume();
  return `nats://127.0.0.1:${port}`;
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

async function firstLine(name: string, child: ChildProcess): Promise<string> {
  const [printed] = (await Promise.race([once(child.stdout!, "data"), once(child, "exit")])) as [
    Buffer | number | null,
  ];
  if (!(printed instanceof Buffer)) throw new Error(`Cannot start ${name}: it ended with ${printed}`);
  return printed.toString().trim();
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGTERM");
  await once(child, "exit");
}

// Starts each part as a process of its own, on a NATS server that is started for them.

import { join } from "node:path";
import { freePort, Processes } from "../shared/processes.ts";
import type { Running } from "./start.ts";
import { PARTS } from "./system.ts";

const PROGRAM = new URL("process.ts", import.meta.url);

export async function startProcesses(folder: string, scale: number): Promise<Running> {
  const processes = new Processes();
  try {
    const port = await freePort();
    await processes.nats({ port, folder: join(folder, "nats") });
    const servers = `nats://127.0.0.1:${port}`;
    // The front is the last part. It may be open before the services are: what it is asked for waits on the bus.
    const parts = await Promise.all(
      PARTS.map((name) => processes.program(PROGRAM, [name, servers, folder, String(scale)])),
    );
    const what = `Three services and a front, each a process, on ${servers}`;
    return { what, url: parts.at(-1)!.line, [Symbol.asyncDispose]: () => processes[Symbol.asyncDispose]() };
  } catch (error) {
    await processes[Symbol.asyncDispose]();
    throw error;
  }
}

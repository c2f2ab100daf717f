// Starts the search services: each is a process of its own, with a free port on 127.0.0.1.

import { type ChildProcess, type ForkOptions, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { ENGINES } from "./engines.ts";
import { readFeatures } from "./features.ts";
import type { Service } from "./service.ts";

const SERVER = fileURLToPath(new URL("server.ts", import.meta.url));
const OPTIONS: ForkOptions = { execArgv: ["--import", "tsx"], serialization: "advanced" };

/** The running services. Disposing of it stops them. */
export interface Services extends AsyncDisposable {
  all: Service[];
}

/** Starts all services, and resolves when all of them accept questions. */
export async function startServices(): Promise<Services> {
  const processes = Object.keys(ENGINES).map((name) => fork(SERVER, [name], OPTIONS));
  const close = () => Promise.all(processes.map(stop)).then(() => {});
  try {
    const features = readFeatures(); // read once for all processes, while they start
    for (const child of processes) child.send(features);
    const ports = await Promise.all(processes.map(portOf));
    const all = Object.entries(ENGINES).map(([name, { description, hasIndex }], index) => {
      return { name, description, hasIndex, url: `http://127.0.0.1:${ports[index]}` };
    });
    await Promise.all(all.map(connect));
    return { all, [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Opens a connection in advance, so that the first race does not measure the time to connect. */
async function connect({ url }: Service): Promise<void> {
  await (await fetch(url)).text();
}

/** The port is the first message that a server sends. */
async function portOf(child: ChildProcess): Promise<number> {
  const first = await Promise.race([once(child, "message"), once(child, "exit").then(() => null)]);
  if (first === null)
    throw new Error(`Cannot start ${child.spawnargs.at(-1)}: its process ended with ${child.exitCode}`);
  return first[0] as number;
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, "exit");
  if (child.connected) child.disconnect();
  await exit;
}

// The search services, each a process of its own on a free port of the loopback interface.

import { type ChildProcess, type ForkOptions, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { ENGINES } from "./engines/index.ts";
import { readFeatures } from "./feature.ts";
import type { Service } from "./service.ts";

const SERVER = fileURLToPath(new URL("server.ts", import.meta.url));
const OPTIONS: ForkOptions = { execArgv: ["--import", "tsx"], serialization: "advanced" };

export interface Services extends AsyncDisposable {
  all: Service[];
}

/** Starts every service, and resolves when all of them take questions. */
export async function openServices(): Promise<Services> {
  const processes = Object.keys(ENGINES).map((name) => fork(SERVER, [name], OPTIONS));
  const close = () => Promise.all(processes.map(stop)).then(() => {});
  try {
    const features = readFeatures(); // once for all, while their processes start
    for (const child of processes) child.send(features);
    const ports = await Promise.all(processes.map(port));
    const all = Object.entries(ENGINES).map(([name, { manner, prepared }], index) => {
      return { name, manner, prepared, url: `http://127.0.0.1:${ports[index]}` };
    });
    await Promise.all(all.map(knock));
    return { all, [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Opens a connection, so that the first race measures searching and not connecting. */
async function knock({ url }: Service): Promise<void> {
  await (await fetch(url)).text();
}

async function port(child: ChildProcess): Promise<number> {
  const first = await Promise.race([once(child, "message"), once(child, "exit").then(() => null)]);
  if (first === null)
    throw new Error(`Cannot start ${child.spawnargs.at(-1)}: its process ended with ${child.exitCode}`);
  return first[0] as number;
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "exit");
  if (child.connected) child.disconnect();
  await gone;
}

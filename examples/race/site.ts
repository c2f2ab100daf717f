import { readFile } from "node:fs/promises";
import { type Content, pageFile, send } from "../shared/page.ts";
import { type LocalServer, openServer } from "../shared/server.ts";
import type { Service } from "./service.ts";

const PAGE = new URL("page/", import.meta.url);

/** Serves the page on 127.0.0.1; port 0 takes a free one. */
export function openSite(services: Service[], port: number): Promise<LocalServer> {
  return openServer(({ url = "/" }, response) => {
    send(response, find(new URL(url, "http://127.0.0.1").pathname, services));
  }, port);
}

async function find(path: string, services: Service[]): Promise<Content | undefined> {
  if (path === "/services.json") return ["application/json", JSON.stringify(services)];
  if (path === "/race.ts") return ["text/plain; charset=utf-8", await readFile(new URL("race.ts", import.meta.url))];
  return pageFile(PAGE, path);
}

// What a page of the tests connects to: a server of another origin, with a page for frames, and web sockets that are joined in pairs.

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";
import type { TestProject } from "vitest/node";
import { type WebSocket, WebSocketServer } from "ws";

declare module "vitest" {
  interface ProvidedContext {
    /** The address of the server. */
    farSide: string;
  }
}

export default async function setup(project: TestProject): Promise<() => void> {
  const entry = fileURLToPath(new URL("../remote/page/frame.ts", import.meta.url));
  const built = buildSync({ entryPoints: [entry], bundle: true, format: "esm", write: false });
  const script = built.outputFiles[0]!.text.replaceAll("</script", "<\\/script");
  const page = `<!doctype html><script type="module">${script}</script>`;
  const http = createServer((_, answer) => {
    answer.setHeader("access-control-allow-origin", "*");
    answer.setHeader("content-type", "text/html").end(page);
  });
  const waiting = new Map<string, WebSocket>();
  new WebSocketServer({ server: http }).on("connection", (socket, { url = "" }) => {
    const other = waiting.get(url);
    if (other === undefined) {
      waiting.set(url, socket);
      // What comes before the other one is there must not be lost.
      socket.pause();
      return;
    }
    waiting.delete(url);
    for (const [from, to] of [
      [socket, other],
      [other, socket],
    ] as const) {
      from.on("message", (data) => to.send(String(data)));
      from.on("close", () => to.close());
    }
    other.resume();
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  project.provide("farSide", `http://127.0.0.1:${(http.address() as AddressInfo).port}`);
  return () => {
    http.close();
    http.closeAllConnections();
  };
}

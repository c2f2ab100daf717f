// The worker: the answer to its one question is a channel of digests. When the page cancels the channel, the work stops.

import { pipeline, type ReceiveChannel } from "millrace";
import { expose } from "millrace/worker";
import type { Digest } from "./digest.ts";

/** Compresses a file as a web server would, and hashes what comes out. */
async function digest(at: number): Promise<Digest> {
  const content = await (await fetch(`/files/${at}`)).blob();
  const packed = await new Response(content.stream().pipeThrough(new CompressionStream("gzip"))).arrayBuffer();
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", packed));
  const hex = Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return { at, bytes: content.size, packed: packed.byteLength, hash: hex };
}

expose((connection) => {
  connection.serve(
    "digests",
    (count: number): ReceiveChannel<Digest> => pipeline(1, Array.from({ length: count }).keys(), digest),
  );
});

// The stage in each thread: reads a file, compresses it as a web server would, and hashes what comes out.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { brotliCompressSync, constants } from "node:zlib";
import { exposeStage } from "millrace/worker";

const params = { [constants.BROTLI_PARAM_QUALITY]: 6 };

/** @param {string} path */
function digest(path) {
  const content = readFileSync(path);
  const packed = brotliCompressSync(content, { params });
  const hash = createHash("sha256").update(packed).digest("hex");
  return { path, bytes: content.length, packed: packed.length, hash };
}

exposeStage(digest);

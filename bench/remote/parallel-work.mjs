// The work of bench/remote/parallel.mjs, which all contenders share. Its exports are tasks of piscina.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { brotliCompressSync, constants } from "node:zlib";

const params = { [constants.BROTLI_PARAM_QUALITY]: 5 };

/** Compresses a file and hashes the result. */
export function digest(path) {
  return createHash("sha256")
    .update(brotliCompressSync(readFileSync(path), { params }))
    .digest("hex");
}

/** Computes a fixed amount: a clock would count the time in which another thread has the processor. */
export function spin(rounds) {
  let sum = 0;
  for (let n = 0; n < rounds; n++) sum = (sum * 31 + n) | 0;
  return sum;
}

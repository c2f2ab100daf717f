/**
 * Channels and Node's streams. Both sides wait for each other: a stream is read only as fast as values are received, and a
 * value is received only when the stream has room.
 *
 * @module millrace/node
 */

export { fromReadable } from "./node/from-readable.js";
export { type LinesOptions, lines } from "./node/lines.js";
export { type ReadableOptions, toReadable } from "./node/to-readable.js";
export { toWritable, type WritableOptions } from "./node/to-writable.js";

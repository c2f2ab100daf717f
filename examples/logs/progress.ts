import { Presets, SingleBar } from "cli-progress";
import { CLOSED, type Closed, type ReceiveChannel, type Routine, sample } from "millrace";

/** Shows how many bytes have been read, until the channel is closed: as a bar on a terminal, elsewhere as plain lines. */
export function* showProgress(read: ReceiveChannel<number>, total: number, to: NodeJS.WriteStream): Routine<void> {
  yield* to.isTTY ? bar(sample(read, 80), total, to) : lines(sample(read, 1000), total, to);
}

function* bar(read: ReceiveChannel<number>, total: number, stream: NodeJS.WriteStream): Routine<void> {
  const format = "  {bar} {percentage} % of {size}, {eta_formatted} left";
  const bar = new SingleBar({ stream, format, clearOnComplete: true, hideCursor: true }, Presets.shades_classic);
  bar.start(total, 0, { size: megabytes(total) });
  try {
    for (let bytes: number | Closed; (bytes = yield* read.receive()) !== CLOSED; ) bar.update(bytes);
  } finally {
    bar.stop();
  }
}

function* lines(read: ReceiveChannel<number>, total: number, to: NodeJS.WriteStream): Routine<void> {
  for (let bytes: number | Closed; (bytes = yield* read.receive()) !== CLOSED; ) {
    to.write(`read ${megabytes(bytes)} of ${megabytes(total)}\n`);
  }
}

export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

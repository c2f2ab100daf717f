// The page: a worker does the work, and its channel stands in a select with the clicks on the button.

import { CLOSED, forEach, fromEvent, go, type ReceiveChannel, type Routine, select, settled } from "millrace";
import { type Worker, worker } from "millrace/worker";
import { byId, element } from "../../shared/dom.ts";
import type { Digest } from "./digest.ts";

const page = byId("page", HTMLElement);
const button = byId("button", HTMLButtonElement);
const bar = byId("bar", HTMLProgressElement);
const status = byId("status", HTMLElement);
const list = byId("digests", HTMLElement);
const frame = byId("frame", HTMLElement);

const KEPT = 10;

type Ending = "done" | "cancelled";

go(main).catch((error: unknown) => {
  status.textContent = String(error);
});
go(drawing);

function* main(): Routine<void> {
  const names = (yield* settled(fetch("/files.json").then((response) => response.json()))) as string[];
  const hasher = worker(new URL("/worker.js", location.href), { name: "the hasher" });
  const clicks = fromEvent(button, "click");
  button.disabled = false;
  status.textContent = `${names.length} files`;
  yield* forEach(clicks, function* () {
    page.dataset.state = "running";
    button.textContent = "Cancel";
    page.dataset.state = yield* digestAll(hasher, names, clicks);
    button.textContent = "Start again";
  });
}

/** Shows each digest as it comes, until all are here or the button is clicked. */
function* digestAll(hasher: Worker, names: readonly string[], clicks: ReceiveChannel<Event>): Routine<Ending> {
  const digests = yield* hasher.connection.ask<number, ReceiveChannel<Digest>>("digests", names.length);
  let done = 0;
  let bytes = 0;
  let packed = 0;
  list.replaceChildren();
  for (;;) {
    const { key, value } = yield* select({ clicks, digests }, { mode: "priority" });
    if (key === "clicks") {
      digests.cancel();
      status.textContent = `Cancelled after ${done} of ${names.length} files.`;
      return "cancelled";
    }
    if (value === CLOSED) {
      status.textContent = `${done} files, ${megabytes(bytes)}, ${megabytes(packed)} compressed.`;
      return "done";
    }
    done++;
    bytes += value.bytes;
    packed += value.packed;
    bar.value = done / names.length;
    status.textContent = `${done} of ${names.length} files`;
    show(names[value.at]!, value);
  }
}

function show(name: string, { bytes, packed, hash }: Digest): void {
  const percent = bytes === 0 ? 100 : Math.round((100 * packed) / bytes);
  const line = [element("span", "name", name), element("span", "percent", `${percent} %`)];
  list.prepend(element("li", "digest", ...line, element("code", "hash", hash)));
  while (list.children.length > KEPT) list.lastElementChild!.remove();
}

/** Shows that the page draws all the time: the longest time from one frame to the next. */
function* drawing(): Routine<void> {
  let longest = 0;
  for (let last = yield* nextFrame(); ; ) {
    const now = yield* nextFrame();
    if (page.dataset.state === "running") longest = Math.max(longest, now - last);
    last = now;
    frame.textContent = `${longest.toFixed(0)} ms`;
  }
}

function nextFrame() {
  return settled(new Promise<number>((resolve) => requestAnimationFrame(resolve)));
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

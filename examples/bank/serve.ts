// Runs a tree as a process until SIGTERM or SIGINT. The tree stops within its graces; the exit code says how it ended: 0 if it was
// asked to stop and did, 1 if it did not start, gave up, or had to end a child by force.

import { once } from "node:events";
import { select, settled } from "millrace";
import { type Supervisor, supervise } from "millrace/supervise";

/** Resolves to the exit code. A second signal ends the process at once. */
export async function serve(tree: Supervisor): Promise<number> {
  const stopped = Promise.race(["SIGTERM", "SIGINT"].map((signal) => once(process, signal)));
  const ended = tree.exited();
  const { key } = await select({ ended, stopped: settled(stopped) });
  if (key === "stopped") await tree.stop("the process is asked to end");
  let forced = false;
  for (let event; typeof (event = tree.events.tryReceive()) === "object"; ) {
    if (event.type === "shutdown-error") forced = true;
    if (event.type === "gave-up" || event.type === "shutdown-error") console.error(event.type, event.path.join("/"));
  }
  return key === "stopped" && !forced ? 0 : 1;
}

if (process.argv[1] === import.meta.filename) {
  // For the test: a tree whose child takes as long to stop as the first argument says, or gives up if it says so. The second one is its grace.
  const [, , way = "10", grace = "300"] = process.argv;
  const tree = supervise({
    *worker() {
      if (way === "fails") throw new Error("no disk");
      yield* settled(new Promise(() => {}));
    },
    server: {
      async body({ signal }) {
        const open = setInterval(() => {}, 1_000);
        await once(signal, "abort");
        if (Number(way) > 0) await new Promise((resolve) => setTimeout(resolve, Number(way)));
        clearInterval(open);
        console.log("closed");
      },
      shutdown: Number(grace),
    },
  });
  tree.ready().then(
    () => console.log("ready"),
    (error) => console.log(String(error)),
  );
  process.exit(await serve(tree));
}

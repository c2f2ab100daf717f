// Work in parallel, and work that is repeated or shared.

import { flatPipeline, group, once, pipeline, retry, type SendChannel, singleflight, sleep, workers } from "millrace";
import { letters, type Scene, scene } from "../scene.ts";

const SLOW = { a: 70, b: 30, c: 40, d: 30, e: 20 };

export const scenes: readonly Scene[] = [
  scene({
    name: "pipeline",
    says: "At most two values are in progress, and the order of the source is kept: b is ready first, and waits for a.",
    inputs: { urls: letters("-abcde|") },
    run({ urls }, stage) {
      const load = stage.job<string>("load", 2, SLOW);

      // shown
      return pipeline(2, urls, load);
    },
  }),
  scene({
    name: "pipeline-unordered",
    says: "Without ordering, each result comes out when it is ready.",
    inputs: { urls: letters("-abcde|") },
    run({ urls }, stage) {
      const load = stage.job<string>("load", 2, SLOW);

      // shown
      return pipeline(2, urls, load, { ordered: false });
    },
  }),
  scene({
    name: "flat-pipeline",
    says: "Each value has any number of results. The results of a value come out together, in the order of the source.",
    inputs: { pages: letters("-ab|") },
    run({ pages }) {
      const links = function* (page: string, out: SendChannel<string>) {
        for (const n of [1, 2]) {
          yield* sleep(page === "a" ? 50 : 20);
          yield* out.send(page + n);
        }
      };

      // shown
      return flatPipeline(2, pages, links);
    },
    frames: 16,
  }),
  scene({
    name: "workers",
    says: "Each of two tasks takes the next value when it is done with the previous one.",
    inputs: { jobs: letters("-abcde|") },
    run({ jobs }, stage) {
      const upload = stage.job<string>("worker", 2, SLOW);
      const body = function* (job: string) {
        yield* upload(job);
      };

      // shown
      const all = workers(2, jobs, body);

      stage.task("all", 0, function* (pen) {
        yield* pen.wait(all);
        pen.end();
      });
    },
  }),
  scene({
    name: "group",
    says:
      "At most two tasks run at a time, so c waits until a has ended. When b fails, c is cancelled, and the task that " +
      "waits for the group gets the error.",
    run(_, stage) {
      const tasks = group({ limit: 2 });

      const lines = { a: stage.pen("a"), b: stage.pen("b"), c: stage.pen("c") };
      const times = { a: 60, b: 120, c: 110 };
      stage.task("tasks.wait()", 0, function* (pen) {
        for (const name of ["a", "b", "c"] as const) {
          const work = tasks.go(function* () {
            let left = true;
            try {
              yield* lines[name].has(times[name]);
              left = false;
              if (name === "b") {
                lines.b.end("failed");
                throw new Error("failed");
              }
            } finally {
              if (left) lines[name].end("cancelled");
            }
          });
          yield* lines[name].wait(work);
        }
        yield* pen.wait(tasks.wait());
      });
    },
  }),
  scene({
    name: "retry",
    says: "A failed attempt is repeated, after longer and longer delays, until an attempt succeeds.",
    run(_, stage) {
      const attempts = stage.pen("attempts");
      const ask = function* (n: number) {
        yield* attempts.has(20, String(n));
        if (n < 3) throw new Error("busy");
        return "ok";
      };

      // shown
      const answer = retry(ask, { delay: 20, factor: 2, jitter: "none" });

      stage.task("answer", 0, function* (pen) {
        pen.value(yield* pen.wait(answer));
      });
    },
  }),
  scene({
    name: "once",
    says: "The value is made once, when it is first needed. Every request, then and later, gets the same value.",
    run(_, stage) {
      const connect = stage.job<string>("connect", 1, { db: 70 });
      const open = () => connect("db");

      // shown
      const connected = once(open);

      for (const [name, from] of [["first", 20] as const, ["second", 50] as const, ["third", 150] as const]) {
        stage.task(name, from, function* (pen) {
          pen.value(yield* pen.wait(connected));
        });
      }
    },
  }),
  scene({
    name: "singleflight",
    says: "Requests for the same key at the same time share one load. A later request loads again.",
    run(_, stage) {
      const load = stage.job<string>("load", 2, { x: 70, y: 40 });

      // shown
      const user = singleflight(load);

      for (const [name, from, id] of [
        ["a", 20, "x"],
        ["b", 50, "x"],
        ["c", 60, "y"],
        ["d", 130, "x"],
      ] as const) {
        stage.task(name, from, function* (pen) {
          pen.value(yield* pen.wait(user(id)));
        });
      }
    },
  }),
];

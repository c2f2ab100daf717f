// The tables for newcomers are complete: every name that they know has its row.

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";

const page = (name: string): string => readFileSync(new URL(`../../docs/${name}`, import.meta.url), "utf8");

/** The first cells of all tables of a page, without its snippets. */
function firstCells(text: string): string[] {
  return text
    .replace(/^```[\s\S]*?^```/gm, "")
    .split("\n")
    .filter((line) => line.startsWith("| "))
    .map((line) => line.split(" | ")[0]!.slice(2).trim());
}

/** What stands in code in the first cells of a page's tables. */
const codes = (name: string): string[] =>
  firstCells(page(name)).flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, code]) => code!));

/** The first word of a form. */
const head = (form: string): string => form.replace("(", "").split(/[\s)]/)[0]!;

/** All public names of clojure.core.async, deprecated ones and the members of its protocols included. */
const CORE_ASYNC = `
  <! <!! >! >!! admix alt! alt!! alts! alts!! buffer chan close! defblockingop do-alt do-alts dropping-buffer filter< filter>
  fn-handler go go-loop into io-thread io-thread-exec ioc-alts! map map< map> mapcat< mapcat> merge Mix admix* solo-mode*
  toggle* unmix* unmix-all* mix Mult tap* untap* untap-all* mult Mux muxch* offer! onto-chan onto-chan! onto-chan!! partition
  partition-by pipe pipeline pipeline-async pipeline-blocking poll! promise-chan Pub sub* unsub* unsub-all* pub put! reduce
  remove< remove> sliding-buffer solo-mode split sub take take! tap thread thread-call timeout to-chan to-chan! to-chan!!
  toggle transduce unblocking-buffer? unique unmix unmix-all unsub unsub-all untap untap-all
`
  .trim()
  .split(/\s+/);

/** What Go programs use every day to run things at the same time. */
const GO = `
  make chan<- <-chan go close len cap range select default reflect.Select runtime.Gosched
  sync.Mutex mu.TryLock sync.RWMutex sync.WaitGroup wg.Go sync.Once sync.OnceFunc sync.OnceValue sync.OnceValues sync.Cond
  sync.Pool sync.Map atomic.Int64
  errgroup.Group g.Go g.TryGo g.SetLimit g.Wait errgroup.WithContext
  singleflight.Group semaphore.NewWeighted rate.NewLimiter
  context.Background context.WithCancel context.WithCancelCause context.WithTimeout context.WithDeadline context.AfterFunc
  context.WithValue context.WithoutCancel ctx.Done ctx.Err context.Cause
  time.Sleep time.After time.AfterFunc time.Tick time.NewTimer time.NewTicker
`
  .trim()
  .split(/\s+/);

describe("docs/from-core-async.md", () => {
  const named = codes("from-core-async.md").map(head);

  test.each(CORE_ASYNC)("has a row for %s", (name) => {
    expect(named).toContain(name);
  });
});

describe("docs/from-go.md", () => {
  const named = codes("from-go.md").flatMap((code) => code.split(/[\s()[\]{}:,]+/));

  test.each(GO)("has a row for %s", (name) => {
    expect(named).toContain(name);
  });
});

// The end of Node's event loop (rule EN-2). If the loop is empty, operations that plain code still awaits can never complete. Only
// the entry for Node loads this file, as no other host reports that its event loop is empty.

import { signals } from "../operation/bridge.js";
import type { Operation, WaitsFor } from "../operation/operation.js";
import type { PlainPerformance } from "../operation/plain-performance.js";
import { callSite } from "../scheduler/call-site.js";
import { native } from "../scheduler/host.js";
import { Layer, type MakeTask, type Parent } from "../scheduler/maker.js";
import { findMaker, install } from "../scheduler/makers.js";
import { scheduler } from "../scheduler/scheduler.js";
import { type Weak, weak } from "../structures/weak.js";
import type { Task } from "../task/task.js";
import { Member } from "./record.js";
import { deadlock } from "./report.js";

/** The number of tasks that are recorded with the line that started them; a stack trace costs more than a task. */
const TRACED = 256;
/** The least number of records at which the records of garbage are dropped. */
const SWEEP = 1024;

/** Milliseconds by which a process may end too late that waits for a signal of `AbortSignal.timeout`. */
const LINGER = 20;

/** Whether a signal was made by `AbortSignal.timeout`, or by `AbortSignal.any` of such a signal. Node marks these signals. */
function isTimeout(signal: AbortSignal): boolean {
  const marks = new Map(Object.getOwnPropertySymbols(signal).map((symbol) => [symbol.description, symbol]));
  const read = (mark: string): unknown => (signal as unknown as Record<symbol, unknown>)[marks.get(mark) ?? Symbol()];
  if (read("kTimeout") === true) return true;
  for (const source of (read("kSourceSignals") ?? []) as Iterable<WeakRef<AbortSignal>>) {
    const given = source.deref();
    if (given !== undefined && isTimeout(given)) return true;
  }
  return false;
}

/** The performances that have been parked for more than a turn of the host. They are garbage with what they wait for. */
class Awaiting {
  private readonly _records: Set<Weak<PlainPerformance<unknown>>>;
  private _sweepAt: number;

  constructor() {
    this._records = new Set();
    this._sweepAt = SWEEP;
  }

  add(performance: PlainPerformance<unknown>): void {
    this._records.add(weak(performance));
    if (this._records.size < this._sweepAt) return;
    for (const old of this._records) if (old.deref()?.parked !== true) this._records.delete(old);
    this._sweepAt = Math.max(SWEEP, this._records.size * 2);
  }

  all(): PlainPerformance<unknown>[] {
    return [...this._records]
      .map((record) => record.deref())
      .filter((performance) => performance?.parked === true) as PlainPerformance<unknown>[];
  }
}

/** Records what plain code awaits, and the first tasks outside closed programs, for the end of the event loop. */
class EndOfLoop extends Layer {
  private readonly _awaiting: Awaiting;
  private readonly _tasks: Set<Member>;
  private _traces: number;
  private _watches: boolean;
  private readonly _onStart: () => void;

  /** `onStart` is called before each task that is recorded with its line is started. */
  constructor(onStart: () => void) {
    super();
    this._onStart = onStart;
    this._awaiting = new Awaiting();
    this._tasks = new Set();
    this._traces = TRACED;
    this._watches = false;
  }

  override get callSite(): (() => string | undefined) | null {
    return this._traces > 0 ? callSite : super.callSite;
  }

  override start(
    body: unknown,
    args: unknown,
    parent: Parent | null,
    site: string | undefined,
    make: MakeTask,
  ): unknown {
    // Most tasks come here when all traces are taken: they pay for one call.
    if (this._traces === 0 && this.outer === null) return make(body as never, args as never, parent);
    if (this._traces > 0) this._onStart();
    const task = super.start(body, args, parent, site, make) as Task<unknown>;
    if (this._traces > 0 && parent?.program == null) {
      this._traces--;
      this._tasks.add((task.member = new Member(task, null, site)));
    }
    return task;
  }

  override waits(performance: unknown): void {
    this._watch();
    this._awaiting.add(performance as PlainPerformance<unknown>);
  }

  /** Whether a signal is aborted by a timer that does not keep the process alive. */
  isTimeout(signal: AbortSignal): boolean {
    if (!isTimeout(signal)) return false;
    this._watch();
    return true;
  }

  /** Called when the end of the event loop first matters, as tests replace the host before that. */
  private _watch(): void {
    if (this._watches) return;
    this._watches = true;
    scheduler.host.whenEmpty(() => this._loopIsEmpty());
  }

  private _loopIsEmpty(): void {
    if (signals.timeouts.size > 0) {
      // The timer of such a signal still fires, if there is another one that keeps the process alive.
      native.setTimer(() => {}, LINGER);
      return;
    }
    this._failAll();
  }

  private _failAll(): void {
    // What waits for a timer that does not keep the process alive is over with the process.
    const all = this._awaiting.all().filter(({ operation }) => !waitsInBackground(operation as Operation<unknown>));
    // A joined task may still end, once an `await` of something else has failed. So joins fail only if there is nothing else.
    const others = all.filter(({ operation }) => operation.waitsFor().joins !== true);
    const tasks = [...this._tasks].map(({ task }) => task).filter((task) => task?.status === "parked");
    for (const performance of others.length > 0 ? others : all) {
      const what = performance.operation.waitsFor().what;
      const headline = `Deadlock: the event loop is empty, and plain code still awaits ${what}`;
      performance.fail(deadlock(headline, tasks as Task<unknown>[]));
    }
  }
}

/** Whether an operation waits for a timer that does not keep the process alive, or joins a task that does. */
function waitsInBackground(operation: Operation<unknown>): boolean {
  const seen = new Set<unknown>();
  for (let at: Operation<unknown> | null = operation; at !== null && !seen.has(at); ) {
    const { background, joins, tasks }: WaitsFor = at.waitsFor();
    if (background === true) return true;
    seen.add(at);
    at = joins === true ? (tasks as Task<unknown>[])[0]!.parkedAt : null;
  }
  return false;
}

/** Installs the check once, however often the package is loaded. `onStart` is called before each of the first tasks is started. */
export function watchEndOfLoop(onStart: () => void): void {
  const installed = findMaker((maker): maker is EndOfLoop => "_failAll" in maker);
  if (installed !== null) return;
  const endOfLoop = new EndOfLoop(onStart);
  install(endOfLoop);
  signals.isTimeout = (signal) => endOfLoop.isTimeout(signal);
}

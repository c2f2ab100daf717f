// Warnings in development: of operations that are never performed, and of cancelled tasks whose code goes back.
//
// An operation counts as never performed only when it is garbage, so one that is kept for later is not reported. The stack is read
// only of operations that are not performed at once, and each line is reported once.

import type { Operation } from "../operation/operation.js";
import { upon } from "../operation/upon.js";
import { native } from "../scheduler/host.js";
import type { Notices } from "../scheduler/roles.js";
import { scheduler } from "../scheduler/scheduler.js";
import { captureOrigin, type Origin, originOf } from "../scheduler/user-frames.js";
import type { Task } from "../task/task.js";
import { describe, maker, observe, Watch } from "./unperformed.js";

/** An operation that was made. The note is held while the operation is not, so it must not refer to the operation. */
interface Note {
  /** The stack at which it was made; null once it has been read, as it refers to the operation until then. */
  captured: Error | null;
  /** Where the program made it; null if the package did. */
  origin: Origin | null;
  readonly task: WeakRef<Task<unknown>> | null;
  what: string;
  used: boolean;
  /** Whether its task was cancelled or has failed, so that the code that performs it was not reached. */
  excused: boolean;
}

/** What a host may offer. */
interface Around {
  readonly process?: {
    readonly env?: Readonly<Record<string, string | undefined>>;
    readonly emitWarning?: (message: string, name: string) => void;
    readonly getBuiltinModule?: (name: string) => Readonly<Record<string, (argument: string) => unknown>> | undefined;
  };
}

class Warnings extends Watch implements Disposable {
  private readonly _outer: Notices | null;
  private readonly _observing: Disposable;
  private readonly _notes: WeakMap<Operation<unknown>, Note>;
  private readonly _registry: FinalizationRegistry<Note>;
  private readonly _told: Set<string>;
  /** The operations that were made since the last microtask of this object. Most of them are performed at once. */
  private _young: Operation<unknown>[];

  constructor() {
    super();
    this._outer = scheduler.notices;
    this._observing = observe();
    this._notes = new WeakMap();
    this._registry = new FinalizationRegistry((note) => this._judge(note));
    this._told = new Set();
    this._young = [];
    scheduler.notices = this;
  }

  [Symbol.dispose](): void {
    if (scheduler.notices === this) scheduler.notices = this._outer;
    this._observing[Symbol.dispose]();
  }

  protected noted(operation: Operation<unknown>): void {
    const task = maker();
    const ref = task === null ? null : new WeakRef(task);
    this._notes.set(operation, {
      ...{ captured: captureOrigin(), origin: null, task: ref },
      ...{ what: "operation", used: false, excused: false },
    });
    if (this._young.push(operation) === 1) native.microtask(() => this._sort());
  }

  protected performed(operation: Operation<unknown>): void {
    const note = this._notes.get(operation);
    if (note !== undefined) note.used = true;
  }

  override wentBack(task: string): void {
    const rule = "a loop over a routine that parks in its `finally` goes on after the task was cancelled, and is ended";
    this._warn(
      `back ${task}`,
      `Task ${task} was cancelled, and its code went back: ${rule}. Park only in a \`finally\` of the task itself.`,
    );
  }

  /** Registers the operations that have not been performed yet. */
  private _sort(): void {
    const young = this._young;
    this._young = [];
    for (const operation of young) {
      const note = this._notes.get(operation);
      if (note === undefined || note.used) continue;
      note.origin = originOf(note.captured!);
      note.captured = null;
      if (note.origin === null) continue;
      note.what = describe(operation);
      this._registry.register(operation, note);
      const task = note.task?.deref();
      if (task === undefined) continue;
      const ended = (): void => {
        note.excused = task.status !== "done";
      };
      if (task.happened) ended();
      else upon(task.whenOver(), ended, ended);
    }
  }

  /** Called when an operation is garbage. */
  private _judge(note: Note): void {
    const { origin } = note;
    if (note.used || note.excused || origin === null) return;
    const advice = "write yield* before it in a go block, or await in plain code";
    this._warn(origin.key, `Operation was never performed: ${note.what}, made at ${origin.line}; ${advice}`);
  }

  private _warn(key: string, message: string): void {
    if (this._told.has(key)) return;
    this._told.add(key);
    const { process } = globalThis as Around;
    if (typeof process?.emitWarning === "function") process.emitWarning(message, "MillraceWarning");
    else console.warn(`MillraceWarning: ${message}`);
  }
}

/**
 * Warns of operations that are made and never performed, such as the statement `channel.send(1);` without `yield*`, from the call on
 * until the result is disposed of. Each line is reported once: as a warning of the process in Node, elsewhere on the console.
 *
 * An operation is reported once the garbage collector has removed it, so one that is kept for later is not. The warning may come
 * late. A call of a `function*` that is not performed is not noticed: JavaScript tells nothing of it. Each operation costs a
 * stack trace, so use it in development and not in production. In Node it is on if `NODE_ENV` is `development`.
 *
 * @returns A disposable. Disposing of it ends the warnings for operations that are made later.
 * @throws Error if the host has no `FinalizationRegistry`.
 * @example
 * ```ts
 * import { sleep } from "millrace";
 * import { warnUnperformed } from "millrace/testing";
 *
 * using _ = warnUnperformed();
 * await sleep(1);
 * console.log("no warning"); // no warning
 * ```
 */
export function warnUnperformed(): Disposable {
  if (typeof FinalizationRegistry === "function") return new Warnings();
  throw new Error("Cannot warn of operations: the host must have FinalizationRegistry, got undefined");
}

/** Whether the environment of the process says that the program is being developed. */
export function isDevelopment(): boolean {
  return (globalThis as Around).process?.env?.NODE_ENV === "development";
}

/** Switches the warnings on for a process. At its end garbage is collected once, as a short program ends before that happens. */
export function warnInProcess(): void {
  warnUnperformed();
  let collected = false;
  native.whenEmpty(() => {
    if (collected) return;
    collected = true;
    const { process } = globalThis as Around;
    process?.getBuiltinModule?.("node:v8")?.setFlagsFromString?.("--expose-gc");
    const collect = process?.getBuiltinModule?.("node:vm")?.runInNewContext?.("globalThis.gc");
    if (typeof collect !== "function") return;
    collect();
    // The operations are reported in a turn of the host, for which the process is kept alive.
    native.turn(() => native.turn(() => {}));
  });
}
